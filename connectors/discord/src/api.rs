//! Calls to Discord's REST API: the one place that knows its limits and how it refuses.
//!
//! The library's own client is not used for these: with its rate limiter on it leaves `api_base`, and with
//! it off it loses the headers that say how long to wait.

pub mod codes;
mod limits;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use rapport_sdk::{
    ConnectorError,
    http::{Answer, ApiClient, Credentials, HttpError, Timeouts},
    model::Secret,
};
use serde::de::DeserializeOwned;

use crate::{config::DiscordSettings, snowflake::Snowflake};
use limits::Limits;

/// What the path of every call begins with.
const VERSION: &str = "/api/v10";
/// How long a call with files may take: ten megabytes over a slow line.
const FILES: Timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(75) };
/// The longest that a call waits for its limit; a longer wait is said to the caller.
const PATIENCE: Duration = Duration::from_secs(2);

/// The API, with our token.
pub struct Api {
    client: ApiClient,
    files: ApiClient,
    authorization: Secret,
    limits: Limits,
}

/// Why a call has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Surely nothing was done: no connection.
    NotSent,
    /// The answer is missing, or it can't be read.
    NoAnswer,
    /// Too much for now: surely nothing was done.
    Limited(Option<Duration>),
    /// The token is not accepted.
    Unauthorized,
    /// The API is somewhere else.
    Elsewhere,
    /// Refused for good.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's code; 0 where it gives none.
        code: u32,
    },
    /// The server failed.
    Server(u16),
}

impl Failure {
    /// Whether what was asked for does not exist, or not for us.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { status: 403 | 404, .. })
    }
}

impl Failure {
    /// What it means, as a sentence for the inbox's state.
    pub fn reason(&self) -> String {
        match ConnectorError::from(self.clone()) {
            ConnectorError::Transient { reason, .. } | ConnectorError::Misconfigured { reason } => reason,
            error @ ConnectorError::Unauthorized => error.to_string(),
        }
    }
}

impl From<Failure> for ConnectorError {
    fn from(failure: Failure) -> Self {
        let transient = |reason: &str| Self::Transient { retry_after: None, reason: reason.to_owned() };
        match failure {
            Failure::NotSent | Failure::NoAnswer => transient("Discord can't be reached."),
            Failure::Limited(retry_after) => {
                Self::Transient { retry_after, reason: "Discord wants fewer calls.".to_owned() }
            }
            Failure::Unauthorized => Self::Unauthorized,
            Failure::Elsewhere => Self::Misconfigured {
                reason: "Discord's API is somewhere else: look at api_base.".to_owned(),
            },
            Failure::Refused { status, code } => {
                Self::Misconfigured { reason: format!("Discord refuses: {}.", codes::describe(status, code)) }
            }
            Failure::Server(status) => transient(&format!("Discord answers with HTTP {status}.")),
        }
    }
}

impl Api {
    /// The API of these settings.
    pub fn new(settings: &DiscordSettings) -> Result<Self, HttpError> {
        Ok(Self {
            client: ApiClient::new(settings.api_base.clone(), settings.timeouts)?,
            files: ApiClient::new(settings.api_base.clone(), FILES)?,
            authorization: Secret::new(format!("Bot {}", settings.token.expose())),
            limits: Limits::default(),
        })
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.read(path, &[]).await?.json().ok_or(Failure::NoAnswer)
    }

    /// Reads something, with these parameters.
    pub async fn get_with<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        self.read(path, query).await?.json().ok_or(Failure::NoAnswer)
    }

    async fn read(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, Failure> {
        let route = limits::route("GET", path);
        self.limits.wait(&route, PATIENCE).await?;
        let answer = self.client.get(&full(path), query, self.credentials()).await;
        self.judge(&route, answer)
    }

    /// Puts what the path names.
    pub async fn put(&self, path: &str) -> Result<(), Failure> {
        let route = limits::route("PUT", path);
        self.limits.wait(&route, PATIENCE).await?;
        let answer = self.client.put(&full(path), self.credentials()).await;
        self.judge(&route, answer).map(drop)
    }

    /// Makes something of this JSON; returns the new thing's id. `Failure::NoAnswer` where it may exist.
    pub async fn create(&self, path: &str, body: &serde_json::Value) -> Result<Snowflake, Failure> {
        let json = HeaderValue::from_static("application/json");
        self.post(&self.client, path, json, body.to_string()).await
    }

    /// The same with files beside the JSON.
    pub async fn create_with_files(
        &self,
        path: &str,
        kind: HeaderValue,
        body: Vec<u8>,
    ) -> Result<Snowflake, Failure> {
        self.post(&self.files, path, kind, body).await
    }

    async fn post(
        &self,
        client: &ApiClient,
        path: &str,
        kind: HeaderValue,
        body: impl Into<Bytes>,
    ) -> Result<Snowflake, Failure> {
        /// All that is needed of an answer: what else of it has another form must not make a message that
        /// was sent look like one that was not.
        #[derive(serde::Deserialize)]
        struct Created {
            id: Snowflake,
        }
        let route = limits::route("POST", path);
        self.limits.wait(&route, PATIENCE).await?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind);
        let answer = client.post(&full(path), headers, body, self.credentials()).await;
        let created: Created = self.judge(&route, answer)?.json().ok_or(Failure::NoAnswer)?;
        Ok(created.id)
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials::Header { name: "authorization", value: &self.authorization }
    }

    /// Notes what an answer says of limits, and tells a good one from the others.
    fn judge(&self, route: &str, answer: Result<Answer, HttpError>) -> Result<Answer, Failure> {
        let answer = answer.map_err(|error| match error {
            HttpError::NotSent(_) => Failure::NotSent,
            HttpError::NoAnswer(_) => Failure::NoAnswer,
        })?;
        self.limits.note(route, &answer);
        let status = answer.status.as_u16();
        match status {
            200..=299 => Ok(answer),
            300..=399 => Err(Failure::Elsewhere),
            401 => Err(Failure::Unauthorized),
            408 | 500.. => Err(Failure::Server(status)),
            429 => Err(Failure::Limited(limits::asked_wait(&answer))),
            _ => {
                #[derive(serde::Deserialize)]
                struct Refused {
                    #[serde(default)]
                    code: u32,
                }
                let code = answer.json::<Refused>().map_or(0, |refused| refused.code);
                Err(codes::failure(status, code))
            }
        }
    }
}

fn full(path: &str) -> String {
    format!("{VERSION}{path}")
}
