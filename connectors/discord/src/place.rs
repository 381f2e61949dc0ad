//! Where a message stands: in private, in the support channel, in a customer's thread there, in a post.

use rapport_sdk::model::{
    Address,
    event::{ThreadKind, ThreadRef},
    id::{ExternalMessageId, ExternalThreadId},
};
use serde::{Deserialize, Serialize};

use crate::snowflake::Snowflake;

/// Who we are at Discord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Us {
    /// The bot's user: what we write has this author.
    pub user: Snowflake,
    /// The application that the bot belongs to: it owns its webhooks.
    pub application: Snowflake,
}

/// A channel of which the messages are brought in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The channel or thread at Discord.
    pub channel: Snowflake,
    /// What it is to us.
    pub kind: PlaceKind,
}

/// What a channel is to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// The private channel of the bot and one person.
    Direct,
    /// The support channel: what somebody writes there belongs to their own thread.
    Support,
    /// The private thread of this customer.
    Customer {
        /// The customer.
        user: Snowflake,
    },
    /// A thread that several people read: a forum's post, or one that a person began.
    Post {
        /// Who began it.
        owner: Option<Snowflake>,
        /// What it is called.
        title: String,
        /// Whether only those who were let in read it.
        private: bool,
    },
}

impl Place {
    /// Whether others than the bot and one person may be there: where Discord withholds texts from a bot
    /// without the intent.
    pub fn is_in_guild(&self) -> bool {
        self.kind != PlaceKind::Direct
    }

    /// The thread that a message of `author` here belongs to.
    pub fn thread(&self, author: Snowflake, us: Us) -> ThreadRef {
        let (leg, kind) = match &self.kind {
            PlaceKind::Direct => (Leg::Channel(self.channel), ThreadKind::Private),
            PlaceKind::Support => (Leg::Customer(author), ThreadKind::Private),
            PlaceKind::Customer { user } => (Leg::Customer(*user), ThreadKind::Private),
            PlaceKind::Post { private: true, .. } => (Leg::Channel(self.channel), ThreadKind::Group),
            PlaceKind::Post { .. } => (Leg::Channel(self.channel), ThreadKind::Public),
        };
        let title = match &self.kind {
            PlaceKind::Post { title, .. } if !title.is_empty() => Some(title.clone()),
            _ => None,
        };
        ThreadRef {
            id: leg.id(),
            kind,
            permanent: kind == ThreadKind::Private,
            our_address: Address::new(us.user.to_string()),
            title,
        }
    }
}

/// What a thread's id means: where its answers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// Into this channel or thread.
    Channel(Snowflake),
    /// Into the private thread of this customer, whichever that is.
    Customer(Snowflake),
}

impl Leg {
    /// The id of the thread.
    pub fn id(self) -> ExternalThreadId {
        match self {
            Self::Channel(channel) => ExternalThreadId(format!("channel/{channel}")),
            Self::Customer(user) => ExternalThreadId(format!("customer/{user}")),
        }
    }

    /// What an id means; `None` for one that is none of ours.
    pub fn read(id: &ExternalThreadId) -> Option<Self> {
        let (kind, number) = id.as_str().split_once('/')?;
        let number = number.parse().ok()?;
        match kind {
            "channel" => Some(Self::Channel(number)),
            "customer" => Some(Self::Customer(number)),
            _ => None,
        }
    }
}

/// A message's id: unique by itself, and with its channel it can be answered and read again.
pub fn message_id(channel: Snowflake, message: Snowflake) -> ExternalMessageId {
    ExternalMessageId(format!("{channel}/{message}"))
}

/// The channel and the message of an id.
pub fn read_message_id(id: &ExternalMessageId) -> Option<(Snowflake, Snowflake)> {
    let (channel, message) = id.as_str().split_once('/')?;
    Some((channel.parse().ok()?, message.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_thread_or_a_message_is_read_back() {
        for leg in [Leg::Channel(Snowflake(1)), Leg::Customer(Snowflake(2))] {
            assert_eq!(Leg::read(&leg.id()), Some(leg));
        }
        for odd in ["", "channel/x", "other/1", "1"] {
            assert_eq!(Leg::read(&odd.into()), None, "{odd}");
        }
        assert_eq!(
            read_message_id(&message_id(Snowflake(1), Snowflake(2))),
            Some((Snowflake(1), Snowflake(2)))
        );
        assert_eq!(read_message_id(&"2".into()), None);
    }
}
