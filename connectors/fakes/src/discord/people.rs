//! Who there is: users, bots, and how the API shows them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    snowflake::{Snowflake, instant},
    world::fixed,
};

/// A user, a bot among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) bot: bool,
    /// Whether they are in the guild.
    pub(crate) member: bool,
    /// Whether they take direct messages of bots.
    pub(crate) reachable: bool,
}

impl User {
    pub(crate) fn new(id: Snowflake, name: &str) -> Self {
        Self { id, name: name.to_owned(), bot: false, member: true, reachable: true }
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({
            "id": self.id, "username": self.name.to_lowercase(), "global_name": self.name,
            "discriminator": "0", "avatar": null, "avatar_decoration_data": null, "banner": null,
            "accent_color": null, "bot": self.bot, "collectibles": null, "flags": 0, "public_flags": 0,
            "primary_guild": null,
        })
    }

    /// As the bot sees itself.
    pub(crate) fn as_own_json(&self) -> Value {
        let mut user = self.as_json();
        user["mfa_enabled"] = true.into();
        user["verified"] = true.into();
        user["locale"] = "en-US".into();
        user["email"] = Value::Null;
        user
    }

    /// As a member of the guild; without the user where that stands beside it.
    pub(crate) fn as_member(&self, with_user: bool) -> Value {
        let roles: &[Snowflake] = if self.id == fixed::BOT { &[fixed::ROLE] } else { &[] };
        let mut member = json!({
            "nick": null, "avatar": null, "banner": null, "roles": roles, "joined_at": instant(self.id.time()),
            "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
            "communication_disabled_until": null,
        });
        if with_user {
            member["user"] = self.as_json();
        }
        member
    }
}
