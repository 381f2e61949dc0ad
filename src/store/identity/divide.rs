//! Which words of two records that are parted go where. What was said before the join stays where it was
//! said. What came since goes with the thread of its handle: where that is the other side's it leaves the
//! conversation, for one of the other side's own, and what it seemed to answer is owed again.

use std::collections::{BTreeMap, HashMap};

use rapport_model::id::{ContactId, ConversationId, InboxId, MessageId, ObligationId, ThreadId};

use super::journal::Items;
use crate::store::{
    conversation::{Conversation, State},
    db::Run as _,
    delivery, entry,
    error::StoreError,
    obligation,
    tx::Tx,
    value::values,
};

/// What becomes of one conversation.
pub(super) struct Share {
    /// Whose it is.
    contact: ContactId,
    /// Whose the messages are that leave it.
    other: ContactId,
    leaving: Vec<MessageId>,
}

/// Decides about every conversation. The periods of handles must be restored already.
pub(super) async fn plan(
    tx: &mut Tx,
    into: &ContactId,
    from: &ContactId,
    all: &[Conversation],
    items: &Items,
) -> Result<HashMap<ConversationId, Share>, StoreError> {
    let rows = tx
        .all(
            "SELECT m.id, m.conversation_id, m.position, p.contact_id FROM messages m \
             JOIN threads t ON t.id = m.thread_id AND t.kind = 'private' \
             JOIN handle_periods p ON p.handle_id = t.handle_id AND p.valid_to IS NULL \
             WHERE m.contact_id = $1 ORDER BY m.conversation_id, m.position",
            values![into],
        )
        .await?;
    let mut said: HashMap<ConversationId, Vec<(MessageId, i64, ContactId)>> = HashMap::new();
    for row in &rows {
        said.entry(row.parse("conversation_id")?).or_default().push((
            row.parse("id")?,
            row.get("position")?,
            row.parse("contact_id")?,
        ));
    }
    let mut plan = HashMap::with_capacity(all.len());
    for conversation in all {
        let messages = said.remove(&conversation.id).unwrap_or_default();
        let (contact, since) = match (items.moved.get(&conversation.id), items.stayed.get(&conversation.id)) {
            (Some(position), _) => (from.clone(), *position),
            (None, Some(position)) => (into.clone(), *position),
            (None, None) => {
                let first = messages.first().is_some_and(|(_, _, owner)| owner == from);
                (if first { from.clone() } else { into.clone() }, 0)
            }
        };
        let other = if contact == *from { into.clone() } else { from.clone() };
        let leaving = messages
            .into_iter()
            .filter(|(_, position, owner)| *position > since && *owner == other)
            .map(|(id, _, _)| id)
            .collect();
        plan.insert(conversation.id.clone(), Share { contact, other, leaving });
    }
    Ok(plan)
}

/// Moves the rows. Gives every conversation as it was and as it is to be saved, the new ones too.
pub(super) async fn apply(
    tx: &mut Tx,
    mut plan: HashMap<ConversationId, Share>,
    into: &ContactId,
    from: &ContactId,
    all: Vec<Conversation>,
) -> Result<Vec<(Option<Conversation>, Conversation)>, StoreError> {
    let mut divided = Vec::with_capacity(all.len());
    for before in all {
        let Some(share) = plan.remove(&before.id) else { continue };
        let mut after = before.clone();
        after.contact = share.contact.clone();
        if share.contact != *into {
            tx.execute(
                "UPDATE messages SET contact_id = $2 WHERE conversation_id = $1 AND contact_id <> $2",
                values![&before.id, from],
            )
            .await?;
        }
        if !share.leaving.is_empty() {
            divided.push((None, leave(tx, &mut after, &share).await?));
        }
        divided.push((Some(before), after));
    }
    Ok(divided)
}

/// Gives the messages that leave a conversation of their own.
async fn leave(tx: &mut Tx, stays: &mut Conversation, share: &Share) -> Result<Conversation, StoreError> {
    let mut leaves = stays.clone();
    leaves.id = ConversationId::new();
    leaves.contact = share.other.clone();
    leaves.continues = None;
    for (at, message) in share.leaving.iter().enumerate() {
        let position = i64::try_from(at + 1).unwrap_or(i64::MAX);
        tx.execute(
            "UPDATE messages SET conversation_id = $2, position = $3, contact_id = $4 WHERE id = $1",
            values![message, &leaves.id, position, &share.other],
        )
        .await?;
        tx.execute(
            "UPDATE obligations SET conversation_id = $2, position = $3, \
             contact_id = CASE WHEN contact_id = $4 THEN $5 ELSE contact_id END WHERE message_id = $1",
            values![message, &leaves.id, position, &share.contact, &share.other],
        )
        .await?;
        // How the conversation stood before a reply says nothing about the new one.
        tx.execute("UPDATE human_messages SET undo_to = NULL WHERE message_id = $1", values![message])
            .await?;
    }
    tx.execute(
        "UPDATE threads SET conversation_id = $2 WHERE conversation_id = $1 AND handle_id IN \
         (SELECT handle_id FROM handle_periods WHERE contact_id = $3 AND valid_to IS NULL)",
        values![&stays.id, &leaves.id, &share.other],
    )
    .await?;
    close_gaps(tx, &stays.id).await?;
    for conversation in [&mut *stays, &mut leaves] {
        orphans(tx, conversation).await?;
        measure(tx, conversation).await?;
    }
    Ok(leaves)
}

