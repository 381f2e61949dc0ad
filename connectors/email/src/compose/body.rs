//! The words of a mail: as text, as HTML, and how each is encoded for its way.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use regex::Regex;

/// The longest encoded line (RFC 2045 sections 6.7 and 6.8).
const LINE: usize = 76;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// An address of the web in a text. What stands behind it in a sentence is taken off again.
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)\bhttps?://[^\s<>"]+"#).expect("it compiles"));

/// The text with every kind of line end as `\n`, and without control characters.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept = |c: char| match c {
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\n' | '\t' => Some(c),
        c if c.is_control() => None,
        c => Some(c),
    };
    text.chars().filter_map(kept).collect()
}

/// The text in HTML: paragraphs, lines and spaces kept, links to click, nothing that is fetched from
/// elsewhere. `images` are shown below it: Content-ID and name of each.
pub(super) fn html(text: &str, images: &[(String, String)]) -> String {
    let mut html = String::from("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n");
    let mut paragraph: Vec<String> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            paragraph.push(line_of(line));
        } else if !paragraph.is_empty() {
            html.push_str("<p dir=\"auto\">");
            html.push_str(&paragraph.join("<br>\n"));
            html.push_str("</p>\n");
            paragraph.clear();
        }
    }
    for (id, name) in images {
        html.extend(["<p><img src=\"cid:", id, "\" alt=\"", &escaped(name), "\"></p>\n"]);
    }
    html.push_str("</body></html>\n");
    html
}

fn line_of(line: &str) -> String {
    let mut html = String::new();
    let mut end = 0;
    for found in LINK.find_iter(line) {
        let link = trimmed(found.as_str());
        html.push_str(&spaced(&line[end..found.start()]));
        let target = escaped(link);
        html.extend(["<a href=\"", &target, "\">", &target, "</a>"]);
        end = found.start() + link.len();
    }
    html.push_str(&spaced(&line[end..]));
    html
}

/// Without the marks that belong to the sentence around it.
fn trimmed(link: &str) -> &str {
    let mut link = link;
    loop {
        let shorter = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        let unopened = |open, close| shorter.ends_with(close) && !shorter.contains(open);
        let shorter = if unopened('(', ')') || unopened('[', ']') || unopened('{', '}') {
            &shorter[..shorter.len() - 1]
        } else {
            shorter
        };
        if shorter.len() == link.len() {
            return link;
        }
        link = shorter;
    }
}

fn escaped(text: &str) -> String {
    let escape = |html: String, c: char| match c {
        '&' => html + "&amp;",
        '<' => html + "&lt;",
        '>' => html + "&gt;",
        '"' => html + "&quot;",
        c => {
            let mut html = html;
            html.push(c);
            html
        }
    };
    text.chars().fold(String::new(), escape)
}

/// Escaped, and with spaces that do not run together.
fn spaced(text: &str) -> String {
    let text = escaped(&text.replace('\t', "    ")).replace("  ", "&nbsp; ");
    text.strip_prefix(' ').map_or(text.clone(), |rest| format!("&nbsp;{rest}"))
}

/// A text encoded for its way, in 7 bit: the name of the encoding, and the lines with CR LF.
pub(super) fn encoded(text: &str) -> (&'static str, String) {
    let short = text.split('\n').all(|line| {
        // "From " is what some old programs put a ">" before, and they take spaces from line ends.
        line.len() <= LINE && !line.starts_with("From ") && !line.ends_with([' ', '\t'])
    });
    if text.is_ascii() && short {
        return ("7bit", ended(text.replace('\n', "\r\n")));
    }
    let foreign = text.bytes().filter(|byte| !byte.is_ascii()).count();
    // A text of another script is shorter this way; one of Latin letters stays readable the other.
    if foreign * 2 > text.len() {
        return ("base64", base64_lines(text.replace('\n', "\r\n").as_bytes()));
    }
    ("quoted-printable", ended(quoted_printable(text)))
}

