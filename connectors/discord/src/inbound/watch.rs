//! Runs it all: who we are, the gateway, the signals, and looks at everything from time to time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rapport_sdk::{ConnectorError, Context, model::Health};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::{
    Stop,
    desk::Desk,
    history::Act,
    line::{Line, Work},
};
use crate::{
    api::{Api, Failure},
    config::DiscordSettings,
    gateway::{Ended, Gateway, Signal},
    place::Us,
    snowflake::Snowflake,
};

/// Discord takes one new session in five seconds.
const PACE: Duration = Duration::from_millis(5100);
/// How long the gateway may take before histories are read without it.
const PATIENCE: Duration = Duration::from_secs(15);

/// The receiving side of one inbox.
pub struct Receiving {
    settings: DiscordSettings,
    api: Arc<Api>,
    /// The run that is on.
    desk: Mutex<Option<Arc<Desk>>>,
    /// When the last session was begun.
    begun: Mutex<Option<Instant>>,
}

#[derive(Deserialize)]
struct Identified {
    id: Snowflake,
}

impl Receiving {
    /// Receives with these settings.
    pub fn new(settings: DiscordSettings, api: Arc<Api>) -> Self {
        Self { settings, api, desk: Mutex::default(), begun: Mutex::default() }
    }

    /// What the run that is on shares; `None` before there was one.
    pub fn desk(&self) -> Option<Arc<Desk>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Receives until the shutdown.
    pub async fn run(&self, ctx: Context) -> Result<(), ConnectorError> {
        let health = ctx.health.clone();
        let shutdown = ctx.shutdown.clone();
        let result = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            error = self.receive(ctx) => Err(error),
        };
        health.report(match &result {
            Ok(()) => Health::Stopped,
            Err(ConnectorError::Unauthorized) => Health::Unauthorized,
            Err(ConnectorError::Misconfigured { reason }) => Health::Misconfigured { reason: reason.clone() },
            Err(ConnectorError::Transient { reason, .. }) => Health::Reconnecting { reason: reason.clone() },
        });
        result
    }

    /// Receives until it can't.
    async fn receive(&self, ctx: Context) -> ConnectorError {
        match self.begin(ctx).await {
            Ok(desk) => {
                let desk = Arc::new(desk);
                *self.desk.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&desk));
                let mut line = Line::new(Arc::clone(&desk));
                loop {
                    if let Err(error) = self.follow(&desk, &mut line).await {
                        return error;
                    }
                    desk.condition.connected(false);
                }
            }
            Err(error) => error,
        }
    }

    /// Finds out who we are and since when this inbox runs.
    async fn begin(&self, ctx: Context) -> Result<Desk, ConnectorError> {
        let mut failures = 0;
        loop {
            let stop = match self.try_begin(&ctx).await {
                Ok(desk) => return Ok(desk),
                Err(stop) => stop,
            };
            if let Some(fatal) = stop.fatal() {
                return Err(fatal);
            }
            let reason = match &stop {
                Stop::Provider(failure) => failure.reason(),
                Stop::Store(_) => "The store is not to be had.".to_owned(),
            };
            ctx.health.report(Health::Reconnecting { reason });
            tokio::time::sleep(stop.wait(failures)).await;
            failures += 1;
        }
    }

    async fn try_begin(&self, ctx: &Context) -> Result<Desk, Stop> {
        let user = self.api.get::<Identified>("/users/@me").await?.id;
        let application = match self.api.get::<Identified>("/applications/@me").await {
            Ok(application) => application.id,
            // Of most applications both ids are the same.
            Err(Failure::Refused { .. }) => user,
            Err(failure) => return Err(failure.into()),
        };
        let desk =
            Desk::new(self.settings.clone(), Arc::clone(&self.api), ctx.clone(), Us { user, application });
        Ok(desk.with_since().await?)
    }

    /// Keeps one connection for as long as the library does.
    async fn follow(&self, desk: &Arc<Desk>, line: &mut Line) -> Result<(), ConnectorError> {
        let address = desk.insist(|| Box::pin(self.address())).await?;
        if !self.settings.trusts_gateway(&address) {
            return Err(ConnectorError::Misconfigured {
                reason:
                    "The API names a gateway elsewhere, to which the token is not shown: look at api_base."
                        .to_owned(),
            });
        }
        self.pace().await;
        let mut gateway =
            Gateway::start(&self.settings, &address).map_err(|error| ConnectorError::Transient {
                retry_after: None,
                reason: format!("The gateway's thread can't be started: {error}."),
            })?;
        let mut next = Instant::now() + self.settings.listing_interval.min(PATIENCE);
        loop {
            tokio::select! {
                signal = gateway.signals.recv(), if line.has_room() => {
                    match signal.unwrap_or(Signal::Ended(Ended::Lost)) {
                        Signal::Ended(ended) => return why(ended),
                        Signal::Ready => {
                            self.note_begun();
                            next = Instant::now() + self.settings.listing_interval;
                            desk.condition.connected(true);
                            line.look(true);
                        }
                        Signal::Resumed => {
                            desk.condition.connected(true);
                            line.look(false);
                        }
                        Signal::Connection(stands) => desk.condition.connected(stands),
                        signal => heed(desk, line, signal),
                    }
                }
                done = line.next() => done?,
                () = tokio::time::sleep_until(next) => {
                    next = Instant::now() + self.settings.listing_interval;
                    line.look(false);
                }
            }
        }
    }

    /// Where the gateway is, asked by us: the library's own question has a fallback that leaves `api_base`.
    async fn address(&self) -> Result<Url, Stop> {
        #[derive(Deserialize)]
        struct Address {
            url: Url,
        }
        Ok(self.api.get::<Address>("/gateway/bot").await?.url)
    }

    async fn pace(&self) {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(begun) = begun {
            tokio::time::sleep_until(begun + PACE).await;
        }
        self.note_begun();
    }

    fn note_begun(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Puts a signal in line.
fn heed(desk: &Desk, line: &mut Line, signal: Signal) {
    let (channel, work) = match signal {
        Signal::Written(seen) => {
            (seen.channel, Work { direct: seen.direct, expected: Some(seen.message), ..Work::default() })
        }
        Signal::Changed(seen) => (
            seen.channel,
            Work { direct: seen.direct, acts: vec![Act::Changed(seen.message)], ..Work::default() },
        ),
        Signal::Deleted { channel, direct, messages } => {
            (channel, Work { direct, acts: vec![Act::Deleted(messages)], ..Work::default() })
        }
        Signal::Reacted(seen, reaction) => {
            let acts = vec![Act::Reacted(seen.message, reaction)];
            (seen.channel, Work { direct: seen.direct, acts, ..Work::default() })
        }
        Signal::Thread(thread) => return desk.directory.look_again(thread),
        Signal::Ready | Signal::Resumed | Signal::Connection(_) | Signal::Ended(_) => return,
    };
    line.push(channel, work);
}

/// What the end of a connection means.
fn why(ended: Ended) -> Result<(), ConnectorError> {
    let wrong = |reason: &str| Err(ConnectorError::Misconfigured { reason: reason.to_owned() });
    match ended {
        Ended::Lost => Ok(()),
        Ended::Unauthorized => Err(ConnectorError::Unauthorized),
        Ended::Intents => {
            wrong("Discord does not know the intents that are asked for: this version is too old.")
        }
        Ended::Disallowed => wrong(
            "Discord does not let the bot read texts: turn on Message Content Intent at the developer portal, \
             page Bot, and start again.",
        ),
    }
}
