//! Tries the account without any effect, and says what of it a person has to set right.

use rapport_sdk::{ConnectorError, Finding};
use serde::Deserialize;

use crate::{
    api::Api,
    config::DiscordSettings,
    inbound::{configured, may_read},
    permission::{self, Guild, Member},
    snowflake::Snowflake,
};

/// What came of trying one part.
type Tried = (Option<String>, Result<(), ConnectorError>);

/// Whether all is well; else what was found first.
pub async fn check(settings: &DiscordSettings, api: &Api) -> Result<(), ConnectorError> {
    try_all(settings, api).await.into_iter().try_for_each(|(_, outcome)| outcome)
}

/// Every part, and what is wrong with it.
pub async fn examine(settings: &DiscordSettings, api: &Api) -> Vec<Finding> {
    let finding =
        |(part, outcome): Tried| Finding { part, wrong: outcome.err().map(|error| error.to_string()) };
    try_all(settings, api).await.into_iter().map(finding).collect()
}

async fn try_all(settings: &DiscordSettings, api: &Api) -> Vec<Tried> {
    let (bot, outcome) = match try_bot(settings, api).await {
        Ok(found) => found,
        // Without the token nothing else can be tried.
        Err(error) => return vec![(None, Err(error))],
    };
    let mut tried = vec![(None, outcome)];
    if settings.reads_guild() {
        tried.push((Some("reading".to_owned()), try_reading(api).await));
    }
    for (channel, forum) in [(settings.support(), false), (settings.forum(), true)] {
        let Some(channel) = channel else { continue };
        let part = if forum { "forum_channel" } else { "support_channel" };
        tried.push((Some(part.to_owned()), try_channel(api, bot, channel, forum).await));
    }
    tried
}

/// Who the token's bot is, and whether the inbox's address is it.
async fn try_bot(
    settings: &DiscordSettings,
    api: &Api,
) -> Result<(Snowflake, Result<(), ConnectorError>), ConnectorError> {
    #[derive(Deserialize)]
    struct Identified {
        id: Snowflake,
    }
    let bot = api.get::<Identified>("/users/@me").await?.id;
    let written = settings.address.as_ref().map(|address| address.expose().trim());
    let outcome = match written {
        Some(written) if written.parse() != Ok(bot) => Err(misconfigured(format!(
            "The token is that of the bot {bot}, and addresses names {written}: write [\"{bot}\"]."
        ))),
        _ => Ok(()),
    };
    Ok((bot, outcome))
}

async fn try_reading(api: &Api) -> Result<(), ConnectorError> {
    if may_read(api).await? {
        return Ok(());
    }
    Err(misconfigured(
        "Discord withholds what is written in the server: turn on Message Content Intent at the developer \
         portal, page Bot."
            .to_owned(),
    ))
}

/// Whether a channel of the configuration is there and of the right kind, and the bot may do there what it has to.
async fn try_channel(
    api: &Api,
    bot: Snowflake,
    channel: Snowflake,
    forum: bool,
) -> Result<(), ConnectorError> {
    let record = configured(api, channel, forum).await?.map_err(misconfigured)?;
    let name = record.name.unwrap_or_default();
    let Some(guild) = record.guild_id else { return Ok(()) };
    let guild: Guild = api.get(&format!("/guilds/{guild}")).await?;
    let member: Member = api.get(&format!("/guilds/{}/members/{bot}", guild.id)).await?;
    let held = permission::held(&guild, bot, &member, &record.permission_overwrites);
    let missing = permission::missing(held, forum);
    if missing.is_empty() {
        return Ok(());
    }
    Err(misconfigured(format!(
        "The bot lacks in #{name}: {}. Allow it in the channel's settings, page Permissions, or to the bot's role.",
        missing.join(", ")
    )))
}

fn misconfigured(reason: String) -> ConnectorError {
    ConnectorError::Misconfigured { reason }
}
