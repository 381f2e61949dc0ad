//! Tries the account without any effect.

use rapport_sdk::ConnectorError;
use serde::Deserialize;

use crate::{
    api::Api,
    config::DiscordSettings,
    inbound::{ChannelRecord, configured},
    snowflake::Snowflake,
};

/// The token, and whether the channels are there.
pub async fn check(settings: &DiscordSettings, api: &Api) -> Result<(), ConnectorError> {
    #[derive(Deserialize)]
    struct Identified {
        #[expect(dead_code, reason = "an answer without an id is none of Discord's")]
        id: Snowflake,
    }
    let _: Identified = api.get("/users/@me").await?;
    for (channel, forum) in [(settings.support(), false), (settings.forum(), true)] {
        let Some(channel) = channel else { continue };
        let _: ChannelRecord = configured(api, channel, forum)
            .await?
            .map_err(|reason| ConnectorError::Misconfigured { reason })?;
    }
    Ok(())
}
