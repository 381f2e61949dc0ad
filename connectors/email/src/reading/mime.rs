//! The structure of a mail, taken apart by `mail-parser` within budgets.
//!
//! The parser looks for each container's boundary up to the end of the mail and drops nested messages by
//! recursion, so the cost of a hostile mail is bounded before it sees one: what is over a budget is cut
//! off, and the front part is read.

use std::{
    borrow::Cow,
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mail_parser::{
    Message, MessageParser,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

/// The longest mail that is looked at, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The longest header block of the mail, in bytes; what follows in it is left out.
pub(super) const MAX_HEADER_BYTES: usize = 256 * 1024;
/// The most parts of a mail.
pub(super) const MAX_PARTS: usize = 2_000;
/// The most multiparts, in all depths.
pub(super) const MAX_MULTIPARTS: usize = 200;
/// The most messages within messages.
pub(super) const MAX_MESSAGES: usize = 100;
/// The most multiparts whose boundary never comes; each makes the parser look through the rest of the mail.
pub(super) const MAX_LOST_BOUNDARIES: usize = 8;
/// How many bytes of a mail that can't be parsed are shown.
const MAX_STUB_BYTES: usize = 64 * 1024;
/// The most encoded messages within messages.
const MAX_ENCODED_MESSAGES: usize = 8;
/// How deep encoded messages are looked into before the parser may do so; it goes no deeper itself.
const MAX_ENCODED_DEPTH: usize = 3;

/// The part of a mail that can be parsed at a bounded cost.
pub(super) fn within_budget<'a>(raw: &'a [u8], problems: &mut Vec<String>) -> Cow<'a, [u8]> {
    let mut raw = match raw.get(..MAX_BYTES) {
        Some(front) if raw.len() > MAX_BYTES => {
            problems.push("The mail is too long; only its beginning was read.".into());
            Cow::Borrowed(front)
        }
        _ => Cow::Borrowed(raw),
    };
    let header_len = header_len(&raw);
    if header_len > MAX_HEADER_BYTES {
        problems.push("The header is too long; only its beginning was read.".into());
        let kept = raw.iter().take(MAX_HEADER_BYTES).rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut shortened = raw.get(..kept).unwrap_or_default().to_vec();
        shortened.extend_from_slice(b"\r\n");
        shortened.extend_from_slice(raw.get(header_len..).unwrap_or_default());
        raw = Cow::Owned(shortened);
    }
    let end = Scan::new(&raw, 0).run();
    if end < raw.len() {
        problems.push("The mail has too many parts; only its beginning was read.".into());
        match &mut raw {
            Cow::Borrowed(bytes) => *bytes = bytes.get(..end).unwrap_or_default(),
            Cow::Owned(bytes) => bytes.truncate(end),
        }
    }
    raw
}

/// Takes the mail apart. `None`: it has no header, or the parser gave up.
pub(super) fn parse<'a>(raw: &'a [u8], problems: &mut Vec<String>) -> Option<Message<'a>> {
    // The parser is not ours: should it ever panic, one mail must not end what reads all of them.
    let parsed = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(raw)));
    let message = parsed.unwrap_or_default().filter(|message| !message.parts.is_empty());
    if message.as_ref().is_some_and(|message| message.parts.iter().any(|part| part.is_encoding_problem)) {
        problems.push("A part of the mail is broken; it is shown as far as it can be read.".into());
    }
    message
}

/// Something to show for a mail that has no structure at all.
pub(super) fn stub(raw: &[u8]) -> String {
    let front = raw.get(..MAX_STUB_BYTES).unwrap_or(raw);
    super::charset::decode(front, None).0.replace('\0', "\u{fffd}").trim().to_owned()
}

/// The length of the header block, the empty line included.
pub(super) fn header_len(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let len = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
        at += len;
        if rest.get(..len).unwrap_or_default().trim_ascii().is_empty() && at > len {
            return at;
        }
    }
    raw.len()
}

/// One pass over the lines of a mail that counts what costs.
struct Scan<'a> {
    raw: &'a [u8],
    depth: usize,
    boundaries: HashSet<&'a [u8]>,
    /// Boundaries that were named and have not come yet, with the place where they were named.
    awaited: Vec<(&'a [u8], usize)>,
    parts: usize,
    multiparts: usize,
    messages: usize,
    encoded: usize,
}

impl<'a> Scan<'a> {
    fn new(raw: &'a [u8], depth: usize) -> Self {
        let (boundaries, awaited) = (HashSet::new(), Vec::new());
        Self { raw, depth, boundaries, awaited, parts: 0, multiparts: 0, messages: 0, encoded: 0 }
    }

