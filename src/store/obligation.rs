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
    value::{Row, values},
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

/// Discharges what the people whom a message goes to are owed up to a position: whoever has one of its
/// deliveries that did not fail, and whoever wrote from the very address that it goes to.
pub(super) async fn discharge_recipients(
    tx: &mut Tx,
    conversation: &mut Conversation,
    by: &MessageId,
    up_to: i64,
) -> Result<(), StoreError> {
    let now = tx.now;
    let deliveries = tx
        .all(
            "SELECT d.recipient, d.handle_id, COALESCE(d.contact_id, m.contact_id) AS contact_id FROM deliveries d \
             JOIN messages m ON m.id = d.message_id WHERE d.message_id = $1 AND d.state NOT IN ('failed', 'cancelled') \
             ORDER BY CASE WHEN d.contact_id IS NULL THEN 0 ELSE 1 END, d.recipient",
            values![by],
        )
        .await?;
    for delivery in deliveries {
        tx.execute(
            "UPDATE obligations SET open_state = NULL, discharged_at = $3, discharged_by = $4, answered_to = $5 \
             WHERE conversation_id = $1 AND open_state = 'open' AND position <= $2 AND (contact_id = $6 OR contact_id IN (\
             SELECT p.contact_id FROM handles h JOIN handles o ON o.brand = h.brand AND o.channel = h.channel \
             AND o.address = h.address JOIN handle_periods p ON p.handle_id = o.id AND p.valid_to IS NULL WHERE h.id = $7))",
            values![
                &conversation.id,
                up_to,
                now,
                by,
                delivery.get::<String>("recipient")?,
                delivery.get::<String>("contact_id")?,
                delivery.get::<String>("handle_id")?
            ],
        )
        .await?;
    }
    recount(tx, conversation).await
}

/// Waives what is owed up to a position, by a person's decision. Gives which it waived.
pub(super) async fn waive(
    tx: &mut Tx,
    conversation: &mut Conversation,
    by: &AssociateId,
    reason: &str,
    up_to: i64,
) -> Result<Vec<ObligationId>, StoreError> {
    let now = tx.now;
    let waived = tx
        .all(
            "UPDATE obligations SET open_state = NULL, discharged_at = $3, waived_by = $4, waived_reason = $5 \
             WHERE conversation_id = $1 AND open_state = 'open' AND position <= $2 RETURNING id",
            values![&conversation.id, up_to, now, by, reason],
        )
        .await?;
    recount(tx, conversation).await?;
    waived.iter().map(|row| row.parse("id")).collect()
}

/// Opens one for the latest message of a contact, by a person's decision: it is owed since that message
/// came. One that was waived before is owed again as it was. Gives `None` where nobody wrote.
pub(super) async fn open(
    tx: &mut Tx,
    conversation: &mut Conversation,
    due: Timestamp,
) -> Result<Option<ObligationId>, StoreError> {
    let latest = tx
        .first(
            "SELECT m.id, m.at, o.id AS known FROM messages m \
             LEFT JOIN obligations o ON o.message_id = m.id \
             WHERE m.conversation_id = $1 AND m.kind = 'inbound' ORDER BY m.position DESC LIMIT 1",
            values![&conversation.id],
        )
        .await?;
    let Some(latest) = latest else { return Ok(None) };
    let id = if let Some(known) = latest.parse_opt("known")? {
        tx.execute(
            "UPDATE obligations SET open_state = 'open', discharged_at = NULL, waived_by = NULL, waived_reason = NULL \
             WHERE id = $1 AND waived_by IS NOT NULL",
            values![&known],
        )
        .await?;
        known
    } else {
        let (message, at) = (latest.parse("id")?, latest.time("at")?);
        insert(tx, conversation, &message, at, due).await?
    };
    recount(tx, conversation).await?;
    Ok(Some(id))
}

/// Opens one for a message that came without speaking to us, and now does.
pub(super) async fn owe_late(
    tx: &mut Tx,
    conversation: &mut Conversation,
    message: &MessageId,
    since: Timestamp,
    due: Timestamp,
) -> Result<(), StoreError> {
    if conversation.state == State::Closed {
        conversation.reopen();
    }
    conversation.state = State::Open;
    insert(tx, conversation, message, since, due).await?;
    recount(tx, conversation).await
}

