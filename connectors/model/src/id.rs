//! Identifiers: our own (prefixed UUIDv7 text, ordered by creation) and foreign ones (opaque).
//!
//! A foreign id is minted by a channel. Only the connector of that channel may build or take apart
//! its text; the core stores and compares it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that begins with \"{prefix}\"")]
pub struct InvalidId {
    /// The prefix that the kind of id wants.
    pub prefix: &'static str,
}

macro_rules! own_id {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id; later ids sort after earlier ones to the millisecond.
            #[expect(clippy::new_without_default, reason = "two calls give two ids: not a default")]
            pub fn new() -> Self {
                Self(format!(concat!($prefix, "{}"), uuid::Uuid::now_v7().simple()))
            }

            /// The id as it stands in the store and in the API.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                let rest = text.strip_prefix($prefix).ok_or(InvalidId { prefix: $prefix })?;
                let hex = rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit());
                if hex { Ok(Self(text)) } else { Err(InvalidId { prefix: $prefix }) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

own_id! {
    /// A person outside: a customer or a partner.
    ContactId = "con_";
    /// An address of a contact on one channel.
    HandleId = "hdl_";
    /// The leg of a conversation on one inbox.
    ThreadId = "thr_";
    /// One matter of a contact's timeline.
    ConversationId = "cnv_";
    /// A message of any kind.
    MessageId = "msg_";
    /// A reply that is owed.
    ObligationId = "obl_";
    /// One row of the outbox: a part of a message for one recipient.
    OutboxId = "out_";
    /// A file that belongs to a message.
    AttachmentId = "att_";
    /// Work that happens later.
    JobId = "job_";
    /// The human who answers.
    AssociateId = "aso_";
    /// The raw form of what came in.
    RawId = "raw_";
    /// Something that came in and could not be read.
    ParkedId = "prk_";
    /// What a person decided at one stroke, about one conversation or many.
    DecisionId = "dec_";
}

macro_rules! opaque_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text, to store or to compare.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

opaque_id! {
    /// The name of an inbox in the configuration: `[inbox.ID]`.
    InboxId;
    /// The name of a team in the configuration: `[team.ID]`.
    TeamId;
    /// What the provider calls a message. Unique within an inbox; minted by the channel.
    ExternalMessageId;
    /// The name that its sender gave a message (e-mail: Message-ID without angle brackets, RFC 5322
    /// section 3.6.4). Answers refer to it. Anybody can choose any, so it is never an id.
    MessageName;
    /// What the connector calls a thread. Unique within an inbox; never shown, so a connector may
    /// build it from addresses.
    ExternalThreadId;
    /// A resume point that only its connector understands.
    Cursor;
    /// What a cursor counts in: a folder, a chat, or "" where the channel has one stream.
    Scope;
    /// A channel's name such as `sms`. An open set: never compared in the core.
    ChannelName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_id_is_read_back_and_refused_under_another_kind() {
        let id = MessageId::new();
        assert_eq!(MessageId::try_from(id.to_string()), Ok(id.clone()));
        assert_eq!(ContactId::try_from(id.to_string()), Err(InvalidId { prefix: "con_" }));
        assert!(MessageId::try_from("msg_".to_owned()).is_err());
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let first = MessageId::new();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(first < MessageId::new());
    }
}
