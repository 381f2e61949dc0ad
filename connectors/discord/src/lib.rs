//! Discord as a channel.
//!
//! Four places: private messages, a support channel in which each customer gets a private thread, those
//! threads, and the posts of a forum. The gateway says that something happened and the history says what;
//! `inbound` puts the two together. `message` and `markup` read and write without any connection.

mod api;
mod check;
mod config;
mod error;
mod files;
mod gateway;
mod inbound;
mod markup;
mod message;
mod outbound;
mod permission;
mod place;
pub mod sabotage;
mod snowflake;

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

use api::Api;
pub use config::{DISCORD_API, DiscordSettings, GoOn};
pub use error::DiscordError;
use files::Files;
use inbound::Receiving;
pub use markup::{Names, read as read_markup};

/// Whether a text is an id of anything at Discord.
pub fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<snowflake::Snowflake>().is_ok()
}

/// One inbox for Discord.
pub struct DiscordConnector {
    settings: DiscordSettings,
    api: Arc<Api>,
    files: Files,
    receiving: Receiving,
}

impl DiscordConnector {
    /// A connector for these settings. Nothing is connected to before it runs.
    pub fn new(settings: DiscordSettings) -> Result<Self, DiscordError> {
        let api = Arc::new(Api::new(&settings)?);
        Ok(Self {
            files: Files::new(&settings.api_base)?,
            receiving: Receiving::new(settings.clone(), Arc::clone(&api)),
            api,
            settings,
        })
    }
}

impl Connector for DiscordConnector {
    fn channel(&self) -> ChannelName {
        ChannelName::from("discord")
    }

    fn capabilities(&self) -> Capabilities {
        outbound::capabilities()
    }

    /// The support channel, once it was seen on which server it is. Discord's links bring nothing along.
    fn way_in(&self, _word: &str) -> Option<WayIn> {
        let (server, channel) = self.receiving.desk()?.directory.home()?;
        let url = format!("https://discord.com/channels/{server}/{channel}");
        Some(WayIn { url, write_the_word: true })
    }

    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.receiving.run(ctx))
    }

    fn plan(&self, message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
        outbound::plan(message)
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>> {
        Box::pin(outbound::send(&self.api, self.receiving.desk(), outgoing))
    }

    fn fetch<'a>(&'a self, reference: &'a str, limit: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>> {
        Box::pin(self.files.fetch(&self.api, reference, limit))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(check::check(&self.settings, &self.api))
    }

    fn examine(&self) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(check::examine(&self.settings, &self.api))
    }

    fn read_again(&self, raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent> {
        message::read_again(raw, at)
    }
}
