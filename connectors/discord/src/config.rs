//! What the connector of one inbox needs, and whether it can work.
//!
//! How a configuration is written, and where secrets come from, is the host's matter. What only this
//! channel knows (the form of a token, of a channel's id) is here.

use std::time::Duration;

use rapport_sdk::{
    config::{Problem, why_no_api},
    http::Timeouts,
    model::{Address, Secret, id::InboxId},
};
use url::{Host, Url};

use crate::snowflake::Snowflake;

/// Where Discord's API is unless an inbox says otherwise.
pub const DISCORD_API: &str = "https://discord.com";

/// Everything that a connector needs, secrets resolved.
#[derive(Debug, Clone)]
pub struct DiscordSettings {
    /// The inbox that it serves.
    pub inbox: InboxId,
    /// The bot's user id as the configuration has it; without one it is compared with nothing.
    pub address: Option<Address>,
    /// The bot's token: it opens the API and the gateway.
    pub token: Secret,
    /// Where the API is: see [`DISCORD_API`].
    pub api_base: Url,
    /// The text channel in which customers ask: each gets a private thread there.
    pub support_channel: Option<String>,
    /// The forum of which each post is a conversation.
    pub forum_channel: Option<String>,
    /// Whether people may write to the bot in private.
    pub direct_messages: bool,
    /// What is said in the support channel to who writes there first: where their private thread is. `None`:
    /// nothing.
    pub go_on: Option<GoOn>,
    /// How often histories are looked through for messages that we missed.
    pub listing_interval: Duration,
    /// How long a call may take; files get longer.
    pub timeouts: Timeouts,
}

/// The retailer's text on where to go on, as it stands around the name of the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoOn {
    /// Before it.
    pub before: String,
    /// Behind it.
    pub after: String,
}

impl DiscordSettings {
    /// Settings with a default for everything that has one: private messages and no channel.
    pub fn new(inbox: InboxId, token: Secret, api_base: Url) -> Self {
        Self {
            inbox,
            address: None,
            token,
            api_base,
            support_channel: None,
            forum_channel: None,
            direct_messages: true,
            go_on: None,
            listing_interval: Duration::from_mins(5),
            timeouts: Timeouts::default(),
        }
    }

    /// The id of the support channel.
    pub fn support(&self) -> Option<Snowflake> {
        self.support_channel.as_deref().and_then(|id| id.parse().ok())
    }

    /// The id of the forum.
    pub fn forum(&self) -> Option<Snowflake> {
        self.forum_channel.as_deref().and_then(|id| id.parse().ok())
    }

    /// Whether messages of a server are read, for which Discord wants the intent.
    pub fn reads_guild(&self) -> bool {
        self.support().is_some() || self.forum().is_some()
    }

