//! All that the provider knows: users, channels, messages; in memory and, if wanted, on disk.
//!
//! It says how each looks from outside. What changes it is in `acts`; who may ask is none of its business.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    channel::{Access, Channel, ChannelKind},
    event::{Event, hide, intents},
    links::Links,
    message::Message,
    people::User,
    snowflake::{Snowflake, instant},
};
use crate::journal::{self, Journal};

/// The ids of what is there from the start, so that a configuration can name them.
pub(crate) mod fixed {
    use super::Snowflake;

    pub(crate) const APPLICATION: Snowflake = Snowflake(1_200_000_000_000_000_000);
    pub(crate) const BOT: Snowflake = APPLICATION;
    pub(crate) const GUILD: Snowflake = Snowflake(1_200_000_000_000_000_100);
    pub(crate) const SUPPORT: Snowflake = Snowflake(1_200_000_000_000_000_200);
    pub(crate) const LOBBY: Snowflake = Snowflake(1_200_000_000_000_000_201);
    pub(crate) const FORUM: Snowflake = Snowflake(1_200_000_000_000_000_202);
    pub(crate) const OWNER: Snowflake = Snowflake(1_200_000_000_000_000_300);
    pub(crate) const OTHER_BOT: Snowflake = Snowflake(1_200_000_000_000_000_301);
    /// The role that the bot got with its invitation.
    pub(crate) const ROLE: Snowflake = Snowflake(1_200_000_000_000_000_400);
}

/// What everybody may do in the guild.
const EVERYBODY: u64 = 2_248_473_465_835_073;
/// What the bot was invited with.
const INVITED: u64 = 343_597_501_440;

/// Why something is refused: HTTP status, the API's code, its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) u16, pub(crate) u32, pub(crate) &'static str);

pub(crate) const UNKNOWN_CHANNEL: Refusal = Refusal(404, 10003, "Unknown Channel");
pub(crate) const UNKNOWN_GUILD: Refusal = Refusal(404, 10004, "Unknown Guild");
pub(crate) const UNKNOWN_MEMBER: Refusal = Refusal(404, 10007, "Unknown Member");
pub(crate) const UNKNOWN_MESSAGE: Refusal = Refusal(404, 10008, "Unknown Message");
pub(crate) const UNKNOWN_USER: Refusal = Refusal(404, 10013, "Unknown User");
pub(crate) const MISSING_ACCESS: Refusal = Refusal(403, 50001, "Missing Access");
pub(crate) const NOT_THE_AUTHOR: Refusal =
    Refusal(403, 50005, "Cannot edit a message authored by another user");
pub(crate) const EMPTY: Refusal = Refusal(400, 50006, "Cannot send an empty message");
pub(crate) const CLOSED_DM: Refusal = Refusal(403, 50007, "Cannot send messages to this user");
pub(crate) const NOT_FOR_TEXT: Refusal = Refusal(400, 50008, "Cannot send messages in a non-text channel");
pub(crate) const MISSING_PERMISSIONS: Refusal = Refusal(403, 50013, "Missing Permissions");
pub(crate) const WRONG_KIND: Refusal = Refusal(400, 50024, "Cannot execute action on this channel type");
pub(crate) const ARCHIVED: Refusal = Refusal(400, 50083, "Thread is archived");
pub(crate) const HAS_THREAD: Refusal =
    Refusal(400, 160_004, "A thread has already been created for this message");
pub(crate) const LOCKED: Refusal = Refusal(400, 160_005, "Thread is locked");

/// A thing on disk, as it stands after a change.
#[derive(Serialize, Deserialize)]
enum Thing {
    User(User),
    Channel(Channel),
    Message(Box<Message>),
    /// A message that was deleted.
    Gone(Snowflake),
}

