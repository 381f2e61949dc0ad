//! Conversations that are put off until a moment. One that is stays open, and what is owed in it stays owed
//! with its time; it only stands in a list of its own, for everybody, until it wakes: at its time, when the
//! customer writes, when something is owed anew, when it is given to somebody or answered, or by hand.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, JobId},
};
use serde_json::json;

use super::{
    Store,
    conversation::{self, Conversation},
    db::Run as _,
    entry,
    error::StoreError,
    job, mark,
    rows::Rows,
    tx::Tx,
    value::values,
    writer::Write,
};

/// The kind of the job that wakes a conversation.
pub const WAKE: &str = "wake";

impl Store {
    /// Wakes a conversation whose time has come, as unread, and finishes the job that did it. Where it was
    /// woken before, or put off further, nothing happens.
    pub async fn wake_on_time(&self, job: &JobId, conversation: ConversationId) -> Result<(), StoreError> {
        self.writer.write(WakeOnTime { job: job.clone(), conversation }).await
    }
}

/// Puts a conversation off in memory, and writes the job that wakes it.
pub(super) async fn put_off(
    tx: &mut Tx,
    conversation: &mut Conversation,
    until: Timestamp,
    by: &AssociateId,
) -> Result<(), StoreError> {
    conversation.snoozed = Some((until, by.clone()));
    let id = JobId::new();
    let mut rows = Rows::new("jobs", &["id", "kind", "key", "payload", "due_at", "attempt", "created_at"]);
    // Each time is a job of its own: an earlier one finds nothing to wake.
    let key = [WAKE, ":", id.as_str()].concat();
    rows.push(values![&id, WAKE, key, conversation.id.as_str(), until, 0_i64, tx.now]);
    rows.insert(tx).await?;
    tx.wake_jobs = true;
    Ok(())
}

struct WakeOnTime {
    job: JobId,
    conversation: ConversationId,
}

impl Write for WakeOnTime {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let before = conversation::get(tx, &self.conversation).await?;
        let slept = before.snoozed.clone().filter(|_| before.snoozed_until().is_some());
        let Some((until, by)) = slept else {
            return job::finish(tx, &self.job, Some("nothing to wake")).await;
        };
        if until > tx.now {
            // Put off anew meanwhile, or the clock was set back: nothing sleeps without a job that wakes it.
            return tx
                .execute(
                    "UPDATE jobs SET due_at = $2, lease_owner = NULL, lease_until = NULL WHERE id = $1",
                    values![&self.job, until],
                )
                .await
                .map(drop);
        }
        let mut after = before.clone();
        after.snoozed = None;
        let id = entry::insert_activity(tx, &mut after, None, json!({"type": "woken"})).await?;
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("conversation.woken", Some(&before));
        event.message = Some(id);
        tx.tell(event);
        let mut whose = vec![by];
        whose.extend(after.assignee.clone().filter(|assignee| *assignee != whose[0]));
        for reader in &whose {
            mark::unread(tx, &after, reader).await?;
        }
        job::finish(tx, &self.job, None).await
    }
}
