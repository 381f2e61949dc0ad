//! An update as events. Pure: no clock, no network.
//!
//! Whatever can't be read becomes `Unreadable` with what came, so that nothing that Telegram may send
//! holds up what stands behind it.

use std::{borrow::Cow, collections::HashMap};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rapport_sdk::model::{
    Address, Author, InboundEvent, Timestamp, Trust,
    bot::Unanswerable,
    event::{Chat as ChatDetails, InboundMessage, RawPayload, ReachChange, ThreadKind, ThreadRef},
    id::ExternalMessageId,
    letter::Letter,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::{
    config::Groups,
    content::{Body, body, full_name},
    entity,
    place::Place,
    sabotage::{self, Rule},
    standing::Change,
    wire::{Connection, Deleted, Member, Message, Origin, Reacted, Update, User},
};

/// The kinds of update that we ask for, every time: Telegram keeps to the last list otherwise.
pub const KINDS: [&str; 8] = [
    "message",
    "edited_message",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "my_chat_member",
];

/// The kinds that we don't ask for. One may still come that was on an older list.
const OTHERS: [&str; 16] = [
    "callback_query",
    "channel_post",
    "chat_boost",
    "chat_join_request",
    "chat_member",
    "chosen_inline_result",
    "edited_channel_post",
    "inline_query",
    "managed_bot",
    "message_reaction_count",
    "poll",
    "poll_answer",
    "pre_checkout_query",
    "purchased_paid_media",
    "removed_chat_boost",
    "shipping_query",
];

/// Who we are, as far as that decides how an update is read.
#[derive(Debug, Clone)]
pub struct Ourselves {
    /// The bot's id: the digits before the colon of its token.
    pub id: i64,
    /// The bot's name in the settings, with its @, as our address.
    pub address: Address,
    /// Which messages of a group are meant for us.
    pub groups: Groups,
}

/// What an update says.
#[derive(Debug, Default)]
pub struct Read {
    /// For the bridge.
    pub events: Vec<InboundEvent>,
    /// About what the bot may do.
    pub changes: Vec<Change>,
}

/// An update that was found in an answer or a call.
#[derive(Debug, Deserialize)]
struct Numbered {
    update_id: i64,
}

/// The number of an update; `None` where it has none that can be read.
pub fn number(raw: &str) -> Option<i64> {
    serde_json::from_str::<Numbered>(raw).ok().map(|update| update.update_id).or_else(|| {
        // The rest of it may be broken (half of a surrogate pair, a key twice): the number alone is enough.
        let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw).ok()?;
        fields.get("update_id")?.get().parse().ok()
    })
}

/// Reads an update.
pub fn read(raw: &str, ours: &Ourselves, now: Timestamp) -> Read {
    match try_read(raw, ours, now) {
        Ok(read) => read,
        Err(reason) => {
            let id = number(raw).map_or_else(|| digest(raw), |number| number.to_string());
            let event = InboundEvent::Unreadable {
                id: ExternalMessageId(format!("update {id}")),
                raw: payload(raw),
                reason: reason.to_owned(),
                at: now,
            };
            Read { events: vec![event], changes: Vec::new() }
        }
    }
}

/// Reads an update again, from what was kept of it.
pub fn read_again(raw: &RawPayload, ours: &Ourselves, at: Timestamp) -> Vec<InboundEvent> {
    read(&String::from_utf8_lossy(&raw.bytes), ours, at).events
}

