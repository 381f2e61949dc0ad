//! The header fields of a mail.
//!
//! All fields are decoded once, in their order; the first one counts where a field may stand only once
//! (RFC 5322 section 3.6), as in the programs that people use.

use jiff::Timestamp;
use mail_parser::{Address, HeaderValue, parsers::MessageStream};

use super::{Reading, encoded_word, mime};

/// The most fields that are read.
pub(super) const MAX_FIELDS: usize = 1_000;
/// The most mailboxes of one field.
const MAX_MAILBOXES: usize = 500;
/// The most Message-IDs of one field.
const MAX_IDS: usize = 200;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    /// The name, decoded; empty where there is none.
    pub name: String,
    /// The address as it was written.
    pub address: String,
}

/// Reads the header of a mail into an otherwise empty reading.
pub(super) fn read(raw: &[u8], problems: &mut Vec<String>) -> Reading {
    let block = raw.get(..mime::header_len(raw)).unwrap_or_default();
    let mut reading = Reading::default();
    let mut seen = Seen::default();
    for (name, value) in Fields(block).take(MAX_FIELDS) {
        seen.field(&mut reading, name, value);
        reading.headers.push((name.to_owned(), encoded_word::decode(value)));
    }
    if reading.headers.len() == MAX_FIELDS {
        problems.push("The mail has too many header fields; only the first were read.".into());
    }
    if seen.from > 1 {
        problems.push("The mail has several From fields; all their authors are named.".into());
    }
    if seen.subject > 1 {
        problems.push("The mail has several subjects; the first one is taken.".into());
    }
    reading
}

/// How often a field came.
#[derive(Default)]
struct Seen {
    from: usize,
    subject: usize,
}

impl Seen {
    fn field(&mut self, reading: &mut Reading, name: &str, value: &[u8]) {
        match name.to_ascii_lowercase().as_str() {
            "subject" => {
                self.subject += 1;
                if self.subject == 1 {
                    reading.subject = encoded_word::decode(value);
                }
            }
            "from" => {
                self.from += 1;
                reading.from.extend(mailboxes(value));
                reading.from.truncate(MAX_MAILBOXES);
            }
            "sender" if reading.sender.is_none() => reading.sender = mailboxes(value).into_iter().next(),
            "reply-to" if reading.reply_to.is_empty() => reading.reply_to = mailboxes(value),
            "to" if reading.to.is_empty() => reading.to = mailboxes(value),
            "cc" if reading.cc.is_empty() => reading.cc = mailboxes(value),
            "date" if reading.date.is_none() => reading.date = date(value),
            "message-id" if reading.message_id.is_none() => {
                reading.message_id = ids(value).into_iter().next();
            }
            "in-reply-to" if reading.in_reply_to.is_empty() => reading.in_reply_to = ids(value),
            "references" if reading.references.is_empty() => reading.references = ids(value),
            _ => {}
        }
    }
}

/// The fields of a header block: name, and value with its folds.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.0.is_empty() {
                return None;
            }
            let mut end = line_end(self.0, 0);
            while matches!(self.0.get(end), Some(b' ' | b'\t')) {
                end = line_end(self.0, end);
            }
            let (field, rest) = self.0.split_at_checked(end)?;
            self.0 = rest;
            let Some(colon) = field.iter().position(|&byte| byte == b':') else { continue };
            let name = field.get(..colon).and_then(|name| std::str::from_utf8(name).ok()).map(str::trim);
            // The line of an mbox ("From x@y Mon ...: ") has blanks before its colon and is no field.
            if let Some(name) = name.filter(|name| !name.is_empty() && !name.contains(char::is_whitespace)) {
                return Some((name, field.get(colon + 1..).unwrap_or_default()));
            }
        }
    }
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| from + at + 1)
}

/// Parses a list of mailboxes; groups are dissolved.
fn mailboxes(value: &[u8]) -> Vec<Mailbox> {
    // The parser ends the last mailbox at the end of a line.
    let decoded = encoded_word::decode_quoted(value) + "\n";
    let HeaderValue::Address(address) = MessageStream::new(decoded.as_bytes()).parse_address() else {
        return Vec::new();
    };
    let (list, groups) = match address {
        Address::List(list) => (list, Vec::new()),
        Address::Group(groups) => (Vec::new(), groups),
    };
    let all = list.into_iter().chain(groups.into_iter().flat_map(|group| group.addresses));
    all.filter_map(|one| {
        let address = one.address.unwrap_or_default().trim().to_owned();
        let name = one.name.unwrap_or_default().trim().to_owned();
        // A lone word is taken for a name: without a blank or with an at sign it is the address.
        match (address.is_empty(), name.contains('@')) {
            (true, true) => Some(Mailbox { name: String::new(), address: name }),
            (true, false) if name.is_empty() => None,
            _ => Some(Mailbox { name, address }),
        }
    })
    .take(MAX_MAILBOXES)
    .collect()
}

fn date(value: &[u8]) -> Option<Timestamp> {
    let mut line = value.trim_ascii().to_vec();
    line.push(b'\n');
    let HeaderValue::DateTime(date) = MessageStream::new(&line).parse_date() else { return None };
    date.is_valid().then(|| Timestamp::from_second(date.to_timestamp()).ok()).flatten()
}

/// The ids in angle brackets; where there are none, the words that hold an at sign.
fn ids(value: &[u8]) -> Vec<String> {
    let text = super::charset::decode(value, None).0;
    let bare = |id: &str| id.chars().filter(|c| !c.is_whitespace() && *c != '\0').collect::<String>();
    let mut found = Vec::new();
    let mut rest = &*text;
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((id, after)) = tail.split_once('>') else { break };
        // An opened bracket that never closed: the id begins at the last one.
        found.push(bare(id.rsplit('<').next().unwrap_or(id)));
        rest = after;
    }
    found.retain(|id| !id.is_empty());
    if found.is_empty() {
        let words = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .map(|word| word.trim_matches(['<', '>', '"']));
        found = words.filter(|word| word.contains('@')).map(bare).collect();
    }
    if found.is_empty() && !text.contains(' ') {
        found.extend(Some(bare(&text)).filter(|id| !id.is_empty()));
    }
    found.truncate(MAX_IDS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &str) -> Vec<(String, String)> {
        mailboxes(value.as_bytes()).into_iter().map(|one| (one.name, one.address)).collect()
    }

    #[test]
    fn mailboxes_are_read_in_old_and_new_forms() {
        let one = |name: &str, address: &str| vec![(name.to_owned(), address.to_owned())];
        assert_eq!(names(" hilda@moon.example (Hilda)"), one("Hilda", "hilda@moon.example"));
        assert_eq!(names(" =?utf-8?Q?Roth=2C_L=C3=A9a?= <l@a.example>\r\n"), one("Roth, Léa", "l@a.example"));
        assert_eq!(names("a@b.example"), one("", "a@b.example"));
        assert_eq!(names("Team: a@b.example;"), one("", "a@b.example"));
    }

    #[test]
    fn the_first_subject_counts() {
        let reading = read(b"Subject: one\r\nSUBJECT:   two\r\n\r\nSubject: three", &mut Vec::new());
        assert_eq!(reading.subject, "one");
        assert_eq!(reading.headers.len(), 2);
    }

    #[test]
    fn ids_lose_their_brackets() {
        assert_eq!(ids(b" <a@b>\r\n\t<c@d> (x)"), ["a@b", "c@d"]);
        assert_eq!(ids(b"a@b"), ["a@b"]);
        assert_eq!(ids(b" \r\n"), [""; 0]);
    }
}
