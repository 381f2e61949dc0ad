//! The one client that may fetch an address that came from data.
//!
//! It resolves the name itself, looks at every address that came of it, and connects to those and
//! no others; it goes from redirect to redirect by hand and judges each hop anew. Only the
//! configured origin of the provider's API is exempt, and only there are credentials shown.

#[cfg(test)]
mod tests;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, LOCATION};
use url::{Host, Url};

use super::{Credentials, Cut, HttpError, Timeouts, client, is_public, read_up_to};
use crate::connector::{ConnectorError, Fetched};

/// How often one fetch may be sent on.
const MOST_REDIRECTS: usize = 5;

/// Finds the addresses of a name. A seam, so that tests answer as a hostile name server would.
pub trait Resolver: Send + Sync + 'static {
    /// Every address of `host`.
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address may not be fetched. Nothing was connected to.
    #[error("the address is refused: {0}")]
    Refused(&'static str),
    /// Longer than the limit.
    #[error("the file is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// The other side answered with this status.
    #[error("the answer was {0}")]
    Status(http::StatusCode),
    /// Not for now.
    #[error("{0}")]
    Failed(String),
}

impl From<FetchError> for ConnectorError {
    fn from(error: FetchError) -> Self {
        let reason = error.to_string();
        match error {
            // 403 is what file stores say of a link that has expired.
            FetchError::Status(http::StatusCode::UNAUTHORIZED) => Self::Unauthorized,
            FetchError::Status(status)
                if status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429) =>
            {
                Self::Misconfigured { reason }
            }
            FetchError::Refused(_) | FetchError::TooLong { .. } => Self::Misconfigured { reason },
            FetchError::Status(_) | FetchError::Failed(_) => Self::Transient { retry_after: None, reason },
        }
    }
}

/// Fetches what data points to.
#[derive(Debug, Clone)]
pub struct SafeFetch {
    allowed: Option<Url>,
    home: reqwest::Client,
    guarded: reqwest::Client,
    total: Duration,
    may_reach: Judge,
}

/// Decides whether an address may be connected to.
type Judge = fn(IpAddr) -> bool;

impl SafeFetch {
    /// A fetcher that besides the public internet may reach the origin of `allowed` (a configured
    /// `api_base`), wherever that is. `timeouts.total` covers all hops together.
    pub fn new(allowed: Option<Url>, timeouts: Timeouts) -> Result<Self, HttpError> {
        Self::with_resolver(allowed, timeouts, Arc::new(SystemResolver))
    }

    /// The same with another way to resolve names.
    pub fn with_resolver(
        allowed: Option<Url>,
        timeouts: Timeouts,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, HttpError> {
        Self::judging(allowed, timeouts, resolver, is_public)
    }

    fn judging(
        allowed: Option<Url>,
        timeouts: Timeouts,
        resolver: Arc<dyn Resolver>,
        may_reach: Judge,
    ) -> Result<Self, HttpError> {
        Ok(Self {
            allowed,
            home: client(timeouts, None)?,
            guarded: client(timeouts, Some(Arc::new(Guard { resolver, may_reach })))?,
            total: timeouts.total,
            may_reach,
        })
    }

    /// Fetches `address`, of at most `limit` bytes. The credentials are shown to the allowed
    /// origin only, and not again once a redirect has left it.
    pub async fn fetch(
        &self,
        address: &str,
        credentials: Credentials<'_>,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        tokio::time::timeout(self.total, self.follow(address, credentials, limit))
            .await
            .unwrap_or_else(|_| Err(FetchError::Failed("timed out".to_owned())))
    }

    async fn follow(
        &self,
        address: &str,
        mut credentials: Credentials<'_>,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let mut url = Url::parse(address).map_err(|_| FetchError::Refused("it is no web address"))?;
        for _ in 0..=MOST_REDIRECTS {
            let at_home = self.judge(&url)?;
            if !at_home {
                credentials = Credentials::None;
            }
            let client = if at_home { &self.home } else { &self.guarded };
            let response = credentials.apply(client.get(url.clone())).send().await.map_err(failure)?;
            let status = response.status();
            if status.is_redirection() {
                let next = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|value| value.to_str().ok())
                    .and_then(|location| url.join(location).ok())
                    .ok_or(FetchError::Status(status))?;
                if url.scheme() == "https" && next.scheme() == "http" {
                    return Err(FetchError::Refused("a redirect gives up encryption"));
                }
                url = next;
                continue;
            }
            if !status.is_success() {
                return Err(FetchError::Status(status));
            }
            return take(response, limit).await;
        }
        Err(FetchError::Refused("it redirects too often"))
    }

    /// Whether `url` is at the allowed origin; an error where it may not be fetched at all.
    fn judge(&self, url: &Url) -> Result<bool, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Refused("only http and https are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Refused("it carries credentials"));
        }
        if self.allowed.as_ref().is_some_and(|allowed| allowed.origin() == url.origin()) {
            return Ok(true);
        }
        // A literal never reaches the resolver; the parser has read decimal, octal and hex forms.
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(_)) => return Ok(false),
            None => return Err(FetchError::Refused("it names no host")),
        };
        if (self.may_reach)(literal) { Ok(false) } else { Err(FetchError::Refused(NOT_PUBLIC)) }
    }
}

const NOT_PUBLIC: &str = "its host is not on the public internet";

async fn take(response: reqwest::Response, limit: u64) -> Result<Fetched, FetchError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(FetchError::TooLong { limit });
    }
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream")
        .to_owned();
    match read_up_to(response, limit).await {
        Ok(bytes) => Ok(Fetched { content_type, name: None, bytes }),
        Err(Cut::TooLong) => Err(FetchError::TooLong { limit }),
        Err(Cut::Broken(error)) => Err(FetchError::Failed(error.to_string())),
    }
}

/// Tells the guard's refusal, that comes back inside of a connection error, from other failures.
fn failure(error: reqwest::Error) -> FetchError {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(current) = cause {
        if current.is::<NotPublic>() {
            return FetchError::Refused(NOT_PUBLIC);
        }
        cause = current.source();
    }
    FetchError::Failed(HttpError::of(error).to_string())
}

/// Resolves, and refuses a name of which even one address is not public: such a name is a trick.
struct Guard {
    resolver: Arc<dyn Resolver>,
    may_reach: Judge,
}

#[derive(Debug, thiserror::Error)]
#[error("{NOT_PUBLIC}")]
struct NotPublic;

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let found = self.resolver.resolve(name.as_str().to_owned());
        let may_reach = self.may_reach;
        Box::pin(async move {
            let ips = found.await?;
            if !ips.iter().copied().all(may_reach) {
                return Err(NotPublic.into());
            }
            let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}
