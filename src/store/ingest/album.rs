//! Albums: files that a channel sends one by one and that are one message to whoever sent them.
//!
//! The first that comes is stored as a message at once, so that somebody sees it whatever becomes of the
//! rest; every later one is put into that message, in whichever batch, order or life of the process it
//! comes. Nothing is held back, so nothing can be lost while it waits.

use std::collections::HashMap;

use rapport_model::{
    Author,
    event::InboundMessage,
    id::{ConversationId, MessageId},
    text,
};

use super::{
    InboxFacts, Incoming, IngestRequest,
    revise::dress,
    seen::{self, Fresh},
    tables::Tables,
};
use crate::store::{
    conversation::{self, Conversation},
    db::{Run as _, built},
    error::StoreError,
    obligation,
    rows::{self, Rows},
    tx::Tx,
    value::values,
};

/// Inbox, thread and album.
type Key = (String, String, String);

/// To which message the files of each album belong.
pub(super) struct Albums(HashMap<Key, MessageId>);

/// Claims the albums of a group; those that are known have their message already.
pub(super) async fn claim(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
) -> Result<Albums, StoreError> {
    let mut wanted: HashMap<Key, MessageId> = HashMap::new();
    let mut rows = Rows::new("albums", &["inbox_id", "thread", "album", "message_id"]);
    for item in fresh {
        let request = requests[item.request];
        let incoming = &request.events[item.event];
        let Some(key) = incoming.message().and_then(|message| key(&request.inbox, message)) else { continue };
        if wanted.contains_key(&key) {
            continue;
        }
        rows.push(values![&key.0, &key.1, &key.2, &incoming.message_id]);
        wanted.insert(key, incoming.message_id.clone());
    }
    if wanted.is_empty() {
        return Ok(Albums(wanted));
    }
    rows.insert_with(tx, "ON CONFLICT (inbox_id, thread, album) DO NOTHING").await?;
    let keys = wanted.keys().map(|(inbox, _, album)| values![inbox, album]).collect();
    let (pairs, args) = rows::pairs(tx.engine(), keys);
    let select = "SELECT a.inbox_id, a.thread, a.album, a.message_id FROM k CROSS JOIN albums a \
        WHERE a.inbox_id = k.a AND a.album = k.b";
    for row in tx.rows_of(built([&pairs, select].concat()), args).await? {
        let key: Key = (row.get("inbox_id")?, row.get("thread")?, row.get("album")?);
        wanted.insert(key, row.parse("message_id")?);
    }
    Ok(Albums(wanted))
}

fn key(inbox: &InboxFacts, message: &InboundMessage) -> Option<Key> {
    let album = message.chat.album.as_ref()?;
    Some((inbox.id.0.clone(), message.thread.id.0.clone(), album.clone()))
}

impl Albums {
    /// The message that this one belongs into, where that is another.
    pub(super) fn home(&self, inbox: &InboxFacts, incoming: &Incoming) -> Option<&MessageId> {
        let key = key(inbox, incoming.message()?)?;
        self.0.get(&key).filter(|home| **home != incoming.message_id)
    }
}

/// Where an album's message stands.
struct Home {
    message: MessageId,
    conversation: ConversationId,
    position: i64,
    files: i64,
    owed: bool,
    text: String,
}

/// Puts a file, and the words with it, into the message that it belongs to.
pub(super) async fn join(
    tx: &mut Tx,
    inbox: &InboxFacts,
    incoming: &Incoming,
    message: &InboundMessage,
    home: &MessageId,
) -> Result<(), StoreError> {
    let home = find(tx, home).await?;
    tx.execute(
        "UPDATE sightings SET message_id = $3 WHERE inbox_id = $1 AND external_id = $2",
        values![&inbox.id, &message.id, &home.message],
    )
    .await?;
    let mut raws = Rows::new("raw_payloads", seen::RAW_COLUMNS);
    raws.push(seen::raw_values(tx, inbox, incoming, message));
    raws.insert(tx).await?;
    let mut tables = Tables::new();
    tx.wake_jobs |= tables.media(inbox, incoming, message, &home.message, home.files, tx.now);
    tables.insert(tx).await?;
    let before = conversation::get(tx, &home.conversation).await?;
    let mut after = before.clone();
    caption(tx, &mut after, message, &home).await?;
    let due = message.at.plus(inbox.reply_within);
    let wants_answer = message.addressed
        && message.unanswerable.is_none()
        && !matches!(message.author, Author::Contact { is_bot: true, .. });
    if home.owed {
        // Who answered had not seen this file.
        obligation::reopen_after_edit(tx, &mut after, home.message.as_str(), message.at, due).await?;
    } else if wants_answer {
        obligation::owe_late(tx, &mut after, &home.message, message.at, due).await?;
    }
    conversation::save_one(tx, &before, &after).await?;
    let mut event = after.event("message.edited", Some(&before));
    event.message = Some(home.message);
    tx.tell(event);
    Ok(())
}

async fn find(tx: &mut Tx, id: &MessageId) -> Result<Home, StoreError> {
    let row = tx
        .first(
            "SELECT m.id, m.conversation_id, m.position, m.text, (SELECT COUNT(*) FROM attachments a WHERE a.message_id = m.id) AS files, \
             EXISTS (SELECT 1 FROM obligations o WHERE o.message_id = m.id) AS owed FROM messages m WHERE m.id = $1",
            values![id],
        )
        .await?
        .ok_or(StoreError::NotFound("message"))?;
    Ok(Home {
        message: row.parse("id")?,
        conversation: row.parse("conversation_id")?,
        position: row.get("position")?,
        files: row.get("files")?,
        owed: row.get("owed")?,
        text: row.get("text")?,
    })
}

/// The words may come with any of the files.
async fn caption(
    tx: &mut Tx,
    conversation: &mut Conversation,
    message: &InboundMessage,
    home: &Home,
) -> Result<(), StoreError> {
    let words = text::storable(&message.text);
    if words.is_empty() {
        return Ok(());
    }
    if home.text.is_empty() {
        let spans = dress(&words, &message.chat.spans);
        tx.execute(
            "UPDATE messages SET text = $2, spans = $3 WHERE id = $1",
            values![&home.message, &*words, spans],
        )
        .await?;
    } else {
        let both = [&home.text, "\n", &*words].concat();
        tx.execute("UPDATE messages SET text = $2 WHERE id = $1", values![&home.message, &both]).await?;
    }
    if conversation.word_position == home.position {
        let at = conversation.last_at;
        conversation.show(rapport_model::AuthorKind::Contact.as_str(), &words, at);
    }
    Ok(())
}
