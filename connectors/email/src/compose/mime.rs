//! The parts of a mail and how they nest.
//!
//! ```text
//! mixed                 where there are files
//!   related             where there are pictures
//!     alternative
//!       text/plain
//!       text/html
//!     picture ...       shown in the text
//!   file ...
//! ```

use rapport_sdk::model::outbound::Media;

use super::{
    body,
    header::{Head, NAME_OCTETS, file_name, one_line},
};

/// What is shown in the text rather than beside it: what every mail program draws.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif"];
/// A long file name is cut in its middle: so many characters of its end stay, because they say what it is.
const KEPT_END: usize = 20;

/// One part, or several in one.
struct Entity {
    head: Head,
    body: String,
}

/// Adds the parts to the head, with the fields that say how they nest. `secret` is unguessable, so no text
/// can hold a boundary. `None` where a file came without its bytes.
pub(super) fn write(head: &Head, text: &str, media: &[Media], secret: &str, domain: &str) -> Option<String> {
    let is_picture = |file: &&Media| PICTURES.contains(&&content_type(file)[..]);
    let (pictures, files): (Vec<&Media>, Vec<&Media>) = media.iter().partition(is_picture);
    let ids: Vec<_> = (0..pictures.len()).map(|at| format!("p{at}.{secret}@{domain}")).collect();
    let named: Vec<_> = ids.iter().cloned().zip(pictures.iter().map(|file| name_of(file))).collect();
    let mut entity = several(
        "alternative",
        &format!("=_a{secret}"),
        vec![part("text/plain", text), part("text/html", &body::html(text, &named))],
    );
    if !pictures.is_empty() {
        let mut parts = vec![entity];
        for (file, id) in pictures.iter().zip(&ids) {
            parts.push(attached(file, "inline", Some(id))?);
        }
        entity = several("related", &format!("=_r{secret}"), parts);
    }
    if !files.is_empty() {
        let mut parts = vec![entity];
        for file in files {
            parts.push(attached(file, "attachment", None)?);
        }
        entity = several("mixed", &format!("=_m{secret}"), parts);
    }
    Some(format!("{}MIME-Version: 1.0\r\n{}\r\n{}", head.as_str(), entity.head.as_str(), entity.body))
}

fn part(content_type: &str, text: &str) -> Entity {
    let (encoding, body) = body::encoded(text);
    let mut head = Head::default();
    head.add("Content-Type", [&format!("{content_type};")[..], "charset=utf-8"]);
    head.add("Content-Transfer-Encoding", [encoding]);
    Entity { head, body }
}

fn several(kind: &str, boundary: &str, parts: Vec<Entity>) -> Entity {
    let mut head = Head::default();
    let mut words = vec![format!("multipart/{kind};")];
    if kind == "related" {
        // What its first part is (RFC 2387 section 3.1).
        words.push("type=\"multipart/alternative\";".to_owned());
    }
    words.push(format!("boundary=\"{boundary}\""));
    head.add("Content-Type", words);
    let mut body = String::new();
    for part in parts {
        body.extend(["--", boundary, "\r\n", part.head.as_str(), "\r\n", &part.body]);
        // The line end before a boundary belongs to it (RFC 2046 section 5.1.1).
        body.push_str("\r\n");
    }
    body.extend(["--", boundary, "--\r\n"]);
    Entity { head, body }
}

fn attached(file: &Media, disposition: &str, id: Option<&String>) -> Option<Entity> {
    let mut head = Head::default();
    head.add("Content-Type", [content_type(file)]);
    head.add("Content-Transfer-Encoding", ["base64"]);
    let mut words = vec![disposition.to_owned()];
    for word in file_name(&name_of(file)) {
        if let Some(last) = words.last_mut() {
            last.push(';');
        }
        words.push(word);
    }
    head.add("Content-Disposition", words);
    if let Some(id) = id {
        head.add("Content-ID", [format!("<{id}>")]);
    }
    Some(Entity { head, body: body::base64_lines(file.bytes.as_deref()?) })
}

/// The type without parameters; bytes of no known kind for what is no type, and for parts and messages,
/// which must not be in base64 (RFC 2046 sections 5.1 and 5.2).
fn content_type(file: &Media) -> String {
    let given = file.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |text: &str| {
        (1..=60).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let known = given.split_once('/').is_some_and(|(family, kind)| {
        token(family) && token(kind) && !matches!(family, "multipart" | "message")
    });
    if known { given } else { "application/octet-stream".to_owned() }
}

/// The name of a file without a path, and without marks that turn its order round.
fn name_of(file: &Media) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let name: String = one_line(&file.name, 10_000)
        .chars()
        .filter(|&c| !turns(c))
        .map(|c| if matches!(c, '/' | '\\') { '_' } else { c })
        .collect();
    if name.trim().is_empty() {
        return "file".to_owned();
    }
    if name.len() <= NAME_OCTETS {
        return name;
    }
    let end: String = name.chars().skip(name.chars().count() - KEPT_END).collect();
    let mut begin = String::new();
    for character in name.chars() {
        if begin.len() + character.len_utf8() + end.len() > NAME_OCTETS {
            break;
        }
        begin.push(character);
    }
    begin + &end
}
