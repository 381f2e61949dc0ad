//! The web files, carried in the binary. Every address that is no file and not the API's is the inbox's
//! own: it routes by itself.

use axum::{
    extract::State,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use super::{Api, error::ApiError};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

pub(super) async fn serve(State(api): State<Api>, method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/")
        || path.starts_with("webhooks/")
        || path.starts_with("assets/") && Files::get(path).is_none()
    {
        return ApiError::not_found("address").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        let detail = "This address does not take that method.";
        return ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).into_response();
    }
    if path == "playground" || path.starts_with("playground/") {
        return if api.engine.config().playground.enabled && cfg!(feature = "playground") {
            file("playground.html")
        } else {
            ApiError::not_found("address").into_response()
        };
    }
    if path.is_empty() || path == "playground.html" || Files::get(path).is_none() {
        file("index.html")
    } else {
        file(path)
    }
}

fn file(path: &str) -> Response {
    let Some(found) = Files::get(path) else {
        let text = "The inbox is not part of this build. `make run` builds it; `npm --prefix web run build` does it alone.";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let mut response = found.data.into_owned().into_response();
    let headers = response.headers_mut();
    let kind = found.metadata.mimetype();
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    // Names of assets hold a hash of their content; pages name the assets of the moment.
    let caching =
        if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}
