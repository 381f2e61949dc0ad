//! Where people write: channels, threads and direct messages, and how the API shows them.

use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::snowflake::{Snowflake, instant};

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    /// A text channel of the guild.
    Text,
    /// Direct messages of the bot with one user.
    Dm,
    /// A channel of posts: it takes no messages itself.
    Forum,
    /// A thread that everybody of its channel sees; a post of a forum.
    PublicThread,
    /// A thread that its members see.
    PrivateThread,
}

impl ChannelKind {
    /// The API's number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Dm => 1,
            Self::PublicThread => 11,
            Self::PrivateThread => 12,
            Self::Forum => 15,
        }
    }

    /// Whether it is a thread.
    pub fn is_thread(self) -> bool {
        matches!(self, Self::PublicThread | Self::PrivateThread)
    }
}

/// What the bot may do in a channel of the guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Access {
    /// Read and write.
    #[default]
    Full,
    /// Read only.
    Read,
    /// Nothing: it is not even told of it.
    None,
}

/// What a channel allows or forbids a role or a member beside the roles of the guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Overwrite {
    /// The role or the member.
    pub(crate) id: Snowflake,
    pub(crate) is_member: bool,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

impl Overwrite {
    fn as_json(&self) -> Value {
        json!({
            "id": self.id, "type": u8::from(self.is_member),
            "allow": self.allow.to_string(), "deny": self.deny.to_string(),
        })
    }
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) kind: ChannelKind,
    pub(crate) name: String,
    /// The channel of a thread.
    pub(crate) parent: Option<Snowflake>,
    /// Who began a thread.
    pub(crate) owner: Option<Snowflake>,
    /// Who is in a thread or a direct message, the bot of the latter aside.
    pub(crate) members: Vec<Snowflake>,
    pub(crate) access: Access,
    /// Shown, and not enforced: `access` is.
    #[serde(default)]
    pub(crate) overwrites: Vec<Overwrite>,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    /// When it was archived or taken back last, in milliseconds.
    pub(crate) archive_changed: i64,
    /// Its last message, also one that was deleted.
    pub(crate) last_message: Option<Snowflake>,
    pub(crate) message_count: u32,
}

impl Channel {
    pub(crate) fn new(id: Snowflake, kind: ChannelKind, name: &str) -> Self {
        Self {
            id,
            kind,
            name: name.to_owned(),
            parent: None,
            owner: None,
            members: Vec::new(),
            access: Access::default(),
            overwrites: Vec::new(),
            archived: false,
            locked: false,
            archive_changed: id.time().millis(),
            last_message: None,
            message_count: 0,
        }
    }

    /// As the API shows it; `recipients` are the users of a direct message, `me` is the bot.
    pub(crate) fn as_json(&self, guild: Snowflake, me: Snowflake, recipients: &[Value]) -> Value {
        let kind = self.kind.number();
        let mut channel = json!({
            "id": self.id, "type": kind, "flags": 0, "last_message_id": self.last_message,
            "last_pin_timestamp": null,
        });
        let Some(fields) = channel.as_object_mut() else { return channel };
        let more = match self.kind {
            ChannelKind::Dm => json!({"recipients": recipients}),
            ChannelKind::Text | ChannelKind::Forum => json!({
                "guild_id": guild, "name": self.name, "parent_id": null, "position": 0, "topic": null,
                "nsfw": false, "rate_limit_per_user": 0,
                "permission_overwrites": self.overwrites.iter().map(Overwrite::as_json).collect::<Vec<_>>(),
            }),
            ChannelKind::PublicThread | ChannelKind::PrivateThread => json!({
                "guild_id": guild, "name": self.name, "parent_id": self.parent, "owner_id": self.owner,
                "rate_limit_per_user": 0, "message_count": self.message_count,
                "total_message_sent": self.message_count, "member_count": self.members.len().min(50),
                "thread_metadata": {
                    "archived": self.archived, "auto_archive_duration": 4320, "locked": self.locked,
                    "archive_timestamp": instant(Timestamp(self.archive_changed)),
                    "create_timestamp": instant(self.id.time()),
                },
            }),
        };
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        if self.kind.is_thread() && self.members.contains(&me) {
            fields.insert("member".to_owned(), self.member_json(me));
        }
        if self.kind == ChannelKind::PrivateThread {
            fields["thread_metadata"]["invitable"] = false.into();
        }
        channel
    }

    /// A member of a thread.
    pub(crate) fn member_json(&self, user: Snowflake) -> Value {
        json!({
            "id": self.id, "user_id": user, "join_timestamp": instant(self.id.time()), "flags": 0,
            "muted": false, "mute_config": null,
        })
    }
}
