//! What a message means to the bridge.

use rapport_sdk::model::{
    Address, Author, InboundEvent, Letter, Timestamp, Trust,
    event::{Chat, Content, InboundAttachment, InboundMessage, RawPayload},
    id::ExternalMessageId,
};

use super::{
    record::{Attachment, Record},
    words::Words,
};
use crate::{
    place::{Place, PlaceKind, Us, message_id},
    sabotage::{self, Rule},
    snowflake::Snowflake,
};

/// What the type of a raw form begins with; where the message stood follows, because a message of the
/// provider's list does not say it.
const JSON: &str = "application/json; place=";

/// What came of a message.
#[derive(Debug)]
pub enum Reading {
    /// Our own, or the server's: nobody wrote it to us.
    Nothing,
    /// A person wrote it.
    Message(Box<InboundMessage>),
    /// Nothing of it shows: a kind that we don't know, or Discord withholds its text.
    Blank(Box<InboundMessage>),
}

/// Reads a message that stands in `place`.
pub fn read(record: &Record, json: &str, place: &Place, us: Us) -> Reading {
    let ours = record.author.id == us.user
        || (record.webhook_id.is_some() && record.application_id == Some(us.application));
    if (ours && !sabotage::breaks(Rule::OwnMessages)) || !record.is_written() {
        return Reading::Nothing;
    }
    let begins = record.id == place.channel;
    let title = match &place.kind {
        PlaceKind::Post { title, .. } if begins => Some(title.as_str()),
        _ => None,
    };
    let words = Words::of(record, title);
    let blank = words.text.is_empty() && record.files().next().is_none();
    let message = Box::new(InboundMessage {
        id: message_id(place.channel, record.id),
        content_key: None,
        thread: place.thread(record.author.id, us),
        author: Author::Contact {
            address: Address::new(record.author.id.to_string()),
            name: record.author.name().map(str::to_owned),
            trust: Trust::Proven,
            can_reply: true,
            is_bot: record.author.bot || record.webhook_id.is_some(),
        },
        text: words.text,
        attachments: record.files().map(|file| attachment(place.channel, record.id, file)).collect(),
        reply_to: answers(record),
        at: record.id.at(),
        addressed: is_addressed(record, place, us),
        unanswerable: None,
        letter: Letter::default(),
        chat: Chat {
            spans: words.spans,
            // Who wrote it first is not told.
            forwarded_from: (!record.message_snapshots.is_empty())
                .then(|| "somebody else on Discord".to_owned()),
            ..Chat::default()
        },
        raw: raw(json, place, us),
    });
    if blank { Reading::Blank(message) } else { Reading::Message(message) }
}

/// The change of a message, where it was changed by its author: not where Discord added a card to a link.
pub fn edit(record: &Record, json: &str, place: &Place, us: Us) -> Option<InboundEvent> {
    let at = record.edited_at()?;
    let Reading::Message(message) = read(record, json, place, us) else { return None };
    Some(InboundEvent::Edit {
        id: message.id.clone(),
        text: message.text.clone(),
        spans: message.chat.spans.clone(),
        at,
        whole: Some(message),
    })
}

/// What stands in a list of messages and can't be read.
pub fn unreadable(json: &str, place: &Place, us: Us, seen_at: Timestamp) -> InboundEvent {
    let id = id_of(json);
    InboundEvent::Unreadable {
        id: id.map_or_else(
            || ExternalMessageId(format!("{}/{}", place.channel, hash(json))),
            |id| message_id(place.channel, id),
        ),
        raw: raw(json, place, us),
        reason: "A message is not what Discord's documentation says.".to_owned(),
        at: id.map_or(seen_at, Snowflake::at),
    }
}

/// Reads again what could not be read when it came.
pub fn read_again(raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent> {
    let known = raw.content_type.strip_prefix(JSON).and_then(|text| {
        let (place, _) = url::form_urlencoded::parse(text.as_bytes()).next()?;
        serde_json::from_str::<(Place, Us)>(&place).ok()
    });
    let json = String::from_utf8_lossy(&raw.bytes);
    let reason = match known.map(|(place, us)| (serde_json::from_str::<Record>(&json), place, us)) {
        Some((Ok(record), place, us)) => match read(&record, &json, &place, us) {
            Reading::Message(message) => return vec![InboundEvent::Message(message)],
            Reading::Nothing => return Vec::new(),
            Reading::Blank(_) => "Nothing of it can be shown: look at it at Discord.",
        },
        Some((Err(_), place, us)) => return vec![unreadable(&json, &place, us, at)],
        None => "It does not say where it stood.",
    };
    let id = ExternalMessageId(id_of(&json).map_or_else(|| hash(&json), |id| id.to_string()));
    vec![InboundEvent::Unreadable { id, raw: raw.clone(), reason: reason.to_owned(), at }]
}

/// The raw form of a message that stands in `place`.
fn raw(json: &str, place: &Place, us: Us) -> RawPayload {
    let place = serde_json::to_string(&(place, us)).unwrap_or_default();
    let mut content_type = url::form_urlencoded::Serializer::for_suffix(JSON.to_owned(), JSON.len());
    content_type.append_key_only(&place);
    RawPayload { content_type: content_type.finish(), bytes: json.as_bytes().to_vec() }
}

fn attachment(channel: Snowflake, message: Snowflake, file: &Attachment) -> InboundAttachment {
    InboundAttachment {
        name: file.filename.clone(),
        content_type: file.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
        content: Content::ByReference(format!("{channel}/{message}/{}", file.id)),
        content_id: None,
    }
}

/// The message that this one answers: not the one that it passes on.
fn answers(record: &Record) -> Option<ExternalMessageId> {
    let reference = record.message_reference.as_ref().filter(|reference| reference.kind == 0)?;
    Some(message_id(reference.channel_id?, reference.message_id?))
}

/// In private always; among several people where they began it, name us or answer us.
fn is_addressed(record: &Record, place: &Place, us: Us) -> bool {
    let PlaceKind::Post { owner, .. } = &place.kind else { return true };
    record.id == place.channel
        || *owner == Some(record.author.id)
        || record.mentions.iter().any(|user| user.id == us.user)
        || record.referenced_message.as_ref().is_some_and(|message| message.author.id == us.user)
}

/// The id of a message that can't be read otherwise.
pub fn id_of(json: &str) -> Option<Snowflake> {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: Snowflake,
    }
    serde_json::from_str::<Identified>(json).ok().map(|message| message.id)
}

/// An id for what has none: the same for the same text (FNV-1a).
fn hash(json: &str) -> String {
    let hash = json.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