/// Owes an answer to a message, to whoever wrote it.
async fn insert(
    tx: &mut Tx,
    conversation: &Conversation,
    message: &MessageId,
    since: Timestamp,
    due: Timestamp,
) -> Result<ObligationId, StoreError> {
    let id = ObligationId::new();
    tx.execute(
        "INSERT INTO obligations (id, conversation_id, message_id, contact_id, position, opened_at, due_at, open_state) \
         SELECT $1, $2, m.id, COALESCE((SELECT p.contact_id FROM handle_periods p WHERE p.handle_id = m.handle_id \
         AND p.valid_to IS NULL), m.contact_id), m.position, $4, $5, 'open' FROM messages m WHERE m.id = $3",
        values![&id, &conversation.id, message, since, due],
    )
    .await?;
    Ok(id)
}

/// A waiver was taken back: what it discharged is owed again with its original time. Gives how many.
pub(super) async fn unwaive(
    tx: &mut Tx,
    conversation: &mut Conversation,
    by: &AssociateId,
    ids: &[ObligationId],
) -> Result<u64, StoreError> {
    let mut again = 0;
    for id in ids {
        again += tx
            .execute(
                "UPDATE obligations SET open_state = 'open', discharged_at = NULL, waived_by = NULL, waived_reason = NULL \
                 WHERE id = $1 AND waived_by = $2",
                values![id, by],
            )
            .await?;
    }
    recount(tx, conversation).await?;
    Ok(again)
}

/// What seemed answered was not, by that message: a `later` one (its `id` and `recipient`) is what discharged it, or it
/// is owed again with its original time. Gives whether it is owed.
pub(super) async fn settle_anew(
    tx: &mut Tx,
    id: &ObligationId,
    later: Option<&Row>,
) -> Result<bool, StoreError> {
    if let Some(later) = later {
        tx.execute(
            "UPDATE obligations SET discharged_by = $2, answered_to = $3 WHERE id = $1",
            values![id, &later.parse::<MessageId>("id")?, later.get::<Option<String>>("recipient")?],
        )
        .await?;
    } else {
        tx.execute(
            "UPDATE obligations SET open_state = 'open', discharged_at = NULL, discharged_by = NULL, answered_to = NULL \
             WHERE id = $1",
            values![id],
        )
        .await?;
    }
    Ok(later.is_none())
}

/// A person's message did not reach one of its recipients after all (undone, failed, bounced): what it had
/// discharged by that is owed again, with its original time, and the conversation is open again; unless a
/// later message by a person to the same one stands, which then is what discharged it.
pub(super) async fn reopen(
    tx: &mut Tx,
    conversation: &mut Conversation,
    message: &MessageId,
    position: i64,
    recipient: &str,
) -> Result<(), StoreError> {
    // Before there were copies nobody noted the recipient: there was one.
    let answered = tx
        .all(
            "SELECT id, contact_id FROM obligations WHERE discharged_by = $1 AND (answered_to = $2 OR answered_to IS NULL)",
            values![message, recipient],
        )
        .await?;
    let mut again = false;
    for obligation in &answered {
        let id: ObligationId = obligation.parse("id")?;
        let later = tx
            .first(
                "SELECT m.id, d.recipient FROM messages m JOIN human_messages h ON h.message_id = m.id \
                 LEFT JOIN deliveries d ON d.message_id = m.id WHERE m.conversation_id = $1 AND m.position > $2 \
                 AND ((d.message_id IS NULL AND m.contact_id = $3) OR (d.state NOT IN ('failed', 'cancelled') \
                 AND (d.recipient = $4 OR COALESCE(d.contact_id, m.contact_id) = $3))) ORDER BY m.position LIMIT 1",
                values![&conversation.id, position, obligation.get::<String>("contact_id")?, recipient],
            )
            .await?;
        again |= settle_anew(tx, &id, later.as_ref()).await?;
    }
    if again && conversation.state == State::Closed {
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
            "UPDATE obligations SET open_state = 'open', discharged_at = NULL, discharged_by = NULL, answered_to = NULL, \
             waived_by = NULL, waived_reason = NULL, opened_at = $2, due_at = $3 WHERE message_id = $1 AND discharged_by IS NOT NULL",
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
    let due = row.time_opt("due")?;
    if due.is_some() && conversation.due_at.is_none() {
        // What is owed anew is nothing to be put off any more.
        conversation.snoozed = None;
    }
    conversation.waiting_since = row.time_opt("since")?;
    conversation.due_at = due;
    Ok(())
}
