//! The bytes of a letter that a customer writes (RFC 5322, 2045 to 2047, 2231), and what the receiving
//! server puts above it (RFC 8601). Nothing that was typed can add a header or a part.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_sdk::model::Timestamp;

use super::date;

/// What a customer writes.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The customer's address.
    pub from: String,
    /// The customer's name; empty: none.
    pub name: String,
    /// The shop's address; empty where the letter answers another one.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text, quotes included.
    pub text: String,
    /// The id of the letter that it answers.
    pub answers: Option<String>,
    /// The files that go with it.
    pub files: Vec<FakeFile>,
    /// Somebody else writes it in the customer's name.
    pub forged: bool,
    /// A machine writes it.
    pub automatic: bool,
}

/// A file of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeFile {
    /// Its name.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A long line of base64 has so many characters.
const WIDTH: usize = 76;
/// So many bytes fit into one encoded word of at most 75 characters (RFC 2047 section 2).
const WORD: usize = 42;

/// The letter as the customer's mail program hands it in. `follows`: what it answers, oldest first.
pub(super) fn letter(draft: &Draft, id: &str, follows: &[String], at: Timestamp) -> Vec<u8> {
    let mut out = String::new();
    let mut head = |name: &str, value: &str| {
        let _ = write!(out, "{name}: {value}\r\n");
    };
    head("Date", &date(at));
    head("Message-ID", &format!("<{id}@{}>", host(draft)));
    head("From", &mailbox(&draft.name, &draft.from));
    head("To", &draft.to);
    head("Subject", &words(&draft.subject));
    if let Some(last) = follows.last() {
        head("In-Reply-To", &format!("<{last}>"));
        let all: Vec<_> = follows.iter().map(|name| format!("<{name}>")).collect();
        head("References", &all.join("\r\n "));
    }
    if draft.automatic {
        head("Auto-Submitted", "auto-replied");
    }
    head("MIME-Version", "1.0");
    let text = format!(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        wrapped(draft.text.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes())
    );
    if draft.files.is_empty() {
        return (out + &text).into_bytes();
    }
    // Of base64 no line begins with a hyphen: nothing in a part can end it.
    let boundary = format!("part-{id}");
    head("Content-Type", &format!("multipart/mixed; boundary=\"{boundary}\""));
    let _ = write!(out, "\r\n--{boundary}\r\n{text}");
    for file in &draft.files {
        let (kind, name) = (media_type(&file.content_type), percent(&file.name));
        let _ = write!(
            out,
            "--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename*=UTF-8''{name}\r\n\r\n{}",
            wrapped(&file.bytes)
        );
    }
    let _ = write!(out, "--{boundary}--\r\n");
    out.into_bytes()
}

/// What the shop's server puts above a letter: from whom it came, and whether that is true.
pub(super) fn received(draft: &Received<'_>) -> Vec<u8> {
    let Received { from, shop, forged, automatic, raw, at } = draft;
    let (authserv_id, domain) = (authserv_id(shop), domain(from));
    let result = if *forged { "fail" } else { "pass" };
    let path = if *automatic { "" } else { from };
    let came_from = if *forged { FORGER } else { domain };
    let mut head = format!(
        "Return-Path: <{path}>\r\nReceived: from {came_from} by {authserv_id} with ESMTPS;\r\n {}\r\n\
         Authentication-Results: {authserv_id};\r\n spf={result} smtp.mailfrom={domain};\r\n \
         dmarc={result} header.from={domain}\r\n",
        date(*at)
    );
    if *forged {
        head.push_str("X-Spam-Flag: YES\r\n");
    }
    [head.as_bytes(), raw].concat()
}

/// A letter on its way into a shop's mailbox.
pub(super) struct Received<'a> {
    /// The address in From.
    pub(super) from: &'a str,
    /// The shop's first address.
    pub(super) shop: &'a str,
    pub(super) forged: bool,
    pub(super) automatic: bool,
    pub(super) raw: &'a [u8],
    pub(super) at: Timestamp,
}

/// Where what is forged comes from.
const FORGER: &str = "elsewhere.example";

/// The name of the server that receives for this address.
pub(super) fn authserv_id(address: &str) -> String {
    format!("mx.{}", domain(address))
}

fn domain(address: &str) -> &str {
    address.rsplit('@').next().unwrap_or_default()
}

fn host(draft: &Draft) -> &str {
    if draft.forged { FORGER } else { domain(&draft.from) }
}

/// Whether it is an address that can stand in a head as it is.
pub(super) fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| {
        let plain = |text: &str, others: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
        };
        text.len() < 200 && plain(local, "._+-'") && plain(domain, ".-")
    })
}

fn mailbox(name: &str, address: &str) -> String {
    let name = name.trim();
    if name.is_empty() {
        return address.to_owned();
    }
    format!("{}\r\n <{address}>", encoded(name))
}

/// Text of a head: as it is where it is plain and short, else as encoded words.
fn words(text: &str) -> String {
    let plain = text.len() < 60 && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if plain && !text.contains("=?") { text.to_owned() } else { encoded(text) }
}

fn encoded(text: &str) -> String {
    let mut pieces = vec![String::new()];
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        match pieces.last_mut() {
            Some(last) if last.len() + c.len_utf8() <= WORD => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    let word = |piece: &String| format!("=?UTF-8?B?{}?=", STANDARD.encode(piece));
    pieces.iter().map(word).collect::<Vec<_>>().join("\r\n ")
}

fn wrapped(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut out = String::with_capacity(text.len() + text.len() / WIDTH * 2 + 2);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        out.push_str(line);
        out.push_str("\r\n");
        rest = after;
    }
    out
}

fn media_type(text: &str) -> &str {
    let is_token =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c));
    let good = text.split_once('/').is_some_and(|(top, sub)| is_token(top) && is_token(sub));
    if good { text } else { "application/octet-stream" }
}

fn percent(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
