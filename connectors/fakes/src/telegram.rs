//! A Telegram Bot API on this machine, with one bot.
//!
//! It keeps people, chats and messages like the real one: what a customer does is told to the bot by
//! `getUpdates` or a webhook; what the bot asks for is checked against the API's description, done, and kept.
//! [`Fault`]s make single calls fail. `api` answers, `updates` is the queue, `world` the memory, `kept` its form
//! on disk. [`Phone`] is a customer's side, `groups` what happens to chats.

mod api;
mod changing;
mod fault;
mod files;
mod groups;
mod kept;
mod limits;
mod media;
mod phone;
mod place;
mod reading;
mod records;
mod sending;
mod spec;
#[cfg(test)]
mod tests;
mod updates;
mod view;
mod webhook;
mod world;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rapport_sdk::{
    http::Timeouts,
    model::{Clock, Timestamp},
};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::wire::Door;
pub use fault::{Fault, Operation};
pub use media::Media;
pub use phone::{Draft, Phone};
pub use view::{ChatMessage, ChatView, FileView};
pub use world::{ChatKind, FakeFile};
use world::{User, World};

/// How a fake bot is set up.
#[derive(Clone)]
pub struct FakeTelegramConfig {
    /// Opens the API.
    pub token: String,
    /// The bot's name.
    pub name: String,
    /// The bot's user name.
    pub username: String,
    /// Whether the bot hears in groups only what is meant for it, as is set at BotFather.
    pub privacy: bool,
    /// Where the fake takes its time from.
    pub clock: Arc<dyn Clock>,
    /// How long it waits before it offers an update to the webhook again.
    pub webhook_pause: Duration,
    /// How long a call of the webhook may take.
    pub webhook_timeouts: Timeouts,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The file in which it keeps all; `None`: it forgets when it ends.
    pub memory: Option<PathBuf>,
}

impl FakeTelegramConfig {
    /// A bot with a made-up name and token, which privacy mode holds for.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            token: "7000000001:AAFakeFakeFakeFakeFakeFakeFakeFake".to_owned(),
            name: "Shop".to_owned(),
            username: "shop_bot".to_owned(),
            privacy: true,
            clock,
            webhook_pause: webhook::PAUSE,
            webhook_timeouts: Timeouts::default(),
            port: 0,
            memory: None,
        }
    }
}

/// What the parts of the fake share.
pub(crate) struct Shared {
    pub(crate) config: FakeTelegramConfig,
    world: Mutex<World>,
    changes: watch::Sender<u64>,
    pub(crate) door: Door,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// Reads or changes the memory. Not to be called within itself.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn violation(&self, what: String) {
        self.with(|world| world.violations.push(what));
    }
}

/// A running fake bot. Clones are the same; it ends with the last of them.
#[derive(Clone)]
pub struct FakeTelegram {
    shared: Arc<Shared>,
    address: SocketAddr,
    base: Url,
    _stop: Arc<DropGuard>,
}

