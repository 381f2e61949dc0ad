//! A Discord with one guild and one bot on this machine: the REST API, the gateway and the files.
//!
//! It keeps users, channels and messages like the real one. What customers do is told over the gateway and
//! found in the history; each call of the bridge is checked against the API's description. [`Fault`]s make
//! single calls fail. `world` is the memory and `acts` what changes it; `rest`, `messages` and `places`
//! answer the API, `gateway` and `sessions` tell events, `customer` is the app in a customer's hand and
//! `control` the hand of a test.

mod acts;
mod channel;
mod control;
mod customer;
mod event;
mod fault;
mod gateway;
mod limits;
mod links;
mod message;
mod messages;
mod people;
mod places;
mod rest;
mod sessions;
mod snowflake;
mod spec;
mod world;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::response::Response;
use rapport_sdk::model::Clock;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

pub use channel::{Access, ChannelKind};
pub use customer::{Customer, Place, Shown};
pub use fault::{Fault, Operation};
pub use message::FakeFile;
pub use sessions::GatewayCounts;
pub use snowflake::Snowflake;

use crate::{faults::Faults, wire::Door};
use limits::Limits;
use links::Links;
use message::Message;
use sessions::Sessions;
use world::{World, fixed};

/// How a fake Discord is set up.
#[derive(Clone)]
pub struct FakeDiscordConfig {
    /// Opens the API and the gateway.
    pub token: String,
    /// The bot's name.
    pub name: String,
    /// Where the fake takes its time from: ids and files' addresses are made from it.
    pub clock: Arc<dyn Clock>,
    /// The port of the API; 0 takes a free one.
    pub port: u16,
    /// The port of the gateway; 0 takes a free one.
    pub gateway_port: u16,
    /// The file in which it keeps what it knows; `None`: it forgets all when it ends.
    pub memory: Option<PathBuf>,
    /// Whether the bot may read what is written in the guild (the intent of message content).
    pub message_content: bool,
    /// What HELLO asks for.
    pub heartbeat_interval: Duration,
    /// How long a session without a connection can be gone on with.
    pub resume_window: Duration,
    /// The least time between two IDENTIFY; the real one wants 5 seconds.
    pub identify_pace: Duration,
    /// How long a nonce stands for its message.
    pub nonce_window: Duration,
    /// How long the address of a file is good.
    pub link_life: Duration,
    /// After how many refused calls (401, 403, 429) no call is taken any more.
    pub most_invalid: usize,
    /// Whether the gateway tells of a new direct channel: the present version does not.
    pub announces_dms: bool,
}

impl FakeDiscordConfig {
    /// A bot with a made-up token.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            token: "MTIwMDAwMDAwMDAwMDAwMDAwMA.fake00.a-token-that-opens-nothing-else".to_owned(),
            name: "Shop".to_owned(),
            clock,
            port: 0,
            gateway_port: 0,
            memory: None,
            message_content: true,
            heartbeat_interval: Duration::from_millis(41_250),
            resume_window: Duration::from_secs(90),
            identify_pace: Duration::from_secs(5),
            nonce_window: Duration::from_mins(3),
            link_life: Duration::from_hours(24),
            most_invalid: 10_000,
            announces_dms: false,
        }
    }
}

/// A message that the bridge sent, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// Its id.
    pub id: Snowflake,
    /// Where.
    pub channel: Snowflake,
    /// The text.
    pub content: String,
    /// The files.
    pub files: Vec<FakeFile>,
    /// The message that it answers.
    pub reply_to: Option<Snowflake>,
    /// What it allowed to be mentioned, as it came.
    pub allowed_mentions: Option<Value>,
    /// Whether it called everyone.
    pub called_everyone: bool,
    /// The nonce, as it came.
    pub nonce: Option<Value>,
    /// Whether it was edited.
    pub edited: bool,
}

impl From<&Message> for SentMessage {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id,
            channel: message.channel,
            content: message.content.clone(),
            files: message.files.iter().map(|(_, file)| file.clone()).collect(),
            reply_to: message.reply_to,
            allowed_mentions: message.allowed_mentions.clone(),
            called_everyone: message.mention_everyone,
            nonce: message.nonce.clone(),
            edited: message.edited.is_some(),
        }
    }
}

/// What changes while it runs.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults<Operation, Fault>,
    pub(crate) calls: HashMap<Operation, usize>,
    pub(crate) violations: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) may_read: bool,
    pub(crate) oldest_first: bool,
    pub(crate) mute_heartbeats: bool,
    pub(crate) gateway_down: bool,
    pub(crate) api_down: bool,
    invalid: usize,
    nonce_window: Duration,
}

impl State {
    /// The application's flags: whether it may read what is written.
    pub(crate) fn flags(&self) -> u64 {
        if self.may_read { 1 << 19 } else { 0 }
    }

    /// The message of the bot with this nonce, if it is young enough.
    pub(crate) fn with_nonce(&self, nonce: &Value) -> Option<&Message> {
        let since = self.world.links.clock.now().minus(self.nonce_window);
        self.world.with_nonce(nonce).filter(|message| message.id.time() >= since)
    }
}