fn ended(mut text: String) -> String {
    if !text.ends_with("\r\n") {
        text.push_str("\r\n");
    }
    text
}

/// Base64 in lines, the last with its end.
pub(super) fn base64_lines(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + bytes.len() / LINE * 3 + 8);
    for chunk in bytes.chunks(LINE / 4 * 3) {
        STANDARD.encode_string(chunk, &mut text);
        text.push_str("\r\n");
    }
    if text.is_empty() { "\r\n".to_owned() } else { text }
}

fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push_str("\r\n");
        }
        let bytes = line.as_bytes();
        let mut column = 0;
        for (place, &byte) in bytes.iter().enumerate() {
            let last = place + 1 == bytes.len();
            let literal = match byte {
                b'=' => false,
                b' ' | b'\t' => !last,
                // A dot alone ends a mail for a careless server, and "From " begins one for another.
                b'.' => column > 0,
                b'F' if column == 0 => !bytes[place..].starts_with(b"From "),
                b'!'..=b'~' => true,
                _ => false,
            };
            let width = if literal { 1 } else { 3 };
            if column + width > LINE - usize::from(!last) {
                out.push_str("=\r\n");
                column = 0;
            }
            if literal {
                out.push(char::from(byte));
            } else {
                out.push('=');
                out.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
            }
            column += width;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_line_end_is_one_and_controls_are_gone() {
        assert_eq!(plain("a\r\nb\rc\u{2028}d\0e\u{1b}\tf"), "a\nb\nc\nde\tf");
    }

    #[test]
    fn html_keeps_paragraphs_lines_and_spaces_and_escapes_the_rest() {
        let html = html("Dear <Anna> & \"Co\",\n  two  spaces\n\nBye", &[]);
        assert!(html.contains("<p dir=\"auto\">Dear &lt;Anna&gt; &amp; &quot;Co&quot;,<br>\n&nbsp; two&nbsp; spaces</p>\n<p dir=\"auto\">Bye</p>"), "{html}");
    }

    #[test]
    fn links_can_be_clicked_and_end_where_a_reader_ends_them() {
        let shown = |text| html(text, &[]);
        assert!(shown("see https://a.example/b?c=1&d=(2).").contains(
            "<a href=\"https://a.example/b?c=1&amp;d=(2)\">https://a.example/b?c=1&amp;d=(2)</a>."
        ));
        assert!(shown("(http://a.example)").contains("(<a href=\"http://a.example\">http://a.example</a>)"));
        for hostile in ["javascript:alert(1)", "https://a.example/\"onload=\"x", "<https://a.example/>"] {
            let html = shown(hostile);
            assert!(!html.contains("\"onload") && !html.contains("javascript:alert(1)\""), "{html}");
        }
    }

    #[test]
    fn the_encoding_follows_the_text() {
        assert_eq!(encoded("short\nlines"), ("7bit", "short\r\nlines\r\n".to_owned()));
        assert_eq!(encoded("Größe, 42 Stück").1, "Gr=C3=B6=C3=9Fe, 42 St=C3=BCck\r\n");
        assert_eq!(encoded("От склада").0, "base64");
        assert_eq!(encoded("From me \u{e9}\n.\n..").1, "=46rom me =C3=A9\r\n=2E\r\n=2E.\r\n");
        assert_eq!(encoded("From me\nspace ").1, "=46rom me\r\nspace=20\r\n");
        assert!(encoded(&"a".repeat(5000)).1.lines().all(|line| line.len() <= 76));
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in "\\PC*(\n\\PC*){0,6}") {
            let text = plain(&text);
            let (encoding, lines) = encoded(&text);
            let mail = format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{lines}");
            prop_assert!(mail.is_ascii() && mail.split("\r\n").all(|line| line.len() <= 76 && !line.contains(['\r', '\n'])));
            let read = mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap();
            let body = read.body_text(0).unwrap_or_default().replace("\r\n", "\n");
            prop_assert_eq!(body.trim_end_matches('\n'), text.trim_end_matches('\n'));
        }
    }
}
