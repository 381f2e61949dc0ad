//! The memory: who there is, which chats they have, what was said, and the files.
//!
//! A message is kept as the API shows it. What happens to it is decided by `sending` and `phone`.

use std::{collections::BTreeMap, collections::HashMap, io, path::Path};

use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    fault::{Fault, Operation},
    kept::Kept,
    limits::Limits,
    records::{Record, Records},
    updates::Queue,
};
use crate::{faults::Faults, journal::Journal};

/// A person, or the bot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) username: Option<String>,
    pub(crate) is_bot: bool,
    /// The account is gone.
    pub(crate) deactivated: bool,
}

impl User {
    pub(crate) fn as_json(&self) -> Value {
        let (first, last) = self.name.split_once(' ').unwrap_or((&self.name, ""));
        let mut user = json!({"id": self.id, "is_bot": self.is_bot, "first_name": first});
        if !last.is_empty() {
            user["last_name"] = last.into();
        }
        if let Some(username) = &self.username {
            user["username"] = username.as_str().into();
        }
        if !self.is_bot {
            user["language_code"] = "en".into();
        }
        user
    }
}

/// What kind of chat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// Of one person and the bot, or of one person and a business.
    Private,
    /// A basic group.
    Group,
    /// A supergroup, with topics or without.
    Supergroup,
    /// A channel.
    Channel,
}

impl ChatKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup => "supergroup",
            Self::Channel => "channel",
        }
    }
}

/// What the bot is in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Membership {
    Member,
    Administrator,
    Left,
    /// Kicked out of a group, or blocked by a person.
    Kicked,
}

impl Membership {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Administrator => "administrator",
            Self::Left => "left",
            Self::Kicked => "kicked",
        }
    }

    pub(crate) fn is_in(self) -> bool {
        matches!(self, Self::Member | Self::Administrator)
    }
}

/// A topic of a forum. General is none of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Topic {
    pub(crate) thread: i64,
    pub(crate) name: String,
    pub(crate) closed: bool,
    pub(crate) deleted: bool,
}

/// A chat. One of a business is told from the same person's chat with the bot by its connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) business: Option<String>,
    pub(crate) kind: ChatKind,
    /// The title; of a private chat the person's name.
    pub(crate) title: String,
    pub(crate) username: Option<String>,
    pub(crate) is_forum: bool,
    pub(crate) bot: Membership,
    pub(crate) members: Vec<i64>,
    pub(crate) topics: Vec<Topic>,
    /// The supergroup that it became.
    pub(crate) migrated_to: Option<i64>,
}

impl Chat {
    pub(crate) fn new(id: i64, kind: ChatKind, title: &str) -> Self {
        Self {
            id,
            business: None,
            kind,
            title: title.to_owned(),
            username: None,
            is_forum: false,
            bot: Membership::Member,
            members: Vec::new(),
            topics: Vec::new(),
            migrated_to: None,
        }
    }

    pub(crate) fn is(&self, id: i64, business: Option<&str>) -> bool {
        self.id == id && self.business.as_deref() == business
    }

    pub(crate) fn as_json(&self) -> Value {
        let mut chat = json!({"id": self.id, "type": self.kind.name()});
        if self.kind == ChatKind::Private {
            let (first, last) = self.title.split_once(' ').unwrap_or((&self.title, ""));
            chat["first_name"] = first.into();
            if !last.is_empty() {
                chat["last_name"] = last.into();
            }
        } else {
            chat["title"] = self.title.as_str().into();
        }
        if let Some(username) = &self.username {
            chat["username"] = username.as_str().into();
        }
        if self.is_forum {
            chat["is_forum"] = true.into();
        }
        if self.kind == ChatKind::Group {
            chat["all_members_are_administrators"] = false.into();
        }
        chat
    }
}

/// A business that answers its customers through the bot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) id: String,
    pub(crate) owner: i64,
    pub(crate) is_enabled: bool,
    pub(crate) can_reply: bool,
    pub(crate) at: i64,
}

impl Connection {
    pub(crate) fn as_json(&self, owner: &Value) -> Value {
        json!({
            "id": self.id,
            "user": owner,
            "user_chat_id": self.owner,
            "date": self.at / 1000,
            "can_reply": self.can_reply,
            "rights": if self.can_reply { json!({"can_reply": true}) } else { json!({}) },
            "is_enabled": self.is_enabled,
        })
    }
}

/// A file that the provider keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FakeFile {
    /// Its name.
    pub name: String,
    /// Its type, as the sender claims.
    pub content_type: String,
    /// Its bytes.
    #[serde(with = "base64_bytes")]
    pub bytes: Bytes,
    /// The size that the API tells, where it is another one: so a test has large files without their bytes.
    pub claimed_size: Option<u64>,
}

impl FakeFile {
    /// A file.
    pub fn new(name: &str, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let (name, content_type) = (name.to_owned(), content_type.to_owned());
        Self { name, content_type, bytes: bytes.into(), claimed_size: None }
    }

    /// The size that the API tells, in bytes.
    pub fn size(&self) -> u64 {
        self.claimed_size.unwrap_or(self.bytes.len() as u64)
    }
}

mod base64_bytes {
    use base64::Engine as _;

    use super::{Bytes, Deserialize, STANDARD};

    pub(super) fn serialize<S: serde::Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}

