//! Reading requests: JSON bodies that are exactly what they say, and ids.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value};

use super::{Api, error::ApiError};

/// A JSON body: the right content type, well-formed, an object, with no field that we don't know and no
/// text that the store can't keep as it is.
pub(crate) struct Body<T>(pub T);

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
        refuse_all_but_objects(&bytes)?;
        refuse_nul(&bytes)?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            if inner.is_data() {
                ApiError::field(if path == "." { "body" } else { &path }, inner.to_string())
            } else {
                malformed(&inner)
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

/// The parameters of the query. A wrong one is named.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map(Self).map_err(
            |error| {
                let path = error.path().to_string();
                ApiError::field(if path == "." { "query" } else { &path }, error.into_inner().to_string())
            },
        )
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "malformed_json", format!("The body is not JSON: {error}."))
}

/// A list would do for an object too, its items for the fields in their order: a body must say which
/// field it means. What has an object within it reads that by [`by_fields`].
fn refuse_all_but_objects(bytes: &[u8]) -> Result<(), ApiError> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|first| *first == b'{') {
        return Ok(());
    }
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| malformed(&error))?;
    Err(ApiError::field("body", "the body must be a JSON object"))
}

/// The store can't keep NUL in a text, and what a person wrote is not changed behind their back.
fn refuse_nul(bytes: &[u8]) -> Result<(), ApiError> {
    // Within JSON it stands in this form alone. Whoever wrote these six characters has them escaped.
    if !bytes.windows(6).any(|six| six == br"\u0000") {
        return Ok(());
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else { return Ok(()) };
    for (field, value) in &fields {
        if holds_nul(value) || field.contains('\0') {
            return Err(ApiError::field(field, "a text can't hold the character NUL"));
        }
    }
    Ok(())
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// Reads the objects of a list each by the names of its fields, and never by their order.
pub(super) fn by_fields<'de, D, T>(reader: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let objects: Vec<Map<String, Value>> = Vec::deserialize(reader)?;
    objects
        .into_iter()
        .map(|fields| T::deserialize(Value::Object(fields)).map_err(serde::de::Error::custom))
        .collect()
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

const LONGEST_KEY: usize = 64;

/// The key under which a client may say the same thing again.
pub(super) fn idempotency_key(headers: &axum::http::HeaderMap) -> Result<String, ApiError> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    if (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(key.to_owned())
    } else {
        Err(ApiError::field(
            "Idempotency-Key",
            format!(
                "the header is needed, new for each message: 1 to {LONGEST_KEY} visible characters of ASCII, no spaces"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_in_a_field_and_not_in_what_only_spells_it() {
        assert!(refuse_nul(br#"{"text": "a\u0000b"}"#).is_err());
        assert!(refuse_nul(br#"{"teams": ["a", "\u0000"]}"#).is_err());
        assert!(refuse_nul(br#"{"conversations": [{"id": "\u0000"}]}"#).is_err());
        assert!(refuse_nul(br#"{"text": "a\\u0000b"}"#).is_ok());
        assert!(refuse_nul(br#"{"text": "ab"}"#).is_ok());
    }
}
