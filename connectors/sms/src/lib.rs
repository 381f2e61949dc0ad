//! SMS and MMS as a channel.
//!
//! [`SmsConnector`] is what every provider shares: the webhook's answers, the search for what was
//! missed, the splitting of texts. What only one provider does stands behind the seam of
//! `provider`; the next one goes beside `twilio`. Nothing here knows a conversation or an associate.

mod config;
mod error;
mod inbound;
mod keyword;
mod number;
mod outbound;
mod provider;
mod sabotage;
mod seen;
pub mod segments;
mod twilio;

use std::sync::Arc;

use rapport_sdk::{
    BoxFuture, Connector, ConnectorError, Context, Fetched, Ingress, WayIn, Webhook, WebhookRequest,
    WebhookResponse,
    model::{
        Address, Capabilities, InboundEvent, Timestamp,
        event::RawPayload,
        id::ChannelName,
        outbound::{OutboundMessage, Outgoing, Part, PlanError, SendError, SendReceipt},
    },
};

pub use config::{ProviderName, SmsSettings, TWILIO_API};
pub use error::SmsError;
use inbound::Inbound;
use provider::Provider;

/// One inbox for SMS.
pub struct SmsConnector {
    provider: Arc<dyn Provider>,
    inbound: Inbound,
    /// The number on which customers begin.
    number: Option<Address>,
}

impl SmsConnector {
    /// A connector for these settings. Nothing is connected to before it runs.
    pub fn new(settings: SmsSettings) -> Result<Self, SmsError> {
        let interval = settings.listing_interval;
        let number = settings.numbers.first().cloned();
        let provider: Arc<dyn Provider> = match settings.provider {
            ProviderName::Twilio => Arc::new(twilio::Twilio::new(settings)?),
        };
        Ok(Self { inbound: Inbound::new(Arc::clone(&provider), interval), provider, number })
    }
}

impl Connector for SmsConnector {
    fn channel(&self) -> ChannelName {
        ChannelName::from("sms")
    }

    fn capabilities(&self) -> Capabilities {
        outbound::capabilities()
    }

    /// A text that is written already (RFC 5724, section 2.2). Phones that leave it out show the word beside it.
    fn way_in(&self, word: &str) -> Option<WayIn> {
        let number = self.number.as_ref()?.expose();
        Some(WayIn { url: format!("sms:{number}?body={word}"), write_the_word: false })
    }

    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.inbound.run(ctx))
    }

    fn plan(&self, message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
        outbound::plan(message)
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>> {
        self.provider.send(outgoing)
    }

    fn fetch<'a>(&'a self, reference: &'a str, limit: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>> {
        self.provider.fetch(reference, limit)
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        self.provider.check()
    }

    fn read_again(&self, raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent> {
        self.provider.read_again(raw, at)
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }
}

impl Webhook for SmsConnector {
    fn receive<'a>(
        &'a self,
        request: WebhookRequest,
        ingress: &'a dyn Ingress,
    ) -> BoxFuture<'a, WebhookResponse> {
        Box::pin(self.inbound.receive(request, ingress))
    }
}
