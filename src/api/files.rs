//! Files: up by associates, down to associates, and out to providers under a signed link.
//!
//! A file comes from anybody. So it is served as a download that runs nothing; only raster images are
//! shown in place.

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Multipart, Path, Query, State, multipart::MultipartError},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::{Bytes, BytesMut};
use rapport_model::id::AttachmentId;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    Api,
    dto::Attachment,
    error::{ApiError, Problem},
    request::{Params, id},
    session::SignedIn,
};
use crate::engine::{INLINE, media_type};

/// Room for the multipart frame around a file.
pub(super) const FRAME: usize = 64 * 1024;
const LONGEST_NAME: usize = 255;

/// The upload, which has a limit of its own.
pub(super) fn upload_router(limit: usize) -> Router<Api> {
    Router::new().route("/attachments", post(upload)).layer(DefaultBodyLimit::max(limit + FRAME))
}

/// Where providers fetch what goes out.
pub(super) fn media_router() -> Router<Api> {
    Router::new().route("/media/{id}", get(media))
}

/// Describes the upload beside the other paths.
#[derive(OpenApi)]
#[openapi(paths(upload))]
pub(super) struct UploadDescription;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    /// `1` shows a raster image in place.
    #[serde(default)]
    inline: u8,
}

/// The form of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read as it streams in")]
struct Upload {
    /// The file, with its name and type.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A file, byte by byte, of whatever type it is.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes an answer that is streamed")]
pub(super) struct FileBytes(Vec<u8>);

/// Upload a file, to be sent or noted later: multipart/form-data with one part `file`.
#[utoipa::path(post, path = "/attachments", request_body(content = Upload, content_type = "multipart/form-data"), responses(
    (status = 201, body = Attachment), (status = 400, body = Problem), (status = 413, body = Problem),
    (status = 415, body = Problem), (status = 422, body = Problem)))]
async fn upload(
    State(api): State<Api>,
    who: SignedIn,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(StatusCode, Json<Attachment>), ApiError> {
    let mut form = form.map_err(|_| {
        let detail = "The body must be multipart/form-data with one part named file.";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    })?;
    let limit = api.engine.config().limits.attachment;
    let field = form.next_field().await.map_err(|error| refused(&error, limit))?;
    let mut field = field.ok_or_else(|| ApiError::field("file", "the part named file is missing"))?;
    if field.name() != Some("file") {
        return Err(ApiError::field(field.name().unwrap_or("body"), "only one part named file is known"));
    }
    let name = clean(field.file_name().unwrap_or_default());
    let claimed = field.content_type().unwrap_or("application/octet-stream").to_owned();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| refused(&error, limit))? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.is_empty() {
        return Err(ApiError::field("file", "the file is empty"));
    }
    drop(field);
    if form.next_field().await.map_err(|error| refused(&error, limit))?.is_some() {
        return Err(ApiError::field("file", "one file at a time: the form has another part"));
    }
    let kind = media_type(&bytes, &claimed);
    let blob = api.engine.blobs().put(bytes.freeze()).await?;
    let file = api.engine.store().insert_upload(who.actor(), &name, &kind, blob).await?;
    Ok((StatusCode::CREATED, Json((&file).into())))
}

fn refused(error: &MultipartError, limit: usize) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large(limit)
    } else {
        ApiError::new(StatusCode::BAD_REQUEST, "malformed_form", "The form could not be read.")
    }
}

fn too_large(limit: usize) -> ApiError {
    let detail = format!("A file may have {limit} bytes.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "attachment_too_large", detail).with("limit", limit.into())
}

/// A name to show: its last component, without what changes how text around it reads.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    let name: String = last.chars().filter(shown).take(LONGEST_NAME).collect();
    if name.trim().is_empty() { "file".to_owned() } else { name }
}

/// Download a file.
#[utoipa::path(get, path = "/attachments/{id}", params(("id" = String, Path), How), responses(
    (status = 200, description = "The bytes", body = FileBytes, content_type = "*/*"),
    (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn download(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Params(how): Params<How>,
) -> Result<Response, ApiError> {
    let wanted: AttachmentId = id(text, "attachment")?;
    let stored = api.engine.store().find_file(who.actor(), &wanted).await?;
    let stored = stored.ok_or_else(|| ApiError::not_found("attachment"))?;
    let bytes = api.engine.blobs().get(&stored.blob_key).await?;
    let inline = how.inline == 1 && INLINE.contains(&stored.file.content_type.as_str());
    Ok(served(bytes, &stored.file.content_type, &stored.file.name, inline))
}

#[derive(Debug, Deserialize)]
struct Signed {
    until: i64,
    signature: String,
}

/// A provider fetches a file of a message that we send.
async fn media(
    State(api): State<Api>,
    Path(text): Path<String>,
    signed: Result<Query<Signed>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("file");
    let wanted: AttachmentId = id(text, "file")?;
    let Query(signed) = signed.map_err(|_| missing())?;
    let now = api.engine.clock().now();
    if !api.engine.links().is_valid(&wanted, signed.until, &signed.signature, now) {
        return Err(missing());
    }
    let files = api.engine.store().list_outgoing_files(None, std::slice::from_ref(&wanted)).await?;
    let file = files.into_iter().next().ok_or_else(missing)?;
    let bytes = api.engine.blobs().get(&file.blob_key).await?;
    Ok(served(bytes, &file.content_type, &file.name, false))
}

/// A file that anybody may have made, as a download that runs nothing, or as a raster image in place.
pub(crate) fn served(bytes: Bytes, kind: &str, name: &str, inline: bool) -> Response {
    let disposition = if inline { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"._-".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, kind);
    set(
        header::CONTENT_DISPOSITION,
        &format!("{disposition}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"),
    );
    set(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    // A customer's file: nothing of it stays in a browser that others use too.
    set(header::CACHE_CONTROL, "no-store");
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-site"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_holds_a_path_or_characters_that_hide_its_ending() {
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("C:\\temp\\a.txt"), "a.txt");
        assert_eq!(clean("photo\u{202E}gnp.exe\0"), "photognp.exe");
        assert_eq!(clean("\u{200B}"), "file");
    }
}
