//! The live bus: one tail a node reads the log in order, loads each changed row once, and hands it to
//! every stream, which decides what its associate may see.
//!
//! Scope is judged on the row as it was loaded, never on the event; what the event tells of before
//! decides only whether a row has left somebody's scope. Nothing is loaded while nobody listens.
//!
//! A run of events is told as one change a conversation, in the order of the first event of each. A
//! change carries the greatest sequence up to which everything has been told with it, so that a stream
//! that breaks off between two changes misses nothing when it comes back with that sequence.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use rapport_model::{
    Health,
    id::{AssociateId, ConversationId, InboxId, TeamId},
};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::presence::PresenceChange;
use crate::store::{
    Actor, BotsOff, CountTable, Event, InboxFacts, Message, SessionId, Store, StoreError, Summary,
};

/// How many changes a slow stream may lag behind before it has to load again.
const LAG: usize = 1024;
/// How often the log is looked at when nothing wakes the tail: other nodes write too.
const POLL: Duration = Duration::from_secs(1);
/// The most events that are taken at once.
const CHUNK: i64 = 256;
/// Counters are read at most so often.
const COUNTS_EVERY: Duration = Duration::from_millis(250);
/// How often streams are held against the sessions in force, where no event asks for it sooner.
const SESSIONS_EVERY: Duration = Duration::from_secs(4);

/// Something that streams may show.
#[derive(Debug)]
pub struct Change {
    /// Up to where everything has been told with this change; `None` for what is not in the log.
    pub seq: Option<i64>,
    /// What it is.
    pub what: What,
    /// Its text for streams, made by the first that shows it and shared by all.
    pub frame: OnceLock<Bytes>,
}

/// What changed.
#[derive(Debug)]
pub enum What {
    /// A conversation.
    Conversation(Box<ConversationChange>),
    /// Somebody's own read mark.
    Read(AssociateId, ConversationId),
    /// Somebody's own draft.
    Draft(AssociateId, ConversationId),
    /// How an inbox fares.
    Inbox(InboxId, Health),
    /// The bot's switch of an inbox, or of all, was thrown: whether it is off now.
    Bot(Option<InboxId>, bool),
    /// Who is at a conversation just now.
    Presence(Box<PresenceChange>),
    /// Something about an associate: their streams ask again who they are.
    Associate(AssociateId),
}

/// A conversation with what changed in it, loaded once.
#[derive(Debug)]
pub struct ConversationChange {
    /// What happened last.
    pub cause: String,
    /// The conversation as it is now, without anybody's own marks.
    pub summary: Summary,
    /// The messages that are new or changed.
    pub messages: Vec<Message>,
    /// Whose it was before each of the events.
    before: Vec<(Option<TeamId>, Option<AssociateId>)>,
}

/// What a change is to an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Within scope: to be shown.
    Shown,
    /// It was within scope and no longer is.
    Gone,
    /// Nothing to this actor.
    Nothing,
}

impl ConversationChange {
    /// Judges what an actor sees of it.
    pub fn sight(&self, actor: &Actor, inboxes: &[Arc<InboxFacts>]) -> Sight {
        if self.summary.visible_to(actor, inboxes) {
            return Sight::Shown;
        }
        let inbox = &self.summary.inbox;
        let had = |(team, assignee): &(Option<TeamId>, Option<AssociateId>)| {
            actor.sees(inboxes, team.as_ref(), assignee.as_ref(), inbox)
        };
        if self.before.iter().any(had) { Sight::Gone } else { Sight::Nothing }
    }
}

/// Where streams listen. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    changes: broadcast::Sender<Arc<Change>>,
    counts: watch::Sender<Arc<CountTable>>,
    sessions: watch::Sender<Arc<HashSet<SessionId>>>,
    recount: Notify,
    recheck: Notify,
}

/// What one stream listens to.
pub struct Subscription {
    /// Changes, in order. Lagging behind means that the stream's client loads again.
    pub changes: broadcast::Receiver<Arc<Change>>,
    /// The counters of all views, whenever they may have changed.
    pub counts: watch::Receiver<Arc<CountTable>>,
    /// The sessions in force, from time to time.
    pub sessions: watch::Receiver<Arc<HashSet<SessionId>>>,
}

