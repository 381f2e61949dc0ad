//! Telegram as a channel.
//!
//! Start at `reading`, which turns an update into events and is pure, and at `inbound`, which decides when
//! an update counts as received. `outbound` plans and sends; `api` is the one door to Telegram. Nothing
//! here knows a conversation or an associate.

mod api;
mod config;
mod content;
mod cut;
mod entity;
mod error;
mod file;
mod inbound;
mod outbound;
mod place;
mod reading;
mod rich_message;
pub mod sabotage;
mod standing;
mod wire;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rapport_sdk::{
    Batch, BoxFuture, Connector, ConnectorError, Context, Fetched, Ingress, WayIn, Webhook, WebhookRequest,
    WebhookResponse,
    model::{
        Capabilities, InboundEvent, Timestamp,
        event::{RawPayload, ReachChange},
        id::ChannelName,
        outbound::{OutboundMessage, Outgoing, Part, PlanError, SendError, SendReceipt},
    },
};

use api::Api;
pub use config::{Groups, Mode, TELEGRAM_API, TelegramSettings};
pub use error::TelegramError;
use inbound::Inbound;
use outbound::{Learned, Sender};
use reading::Ourselves;

/// How long a send waits for the bridge to take in what it has shown.
const TELLING: Duration = Duration::from_secs(5);

/// One bot.
pub struct TelegramConnector {
    api: Arc<Api>,
    ours: Ourselves,
    inbound: Inbound,
    sender: Sender,
    settings: TelegramSettings,
    /// The run that goes on, to tell the bridge what a send has shown.
    running: Mutex<Option<Context>>,
}

impl TelegramConnector {
    /// A connector for these settings. Nothing is connected to before it runs.
    pub fn new(settings: TelegramSettings) -> Result<Self, TelegramError> {
        let api = Arc::new(Api::new(&settings)?);
        let ours = Ourselves {
            // Without an id none of the messages is ours; the first call then says what is wrong.
            id: settings.bot_id().unwrap_or_default(),
            address: settings.address.clone(),
            groups: settings.groups,
        };
        Ok(Self {
            inbound: Inbound::new(Arc::clone(&api), settings.clone(), ours.clone()),
            sender: Sender::new(Arc::clone(&api)),
            api,
            ours,
            settings,
            running: Mutex::default(),
        })
    }

    fn set_running(&self, ctx: Option<Context>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = ctx;
    }

    /// Tells the bridge what a send has shown. Where that fails the provider's own update comes later, or
    /// the next send shows it again.
    async fn tell(&self, outgoing: &Outgoing, learned: Learned) {
        let ctx = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(ctx) = ctx else { return };
        let mut events = Vec::new();
        if let Some((from, to)) = learned.moved {
            events.push(InboundEvent::Rekey { from: from.thread(), to: to.thread() });
        }
        if learned.unreachable {
            let (address, change) = (outgoing.to.clone(), ReachChange::Unreachable);
            events.push(InboundEvent::Reach { address, change, at: ctx.clock.now() });
        }
        if !events.is_empty() {
            // It must not make a send that is done late: what was handed over is stored without us.
            let telling = ctx.ingress.ingest(Batch { events, ..Batch::default() });
            let _ = tokio::time::timeout(TELLING, telling).await;
        }
    }
}

impl Connector for TelegramConnector {
    fn channel(&self) -> ChannelName {
        ChannelName::from("telegram")
    }

    fn capabilities(&self) -> Capabilities {
        outbound::capabilities(self.settings.transfer * 3)
    }

    /// A deep link (<https://core.telegram.org/bots/features#deep-linking>).
    fn way_in(&self, word: &str) -> Option<WayIn> {
        let bot = self.settings.address.expose().trim_start_matches('@');
        Some(WayIn { url: format!("https://t.me/{bot}?start={word}"), write_the_word: false })
    }

    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move {
            self.set_running(Some(ctx.clone()));
            let result = self.inbound.run(&ctx).await;
            self.set_running(None);
            result
        })
    }

    fn plan(&self, message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
        outbound::plan(message)
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>> {
        Box::pin(async move {
            let (result, learned) = self.sender.send(outgoing).await;
            self.tell(outgoing, learned).await;
            result
        })
    }

    fn fetch<'a>(&'a self, reference: &'a str, limit: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>> {
        Box::pin(file::fetch(&self.api, reference, limit))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async {
            let misnamed = self.inbound.misnamed(&self.api.me().await?);
            misnamed.map_or(Ok(()), |reason| Err(ConnectorError::Misconfigured { reason }))
        })
    }

    fn read_again(&self, raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent> {
        reading::read_again(raw, &self.ours, at)
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        (self.settings.mode == Mode::Webhook).then_some(self as &dyn Webhook)
    }
}

impl Webhook for TelegramConnector {
    fn receive<'a>(
        &'a self,
        request: WebhookRequest,
        ingress: &'a dyn Ingress,
    ) -> BoxFuture<'a, WebhookResponse> {
        Box::pin(self.inbound.receive(request, ingress))
    }
}
