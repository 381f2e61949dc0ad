//! What changes a message that is there already: another text, taken back, a reaction. None of it opens an
//! obligation of its own; an edit after the answer opens the one that was answered again.

use rapport_model::{
    Author, InboundEvent, Timestamp,
    event::InboundMessage,
    id::{ExternalMessageId, RawId},
    rich::{self, Span},
    text,
};

use super::{InboxFacts, Outcome, people, quoted, seen};
use crate::store::{
    conversation, db::Run as _, error::StoreError, obligation, rows::Rows, tx::Tx, value::values,
};

/// Applies one.
pub(super) async fn apply(
    tx: &mut Tx,
    inbox: &InboxFacts,
    event: &InboundEvent,
) -> Result<Outcome, StoreError> {
    match event {
        InboundEvent::Edit { id, text, spans, at, whole } => {
            let edit = Edit { id, text, spans, at: *at, whole: whole.as_deref() };
            edit.apply(tx, inbox).await
        }
        InboundEvent::Retraction { id, at } => retract(tx, inbox, id, *at).await,
        InboundEvent::Reaction { id, author, reaction, at } => {
            react(tx, inbox, id, author, reaction.as_deref(), *at).await
        }
        _ => Ok(Outcome::Duplicate),
    }
}

/// Another text of a message.
struct Edit<'a> {
    id: &'a ExternalMessageId,
    text: &'a str,
    spans: &'a [Span],
    at: Timestamp,
    whole: Option<&'a InboundMessage>,
}

impl Edit<'_> {
    async fn apply(&self, tx: &mut Tx, inbox: &InboxFacts) -> Result<Outcome, StoreError> {
        let new = text::storable(self.text);
        let spans = dress(&new, self.spans);
        let Some(row) = tx
            .first(
                "SELECT m.id, m.conversation_id, m.text, m.spans, m.version, m.edited_at, m.retracted_at FROM sightings s \
                 JOIN messages m ON m.id = s.message_id WHERE s.inbox_id = $1 AND s.external_id = $2",
                values![&inbox.id, self.id],
            )
            .await?
        else {
            return Ok(Outcome::Duplicate);
        };
        let (message, old): (String, String) = (row.get("id")?, row.get("text")?);
        let version: i64 = row.get("version")?;
        // Edits come in any order and more than once; what was taken back stays so.
        let is_old = row.time_opt("edited_at")?.is_some_and(|known| known > self.at);
        if is_old || row.time_opt("retracted_at")?.is_some() {
            return Ok(Outcome::Duplicate);
        }
        if old == new {
            if row.get::<Option<String>>("spans")? == spans {
                return Ok(Outcome::Duplicate);
            }
            // The same words in another dress are no other message: shown anew, and owed nothing.
            tx.execute("UPDATE messages SET spans = $2 WHERE id = $1", values![&message, spans]).await?;
            let conversation = conversation::get(tx, &row.parse("conversation_id")?).await?;
            let mut event = conversation.event("message.edited", None);
            event.message = row.parse_opt("id")?;
            tx.tell(event);
            return Ok(Outcome::Stored);
        }
        tx.execute(
            "INSERT INTO message_versions (message_id, version, text, at) VALUES ($1, $2, $3, $4)",
            values![&message, version, &old, self.at],
        )
        .await?;
        tx.execute(
            "UPDATE messages SET text = $2, version = $3, edited_at = $4, spans = $5 WHERE id = $1",
            values![&message, &*new, version + 1, self.at, spans],
        )
        .await?;
        self.keep_raw(tx, inbox).await?;
        let before = conversation::get(tx, &row.parse("conversation_id")?).await?;
        let mut after = before.clone();
        let due = self.at.plus(inbox.reply_within);
        obligation::reopen_after_edit(tx, &mut after, &message, self.at, due).await?;
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("message.edited", Some(&before));
        event.message = row.parse_opt("id")?;
        tx.tell(event);
        Ok(Outcome::Stored)
    }

    async fn keep_raw(&self, tx: &mut Tx, inbox: &InboxFacts) -> Result<(), StoreError> {
        let Some(whole) = self.whole else { return Ok(()) };
        let raw = &whole.raw;
        let mut rows = Rows::new("raw_payloads", seen::RAW_COLUMNS);
        rows.push(values![
            &RawId::new(),
            &inbox.id,
            self.id,
            &raw.content_type,
            Some(raw.bytes.clone()),
            None::<String>,
            tx.now
        ]);
        rows.insert(tx).await
    }
}

/// The spans of a text as the store keeps them; `None` where there are none.
pub(in crate::store) fn dress(text: &str, spans: &[Span]) -> Option<String> {
    let spans = rich::fitting(text, spans.iter().cloned());
    let json = (!spans.is_empty()).then(|| serde_json::to_string(&spans).ok()).flatten()?;
    Some(text::storable(&json).into_owned())
}

async fn retract(
    tx: &mut Tx,
    inbox: &InboxFacts,
    id: &ExternalMessageId,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let row = tx
        .first(
            "UPDATE messages SET retracted_at = $3 WHERE retracted_at IS NULL AND id = \
             (SELECT message_id FROM sightings WHERE inbox_id = $1 AND external_id = $2) RETURNING id, conversation_id",
            values![&inbox.id, id, at],
        )
        .await?;
    let Some(row) = row else { return Ok(Outcome::Duplicate) };
    let conversation = conversation::get(tx, &row.parse("conversation_id")?).await?;
    let mut event = conversation.event("message.retracted", None);
    event.message = row.parse_opt("id")?;
    tx.tell(event);
    Ok(Outcome::Stored)
}

/// The latest reaction of somebody to a message, theirs or ours.
async fn react(
    tx: &mut Tx,
    inbox: &InboxFacts,
    id: &ExternalMessageId,
    author: &Author,
    reaction: Option<&str>,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let Some(message) = quoted::find(tx, inbox, id).await? else { return Ok(Outcome::Duplicate) };
    let Some(sender) = people::sender(&inbox.brand, &inbox.channel, author) else {
        return Ok(Outcome::Duplicate);
    };
    let people = people::find_or_make(tx, vec![sender]).await?;
    let Some(person) = people.into_values().next() else { return Ok(Outcome::Duplicate) };
    let reaction = reaction.map(|reaction| text::storable(reaction).into_owned());
    let noted = tx
        .execute(
            "INSERT INTO reactions (message_id, handle_id, reaction, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (message_id, handle_id) DO UPDATE SET reaction = excluded.reaction, at = excluded.at \
             WHERE excluded.at > reactions.at",
            values![&message, &person.handle, reaction, at],
        )
        .await?;
    if noted == 0 {
        return Ok(Outcome::Duplicate);
    }
    let row = tx
        .first("SELECT conversation_id FROM messages WHERE id = $1", values![&message])
        .await?
        .ok_or(StoreError::NotFound("message"))?;
    let conversation = conversation::get(tx, &row.parse("conversation_id")?).await?;
    let mut event = conversation.event("message.reacted", None);
    event.message = Some(message);
    tx.tell(event);
    Ok(Outcome::Stored)
}
