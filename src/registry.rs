//! The one place that names the connectors.
//!
//! To add a channel, add its crate to the workspace, its line to [`CHANNELS`], its variant to
//! [`Account`], and a file beside this one that reads its table and makes its connector. The core asks
//! for capabilities and never for a name.

mod discord;
mod email;
mod sms;
mod telegram;

use std::{collections::HashMap, sync::Arc};

use rapport_model::{
    Address, Secret,
    id::{ChannelName, InboxId},
};
use rapport_sdk::{Connector, ConnectorError};
use url::Url;

pub use discord::{DiscordAccount, Names, read_markup};
pub use email::EmailAccount;
pub use sms::SmsAccount;
pub use telegram::TelegramAccount;

use crate::config::{Config, Inbox, Section};

/// A channel that an inbox can have.
pub struct Channel {
    /// The name of its table below `[inbox.ID]`.
    pub name: &'static str,
    /// What an inbox's own addresses look like there, as the configuration writes them.
    pub addresses: &'static str,
    /// Reads that table.
    pub read: fn(&Section<'_>, &Surroundings<'_>) -> Account,
}

/// What of the inbox a channel's table can't say.
pub struct Surroundings<'a> {
    /// The inbox's table.
    pub inbox: &'a Section<'a>,
    /// The inbox's own addresses, as they were written.
    pub addresses: &'a [String],
    /// Whether the playground is on, which provides accounts of its own.
    pub playground: bool,
}

/// All channels.
pub const CHANNELS: &[Channel] = &[
    Channel { name: "email", addresses: "[\"support@shop.example\"]", read: email::read },
    Channel { name: "sms", addresses: "[\"+4915550000001\"]", read: sms::read },
    Channel { name: "telegram", addresses: "[\"@shop_bot\"]", read: telegram::read },
    Channel {
        name: "discord",
        addresses: "[\"175928847299117063\"], the bot's user id",
        read: discord::read,
    },
];

/// What we read in a mail, as one JSON object. `addresses` are our own.
pub fn inspect_mail(raw: &[u8], addresses: &[String]) -> serde_json::Value {
    rapport_email::inspect(raw, &rapport_email::reading::Ourselves { addresses: addresses.to_vec() })
}

/// What an inbox needs to speak its channel.
#[derive(Debug, Clone)]
pub enum Account {
    /// `[inbox.ID.email]`
    Email(Box<EmailAccount>),
    /// `[inbox.ID.sms]`
    Sms(SmsAccount),
    /// `[inbox.ID.telegram]`
    Telegram(TelegramAccount),
    /// `[inbox.ID.discord]`
    Discord(DiscordAccount),
}

impl Account {
    /// The name of the channel.
    pub fn channel(&self) -> ChannelName {
        match self {
            Self::Email(_) => "email".into(),
            Self::Sms(_) => "sms".into(),
            Self::Telegram(_) => "telegram".into(),
            Self::Discord(_) => "discord".into(),
        }
    }

    /// One of the inbox's own addresses in the form in which the connector knows it.
    pub fn canonical(&self, address: &str) -> Address {
        match self {
            Self::Email(_) => email::own_address(address),
            Self::Sms(_) | Self::Discord(_) => Address::new(address),
            Self::Telegram(_) => telegram::own_address(address),
        }
    }

    /// Within which of our inboxes one opt-out counts for all.
    pub fn sender_group(&self) -> &str {
        match self {
            Self::Email(_) => "email",
            Self::Sms(account) => account.sender_group(),
            Self::Telegram(_) => "telegram",
            Self::Discord(_) => "discord",
        }
    }

