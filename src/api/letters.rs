//! Letters as people read them: what stands above one, its HTML as a page of its own, and what came,
//! byte by byte.
//!
//! The HTML of a letter is anybody's. It is made harmless in [`super::letter_html`], and whatever that
//! misses, the browser stops: the page has a policy of its own, in a sandbox that runs no script.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use rapport_model::{
    id::{MessageId, ParkedId},
    letter::RecipientRole,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::{ApiError, Problem},
    files::{FileBytes, served},
    letter_html::{self, Pictures},
    request::{Params, id},
    session::SignedIn,
};
use crate::{
    engine::PictureError,
    store::{self, LetterHtml, RawContent, RawForm},
};

/// What a page with somebody else's HTML may do: show words and pictures that come from us, and open its
/// links in tabs of their own, which are as free as any. No script, no form, nothing from elsewhere. Its
/// origin stays ours, so that the page around it can see how high it is.
const POLICY: &str = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
    style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// So many lines of a header block are shown (see RFC 5322, section 2.2).
const MOST_HEADERS: usize = 1_000;
const LONGEST_HEADERS: usize = 256 * 1024;

/// Where a letter came from.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterSender {
    /// The handle's id.
    handle: String,
    address: String,
    /// Whether it surely wrote this. Else anybody may have.
    proven: bool,
}

/// Somebody whom a letter was written to.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterRecipient {
    /// `to` or `cc`.
    role: String,
    address: String,
    name: Option<String>,
}

/// What a letter has beside its words.
#[derive(Debug, Serialize, ToSchema)]
pub struct Letter {
    /// Null for one that we wrote.
    from: Option<LetterSender>,
    subject: Option<String>,
    recipients: Vec<LetterRecipient>,
    /// Whether its whole text says more than `text`: quotes, a signature.
    has_original: bool,
    /// Whether it has an HTML form.
    has_html: bool,
    /// What the marks among `flags` rest on, in one sentence.
    evidence: Option<String>,
}

impl From<&store::Letter> for Letter {
    fn from(letter: &store::Letter) -> Self {
        let recipients = letter.recipients.iter().map(|recipient| LetterRecipient {
            role: match recipient.role {
                RecipientRole::To => "to".to_owned(),
                RecipientRole::Cc => "cc".to_owned(),
            },
            address: recipient.address.expose().to_owned(),
            name: recipient.name.clone(),
        });
        Self {
            from: letter.from.as_ref().map(|from| LetterSender {
                handle: from.handle.to_string(),
                address: from.address.expose().to_owned(),
                proven: from.proven,
            }),
            subject: letter.subject.clone(),
            recipients: recipients.collect(),
            has_original: letter.has_original,
            has_html: letter.has_html,
            evidence: letter.evidence.clone(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HtmlParams {
    /// `load` shows the pictures that are elsewhere, fetched through the bridge.
    images: Option<Images>,
}

/// What is to become of pictures that are elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Images {
    /// They are shown.
    Load,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageParams {
    /// Its address, as the letter has it.
    url: Option<String>,
}

/// The whole text of a letter.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Original {
    text: String,
}

/// One line of a header block, unfolded and otherwise as it came.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Header {
    name: String,
    value: String,
}

/// The header block of what came.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Headers {
    /// In the order in which they stand; empty where what came has none.
    items: Vec<Header>,
}

async fn letter(api: &Api, who: &SignedIn, text: String) -> Result<(MessageId, LetterHtml), ApiError> {
    let message: MessageId = id(text, "letter")?;
    let letter = api.engine.store().find_letter_html(who.actor(), &message).await?;
    letter.map(|letter| (message, letter)).ok_or_else(|| ApiError::not_found("letter"))
}

/// The HTML of a letter, made harmless, as a page to be shown in a sandboxed frame. Its root element
/// says what is left out: `data-pictures`, the number of pictures that are elsewhere; and
/// `data-instead="text"` where the HTML is too much to be shown and its text stands in its place.
#[utoipa::path(get, path = "/messages/{id}/html", operation_id = "show_letter", params(("id" = String, Path), HtmlParams),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"),
    (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn html(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Params(params): Params<HtmlParams>,
) -> Result<Response, ApiError> {
    let (message, letter) = letter(&api, &who, text).await?;
    let pictures = if params.images.is_some() { Pictures::Fetched } else { Pictures::Counted };
    let page = judged(move || letter_html::page(&letter, &message, pictures)).await?;
    let mut response = Html(page).into_response();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (header::CACHE_CONTROL, "no-store, private"),
        (HeaderName::from_static("x-dns-prefetch-control"), "off"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// A picture that a letter shows from elsewhere, fetched by the bridge: only an address that stands in that
/// letter, and only what is a raster image by its bytes.
#[utoipa::path(get, path = "/messages/{id}/image", operation_id = "show_letter_image", params(("id" = String, Path), ImageParams),
    responses((status = 200, description = "The picture", body = FileBytes, content_type = "image/*"),
    (status = 404, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem)))]
pub(super) async fn image(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Params(params): Params<ImageParams>,
) -> Result<Response, ApiError> {
    let (message, letter) = letter(&api, &who, text).await?;
    let url = params.url.ok_or_else(|| ApiError::field("url", "the picture's address is missing"))?;
    let shown = judged(move || letter_html::remote_pictures(&letter, &message)).await?;
    if !shown.contains(&url) {
        return Err(ApiError::not_found("picture in this letter"));
    }
    match api.engine.fetch_picture(&url).await {
        Ok((bytes, kind)) => Ok(served(bytes, kind, "picture", true)),
        Err(error @ PictureError::Refused(_)) => Err(ApiError::field("url", error.to_string())),
        Err(error @ PictureError::NotThere) => {
            Err(ApiError::new(StatusCode::BAD_GATEWAY, "picture_unavailable", error.to_string()))
        }
    }
}

/// Runs what takes a while for a long letter beside the threads that answer requests.
async fn judged<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        tracing::error!("A letter could not be read");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "This letter can't be shown.")
    })
}

