//! Every refusal of the API, as problem details (RFC 9457): a status, a stable code, a sentence for a
//! person, and for fields the name of each that is wrong. What failed inside is logged here, once, and
//! never sent.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rapport_model::outbound::PlanError;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    engine::{ReadError, ReplyError},
    store::{Conflict, StoreError},
};

tokio::task_local! {
    /// The id of the request that this task answers.
    pub(super) static REQUEST: String;
}

/// The content type of a refusal.
pub(super) const PROBLEM: &str = "application/problem+json";

/// A field of a request that is wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A refusal. Behind one pointer, because every handler's result carries its size.
#[derive(Debug)]
pub struct ApiError(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    more: Option<(&'static str, Value)>,
}

impl ApiError {
    /// A refusal with a code and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Refusal {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            more: None,
        }))
    }

    /// Nobody is signed in.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first.")
    }

    /// It does not exist, or not for this person.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    /// The address knows other methods; which, the answer's `Allow` says.
    pub fn method_not_allowed() -> Self {
        let detail = "This address does not take that method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// One field is wrong.
    pub fn field(field: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{field}: {reason}"));
        error.0.errors.push(FieldError { field: field.to_owned(), reason });
        error
    }

    /// Come again later.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// With a member of its own, such as the limit that was passed.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.more = Some((name, value));
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let unavailable = |detail: &str| {
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).after(Duration::from_secs(5))
        };
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict(conflict) => conflict.into(),
            StoreError::Busy => unavailable("Too much waits to be stored."),
            StoreError::Unavailable(reason) => {
                tracing::error!(reason, "The store is not to be had");
                unavailable("The store is not to be had for now.")
            }
            other => {
                tracing::error!(error = %other, "A request failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Something failed on our side. Nothing was changed.",
                )
            }
        }
    }
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        let detail = format!("{}.", sentence(&conflict.to_string()));
        let code = match conflict {
            Conflict::NewerMessage => "newer_message",
            Conflict::ReplyOwed => "reply_owed",
            Conflict::Closed => "closed",
            Conflict::Open => "open",
            Conflict::TooLate => "too_late",
            Conflict::CannotReply(_) => "cannot_reply",
            Conflict::NotNow(_) => "not_now",
            Conflict::Taken(_) => "taken",
            Conflict::NotBefore(_) => "not_before",
            Conflict::CannotJoin(refused) => refused.as_str(),
            Conflict::NoCopy { address, reason } => {
                return Self::field("cc", format!("{}: {reason}", address.expose()));
            }
            Conflict::NotThere(newest) => {
                return Self::field("seen_position", detail).with("newest", newest.into());
            }
            Conflict::KeyReused => {
                return Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail);
            }
        };
        Self::new(StatusCode::CONFLICT, code, detail)
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Unreadable(reason) => Self::new(StatusCode::CONFLICT, "unreadable", reason),
        }
    }
}

impl From<ReplyError> for ApiError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Store(error) => error.into(),
            ReplyError::NoSubject => Self::field("subject", error.to_string()),
            ReplyError::NoCopies => Self::field("cc", error.to_string()),
            ReplyError::TooLate => Conflict::CannotReply(sentence(&error.to_string())).into(),
            ReplyError::NotHere => Self::field("inbox", error.to_string()),
            ReplyError::Plan(error @ PlanError::Attachment { .. }) => {
                Self::field("attachments", error.to_string())
            }
            ReplyError::Plan(error) => Self::field("text", error.to_string()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let this = *self.0;
        let request = REQUEST.try_with(Clone::clone).unwrap_or_default();
        let mut body = json!({
            "type": "about:blank",
            "title": this.status.canonical_reason().unwrap_or("Refused"),
            "status": this.status.as_u16(),
            "detail": this.detail,
            "code": this.code,
            "request_id": request,
        });
        if !this.errors.is_empty() {
            body["errors"] = json!(this.errors);
        }
        if let Some((name, value)) = this.more {
            body[name] = value;
        }
        let mut response = (this.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some(wait) = this.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}

/// What a refusal looks like.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A URI of the kind of problem.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What happened, and the way on.
    pub detail: String,
    /// A stable name for programs.
    pub code: String,
    /// Names this request in the log.
    pub request_id: String,
    /// The fields that are wrong, where it is about fields.
    pub errors: Option<Vec<FieldError>>,
}
