//! Encoded words in header fields (RFC 2047).
//!
//! Neighbours of one charset and encoding are joined before they are decoded: many programs split a
//! letter over two of them.

use mail_parser::decoders::base64::base64_decode;

use super::charset;

/// One word `=?charset?encoding?data?=`.
struct Word<'a> {
    charset: &'a [u8],
    is_base64: bool,
    data: &'a [u8],
    len: usize,
}

/// No word is longer; RFC 2047 says 75, programs in the wild take more.
const MAX_WORD: usize = 2_048;

/// Decodes all encoded words of a field and unfolds it.
pub(super) fn decode(raw: &[u8]) -> String {
    run(raw, false)
}

/// As [`decode`], but what was encoded is put in quotes, so that a comma in it parts no addresses.
pub(super) fn decode_quoted(raw: &[u8]) -> String {
    run(raw, true)
}

fn run(raw: &[u8], quoting: bool) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut plain = 0;
    let mut at = 0;
    let mut in_quotes = false;
    while let Some(&byte) = raw.get(at) {
        if byte == b'"' && (at == 0 || raw.get(at - 1) != Some(&b'\\')) {
            in_quotes = !in_quotes;
        }
        let Some(first) = (byte == b'=').then(|| Word::parse(raw.get(at..)?)).flatten() else {
            at += 1;
            continue;
        };
        push_plain(&mut out, raw.get(plain..at).unwrap_or_default());
        let (text, end) = decode_run(raw, at, &first);
        if quoting && !in_quotes {
            out.push('"');
            out.extend(text.chars().filter(|c| !matches!(c, '"' | '\\')));
            out.push('"');
        } else {
            out.push_str(&text);
        }
        at = end;
        plain = end;
    }
    push_plain(&mut out, raw.get(plain..).unwrap_or_default());
    let trimmed = out.trim();
    if trimmed.len() == out.len() { out } else { trimmed.to_owned() }
}

/// Decodes the run of words that begins at `at`; also says where it ends.
fn decode_run(raw: &[u8], at: usize, first: &Word<'_>) -> (String, usize) {
    let mut text = String::new();
    let mut pending = first.bytes();
    let mut charset = first.charset;
    let mut is_base64 = first.is_base64;
    let mut end = at + first.len;
    loop {
        let rest = raw.get(end..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let Some(next) = rest.get(blanks..).and_then(Word::parse) else { break };
        if next.charset.eq_ignore_ascii_case(charset) && next.is_base64 == is_base64 {
            pending.extend(next.bytes());
        } else {
            text.push_str(&charset::decode(&pending, Some(charset)).0);
            pending = next.bytes();
            charset = next.charset;
            is_base64 = next.is_base64;
        }
        end += blanks + next.len;
    }
    text.push_str(&charset::decode(&pending, Some(charset)).0);
    (text.replace(['\r', '\n'], " "), end)
}

fn push_plain(out: &mut String, bytes: &[u8]) {
    let text = charset::decode(bytes, None).0;
    let mut after_break = false;
    for c in text.chars() {
        match c {
            '\r' | '\n' => after_break = true,
            '\t' | ' ' if after_break => {}
            c => {
                if std::mem::take(&mut after_break) {
                    out.push(' ');
                }
                out.push(if c == '\0' { '\u{fffd}' } else { c });
            }
        }
    }
    if after_break {
        out.push(' ');
    }
}

impl<'a> Word<'a> {
    fn parse(raw: &'a [u8]) -> Option<Self> {
        let rest = raw.strip_prefix(b"=?")?;
        let rest = rest.get(..rest.len().min(MAX_WORD))?;
        let charset_end = rest.iter().take(64).position(|&byte| byte == b'?')?;
        let charset = rest.get(..charset_end)?;
        if charset.is_empty() || charset.iter().any(u8::is_ascii_whitespace) {
            return None;
        }
        let is_base64 = match rest.get(charset_end + 1)? {
            b'b' | b'B' => true,
            b'q' | b'Q' => false,
            _ => return None,
        };
        let data = rest.get(charset_end + 2..)?.strip_prefix(b"?")?;
        let end = data.windows(2).position(|pair| pair == b"?=")?;
        if data.iter().take(end).any(|&byte| byte == b'\n') {
            return None;
        }
        // A language may follow the charset (RFC 2231).
        let charset = charset.split(|&byte| byte == b'*').next().unwrap_or_default();
        Some(Self { charset, is_base64, data: data.get(..end)?, len: 2 + charset_end + 3 + end + 2 })
    }

    fn bytes(&self) -> Vec<u8> {
        if self.is_base64 {
            return base64_decode(self.data).unwrap_or_else(|| self.data.to_vec());
        }
        let mut out = Vec::with_capacity(self.data.len());
        let mut rest = self.data;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            let pair = || Some((hex(*tail.first()?)?, hex(*tail.get(1)?)?));
            match (byte, pair()) {
                (b'_', _) => out.push(b' '),
                (b'=', Some((high, low))) => {
                    out.push(high << 4 | low);
                    rest = tail.get(2..).unwrap_or_default();
                }
                _ => out.push(byte),
            }
        }
        out
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_split_over_two_words_is_joined() {
        let raw = b"=?utf-8?B?6K+36Zeu5LuA5A==?=\r\n =?utf-8?B?uYjml7blgJnlj5HotKc=?=";
        assert_eq!(decode(raw), "请问什么时候发货");
    }

    #[test]
    fn words_and_plain_text_stand_side_by_side() {
        assert_eq!(decode(b"Re: =?iso-8859-1?Q?Bo=EEte_cass=E9e?= (2)\r\n"), "Re: Boîte cassée (2)");
        assert_eq!(decode(b"=?nonsense =?utf-8?x?a?= 1 = 2"), "=?nonsense =?utf-8?x?a?= 1 = 2");
    }

    #[test]
    fn an_encoded_comma_parts_no_addresses() {
        assert_eq!(decode_quoted(b"=?utf-8?Q?M=2C_A?= <a@b.example>"), "\"M, A\" <a@b.example>");
        assert_eq!(decode_quoted(b"\"=?utf-8?Q?M=2C_A?=\" <a@b.example>"), "\"M, A\" <a@b.example>");
    }
}
