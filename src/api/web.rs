//! The web files, carried in the binary: the files by their names, and the page of the inbox under each
//! address that it routes by itself. Nothing else is an address: a browser is shown that page too, with a
//! 404, and it says so.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use super::{Api, error::ApiError};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// The first parts of the inbox's own addresses, as `web/src/router.svelte.ts` reads them.
const PAGES: [&str; 9] =
    ["inbox", "sign-in", "invitation", "invitations", "invite", "reset", "associates", "inboxes", "account"];

pub(super) async fn serve(State(api): State<Api>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let Some(name) = page_or_file(path, api.engine.config().playground.enabled) else {
        let accepted = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
        if method == Method::GET && accepted.contains("text/html") {
            // A person with a wrong address: the page says so, and leads on.
            return (StatusCode::NOT_FOUND, file("index.html")).into_response();
        }
        return ApiError::not_found("address").into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        return ([(header::ALLOW, "GET, HEAD")], ApiError::method_not_allowed()).into_response();
    }
    file(name)
}

/// Which file an address shows: its own, or the page that routes by itself.
fn page_or_file(path: &str, playground: bool) -> Option<&str> {
    let first = path.split('/').next().unwrap_or_default();
    match first {
        "playground" if playground && path.trim_end_matches('/') == first && cfg!(feature = "playground") => {
            Some("playground.html")
        }
        "" if path.is_empty() => Some("index.html"),
        first if PAGES.contains(&first) => Some("index.html"),
        "playground.html" => None,
        _ => Files::get(path).map(|_| path),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_that_the_inbox_routes_is_served_and_nothing_else() {
        let router = include_str!("../../web/src/router.svelte.ts");
        let parse = router.split("switch (first)").nth(1).unwrap().split("default:").next().unwrap();
        let mut routed: Vec<&str> =
            parse.lines().filter_map(|line| line.trim().strip_prefix("case '")?.split('\'').next()).collect();
        routed.retain(|first| !first.is_empty());
        routed.sort_unstable();
        let mut served = PAGES;
        served.sort_unstable();
        assert_eq!(routed, served);
        for path in ["", "inbox", "inbox/mine/cnv_1/card", "invitation/abc", "account"] {
            assert_eq!(page_or_file(path, false), Some("index.html"), "{path}");
        }
        for path in
            ["api", "metrics", "webhooks", "healthz/x", "assets/none.js", "inboxx", ".env", "playground.html"]
        {
            assert_eq!(page_or_file(path, false), None, "{path}");
        }
    }
}
