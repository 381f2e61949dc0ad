//! What the connector of one inbox needs, and whether it can work.
//!
//! How a configuration is written, and where secrets come from, is the host's matter. What only this
//! channel knows (the form of a token, of a bot's name, of the API's address) is here.

use std::{net::IpAddr, time::Duration};

use rapport_sdk::{
    config::Problem,
    http::Timeouts,
    model::{Address, Secret, id::InboxId},
};
use url::{Host, Url};

/// Where the Bot API is unless an inbox says otherwise.
pub const TELEGRAM_API: &str = "https://api.telegram.org";

/// How updates come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// We ask for them, and the question waits at Telegram until there are some.
    #[default]
    Poll,
    /// Telegram calls us.
    Webhook,
}

/// Which messages of a group are meant for us, so that somebody owes them an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Groups {
    /// Those that name the bot, answer it, or are a command.
    #[default]
    Addressed,
    /// All.
    All,
}

/// Everything that a connector needs, secrets resolved.
#[derive(Debug, Clone)]
pub struct TelegramSettings {
    /// The inbox that it serves.
    pub inbox: InboxId,
    /// The bot's name, with its @.
    pub address: Address,
    /// What BotFather gave for it: it opens everything.
    pub token: Secret,
    /// How updates come.
    pub mode: Mode,
    /// Where the API is: see [`TELEGRAM_API`].
    pub api_base: Url,
    /// Which messages of a group are meant for us.
    pub groups: Groups,
    /// The address under which Telegram reaches this bridge, without `/webhooks`.
    pub public_url: Url,
    /// How long a question for updates waits at Telegram.
    pub poll: Duration,
    /// How often the account is looked at: its rights, and in webhook mode whether calls arrive.
    pub look: Duration,
    /// How long a call may take, its waiting aside.
    pub timeouts: Timeouts,
    /// How long a file may take, up or down.
    pub transfer: Duration,
}

impl TelegramSettings {
    /// Settings with a default for everything that has one.
    pub fn new(inbox: InboxId, address: Address, token: Secret, public_url: Url, api_base: Url) -> Self {
        Self {
            inbox,
            address,
            token,
            mode: Mode::default(),
            api_base,
            groups: Groups::default(),
            public_url,
            poll: Duration::from_secs(25),
            look: Duration::from_mins(5),
            timeouts: Timeouts::default(),
            transfer: Duration::from_mins(2),
        }
    }

    /// The bot's id, which stands in its token; `None` where that is no token.
    pub fn bot_id(&self) -> Option<i64> {
        let (id, key) = self.token.expose().split_once(':')?;
        let is_key = key.len() >= 30 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        id.parse().ok().filter(|id| *id > 0 && is_key)
    }

    /// Where Telegram calls.
    pub fn webhook_url(&self) -> Option<Url> {
        let base = self.public_url.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/webhooks/{}", self.inbox)).ok()
    }

    /// Every problem, not the first, with what to write instead. Keys are those below `[inbox.ID]`.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |key: &str, reason: &str, suggestion: &str| {
            problems.push(Problem::new(key, reason, suggestion));
        };
        if self.token.expose().trim().is_empty() {
            report(
                "telegram.token",
                "the token is empty",
                "set the environment variable or the file that it comes from",
            );
        } else if self.bot_id().is_none() {
            report(
                "telegram.token",
                "this is no bot's token",
                "write the one that BotFather gave: digits, a colon and 35 characters, without spaces",
            );
        }
        if !is_bot_name(self.address.expose()) {
            report(
                "addresses[0]",
                "this is no name of a bot",
                "write the name that BotFather gave it, with its @: [\"@shop_bot\"]",
            );
        }
        if let Some(reason) = why_no_api(&self.api_base) {
            report(
                "telegram.api_base",
                reason,
                "write the https address of your own Bot API server, or http where it is on this machine; or leave the key out",
            );
        }
        if self.mode == Mode::Webhook
            && let Some(reason) = why_no_webhook(&self.public_url)
        {
            report(
                "server.public_url",
                reason,
                "write an address that begins with https:// and has port 443, 80, 88 or 8443, or poll: mode = \"poll\"",
            );
        }
        problems
    }
}

fn is_bot_name(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|name| {
        (4..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The token travels to this address with every call, so it is https, or this machine.
fn why_no_api(url: &Url) -> Option<&'static str> {
    if url.host().is_none() {
        return Some("this names no host");
    }
    if !url.username().is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Some("such an address has no user, query or fragment");
    }
    match url.scheme() {
        "https" => None,
        "http" if is_loopback(url) => None,
        "http" => Some("the token would cross the network unencrypted"),
        _ => Some("only https is spoken here"),
    }
}

/// What Telegram calls (<https://core.telegram.org/bots/api#setwebhook>). A server of one's own on this
/// machine calls plain http too.
fn why_no_webhook(url: &Url) -> Option<&'static str> {
    let port = url.port_or_known_default();
    match url.scheme() {
        "http" if is_loopback(url) => None,
        "https" if matches!(port, Some(443 | 80 | 88 | 8443)) => None,
        "https" => Some("Telegram calls no other ports than 443, 80, 88 and 8443"),
        _ => Some("Telegram calls https only"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> TelegramSettings {
        TelegramSettings::new(
            InboxId::from("shop"),
            Address::new("@shop_bot"),
            Secret::new("123456:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao"),
            "https://shop.example".parse().unwrap(),
            TELEGRAM_API.parse().unwrap(),
        )
    }

    #[test]
    fn good_settings_have_no_problem_and_show_no_secret() {
        assert_eq!(settings().validate(), []);
        assert_eq!(settings().bot_id(), Some(123_456));
        let shown = format!("{:?}", settings());
        assert!(!shown.contains("AAF7") && !shown.contains("shop_bot"), "{shown}");
    }

    #[test]
    fn every_problem_is_reported_with_its_key() {
        let mut wrong = settings();
        wrong.address = Address::new("shop");
        wrong.token = Secret::new("123456");
        wrong.api_base = "http://api.example.com".parse().unwrap();
        wrong.mode = Mode::Webhook;
        wrong.public_url = "https://shop.example:9000".parse().unwrap();
        let keys: Vec<_> = wrong.validate().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["telegram.token", "addresses[0]", "telegram.api_base", "server.public_url"]);
        wrong.token = Secret::new(" ");
        assert!(wrong.validate()[0].reason.contains("empty"));
        wrong.mode = Mode::Poll;
        assert_eq!(wrong.validate().len(), 3, "who asks is called by nobody");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, fits) in [
            ("http://127.0.0.1:9", true),
            ("http://[::1]:9", true),
            ("http://localhost:9", true),
            ("http://192.168.1.1", false),
            ("https://user@api.example.com", false),
            ("ftp://api.example.com", false),
        ] {
            assert_eq!(why_no_api(&url.parse().unwrap()).is_none(), fits, "{url}");
        }
    }
}
