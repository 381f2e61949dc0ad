//! What a person of ours wrote with another program: a colleague's answer from a mail client, a phone.
//!
//! It is an answer where it names a message of the customer whom it went to. Then it stands in the
//! conversation under nobody's name and discharges what it answers; it acts with nobody's rights.

use rapport_model::{
    Address,
    event::InboundMessage,
    id::{ContactId, ConversationId, ThreadId},
    text,
};

use super::{
    InboxFacts, Incoming, Outcome,
    tables::{MessagePlace, Tables},
};
use crate::store::{
    conversation::{self, State},
    db::{Run as _, built},
    error::StoreError,
    obligation, outbox, rows,
    tx::Tx,
    value::values,
};

/// The message of a customer that was answered.
struct Answered {
    conversation: ConversationId,
    thread: ThreadId,
    contact: ContactId,
    position: i64,
}

/// Takes one in. What answers nobody that we know is remembered as seen and not shown.
pub(super) async fn apply(
    tx: &mut Tx,
    inbox: &InboxFacts,
    incoming: &Incoming,
    message: &InboundMessage,
    to: &Address,
) -> Result<Outcome, StoreError> {
    let now = tx.now;
    let seen = tx
        .execute(
            "INSERT INTO sightings (inbox_id, external_id, message_id, content_hash, trust, at) \
             VALUES ($1, $2, $3, $4, 'claimed', $5) ON CONFLICT (inbox_id, external_id) DO NOTHING",
            values![&inbox.id, &message.id, &incoming.message_id, &incoming.content_hash, now],
        )
        .await?;
    if seen == 0 {
        return Ok(Outcome::Duplicate);
    }
    let Some(answered) = find_answered(tx, inbox, message, to).await? else { return Ok(Outcome::Duplicate) };
    if let Some(key) = &message.content_key
        && is_known(tx, inbox, key, incoming).await?
    {
        return Ok(Outcome::Duplicate);
    }
    let before = conversation::get(tx, &answered.conversation).await?;
    let mut after = before.clone();
    let position = after.next_position();
    let body = text::storable(&message.text);
    let mut tables = Tables::new();
    let place = MessagePlace {
        conversation: &after,
        thread: &answered.thread,
        person: None,
        position,
        text: &body,
        flags: Vec::new(),
        answers: None,
    };
    tables.message(tx, inbox, incoming, message, &place);
    tx.wake_jobs |= tables.media(inbox, incoming, message, &incoming.message_id, 0, now);
    tables.insert(tx).await?;
    if message.unanswerable.is_none() {
        tx.execute(
            "INSERT INTO human_messages (message_id, author_kind) VALUES ($1, 'outside_human')",
            values![&incoming.message_id],
        )
        .await?;
        let (by, whom) = (&incoming.message_id, &answered.contact);
        obligation::discharge(tx, &mut after, by, whom, answered.position).await?;
        outbox::silence_bot(tx, &after.id).await?;
        after.human_in_episode = true;
        after.turn += 1;
        after.word_position = position;
        if after.state == State::Automatic {
            after.state = State::Open;
        }
        // Nobody answers spam.
        after.suspected = false;
        after.show("outside_human", &body, now);
    }
    conversation::save_one(tx, &before, &after).await?;
    let mut event = after.event("message.sent", Some(&before));
    event.message = Some(incoming.message_id.clone());
    tx.tell(event);
    Ok(Outcome::Stored)
}

/// The latest message that this one names, of the one whom it went to.
async fn find_answered(
    tx: &mut Tx,
    inbox: &InboxFacts,
    message: &InboundMessage,
    to: &Address,
) -> Result<Option<Answered>, StoreError> {
    let names: Vec<_> =
        message.letter.follows.references.iter().map(|name| values![&inbox.id, name]).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let (pairs, mut args) = rows::pairs(tx.engine(), names);
    args.push(to.into());
    let address = format!("${}", args.len());
    let sql = [
        &pairs,
        "SELECT m.conversation_id, m.thread_id, m.position, p.contact_id FROM k CROSS JOIN letters l \
         JOIN messages m ON m.id = l.message_id AND m.kind = 'inbound' JOIN handles h ON h.id = m.handle_id \
         JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL \
         WHERE l.inbox_id = k.a AND l.name = k.b AND h.address = ",
        &address,
        " ORDER BY m.at DESC, m.position DESC LIMIT 1",
    ]
    .concat();
    let row = tx.rows_of(built(sql), args).await?.into_iter().next();
    row.map(|row| {
        Ok(Answered {
            conversation: row.parse("conversation_id")?,
            thread: row.parse("thread_id")?,
            contact: row.parse("contact_id")?,
            position: row.get("position")?,
        })
    })
    .transpose()
}

/// Whether the same was taken in before under another id; else it is noted.
async fn is_known(
    tx: &mut Tx,
    inbox: &InboxFacts,
    key: &str,
    incoming: &Incoming,
) -> Result<bool, StoreError> {
    let noted = tx
        .execute(
            "INSERT INTO content_keys (audience, content_key, message_id) VALUES ($1, $2, $3) \
             ON CONFLICT (audience, content_key) DO NOTHING",
            values![super::same::audience(inbox), key, &incoming.message_id],
        )
        .await?;
    Ok(noted == 0)
}