impl journal::Line for Thing {
    fn key(&self) -> String {
        match self {
            Self::User(user) => format!("user {}", user.id),
            Self::Channel(channel) => format!("channel {}", channel.id),
            Self::Message(message) => format!("message {}", message.id),
            Self::Gone(id) => format!("message {id}"),
        }
    }
}

/// All of it.
pub(crate) struct World {
    pub(crate) users: BTreeMap<Snowflake, User>,
    pub(crate) channels: BTreeMap<Snowflake, Channel>,
    pub(crate) messages: HashMap<Snowflake, BTreeMap<Snowflake, Message>>,
    pub(crate) links: Links,
    /// What happened and was not told yet.
    pub(crate) events: Vec<Event>,
    /// What the roles of the guild allow: everybody's, which has the guild's id, and the bot's.
    pub(crate) roles: BTreeMap<Snowflake, u64>,
    /// Whether the gateway tells of new direct channels, as it did for older versions.
    pub(crate) announces_dms: bool,
    /// The bot's messages by their nonces, as JSON: channel and id.
    nonces: HashMap<String, (Snowflake, Snowflake)>,
    last_id: Snowflake,
    journal: Option<Journal>,
}

impl World {
    /// What there is in the beginning, or what a journal holds.
    pub(crate) fn open(
        name: &str,
        links: Links,
        announces_dms: bool,
        memory: Option<&Path>,
    ) -> io::Result<Self> {
        let mut world = Self {
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: HashMap::new(),
            links,
            events: Vec::new(),
            roles: BTreeMap::from([(fixed::GUILD, EVERYBODY), (fixed::ROLE, INVITED)]),
            announces_dms,
            nonces: HashMap::new(),
            last_id: Snowflake(0),
            journal: None,
        };
        for (id, name, bot) in
            [(fixed::BOT, name, true), (fixed::OWNER, "Owner", false), (fixed::OTHER_BOT, "Moderator", true)]
        {
            world.users.insert(id, User { bot, ..User::new(id, name) });
        }
        for (id, kind, name) in [
            (fixed::SUPPORT, ChannelKind::Text, "support"),
            (fixed::LOBBY, ChannelKind::Text, "lobby"),
            (fixed::FORUM, ChannelKind::Forum, "questions"),
        ] {
            world.channels.insert(id, Channel::new(id, kind, name));
        }
        if let Some(memory) = memory {
            let (journal, things) = Journal::open::<Thing>(memory)?;
            for thing in things {
                world.remember(thing);
            }
            world.journal = Some(journal);
        }
        Ok(world)
    }

    fn remember(&mut self, thing: Thing) {
        let id = match &thing {
            Thing::User(user) => user.id,
            Thing::Channel(channel) => channel.id,
            Thing::Message(message) => message.id,
            Thing::Gone(id) => *id,
        };
        self.last_id = self.last_id.max(id);
        match thing {
            Thing::User(user) => drop(self.users.insert(user.id, user)),
            Thing::Channel(channel) => drop(self.channels.insert(channel.id, channel)),
            Thing::Message(message) => self.hold(*message),
            Thing::Gone(_) => {}
        }
    }

    /// A new id, later than all others.
    pub(crate) fn new_id(&mut self) -> Snowflake {
        let id = Snowflake::at(self.links.clock.now()).max(Snowflake(self.last_id.0 + 1));
        self.last_id = id;
        id
    }

    fn note(&mut self, thing: &Thing) {
        if let Some(journal) = &mut self.journal {
            journal.note(thing);
        }
    }

    /// Keeps a user as it is now.
    pub(crate) fn keep_user(&mut self, user: User) {
        self.note(&Thing::User(user.clone()));
        self.users.insert(user.id, user);
    }

    /// Keeps a channel as it is now.
    pub(crate) fn keep_channel(&mut self, channel: Channel) {
        self.note(&Thing::Channel(channel.clone()));
        self.channels.insert(channel.id, channel);
    }

