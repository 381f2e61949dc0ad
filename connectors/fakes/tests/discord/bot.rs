//! A bot as they are usually written, connected to the fake.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rapport_fakes::{FakeDiscord, FakeDiscordConfig};
use rapport_sdk::model::{Clock, Timestamp};
use serenity::{
    Client, async_trait,
    client::{Context, RawEventHandler},
    http::{ErrorResponse, Http, HttpBuilder, HttpError},
    model::{channel::Message, event::Event, gateway::GatewayIntents},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A clock that stands.
#[derive(Debug)]
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000_000)
    }
}

/// A clock that a test moves.
#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn at_noon() -> Self {
        Self(AtomicI64::new(Noon.now().millis()))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).expect("a short time"), Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A fake that minds no haste.
pub(crate) async fn fake(change: impl FnOnce(&mut FakeDiscordConfig)) -> FakeDiscord {
    let mut config = FakeDiscordConfig::new(Arc::new(Noon));
    config.identify_pace = Duration::ZERO;
    change(&mut config);
    FakeDiscord::start(config).await.expect("ports are free")
}

struct Ear(UnboundedSender<Event>);

#[async_trait]
impl RawEventHandler for Ear {
    async fn raw_event(&self, _context: Context, event: Event) {
        // A test that has ended hears no more.
        let _ = self.0.send(event);
    }
}

/// A running bot.
pub(crate) struct Bot {
    pub(crate) http: Arc<Http>,
    heard: UnboundedReceiver<Event>,
    run: tokio::task::JoinHandle<serenity::Result<()>>,
}

/// The calls alone, without the gateway.
pub(crate) fn http(discord: &FakeDiscord) -> Http {
    HttpBuilder::new(discord.token()).proxy(discord.api_base()).ratelimiter_disabled(true).build()
}

fn refusal<T>(outcome: serenity::Result<T>) -> Option<ErrorResponse> {
    match outcome.map(drop) {
        Err(serenity::Error::Http(HttpError::UnsuccessfulRequest(refusal))) => Some(refusal),
        _ => None,
    }
}

/// The API's code for why a call was refused; -1 where the library could not read it.
pub(crate) fn code_of<T>(outcome: serenity::Result<T>) -> isize {
    refusal(outcome).expect("a refusal").error.code
}

/// The HTTP status of a refused call; `None`: no answer, or none that can be read.
pub(crate) fn status_of<T>(outcome: serenity::Result<T>) -> Option<u16> {
    refusal(outcome).map(|refusal| refusal.status_code.as_u16())
}

/// What a bot for customers wants to be told.
pub(crate) fn intents() -> GatewayIntents {
    GatewayIntents::non_privileged() | GatewayIntents::MESSAGE_CONTENT
}

impl Bot {
    /// Connects, and waits until the guild is known.
    pub(crate) async fn start(discord: &FakeDiscord) -> Self {
        let mut bot = Self::with(discord, intents()).await;
        bot.until(|event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
        bot
    }

    /// Connects with these intents.
    pub(crate) async fn with(discord: &FakeDiscord, intents: GatewayIntents) -> Self {
        let (ear, heard) = unbounded_channel();
        let builder = serenity::client::ClientBuilder::new_with_http(http(discord), intents);
        let mut client: Client = builder.raw_event_handler(Ear(ear)).await.expect("a bot");
        let http = Arc::clone(&client.http);
        let run = tokio::spawn(async move { client.start().await });
        Self { http, heard, run }
    }

    /// How it ended by itself.
    pub(crate) async fn end(mut self) -> serenity::Result<()> {
        let end = tokio::time::timeout(Duration::from_secs(20), &mut self.run).await;
        end.expect("in good time").expect("no panic")
    }

    /// The next event that fits; those before it are passed over.
    pub(crate) async fn until<T>(&mut self, fits: impl Fn(&Event) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.heard.recv().await.expect("the bot runs");
                if let Event::Unknown(event) = &event {
                    panic!("{} can't be decoded", event.kind);
                }
                if let Some(found) = fits(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("in good time")
    }

    /// The next message that it is told of.
    pub(crate) async fn message(&mut self) -> Message {
        self.until(|event| match event {
            Event::MessageCreate(created) => Some(created.message.clone()),
            _ => None,
        })
        .await
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.run.abort();
    }
}
