//! Files of messages. Their addresses end within a day, so a message is read anew for a fresh one.

use std::time::Duration;

use rapport_sdk::{
    ConnectorError, Fetched,
    http::{Credentials, HttpError, SafeFetch, Timeouts},
};
use url::Url;

use crate::{
    api::{Api, Failure},
    message::Record,
    snowflake::Snowflake,
};

/// How long a file may take.
const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_mins(2) };

/// Fetches files.
pub struct Files(SafeFetch);

impl Files {
    /// A fetcher that may reach the public internet and the origin of the API.
    pub fn new(api_base: &Url) -> Result<Self, HttpError> {
        Ok(Self(SafeFetch::new(Some(api_base.clone()), TIMEOUTS)?))
    }

    /// The file of a reference: channel, message and file.
    pub async fn fetch(&self, api: &Api, reference: &str, limit: u64) -> Result<Fetched, ConnectorError> {
        let gone = |reason: &str| ConnectorError::Misconfigured { reason: reason.to_owned() };
        let ids: Vec<Snowflake> = reference.split('/').filter_map(|id| id.parse().ok()).collect();
        let [channel, message, id] = ids[..] else {
            return Err(gone("This is no reference to a file at Discord."));
        };
        let record: Record = match api.get(&format!("/channels/{channel}/messages/{message}")).await {
            Err(Failure::Refused { .. }) => {
                return Err(gone("The message with the file does not exist any more."));
            }
            other => other?,
        };
        let file = record.files().find(|file| file.id == id);
        let file = file.ok_or_else(|| gone("The message does not have the file any more."))?;
        let url = file.url.as_deref().ok_or_else(|| gone("Discord does not say where the file is."))?;
        // The address is signed: nothing else has to be shown there.
        let fetched = self.0.fetch(url, Credentials::None, limit).await?;
        Ok(Fetched { name: file.filename.clone(), ..fetched })
    }
}
