//! The work that waits: one channel at a time by one hand, several channels at once.
//!
//! A channel that fails is tried again until it works and holds up no other.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rapport_sdk::{BoxFuture, ConnectorError, model::Timestamp};
use tokio::task::JoinSet;

use super::{Stop, condition::Trouble, desk::Desk, history::Act, listing::Listed};
use crate::snowflake::Snowflake;

/// More of what became of messages than this does not wait here: signals wait then.
const MOST_ACTS: usize = 5000;

/// What is to be done in one channel.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Whether it is a private channel.
    pub direct: bool,
    /// A message that was told of.
    pub expected: Option<Snowflake>,
    /// What became of messages.
    pub acts: Vec<Act>,
}

enum Done {
    Channel(Snowflake),
    Listed(Listed),
    Complete,
}

/// A look at everything.
struct Look {
    began: Timestamp,
    /// What was not read yet.
    left: HashSet<Snowflake>,
}

/// The line.
pub struct Line {
    desk: Arc<Desk>,
    jobs: JoinSet<Result<Done, ConnectorError>>,
    waiting: HashMap<Snowflake, Work>,
    busy: HashSet<Snowflake>,
    look: Option<Look>,
    /// Another look is wanted when this one is over, and whether at all there is.
    again: Option<bool>,
}

impl Line {
    /// An empty line.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            jobs: JoinSet::new(),
            waiting: HashMap::new(),
            busy: HashSet::new(),
            look: None,
            again: None,
        }
    }

    /// Whether more may be put in.
    pub fn has_room(&self) -> bool {
        self.waiting.values().map(|work| work.acts.len()).sum::<usize>() < MOST_ACTS
    }

    /// Puts work in, beside what waits for the same channel.
    pub fn push(&mut self, channel: Snowflake, work: Work) {
        let waiting = self.waiting.entry(channel).or_default();
        waiting.direct |= work.direct;
        waiting.expected = waiting.expected.max(work.expected);
        waiting.acts.extend(work.acts);
        self.begin(channel);
    }

    fn begin(&mut self, channel: Snowflake) {
        if self.busy.contains(&channel) {
            return;
        }
        let Some(work) = self.waiting.remove(&channel) else { return };
        self.busy.insert(channel);
        let desk = Arc::clone(&self.desk);
        self.jobs.spawn(async move { desk.work(channel, work).await.map(|()| Done::Channel(channel)) });
    }

    /// Looks at everything; `all` after a start or a lost session.
    pub fn look(&mut self, all: bool) {
        if self.look.is_some() {
            self.again = Some(all || self.again.unwrap_or(false));
            return;
        }
        self.look = Some(Look { began: self.desk.ctx.clock.now(), left: HashSet::new() });
        let desk = Arc::clone(&self.desk);
        self.jobs.spawn(async move { desk.insist(|| Box::pin(desk.list(all))).await.map(Done::Listed) });
    }

    /// Waits for the next piece of work to be done; for ever where there is none.
    pub async fn next(&mut self) -> Result<(), ConnectorError> {
        let Some(done) = self.jobs.join_next().await else { return std::future::pending().await };
        let lost = |_| ConnectorError::Transient {
            retry_after: None,
            reason: "A look at a channel broke off.".to_owned(),
        };
        match done.map_err(lost)?? {
            Done::Channel(channel) => {
                self.busy.remove(&channel);
                if self.waiting.contains_key(&channel) {
                    self.begin(channel);
                } else {
                    self.settle(Some(channel));
                }
            }
            Done::Listed(listed) => {
                if let Some(look) = &mut self.look {
                    look.left = listed.iter().map(|(channel, _)| *channel).collect();
                }
                for (channel, direct) in listed {
                    self.push(channel, Work { direct, ..Work::default() });
                }
                self.settle(None);
            }
            Done::Complete => {
                self.look = None;
                if let Some(all) = self.again.take() {
                    self.look(all);
                }
            }
        }
        Ok(())
    }

    /// Ends the look when all of it was read.
    fn settle(&mut self, channel: Option<Snowflake>) {
        let Some(look) = &mut self.look else { return };
        let was_last = match channel {
            Some(channel) => look.left.remove(&channel) && look.left.is_empty(),
            None => look.left.is_empty(),
        };
        if was_last {
            let (desk, began) = (Arc::clone(&self.desk), look.began);
            self.jobs.spawn(async move {
                desk.insist(|| Box::pin(desk.complete(began))).await.map(|()| Done::Complete)
            });
        }
    }
}

impl Desk {
    /// Does the work of one channel, as often as it takes.
    async fn work(&self, channel: Snowflake, work: Work) -> Result<(), ConnectorError> {
        self.insist(|| Box::pin(self.try_work(channel, &work))).await
    }

    async fn try_work(&self, channel: Snowflake, work: &Work) -> Result<(), Stop> {
        let Some(place) = self.place(channel, work.direct).await? else { return Ok(()) };
        match self.read_history(&place, work.expected).await {
            Err(Stop::Provider(failure)) => self.lost(&place, failure)?,
            other => other?,
        }
        self.do_acts(&place, &work.acts).await
    }

    /// Tries until it works, or until no waiting helps.
    pub(super) async fn insist<'a, T>(
        &self,
        attempt: impl Fn() -> BoxFuture<'a, Result<T, Stop>>,
    ) -> Result<T, ConnectorError> {
        let mut failures = 0;
        loop {
            let stop = {
                // The semaphore is never closed.
                let _hand = self.hands.acquire().await;
                match attempt().await {
                    Ok(done) => {
                        if failures > 0 {
                            self.condition.trouble(Trouble::Store, None);
                            self.condition.away(None);
                        }
                        return Ok(done);
                    }
                    Err(stop) => stop,
                }
            };
            if let Some(fatal) = stop.fatal() {
                return Err(fatal);
            }
            match &stop {
                Stop::Store(_) => {
                    let reason = "What came in could not be stored; it is fetched again.";
                    self.condition.trouble(Trouble::Store, Some(reason.to_owned()));
                }
                Stop::Provider(failure) => {
                    self.condition.away(Some(failure.reason()));
                }
            }
            tokio::time::sleep(stop.wait(failures)).await;
            failures += 1;
        }
    }
}
