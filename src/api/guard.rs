//! What every request passes: a request id, the headers that keep a browser careful, the page that asks
//! for TLS, and the refusal of what another site's page sends.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority},
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
    connect-src 'self'; font-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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
        let host = asked_for(headers);
        let https = self.public_url.scheme() == "https";
        if self.tls || (https && host.as_ref().is_some_and(|host| is_host_of(&self.public_url, host))) {
            Reached::Secure
        } else if host.as_ref().is_some_and(is_loopback) {
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
        asked_for(headers).is_some_and(|host| (self.tls || is_loopback(&host)) && is_host_of(&origin, &host))
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

/// The host that was asked for.
fn asked_for(headers: &HeaderMap) -> Option<Authority> {
    headers.get(header::HOST)?.to_str().ok()?.parse().ok()
}

/// Whether it is that of a URL: names know no case, and the port that a scheme has anyway may be left out.
fn is_host_of(url: &Url, host: &Authority) -> bool {
    let port = host.port_u16();
    url.host_str().is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
        && (port == url.port() || port == url.port_or_known_default())
}

fn is_loopback(host: &Authority) -> bool {
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// HTTP/2 names the host in the address, and where HTTP/1.1 does so, that one counts: RFC 9113, 8.3.1, and
/// RFC 9112, 3.2.2. From here on it stands in one place.
fn settle_host(request: &mut Request) {
    let host = request.uri().authority().map(|host| HeaderValue::from_str(host.as_str()));
    if let Some(Ok(host)) = host {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// The peer's address, where the server tells it.
pub(super) fn peer(request: &axum::http::request::Parts) -> Option<SocketAddr> {
    request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// Around everything.
pub(super) async fn every_request(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    settle_host(&mut request);
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
    fn a_host_is_the_same_in_any_case_and_with_the_port_of_its_scheme() {
        let (https, http) = (site("https://shop.example", &[]), site("http://shop.example", &[]));
        for host in ["shop.example:443", "Shop.Example", "SHOP.EXAMPLE:443"] {
            assert_eq!(https.reached(&headers(&[("host", host)])), Reached::Secure, "{host}");
        }
        for host in ["shop.example:80", "shop.example:8443", "shop.example.evil.example", ""] {
            assert_eq!(https.reached(&headers(&[("host", host)])), Reached::Plain, "{host}");
        }
        assert_eq!(http.reached(&headers(&[("host", "shop.example:80")])), Reached::Plain);
        let port = site("https://shop.example:8443", &[]);
        assert_eq!(port.reached(&headers(&[("host", "shop.example:8443")])), Reached::Secure);
        assert_eq!(port.reached(&headers(&[("host", "shop.example")])), Reached::Plain);
    }

    #[test]
    fn the_host_in_the_address_counts_before_the_header() {
        for host in [None, Some("evil.example")] {
            let mut builder = axum::http::Request::builder().uri("https://inbox.shop.example:8443/api/v1/me");
            if let Some(host) = host {
                builder = builder.header("host", host);
            }
            let mut request = builder.body(axum::body::Body::empty()).unwrap();
            settle_host(&mut request);
            let tls = Site { tls: true, ..site("https://shop.example", &[]) };
            assert!(tls.is_ours("https://inbox.shop.example:8443", request.headers()));
            assert!(!tls.is_ours("https://evil.example", request.headers()));
        }
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
