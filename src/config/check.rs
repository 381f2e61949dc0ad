//! Rules that a single key can't show: whether the whole is safe to serve.
//!
//! Called once by `load`, after everything was read. What is dangerous is refused with its reason;
//! what merely surprises is noted.

use std::collections::HashMap;

use ipnet::IpNet;
use url::Url;

use super::{
    model::{Config, is_loopback},
    reader::Section,
};

pub(super) fn whole(config: &Config, root: &Section<'_>) {
    one_inbox_an_address(config, root);
    let server = root.section("server");
    let url = config.server.public_url(config.server.listen);
    if !is_loopback(&url) {
        if config.secret_key.is_none() && !root.has("secret_key") {
            root.refuse(
                "secret_key",
                format!("It is missing, and {url} can be reached by others, who could forge links to files."),
                "Write secret_key = { env = \"RAPPORT_SECRET_KEY\" } and set it to 32 random bytes: openssl rand -hex 32.",
            );
        }
        if config.playground.enabled {
            root.section("playground").refuse(
                "enabled",
                format!(
                    "The playground lets everybody write as a customer, and {url} can be reached by others."
                ),
                "Switch it off, or serve it on this machine only.",
            );
        }
        if url.scheme() == "http" {
            server.note(
                "public_url",
                "People would sign in over plain http, which others can read.",
                "Set server.tls, or put a proxy with TLS in front and write its https address.",
            );
        }
        if config.server.public_url.is_none() {
            server.note(
                "listen",
                "Others reach the bridge here, and server.public_url does not say under which name.",
                "Providers sign the public address: write server.public_url.",
            );
        }
    } else if !config.server.listen.ip().is_loopback() && config.playground.enabled {
        server.note("listen", "The playground can be reached from other machines.", "Listen on 127.0.0.1.");
    }
    for inbox in &config.inboxes {
        if let Some((reason, suggestion)) = inbox.account.why_not_called_at(&url) {
            server.refuse(
                "public_url",
                format!("[inbox.{}] is called there: {reason}", inbox.id),
                suggestion,
            );
        }
    }
    if config.playground.enabled && !cfg!(feature = "playground") {
        root.section("playground").refuse(
            "enabled",
            "This build has no playground.",
            "Switch it off, or build with the feature \"playground\".",
        );
    }
    if config.server.tls.is_some() && url.scheme() == "http" {
        server.note("public_url", "We serve TLS, and this is an http address.", "Write https.");
    }
    let keys = [("secret_key", &config.secret_key), ("previous_secret_key", &config.previous_secret_key)];
    for (name, key) in keys {
        if key.as_ref().is_some_and(|key| key.expose().len() < 32) {
            root.refuse(name, "It is shorter than 32 characters.", "Make one: openssl rand -hex 32.");
        }
    }
}

/// What comes in at an address belongs to one inbox: two would both answer.
fn one_inbox_an_address(config: &Config, root: &Section<'_>) {
    let mut owners = HashMap::new();
    for inbox in &config.inboxes {
        for address in &inbox.addresses {
            let place = (inbox.channel().to_string(), address.expose());
            if let Some(other) = owners.insert(place, &inbox.id) {
                let reason = format!("{} is an address of [inbox.{other}], too.", address.expose());
                let sections = root.named("inbox");
                if let Some(section) = sections.iter().find(|section| section.id() == inbox.id.as_str()) {
                    section.refuse("addresses", reason, "Write it in one of the two.");
                }
            }
        }
    }
}

/// The public address: scheme, host and port alone.
pub(super) fn public_url(section: &Section<'_>, text: &str) -> Option<Url> {
    let suggestion = "Write scheme and host, such as \"https://inbox.example.com\".";
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            let reason = format!("\"{text}\" is not an address: {error}.");
            section.refuse("public_url", reason, suggestion);
            return None;
        }
    };
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain {
        section.refuse("public_url", "It is more, or less, than scheme and host.", suggestion);
        return None;
    }
    Some(url)
}

/// A network, or a single address.
pub(super) fn network(section: &Section<'_>, text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    if network.is_err() {
        section.refuse(
            "trusted_proxies",
            format!("\"{text}\" is not a network."),
            "Write one such as \"10.0.0.0/8\", or an address.",
        );
    }
    network.ok()
}
