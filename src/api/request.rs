//! Reading requests: JSON bodies that are exactly what they say, and ids.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use serde::de::DeserializeOwned;

use super::{Api, error::ApiError};

/// A JSON body: the right content type, well-formed, and with no field that we don't know.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail = "The body must be JSON, with the content type application/json.";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let limit = api.engine.config().limits.request;
        let bytes = Bytes::from_request(request, api)
            .await
            .map_err(|rejection| too_large(rejection.into_response_status(), limit))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            if inner.is_data() {
                ApiError::field(if path == "." { "body" } else { &path }, inner.to_string())
            } else {
                ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "malformed_json",
                    format!("The body is not JSON: {inner}."),
                )
            }
        })?;
        reader.end().map_err(|error| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                format!("The body goes on after its end: {error}."),
            )
        })?;
        Ok(Self(value))
    }
}

trait RejectionStatus {
    fn into_response_status(self) -> StatusCode;
}

impl RejectionStatus for axum::extract::rejection::BytesRejection {
    fn into_response_status(self) -> StatusCode {
        self.status()
    }
}

fn too_large(status: StatusCode, limit: usize) -> ApiError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(status, "body_too_large", format!("The body may have {limit} bytes."))
            .with("limit", limit.into())
    } else {
        ApiError::new(StatusCode::BAD_REQUEST, "unreadable_body", "The body could not be read.")
    }
}

/// An id out of the path. What is no id names nothing.
pub(super) fn id<T: TryFrom<String>>(text: String, what: &'static str) -> Result<T, ApiError> {
    T::try_from(text).map_err(|_| ApiError::not_found(what))
}

/// The key under which a client may say the same thing again: 1 to 64 printable characters.
pub(super) fn idempotency_key(headers: &axum::http::HeaderMap) -> Result<String, ApiError> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    if (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(key.to_owned())
    } else {
        Err(ApiError::field(
            "Idempotency-Key",
            "the header is needed: 1 to 64 printable characters, new for each message",
        ))
    }
}
