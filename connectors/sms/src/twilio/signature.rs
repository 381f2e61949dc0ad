//! Whether a call comes from the provider: its signature over the public URL and the parameters.
//!
//! The configured public URL decides, never what a header says about hosts. Comparison is in
//! constant time, by the MAC's own `verify`. The signature holds no time: a replay is a duplicate
//! to the store and nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use rapport_sdk::model::Secret;
use sha1::Sha1;
use sha2::Sha256;
use url::Url;

use super::form::Form;

/// The header with the signature.
pub const SIGNATURE: &str = "x-twilio-signature";
/// The header that names another scheme than HMAC-SHA1 under the account's secret.
pub const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// What the body adds to what is signed.
pub enum Signed<'a> {
    /// The parameters of a form.
    Form(&'a Form),
    /// Nothing: the query holds the hash of the body.
    Hash(&'a [u8]),
    /// Nothing: there is no body.
    Query,
}

/// The two secrets that calls are signed with.
pub struct Keys<'a> {
    /// For HMAC-SHA1.
    pub auth_token: &'a Secret,
    /// For HMAC-SHA256, where it is set up.
    pub signature_key: Option<&'a Secret>,
}

/// Whether the call to `url` (public, with its raw query) is signed with one of our secrets.
pub fn is_genuine(url: &str, signed: &Signed<'_>, headers: &HeaderMap, keys: &Keys<'_>) -> bool {
    let Some(signature) = single(headers, SIGNATURE).and_then(|text| STANDARD.decode(text).ok()) else {
        return false;
    };
    let Some(algorithm) = algorithm(headers) else {
        return false;
    };
    let (raw, lossy) = match signed {
        Signed::Form(form) => (form.signed_bytes(), Some(form.signed_text())),
        Signed::Hash(body) if hash_matches(url, body) => (Vec::new(), None),
        Signed::Hash(_) => return false,
        Signed::Query => (Vec::new(), None),
    };
    // Bytes that are no UTF-8 may have been signed as they are, or as the replacement character.
    let mut tails = vec![raw];
    tails.extend(lossy.filter(|text| *text != tails[0]));
    let Some(urls) = forms_of(url) else {
        return false;
    };
    urls.iter().any(|url| {
        tails.iter().any(|tail| match algorithm {
            Algorithm::Sha1 => verify::<Hmac<Sha1>>(keys.auth_token, url, tail, &signature),
            Algorithm::Sha256 => {
                keys.signature_key.is_some_and(|key| verify::<Hmac<Sha256>>(key, url, tail, &signature))
            }
        })
    })
}

#[derive(Clone, Copy)]
enum Algorithm {
    Sha1,
    Sha256,
}

/// The scheme that the call names; `None` for one that we don't know.
fn algorithm(headers: &HeaderMap) -> Option<Algorithm> {
    if !headers.contains_key(SETTINGS) {
        return Some(Algorithm::Sha1);
    }
    let named = single(headers, SETTINGS)?
        .split(',')
        .filter_map(|part| part.split_once('='))
        .find(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty());
    match named {
        None => Some(Algorithm::Sha1),
        Some((_, value)) if value.trim().eq_ignore_ascii_case("HMAC_SHA1") => Some(Algorithm::Sha1),
        Some((_, value)) if value.trim().eq_ignore_ascii_case("HMAC_SHA256") => Some(Algorithm::Sha256),
        Some(_) => None,
    }
}

/// The value of a header that stands there once: twice means that somebody added one.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn verify<M: Mac + KeyInit>(key: &Secret, url: &str, tail: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = M::new_from_slice(key.expose().as_bytes()) else {
        return false;
    };
    mac.update(url.as_bytes());
    mac.update(tail);
    mac.verify_slice(signature).is_ok()
}

/// The URL without and with its port: providers are inconsistent in what they sign.
fn forms_of(url: &str) -> Option<[String; 2]> {
    let parsed = Url::parse(url).ok()?;
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let port = parsed.port_or_known_default()?;
    // A colon inside of brackets belongs to an IPv6 address.
    let host = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => &authority[..colon],
        _ => authority,
    };
    Some([format!("{scheme}://{host}{tail}"), format!("{scheme}://{host}:{port}{tail}")])
}

fn hash_matches(url: &str, body: &[u8]) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = Form::parse(query.as_bytes());
    let Some(claimed) = query.get("bodySHA256") else {
        return false;
    };
    // The hash is no secret: it stands in the URL, which is what the signature covers.
    claimed.eq_ignore_ascii_case(&super::sha256_hex(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const BODY: &[u8] =
        b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309";

    fn genuine(url: &str, body: &[u8], signature: &str) -> bool {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static(SIGNATURE), signature.parse().unwrap())]);
        let token = Secret::new("12345");
        let keys = Keys { auth_token: &token, signature_key: None };
        is_genuine(url, &Signed::Form(&Form::parse(body)), &headers, &keys)
    }

    #[test]
    fn the_classic_vectors_of_the_provider_are_accepted() {
        assert!(genuine(URL, BODY, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        assert!(genuine(
            "https://mycompany.com:443/myapp.php?foo=1&bar=2",
            BODY,
            "kvajT1Ptam85bY51eRf/AJRuM3w="
        ));
        assert!(genuine(
            "http://mycompany.com:80/myapp.php?foo=1&bar=2",
            BODY,
            "0ZXoZLH/DfblKGATFgpif+LLRf4="
        ));
        assert!(genuine(
            "http://mycompany.com:1234/myapp.php?foo=1&bar=2",
            BODY,
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="
        ));
    }

    #[test]
    fn a_signature_with_the_port_is_accepted_for_a_url_without_it_and_the_reverse() {
        assert!(genuine(URL, BODY, "kvajT1Ptam85bY51eRf/AJRuM3w="));
        assert!(genuine(
            "https://mycompany.com:443/myapp.php?foo=1&bar=2",
            BODY,
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        ));
    }

    #[test]
    fn another_scheme_host_path_query_or_parameter_is_refused() {
        let good = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        for url in [
            "http://mycompany.com/myapp.php?foo=1&bar=2",
            "https://mycompany.org/myapp.php?foo=1&bar=2",
            "https://mycompany.com/myapp.ph?foo=1&bar=2",
            "https://mycompany.com/myapp.php?bar=2&foo=1",
            "https://mycompany.com/myapp.php",
        ] {
            assert!(!genuine(url, BODY, good), "{url}");
        }
        assert!(!genuine(URL, &BODY[..BODY.len() - 1], good));
        assert!(!genuine(URL, b"", good));
    }

    #[test]
    fn a_truncated_empty_or_unreadable_signature_is_refused() {
        for bad in ["", "RSOYDt4T", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "%%%", "AAAA"] {
            assert!(!genuine(URL, BODY, bad), "{bad}");
        }
    }

    #[test]
    fn an_ipv6_host_keeps_its_colons() {
        assert_eq!(
            forms_of("http://[::1]:8080/x?y"),
            Some(["http://[::1]/x?y".to_owned(), "http://[::1]:8080/x?y".to_owned()])
        );
        assert_eq!(
            forms_of("https://[::1]/x").map(|forms| forms[1].clone()),
            Some("https://[::1]:443/x".to_owned())
        );
    }
}
