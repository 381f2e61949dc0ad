//! What stands between angle brackets: somebody's mention, an emoji of the server, an instant.

use rapport_sdk::model::rich::Style;

/// The names that mentions stand for, as far as a message tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// People: id and name.
    pub users: Vec<(String, String)>,
    /// Channels and threads: id and name.
    pub channels: Vec<(String, String)>,
}

/// A tag as people read it.
pub struct Tag {
    /// What it says.
    pub text: String,
    /// How that is dressed.
    pub style: Option<Style>,
    /// How long it is in the source, brackets included.
    pub length: usize,
}

/// Longer than any tag but an address, which is looked for by itself.
const LONGEST: usize = 120;

/// The tag that `source`, which begins with an angle bracket, begins with.
pub fn read(source: &str, names: &Names) -> Option<Tag> {
    let inside = source.strip_prefix('<')?;
    if super::address(inside) > 0 {
        let end = inside.find(|c: char| c == '>' || c.is_whitespace())?;
        let closes = inside[end..].starts_with('>');
        return closes.then(|| Tag { text: inside[..end].to_owned(), style: None, length: end + 2 });
    }
    let end = inside.bytes().take(LONGEST).position(|byte| byte == b'>')?;
    let inside = &inside[..end];
    let (text, style) = if let Some(id) = inside.strip_prefix("@&") {
        (is_id(id).then(|| "@role".to_owned())?, Some(Style::Mention))
    } else if let Some(id) = inside.strip_prefix("@!").or_else(|| inside.strip_prefix('@')) {
        let name = named(&names.users, id, "somebody")?;
        (format!("@{name}"), Some(Style::Mention))
    } else if let Some(id) = inside.strip_prefix('#') {
        (format!("#{}", named(&names.channels, id, "channel")?), None)
    } else if let Some(command) = inside.strip_prefix('/') {
        let (name, id) = command.rsplit_once(':')?;
        (is_id(id).then(|| format!("/{name}"))?, None)
    } else if let Some(instant) = inside.strip_prefix("t:") {
        (instant_of(instant)?, None)
    } else if let Some(emoji) = inside.strip_prefix("a:").or_else(|| inside.strip_prefix(':')) {
        let (name, id) = emoji.split_once(':')?;
        let fits = is_id(id) && !name.is_empty() && name.chars().all(super::is_word);
        (fits.then(|| format!(":{name}:"))?, None)
    } else {
        let place = inside.strip_prefix("id:")?;
        (place.bytes().all(|byte| byte.is_ascii_lowercase()).then(|| format!("#{place}"))?, None)
    };
    Some(Tag { text, style, length: end + 2 })
}

/// The name of an id, or what stands for an unknown one; nothing where it is no id.
fn named<'a>(names: &'a [(String, String)], id: &str, unknown: &'a str) -> Option<&'a str> {
    let known = names.iter().find(|(known, _)| known == id);
    is_id(id).then(|| known.map_or(unknown, |(_, name)| name.as_str()))
}

fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An instant in words. Each reader of Discord sees it in their own zone; here UTC is said with it.
fn instant_of(text: &str) -> Option<String> {
    let (seconds, style) = text.split_once(':').unwrap_or((text, "f"));
    let at = jiff::Timestamp::from_second(seconds.parse().ok()?).ok()?;
    let form = match style {
        "t" => "%H:%M UTC",
        "T" => "%H:%M:%S UTC",
        "d" | "D" => "%Y-%m-%d",
        "f" | "F" | "R" => "%Y-%m-%d %H:%M UTC",
        _ => return None,
    };
    Some(at.strftime(form).to_string())
}
