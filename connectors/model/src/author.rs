//! Who wrote a message.

use serde::{Deserialize, Serialize};

use crate::secret::Address;

/// How sure we are that an address belongs to who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The sender merely says so.
    Claimed,
    /// The provider vouches for it, or our own token came back from it.
    Proven,
}

impl Trust {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Proven => "proven",
        }
    }
}

/// Who stands behind an event, as the connector sees it. A connector never names an associate:
/// what comes in can't act with one's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// Somebody outside.
    Contact {
        /// Where they wrote from, in canonical form.
        address: Address,
        /// The name that the channel shows for them, if any.
        name: Option<String>,
        /// How sure the channel is of the address.
        trust: Trust,
        /// Whether the channel can carry a reply to this address (false: an alphanumeric sender).
        can_reply: bool,
        /// Another machine: stored, never answered by the bot.
        is_bot: bool,
    },
    /// One of our people, by another program than ours (a phone app, a mail client).
    OutsideHuman {
        /// Whom they wrote to.
        to: Address,
    },
    /// An echo of what we sent ourselves: recognised by id and not stored again.
    Us,
}

/// The kind of author as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// Somebody outside.
    Contact,
    /// A person of ours, signed in.
    Associate,
    /// A person of ours by another program, or an outbound author that we don't know.
    OutsideHuman,
    /// Our bot.
    Bot,
    /// Nobody: an activity that the bridge notes by itself.
    System,
}

impl AuthorKind {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Associate => "associate",
            Self::OutsideHuman => "outside_human",
            Self::Bot => "bot",
            Self::System => "system",
        }
    }
}
