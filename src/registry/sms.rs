//! `[inbox.ID.sms]`: an account at a provider of SMS.

use std::{sync::Arc, time::Duration};

use rapport_model::{Address, Secret, id::InboxId};
use rapport_sdk::{Connector, ConnectorError};
use rapport_sms::{SmsConnector, SmsSettings, TWILIO_API};
use url::Url;

use super::{Account, Bridge, ProvidedSms, Surroundings, read_api_base, sentence};
use crate::config::{Inbox, Section};

/// `[inbox.ID.sms]`
#[derive(Debug, Clone)]
pub struct SmsAccount {
    credentials: Option<Credentials>,
    api_base: Url,
    messaging_service_sid: Option<String>,
    listing: Duration,
    sender_group: String,
}

#[derive(Debug, Clone)]
struct Credentials {
    account_sid: String,
    auth_token: Secret,
    signature_key: Option<Secret>,
}

impl SmsAccount {
    /// Under which name opt-outs are kept.
    pub(super) fn sender_group(&self) -> &str {
        &self.sender_group
    }

    /// Whether the playground is to provide the account.
    pub(super) fn is_provided(&self) -> bool {
        self.credentials.is_none()
    }

    pub(super) fn connect(
        &self,
        inbox: &Inbox,
        all: &[Inbox],
        bridge: &Bridge<'_>,
    ) -> Result<Option<Arc<dyn Connector>>, ConnectorError> {
        let provided = bridge.provided.map(|provided| &provided.sms);
        let Some(mut settings) = self.settings(&inbox.id, bridge.public_url, provided) else {
            return Ok(None);
        };
        settings.numbers.clone_from(&inbox.addresses);
        let others = all.iter().filter(|other| other.id != inbox.id && self.is_shared_with(other));
        settings.elsewhere = others.flat_map(|other| other.addresses.iter().cloned()).collect();
        let connector = SmsConnector::new(settings)
            .map_err(|error| ConnectorError::Misconfigured { reason: error.to_string() })?;
        Ok(Some(Arc::new(connector)))
    }

    /// Whether both see the same calls and the same list.
    fn is_shared_with(&self, other: &Inbox) -> bool {
        let Account::Sms(other) = &other.account else { return false };
        let sid = |account: &Self| account.credentials.as_ref().map(|own| own.account_sid.clone());
        sid(self) == sid(other) && self.api_base == other.api_base
    }

    fn settings(
        &self,
        inbox: &InboxId,
        public_url: &Url,
        provided: Option<&ProvidedSms>,
    ) -> Option<SmsSettings> {
        let mut settings = match (&self.credentials, provided) {
            (Some(own), _) => SmsSettings::twilio(
                inbox.clone(),
                own.account_sid.clone(),
                own.auth_token.clone(),
                self.api_base.clone(),
                public_url.clone(),
            ),
            (None, Some(given)) => SmsSettings::twilio(
                inbox.clone(),
                given.account_sid.clone(),
                given.auth_token.clone(),
                given.api_base.clone(),
                public_url.clone(),
            ),
            (None, None) => return None,
        };
        settings.signature_key = self.credentials.as_ref().and_then(|own| own.signature_key.clone());
        settings.messaging_service_sid.clone_from(&self.messaging_service_sid);
        settings.listing_interval = self.listing;
        Some(settings)
    }
}

pub(super) fn read(section: &Section<'_>, around: &Surroundings<'_>) -> Account {
    let provider = section.text_or("provider", "twilio");
    if provider != "twilio" {
        let reason = format!("There is no SMS provider \"{provider}\".");
        section.refuse("provider", reason, "Write \"twilio\".");
    }
    let is_bare = !section.has("account_sid") && !section.has("auth_token");
    let account_sid = section.text("account_sid");
    let auth_token = section.secret("auth_token");
    let signature_key = section.secret("signature_key");
    let is_provided = is_bare && around.playground;
    if !is_provided && !section.has("account_sid") {
        section.missing("account_sid", "the account's SID: account_sid = \"AC...\".");
    }
    if !is_provided && !section.has("auth_token") {
        section.missing("auth_token", "auth_token = { env = \"TWILIO_AUTH_TOKEN\" }.");
    }
    let minutes = section.number_or("listing_minutes", 5, 1, 1_440);
    // Judged also where the rest of the credentials is missing.
    let written_sid = account_sid.clone();
    let account = SmsAccount {
        credentials: account_sid.zip(auth_token).map(|(account_sid, auth_token)| Credentials {
            account_sid,
            auth_token,
            signature_key,
        }),
        api_base: read_api_base(section, TWILIO_API),
        messaging_service_sid: section.text("messaging_service_sid"),
        listing: Duration::from_mins(minutes.into()),
        sender_group: section.text_or("sender_group", "sms"),
    };
    check(section, around, &account, written_sid);
    Account::Sms(account)
}

/// What only the connector can judge. Where it is not about the account, that is made up.
fn check(
    section: &Section<'_>,
    around: &Surroundings<'_>,
    account: &SmsAccount,
    written_sid: Option<String>,
) {
    let here = Url::parse("http://127.0.0.1").expect("an address of this machine");
    let made_up = ProvidedSms {
        account_sid: written_sid.unwrap_or_else(|| format!("AC{}", "0".repeat(32))),
        auth_token: Secret::new("made up"),
        api_base: account.api_base.clone(),
    };
    let Some(mut settings) = account.settings(&"unnamed".into(), &here, Some(&made_up)) else {
        return;
    };
    settings.numbers = around.addresses.iter().cloned().map(Address::new).collect();
    for problem in settings.validate() {
        // An inbox without addresses is reported with its own key already.
        if problem.key == "addresses" {
            continue;
        }
        let key = problem.key.strip_prefix("sms.").unwrap_or_default();
        let address = problem
            .key
            .strip_prefix("addresses[")
            .and_then(|rest| rest.trim_end_matches(']').parse::<usize>().ok())
            .and_then(|index| around.addresses.get(index));
        let suggestion = sentence(&problem.suggestion);
        if let Some(address) = address {
            let reason = format!("\"{address}\": {}.", problem.reason);
            around.inbox.refuse("addresses", reason, suggestion);
        } else {
            section.refuse(key, sentence(&problem.reason), suggestion);
        }
    }
}
