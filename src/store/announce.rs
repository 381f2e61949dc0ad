//! The one text of the retailer's that leaves past the outbox: a connector's word to a customer on where to go
//! on, in a place that carries no conversation.
//!
//! It is held to what holds for every word of the bot, and stands in the conversation as an activity, committed
//! before it is written. The place of it comes but once in a customer's life, so it is not counted among the
//! messages of a day; it keeps quiet where those are used up.

use std::sync::Arc;

use rapport_model::id::ExternalThreadId;
use serde_json::json;

use super::{
    Store, automatic, bot,
    conversation::{self, State},
    entry,
    error::StoreError,
    ingest::InboxFacts,
    thread,
    tx::Tx,
    writer::Write,
};

impl Store {
    /// Whether the bot may say in this thread where to go on; where it may, that is noted there.
    pub async fn announce(
        &self,
        inbox: &Arc<InboxFacts>,
        thread: &ExternalThreadId,
    ) -> Result<bool, StoreError> {
        self.writer.write(Announce { inbox: Arc::clone(inbox), thread: thread.clone() }).await
    }
}

struct Announce {
    inbox: Arc<InboxFacts>,
    thread: ExternalThreadId,
}

impl Write for Announce {
    type Output = bool;

    async fn apply(&mut self, tx: &mut Tx) -> Result<bool, StoreError> {
        let key = (self.inbox.id.0.clone(), self.thread.0.clone());
        let mut found = thread::load_by_external(tx, [key.clone()].into()).await?;
        let Some(thread) = found.remove(&key) else { return Ok(false) };
        let before = conversation::get(tx, &thread.conversation).await?;
        let is_off = !self.inbox.bot || bot::is_off(tx, &self.inbox.id).await?;
        if is_off
            || before.human_in_episode
            || before.state != State::Open
            || automatic::held_back(tx, &before).await?.is_some()
        {
            return Ok(false);
        }
        let mut after = before.clone();
        let activity = entry::insert_activity(tx, &mut after, None, json!({"type": "announced"})).await?;
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("automatic.announced", Some(&before));
        event.message = Some(activity);
        tx.tell(event);
        Ok(true)
    }
}