    /// The key below `[inbox.ID]` under which its credentials stand.
    pub fn credentials(&self) -> &'static str {
        match self {
            Self::Email(_) => "email.auth",
            Self::Sms(_) => "sms.auth_token",
            Self::Telegram(_) => "telegram.token",
            Self::Discord(_) => "discord.token",
        }
    }

    /// Why its provider could not call us at this address, and what to write instead.
    pub fn why_not_called_at(&self, public_url: &Url) -> Option<(String, String)> {
        match self {
            Self::Telegram(account) => account.why_not_called_at(public_url),
            Self::Email(_) | Self::Sms(_) | Self::Discord(_) => None,
        }
    }

    /// Whether the account is the playground's to provide.
    pub fn is_provided(&self) -> bool {
        match self {
            Self::Email(account) => account.is_provided(),
            Self::Sms(account) => account.is_provided(),
            Self::Telegram(account) => account.is_provided(),
            Self::Discord(account) => account.is_provided(),
        }
    }
}

/// What a connector has to know of the bridge that it serves.
pub struct Bridge<'a> {
    /// How it is set up, of which a connector gets the automatic texts.
    pub config: &'a Config,
    /// Where the bridge is reached.
    pub public_url: &'a Url,
    /// The installation's keys: the present one, then those that were.
    pub keys: &'a [Secret],
    /// The playground's accounts, where it runs.
    pub provided: Option<&'a Provided>,
}

/// Accounts at pretended providers, which the playground runs.
#[derive(Debug, Clone)]
pub struct Provided {
    /// For SMS.
    pub sms: ProvidedSms,
    /// For e-mail, by inbox.
    pub email: HashMap<InboxId, ProvidedMailServer>,
    /// For Telegram, where an inbox wants it.
    pub telegram: Option<ProvidedTelegram>,
    /// For Discord, where an inbox wants it.
    pub discord: Option<ProvidedDiscord>,
}

/// An account at a pretended provider of SMS.
#[derive(Debug, Clone)]
pub struct ProvidedSms {
    /// The account's name.
    pub account_sid: String,
    /// Opens the API and signs the provider's calls.
    pub auth_token: Secret,
    /// Where the API is served.
    pub api_base: Url,
}

/// A bot at a pretended Telegram.
#[derive(Debug, Clone)]
pub struct ProvidedTelegram {
    /// Opens the API.
    pub token: Secret,
    /// Where the API is served.
    pub api_base: Url,
}

/// A bot at a pretended Discord, with the channels that an inbox gets which names none.
#[derive(Debug, Clone)]
pub struct ProvidedDiscord {
    /// Opens the API and the gateway.
    pub token: Secret,
    /// Where the API is served.
    pub api_base: Url,
    /// The channel in which customers ask.
    pub support_channel: Option<String>,
    /// The channel of posts.
    pub forum_channel: Option<String>,
}

/// A pretended mail server on this machine, with one mailbox: its user is the inbox's first address.
#[derive(Debug, Clone)]
pub struct ProvidedMailServer {
    /// The port on which mail is read.
    pub imap_port: u16,
    /// The port at which mail is handed in.
    pub smtp_port: u16,
    /// The user's password.
    pub password: Secret,
    /// The name under which it says what it found about senders.
    pub authserv_id: String,
}

/// The connector of an inbox, one of `all`, not yet running. `None`: its account is the playground's, and
/// none is provided.
pub fn connect(
    inbox: &Inbox,
    all: &[Inbox],
    bridge: &Bridge<'_>,
) -> Result<Option<Arc<dyn Connector>>, ConnectorError> {
    match &inbox.account {
        Account::Email(account) => account.connect(inbox, all, bridge),
        Account::Sms(account) => account.connect(inbox, all, bridge),
        Account::Telegram(account) => account.connect(inbox, bridge),
        Account::Discord(account) => account.connect(inbox, bridge),
    }
}

/// Where the API of an account is: the provider's own address unless another one is written.
fn read_api_base(section: &Section<'_>, usual: &str) -> Url {
    let text = section.text_or("api_base", usual);
    Url::parse(&text).unwrap_or_else(|error| {
        let reason = format!("\"{text}\" is not an address: {error}.");
        section.refuse("api_base", reason, format!("Write \"{usual}\"."));
        Url::parse(usual).expect("the provider's own address is one")
    })
}

/// A reason of a connector, which is half a sentence, as a whole one.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}
