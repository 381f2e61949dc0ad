//! What nobody answered in time comes back to the queue of its team, raised.
//!
//! Whenever a conversation's due time changes, one job of it is set to that time ([`watch`], from where
//! conversations are saved). It looks again under the lock: what was answered meanwhile stays where it is.

use std::time::Duration;

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, JobId},
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

/// From when on nobody has answered in time. Who put it off beyond its due time said so twice: it is late when it
/// wakes. Who keeps it although they are off shift, because they are back soon enough, has as long from then on as
/// anybody has: else what came in the night would be nobody's again before its associate comes in.
async fn late(tx: &mut Tx, conversation: &Conversation, due: Timestamp) -> Result<Timestamp, StoreError> {
    let awake = conversation.snoozed_until().map_or(due, |until| due.max(until));
    let Some(assignee) = &conversation.assignee else { return Ok(awake) };
    let kept = tx
        .first(
            "SELECT associate_id, back_at FROM routings WHERE conversation_id = $1 AND turn = $2 ORDER BY n DESC LIMIT 1",
            values![&conversation.id, conversation.turn],
        )
        .await?;
    let Some(kept) = kept else { return Ok(awake) };
    let whose: Option<AssociateId> = kept.parse_opt("associate_id")?;
    let back = kept.time_opt("back_at")?.filter(|_| whose.as_ref() == Some(assignee));
    let reply_within = tx.inbox(&conversation.inbox).map(|inbox| inbox.reply_within).unwrap_or_default();
    Ok(back.map_or(awake, |back| awake.max(back.plus(reply_within))))
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
        let late = late(tx, &before, due).await?;
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
