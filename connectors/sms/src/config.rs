//! What the connector of one inbox needs, and whether it can work.
//!
//! How a configuration is written, and where secrets come from, is the host's matter. What only
//! this channel knows (the form of an account's SID, of a number, of an API's address) is here.

use std::time::Duration;

use rapport_sdk::{
    config::{Problem, why_no_api},
    http::Timeouts,
    model::{Address, Secret, id::InboxId},
};
use url::Url;

use crate::number;

/// The providers that this connector speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderName {
    /// Twilio's Programmable Messaging.
    #[default]
    Twilio,
}

/// Where Twilio's API is unless an inbox says otherwise.
pub const TWILIO_API: &str = "https://api.twilio.com";

/// Which inbox a number belongs to, as far as the settings can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The one that these settings are for.
    This,
    /// Another one of the same account.
    Another,
    /// None.
    Nobody,
}

/// Everything that a connector needs, secrets resolved.
#[derive(Debug, Clone)]
pub struct SmsSettings {
    /// The inbox that it serves.
    pub inbox: InboxId,
    /// Who carries the messages.
    pub provider: ProviderName,
    /// The account: `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The account's secret: it opens the API and signs the provider's calls.
    pub auth_token: Secret,
    /// The secret of a shared key, where the provider signs its calls with HMAC-SHA256.
    pub signature_key: Option<Secret>,
    /// Where the API is: see [`TWILIO_API`].
    pub api_base: Url,
    /// Our own numbers. Empty: all of the account's.
    pub numbers: Vec<Address>,
    /// The numbers of the same account that other inboxes have: what comes to them is theirs.
    pub elsewhere: Vec<Address>,
    /// The messaging service that sends, where there is one.
    pub messaging_service_sid: Option<String>,
    /// The address under which the provider reaches this bridge, without `/webhooks`.
    pub public_url: Url,
    /// How often the provider's list is looked through for messages that we missed.
    pub listing_interval: Duration,
    /// How long a call to the provider may take.
    pub timeouts: Timeouts,
}

impl SmsSettings {
    /// Settings with a default for everything that has one.
    pub fn twilio(
        inbox: InboxId,
        account_sid: impl Into<String>,
        auth_token: Secret,
        api_base: Url,
        public_url: Url,
    ) -> Self {
        Self {
            inbox,
            provider: ProviderName::Twilio,
            account_sid: account_sid.into(),
            auth_token,
            signature_key: None,
            api_base,
            numbers: Vec::new(),
            elsewhere: Vec::new(),
            messaging_service_sid: None,
            public_url,
            listing_interval: Duration::from_mins(5),
            timeouts: Timeouts::default(),
        }
    }

    /// Whose a message to this number is.
    pub fn owner(&self, to: &Address) -> Owner {
        if self.numbers.contains(to) {
            Owner::This
        } else if self.elsewhere.contains(to) {
            Owner::Another
        } else if self.numbers.is_empty() || self.messaging_service_sid.is_some() {
            // A service has numbers that stand in no configuration.
            Owner::This
        } else {
            Owner::Nobody
        }
    }

    /// Every problem, not the first, with what to write instead. Keys are those below
    /// `[inbox.ID]`.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |key: &str, reason: &str, suggestion: &str| {
            problems.push(Problem::new(key, reason, suggestion));
        };
        if !is_sid("AC", &self.account_sid) {
            report(
                "sms.account_sid",
                "this is no account SID",
                "write the SID from the provider's console: AC and 32 hexadecimal digits",
            );
        }
        let secrets =
            [("sms.auth_token", Some(&self.auth_token)), ("sms.signature_key", self.signature_key.as_ref())];
        for (key, secret) in secrets {
            if secret.is_some_and(|secret| secret.expose().trim().is_empty()) {
                report(
                    key,
                    "the secret is empty",
                    "set the environment variable or the file that it comes from",
                );
            }
        }
        if self.messaging_service_sid.as_ref().is_some_and(|sid| !is_sid("MG", sid)) {
            report(
                "sms.messaging_service_sid",
                "this is no messaging service SID",
                "write MG and 32 hexadecimal digits, or leave the key out",
            );
        }
        if let Some(reason) = why_no_api(&self.api_base) {
            report(
                "sms.api_base",
                reason,
                "leave the key out, or write an origin such as https://api.twilio.com",
            );
        }
        if self.listing_interval < Duration::from_secs(1) {
            report(
                "sms.listing_minutes",
                "the provider is not asked that often",
                "leave the key out: 5 minutes",
            );
        }
        if self.numbers.is_empty() && self.messaging_service_sid.is_none() {
            report(
                "addresses",
                "an SMS inbox needs a number of its own",
                "write the numbers that customers write to, such as [\"+441632960000\"]",
            );
        }
        for (index, address) in self.numbers.iter().enumerate() {
            let text = address.expose();
            if !number::is_e164(text) && !number::is_short_code(text) {
                report(
                    &format!("addresses[{index}]"),
                    "this is no phone number in international form",
                    "write + and the country code, without spaces: +441632960000",
                );
            }
        }
        if !matches!(self.public_url.scheme(), "http" | "https") {
            report("server.public_url", "the provider can only call http and https", "write https://...");
        }
        problems
    }
}

fn is_sid(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SmsSettings {
        let mut settings = SmsSettings::twilio(
            InboxId::from("shop"),
            "AC0123456789abcdef0123456789abcdef",
            Secret::new("hunter2"),
            TWILIO_API.parse().unwrap(),
            "https://shop.example".parse().unwrap(),
        );
        settings.numbers = vec![Address::new("+441632960000")];
        settings
    }

    #[test]
    fn good_settings_have_no_problem_and_show_no_secret() {
        assert_eq!(settings().validate(), []);
        let shown = format!("{:?}", settings());
        assert!(!shown.contains("hunter2") && !shown.contains("441632"), "{shown}");
    }

    #[test]
    fn every_problem_is_reported_with_its_key() {
        let mut wrong = settings();
        wrong.account_sid = "nonsense".to_owned();
        wrong.auth_token = Secret::new(" ");
        wrong.messaging_service_sid = Some("MG1".to_owned());
        wrong.api_base = "http://api.example.com".parse().unwrap();
        wrong.listing_interval = Duration::ZERO;
        wrong.numbers.push(Address::new("01632 960000"));
        let keys: Vec<_> = wrong.validate().into_iter().map(|problem| problem.key).collect();
        assert_eq!(
            keys,
            [
                "sms.account_sid",
                "sms.auth_token",
                "sms.messaging_service_sid",
                "sms.api_base",
                "sms.listing_minutes",
                "addresses[1]",
            ]
        );
    }

    #[test]
    fn a_number_is_another_inboxs_where_it_is_listed_there_and_nobodys_where_no_list_has_it() {
        let mut settings = settings();
        settings.elsewhere = vec![Address::new("+441632960001")];
        let owner = |settings: &SmsSettings, number: u32| {
            settings.owner(&Address::new(format!("+44163296000{number}")))
        };
        assert_eq!([0, 1, 2].map(|n| owner(&settings, n)), [Owner::This, Owner::Another, Owner::Nobody]);
        settings.messaging_service_sid = Some(format!("MG{}", "0".repeat(32)));
        assert_eq!([0, 1, 2].map(|n| owner(&settings, n)), [Owner::This, Owner::Another, Owner::This]);
    }
}
