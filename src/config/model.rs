//! The configuration as the rest of the bridge sees it: typed and valid.
//!
//! Built by `load` alone. Durations are durations and sizes are bytes here, whatever unit the file
//! uses. Inboxes, teams and brands stand in `inbox`, automatic texts in `template`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use rapport_model::{Secret, id::InboxId};
use url::Url;

use super::{
    inbox::{Brand, Inbox, Team},
    routing::Routing,
    store_url::StoreUrl,
    template::Templates,
};

/// Everything that is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the bridge keeps its own files.
    pub data_dir: PathBuf,
    /// Signs media links and device cookies. `None` is possible on loopback only: then a key is
    /// made on the first start and kept in `data_dir`.
    pub secret_key: Option<Secret>,
    /// The key before it: what was signed with that is still accepted.
    pub previous_secret_key: Option<Secret>,
    /// The door to the world.
    pub server: Server,
    /// Where everything is stored.
    pub store: StoreUrl,
    /// How the queue counts time.
    pub queue: Queue,
    /// How it is found whose a conversation is.
    pub routing: Routing,
    /// Whether the bot may speak at all.
    pub bot_enabled: bool,
    /// How long things are kept.
    pub retention: Retention,
    /// How large things may be.
    pub limits: Limits,
    /// What the log looks like.
    pub log: Log,
    /// Groups of associates.
    pub teams: Vec<Team>,
    /// Every brand that an inbox or a table names.
    pub brands: Vec<Brand>,
    /// The accounts on channels.
    pub inboxes: Vec<Inbox>,
    /// The automatic texts.
    pub templates: Templates,
    /// The newcomer's playground.
    pub playground: Playground,
}

impl Config {
    /// The inbox of that name.
    pub fn inbox(&self, id: &InboxId) -> Option<&Inbox> {
        self.inboxes.iter().find(|inbox| inbox.id == *id)
    }

    /// The key by which the bot is held off: for an inbox, or with `None` for all. Whatever a person
    /// switches on later, it stays off there.
    pub fn bot_held_off_by(&self, inbox: Option<&InboxId>) -> Option<String> {
        if !self.bot_enabled {
            return Some("bot.enabled".to_owned());
        }
        let inbox = inbox.and_then(|id| self.inbox(id)).filter(|inbox| !inbox.bot_enabled)?;
        Some(format!("inbox.{}.bot.enabled", inbox.id))
    }

    /// The brand's name for people.
    pub fn brand_name<'a>(&'a self, id: &'a str) -> &'a str {
        let found = self.brands.iter().find(|brand| brand.id == id);
        found.map_or(id, |brand| brand.name.as_str())
    }
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Where connections are taken. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// The address under which people and providers reach us, where it was written.
    pub public_url: Option<Url>,
    /// Certificate and key, where we speak TLS ourselves.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Server {
    /// The public address, where `bound` is what [`Self::listen`] became. Without a trailing `/`.
    pub fn public_url(&self, bound: SocketAddr) -> Url {
        self.public_url.clone().unwrap_or_else(|| {
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            Url::parse(&format!("{scheme}://{bound}")).expect("a socket address is a host and a port")
        })
    }

    /// Whether people reach us on this machine only.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.public_url(self.listen))
    }
}

/// Whether an address names this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// `server.tls`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The chain of certificates, PEM.
    pub cert: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

/// `[queue]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// When a reply is due, counted from the customer's message.
    pub reply_within: Duration,
    /// How long a reply can be taken back.
    pub undo: Duration,
    /// How long a closed conversation is reopened by its customer, instead of a new one.
    pub reopen_within: Duration,
}

/// `[retention]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The raw form of what came in.
    pub raw: Duration,
    /// The log of events.
    pub events: Duration,
}

/// `[limits]`, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One attachment.
    pub attachment: usize,
    /// The body of a provider's call.
    pub webhook: usize,
    /// The body of an API request.
    pub request: usize,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged, as `tracing` writes it: "info,rapport::engine=debug".
    pub filter: String,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// `[playground]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playground {
    /// Whether the fake provider and the customer's phone are served.
    pub enabled: bool,
    /// The names of the two associates that it makes.
    pub associates: [String; 2],
}
