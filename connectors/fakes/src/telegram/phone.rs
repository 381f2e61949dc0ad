//! A customer's side: writing, editing, reacting, and reading what came.

use rapport_sdk::model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    ChatMessage, FakeTelegram,
    files::unique,
    media::Media,
    sending::answered,
    world::{Chat, ChatKind, FakeFile, Membership, User, World},
};

/// What a customer sends.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The text, or what is said of the file.
    pub text: String,
    /// How the text is dressed.
    pub entities: Vec<Value>,
    /// The file, and what it is sent as.
    pub file: Option<(Media, FakeFile)>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// What it quotes of that.
    pub quote: Option<String>,
    /// The album that it is a part of: any text.
    pub album: Option<String>,
    /// Further fields of the API's message, which replace those that would be made.
    pub more: Map<String, Value>,
}

impl Draft {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// A file and what is said of it.
    pub fn file(media: Media, file: FakeFile, caption: &str) -> Self {
        Self { file: Some((media, file)), ..Self::text(caption) }
    }

    /// A message with these fields of the API's own.
    pub fn of(fields: Value) -> Self {
        Self::default().with(fields)
    }

    /// A place.
    pub fn location(latitude: f64, longitude: f64) -> Self {
        Self::of(json!({"location": {"latitude": latitude, "longitude": longitude}}))
    }

    /// A place with a name.
    pub fn venue(latitude: f64, longitude: f64, title: &str, address: &str) -> Self {
        let location = json!({"latitude": latitude, "longitude": longitude});
        Self::of(json!({
            "location": location, "venue": {"location": location, "title": title, "address": address},
        }))
    }

    /// A card of somebody's.
    pub fn contact(number: &str, name: &str) -> Self {
        Self::of(json!({"contact": {"phone_number": number, "first_name": name}}))
    }

    /// A question with answers to choose from.
    pub fn poll(question: &str, answers: &[&str]) -> Self {
        let options = answers
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"persistent_id": index.to_string(), "text": text, "voter_count": 0}));
        Self::of(json!({"poll": {
            "id": "5000000000000000001", "question": question, "options": options.collect::<Vec<_>>(),
            "total_voter_count": 0, "is_closed": false, "is_anonymous": true, "type": "regular",
            "allows_multiple_answers": false, "allows_revoting": false, "members_only": false,
        }}))
    }

    /// A die that was thrown.
    pub fn dice(value: u8) -> Self {
        Self::of(json!({"dice": {"emoji": "🎲", "value": value}}))
    }

    /// As an answer.
    #[must_use]
    pub fn replying(self, to: i64) -> Self {
        Self { reply_to: Some(to), ..self }
    }

    /// As an answer to a part of a message.
    #[must_use]
    pub fn quoting(self, to: i64, quote: &str) -> Self {
        Self { quote: Some(quote.to_owned()), ..self.replying(to) }
    }

    /// As a part of an album: when its parts come, and in which order, is the caller's.
    #[must_use]
    pub fn in_album(self, album: &str) -> Self {
        Self { album: Some(album.to_owned()), ..self }
    }

    /// As something that somebody else wrote, who hides who it is.
    #[must_use]
    pub fn forwarded_from(self, name: &str, at: i64) -> Self {
        self.with(json!({
            "forward_origin": {"type": "hidden_user", "date": at, "sender_user_name": name},
        }))
    }

    /// With these fields of the API's own.
    #[must_use]
    pub fn with(mut self, fields: Value) -> Self {
        if let Value::Object(fields) = fields {
            self.more.extend(fields);
        }
        self
    }

    fn parts(self, world: &mut World, chat: &Chat) -> (Map<String, Value>, Vec<String>) {
        let mut parts = Map::new();
        let entities = if self.entities.is_empty() { found_in(&self.text) } else { self.entities };
        let (text, dressed) = match self.file {
            None => ("text", "entities"),
            Some(_) => ("caption", "caption_entities"),
        };
        if !entities.is_empty() {
            parts.insert(dressed.to_owned(), entities.into());
        }
        if !self.text.is_empty() {
            parts.insert(text.to_owned(), self.text.into());
        }
        let mut files = Vec::new();
        if let Some((media, file)) = self.file {
            let id = world.put_file(file);
            parts.extend(media.parts(world, &id));
            files.push(id);
        }
        if let Some(album) = self.album {
            parts.insert("media_group_id".to_owned(), album.into());
        }
        let replied = self.reply_to.and_then(|to| world.record(chat.id, chat.business.as_deref(), to));
        if let Some(replied) = replied {
            parts.extend(answered(&replied.json, self.quote.as_deref()).unwrap_or_default());
            // A thread of answers has a number too, though it is no topic.
            if chat.kind == ChatKind::Supergroup {
                let root = replied.json["message_thread_id"].as_i64().unwrap_or(replied.id);
                parts.insert("message_thread_id".to_owned(), root.into());
            }
        }
        parts.extend(self.more);
        (parts, files)
    }
}