    /// Keeps a message as it is now.
    pub(crate) fn keep_message(&mut self, message: Message) {
        self.note(&Thing::Message(Box::new(message.clone())));
        self.hold(message);
    }

    fn hold(&mut self, message: Message) {
        if let Some(nonce) = message.nonce.as_ref().filter(|_| message.author == fixed::BOT) {
            self.nonces.insert(nonce.to_string(), (message.channel, message.id));
        }
        self.messages.entry(message.channel).or_default().insert(message.id, message);
    }

    /// The last message of the bot with this nonce.
    pub(crate) fn with_nonce(&self, nonce: &Value) -> Option<&Message> {
        let (channel, id) = self.nonces.get(&nonce.to_string())?;
        self.message(*channel, *id).ok()
    }

    /// Forgets a message; whether it was there.
    pub(crate) fn forget_message(&mut self, channel: Snowflake, id: Snowflake) -> bool {
        let was_there = self.messages.get_mut(&channel).is_some_and(|known| known.remove(&id).is_some());
        if was_there {
            self.note(&Thing::Gone(id));
        }
        was_there
    }

    pub(crate) fn channel(&self, id: Snowflake) -> Result<&Channel, Refusal> {
        self.channels.get(&id).ok_or(UNKNOWN_CHANNEL)
    }

    pub(crate) fn message(&self, channel: Snowflake, id: Snowflake) -> Result<&Message, Refusal> {
        self.messages.get(&channel).and_then(|known| known.get(&id)).ok_or(UNKNOWN_MESSAGE)
    }