fn try_read(raw: &str, ours: &Ourselves, now: Timestamp) -> Result<Read, &'static str> {
    let update: Update =
        serde_json::from_str(raw).map_err(|_| "It is not built as an update of Telegram is.")?;
    let mut read = Read::default();
    let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw).unwrap_or_default();
    let part = |name: &str| fields.get(name).map_or("", |part| part.get());
    let mut known = false;
    let messages = [
        ("message", update.message, false),
        ("business_message", update.business_message, false),
        ("edited_message", update.edited_message, true),
        ("edited_business_message", update.edited_business_message, true),
    ];
    for (name, message, edited) in messages {
        let Some(message) = message else { continue };
        known = true;
        let reading = Reading { ours, update: raw, message: part(name) };
        if edited {
            read.events.extend(reading.edit(message)?);
        } else {
            read.events.extend(reading.message(message)?);
        }
    }
    if let Some(deleted) = update.deleted_business_messages {
        known = true;
        read.events.extend(retractions(deleted, now));
    }
    if let Some(reacted) = update.message_reaction {
        known = true;
        read.events.extend(reaction(&reacted, ours)?);
    }
    if let Some(member) = update.my_chat_member {
        known = true;
        membership(member, &mut read);
    }
    if let Some(connection) = update.business_connection {
        known = true;
        read.changes.push(business(connection));
    }
    let is_other = || OTHERS.iter().any(|name| fields.contains_key(*name));
    if known || is_other() { Ok(read) } else { Err("It is of a kind that this version does not know.") }
}

fn payload(raw: &str) -> RawPayload {
    RawPayload { content_type: "application/json".to_owned(), bytes: raw.as_bytes().to_vec() }
}

/// What an update without a number is known by.
fn digest(raw: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(raw))
}

/// Telegram counts in seconds.
fn instant(seconds: i64) -> Timestamp {
    Timestamp(seconds.saturating_mul(1000))
}

/// One message, and what it stands in.
struct Reading<'a> {
    ours: &'a Ourselves,
    /// The whole update as it came.
    update: &'a str,
    /// The message within it.
    message: &'a str,
}

