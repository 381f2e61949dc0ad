//! `[inbox.ID.discord]`: a bot.

use std::{sync::Arc, time::Duration};

use rapport_discord::{DISCORD_API, DiscordConnector, DiscordSettings, GoOn};
pub use rapport_discord::{Names, read_markup};
use rapport_model::Secret;
use rapport_sdk::{Connector, ConnectorError};
use url::Url;

use super::{Account, Bridge, ProvidedDiscord, Surroundings, read_api_base, sentence};
use crate::config::{Inbox, Section};

/// `[inbox.ID.discord]`
#[derive(Debug, Clone)]
pub struct DiscordAccount {
    token: Option<Secret>,
    api_base: Url,
    support_channel: Option<String>,
    forum_channel: Option<String>,
    direct_messages: bool,
    listing: Duration,
}

impl DiscordAccount {
    /// Whether the playground is to provide the bot.
    pub(super) fn is_provided(&self) -> bool {
        self.token.is_none()
    }

    pub(super) fn connect(
        &self,
        inbox: &Inbox,
        bridge: &Bridge<'_>,
    ) -> Result<Option<Arc<dyn Connector>>, ConnectorError> {
        let provided = bridge.provided.and_then(|provided| provided.discord.as_ref());
        let mut settings = match (&self.token, provided) {
            (Some(token), _) => DiscordSettings {
                address: inbox.addresses.first().cloned(),
                ..self.settings(inbox.id.as_str(), token.clone())
            },
            (None, Some(given)) => self.provided(inbox.id.as_str(), given),
            (None, None) => return Ok(None),
        };
        let texts = bridge.config.templates.get(&inbox.language);
        settings.go_on = texts
            .and_then(|texts| texts.render_go_on(bridge.config.brand_name(&inbox.brand)))
            .map(|(before, after)| GoOn { before, after });
        let connector = DiscordConnector::new(settings)
            .map_err(|error| ConnectorError::Misconfigured { reason: error.to_string() })?;
        Ok(Some(Arc::new(connector)))
    }

    fn settings(&self, inbox: &str, token: Secret) -> DiscordSettings {
        DiscordSettings {
            support_channel: self.support_channel.clone(),
            forum_channel: self.forum_channel.clone(),
            direct_messages: self.direct_messages,
            listing_interval: self.listing,
            ..DiscordSettings::new(inbox.into(), token, self.api_base.clone())
        }
    }

    /// The pretended server, with its channels where none are written.
    fn provided(&self, inbox: &str, given: &ProvidedDiscord) -> DiscordSettings {
        let own = self.settings(inbox, given.token.clone());
        DiscordSettings {
            api_base: given.api_base.clone(),
            support_channel: own.support_channel.or_else(|| given.support_channel.clone()),
            forum_channel: own.forum_channel.or_else(|| given.forum_channel.clone()),
            ..own
        }
    }
}

pub(super) fn read(section: &Section<'_>, around: &Surroundings<'_>) -> Account {
    let token = section.secret("token");
    if !section.has("token") && !around.playground {
        section.missing("token", "token = { env = \"DISCORD_TOKEN\" }.");
    }
    let account = DiscordAccount {
        token,
        api_base: read_api_base(section, DISCORD_API),
        support_channel: section.text("support_channel"),
        forum_channel: section.text("forum_channel"),
        direct_messages: section.flag_or("direct_messages", true),
        listing: Duration::from_mins(section.number_or("listing_minutes", 5, 1, 1_440).into()),
    };
    check(section, around, &account);
    Account::Discord(account)
}

/// What only the connector can judge. Where it is not about the token, that is made up.
fn check(section: &Section<'_>, around: &Surroundings<'_>, account: &DiscordAccount) {
    for address in around.addresses {
        if !rapport_discord::is_id(address) {
            let reason = format!("\"{address}\" is no user id of Discord.");
            let suggestion = "Write the bot's user id, which is also its Application ID: digits alone.";
            around.inbox.refuse("addresses", reason, suggestion);
        }
    }
    if let Some(second) = around.addresses.get(1) {
        let reason = format!("\"{second}\" is one id too many: a bot has one.");
        around.inbox.refuse("addresses", reason, "Give each bot an inbox of its own.");
    }
    let token = account.token.clone().unwrap_or_else(|| Secret::new("made.up.token"));
    for problem in account.settings("unnamed", token).validate() {
        let key = problem.key.strip_prefix("discord.").unwrap_or_default();
        section.refuse(key, sentence(&problem.reason), sentence(&problem.suggestion));
    }
}