/// Commands and mentions, which the provider finds by itself.
fn found_in(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end().trim_end_matches(['.', ',', '!', '?']);
        let kind = match bare.chars().next() {
            Some('/') if offset == 0 => Some("bot_command"),
            Some('@') if bare.len() > 1 => Some("mention"),
            _ if bare.starts_with("https://") || bare.starts_with("http://") => Some("url"),
            _ => None,
        };
        if let Some(kind) = kind {
            found.push(json!({"type": kind, "offset": offset, "length": bare.encode_utf16().count()}));
        }
        offset += word.encode_utf16().count();
    }
    found
}

/// A customer's phone, open at one chat.
#[derive(Clone)]
pub struct Phone {
    pub(super) fake: FakeTelegram,
    pub(super) user: i64,
    pub(super) chat: i64,
    pub(super) business: Option<String>,
    pub(super) thread: Option<i64>,
}

impl FakeTelegram {
    /// The phone of the customer with this name, open at the chat with the bot. There is none yet before the
    /// customer has written.
    pub fn customer(&self, name: &str) -> Phone {
        let known = |world: &World| world.users.iter().find(|user| user.name == name).map(|user| user.id);
        let user = self.shared.with(|world| known(world)).unwrap_or_else(|| self.new_customer(name));
        Phone { fake: self.clone(), user, chat: user, business: None, thread: None }
    }

    fn new_customer(&self, name: &str) -> i64 {
        self.act(|world, _| {
            // More than 32 bits, as the newer ones have.
            let id = 5_000_000_001 + i64::try_from(world.users.len()).unwrap_or(0);
            let username = name.to_lowercase().replace(' ', "_");
            let username = Some(username).filter(|name| name.is_ascii());
            world.put_user(User { id, name: name.to_owned(), username, is_bot: false, deactivated: false });
            id
        })
    }
}

impl Phone {
    /// The customer's id.
    pub fn user_id(&self) -> i64 {
        self.user
    }

    /// The chat that is open.
    pub fn chat_id(&self) -> i64 {
        self.chat
    }

    /// The same phone with this topic open.
    #[must_use]
    pub fn in_topic(&self, thread: i64) -> Self {
        Self { thread: Some(thread), ..self.clone() }
    }

    /// Writes a text, and gives the number of the message.
    pub fn write(&self, text: &str) -> i64 {
        self.send(Draft::text(text))
    }

    /// Opens the chat by a link with something to hand over.
    pub fn start(&self, payload: &str) -> i64 {
        self.write(format!("/start {payload}").trim())
    }

    /// Sends, and gives the number of the message. Whoever had blocked the bot lets it in again by that.
    pub fn send(&self, draft: Draft) -> i64 {
        self.fake.act(|world, now| {
            let chat = self.opened(world, now);
            let (mut parts, files) = draft.parts(world, &chat);
            if let Some(thread) = self.thread {
                let topic = world.record(chat.id, None, thread).map(|record| record.json.clone());
                // The provider shows each first message of a topic as an answer to the topic's beginning.
                if let Some(topic) = topic.filter(|_| !parts.contains_key("reply_to_message")) {
                    parts.insert("reply_to_message".to_owned(), topic);
                }
                parts.insert("message_thread_id".to_owned(), thread.into());
                parts.insert("is_topic_message".to_owned(), true.into());
            }
            let message = world.add(&chat, self.user, parts, files, now);
            let id = message["message_id"].as_i64().unwrap_or(0);
            if world.hears(&chat, &message) {
                world.change(chat.id, chat.business.as_deref(), id, |record| record.seen = true);
                world.tell(kind_of(&chat, "message"), message, now);
            }
            id
        })
    }

    /// Sends files that belong together, with what is said at the first, and gives the numbers of the messages.
    pub fn send_album(&self, media: Media, files: Vec<FakeFile>, caption: &str) -> Vec<i64> {
        let album = unique(&format!("{:012x}", rand::random::<u32>()));
        let captions = std::iter::once(caption).chain(std::iter::repeat(""));
        let drafts = files.into_iter().zip(captions).map(|(file, said)| Draft::file(media, file, said));
        drafts.map(|draft| self.send(draft.in_album(&album))).collect()
    }

    /// Changes the text of an own message, or what is said of its file.
    pub fn edit(&self, id: i64, text: &str) {
        self.change(id, |message| {
            let (name, entities) = if message.contains_key("text") {
                ("text", "entities")
            } else {
                ("caption", "caption_entities")
            };
            message.remove(entities);
            let found = found_in(text);
            if !found.is_empty() {
                message.insert(entities.to_owned(), found.into());
            }
            message.insert(name.to_owned(), text.into());
        });
    }

    /// The provider tells of an edit that nobody sees, as it does when it has looked at a link.
    pub fn edit_invisibly(&self, id: i64) {
        self.change(id, |_| {});
    }