impl Reading<'_> {
    fn message(&self, mut message: Message) -> Result<Vec<InboundEvent>, &'static str> {
        if let Some(rekey) = moved(&message) {
            return Ok(vec![rekey]);
        }
        Ok(self
            .inbound(&mut message)?
            .map(|inbound| InboundEvent::Message(Box::new(inbound)))
            .into_iter()
            .collect())
    }

    fn edit(&self, mut message: Message) -> Result<Vec<InboundEvent>, &'static str> {
        // A live location is edited with every step that its sender takes, and another one can't be:
        // nobody wrote anything.
        if message.location.is_some() {
            return Ok(Vec::new());
        }
        let at = instant(message.edit_date.unwrap_or(message.date));
        let Some(inbound) = self.inbound(&mut message)? else { return Ok(Vec::new()) };
        // A part of an album without a caption says nothing, and must not take away what another part says.
        if inbound.chat.album.is_some() && inbound.text.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![InboundEvent::Edit {
            id: inbound.id.clone(),
            text: inbound.text.clone(),
            spans: inbound.chat.spans.clone(),
            at,
            whole: Some(Box::new(inbound)),
        }])
    }

    /// The message as the bridge knows it; `None` where nobody said anything, or we did.
    fn inbound(&self, message: &mut Message) -> Result<Option<InboundMessage>, &'static str> {
        let place = place_of(message);
        let kind = match message.chat.kind.as_str() {
            "private" => ThreadKind::Private,
            "group" | "supergroup" => ThreadKind::Group,
            _ => return Err("It stands in a kind of chat that this version does not know."),
        };
        let Some(author) = self.author(message, &place)? else { return Ok(None) };
        let addressed =
            kind == ThreadKind::Private || self.ours.groups == Groups::All || self.speaks_to_us(message);
        let said = match body(message, self.message) {
            Body::Said(said) => said,
            Body::Nothing => return Ok(None),
            Body::Unknown => return Err("It says something in a form that this version does not know."),
        };
        let by_machine = message.is_automatic_forward || message.sender_business_bot.is_some();
        Ok(Some(InboundMessage {
            id: place.message(message.message_id),
            content_key: None,
            thread: ThreadRef {
                id: place.thread(),
                kind,
                permanent: kind == ThreadKind::Private && place.topic.is_none(),
                our_address: self.ours.address.clone(),
                title: message.chat.title.clone(),
            },
            author,
            chat: ChatDetails {
                album: message.media_group_id.take(),
                entry: entry(&said.text).filter(|_| kind == ThreadKind::Private),
                forwarded_from: message.forward_origin.take().map(origin),
                spans: said.spans,
            },
            text: said.text,
            attachments: said.attachments,
            reply_to: answered(message, &place),
            at: instant(message.date),
            addressed,
            unanswerable: by_machine.then_some(Unanswerable::AutomaticMail),
            letter: Letter::default(),
            raw: payload(self.update),
        }))
    }

    /// Who wrote it; `None` where we did.
    fn author(&self, message: &Message, place: &Place) -> Result<Option<Author>, &'static str> {
        if let Some(bot) = &message.sender_business_bot
            && bot.id == self.ours.id
        {
            return Ok(None);
        }
        // An administrator who hides behind the group, or a channel: Telegram names a made-up user, too.
        if let Some(chat) = &message.sender_chat {
            let title = chat.title.clone().or_else(|| chat.username.clone());
            let name = match (title, &message.author_signature) {
                (Some(title), Some(person)) => Some(format!("{person} ({title})")),
                (title, person) => title.or_else(|| person.clone()),
            };
            return Ok(Some(contact(chat.id, name, false)));
        }
        let Some(user) = &message.from else { return Err("It does not say who wrote it.") };
        if user.id == self.ours.id && !sabotage::breaks(Rule::OwnMessages) {
            return Ok(None);
        }
        // In a business account's chat with somebody all others are the account's people.
        if place.business.is_some() && user.id != place.chat {
            return Ok(Some(Author::OutsideHuman { to: Address::new(place.chat.to_string()) }));
        }
        Ok(Some(contact_of(user)))
    }

    /// Whether a message of a group is meant for us: it names us, is a command for us, or answers us.
    fn speaks_to_us(&self, message: &Message) -> bool {
        let name = self.ours.address.expose();
        let is_ours = |text: &str| text.eq_ignore_ascii_case(name);
        let named = |text: &str, entities: &[crate::wire::Entity]| {
            entities.iter().any(|entity| match entity.kind.as_str() {
                "mention" => entity::within(text, entity).is_some_and(is_ours),
                "text_mention" => entity.user.as_ref().is_some_and(|user| user.id == self.ours.id),
                // A command without a name is for every bot of the group.
                "bot_command" => entity::within(text, entity)
                    .is_some_and(|command| command.find('@').is_none_or(|at| is_ours(&command[at..]))),
                _ => false,
            })
        };
        let answers_us = message.reply_to_message.as_ref().is_some_and(|replied| {
            replied.forum_topic_created.is_none()
                && replied.from.as_ref().is_some_and(|user| user.id == self.ours.id)
        });
        answers_us
            || message.text.as_deref().is_some_and(|text| named(text, &message.entities))
            || message.caption.as_deref().is_some_and(|text| named(text, &message.caption_entities))
    }
}

fn place_of(message: &Message) -> Place {
    Place {
        business: message.business_connection_id.clone(),
        chat: message.chat.id,
        // Without the mark it is the root of a chain of answers, not a topic.
        topic: message.message_thread_id.filter(|_| message.is_topic_message),
    }
}

/// A group that became a supergroup tells it in both of them.
fn moved(message: &Message) -> Option<InboundEvent> {
    let here = message.chat.id;
    let (from, to) = match (message.migrate_to_chat_id, message.migrate_from_chat_id) {
        (Some(to), _) => (here, to),
        (None, Some(from)) => (from, here),
        (None, None) => return None,
    };
    Some(InboundEvent::Rekey { from: Place::chat(from).thread(), to: Place::chat(to).thread() })
}

fn answered(message: &Message, place: &Place) -> Option<ExternalMessageId> {
    let replied = message.reply_to_message.as_ref()?;
    let opened_the_topic = replied.forum_topic_created.is_some() || place.topic == Some(replied.message_id);
    (!opened_the_topic).then(|| place.message(replied.message_id))
}

