//! What became of a message: each recipient's delivery is the worst of its parts, the message the worst
//! of all. What did not reach somebody is owed to that somebody again, and to nobody else.

use rapport_model::{
    DeliveryState,
    id::{ConversationId, MessageId},
};

use super::{
    conversation::{self, State},
    db::Run as _,
    error::StoreError,
    obligation,
    tx::Tx,
    value::values,
};

/// The parts of a message for one recipient.
struct Delivery {
    recipient: String,
    was: String,
    reason: Option<String>,
    state: DeliveryState,
}

impl Delivery {
    fn changed(&self) -> bool {
        self.was != self.state.as_str()
    }
}

/// Brings a message, its deliveries and its conversation in line with its parts. The reason belongs to
/// the deliveries that are another state by now.
pub(super) async fn settle(tx: &mut Tx, message: &MessageId, reason: Option<&str>) -> Result<(), StoreError> {
    let mut deliveries = load(tx, message).await?;
    let Some(worst) = DeliveryState::of_message(deliveries.iter().map(|delivery| delivery.state)) else {
        return Ok(());
    };
    for delivery in deliveries.iter_mut().filter(|delivery| delivery.changed()) {
        delivery.reason = reason.map(str::to_owned);
        tx.execute(
            "UPDATE deliveries SET state = $3, reason = $4 WHERE message_id = $1 AND recipient = $2",
            values![message, &delivery.recipient, delivery.state.as_str(), reason],
        )
        .await?;
    }
    if !deliveries.iter().any(Delivery::changed) {
        return Ok(());
    }
    let why = deliveries.iter().find(|delivery| delivery.state == worst);
    let why = why.and_then(|delivery| delivery.reason.as_deref());
    tx.execute(
        "UPDATE messages SET delivery = $2, delivery_reason = $3 WHERE id = $1",
        values![message, worst.as_str(), why],
    )
    .await?;
    let row = tx
        .first("SELECT conversation_id, position, author_kind FROM messages WHERE id = $1", values![message])
        .await?
        .ok_or(StoreError::NotFound("message"))?;
    let before = conversation::get(tx, &row.parse("conversation_id")?).await?;
    let mut after = before.clone();
    if row.get::<String>("author_kind")? == "associate" {
        for delivery in deliveries.iter().filter(|delivery| delivery.changed()) {
            if matches!(delivery.state, DeliveryState::Failed | DeliveryState::Cancelled) {
                let position = row.get("position")?;
                obligation::reopen(tx, &mut after, message, position, &delivery.recipient).await?;
            }
            // A person has to decide, and looks among what is open.
            if delivery.state == DeliveryState::Unconfirmed && after.state == State::Closed {
                after.open_again();
            }
        }
    }
    after.trouble = trouble(tx, &after.id).await?;
    conversation::save_one(tx, &before, &after).await?;
    let mut event = after.event("message.delivery", Some(&before));
    event.message = Some(message.clone());
    tx.tell(event);
    Ok(())
}

/// In the order of sending.
async fn load(tx: &mut Tx, message: &MessageId) -> Result<Vec<Delivery>, StoreError> {
    let parts = tx
        .all(
            "SELECT o.recipient, o.state, d.state AS was, d.reason FROM outbox o JOIN deliveries d \
             ON d.message_id = o.message_id AND d.recipient = o.recipient WHERE o.message_id = $1 ORDER BY o.ticket",
            values![message],
        )
        .await?;
    let mut deliveries: Vec<Delivery> = Vec::new();
    for part in &parts {
        let state = DeliveryState::parse(&part.get::<String>("state")?)
            .ok_or(StoreError::Corrupt { column: "outbox.state" })?;
        let recipient: String = part.get("recipient")?;
        if let Some(known) = deliveries.iter_mut().find(|delivery| delivery.recipient == recipient) {
            known.state = DeliveryState::of_message([known.state, state]).unwrap_or(state);
        } else {
            deliveries.push(Delivery {
                recipient,
                was: part.get("was")?,
                reason: part.get("reason")?,
                state,
            });
        }
    }
    Ok(deliveries)
}

/// What went wrong with a person's message and still waits for a person: a failure that nobody sent again or let be,
/// or an outcome that nobody knows.
pub(super) async fn trouble(tx: &mut Tx, id: &ConversationId) -> Result<Option<String>, StoreError> {
    let rows = tx
        .all(
            "SELECT m.delivery FROM messages m WHERE m.conversation_id = $1 AND m.delivery IN ('failed', 'unconfirmed') \
             AND m.author_kind = 'associate' AND m.set_aside_at IS NULL",
            values![id],
        )
        .await?;
    let mut worst = None;
    for row in rows {
        let state: String = row.get("delivery")?;
        if worst.is_none() || state == "failed" {
            worst = Some(state);
        }
    }
    Ok(worst)
}