/// Numbers what stays anew, and with it what points there by number.
async fn close_gaps(tx: &mut Tx, conversation: &ConversationId) -> Result<(), StoreError> {
    let rows = tx
        .all(
            "SELECT id, position FROM messages WHERE conversation_id = $1 ORDER BY position",
            values![conversation],
        )
        .await?;
    let mut places: BTreeMap<i64, i64> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let (old, new) = (row.get::<i64>("position")?, i64::try_from(at + 1).unwrap_or(i64::MAX));
        places.insert(old, new);
        if old != new {
            let id: MessageId = row.parse("id")?;
            tx.execute("UPDATE messages SET position = $2 WHERE id = $1", values![&id, new]).await?;
            tx.execute("UPDATE obligations SET position = $2 WHERE message_id = $1", values![&id, new])
                .await?;
        }
    }
    let place = |old: i64| places.range(..=old).next_back().map_or(0, |(_, new)| *new);
    let marks = tx
        .all(
            "SELECT associate_id AS id, position FROM read_marks WHERE conversation_id = $1",
            values![conversation],
        )
        .await?;
    for row in &marks {
        tx.execute(
            "UPDATE read_marks SET position = $3 WHERE conversation_id = $1 AND associate_id = $2",
            values![conversation, row.get::<String>("id")?, place(row.get("position")?)],
        )
        .await?;
    }
    let decided = tx
        .all(
            "SELECT decision_id AS id, position FROM decision_items WHERE conversation_id = $1",
            values![conversation],
        )
        .await?;
    for row in &decided {
        tx.execute(
            "UPDATE decision_items SET position = $3 WHERE conversation_id = $1 AND decision_id = $2",
            values![conversation, row.get::<String>("id")?, place(row.get("position")?)],
        )
        .await?;
    }
    Ok(())
}

/// What was answered by a message that went to the other side was not answered to this one: it is owed
/// again with its time, unless a later answer to this one stands.
async fn orphans(tx: &mut Tx, conversation: &Conversation) -> Result<(), StoreError> {
    let rows = tx
        .all(
            "SELECT o.id FROM obligations o JOIN messages m ON m.id = o.discharged_by \
             WHERE o.conversation_id = $1 AND m.conversation_id <> o.conversation_id",
            values![&conversation.id],
        )
        .await?;
    for row in &rows {
        let id: ObligationId = row.parse("id")?;
        let later = tx
            .first(
                "SELECT m.id, d.recipient FROM obligations o JOIN messages m ON m.conversation_id = o.conversation_id \
                 AND m.position > o.position JOIN human_messages h ON h.message_id = m.id AND h.author_kind = 'associate' \
                 JOIN deliveries d ON d.message_id = m.id AND d.state NOT IN ('failed', 'cancelled') \
                 AND COALESCE(d.contact_id, m.contact_id) = o.contact_id WHERE o.id = $1 ORDER BY m.position LIMIT 1",
                values![&id],
            )
            .await?;
        obligation::settle_anew(tx, &id, later.as_ref()).await?;
    }
    Ok(())
}

/// Brings a conversation's row in line with the messages that it has now.
async fn measure(tx: &mut Tx, conversation: &mut Conversation) -> Result<(), StoreError> {
    let rows = tx
        .all(
            "SELECT position, kind, author_kind, thread_id, inbox_id, channel, episode FROM messages \
             WHERE conversation_id = $1 ORDER BY position",
            values![&conversation.id],
        )
        .await?;
    let (mut inbound, mut word, mut last) = (0, 0, 0);
    conversation.human_in_episode = false;
    for row in &rows {
        last = row.get("position")?;
        let (kind, author): (String, String) = (row.get("kind")?, row.get("author_kind")?);
        if kind == "inbound" {
            (inbound, word) = (last, last);
        } else if kind == "outbound" && author != "bot" {
            word = last;
            conversation.human_in_episode |= row.get::<i64>("episode")? == conversation.episode;
        }
        if let Some(thread) = row.parse_opt::<ThreadId>("thread_id")? {
            conversation.thread = thread;
            conversation.inbox = InboxId(row.get("inbox_id")?);
            conversation.channel = row.get("channel")?;
        }
    }
    (conversation.last_position, conversation.inbound_position, conversation.word_position) =
        (last, inbound, word);
    obligation::recount(tx, conversation).await?;
    if conversation.due_at.is_some() && conversation.state != State::Open {
        conversation.open_again();
    }
    conversation.trouble = delivery::trouble(tx, &conversation.id).await?;
    entry::show_latest(tx, conversation).await
}

/// What is owed and copied since the join, beside the conversations of the two: to whoever owns the handle.
pub(super) async fn owners(
    tx: &mut Tx,
    into: &ContactId,
    from: &ContactId,
    items: &Items,
) -> Result<(), StoreError> {
    let owed = tx
        .all(
            "SELECT o.id, m.conversation_id, o.position FROM obligations o JOIN messages m ON m.id = o.message_id \
             JOIN handle_periods p ON p.handle_id = m.handle_id AND p.valid_to IS NULL AND p.contact_id = $2 \
             WHERE o.contact_id = $1",
            values![into, from],
        )
        .await?;
    for row in &owed {
        let conversation: ConversationId = row.parse("conversation_id")?;
        let known = items
            .stayed
            .get(&conversation)
            .is_some_and(|at| row.get("position").is_ok_and(|p: i64| p <= *at));
        if !known {
            tx.execute(
                "UPDATE obligations SET contact_id = $2 WHERE id = $1",
                values![row.get::<String>("id")?, from],
            )
            .await?;
        }
    }
    tx.execute(
        "UPDATE deliveries SET contact_id = $2 WHERE contact_id = $1 AND handle_id IN \
         (SELECT handle_id FROM handle_periods WHERE contact_id = $2 AND valid_to IS NULL)",
        values![into, from],
    )
    .await
    .map(drop)
}
