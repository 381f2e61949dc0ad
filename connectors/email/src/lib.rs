//! E-mail as a channel: a mailbox over IMAP, answers by SMTP.
//!
//! [`reading`] turns the bytes of a mail into what a person would read; it is pure and knows no
//! server; [`inspect()`] tells it as JSON. [`receiving`] fetches mails over [`imap`], and [`inbound`] says
//! what each means. [`compose`] turns an answer into the bytes of a mail, pure as well, and [`smtp`] hands
//! them in. [`token`] is what ties an answer to what it answers. Nothing here knows a conversation or an
//! associate.

pub mod address;
pub mod compose;
mod config;
mod error;
pub mod failpoints;
pub mod imap;
pub mod inbound;
mod inspect;
pub mod oauth;
mod outbound;
pub mod reading;
pub mod receiving;
pub mod sabotage;
pub mod smtp;
mod tls;
pub mod token;
pub mod trust;

use std::sync::Arc;

use rapport_sdk::{
    BoxFuture, Connector, ConnectorError, Context, Fetched, Finding, WayIn,
    model::{
        Capabilities, InboundEvent, Timestamp,
        event::RawPayload,
        id::ChannelName,
        outbound::{OutboundMessage, Outgoing, Part, PlanError, SendError, SendReceipt},
    },
};

pub use config::{Auth, EmailSettings, Relay, Security, Server, Start};
pub use error::EmailError;
use imap::{Append, Patience};
pub use inspect::inspect;
use oauth::OAuth;
use receiving::Receiving;
use smtp::{AccessTokens, Sender, SentFolder, Timeouts};

/// One inbox for e-mail.
pub struct EmailConnector {
    settings: Arc<EmailSettings>,
    sender: Sender,
    receiving: Option<Receiving>,
}

impl EmailConnector {
    /// A connector for these settings. Nothing is connected to before it runs or sends.
    pub fn new(settings: EmailSettings) -> Result<Self, EmailError> {
        let patience = Patience::default();
        let tokens = OAuth::new(&settings)?.map(|tokens| Arc::new(tokens) as Arc<dyn AccessTokens>);
        let sent = Append::new(&settings, tokens.clone(), patience)?;
        let sent = sent.map(|sent| Arc::new(sent) as Arc<dyn SentFolder>);
        let sender = Sender::new(&settings, Timeouts::default(), tokens.clone(), sent)?;
        let settings = Arc::new(settings);
        let receiving = Receiving::new(Arc::clone(&settings), tokens, patience)?;
        Ok(Self { settings, sender, receiving: Some(receiving) })
    }

    /// A connector that sends with this sender and receives nothing.
    pub fn with_sender(settings: EmailSettings, sender: Sender) -> Self {
        Self { settings: Arc::new(settings), sender, receiving: None }
    }

    /// The same, receiving in this way.
    #[must_use]
    pub fn and_receiving(self, receiving: Receiving) -> Self {
        Self { receiving: Some(receiving), ..self }
    }
}

/// An error for whoever sees the configuration: which keys a refused sign-in rests on.
fn explained(error: ConnectorError, auth: &Auth) -> String {
    match (error, auth) {
        (ConnectorError::Unauthorized, Auth::Password { user, .. }) => {
            format!("the server refuses the sign-in of {user}; see the keys auth.user and auth.password")
        }
        (ConnectorError::Unauthorized, Auth::XOAuth2 { user, .. }) => format!(
            "the server, or the one that gives access tokens, refuses the sign-in of {user}; see the keys of auth"
        ),
        (error, _) => error.to_string(),
    }
}

impl Connector for EmailConnector {
    fn channel(&self) -> ChannelName {
        ChannelName::from("email")
    }

    fn capabilities(&self) -> Capabilities {
        outbound::capabilities(self.settings.largest_files)
    }

    /// A letter to an address of that associate's own, or with the word as its subject where the server knows no
    /// such addresses (RFC 6068).
    fn way_in(&self, word: &str) -> Option<WayIn> {
        let own = self.settings.addresses.first()?;
        let with_detail =
            self.settings.plus_addressing.then(|| address::with_detail(own, &word.to_lowercase())).flatten();
        let url = match with_detail {
            Some(address) => format!("mailto:{}", address.expose()),
            None => format!("mailto:{}?subject={word}", own.expose()),
        };
        Some(WayIn { url, write_the_word: false })
    }

    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move {
            if let Some(receiving) = &self.receiving {
                return receiving.run(ctx).await;
            }
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
        Box::pin(async move {
            if let Some(receiving) = &self.receiving {
                receiving.check().await?;
            }
            self.sender.check().await
        })
    }

    fn examine(&self) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(async move {
            let settings = &*self.settings;
            let receiving = async {
                let receiving = self.receiving.as_ref()?;
                let wrong = receiving.check().await.err().map(|error| explained(error, &settings.auth));
                Some(Finding { part: Some(format!("receiving from {}", settings.imap)), wrong })
            };
            let sending = async {
                let wrong = self.sender.check().await.err().map(|error| explained(error, &settings.auth));
                Finding { part: Some(format!("sending through {}", settings.smtp)), wrong }
            };
            let (receiving, sending) = futures_util::join!(receiving, sending);
            receiving.into_iter().chain([sending]).collect()
        })
    }

    fn read_again(&self, raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent> {
        inbound::Translator::new(&self.settings).again(&raw.bytes, at)
    }
}