impl FakeTelegram {
    /// Starts to serve the API on loopback.
    pub async fn start(config: FakeTelegramConfig) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", config.port)).await?;
        let address = listener.local_addr()?;
        let base = Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)?;
        let bot = User {
            id: config.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(7_000_000_001),
            name: config.name.clone(),
            username: Some(config.username.clone()),
            is_bot: true,
            deactivated: false,
        };
        let world = World::open(bot, config.privacy, config.memory.as_deref())?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            config,
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
            door: Door::default(),
            stop: stop.clone(),
        });
        tokio::spawn(api::serve(listener, Arc::clone(&shared)));
        tokio::spawn(webhook::push(Arc::clone(&shared)));
        Ok(Self { shared, address, base, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Where the API is: the connector's `api_base`.
    pub fn api_base(&self) -> Url {
        self.base.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bot's secret.
    pub fn token(&self) -> &str {
        &self.shared.config.token
    }

    /// The bot's id.
    pub fn bot_id(&self) -> i64 {
        self.shared.with(|world| world.bot.id)
    }

    /// Whether the bot hears in groups only what is meant for it, from now on.
    pub fn set_privacy(&self, privacy: bool) {
        self.act(|world, _| world.privacy = privacy);
    }

    /// Whether a bot that speaks too fast is told so: one message a second in a chat, twenty a minute in a group,
    /// thirty a second in all. Off at first.
    pub fn set_limits(&self, hold: bool) {
        self.act(|world, _| world.limits.hold = hold);
    }

    /// Changes the memory, and wakes who watches.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.shared.now();
        let done = self.shared.with(|world| act(world, now));
        self.shared.changed();
        done
    }

    /// The next call of this operation fails in this way. Further ones queue up behind it.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.shared.with(|world| world.faults.push(operation, fault));
    }

    /// The next call of this operation that concerns this chat fails in this way.
    pub fn fail_next_in(&self, chat: i64, operation: Operation, fault: Fault) {
        self.shared.with(|world| world.chat_faults.push((operation, chat), fault));
    }

    /// The fault that the next call of this operation meets.
    pub fn next_fault(&self, operation: Operation) -> Option<Fault> {
        self.shared.with(|world| world.faults.next(operation).cloned())
    }

    /// Forgets the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.act(|world, _| {
            world.faults.clear();
            world.chat_faults.clear();
        });
    }

    /// The provider is away, or back: what stands is cut, and nobody is let in.
    pub fn take_down(&self, down: bool) {
        self.shared.door.set(!down);
        self.act(|world, _| world.down = down);
    }

    /// Whether the provider is away.
    pub fn is_down(&self) -> bool {
        self.shared.with(|world| world.down)
    }

    /// Puts an update into the queue as it is: for what the bot can't read. Its number is added where it has none.
    pub fn push_update(&self, update: Value) -> i64 {
        self.act(|world, now| world.push(update, now))
    }

    /// Keeps back what the bot is told from now on.
    pub fn hold_updates(&self) {
        self.act(|world, _| world.hold());
    }

    /// Lets go what was kept back: these first, counted from 0, in this order; then the rest.
    pub fn release_updates(&self, order: &[usize]) {
        self.act(|world, _| world.release(order));
    }

    /// How many updates the bot has yet to acknowledge.
    pub fn waiting_updates(&self) -> usize {
        let now = self.shared.now();
        self.shared.with(|world| world.queue.len(now))
    }

    /// All chats, in the order in which they came to be.
    pub fn chats(&self) -> Vec<ChatView> {
        self.shared.with(|world| {
            let view = |chat: &world::Chat| ChatView {
                id: chat.id,
                business: chat.business.clone(),
                kind: chat.kind,
                title: chat.title.clone(),
                members: chat.members.clone(),
                blocked: !chat.bot.is_in(),
            };
            world.chats.iter().map(view).collect()
        })
    }

    /// What was said in a chat, oldest first, also what is deleted.
    pub fn messages(&self, chat: i64) -> Vec<ChatMessage> {
        self.shared.with(|world| {
            let records = world.records.iter().filter(|record| record.chat == chat);
            records.map(|record| world.view(record)).collect()
        })
    }

    /// What the bot sent, oldest first.
    pub fn sent(&self) -> Vec<ChatMessage> {
        self.shared.with(|world| {
            let records = world.records.iter().filter(|record| world.is_by_bot(record));
            records.map(|record| world.view(record)).collect()
        })
    }

    /// A file of a message.
    pub fn file(&self, id: &str) -> Option<FakeFile> {
        self.shared.with(|world| world.files.get(id).cloned())
    }

    /// In which chats the bot showed that it does what, oldest first.
    pub fn typing(&self) -> Vec<(i64, String)> {
        self.shared.with(|world| world.typing.clone())
    }

    /// How often each operation was called, faults included.
    pub fn calls(&self, operation: Operation) -> usize {
        self.shared.with(|world| world.calls.get(&operation).copied().unwrap_or(0))
    }

    /// Requests that the API's description does not allow. Empty in a good test.
    pub fn violations(&self) -> Vec<String> {
        self.shared.with(|world| world.violations.clone())
    }

    /// A number that grows with every change: for a page that shows a phone.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changes()
    }
}
