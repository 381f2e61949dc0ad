//! Telegram's Bot API: one call each, and what an answer means.
//!
//! The library's types build the requests, and its client sends files. Everything else goes through our
//! own client: the library's waits ten seconds after a server's error, hides the status of an answer, and
//! can't hand out an update as it came.

mod refusal;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use rapport_sdk::{
    Fetched,
    http::{ApiClient, Credentials, FetchError, HttpError, SafeFetch, Timeouts, library_client},
    model::Secret,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use teloxide_core::{
    Bot,
    requests::{MultipartPayload, MultipartRequest, Payload},
};
use url::Url;

pub use refusal::{CallError, Refusal};

use crate::{config::TelegramSettings, wire::User};

/// Calls the API for one bot.
pub struct Api {
    calls: ApiClient,
    /// For the question that waits at Telegram.
    waits: ApiClient,
    files: SafeFetch,
    bot: Bot,
    token: Secret,
    base: Url,
}

/// How every answer is built (<https://core.telegram.org/bots/api#making-requests>).
#[derive(Debug, Deserialize)]
struct Envelope {
    ok: bool,
    result: Option<Box<RawValue>>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    migrate_to_chat_id: Option<i64>,
    retry_after: Option<u64>,
}

/// What of a sent message we need: the library reads all of it, and takes a field that it does not know
/// how to read for a failure of the send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    pub message_id: i64,
}

/// How Telegram's calls to us fare (<https://core.telegram.org/bots/api#webhookinfo>).
#[derive(Debug, Deserialize)]
pub struct WebhookInfo {
    pub url: String,
    pub pending_update_count: u64,
    pub last_error_date: Option<i64>,
    pub last_error_message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FilePath {
    file_path: Option<String>,
}

impl Api {
    /// The API as these settings describe it. Nothing is connected to.
    pub fn new(settings: &TelegramSettings) -> Result<Self, HttpError> {
        let timeouts = settings.timeouts;
        let waiting = Timeouts { total: timeouts.total + settings.poll, ..timeouts };
        let transfer = Timeouts { total: settings.transfer, ..timeouts };
        let base = without_slash(settings.api_base.clone());
        let bot = Bot::with_client(settings.token.expose(), library_client(transfer)?);
        Ok(Self {
            calls: ApiClient::new(base.clone(), timeouts)?,
            waits: ApiClient::new(base.clone(), waiting)?,
            files: SafeFetch::new(Some(base.clone()), transfer)?,
            bot: bot.set_api_url(base.clone()),
            token: settings.token.clone(),
            base,
        })
    }

    /// Who the token's bot is.
    pub async fn me(&self) -> Result<User, CallError> {
        self.call(&self.calls, "getMe", &serde_json::json!({})).await
    }

    /// The updates that wait, each as it came.
    pub async fn updates(&self, question: &impl Serialize) -> Result<Vec<Box<RawValue>>, CallError> {
        self.call(&self.waits, "getUpdates", question).await
    }

    /// How Telegram's calls to us fare.
    pub async fn webhook_info(&self) -> Result<WebhookInfo, CallError> {
        self.call(&self.calls, "getWebhookInfo", &serde_json::json!({})).await
    }

    /// A call that has no answer but that it was done.
    pub async fn tell(&self, method: &str, body: &impl Serialize) -> Result<(), CallError> {
        self.call::<bool>(&self.calls, method, body).await.map(drop)
    }

    /// Sends a message that is built by the library.
    pub async fn send<P: Payload + Serialize>(&self, payload: &P) -> Result<Sent, CallError> {
        self.call(&self.calls, P::NAME, payload).await
    }

    /// Sends a message with a file. Dropped by its caller, it may have been sent.
    pub async fn upload<P>(&self, payload: P) -> Result<Sent, CallError>
    where
        P: Payload<Output = teloxide_core::types::Message> + MultipartPayload + Serialize + 'static,
    {
        match MultipartRequest::new(self.bot.clone(), payload).await {
            Ok(message) => Ok(Sent { message_id: i64::from(message.id.0) }),
            // The library could not read the answer: perhaps we can.
            Err(teloxide_core::RequestError::InvalidJson { raw, .. }) => read(None, &raw),
            Err(error) => Err(CallError::of_library(error)),
        }
    }

    /// Fetches a file: asks for its path, which holds for an hour, and then for its bytes.
    pub async fn fetch(&self, id: &str, limit: u64) -> Result<Fetched, FetchFailure> {
        let mut asked_again = false;
        loop {
            let question = serde_json::json!({ "file_id": id });
            let found: FilePath = self.call(&self.calls, "getFile", &question).await?;
            let url = found.file_path.and_then(|path| self.file_url(&path)).ok_or(FetchFailure::NoPath)?;
            match self.files.fetch(url.as_str(), Credentials::None, limit).await {
                // The path has ended meanwhile.
                Err(FetchError::Status(status)) if status.as_u16() == 404 && !asked_again => {
                    asked_again = true;
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Where a file's bytes are. It holds the token: never to be shown.
    fn file_url(&self, path: &str) -> Option<Url> {
        let mut url = self.base.clone();
        let token = format!("bot{}", self.token.expose());
        url.path_segments_mut().ok()?.pop_if_empty().push("file").push(&token).extend(path.split('/'));
        Some(url)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        client: &ApiClient,
        method: &str,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        // The library's names begin with a capital, those of the API do not.
        let (first, rest) = method.split_at(method.len().min(1));
        let path = format!("/bot{}/{}{rest}", self.token.expose(), first.to_ascii_lowercase());
        let body =
            serde_json::to_vec(body).map_err(|_| CallError::NotSent("it can't be written".to_owned()))?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let answer = client.post(&path, headers, Bytes::from(body), Credentials::None).await?;
        let Some(body) = &answer.body else {
            return Err(CallError::Strange {
                status: Some(answer.status),
                retry_after: answer.retry_after(),
            });
        };
        match read(Some(answer.status), &String::from_utf8_lossy(body)) {
            Err(CallError::Strange { status, .. }) => {
                Err(CallError::Strange { status, retry_after: answer.retry_after() })
            }
            read => read,
        }
    }
}

/// Reads an answer.
fn read<T: DeserializeOwned>(status: Option<http::StatusCode>, body: &str) -> Result<T, CallError> {
    let strange = || CallError::Strange { status, retry_after: None };
    let envelope: Envelope = serde_json::from_str(body).map_err(|_| strange())?;
    if envelope.ok {
        let result = envelope.result.ok_or_else(strange)?;
        return serde_json::from_str(result.get()).map_err(|_| strange());
    }
    let parameters = envelope.parameters.unwrap_or_default();
    Err(CallError::Refused(Refusal {
        code: envelope.error_code.or(status.map(|status| status.as_u16())).unwrap_or_default(),
        description: envelope.description.unwrap_or_default(),
        retry_after: parameters.retry_after.map(std::time::Duration::from_secs),
        migrated_to: parameters.migrate_to_chat_id,
    }))
}

/// Why a file was not fetched.
#[derive(Debug)]
pub enum FetchFailure {
    /// Telegram did not say where it is.
    Call(CallError),
    /// It has no path: the server keeps files to itself.
    NoPath,
    /// The bytes did not come.
    Bytes(FetchError),
}

impl From<CallError> for FetchFailure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<FetchError> for FetchFailure {
    fn from(error: FetchError) -> Self {
        Self::Bytes(error)
    }
}

fn without_slash(mut url: Url) -> Url {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    url
}
