//! Charsets: bytes to text, also where the label is missing, unknown or wrong.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// How bytes became text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// As the label says, or plain ASCII.
    Labelled,
    /// The label was wrong or missing; another charset fits.
    Guessed,
    /// Some letters could not be read.
    Damaged,
}

/// Decodes with the charset that the label names. A label that can't be right gives way to UTF-8, where
/// the bytes are valid UTF-8, and else to windows-1252, where most unlabelled mail comes from.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&[u8]>) -> (Cow<'a, str>, Trust) {
    let label = label.map(<[u8]>::trim_ascii).filter(|label| !label.is_empty());
    let claims_ascii = label.is_none_or(is_ascii_label);
    if claims_ascii || label.is_some_and(|label| label.eq_ignore_ascii_case(b"utf-8")) {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let is_as_said = !claims_ascii || bytes.is_ascii();
            return (Cow::Borrowed(text), if is_as_said { Trust::Labelled } else { Trust::Guessed });
        }
        return guess(bytes, !claims_ascii);
    }
    let Some(decoder) = label.and_then(charset_decoder) else {
        return match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), Trust::Guessed),
            Err(_) => guess(bytes, false),
        };
    };
    let text = decoder(bytes);
    if !text.contains('\u{fffd}') {
        return (Cow::Owned(text), Trust::Labelled);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), Trust::Guessed),
        Err(_) => (Cow::Owned(text), Trust::Damaged),
    }
}

/// The charset that a page names in its first bytes, as browsers look for it.
pub(super) fn of_html(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..bytes.len().min(2_048))?;
    let at = head.windows(8).position(|window| window.eq_ignore_ascii_case(b"charset="))?;
    let rest = head.get(at + 8..)?;
    let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(byte)).count();
    rest.get(..len).filter(|name| !name.is_empty())
}

fn is_ascii_label(label: &[u8]) -> bool {
    [
        &b"us-ascii"[..],
        b"ascii",
        b"ansi_x3.4-1968",
        b"iso646-us",
        b"unknown",
        b"unknown-8bit",
        b"x-unknown",
        b"default",
    ]
    .iter()
    .any(|name| label.eq_ignore_ascii_case(name))
}

/// UTF-8 with few broken letters is UTF-8 that was cut; anything else is windows-1252.
fn guess(bytes: &[u8], says_utf8: bool) -> (Cow<'_, str>, Trust) {
    let lossy = String::from_utf8_lossy(bytes);
    let broken = lossy.chars().filter(|&c| c == '\u{fffd}').count();
    let good = lossy.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    if good > broken || (says_utf8 && good > 0) {
        return (lossy, Trust::Damaged);
    }
    match charset_decoder(b"windows-1252") {
        Some(decoder) => (Cow::Owned(decoder(bytes)), Trust::Guessed),
        None => (lossy, Trust::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_label_gives_way() {
        assert_eq!(decode(b"bo\xeete", Some(b"us-ascii")), (Cow::Borrowed("boîte"), Trust::Guessed));
        assert_eq!(decode("für".as_bytes(), Some(b"x-nonsense")), (Cow::Borrowed("für"), Trust::Guessed));
        assert_eq!(decode("für".as_bytes(), None), (Cow::Borrowed("für"), Trust::Guessed));
        assert_eq!(decode(b"f\xfcr", Some(b"utf-8")), (Cow::Borrowed("für"), Trust::Guessed));
    }

    #[test]
    fn a_cut_letter_spoils_no_text() {
        assert_eq!(decode(b"\xe2\x82\xac 5 \xe2\x82", Some(b"UTF-8")).0, "€ 5 \u{fffd}");
    }

    #[test]
    fn a_page_names_its_charset() {
        let page = b"<meta http-equiv=Content-Type content=\"text/html; charset=windows-1253\">";
        assert_eq!(of_html(page), Some(&b"windows-1253"[..]));
        assert_eq!(of_html(b"<meta charset='koi8-r'>"), Some(&b"koi8-r"[..]));
        assert_eq!(of_html(b"<p>charset"), None);
    }
}
