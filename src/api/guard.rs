//! What every request passes: a request id, the headers that keep a browser careful, the page that asks
//! for TLS, and the refusal of what another site's page sends.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ipnet::IpNet;
use rapport_model::Secret;
use sha2::Sha256;
use std::net::{IpAddr, SocketAddr};
use url::Url;

use super::{
    Api,
    error::{ApiError, PROBLEM, REQUEST},
};

/// The header that only a page of ours can set: another site's would need our leave first.
const CSRF: HeaderName = HeaderName::from_static("x-rapport-csrf");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where this bridge is reached, and what follows from that.
pub(super) struct Site {
    public_url: Url,
    tls: bool,
    proxies: Vec<IpNet>,
    key: Secret,
}

/// How a request came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Encrypted all the way to us or to our proxy.
    Secure,
    /// From this machine.
    Local,
    /// Plain, over a network: nobody may sign in this way.
    Plain,
}

impl Site {
    pub(super) fn new(public_url: Url, tls: bool, proxies: Vec<IpNet>, key: Secret) -> Self {
        Self { public_url, tls, proxies, key }
    }

    pub(super) fn public_url(&self) -> &Url {
        &self.public_url
    }

    /// Judges by the host that was asked for: cookies and pages belong to it.
    pub(super) fn reached(&self, headers: &HeaderMap) -> Reached {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let ours = self.public_url.scheme() == "https" && host == authority(&self.public_url);
        if self.tls || ours {
            Reached::Secure
        } else if is_loopback(host) {
            Reached::Local
        } else {
            Reached::Plain
        }
    }

    /// Whether a page of this origin is ours.
    fn is_ours(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Ok(origin) = Url::parse(origin) else { return false };
        if origin.origin() == self.public_url.origin() {
            return true;
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let local_or_tls = is_loopback(host) || self.tls;
        local_or_tls && authority(&origin) == host
    }

    /// Who asks, past the proxies that are trusted and no further.
    pub(super) fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let trusted = |ip: &IpAddr| self.proxies.iter().any(|net| net.contains(ip));
        let mut client = peer?.ip();
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.into_iter().rev() {
            if !trusted(&client) {
                break;
            }
            let Ok(ip) = hop.parse() else { break };
            client = ip;
        }
        Some(client)
    }

    /// The mark of a device on which somebody signed in before.
    pub(super) fn device_mark(&self, email: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.expose().as_bytes()).expect("HMAC takes any key");
        mac.update(b"device\0");
        mac.update(email.as_bytes());
        crate::engine::hex(&mac.finalize().into_bytes())
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_loopback(host: &str) -> bool {
    let name = host.strip_prefix('[').map_or_else(
        || host.rsplit_once(':').map_or(host, |(name, _)| name),
        |v6| v6.split(']').next().unwrap_or_default(),
    );
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The peer's address, where the server tells it.
pub(super) fn peer(request: &axum::http::request::Parts) -> Option<SocketAddr> {
    request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// Around everything.
pub(super) async fn every_request(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let path = request.uri().path();
    let for_people = !(path.starts_with("/webhooks/")
        || path.starts_with("/media/")
        || matches!(path, "/healthz" | "/readyz"));
    let plain = for_people && api.site.reached(request.headers()) == Reached::Plain;
    let asks_api = path.starts_with("/api/") || path.starts_with("/playground/api/");
    let is_media = path.starts_with("/media/");
    let mut response = REQUEST
        .scope(id.clone(), async move {
            if !plain {
                let response = next.run(request).await;
                // What an inbox's connector tells its provider stays as it is.
                return if asks_api || is_media { as_problem(response) } else { response };
            }
            if asks_api {
                let detail = "This address is not encrypted: add TLS, or use the public address.";
                return ApiError::new(StatusCode::FORBIDDEN, "tls_required", detail).into_response();
            }
            (StatusCode::FORBIDDEN, Html(include_str!("tls.html"))).into_response()
        })
        .await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // What may be kept says so.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if api.site.tls || api.site.public_url.scheme() == "https" {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// What axum refuses by itself, such as a path that is not UTF-8, in the form of every other refusal.
fn as_problem(response: Response) -> Response {
    let status = response.status();
    let is_told = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if is_told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if status.is_server_error() {
        return ApiError::new(status, "internal", "Something failed on our side.").into_response();
    }
    match status {
        StatusCode::BAD_REQUEST => ApiError::not_found("address"),
        status => ApiError::new(status, "refused", "The request can't be read."),
    }
    .into_response()
}

/// Around the API: nothing that another site's page sends changes or shows anything.
pub(super) async fn same_origin(State(api): State<Api>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let foreign_origin = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin.to_str().map_or(true, |origin| !api.site.is_ours(origin, headers)));
    let cross_site =
        headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    if foreign_origin || cross_site || (unsafe_method && !headers.contains_key(CSRF)) {
        let detail = "This request did not come from the inbox: the header x-rapport-csrf, or the right origin, is missing.";
        return ApiError::new(StatusCode::FORBIDDEN, "csrf", detail).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(public_url: &str, proxies: &[&str]) -> Site {
        let proxies = proxies.iter().map(|net| net.parse().unwrap()).collect();
        Site::new(Url::parse(public_url).unwrap(), false, proxies, Secret::new("key"))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_plain_address_that_is_not_this_machine_is_not_for_signing_in() {
        let site = site("https://shop.example", &[]);
        assert_eq!(site.reached(&headers(&[("host", "shop.example")])), Reached::Secure);
        assert_eq!(site.reached(&headers(&[("host", "127.0.0.1:8080")])), Reached::Local);
        assert_eq!(site.reached(&headers(&[("host", "[::1]:8080")])), Reached::Local);
        assert_eq!(site.reached(&headers(&[("host", "192.168.1.5:8080")])), Reached::Plain);
        assert_eq!(site.reached(&headers(&[("host", "localhost.evil.example")])), Reached::Plain);
    }

    #[test]
    fn only_our_own_origin_counts_as_ours() {
        let site = site("https://shop.example", &[]);
        let here = headers(&[("host", "shop.example")]);
        assert!(site.is_ours("https://shop.example", &here));
        for foreign in
            ["http://shop.example", "https://shop.example.evil.example", "null", "https://evil.example"]
        {
            assert!(!site.is_ours(foreign, &here), "{foreign}");
        }
        let local = headers(&[("host", "127.0.0.1:8080")]);
        assert!(site.is_ours("http://127.0.0.1:8080", &local));
        assert!(!site.is_ours("http://127.0.0.1:9999", &local));
    }

    #[test]
    fn a_forwarded_address_counts_from_trusted_proxies_alone() {
        let site = site("https://shop.example", &["10.0.0.0/8"]);
        let forged = headers(&[("x-forwarded-for", "1.1.1.1, 203.0.113.9")]);
        let client = |peer: &str| site.client(Some(peer.parse().unwrap()), &forged).unwrap().to_string();
        assert_eq!(client("10.0.0.2:1"), "203.0.113.9");
        assert_eq!(client("198.51.100.7:1"), "198.51.100.7");
    }
}