/// What the parts of the fake share.
pub(crate) struct Shared {
    pub(crate) config: FakeDiscordConfig,
    base: Url,
    gateway: SocketAddr,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    pub(crate) door: Door,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// Reads or changes what it knows; what happened by that is told before anything else can happen.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        let events = std::mem::take(&mut state.world.events);
        state.sessions.publish(events);
        result
    }

    pub(crate) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    /// Where the gateway is.
    pub(crate) fn gateway_url(&self) -> String {
        format!("ws://{}", self.gateway)
    }

    /// Where a session is gone on with: the same server under another name.
    pub(crate) fn resume_url(&self) -> String {
        format!("ws://localhost:{}", self.gateway.port())
    }

    /// Counts a call that was refused.
    pub(crate) fn count_invalid(&self, response: Response) -> Response {
        self.with(|state| state.invalid += 1);
        response
    }

    /// Whether so many calls were refused that no more are taken.
    pub(crate) fn is_banned(&self) -> bool {
        self.with(|state| state.invalid >= self.config.most_invalid)
    }
}

/// A running fake. Clones are the same; it ends with the last of them.
#[derive(Clone)]
pub struct FakeDiscord {
    shared: Arc<Shared>,
    _stop: Arc<DropGuard>,
}

impl FakeDiscord {
    /// Starts to serve the API and the gateway on loopback.
    pub async fn start(config: FakeDiscordConfig) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let gateway = TcpListener::bind(("127.0.0.1", config.gateway_port)).await?;
        let base = format!("http://{}/", listener.local_addr()?);
        let base = Url::parse(&base).map_err(std::io::Error::other)?;
        let links = Links { base: base.clone(), clock: Arc::clone(&config.clock), life: config.link_life };
        let state = State {
            world: World::open(&config.name, links, config.announces_dms, config.memory.as_deref())?,
            sessions: Sessions::new(config.resume_window, config.identify_pace),
            faults: Faults::default(),
            calls: HashMap::new(),
            violations: Vec::new(),
            limits: Limits::default(),
            may_read: config.message_content,
            oldest_first: false,
            mute_heartbeats: false,
            gateway_down: false,
            api_down: false,
            invalid: 0,
            nonce_window: config.nonce_window,
        };
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            config,
            base,
            gateway: gateway.local_addr()?,
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
            door: Door::default(),
            stop: stop.clone(),
        });
        tokio::spawn(rest::serve(listener, Arc::clone(&shared)));
        tokio::spawn(gateway::serve(gateway, Arc::clone(&shared)));
        Ok(Self { shared, _stop: Arc::new(stop.drop_guard()) })
    }

    /// The connector's `api_base`: stands for `https://discord.com`.
    pub fn api_base(&self) -> Url {
        self.shared.base.clone()
    }

    /// Where the gateway is.
    pub fn gateway_url(&self) -> String {
        self.shared.gateway_url()
    }

    /// The bot's token.
    pub fn token(&self) -> &str {
        &self.shared.config.token
    }

    /// The bot.
    pub fn bot(&self) -> Snowflake {
        fixed::BOT
    }

    /// The guild.
    pub fn guild(&self) -> Snowflake {
        fixed::GUILD
    }

    /// The role that the bot has in the guild.
    pub fn role(&self) -> Snowflake {
        fixed::ROLE
    }

    /// The text channel in which customers ask.
    pub fn support(&self) -> Snowflake {
        fixed::SUPPORT
    }

    /// A text channel in which everybody talks.
    pub fn lobby(&self) -> Snowflake {
        fixed::LOBBY
    }

    /// The channel of posts.
    pub fn forum(&self) -> Snowflake {
        fixed::FORUM
    }

    /// The app in the hand of the customer with this name, a member of the guild.
    pub fn customer(&self, name: &str) -> Customer {
        Customer::new(self.clone(), self.shared.with(|state| state.world.user_named(name)))
    }

    /// Another bot of the guild, as if it were somebody with an app.
    pub fn other_bot(&self) -> Customer {
        Customer::new(self.clone(), fixed::OTHER_BOT)
    }

    /// Changes the world, and tells of it.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let result = self.shared.with(|state| act(&mut state.world));
        self.shared.changed();
        result
    }

    /// What the bridge sent and is still there, oldest first.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.shared.with(|state| {
            let all = state.world.messages.values().flat_map(|known| known.values());
            let mut sent: Vec<SentMessage> =
                all.filter(|message| message.author == fixed::BOT).map(SentMessage::from).collect();
            sent.sort_by_key(|message| message.id);
            sent
        })
    }

    /// The next call of this operation fails in this way. Further ones queue up behind it.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.shared.with(|state| state.faults.push(operation, fault));
    }

    /// Whether a fault still waits for a call of this operation.
    pub fn is_failing(&self, operation: Operation) -> bool {
        self.shared.with(|state| state.faults.wait_for(operation))
    }

    /// How the next call of this operation fails.
    pub fn next_fault(&self, operation: Operation) -> Option<Fault> {
        self.shared.with(|state| state.faults.next(operation).cloned())
    }

    /// Forgets the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.shared.with(|state| state.faults.clear());
    }

    /// So many calls of this operation in so long, for each channel; more are refused with 429.
    pub fn set_limit(&self, operation: Operation, count: usize, window: Duration) {
        self.shared.with(|state| state.limits.set(operation, count, window));
    }

    /// How often each operation was called, faults included.
    pub fn calls(&self, operation: Operation) -> usize {
        self.shared.with(|state| state.calls.get(&operation).copied().unwrap_or(0))
    }

    /// Requests that the API's description does not allow. Empty in a good test.
    pub fn violations(&self) -> Vec<String> {
        self.shared.with(|state| state.violations.clone())
    }

    /// A number that grows with every change: for a page that shows an app.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }
}