    /// The messages of a channel, oldest first.
    pub(crate) fn messages_of(&self, channel: Snowflake) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.get(&channel).into_iter().flat_map(BTreeMap::values)
    }

    /// What the bot may do in a channel: that of its parent, and a private thread takes its members.
    pub(crate) fn access(&self, channel: &Channel) -> Access {
        let parent = channel.parent.and_then(|parent| self.channels.get(&parent));
        let access = parent.map_or(channel.access, |parent| match channel.access {
            Access::Full => parent.access,
            less => less,
        });
        let outside = channel.kind == ChannelKind::PrivateThread && !channel.members.contains(&fixed::BOT);
        if outside { Access::None } else { access }
    }

    /// A channel that the bot sees.
    pub(crate) fn seen(&self, id: Snowflake) -> Result<&Channel, Refusal> {
        let channel = self.channel(id)?;
        if self.access(channel) == Access::None { Err(MISSING_ACCESS) } else { Ok(channel) }
    }

    /// A channel as the bot sees it.
    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        let recipients = channel.members.iter().filter_map(|id| self.users.get(id));
        let recipients: Vec<Value> = recipients.map(User::as_json).collect();
        channel.as_json(fixed::GUILD, fixed::BOT, &recipients)
    }

    /// A message as the bot sees it in an answer to its own sending.
    pub(crate) fn message_json(&self, message: &Message) -> Value {
        let mut shown = self.bare_json(message);
        if let Some(answered) = message.reply_to {
            shown["message_reference"] = json!({
                "type": 0, "message_id": answered, "channel_id": message.channel, "guild_id": self.guild_of(message.channel),
            });
            let answered = self.message(message.channel, answered).ok();
            shown["referenced_message"] = answered.map_or(Value::Null, |answered| {
                let mut answered = self.bare_json(answered);
                forget(&mut answered, "nonce");
                answered
            });
            if let Some(reference) = shown["message_reference"].as_object_mut() {
                reference.retain(|_, value| !value.is_null());
            }
        }
        if let Some(thread) = self.channels.get(&message.id).filter(|thread| thread.id != message.channel) {
            shown["thread"] = self.channel_json(thread);
        }
        shown
    }

    fn bare_json(&self, message: &Message) -> Value {
        let mentions = message.mentions.iter().filter_map(|id| self.users.get(id));
        let mentions: Vec<Value> = mentions.map(User::as_json).collect();
        message.as_json(self.users.get(&message.author), &mentions, &self.links)
    }

    /// A message as the bot reads it in the history.
    pub(crate) fn history_json(&self, message: &Message, may_read: bool) -> Value {
        let mut shown = self.message_json(message);
        forget(&mut shown, "nonce");
        if !may_read && self.is_private(message) {
            hide(&mut shown);
        }
        shown
    }

    /// The guild of a channel, if it is in one.
    pub(crate) fn guild_of(&self, channel: Snowflake) -> Option<Snowflake> {
        self.channels.get(&channel).filter(|channel| channel.kind != ChannelKind::Dm).map(|_| fixed::GUILD)
    }

    /// Whether the bot needs leave to read it.
    pub(crate) fn is_private(&self, message: &Message) -> bool {
        self.guild_of(message.channel).is_some()
            && message.author != fixed::BOT
            && !message.mentions.contains(&fixed::BOT)
    }

    /// The guild without what is in it.
    pub(crate) fn bare_guild_json(&self) -> Value {
        let mut guild: Value = serde_json::from_str(include_str!("guild.json")).unwrap_or_default();
        let everybody = guild["roles"][0].take();
        let role = |(position, (id, permissions)): (usize, (&Snowflake, &u64))| {
            let mut role = everybody.clone();
            role["id"] = json!(id);
            role["permissions"] = permissions.to_string().into();
            role["position"] = position.into();
            if position > 0 {
                role["name"] = "Shop".into();
                role["managed"] = true.into();
            }
            role
        };
        guild["roles"] = self.roles.iter().enumerate().map(role).collect();
        guild
    }

    /// The whole guild, as the gateway tells it first.
    pub(crate) fn guild_json(&self) -> Value {
        let seen =
            |channel: &&Channel| channel.kind != ChannelKind::Dm && self.access(channel) != Access::None;
        let (threads, channels): (Vec<&Channel>, Vec<&Channel>) =
            self.channels.values().filter(seen).partition(|channel| channel.kind.is_thread());
        let shown = |channels: &[&Channel]| -> Vec<Value> {
            channels.iter().filter(|channel| !channel.archived).map(|one| self.channel_json(one)).collect()
        };
        let bot = self.users.get(&fixed::BOT).map(|bot| bot.as_member(true));
        let mut guild = self.bare_guild_json();
        guild["joined_at"] = instant(fixed::GUILD.time()).into();
        guild["member_count"] = self.users.values().filter(|user| user.member).count().into();
        guild["members"] = bot.into_iter().collect();
        guild["channels"] = shown(&channels).into();
        guild["threads"] = shown(&threads).into();
        guild
    }

    /// Something happened in a channel: told if the bot sees it, with the intent of its place.
    pub(crate) fn tell(&mut self, channel: Snowflake, name: &'static str, mut data: Value, private: bool) {
        let Ok(seen) = self.seen(channel) else { return };
        let is_dm = seen.kind == ChannelKind::Dm;
        let intent = match (name, is_dm) {
            ("TYPING_START", false) => intents::GUILD_MESSAGE_TYPING,
            ("TYPING_START", true) => intents::DIRECT_MESSAGE_TYPING,
            ("MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE", false) => intents::GUILD_MESSAGE_REACTIONS,
            ("MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE", true) => intents::DIRECT_MESSAGE_REACTIONS,
            (name, false) if name.starts_with("MESSAGE") => intents::GUILD_MESSAGES,
            (name, true) if name.starts_with("MESSAGE") => intents::DIRECT_MESSAGES,
            (_, true) => intents::DIRECT_MESSAGES,
            (_, false) => intents::GUILDS,
        };
        if !is_dm {
            data["guild_id"] = fixed::GUILD.to_string().into();
        }
        self.events.push(Event { name, data, intent, private });
    }
}

fn forget(object: &mut Value, key: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(key);
    }
}