    /// Where the mail has to be cut: its length, where all is within budget.
    fn run(mut self) -> usize {
        let mut at = 0;
        // Of the header that is being read: an encoded message hides its own parts.
        let (mut is_message, mut is_encoded) = (false, false);
        while let Some(rest) = self.raw.get(at..).filter(|rest| !rest.is_empty()) {
            let len = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = rest.get(..len).unwrap_or_default();
            let is_within = match line.first() {
                Some(b'-') => self.see_dashes(line),
                Some(b'C' | b'c') if is_field(line, b"content-type") => {
                    let was_message = std::mem::replace(&mut is_message, names_message(field(rest)));
                    self.see_type(rest, at)
                        && (was_message || !(is_message && is_encoded) || self.see_encoded_message(rest))
                }
                Some(b'C' | b'c') if is_field(line, b"content-transfer-encoding") => {
                    let was_encoded = std::mem::replace(&mut is_encoded, hides(field(rest)));
                    was_encoded || !(is_message && is_encoded) || self.see_encoded_message(rest)
                }
                Some(b'\r' | b'\n') => {
                    (is_message, is_encoded) = (false, false);
                    true
                }
                _ => true,
            };
            if !is_within {
                return at;
            }
            at += len;
        }
        match self.awaited.get(MAX_LOST_BOUNDARIES) {
            Some(&(_, at)) => at,
            None => self.raw.len(),
        }
    }

    fn see_dashes(&mut self, line: &[u8]) -> bool {
        let Some(rest) = line.strip_prefix(b"--") else { return true };
        let name = rest.trim_ascii_end();
        let name =
            if self.boundaries.contains(name) { name } else { name.strip_suffix(b"--").unwrap_or(name) };
        if !self.boundaries.contains(name) {
            return true;
        }
        self.awaited.retain(|(awaited, _)| *awaited != name);
        self.parts += 1;
        self.parts <= MAX_PARTS
    }

    /// Counts a Content-Type, which may go on over several lines.
    fn see_type(&mut self, rest: &'a [u8], at: usize) -> bool {
        let field = field(rest);
        if names_message(field) {
            self.messages += 1;
        }
        if contains_ignoring_case(field, b"multipart/") {
            self.multiparts += 1;
            if let Some(boundary) = boundary(field) {
                self.boundaries.insert(boundary);
                self.awaited.push((boundary, at));
            }
        }
        self.multiparts <= MAX_MULTIPARTS
            && self.messages <= MAX_MESSAGES
            && self.awaited.len() <= 2 * MAX_MULTIPARTS
    }

    /// A message that is encoded, against RFC 2045: its parts count as if it were decoded. `rest` begins
    /// within its header.
    fn see_encoded_message(&mut self, rest: &[u8]) -> bool {
        self.encoded += 1;
        if self.encoded > MAX_ENCODED_MESSAGES {
            return false;
        }
        if self.depth >= MAX_ENCODED_DEPTH {
            return true;
        }
        let body = rest.get(header_len(rest)..).unwrap_or_default();
        let end = body.windows(3).position(|window| window == b"\n--").unwrap_or(body.len());
        let body = body.get(..end).unwrap_or_default();
        let is_within = |inner: Option<Vec<u8>>| {
            inner.is_none_or(|inner| Scan::new(&inner, self.depth + 1).run() == inner.len())
        };
        // Which of the two it is may stand above: what is within budget both ways is so in any case.
        is_within(base64_decode(body)) && is_within(quoted_printable_decode(body))
    }
}

/// Whether a transfer encoding hides what it encodes.
fn hides(field: &[u8]) -> bool {
    contains_ignoring_case(field, b"base64") || contains_ignoring_case(field, b"quoted-printable")
}

fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|front| front.eq_ignore_ascii_case(name))
        && line.get(name.len()..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
}

fn names_message(field: &[u8]) -> bool {
    contains_ignoring_case(field, b"message/rfc822") || contains_ignoring_case(field, b"message/global")
}

/// The field that begins here, with the lines that continue it; bounded.
fn field(rest: &[u8]) -> &[u8] {
    let rest = rest.get(..2_048).unwrap_or(rest);
    let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let end = ends.into_iter().find(|&end| !matches!(rest.get(end), Some(b' ' | b'\t')));
    rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
}

fn boundary(field: &[u8]) -> Option<&[u8]> {
    let at = position_ignoring_case(field, b"boundary")?;
    let rest = field.get(at + 8..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let name = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|&byte| byte == b'"').next()?,
        None => rest.split(|&byte| byte == b';' || byte.is_ascii_whitespace()).next()?,
    };
    (!name.is_empty()).then_some(name)
}

fn contains_ignoring_case(haystack: &[u8], needle: &[u8]) -> bool {
    position_ignoring_case(haystack, needle).is_some()
}

fn position_ignoring_case(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}
