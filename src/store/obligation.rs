//! Obligations: the replies that are owed. A customer opens one; a message by a person, or a person's
//! waiver with a reason, discharges it, and nothing else does.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, MessageId, ObligationId},
};

use super::{
    conversation::{Conversation, State},
    db::Run as _,
    error::StoreError,
    tx::Tx,
    value::values,
};

/// A reply that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// Its id.
    pub id: ObligationId,
    /// The message that opened it.
    pub message: MessageId,
    /// That message's position.
    pub position: i64,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when it is in time.
    pub due_at: Timestamp,
}

/// Discharges what the contact is owed up to a position, by a person's message.
pub(super) async fn discharge(
    tx: &mut Tx,
    conversation: &mut Conversation,
    by: &MessageId,
    contact: &ContactId,
    up_to: i64,
) -> Result<(), StoreError> {
    let now = tx.now;
    tx.execute(
        "UPDATE obligations SET open_state = NULL, discharged_at = $4, discharged_by = $5 \
         WHERE conversation_id = $1 AND open_state = 'open' AND contact_id = $2 AND position <= $3",
        values![&conversation.id, contact, up_to, now, by],
    )
    .await?;
    recount(tx, conversation).await
}

/// Waives what is owed up to a position, by a person's decision. Gives how many it waived.
pub(super) async fn waive(
    tx: &mut Tx,
    conversation: &mut Conversation,
    by: &AssociateId,
    reason: &str,
    up_to: i64,
) -> Result<u64, StoreError> {
    let now = tx.now;
    let waived = tx
        .execute(
            "UPDATE obligations SET open_state = NULL, discharged_at = $3, waived_by = $4, waived_reason = $5 \
             WHERE conversation_id = $1 AND open_state = 'open' AND position <= $2",
            values![&conversation.id, up_to, now, by, reason],
        )
        .await?;
    recount(tx, conversation).await?;
    Ok(waived)
}

/// A person's message did not reach them after all (undone, failed, bounced): what it had discharged
/// is owed again, with its original time, and the conversation is open again; unless a later message
/// by a person stands, which then is what discharged it.
pub(super) async fn reopen(
    tx: &mut Tx,
    conversation: &mut Conversation,
    message: &MessageId,
    position: i64,
) -> Result<(), StoreError> {
    let later = tx
        .first(
            "SELECT m.id FROM messages m JOIN human_messages h ON h.message_id = m.id \
             WHERE m.conversation_id = $1 AND m.position > $2 AND m.delivery NOT IN ('failed', 'cancelled') \
             ORDER BY m.position LIMIT 1",
            values![&conversation.id, position],
        )
        .await?;
    if let Some(later) = later {
        tx.execute(
            "UPDATE obligations SET discharged_by = $2 WHERE discharged_by = $1",
            values![message, &later.parse::<MessageId>("id")?],
        )
        .await?;
        return Ok(());
    }
    let again = tx
        .execute(
            "UPDATE obligations SET open_state = 'open', discharged_at = NULL, discharged_by = NULL WHERE discharged_by = $1",
            values![message],
        )
        .await?;
    if again > 0 && conversation.state == State::Closed {
        conversation.open_again();
    }
    recount(tx, conversation).await
}

/// An edit changed what was answered: it is owed again from the edit's time. What is still owed
/// keeps its time.
pub(super) async fn reopen_after_edit(
    tx: &mut Tx,
    conversation: &mut Conversation,
    message: &str,
    since: Timestamp,
    due: Timestamp,
) -> Result<(), StoreError> {
    let again = tx
        .execute(
            "UPDATE obligations SET open_state = 'open', discharged_at = NULL, discharged_by = NULL, waived_by = NULL, \
             waived_reason = NULL, opened_at = $2, due_at = $3 WHERE message_id = $1 AND discharged_by IS NOT NULL",
            values![message, since, due],
        )
        .await?;
    if again > 0 && conversation.state == State::Closed {
        conversation.reopen();
    }
    recount(tx, conversation).await
}

/// Brings the conversation's wait in line with its open obligations.
pub(super) async fn recount(tx: &mut Tx, conversation: &mut Conversation) -> Result<(), StoreError> {
    let row = tx
        .first(
            "SELECT min(opened_at) AS since, min(due_at) AS due FROM obligations WHERE conversation_id = $1 AND open_state = 'open'",
            values![&conversation.id],
        )
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
    conversation.waiting_since = row.time_opt("since")?;
    conversation.due_at = row.time_opt("due")?;
    Ok(())
}