    /// Puts fields of the API's own into an own message, as an edit.
    pub fn edit_with(&self, id: i64, fields: Value) {
        self.change(id, |message| {
            if let Value::Object(fields) = fields {
                message.extend(fields);
            }
        });
    }

    fn change(&self, id: i64, change: impl FnOnce(&mut Map<String, Value>)) {
        self.fake.act(|world, now| {
            let business = self.business.as_deref();
            let edited = world.change(self.chat, business, id, |record| {
                if let Value::Object(message) = &mut record.json {
                    change(message);
                    message.insert("edit_date".to_owned(), (now.millis() / 1000).into());
                }
                record.seen.then(|| record.json.clone())
            });
            if let (Some(Some(message)), Some(chat)) = (edited, world.chat(self.chat, business).cloned()) {
                world.tell(kind_of(&chat, "edited_message"), message, now);
            }
        });
    }

    /// Reacts to a message with these emoji, instead of those before.
    pub fn react(&self, id: i64, emoji: &[&str]) {
        self.fake.act(|world, now| {
            let new: Vec<Value> =
                emoji.iter().map(|emoji| json!({"type": "emoji", "emoji": emoji})).collect();
            let chat = self.opened(world, now);
            let old = world.change(chat.id, chat.business.as_deref(), id, |record| {
                let old = record.reactions.insert(self.user, new.clone()).unwrap_or_default();
                (old, record.user)
            });
            let Some((old, _)) = old.filter(|(old, _)| *old != new) else { return };
            // In a group it is told only to an administrator, and of a business never.
            let told = chat.kind == ChatKind::Private || chat.bot == Membership::Administrator;
            if told && chat.business.is_none() {
                let told = json!({
                    "chat": chat.as_json(), "message_id": id, "user": world.user_json(self.user),
                    "date": now.millis() / 1000, "old_reaction": old, "new_reaction": new,
                });
                world.tell("message_reaction", told, now);
            }
        });
    }

    /// Deletes own messages. A bot is told of it by a business alone.
    pub fn delete(&self, ids: &[i64]) {
        self.fake.act(|world, now| {
            for id in ids {
                world.change(self.chat, self.business.as_deref(), *id, |record| record.deleted = true);
            }
            let chat = world.chat(self.chat, self.business.as_deref()).map(Chat::as_json);
            if let Some(business) = &self.business {
                let gone = json!({"business_connection_id": business, "chat": chat, "message_ids": ids});
                world.tell("deleted_business_messages", gone, now);
            }
        });
    }

    /// What the open chat shows, oldest first, without what is deleted.
    pub fn messages(&self) -> Vec<ChatMessage> {
        let all = self.fake.messages(self.chat).into_iter();
        all.filter(|message| !message.deleted && message.business == self.business).collect()
    }

    /// The open chat; one with the bot begins by this.
    fn opened(&self, world: &mut World, now: Timestamp) -> Chat {
        let known = world.chat(self.chat, self.business.as_deref()).cloned();
        let mut chat = known.unwrap_or_else(|| {
            let user = world.user(self.user);
            let mut chat = Chat::new(self.chat, ChatKind::Private, user.map_or("", |user| &user.name));
            chat.username = user.and_then(|user| user.username.clone());
            chat.business.clone_from(&self.business);
            chat
        });
        if !chat.members.contains(&self.user) {
            chat.members.push(self.user);
        }
        if chat.kind == ChatKind::Private {
            return world.set_bot(chat, self.user, Membership::Member, now);
        }
        world.put_chat(chat.clone());
        chat
    }
}

/// The kind of update by which the bot hears of a message or an edit.
pub(super) fn kind_of(chat: &Chat, kind: &'static str) -> &'static str {
    match (kind, chat.business.is_some(), chat.kind == ChatKind::Channel) {
        ("message", true, _) => "business_message",
        ("message", _, true) => "channel_post",
        ("edited_message", true, _) => "edited_business_message",
        ("edited_message", _, true) => "edited_channel_post",
        _ => kind,
    }
}

impl World {
    /// Whether the bot hears of a message: in a group, with privacy mode, only of what is meant for it.
    pub(super) fn hears(&self, chat: &Chat, message: &Value) -> bool {
        if chat.id > 0 || chat.kind == ChatKind::Channel {
            return true;
        }
        if !chat.bot.is_in() {
            return false;
        }
        if !self.privacy || chat.bot == Membership::Administrator {
            return true;
        }
        let text = message["text"].as_str().or(message["caption"].as_str()).unwrap_or_default();
        let me = format!("@{}", self.bot.username.as_deref().unwrap_or_default());
        let first = text.split_whitespace().next().unwrap_or_default();
        let is_command = first.starts_with('/') && (!first.contains('@') || first.ends_with(&me));
        let is_service = text.is_empty() && message["new_chat_members"].is_array();
        is_command
            || text.contains(&me)
            || message["reply_to_message"]["from"]["id"] == self.bot.id
            || is_service
    }
}