/// The whole text of a letter, with what its message leaves out.
#[utoipa::path(get, path = "/messages/{id}/original", operation_id = "get_letter_original", params(("id" = String, Path)),
    responses((status = 200, body = Original), (status = 404, body = Problem)))]
pub(super) async fn original(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Original>, ApiError> {
    let message: MessageId = id(text, "letter")?;
    let text = api.engine.store().find_letter_original(who.actor(), &message).await?;
    text.map(|text| Json(Original { text })).ok_or_else(|| ApiError::not_found("letter"))
}

/// What came, byte by byte, as a download; 404 too where it is no longer kept.
#[utoipa::path(get, path = "/messages/{id}/raw", operation_id = "download_raw", params(("id" = String, Path)), responses(
    (status = 200, description = "The bytes", body = FileBytes, content_type = "*/*"), (status = 404, body = Problem)))]
pub(super) async fn raw(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Response, ApiError> {
    let message: MessageId = id(text, "raw form")?;
    let raw = api.engine.store().find_raw(who.actor(), &message).await?;
    download(&api, raw, message.as_str()).await
}

/// What came and could not be read, byte by byte, as a download.
#[utoipa::path(get, path = "/parked/{id}/raw", operation_id = "download_parked", params(("id" = String, Path)), responses(
    (status = 200, description = "The bytes", body = FileBytes, content_type = "*/*"), (status = 404, body = Problem)))]
pub(super) async fn parked_raw(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Response, ApiError> {
    let parked: ParkedId = id(text, "raw form")?;
    let raw = api.engine.store().find_parked_raw(who.actor(), &parked).await?;
    download(&api, raw, parked.as_str()).await
}

async fn download(api: &Api, raw: Option<RawForm>, name: &str) -> Result<Response, ApiError> {
    let raw = raw.ok_or_else(|| ApiError::not_found("raw form"))?;
    let kind = raw.content_type.clone();
    let bytes = bytes_of(api, raw).await?;
    let ending = if kind == MAIL { "eml" } else { "txt" };
    Ok(served(bytes, &kind, &format!("{name}.{ending}"), false))
}

async fn bytes_of(api: &Api, raw: RawForm) -> Result<Bytes, ApiError> {
    Ok(match raw.content {
        RawContent::Here(bytes) => bytes.into(),
        RawContent::Blob(key) => api.engine.blobs().get(&key).await?,
    })
}

/// What has a header block (RFC 2046, section 5.2.1).
const MAIL: &str = "message/rfc822";

/// The header block of what came; 404 where that is no longer kept.
#[utoipa::path(get, path = "/messages/{id}/headers", operation_id = "list_headers", params(("id" = String, Path)),
    responses((status = 200, body = Headers), (status = 404, body = Problem)))]
pub(super) async fn headers(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Headers>, ApiError> {
    let message: MessageId = id(text, "raw form")?;
    let raw = api.engine.store().find_raw(who.actor(), &message).await?;
    let raw = raw.ok_or_else(|| ApiError::not_found("raw form"))?;
    if raw.content_type != MAIL {
        return Ok(Json(Headers { items: Vec::new() }));
    }
    Ok(Json(Headers { items: header_block(&bytes_of(&api, raw).await?) }))
}

/// The lines up to the first empty one, each with those that continue it (RFC 5322, section 2.2.3).
fn header_block(bytes: &[u8]) -> Vec<Header> {
    let beginning = &bytes[..bytes.len().min(LONGEST_HEADERS)];
    let text = String::from_utf8_lossy(beginning);
    let mut items: Vec<Header> = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        if line.is_empty() || items.len() > MOST_HEADERS {
            break;
        }
        match (line.starts_with([' ', '\t']), items.last_mut(), line.split_once(':')) {
            (true, Some(last), _) => {
                last.value.push(' ');
                last.value.push_str(line.trim());
            }
            (_, _, Some((name, value))) => {
                items.push(Header { name: name.trim().to_owned(), value: value.trim().to_owned() });
            }
            _ => items.push(Header { name: String::new(), value: line.trim().to_owned() }),
        }
    }
    items.truncate(MOST_HEADERS);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_block_ends_at_the_first_empty_line_and_is_unfolded() {
        let mail =
            b"From: a@b.example\r\nSubject: one\r\n\ttwo\r\n  three\nno colon\r\nX: caf\xe9\r\n\r\nTo: body";
        let items = header_block(mail);
        let pairs: Vec<(&str, &str)> =
            items.iter().map(|item| (item.name.as_str(), item.value.as_str())).collect();
        assert_eq!(
            pairs,
            [("From", "a@b.example"), ("Subject", "one two three"), ("", "no colon"), ("X", "caf\u{fffd}"),]
        );
        assert_eq!(header_block(&b"A: b\r\n".repeat(5_000)).len(), MOST_HEADERS);
        assert!(header_block(b"\r\nA: b").is_empty());
    }
}
