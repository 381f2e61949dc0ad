//! The app in a customer's hand: what they do, and what they see.

use rapport_sdk::model::Timestamp;

use super::{
    FakeDiscord,
    acts::Draft,
    channel::ChannelKind,
    message::FakeFile,
    snowflake::Snowflake,
    world::{Refusal, World, fixed},
};

/// A customer with their app.
#[derive(Clone)]
pub struct Customer {
    fake: FakeDiscord,
    id: Snowflake,
}

/// A message as the app shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: Snowflake,
    /// Who wrote it, by name.
    pub author: String,
    /// Whether this customer wrote it.
    pub written_here: bool,
    /// Whether the shop's bot wrote it.
    pub from_shop: bool,
    /// The text.
    pub text: String,
    /// Its files.
    pub files: Vec<FakeFile>,
    /// The message that it answers.
    pub reply_to: Option<Snowflake>,
    /// Whether it was edited.
    pub edited: bool,
    /// Emoji, and the name of who set it.
    pub reactions: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
}

/// A channel that the app lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: Snowflake,
    /// What it is.
    pub kind: ChannelKind,
    /// Its name; empty for direct messages.
    pub name: String,
    /// The channel of a thread.
    pub parent: Option<Snowflake>,
    /// Whether it was put aside.
    pub archived: bool,
}

impl Customer {
    pub(crate) fn new(fake: FakeDiscord, id: Snowflake) -> Self {
        Self { fake, id }
    }

    /// Who.
    pub fn id(&self) -> Snowflake {
        self.id
    }

    /// The direct channel with the bot.
    pub fn dm(&self) -> Snowflake {
        self.fake.act(|world| world.open_dm(self.id))
    }

    /// Writes to the bot directly.
    pub fn write_dm(&self, text: &str) -> Snowflake {
        self.write(self.dm(), text)
    }

    /// Writes in a channel. The id, 0 where nothing can be written.
    pub fn write(&self, channel: Snowflake, text: &str) -> Snowflake {
        self.send(channel, text, Vec::new(), None)
    }

    /// Writes with files, perhaps as an answer. The id, 0 where nothing can be written.
    pub fn send(
        &self,
        channel: Snowflake,
        text: &str,
        files: Vec<FakeFile>,
        reply_to: Option<Snowflake>,
    ) -> Snowflake {
        let draft = Draft { content: text.to_owned(), files, reply_to, ..Draft::default() };
        let posted = self.fake.act(|world| world.post(channel, self.id, draft));
        posted.map_or(Snowflake(0), |message| message.id)
    }

    /// Answers a message.
    pub fn reply(&self, channel: Snowflake, message: Snowflake, text: &str) -> Snowflake {
        self.send(channel, text, Vec::new(), Some(message))
    }

    /// Changes a text.
    pub fn edit(&self, channel: Snowflake, message: Snowflake, text: &str) -> bool {
        self.change(|world| world.edit(channel, message, text, false).map(drop))
    }

    /// Takes a message back.
    pub fn delete(&self, channel: Snowflake, message: Snowflake) -> bool {
        self.fake.act(|world| world.delete(channel, message))
    }

    /// Sets a reaction.
    pub fn react(&self, channel: Snowflake, message: Snowflake, emoji: &str) -> bool {
        self.change(|world| world.react(channel, message, self.id, emoji, true))
    }

    /// Takes a reaction back.
    pub fn unreact(&self, channel: Snowflake, message: Snowflake, emoji: &str) -> bool {
        self.change(|world| world.react(channel, message, self.id, emoji, false))
    }

    /// Begins to type.
    pub fn type_in(&self, channel: Snowflake) {
        self.fake.act(|world| world.type_in(channel, self.id));
    }

    /// Writes a post of a forum: a thread whose first message has its id.
    pub fn post(&self, forum: Snowflake, title: &str, text: &str) -> Snowflake {
        let draft = Draft { content: text.to_owned(), ..Draft::default() };
        self.fake.act(|world| {
            let id = world.new_id();
            world.start_thread(id, forum, ChannelKind::PublicThread, title, &[self.id]);
            world.post_as(id, id, self.id, draft).map_or(Snowflake(0), |message| message.id)
        })
    }

    /// Begins a thread in a text channel; the bot is in a private one from the start.
    pub fn start_thread(&self, channel: Snowflake, name: &str, private: bool) -> Snowflake {
        let (kind, members) = if private {
            (ChannelKind::PrivateThread, vec![self.id, fixed::BOT])
        } else {
            (ChannelKind::PublicThread, vec![self.id])
        };
        self.fake.act(|world| {
            let id = world.new_id();
            world.start_thread(id, channel, kind, name, &members);
            id
        })
    }

    /// Takes, or takes no more, direct messages of bots.
    pub fn set_reachable(&self, reachable: bool) {
        self.fake.act(|world| {
            if let Some(mut user) = world.users.get(&self.id).cloned() {
                user.reachable = reachable;
                world.keep_user(user);
            }
        });
    }

    /// Whether they take direct messages of bots.
    pub fn is_reachable(&self) -> bool {
        self.fake.shared.with(|state| state.world.users.get(&self.id).is_some_and(|user| user.reachable))
    }

    /// Leaves the guild.
    pub fn leave(&self) {
        self.fake.act(|world| {
            if let Some(mut user) = world.users.get(&self.id).cloned() {
                user.member = false;
                world.keep_user(user);
            }
        });
    }

    /// The channels that the app lists, oldest first.
    pub fn places(&self) -> Vec<Place> {
        self.fake.shared.with(|state| {
            let listed = state.world.channels.values().filter(|channel| match channel.kind {
                ChannelKind::Dm | ChannelKind::PrivateThread => channel.members.contains(&self.id),
                _ => true,
            });
            listed
                .map(|channel| Place {
                    id: channel.id,
                    kind: channel.kind,
                    name: channel.name.clone(),
                    parent: channel.parent,
                    archived: channel.archived,
                })
                .collect()
        })
    }

    /// What the app shows of a channel, oldest first.
    pub fn view(&self, channel: Snowflake) -> Vec<Shown> {
        self.fake.shared.with(|state| {
            let world = &state.world;
            let name = |id: Snowflake| world.users.get(&id).map(|user| user.name.clone());
            let shown = world.messages_of(channel).map(|message| Shown {
                id: message.id,
                author: message.webhook.clone().or_else(|| name(message.author)).unwrap_or_default(),
                written_here: message.author == self.id,
                from_shop: message.author == fixed::BOT,
                text: message.content.clone(),
                files: message.files.iter().map(|(_, file)| file.clone()).collect(),
                reply_to: message.reply_to,
                edited: message.edited.is_some(),
                reactions: message
                    .reactions
                    .iter()
                    .flat_map(|(emoji, who)| {
                        who.iter().map(|id| (emoji.clone(), name(*id).unwrap_or_default()))
                    })
                    .collect(),
                at: message.id.time(),
            });
            shown.collect()
        })
    }

    fn change(&self, act: impl FnOnce(&mut World) -> Result<(), Refusal>) -> bool {
        self.fake.act(|world| act(world).is_ok())
    }
}
