//! On which thread a conversation is answered.

use rapport_model::{
    Timestamp,
    id::{ConversationId, InboxId, ThreadId},
};

use super::{
    Actor, Store,
    db::{Run as _, built},
    error::StoreError,
    value::values,
};

/// A thread of a conversation, and its inbox.
#[derive(Debug, Clone)]
pub struct Leg {
    /// The thread.
    pub thread: ThreadId,
    /// The inbox that it runs on.
    pub inbox: InboxId,
    /// When somebody last wrote on it.
    pub last_inbound_at: Option<Timestamp>,
}

impl Store {
    /// The leg that was used last, or the one on a given inbox; `None` where there is none within the
    /// actor's scope.
    pub async fn find_leg(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        inbox: Option<&InboxId>,
    ) -> Result<Option<Leg>, StoreError> {
        let mut args = values![conversation];
        let join = match inbox {
            None => "t.id = c.thread_id",
            Some(inbox) => {
                args.push(inbox.into());
                "t.conversation_id = c.id AND t.inbox_id = $2"
            }
        };
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = [
            "SELECT t.id, t.inbox_id, t.last_inbound_at FROM conversations c JOIN threads t ON ",
            join,
            " WHERE c.id = $1 AND ",
            &scope,
            " ORDER BY t.last_inbound_at DESC LIMIT 1",
        ]
        .concat();
        let row = self.pool.clone().rows_of(built(sql), args).await?.into_iter().next();
        row.map(|row| {
            Ok(Leg {
                thread: row.parse("id")?,
                inbox: InboxId(row.get("inbox_id")?),
                last_inbound_at: row.time_opt("last_inbound_at")?,
            })
        })
        .transpose()
    }
}
