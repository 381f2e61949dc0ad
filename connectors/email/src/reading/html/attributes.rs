//! Bounds on what costs the tokenizer: the attributes of one tag, of which it compares each with all before
//! it, and all of the markup together, of which it takes a byte that begins something far slower than one of
//! text.

use std::borrow::Cow;

/// The most attributes of a tag; real ones have fewer than 30.
const MAX_ATTRIBUTES: usize = 64;

/// The most work that a tokenizer gets, in units of what a `<` costs that begins nothing: more than two
/// mebibytes of a newsletter do. What follows is not rendered.
const MAX_WORK: usize = 300_000;
/// What begins a tag, a comment, or a character reference.
const TAG: usize = 3;
const COMMENT: usize = 2;
const REFERENCE: usize = 3;

/// Where the scan is within a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    BeforeName,
    Name,
    BeforeValue,
    Bare,
    Quoted(u8),
}

/// The same markup, where a tag with too many attributes is ended early, as far as it is not too much work.
pub(super) fn bounded(markup: &str) -> Cow<'_, str> {
    let bytes = markup.as_bytes();
    let mut state = State::Outside;
    let mut count = 0;
    let mut cuts = Vec::new();
    let (mut work, mut end) = (0, markup.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if work > MAX_WORK {
            end = markup.floor_char_boundary(at);
            break;
        }
        if byte == b'&' {
            work += REFERENCE;
        }
        if state == State::Outside {
            if byte == b'<' {
                let next = bytes.get(at + 1);
                if next.is_some_and(|next| next.is_ascii_alphabetic() || *next == b'/') {
                    (state, count) = (State::Name, 0);
                    work += TAG;
                } else {
                    work += if next == Some(&b'!') { COMMENT } else { 1 };
                }
            }
            continue;
        }
        let is_blank = byte.is_ascii_whitespace() || byte == b'/';
        state = match (state, byte) {
            (State::Quoted(end), byte) if byte == end => State::BeforeName,
            (State::Quoted(_), _) => state,
            (_, b'>') => State::Outside,
            (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
            (State::BeforeValue, _) if byte.is_ascii_whitespace() => state,
            (State::BeforeValue, _) => State::Bare,
            (State::Bare, _) if byte.is_ascii_whitespace() => State::BeforeName,
            (State::Name, b'=') => State::BeforeValue,
            (State::Name, _) if is_blank => State::BeforeName,
            (State::Bare | State::Name, _) => state,
            (State::BeforeName, b'=')
                if count > 0 && bytes.get(at.wrapping_sub(1)).is_some_and(u8::is_ascii_whitespace) =>
            {
                State::BeforeValue
            }
            (State::BeforeName, _) if is_blank => state,
            (State::BeforeName | State::Outside, _) => {
                count += 1;
                work += 1;
                State::Name
            }
        };
        if count > MAX_ATTRIBUTES {
            cuts.push(at);
            state = State::Outside;
        }
    }
    let markup = markup.get(..end).unwrap_or_default();
    if cuts.is_empty() {
        return Cow::Borrowed(markup);
    }
    let mut out = String::with_capacity(markup.len() + cuts.len());
    let mut from = 0;
    for at in cuts {
        let at = markup.floor_char_boundary(at);
        out.push_str(markup.get(from..at).unwrap_or_default());
        out.push('>');
        from = at;
    }
    out.push_str(markup.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_that_is_too_much_work_is_cut_off_and_that_of_a_long_newsletter_is_not() {
        for piece in ["<", "<b>", "<!--", "&amp;", "<a b c d "] {
            let bomb = piece.repeat(2 * 1024 * 1024 / piece.len());
            assert!(bounded(&bomb).len() < bomb.len() / 2, "{piece}");
        }
        let row = "<tr><td align=\"left\" style=\"margin:0 0 12px 0;font-family:Arial,sans-serif;color:#333\">Our \
                   lamps&nbsp;of the week are <a href=\"https://shop.example/lamps?from=newsletter\">here</a></td></tr>\n";
        let newsletter = row.repeat(2 * 1024 * 1024 / row.len());
        assert!(bounded(&newsletter) == newsletter, "it was cut");
    }

    #[test]
    fn a_tag_with_too_many_attributes_ends_early() {
        let many = format!("<a {}>x", "b ".repeat(200));
        assert!(bounded(&many).matches('>').count() > 1);
        let value = format!("<a b=\"{}\">x", "b ".repeat(200));
        assert_eq!(bounded(&value), value);
    }
}
