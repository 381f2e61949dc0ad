//! `[inbox.ID.telegram]`: a bot.

use std::sync::Arc;

use rapport_model::{Address, Secret};
use rapport_sdk::{Connector, ConnectorError};
use rapport_telegram::{Groups, Mode, TELEGRAM_API, TelegramConnector, TelegramSettings};
use url::Url;

use super::{Account, Bridge, Surroundings, read_api_base, sentence};
use crate::config::{Inbox, Section};

/// `[inbox.ID.telegram]`
#[derive(Debug, Clone)]
pub struct TelegramAccount {
    token: Option<Secret>,
    mode: Mode,
    api_base: Url,
    groups: Groups,
}

impl TelegramAccount {
    /// Whether the playground is to provide the bot.
    pub(super) fn is_provided(&self) -> bool {
        self.token.is_none()
    }

    pub(super) fn connect(
        &self,
        inbox: &Inbox,
        bridge: &Bridge<'_>,
    ) -> Result<Option<Arc<dyn Connector>>, ConnectorError> {
        let provided = bridge.provided.and_then(|provided| provided.telegram.as_ref());
        let (token, api_base) = match (&self.token, provided) {
            (Some(token), _) => (token.clone(), self.api_base.clone()),
            (None, Some(given)) => (given.token.clone(), given.api_base.clone()),
            (None, None) => return Ok(None),
        };
        let address = inbox.addresses.first().cloned().unwrap_or_else(|| Address::new(""));
        let settings = self.settings(inbox.id.as_str(), address, token, bridge.public_url, api_base);
        // All else was refused when it was read; this depends on the port where that is left open.
        if let Some((reason, suggestion)) = why_not_called(&settings) {
            return Err(ConnectorError::Misconfigured { reason: format!("{reason} {suggestion}") });
        }
        let connector = TelegramConnector::new(settings)
            .map_err(|error| ConnectorError::Misconfigured { reason: error.to_string() })?;
        Ok(Some(Arc::new(connector)))
    }

    /// Why Telegram could not call us at this address, and what to write instead.
    pub(super) fn why_not_called_at(&self, public_url: &Url) -> Option<(String, String)> {
        why_not_called(&self.settings(
            "unnamed",
            own_address("made_up"),
            made_up(),
            public_url,
            self.api_base.clone(),
        ))
    }

    fn settings(
        &self,
        inbox: &str,
        address: Address,
        token: Secret,
        public_url: &Url,
        api_base: Url,
    ) -> TelegramSettings {
        TelegramSettings {
            mode: self.mode,
            groups: self.groups,
            ..TelegramSettings::new(inbox.into(), address, token, public_url.clone(), api_base)
        }
    }
}

/// What only the address of the bridge can make wrong.
fn why_not_called(settings: &TelegramSettings) -> Option<(String, String)> {
    let mut problems = settings.validate().into_iter();
    let problem = problems.find(|problem| problem.key == "server.public_url")?;
    Some((sentence(&problem.reason), sentence(&problem.suggestion)))
}

/// A token that opens nothing.
fn made_up() -> Secret {
    Secret::new(format!("1:{}", "A".repeat(35)))
}

/// A bot's name, however it was written: names differ in no capitals.
pub(super) fn own_address(text: &str) -> Address {
    let name = text.trim().trim_start_matches('@').to_ascii_lowercase();
    Address::new(format!("@{name}"))
}

pub(super) fn read(section: &Section<'_>, around: &Surroundings<'_>) -> Account {
    let token = section.secret("token");
    if !section.has("token") && !around.playground {
        section.missing("token", "token = { env = \"TELEGRAM_TOKEN\" }.");
    }
    let mode = match section.text_or("mode", "poll").as_str() {
        "webhook" => Mode::Webhook,
        "poll" => Mode::Poll,
        other => {
            let reason = format!("There is no mode \"{other}\".");
            section.refuse("mode", reason, "Write \"poll\" or \"webhook\".");
            Mode::Poll
        }
    };
    let groups = match section.text_or("groups", "addressed").as_str() {
        "all" => Groups::All,
        "addressed" => Groups::Addressed,
        other => {
            let reason = format!("Groups can't be \"{other}\".");
            section.refuse("groups", reason, "Write \"addressed\" or \"all\".");
            Groups::Addressed
        }
    };
    let account = TelegramAccount { token, mode, api_base: read_api_base(section, TELEGRAM_API), groups };
    check(section, around, &account);
    Account::Telegram(account)
}

/// What only the connector can judge. Where it is not about the token, that is made up.
fn check(section: &Section<'_>, around: &Surroundings<'_>, account: &TelegramAccount) {
    if let Some(second) = around.addresses.get(1) {
        let reason = format!("\"{second}\" is one name too many: a bot has one.");
        around.inbox.refuse("addresses", reason, "Give each bot an inbox of its own.");
    }
    let here = Url::parse("https://shop.example").expect("an address");
    let token = account.token.clone().unwrap_or_else(made_up);
    let written = around.addresses.first().map(String::as_str).unwrap_or_default();
    let settings = account.settings("unnamed", own_address(written), token, &here, account.api_base.clone());
    for problem in settings.validate() {
        let suggestion = sentence(&problem.suggestion);
        if let Some(key) = problem.key.strip_prefix("telegram.") {
            section.refuse(key, sentence(&problem.reason), suggestion);
        } else if !around.addresses.is_empty() {
            // An inbox without addresses is reported with its own key already.
            let reason = format!("\"{written}\": {}.", problem.reason);
            around.inbox.refuse("addresses", reason, suggestion);
        }
    }
}
