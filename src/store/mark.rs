//! Read marks: up to which position an associate has read a conversation. May go back: marked unread.

use rapport_model::id::{AssociateId, ConversationId};

use super::{
    Store, conversation::Conversation, db::Run as _, error::StoreError, mention, reply::conversation_for,
    scope::Actor, tx::Tx, value::values, writer::Write,
};

impl Store {
    /// Moves the actor's mark. A position beyond the end counts as the end.
    pub async fn update_read_mark(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        position: i64,
    ) -> Result<(), StoreError> {
        self.writer.write(Mark { actor: actor.clone(), conversation: conversation.clone(), position }).await
    }

    /// Where the actor's mark stands.
    pub async fn find_read_mark(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
    ) -> Result<Option<i64>, StoreError> {
        self.pool
            .clone()
            .first(
                "SELECT position FROM read_marks WHERE associate_id = $1 AND conversation_id = $2",
                values![actor.id(), conversation],
            )
            .await?
            .map(|row| row.get("position"))
            .transpose()
    }
}

struct Mark {
    actor: Actor,
    conversation: ConversationId,
    position: i64,
}

impl Write for Mark {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let conversation = conversation_for(tx, &self.actor, &self.conversation).await?;
        let position = self.position.clamp(0, conversation.last_position);
        let moved = tx
            .execute(
                "INSERT INTO read_marks (associate_id, conversation_id, position) VALUES ($1, $2, $3) \
                 ON CONFLICT (associate_id, conversation_id) DO UPDATE SET position = excluded.position \
                 WHERE read_marks.position <> excluded.position",
                values![self.actor.id(), &self.conversation, position],
            )
            .await?;
        if moved > 0 {
            mention::read_up_to(tx, self.actor.id(), &self.conversation, position).await?;
            let mut event = conversation.event("conversation.read", None);
            event.actor = Some(self.actor.id().clone());
            tx.tell(event);
        }
        Ok(())
    }
}

/// As if a reader had not seen the customer's last message yet.
pub(super) async fn unread(
    tx: &mut Tx,
    conversation: &Conversation,
    reader: &AssociateId,
) -> Result<(), StoreError> {
    let position = (conversation.inbound_position - 1).max(0);
    let moved = tx
        .execute(
            "UPDATE read_marks SET position = $3 WHERE associate_id = $1 AND conversation_id = $2 AND position > $3",
            values![reader, &conversation.id, position],
        )
        .await?;
    if moved > 0 {
        let mut event = conversation.event("conversation.read", None);
        event.actor = Some(reader.clone());
        tx.tell(event);
    }
    Ok(())
}