/// What a link of ours gave along: `t.me/shop_bot?start=PAYLOAD` (<https://core.telegram.org/bots/features#deep-linking>).
fn entry(text: &str) -> Option<String> {
    let payload = text.strip_prefix("/start ")?.trim();
    (!payload.is_empty()).then(|| payload.to_owned())
}

fn origin(origin: Origin) -> String {
    let user = origin.sender_user.as_ref().map(name_of);
    let chat = origin.sender_chat.or(origin.chat).and_then(|chat| chat.title.or(chat.username));
    let place = match (chat, origin.author_signature) {
        (Some(chat), Some(person)) => Some(format!("{person} ({chat})")),
        (chat, _) => chat,
    };
    user.or(origin.sender_user_name).or(place).unwrap_or_else(|| "somebody".to_owned())
}

fn name_of(user: &User) -> String {
    let name = full_name(&user.first_name, user.last_name.as_deref());
    if name.is_empty() { user.username.clone().unwrap_or_default() } else { name }
}

fn contact_of(user: &User) -> Author {
    contact(user.id, Some(name_of(user)).filter(|name| !name.is_empty()), user.is_bot)
}

fn contact(id: i64, name: Option<String>, is_bot: bool) -> Author {
    Author::Contact {
        address: Address::new(id.to_string()),
        name,
        trust: Trust::Proven,
        can_reply: true,
        is_bot: is_bot && !sabotage::breaks(Rule::OtherBots),
    }
}

fn retractions(deleted: Deleted, now: Timestamp) -> Vec<InboundEvent> {
    let place = Place { business: Some(deleted.business_connection_id), ..Place::chat(deleted.chat.id) };
    // Telegram does not say when.
    let taken_back = |number| InboundEvent::Retraction { id: place.message(number), at: now };
    deleted.message_ids.into_iter().map(taken_back).collect()
}

fn reaction(reacted: &Reacted, ours: &Ourselves) -> Result<Option<InboundEvent>, &'static str> {
    let author = match (&reacted.user, &reacted.actor_chat) {
        (Some(user), _) if user.id == ours.id => return Ok(None),
        (Some(user), _) => contact_of(user),
        (None, Some(chat)) => contact(chat.id, chat.title.clone(), false),
        (None, None) => return Err("It does not say who reacted."),
    };
    let shown: String = reacted
        .new_reaction
        .iter()
        .map(|reaction| match (reaction.kind.as_str(), &reaction.emoji) {
            (_, Some(emoji)) => emoji.as_str(),
            ("paid", None) => "\u{2B50}",
            // A picture of the sender's own choice, of which only an id is told.
            _ => "\u{FFFD}",
        })
        .collect();
    Ok(Some(InboundEvent::Reaction {
        id: Place::chat(reacted.chat.id).message(reacted.message_id),
        author,
        reaction: (!shown.is_empty()).then_some(shown),
        at: instant(reacted.date),
    }))
}

/// What we may do in a chat has changed. In private: we are blocked, or no longer.
fn membership(member: Member, read: &mut Read) {
    let status = member.new_chat_member.status.as_str();
    let is_out = matches!(status, "left" | "kicked");
    if member.chat.kind == "private" {
        read.events.push(InboundEvent::Reach {
            address: Address::new(member.chat.id.to_string()),
            change: if is_out { ReachChange::Unreachable } else { ReachChange::Back },
            at: instant(member.date),
        });
        return;
    }
    let chat = member.chat.id;
    let title = member.chat.title.unwrap_or_default();
    read.changes.push(if is_out {
        Change::Removed { chat, title }
    } else if member.new_chat_member.can_send_messages == Some(false) {
        Change::Muted { chat, title }
    } else {
        Change::Welcome { chat }
    });
}

fn business(connection: Connection) -> Change {
    let may_reply =
        connection.rights.map_or(connection.can_reply.unwrap_or_default(), |rights| rights.can_reply);
    Change::Business { id: connection.id, enabled: connection.is_enabled, may_reply }
}
