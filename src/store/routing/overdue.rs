//! What nobody answered in time comes back to the queue of its team, raised.
//!
//! Whenever a conversation's due time changes, one job of it is set to that time ([`watch`], from where
//! conversations are saved). It looks again under the lock: what was answered meanwhile stays where it is.

use std::time::Duration;

use rapport_model::{
    Timestamp,
    id::{ConversationId, JobId},
};
use serde_json::json;

use super::{apply::name_of_any, keep};
use crate::store::{
    Store,
    conversation::{self, Conversation, State},
    db::Run as _,
    entry,
    error::StoreError,
    job,
    rows::Rows,
    tx::Tx,
    value::values,
    writer::Write,
};

/// What is late already when it comes to be owed (an answer failed, a letter came late) stays so long with
/// whoever has it.
const LATE_ALREADY: Duration = Duration::from_mins(15);

impl Store {
    /// Brings a conversation back to its queue if its answer is overdue. Gives whether it was.
    pub async fn raise_overdue(
        &self,
        job: &JobId,
        conversation: &ConversationId,
    ) -> Result<bool, StoreError> {
        self.writer.write(Overdue { job: job.clone(), conversation: conversation.clone() }).await
    }
}

/// Sets the job of each conversation whose due time changed.
pub(in crate::store) async fn watch(
    tx: &mut Tx,
    changes: &[(Option<Conversation>, &Conversation)],
) -> Result<(), StoreError> {
    let mut jobs = Rows::new("jobs", &["id", "kind", "key", "payload", "due_at", "attempt", "created_at"]);
    let now = tx.now;
    for (before, after) in changes {
        let was = before.as_ref().and_then(|before| before.due_at);
        let Some(due) = after.due_at.filter(|due| was != Some(*due)) else { continue };
        let key = format!("overdue:{}", after.id);
        let at = when(due, now);
        jobs.push(values![&JobId::new(), "overdue", key, after.id.as_str(), at, 0_i64, now]);
    }
    jobs.insert_with(
        tx,
        "ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at, done_at = NULL, attempt = 0, lease_owner = NULL, lease_until = NULL",
    )
    .await
    .map(drop)
}

fn when(due: Timestamp, now: Timestamp) -> Timestamp {
    if due > now { due } else { now.plus(LATE_ALREADY) }
}

struct Overdue {
    job: JobId,
    conversation: ConversationId,
}

impl Write for Overdue {
    type Output = bool;

    async fn apply(&mut self, tx: &mut Tx) -> Result<bool, StoreError> {
        let before = conversation::get(tx, &self.conversation).await?;
        let Some(due) = before.due_at else {
            job::finish(tx, &self.job, Some("answered")).await?;
            return Ok(false);
        };
        // Who put it off beyond that said so twice: it is late when it wakes.
        let late = before.snoozed_until().map_or(due, |until| due.max(until));
        if late > tx.now {
            tx.execute(
                "UPDATE jobs SET due_at = $2, lease_owner = NULL, lease_until = NULL WHERE id = $1",
                values![&self.job, late],
            )
            .await?;
            return Ok(false);
        }
        job::finish(tx, &self.job, None).await?;
        if before.state != State::Open || before.suspected || before.raised_at.is_some() {
            return Ok(false);
        }
        let mut after = before.clone();
        after.raised_at = Some(tx.now);
        let mut message = None;
        if let Some(who) = after.assignee.take() {
            let name = name_of_any(tx, &who).await?;
            let activity = json!({"type": "overdue", "from": {"id": who, "name": name}, "team": after.team});
            message = Some(entry::insert_activity(tx, &mut after, None, activity).await?);
        }
        let reasons = json!([{"type": "overdue", "associate": before.assignee}]);
        keep(tx, &after, None, None, reasons.to_string()).await?;
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("conversation.overdue", Some(&before));
        event.message = message;
        tx.tell(event);
        Ok(true)
    }
}
