//! Header fields: nothing that comes in can end a line, begin a field or pass for an encoded word.
//!
//! Everything that leaves here is printable ASCII in lines of at most 76 characters where it can be broken,
//! and of at most 998 octets in any case (RFC 5322 section 2.1.1). Addresses in UTF-8 (RFC 6532) are the
//! one exception, and the caller asks for them.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Where a line is broken, where that is possible (RFC 2047 section 2).
const WIDTH: usize = 76;
/// The longest encoded word (RFC 2047 section 2).
const ENCODED_WORD: usize = 75;
/// The longest file name, in octets: three times as many stay within a line.
pub(super) const NAME_OCTETS: usize = 250;
/// A longer word than this is encoded, because it can't be broken otherwise.
const LONGEST_WORD: usize = 70;
const BEGIN: &str = "=?utf-8?B?";
const FINISH: &str = "?=";

/// The head of a mail or of one of its parts.
#[derive(Default)]
pub(super) struct Head(String);

impl Head {
    /// Adds a field of words, which may be parted by line breaks and which hold none.
    pub(super) fn add(&mut self, name: &str, words: impl IntoIterator<Item = impl AsRef<str>>) {
        self.0.push_str(name);
        self.0.push(':');
        let mut column = name.len() + 1;
        for (at, word) in words.into_iter().enumerate() {
            let word = word.as_ref();
            if at > 0 && column + 1 + word.len() > WIDTH {
                self.0.push_str("\r\n");
                column = 0;
            }
            self.0.push(' ');
            self.0.push_str(word);
            column += 1 + word.len();
        }
        self.0.push_str("\r\n");
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text of one line: what could break it is a space, what is invisible is gone, and it has at most
/// `longest` characters.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let breaks = |c: char| c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}');
    for word in text.split(breaks) {
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        if !word.is_empty() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(&word);
        }
    }
    line.chars().take(longest).collect::<String>().trim_end().to_owned()
}

/// The words of free text, such as a subject. `used` columns of the first line are taken.
pub(super) fn unstructured(text: &str, used: usize) -> Vec<String> {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let short = text.split(' ').all(|word| word.len() <= LONGEST_WORD);
    if plain && short && !text.contains("=?") {
        return text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    }
    encoded_words(text, used)
}

/// The words of a name beside an address (RFC 5322 phrase).
pub(super) fn phrase(name: &str) -> Vec<String> {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if name.contains("=?") || name.len() > LONGEST_WORD || !name.chars().all(|c| matches!(c, ' '..='~')) {
        return encoded_words(name, WIDTH);
    }
    if name.chars().all(atom) {
        return name.split(' ').map(str::to_owned).collect();
    }
    vec![format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))]
}

/// Encoded words (RFC 2047), no character parted. Between two of them the space does not count.
fn encoded_words(text: &str, used: usize) -> Vec<String> {
    let room = |used: usize| {
        let line = ENCODED_WORD.min(WIDTH.saturating_sub(used + 1));
        let bytes = line.saturating_sub(BEGIN.len() + FINISH.len()) / 4 * 3;
        // A first line with too little room stays empty.
        if bytes < 9 { (ENCODED_WORD - BEGIN.len() - FINISH.len()) / 4 * 3 } else { bytes }
    };
    let mut words = Vec::new();
    let mut chunk = String::new();
    let mut free = room(used);
    let encode = |chunk: &str| format!("{BEGIN}{}{FINISH}", STANDARD.encode(chunk));
    for character in text.chars() {
        if chunk.len() + character.len_utf8() > free {
            words.push(encode(&chunk));
            chunk.clear();
            free = room(0);
        }
        chunk.push(character);
    }
    if !chunk.is_empty() {
        words.push(encode(&chunk));
    }
    words
}

/// The `filename` of Content-Disposition: in ASCII for all, and whole (RFC 2231) where that is not the same.
/// The whole one is in one piece, however long: beside a plain one, programs get continued pieces wrong.
pub(super) fn file_name(name: &str) -> Vec<String> {
    let safe = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%');
    let fallback: String = name.chars().map(|c| if safe(c) { c } else { '_' }).collect();
    let mut words = vec![format!("filename=\"{}\"", fallback.replace("=?", "__"))];
    if fallback == name && !name.contains("=?") && name.len() <= LONGEST_WORD {
        return words;
    }
    let unit = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    // Whoever takes the first one that they can read takes the whole one.
    words.insert(0, format!("filename*=utf-8''{}", name.bytes().map(unit).collect::<String>()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(name: &str, words: &[String]) -> String {
        let mut head = Head::default();
        head.add(name, words);
        head.0
    }

    #[test]
    fn plain_text_stays_readable_and_is_broken_between_words() {
        let text = "a subject that is rather long ".repeat(5);
        let field = field("Subject", &unstructured(text.trim_end(), 9));
        assert!(field.lines().all(|line| line.len() <= 76), "{field}");
        assert_eq!(field.replace("\r\n", ""), format!("Subject: {}", text.trim_end()));
    }

    #[test]
    fn nothing_that_breaks_a_line_survives() {
        let hostile = "a\r\nBcc: x@y.example\0\u{2028}b\u{2029}c\u{85}d\u{b}e\u{1b}[0m";
        assert_eq!(one_line(hostile, 100), "a Bcc: x@y.example b c d e[0m");
        assert_eq!(one_line("abcdef", 3), "abc");
    }

    #[test]
    fn what_looks_like_an_encoded_word_is_encoded() {
        let words = unstructured("=?utf-8?Q?=0D=0ABcc:_x?=", 9);
        assert!(words.iter().all(|word| word.starts_with("=?utf-8?B?")), "{words:?}");
        assert!(phrase("=?utf-8?Q?x?=").iter().all(|word| word.starts_with("=?utf-8?B?")));
    }

    #[test]
    fn a_name_with_marks_is_quoted() {
        assert_eq!(phrase("Smith, John \"Jo\" \\"), [r#""Smith, John \"Jo\" \\""#]);
        assert_eq!(phrase("The Shop"), ["The", "Shop"]);
    }

    #[test]
    fn a_file_name_has_a_form_for_old_programs() {
        assert_eq!(file_name("invoice 7.pdf"), ["filename=\"invoice 7.pdf\""]);
        assert_eq!(
            file_name("Größe.pdf"),
            ["filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "filename=\"Gr__e.pdf\""]
        );
        assert_eq!(file_name("a\"b\r\n%.pdf")[1], "filename=\"a_b___.pdf\"");
        let long = "ж".repeat(NAME_OCTETS / 2);
        assert!(file_name(&long).iter().all(|word| word.len() < 900), "a line has 998 octets");
    }

    proptest! {
        #[test]
        fn every_line_of_any_subject_is_short_printable_ascii(text in any::<String>()) {
            let line = one_line(&text, 1000);
            let field = field("Subject", &unstructured(&line, 9));
            let body = field.strip_suffix("\r\n").unwrap();
            for line in body.split("\r\n") {
                prop_assert!(line.len() <= 78, "{line}");
                prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            }
            prop_assert!(!body.contains("\r\n\r\n"));
            prop_assert!(body.split("\r\n").skip(1).all(|line| line.starts_with(' ') && line.len() > 1));
        }
    }
}
