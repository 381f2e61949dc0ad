//! The only place where an HTTP client is built.
//!
//! [`ApiClient`] talks to the one origin that an inbox is configured with. [`SafeFetch`] is the one
//! client that may follow an address that came from data; [`library_client`] is what a provider's own
//! library gets. Neither follows a redirect by itself,
//! uses a proxy of the environment, or lets a URL, which may hold a token, into an error.

mod address;
mod api;
mod safe_fetch;

use std::{sync::Arc, time::Duration};

pub use address::is_public;
pub use api::{Answer, ApiClient};
pub use safe_fetch::{FetchError, Resolver, SafeFetch, SystemResolver};

use rapport_model::Secret;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// What a call shows to prove who we are. Given for each call, so that no client carries it along
/// to another place.
#[derive(Debug, Clone, Copy)]
pub enum Credentials<'a> {
    /// Nothing.
    None,
    /// HTTP basic authentication.
    Basic {
        /// The user, no secret by itself.
        user: &'a str,
        /// The password.
        password: &'a Secret,
    },
    /// A secret as the value of a header.
    Header {
        /// The header's name.
        name: &'static str,
        /// Its value.
        value: &'a Secret,
    },
}

impl Credentials<'_> {
    fn apply(self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::None => request,
            Self::Basic { user, password } => request.basic_auth(user, Some(password.expose())),
            Self::Header { name, value } => {
                match http::HeaderValue::from_str(value.expose()) {
                    Ok(mut value) => {
                        value.set_sensitive(true);
                        request.header(name, value)
                    }
                    // A value that no header can hold: the provider answers that it misses it.
                    Err(_) => request,
                }
            }
        }
    }
}

/// Why a call has no answer. The two kinds differ in what may be done next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request surely did not reach anybody: no name, no connection, no TLS.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The request may have been read and acted on: the answer is missing.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

impl HttpError {
    fn of(error: reqwest::Error) -> Self {
        let unsent = error.is_connect() || error.is_builder();
        let timed_out = error.is_timeout();
        let error = error.without_url();
        let reason = if timed_out { "timed out".to_owned() } else { innermost(&error) };
        if unsent { Self::NotSent(reason) } else { Self::NoAnswer(reason) }
    }
}

/// A client for a library that speaks a provider's API itself: it follows no redirect, uses no proxy of the
/// environment, and gives up after `timeouts`. Such a library is pointed at the inbox's `api_base` alone.
pub fn library_client(timeouts: Timeouts) -> Result<reqwest::Client, HttpError> {
    client(timeouts, None)
}

/// The last cause of an error: the one that says what happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The one constructor of clients.
#[expect(clippy::disallowed_methods, reason = "this is the one place that builds clients")]
fn client(
    timeouts: Timeouts,
    resolver: Option<Arc<dyn reqwest::dns::Resolve>>,
) -> Result<reqwest::Client, HttpError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("rapport/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_idle_timeout(Duration::from_secs(30));
    if let Some(resolver) = resolver {
        builder = builder.dns_resolver(Arc::new(Shared(resolver)));
    }
    builder.build().map_err(HttpError::of)
}

/// Lets a resolver that is already shared be handed to a builder that wants a sized one.
struct Shared(Arc<dyn reqwest::dns::Resolve>);

impl reqwest::dns::Resolve for Shared {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        self.0.resolve(name)
    }
}

/// Reads a body up to `limit` bytes, after decompression.
async fn read_up_to(mut response: reqwest::Response, limit: u64) -> Result<bytes::Bytes, Cut> {
    let mut body = bytes::BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if (body.len() as u64).saturating_add(chunk.len() as u64) > limit {
                    return Err(Cut::TooLong);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(None) => return Ok(body.freeze()),
            Err(error) => return Err(Cut::Broken(HttpError::of(error))),
        }
    }
}

/// Why a body was not read to its end.
enum Cut {
    TooLong,
    Broken(HttpError),
}
