//! A bound on the attributes of one tag: the tokenizer compares each with all before it.

use std::borrow::Cow;

/// The most attributes of a tag; real ones have fewer than 30.
const MAX_ATTRIBUTES: usize = 64;

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

/// The same markup, where a tag with too many attributes is ended early.
pub(super) fn bounded(markup: &str) -> Cow<'_, str> {
    let bytes = markup.as_bytes();
    let mut state = State::Outside;
    let mut count = 0;
    let mut cuts = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        if state == State::Outside {
            if byte == b'<'
                && bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || *next == b'/')
            {
                (state, count) = (State::Name, 0);
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
                State::Name
            }
        };
        if count > MAX_ATTRIBUTES {
            cuts.push(at);
            state = State::Outside;
        }
    }
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
    fn a_tag_with_too_many_attributes_ends_early() {
        let many = format!("<a {}>x", "b ".repeat(200));
        assert!(bounded(&many).matches('>').count() > 1);
        let value = format!("<a b=\"{}\">x", "b ".repeat(200));
        assert_eq!(bounded(&value), value);
    }
}
