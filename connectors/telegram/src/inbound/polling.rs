//! Updates by question: `getUpdates`, which waits at Telegram until there are some.

use std::time::Duration;

use rapport_sdk::{
    Batch, Context,
    model::{Timestamp, id::Scope},
};

use super::{Inbound, Resume, Session, Stop, UPDATES};
use crate::{
    api::CallError,
    reading::{self, KINDS},
    sabotage::{self, Rule},
};

/// The most updates that one answer holds.
const MOST: usize = 100;
/// After how long without any Telegram may count anew from any number: a week, less a day.
const COUNTS_ANEW: Duration = Duration::from_hours(6 * 24);
/// How long to wait where an answer holds nothing by which it could be acknowledged.
const STUCK: Duration = Duration::from_secs(10);

impl Inbound {
    /// One question, its answer stored.
    pub(super) async fn poll(&self, ctx: &Context, session: &mut Session) -> Result<Duration, Stop> {
        self.look(ctx, session).await?;
        if !session.prepared {
            self.end_webhook().await?;
            session.prepared = true;
        }
        let resume = match session.resume {
            Some(resume) => resume,
            None => self.resume(ctx).await?,
        };
        let now = ctx.clock.now();
        let answer = self.ask(resume, session.settled, now).await;
        if let Err(CallError::Refused(refusal)) = &answer
            && refusal.is_about_a_webhook()
        {
            session.prepared = false;
        }
        let updates = answer?;
        let mut events: Vec<_> = resume.gap(now).into_iter().collect();
        let mut changes = Vec::new();
        for update in &updates {
            let read = reading::read(update.get(), &self.ours, ctx.clock.now());
            events.extend(read.events);
            changes.extend(read.changes);
        }
        let last = updates.iter().filter_map(|update| reading::number(update.get())).max();
        let next = Resume {
            // An empty answer says that all before is acknowledged. A number is not carried on for longer:
            // after a week without updates Telegram counts anew, perhaps from below it.
            offset: last.map(|last| last.saturating_add(1)),
            asked: Some(now),
        };
        let is_all = updates.len() < MOST;
        let batch = Batch { events, cursor: Some(next.cursor()), complete_up_to: is_all.then_some(now) };
        if sabotage::breaks(Rule::CommitBeforeOffset) {
            session.resume = Some(next);
        }
        ctx.ingress.ingest(batch).await?;
        self.apply(changes);
        session.resume = Some(next);
        session.settled = is_all;
        ctx.health.report(self.health(session, None, ctx.clock.now()));
        Ok(if last.is_none() && !updates.is_empty() { STUCK } else { Duration::ZERO })
    }

    pub(super) async fn resume(&self, ctx: &Context) -> Result<Resume, Stop> {
        let cursor = ctx.ingress.cursor(&Scope::from(UPDATES)).await?;
        Ok(cursor.as_ref().map(Resume::read).unwrap_or_default())
    }

    /// Takes away a webhook that was set, and leaves what waits for it.
    async fn end_webhook(&self) -> Result<(), CallError> {
        self.api.tell("deleteWebhook", &serde_json::json!({ "drop_pending_updates": false })).await
    }

    async fn ask(
        &self,
        resume: Resume,
        may_wait: bool,
        now: Timestamp,
    ) -> Result<Vec<Box<serde_json::value::RawValue>>, CallError> {
        let wait = if may_wait { self.settings.poll } else { Duration::ZERO };
        let mut question = serde_json::json!({
            "limit": MOST,
            "timeout": wait.as_secs(),
            // Without it Telegram keeps to the list of the last time, whoever made that.
            "allowed_updates": KINDS,
        });
        let is_recent = resume.asked.is_none_or(|asked| now.since(asked) < COUNTS_ANEW);
        if let Some(offset) = resume.offset.filter(|_| is_recent) {
            question["offset"] = offset.into();
        }
        self.api.updates(&question).await
    }
}
