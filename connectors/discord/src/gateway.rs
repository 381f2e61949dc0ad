//! The gateway: who tells us at once that something happened. The library keeps the connection.
//!
//! It starts a task for each event, in no order, and nothing holds it back. So an event is a signal to look
//! at a channel and never the message itself; what it brings is put in order by who looks. The library's
//! tasks outlive what started them, so it lives in a runtime of its own, which ends with [`Gateway`].

mod signal;

use std::{sync::Arc, time::Duration};

use rapport_sdk::http::{Timeouts, library_client};
use serenity::{
    Client, Error,
    all::{ConnectionStage, GatewayIntents, RawEventHandler, ShardId},
    client::ClientBuilder,
    gateway::{GatewayError, ShardManager},
    http::HttpBuilder,
};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::config::DiscordSettings;
pub use signal::{Ended, Reaction, Signal};

/// The most signals that wait: more are held back at the library, which keeps them as tasks.
const MOST_SIGNALS: usize = 1000;
/// How often the connection's state is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(1500);

/// A connection that is kept until this is dropped.
pub struct Gateway {
    /// What is told.
    pub signals: mpsc::Receiver<Signal>,
    _stop: DropGuard,
}

impl Gateway {
    /// Connects to `address`, which was judged to be one to show the token to.
    pub fn start(settings: &DiscordSettings, address: &Url) -> std::io::Result<Self> {
        let (sender, signals) = mpsc::channel(MOST_SIGNALS);
        let stop = CancellationToken::new();
        let session = Session {
            token: settings.token.expose().to_owned(),
            api: settings.api_base.to_string(),
            // The library adds its own query.
            address: address.as_str().trim_end_matches('/').to_owned(),
            intents: intents(settings),
            timeouts: settings.timeouts,
            sender,
            stop: stop.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("discord-gateway".to_owned()).spawn(move || {
            runtime.block_on(session.keep());
            runtime.shutdown_background();
        })?;
        Ok(Self { signals, _stop: stop.drop_guard() })
    }
}

/// What we want to be told: no more than what is brought in.
fn intents(settings: &DiscordSettings) -> GatewayIntents {
    let mut intents = GatewayIntents::empty();
    if settings.direct_messages {
        intents |= GatewayIntents::DIRECT_MESSAGES | GatewayIntents::DIRECT_MESSAGE_REACTIONS;
    }
    if settings.reads_guild() {
        intents |= GatewayIntents::GUILDS
            | GatewayIntents::GUILD_MESSAGES
            | GatewayIntents::GUILD_MESSAGE_REACTIONS
            | GatewayIntents::MESSAGE_CONTENT;
    }
    intents
}

struct Session {
    token: String,
    api: String,
    address: String,
    intents: GatewayIntents,
    timeouts: Timeouts,
    sender: mpsc::Sender<Signal>,
    stop: CancellationToken,
}

struct Handler(mpsc::Sender<Signal>);

#[serenity::async_trait]
impl RawEventHandler for Handler {
    async fn raw_event(&self, _: serenity::client::Context, event: serenity::model::event::Event) {
        if let Some(signal) = signal::of(event) {
            // Nobody listens any more: the connection is about to end.
            let _ = self.0.send(signal).await;
        }
    }
}

impl Session {
    async fn keep(self) {
        let ended = match self.client().await {
            Ok(mut client) => {
                let manager = Arc::clone(&client.shard_manager);
                let ended = tokio::select! {
                    ended = client.start() => ended.err().map_or(Ended::Lost, |error| why(&error)),
                    () = watch(&manager, &self.sender) => Ended::Lost,
                    () = self.stop.cancelled() => {
                        let _ = tokio::time::timeout(FAREWELL, manager.shutdown_all()).await;
                        return;
                    }
                };
                // A fatal end leaves nothing behind that could connect again.
                let _ = tokio::time::timeout(FAREWELL, manager.shutdown_all()).await;
                ended
            }
            Err(()) => Ended::Lost,
        };
        let _ = self.sender.send(Signal::Ended(ended)).await;
    }

    async fn client(&self) -> Result<Client, ()> {
        // With its own rate limiter on, the library leaves the configured origin.
        let http = HttpBuilder::new(&self.token)
            .client(library_client(self.timeouts).map_err(drop)?)
            .proxy(&self.api)
            .ratelimiter_disabled(true)
            .build();
        let handler = Handler(self.sender.clone());
        let built = ClientBuilder::new_with_http(http, self.intents).raw_event_handler(handler).await;
        let client = built.map_err(drop)?;
        // Where its own question fails, the library turns to the real Discord: this is the address instead.
        self.address.clone_into(&mut *client.ws_url.lock().await);
        Ok(client)
    }
}

/// Tells whether the connection stands, as often as that changes.
async fn watch(manager: &ShardManager, sender: &mpsc::Sender<Signal>) {
    let mut known = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let stage = manager.runners.lock().await.get(&ShardId(0)).map(|runner| runner.stage);
        let stands = stage == Some(ConnectionStage::Connected);
        if stands != known {
            known = stands;
            if sender.send(Signal::Connection(stands)).await.is_err() {
                return;
            }
        }
    }
}

/// Why the library gave up: only where it means that no waiting helps.
fn why(error: &Error) -> Ended {
    match error {
        Error::Gateway(GatewayError::InvalidAuthentication) => Ended::Unauthorized,
        Error::Gateway(GatewayError::InvalidGatewayIntents) => Ended::Intents,
        Error::Gateway(GatewayError::DisallowedGatewayIntents) => Ended::Disallowed,
        _ => Ended::Lost,
    }
}
