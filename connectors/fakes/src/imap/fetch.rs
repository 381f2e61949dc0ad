//! What FETCH says about one mail.

use rapport_sdk::model::Timestamp;

use super::mailbox::FakeMail;

/// One thing that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Uid,
    Flags,
    Date,
    Size,
    Text { section: String, marks: bool, part: Option<(usize, usize)> },
}

/// Takes `(UID BODY.PEEK[]<0.10>)` apart; `None` for what is not understood.
pub(super) fn items(text: &str) -> Option<Vec<Item>> {
    let text = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    text.split(' ').map(item).collect()
}

fn item(word: &str) -> Option<Item> {
    let upper = word.to_ascii_uppercase();
    Some(match &upper[..] {
        "UID" => Item::Uid,
        "FLAGS" => Item::Flags,
        "INTERNALDATE" => Item::Date,
        "RFC822.SIZE" => Item::Size,
        _ => {
            let (marks, rest) = match upper.strip_prefix("BODY.PEEK[") {
                Some(rest) => (false, rest),
                None => (true, upper.strip_prefix("BODY[")?),
            };
            let (section, part) = rest.split_once(']')?;
            let part = if part.is_empty() {
                None
            } else {
                let (from, count) = part.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
                Some((from.parse().ok()?, count.parse().ok()?))
            };
            if !["", "HEADER", "TEXT"].contains(&section) {
                return None;
            }
            Item::Text { section: section.to_owned(), marks, part }
        }
    })
}

/// The answer about one mail. `uid`: whether its number is said unasked (RFC 3501 section 6.4.8).
pub(super) fn answer(seq: usize, mail: &FakeMail, items: &[Item], dated: bool, larger: usize) -> Vec<u8> {
    let mut out = format!("* {seq} FETCH (").into_bytes();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        match item {
            Item::Uid => out.extend(format!("UID {}", mail.uid).bytes()),
            Item::Flags => out.extend(format!("FLAGS ({})", mail.flags.join(" ")).bytes()),
            Item::Date if !dated => out.extend(b"INTERNALDATE NIL"),
            Item::Date => out.extend(format!("INTERNALDATE \"{}\"", date_time(mail.at)).bytes()),
            Item::Size => out.extend(format!("RFC822.SIZE {}", mail.raw.len()).bytes()),
            Item::Text { section, part, .. } => {
                let mut text = text(mail, section).to_vec();
                text.resize(text.len() + larger, b'x');
                let (shown, text) = match part {
                    None => (String::new(), &text[..]),
                    Some((from, count)) => {
                        let from = (*from).min(text.len());
                        (format!("<{from}>"), &text[from..(from + count).min(text.len())])
                    }
                };
                out.extend(format!("BODY[{section}]{shown} {{{}}}\r\n", text.len()).bytes());
                out.extend(text);
            }
        }
    }
    out.extend(b")\r\n");
    out
}

fn text<'a>(mail: &'a FakeMail, section: &str) -> &'a [u8] {
    let end =
        mail.raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(mail.raw.len(), |at| at + 4);
    match section {
        "HEADER" => &mail.raw[..end],
        "TEXT" => &mail.raw[end..],
        _ => &mail.raw,
    }
}

/// RFC 3501 section 9, date-time.
fn date_time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.strftime("%e-%b-%Y %H:%M:%S +0000").to_string()
}