/// The memory.
pub(crate) struct World {
    pub(crate) bot: User,
    pub(crate) users: Vec<User>,
    pub(crate) chats: Vec<Chat>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) records: Records,
    pub(crate) files: HashMap<String, FakeFile>,
    /// Where a file may be fetched, until when: (file, milliseconds).
    pub(crate) paths: HashMap<String, (String, i64)>,
    pub(crate) queue: Queue,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults<Operation, Fault>,
    /// Faults of calls that concern one chat.
    pub(crate) chat_faults: Faults<(Operation, i64), Fault>,
    pub(crate) violations: Vec<String>,
    pub(crate) calls: HashMap<Operation, usize>,
    pub(crate) typing: Vec<(i64, String)>,
    pub(crate) privacy: bool,
    pub(crate) down: bool,
    journal: Option<Journal>,
}

impl World {
    /// A memory that goes on from what its journal holds, if it is kept.
    pub(crate) fn open(bot: User, privacy: bool, memory: Option<&Path>) -> io::Result<Self> {
        let mut world = Self {
            bot,
            users: Vec::new(),
            chats: Vec::new(),
            connections: Vec::new(),
            records: Records::default(),
            files: HashMap::new(),
            paths: HashMap::new(),
            queue: Queue::default(),
            limits: Limits::default(),
            faults: Faults::default(),
            chat_faults: Faults::default(),
            violations: Vec::new(),
            calls: HashMap::new(),
            typing: Vec::new(),
            privacy,
            down: false,
            journal: None,
        };
        if let Some(path) = memory {
            let (journal, lines) = Journal::open::<Kept>(path)?;
            for line in lines {
                line.into_world(&mut world);
            }
            world.journal = Some(journal);
        }
        Ok(world)
    }

    /// Writes down how a thing stands now, where the memory is kept.
    pub(crate) fn note(&mut self, thing: impl FnOnce(&Self) -> Option<Kept>) {
        if self.journal.is_none() {
            return;
        }
        if let (Some(thing), Some(journal)) = (thing(self), &mut self.journal) {
            journal.note(&thing);
        }
    }

    pub(crate) fn user(&self, id: i64) -> Option<&User> {
        if id == self.bot.id { Some(&self.bot) } else { self.users.iter().find(|user| user.id == id) }
    }

    pub(crate) fn user_json(&self, id: i64) -> Value {
        self.user(id).map_or(Value::Null, User::as_json)
    }

    pub(crate) fn chat(&self, id: i64, business: Option<&str>) -> Option<&Chat> {
        self.chats.iter().find(|chat| chat.is(id, business))
    }

    /// Adds a chat, or changes how it is known.
    pub(crate) fn put_chat(&mut self, chat: Chat) {
        self.note(|_| Some(Kept::Chat(chat.clone())));
        match self.chats.iter_mut().find(|known| known.is(chat.id, chat.business.as_deref())) {
            Some(known) => *known = chat,
            None => self.chats.push(chat),
        }
    }

    pub(crate) fn put_user(&mut self, user: User) {
        self.note(|_| Some(Kept::User(user.clone())));
        match self.users.iter_mut().find(|known| known.id == user.id) {
            Some(known) => *known = user,
            None => self.users.push(user),
        }
    }

    pub(crate) fn put_connection(&mut self, connection: Connection) {
        self.note(|_| Some(Kept::Connection(connection.clone())));
        match self.connections.iter_mut().find(|known| known.id == connection.id) {
            Some(known) => *known = connection,
            None => self.connections.push(connection),
        }
    }

    pub(crate) fn connection(&self, id: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.id == id)
    }

    /// Keeps a file under a new id.
    pub(crate) fn put_file(&mut self, file: FakeFile) -> String {
        let id = format!("AgACFake{:024x}", rand::random::<u64>());
        self.note(|_| Some(Kept::File { id: id.clone(), file: file.clone() }));
        self.files.insert(id.clone(), file);
        id
    }

    pub(crate) fn record(&self, chat: i64, business: Option<&str>, id: i64) -> Option<&Record> {
        self.records.get(chat, business, id)
    }

    /// Changes a message; `None`: there is none.
    pub(crate) fn change<T>(
        &mut self,
        chat: i64,
        business: Option<&str>,
        id: i64,
        change: impl FnOnce(&mut Record) -> T,
    ) -> Option<T> {
        let changed = change(self.records.get_mut(chat, business, id)?);
        self.note(|world| world.record(chat, business, id).cloned().map(Kept::Message));
        Some(changed)
    }

    /// Puts a message into a chat and gives it as the API shows it. `parts` is what makes it more than its head.
    pub(crate) fn add(
        &mut self,
        chat: &Chat,
        user: i64,
        parts: Map<String, Value>,
        files: Vec<String>,
        now: Timestamp,
    ) -> Value {
        let id = self.records.next(chat);
        let mut message = json!({
            "message_id": id,
            "date": now.millis() / 1000,
            "chat": chat.as_json(),
        });
        if user == 0 {
            message["sender_chat"] = chat.as_json();
        } else {
            message["from"] = self.user_json(user);
        }
        if let Some(business) = &chat.business {
            message["business_connection_id"] = business.as_str().into();
        }
        if let Value::Object(message) = &mut message {
            message.extend(parts);
        }
        let record = Record {
            chat: chat.id,
            business: chat.business.clone(),
            id,
            user,
            at: now.millis(),
            json: message.clone(),
            files,
            seen: false,
            deleted: false,
            reactions: BTreeMap::new(),
        };
        self.note(|_| Some(Kept::Message(record.clone())));
        self.records.push(record);
        message
    }
}
