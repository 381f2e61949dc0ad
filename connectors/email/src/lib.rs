//! E-mail as a channel: a mailbox over IMAP, answers by SMTP.
//!
//! [`reading`] turns the bytes of a mail into what a person would read; it is pure and knows no
//! server. [`compose`] turns an answer into the bytes of a mail, pure as well, and [`smtp`] hands them
//! in. [`token`] is what ties an answer to what it answers. Nothing here knows a conversation or an
//! associate.

pub mod address;
pub mod compose;
mod config;
mod error;
pub mod imap;
pub mod inbound;
mod outbound;
pub mod reading;
pub mod receiving;
pub mod smtp;
mod tls;
pub mod token;
pub mod trust;

use rapport_sdk::{
    BoxFuture, Connector, ConnectorError, Context, Fetched,
    model::{
        Capabilities,
        id::ChannelName,
        outbound::{OutboundMessage, Outgoing, Part, PlanError, SendError, SendReceipt},
    },
};

pub use config::{Auth, EmailSettings, Relay, Security, Server, Start};
pub use error::EmailError;
use smtp::{Sender, Timeouts};

/// One inbox for e-mail.
pub struct EmailConnector {
    settings: EmailSettings,
    sender: Sender,
}

impl EmailConnector {
    /// A connector for these settings. Nothing is connected to before it runs or sends.
    pub fn new(settings: EmailSettings) -> Result<Self, EmailError> {
        let sender = Sender::new(&settings, Timeouts::default(), None, None)?;
        Ok(Self::with_sender(settings, sender))
    }

    /// A connector that sends with this sender.
    pub fn with_sender(settings: EmailSettings, sender: Sender) -> Self {
        Self { settings, sender }
    }
}

impl Connector for EmailConnector {
    fn channel(&self) -> ChannelName {
        ChannelName::from("email")
    }

    fn capabilities(&self) -> Capabilities {
        outbound::capabilities(self.settings.largest_files)
    }

    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move {
            ctx.shutdown.cancelled().await;
            Ok(())
        })
    }

    fn plan(&self, message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
        outbound::plan(message, self.settings.largest_files)
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>> {
        Box::pin(self.sender.send(outgoing))
    }

    fn fetch<'a>(
        &'a self,
        _reference: &'a str,
        _limit: u64,
    ) -> BoxFuture<'a, Result<Fetched, ConnectorError>> {
        let reason = "a mail comes with its files: there is none to fetch".to_owned();
        Box::pin(std::future::ready(Err(ConnectorError::Misconfigured { reason })))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.sender.check())
    }
}
