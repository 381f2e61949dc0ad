//! What a connector says about its part of the configuration.

use std::net::IpAddr;

use url::{Host, Url};

/// One thing that is wrong in a configuration. A connector reports all of them, not the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key within the inbox's table: `sms.account_sid`, `addresses`.
    pub key: String,
    /// What is wrong, never with a secret in it.
    pub reason: String,
    /// What to write instead.
    pub suggestion: String,
}

impl Problem {
    /// A problem with this key.
    pub fn new(key: impl Into<String>, reason: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into(), suggestion: suggestion.into() }
    }
}

/// Why no provider's API can be at this address. Credentials travel to it with every call, so it is https, or
/// this machine.
pub fn why_no_api(url: &Url) -> Option<&'static str> {
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Some("this names no host"),
    };
    if !url.username().is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Some("an origin has no user, query or fragment");
    }
    match url.scheme() {
        "https" => None,
        "http" if loopback => None,
        "http" => Some("credentials would cross the network unencrypted"),
        _ => Some("only https is spoken here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, fits) in [
            ("http://127.0.0.1:9", true),
            ("http://[::1]:9", true),
            ("http://localhost:9", true),
            ("http://192.168.1.1", false),
            ("https://user@api.example.com", false),
            ("ftp://api.example.com", false),
        ] {
            assert_eq!(why_no_api(&url.parse().unwrap()).is_none(), fits, "{url}");
        }
    }
}
