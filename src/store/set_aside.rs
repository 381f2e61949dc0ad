//! Letting a failed message be: a person saw that it did not arrive, and nothing is to be sent again. It stays
//! what it is, and what it left owed stays owed; only nobody is asked to look any more.

use rapport_model::{
    DeliveryState,
    id::{ConversationId, MessageId},
};
use serde_json::json;

use super::{
    Store, act, conversation,
    db::{Run as _, built},
    delivery,
    error::{Conflict, StoreError},
    reply::OnMessage,
    scope::Actor,
    summary::{self, Summary},
    tx::Tx,
    value::values,
    writer::Write,
};

/// So many conversations are named that something went wrong in.
const MOST_NAMED: i64 = 50;

impl Store {
    /// Lets a failed message be; asked twice, nothing more happens.
    pub async fn set_aside(&self, actor: &Actor, message: &MessageId) -> Result<ConversationId, StoreError> {
        self.writer.write(SetAside { act: OnMessage::new(actor, message) }).await
    }

    /// The conversations within the actor's scope in which something waits for a person that did not arrive, or of
    /// which nobody knows; the latest first, and no more than a page shows.
    pub async fn list_troubled(&self, actor: &Actor) -> Result<Vec<Summary>, StoreError> {
        let mut args = values![MOST_NAMED];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = [
            "SELECT c.id FROM conversations c WHERE c.trouble IS NOT NULL AND ",
            &scope,
            " ORDER BY c.last_at DESC LIMIT $1",
        ]
        .concat();
        let mut pool = self.pool.clone();
        let rows = pool.rows_of(built(sql), args).await?;
        let ids = rows.iter().map(|row| row.parse("id")).collect::<Result<Vec<ConversationId>, _>>()?;
        let mut found = summary::load(&mut pool, Some(actor), ids.iter().collect()).await?;
        // It may have left the actor's scope, or been settled, between the two statements.
        let is_theirs = |one: &Summary| one.trouble.is_some() && one.visible_to(actor, &self.inboxes);
        Ok(ids.iter().filter_map(|id| found.remove(id)).filter(is_theirs).collect())
    }
}

struct SetAside {
    act: OnMessage,
}

impl Write for SetAside {
    type Output = ConversationId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<ConversationId, StoreError> {
        let found = self.act.find(tx).await?;
        let parts = self.act.parts(tx).await?;
        let worst = DeliveryState::of_message(parts.iter().map(|part| part.state));
        let is_open = |state| {
            matches!(state, DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Unconfirmed)
        };
        if worst != Some(DeliveryState::Failed) || parts.iter().any(|part| is_open(part.state)) {
            return Err(Conflict::NotNow("Only a message that failed can be left as it is.").into());
        }
        let now = tx.now;
        let moved = tx
            .execute(
                "UPDATE messages SET set_aside_at = $2 WHERE id = $1 AND set_aside_at IS NULL",
                values![&self.act.message, now],
            )
            .await?;
        if moved == 0 {
            return Ok(found.conversation.id);
        }
        let before = conversation::get(tx, &found.conversation.id).await?;
        let mut after = before.clone();
        after.trouble = delivery::trouble(tx, &after.id).await?;
        let activity = json!({"type": "set_aside"});
        act::note(tx, &self.act.actor, &before, &mut after, "message.set_aside", activity).await?;
        conversation::save_one(tx, &before, &after).await?;
        // Once more for the message itself: it is shown another way by now.
        self.act.tell(tx, "message.set_aside", &after);
        Ok(after.id)
    }
}
