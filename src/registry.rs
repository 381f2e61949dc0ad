//! The one file that names the connectors.
//!
//! To add a channel, add its crate to the workspace, its line to [`CHANNELS`], its variant to
//! [`Account`], and the function that reads its table. The core asks for capabilities and never
//! for a name.

use std::{sync::Arc, time::Duration};

use rapport_model::{Secret, id::ChannelName};
use rapport_sdk::{Connector, ConnectorError};
use url::Url;

use crate::config::{Inbox, Section};

/// A channel that an inbox can have.
pub struct Channel {
    /// The name of its table below `[inbox.ID]`.
    pub name: &'static str,
    /// Reads that table: the section, the inbox's addresses, and whether the playground, which
    /// provides accounts of its own, is on.
    pub read: fn(&Section<'_>, &[String], bool) -> Account,
}

/// All channels.
pub const CHANNELS: &[Channel] = &[Channel { name: "sms", read: read_sms }];

/// What an inbox needs to speak its channel.
#[derive(Debug, Clone)]
pub enum Account {
    /// `[inbox.ID.sms]`
    Sms(SmsAccount),
}

impl Account {
    /// The name of the channel.
    pub fn channel(&self) -> ChannelName {
        match self {
            Self::Sms(_) => "sms".into(),
        }
    }

    /// Within which of our inboxes one opt-out counts for all.
    pub fn sender_group(&self) -> &str {
        match self {
            Self::Sms(account) => &account.sender_group,
        }
    }
}

/// `[inbox.ID.sms]`
#[derive(Debug, Clone)]
pub struct SmsAccount {
    /// Whose API it is.
    pub provider: String,
    /// The account and its keys; `None`: the playground provides them.
    pub credentials: Option<SmsCredentials>,
    /// Where the API is served; `None`: the provider's own address, or the playground's.
    pub api_base: Option<Url>,
    /// Sends through a pool of numbers.
    pub messaging_service_sid: Option<String>,
    /// How often the provider is asked for what we missed.
    pub listing: Duration,
    /// Within which of our inboxes one STOP counts for all.
    pub sender_group: String,
}

/// An account at a provider of SMS.
#[derive(Debug, Clone)]
pub struct SmsCredentials {
    /// The account's name.
    pub account_sid: String,
    /// Signs our calls.
    pub auth_token: Secret,
    /// Signs the provider's calls, where that is another key than `auth_token`.
    pub signature_key: Option<Secret>,
}

/// The connector of an inbox, not yet running. `None` where only the playground has its account.
pub fn connect(inbox: &Inbox, _public_url: &Url) -> Result<Option<Arc<dyn Connector>>, ConnectorError> {
    match &inbox.account {
        Account::Sms(account) if account.credentials.is_none() => Ok(None),
        Account::Sms(_) => {
            Err(ConnectorError::Misconfigured { reason: "this build does not speak SMS".to_owned() })
        }
    }
}

fn read_sms(section: &Section<'_>, addresses: &[String], playground: bool) -> Account {
    for address in addresses {
        let digits = address.strip_prefix('+').unwrap_or("");
        let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let is_short = (3..=6).contains(&address.len()) && address.bytes().all(|b| b.is_ascii_digit());
        if !is_number && !is_short {
            section.refuse(
                "",
                format!("The inbox's address \"{address}\" is not a phone number."),
                "Write it with + and country code, without spaces: \"+4915550000001\".",
            );
        }
    }
    let provider = section.text("provider").unwrap_or_else(|| "twilio".to_owned());
    if provider != "twilio" {
        let reason = format!("There is no SMS provider \"{provider}\".");
        section.refuse("provider", reason, "Write \"twilio\".");
    }
    let account_sid = section.text("account_sid");
    let auth_token = section.secret("auth_token");
    let signature_key = section.secret("signature_key");
    let is_bare = !section.has("account_sid") && !section.has("auth_token");
    let credentials = match (account_sid, auth_token) {
        (Some(account_sid), Some(auth_token)) => {
            Some(SmsCredentials { account_sid, auth_token, signature_key })
        }
        _ if playground && is_bare => None,
        _ => {
            if !section.has("account_sid") {
                section.missing("account_sid", "the account's SID: account_sid = \"AC...\".");
            }
            if !section.has("auth_token") {
                section.missing("auth_token", "auth_token = { env = \"TWILIO_AUTH_TOKEN\" }.");
            }
            None
        }
    };
    let api_base = section.text("api_base").filter(|text| !text.is_empty());
    let api_base = api_base.and_then(|text| match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        _ => {
            let reason = format!("\"{text}\" is not an address.");
            section.refuse("api_base", reason, "Write \"https://api.twilio.com\".");
            None
        }
    });
    let minutes =
        if section.has("listing_minutes") { section.number("listing_minutes", 1, 1_440) } else { None };
    Account::Sms(SmsAccount {
        provider,
        credentials,
        api_base,
        messaging_service_sid: section.text("messaging_service_sid"),
        listing: Duration::from_secs(u64::from(minutes.unwrap_or(5)) * 60),
        sender_group: section.text("sender_group").unwrap_or_else(|| "sms".to_owned()),
    })
}