    /// Every problem, not the first, with what to write instead. Keys are those below `[inbox.ID]`.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |key: &str, reason: &str, suggestion: &str| {
            problems.push(Problem::new(key, reason, suggestion));
        };
        let token = self.token.expose();
        if token.trim().is_empty() {
            report(
                "discord.token",
                "the secret is empty",
                "set the environment variable or the file that it comes from",
            );
        } else if token.bytes().any(|byte| !byte.is_ascii_graphic()) || token.split('.').count() != 3 {
            report(
                "discord.token",
                "this is no bot token",
                "write the token of the developer portal's page Bot, which has three parts with dots between them, \
                 alone and without \"Bot \" before it",
            );
        }
        if let Some(reason) = why_no_api(&self.api_base) {
            report(
                "discord.api_base",
                reason,
                "leave the key out, or write an origin such as https://discord.com",
            );
        }
        for (key, id) in [
            ("discord.support_channel", &self.support_channel),
            ("discord.forum_channel", &self.forum_channel),
        ] {
            if id.as_ref().is_some_and(|id| id.parse::<Snowflake>().is_err()) {
                report(
                    key,
                    "this is no channel's id",
                    "turn on Developer Mode in Discord, right-click the channel, choose Copy Channel ID",
                );
            }
        }
        if self.support_channel.is_some() && self.support_channel == self.forum_channel {
            report(
                "discord.forum_channel",
                "this is the support channel",
                "write the id of a forum, or leave it out",
            );
        }
        if !self.direct_messages && self.support_channel.is_none() && self.forum_channel.is_none() {
            report(
                "discord.direct_messages",
                "nobody could write to this inbox",
                "set it to true, or name a support_channel or a forum_channel",
            );
        }
        if self.listing_interval < Duration::from_secs(1) {
            report(
                "discord.listing_minutes",
                "Discord is not asked that often",
                "leave the key out: 5 minutes",
            );
        }
        problems
    }

    /// Whether the gateway that the API names is one to show the token to: Discord's own beside Discord's
    /// API, else the same host; encrypted, but on this machine.
    pub fn trusts_gateway(&self, gateway: &Url) -> bool {
        let (Some(api), Some(host)) = (self.api_base.host(), gateway.host()) else { return false };
        let within = |host: &Host<&str>, name: &str| match host {
            Host::Domain(host) => *host == name || host.ends_with(&format!(".{name}")),
            _ => false,
        };
        let encrypted = gateway.scheme() == if self.api_base.scheme() == "https" { "wss" } else { "ws" };
        let same = api == host;
        let discord = within(&api, "discord.com") && within(&host, "discord.gg");
        encrypted && gateway.username().is_empty() && (same || discord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> DiscordSettings {
        let token = Secret::new("MTk4.hunter2.abc");
        DiscordSettings::new(InboxId::from("shop"), token, DISCORD_API.parse().unwrap())
    }

    #[test]
    fn good_settings_have_no_problem_and_show_no_secret() {
        let mut good = settings();
        good.support_channel = Some("175928847299117063".to_owned());
        assert_eq!(good.validate(), []);
        assert!(!format!("{good:?}").contains("hunter2"));
    }

    #[test]
    fn every_problem_is_reported_with_its_key() {
        let mut wrong = settings();
        wrong.token = Secret::new("Bot abc");
        wrong.api_base = "http://discord.example".parse().unwrap();
        wrong.support_channel = Some("#support".to_owned());
        wrong.forum_channel = Some("#support".to_owned());
        wrong.listing_interval = Duration::ZERO;
        let keys = |settings: &DiscordSettings| {
            settings.validate().into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert_eq!(
            keys(&wrong),
            [
                "discord.token",
                "discord.api_base",
                "discord.support_channel",
                "discord.forum_channel",
                "discord.forum_channel",
                "discord.listing_minutes",
            ]
        );
        let mut silent = settings();
        silent.direct_messages = false;
        silent.token = Secret::new(" ");
        assert_eq!(keys(&silent), ["discord.token", "discord.direct_messages"]);
        let mut mistaken = settings();
        mistaken.token = Secret::new("123456:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao");
        assert_eq!(keys(&mistaken), ["discord.token"], "another provider's");
    }

    #[test]
    fn the_token_is_shown_to_discords_own_gateway_or_to_the_same_host_alone() {
        let trusts = |api: &str, gateway: &str| {
            let mut settings = settings();
            settings.api_base = api.parse().unwrap();
            settings.trusts_gateway(&gateway.parse().unwrap())
        };
        assert!(trusts("https://discord.com", "wss://gateway.discord.gg"));
        assert!(trusts("http://127.0.0.1:9", "ws://127.0.0.1:10/x"));
        assert!(trusts("https://proxy.example", "wss://proxy.example/gateway"));
        for (api, gateway) in [
            ("https://discord.com", "ws://gateway.discord.gg"),
            ("https://discord.com", "wss://gateway.discord.gg.evil.example"),
            ("https://discord.com", "wss://evildiscord.gg"),
            ("https://discord.com", "wss://user@gateway.discord.gg"),
            ("http://127.0.0.1:9", "wss://gateway.discord.gg"),
            ("https://proxy.example", "wss://gateway.discord.gg"),
        ] {
            assert!(!trusts(api, gateway), "{api} {gateway}");
        }
    }
}