impl Live {
    pub(super) fn new(store: Store) -> Self {
        let inner = Inner {
            store,
            changes: broadcast::Sender::new(LAG),
            counts: watch::Sender::new(Arc::default()),
            sessions: watch::Sender::new(Arc::default()),
            recount: Notify::new(),
            recheck: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Starts the tail and what goes with it.
    pub(super) fn start(
        &self,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
        health: Vec<(InboxId, watch::Receiver<Health>)>,
    ) {
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(self.clone().tail()));
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(self.clone().count()));
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(self.clone().check_sessions()));
        for (id, watch) in health {
            tasks.spawn(shutdown.clone().run_until_cancelled_owned(self.clone().watch_health(id, watch)));
        }
    }

    /// Listens from now on. Counters follow at once.
    pub fn subscribe(&self) -> Subscription {
        let subscription = Subscription {
            changes: self.inner.changes.subscribe(),
            counts: self.inner.counts.subscribe(),
            sessions: self.inner.sessions.subscribe(),
        };
        self.inner.recount.notify_one();
        subscription
    }

    /// The changes of a part of the log, for a stream that comes back and missed them.
    pub async fn replay(&self, after: i64, up_to: i64) -> Result<Vec<Arc<Change>>, StoreError> {
        let mut changes = Vec::new();
        let mut last = after;
        while last < up_to {
            let mut events = self.inner.store.list_events(last, CHUNK).await?;
            events.retain(|event| event.seq <= up_to);
            let Some(end) = events.last().map(|event| event.seq) else { break };
            changes.extend(load(&self.inner.store, events).await?.into_iter().map(Arc::new));
            last = end;
        }
        Ok(changes)
    }

    fn nobody_listens(&self) -> bool {
        self.inner.changes.receiver_count() == 0
    }

    pub(super) fn tell(&self, change: Change) {
        // That the last listener just left is no error.
        drop(self.inner.changes.send(Arc::new(change)));
    }

    async fn tail(self) {
        let mut log = self.inner.store.watch_log();
        let mut last = *log.borrow_and_update();
        loop {
            tokio::select! {
                changed = log.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(POLL) => {}
            }
            if let Err(error) = self.follow(&mut last).await {
                tracing::warn!(%error, "The log could not be read and is read again");
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Tells everything after `last`, and moves it.
    async fn follow(&self, last: &mut i64) -> Result<(), StoreError> {
        if self.nobody_listens() {
            let end = self.inner.store.last_event().await?;
            // Asked again after the end was read: whoever listens by now asks for the log's end later.
            if self.nobody_listens() {
                *last = end;
                return Ok(());
            }
        }
        loop {
            let events = self.inner.store.list_events(*last, CHUNK).await?;
            let Some(end) = events.last().map(|event| event.seq) else { return Ok(()) };
            if events.iter().any(|event| event.kind.starts_with("inbox.parked")) {
                self.inner.recount.notify_one();
            }
            for change in load(&self.inner.store, events).await? {
                match &change.what {
                    What::Conversation(_) | What::Read(..) => self.inner.recount.notify_one(),
                    What::Associate(_) => self.inner.recheck.notify_one(),
                    _ => {}
                }
                self.tell(change);
            }
            *last = end;
        }
    }

    async fn count(self) {
        loop {
            self.inner.recount.notified().await;
            if !self.nobody_listens() {
                match self.inner.store.load_counts().await {
                    Ok(table) => drop(self.inner.counts.send_replace(Arc::new(table))),
                    Err(error) => tracing::warn!(%error, "The counters could not be read"),
                }
            }
            tokio::time::sleep(COUNTS_EVERY).await;
        }
    }

    async fn check_sessions(self) {
        loop {
            tokio::select! {
                () = self.inner.recheck.notified() => {}
                () = tokio::time::sleep(SESSIONS_EVERY) => {}
            }
            if self.nobody_listens() {
                continue;
            }
            match self.inner.store.list_session_ids().await {
                Ok(ids) => drop(self.inner.sessions.send_replace(Arc::new(ids))),
                Err(error) => tracing::warn!(%error, "The sessions could not be read"),
            }
        }
    }

    async fn watch_health(self, id: InboxId, mut health: watch::Receiver<Health>) {
        while health.changed().await.is_ok() {
            let now = health.borrow_and_update().clone();
            let what = What::Inbox(id.clone(), now);
            self.tell(Change { seq: None, what, frame: OnceLock::new() });
        }
    }
}

/// Whom or what an event is about; `None` for what no stream shows.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Subject {
    Conversation(ConversationId),
    Read(AssociateId, ConversationId),
    Draft(AssociateId, ConversationId),
    Associate(AssociateId),
    Bot(Option<InboxId>),
}

fn subject(event: &Event) -> Option<Subject> {
    let own = || event.actor.clone().zip(event.conversation.clone());
    match event.kind.as_str() {
        "conversation.read" => own().map(|(who, what)| Subject::Read(who, what)),
        "draft.changed" => own().map(|(who, what)| Subject::Draft(who, what)),
        kind if kind.starts_with("bot.") => Some(Subject::Bot(event.inbox.clone())),
        kind if kind.starts_with("associate.") || kind.starts_with("session.") => {
            AssociateId::try_from(event.fields.clone()?).ok().map(Subject::Associate)
        }
        _ => event.conversation.clone().map(Subject::Conversation),
    }
}

/// Loads what a run of events is about, each row once.
async fn load(store: &Store, events: Vec<Event>) -> Result<Vec<Change>, StoreError> {
    let Some(end) = events.last().map(|event| event.seq) else { return Ok(Vec::new()) };
    let mut order: Vec<(i64, Subject)> = Vec::new();
    let mut of: HashMap<Subject, Vec<Event>> = HashMap::new();
    for event in events {
        let Some(subject) = subject(&event) else { continue };
        let events = of.entry(subject.clone()).or_default();
        if events.is_empty() {
            order.push((event.seq, subject));
        }
        events.push(event);
    }
    let conversations = order.iter().filter_map(|(_, subject)| match subject {
        Subject::Conversation(id) => Some(id),
        _ => None,
    });
    let mut rows = store.load_summaries(conversations.collect()).await?;
    let bots = if order.iter().any(|(_, subject)| matches!(subject, Subject::Bot(_))) {
        store.list_bots_off().await?
    } else {
        BotsOff::default()
    };
    let mut ids: Vec<_> = of.values().flatten().filter_map(|event| event.message.as_ref()).collect();
    ids.sort();
    ids.dedup();
    let mut messages: HashMap<ConversationId, Vec<Message>> = HashMap::new();
    for message in store.load_messages(ids).await? {
        messages.entry(message.conversation.clone()).or_default().push(message);
    }
    let ends: Vec<i64> = order.iter().skip(1).map(|(first, _)| first - 1).chain([end]).collect();
    let mut changes = Vec::with_capacity(order.len());
    for ((_, subject), seq) in order.into_iter().zip(ends) {
        let events = of.remove(&subject).unwrap_or_default();
        let what = match subject {
            Subject::Read(who, what) => What::Read(who, what),
            Subject::Draft(who, what) => What::Draft(who, what),
            Subject::Associate(who) => What::Associate(who),
            Subject::Bot(inbox) => {
                let off = bots.is_off(inbox.as_ref());
                What::Bot(inbox, off)
            }
            Subject::Conversation(id) => {
                let Some(summary) = rows.remove(&id) else { continue };
                What::Conversation(Box::new(ConversationChange {
                    cause: events.last().map(|event| event.kind.clone()).unwrap_or_default(),
                    messages: messages.remove(&id).unwrap_or_default(),
                    before: events.into_iter().map(|e| (e.team_before, e.assignee_before)).collect(),
                    summary,
                }))
            }
        };
        changes.push(Change { seq: Some(seq), what, frame: OnceLock::new() });
    }
    Ok(changes)
}
