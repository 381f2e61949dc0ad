//! What the gateway tells, as far as it is of use.

use serenity::model::{event::Event, guild::Member};

use crate::snowflake::Snowflake;

/// One thing that it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// A new session: what came before it is told by the history alone.
    Ready,
    /// The old session goes on, and what was missed was told.
    Resumed,
    /// Whether the connection stands.
    Connection(bool),
    /// Somebody wrote.
    Written(Seen),
    /// A message is another now, or may be.
    Changed(Seen),
    /// Messages were taken back.
    Deleted {
        /// Where.
        channel: Snowflake,
        /// Whether that is a private channel.
        direct: bool,
        /// Which.
        messages: Vec<Snowflake>,
    },
    /// Somebody reacted, or took that back.
    Reacted(Seen, Reaction),
    /// A thread was made or changed, or the bot was let into one.
    Thread(Snowflake),
    /// The connection ended and does not come back by itself.
    Ended(Ended),
}

/// A message that is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Where it stands.
    pub channel: Snowflake,
    /// Whether that is a private channel.
    pub direct: bool,
    /// Its id.
    pub message: Snowflake,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Who.
    pub user: Snowflake,
    /// What they are called, where that is told.
    pub name: Option<String>,
    /// Whether a machine reacted.
    pub is_bot: bool,
    /// With what; `None` takes it back.
    pub emoji: Option<String>,
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It could not be kept: try again.
    Lost,
    /// 4004: the token is not accepted.
    Unauthorized,
    /// 4013: the intents are not valid.
    Intents,
    /// 4014: an intent is not turned on at the developer portal.
    Disallowed,
}

/// What an event means; `None` for one that is of no use.
pub fn of(event: Event) -> Option<Signal> {
    let seen = |channel: u64, direct: bool, message: u64| Seen {
        channel: Snowflake(channel),
        direct,
        message: Snowflake(message),
    };
    Some(match event {
        Event::Ready(_) => Signal::Ready,
        Event::Resumed(_) => Signal::Resumed,
        Event::MessageCreate(event) => {
            let message = event.message;
            Signal::Written(seen(message.channel_id.get(), message.guild_id.is_none(), message.id.get()))
        }
        // Without a text it is a card that Discord added, or a pin.
        Event::MessageUpdate(event) if event.content.is_some() || event.edited_timestamp.is_some() => {
            Signal::Changed(seen(event.channel_id.get(), event.guild_id.is_none(), event.id.get()))
        }
        Event::MessageDelete(event) => Signal::Deleted {
            channel: Snowflake(event.channel_id.get()),
            direct: event.guild_id.is_none(),
            messages: vec![Snowflake(event.message_id.get())],
        },
        Event::MessageDeleteBulk(event) => Signal::Deleted {
            channel: Snowflake(event.channel_id.get()),
            direct: event.guild_id.is_none(),
            messages: event.ids.iter().map(|id| Snowflake(id.get())).collect(),
        },
        Event::ReactionAdd(event) => reacted(&event.reaction, true)?,
        Event::ReactionRemove(event) => reacted(&event.reaction, false)?,
        Event::ThreadCreate(event) => Signal::Thread(Snowflake(event.thread.id.get())),
        Event::ThreadUpdate(event) => Signal::Thread(Snowflake(event.thread.id.get())),
        Event::ThreadMembersUpdate(event) => Signal::Thread(Snowflake(event.id.get())),
        _ => return None,
    })
}

fn reacted(reaction: &serenity::all::Reaction, set: bool) -> Option<Signal> {
    let seen = Seen {
        channel: Snowflake(reaction.channel_id.get()),
        direct: reaction.guild_id.is_none(),
        message: Snowflake(reaction.message_id.get()),
    };
    let name = |member: &Member| member.user.global_name.clone().unwrap_or_else(|| member.user.name.clone());
    let emoji = match &reaction.emoji {
        serenity::all::ReactionType::Custom { name, .. } => {
            format!(":{}:", name.as_deref().unwrap_or("emoji"))
        }
        other => other.to_string(),
    };
    Some(Signal::Reacted(
        seen,
        Reaction {
            user: Snowflake(reaction.user_id?.get()),
            name: reaction.member.as_ref().map(name),
            is_bot: reaction.member.as_ref().is_some_and(|member| member.user.bot),
            emoji: set.then_some(emoji),
        },
    ))
}
