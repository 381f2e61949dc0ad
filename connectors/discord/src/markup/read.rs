//! From markup to text and spans.
//!
//! The rules are those that Discord's own clients show. What does not close is text. The work is bounded:
//! nesting ends at a depth, and each opening is looked for its end once at each depth.

use rapport_sdk::model::rich::{self, Span, Style};

use super::{
    address, is_word,
    tag::{self, Names},
};

/// Deeper than anybody writes by hand.
const DEEPEST: u8 = 8;
/// A shrug has signs of markup in it, and everybody's client shows it whole.
const SHRUG: &str = "¯\\_(ツ)_/¯";

/// The text that readers of `source` see, and how it is dressed.
pub fn read(source: &str, names: &Names) -> (String, Vec<Span>) {
    let mut reader = Reader { names, text: String::new(), units: 0, spans: Vec::new() };
    reader.lines(source, 0);
    let spans = rich::fitting(&reader.text, reader.spans);
    (reader.text, spans)
}

struct Reader<'a> {
    names: &'a Names,
    text: String,
    /// The length of `text` in UTF-16 units.
    units: u32,
    spans: Vec<Span>,
}

impl Reader<'_> {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.units += u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX / 2);
    }

    fn dressed(&mut self, style: Style, write: impl FnOnce(&mut Self)) {
        let from = self.units;
        write(self);
        self.spans.push(Span { from, to: self.units, style });
    }

    /// Reads whole lines: quotes and headings begin where a line does.
    fn lines(&mut self, source: &str, depth: u8) {
        let mut at = 0;
        let mut begins = true;
        while at < source.len() {
            if begins && let Some(length) = self.block(&source[at..], depth) {
                at += length;
            } else {
                at += self.step(source, at, depth);
            }
            begins = at > 0 && source.as_bytes()[at - 1] == b'\n';
        }
    }

    /// Reads what stands within a line, or within another dress.
    fn inline(&mut self, source: &str, depth: u8) {
        let mut at = 0;
        while at < source.len() {
            at += self.step(source, at, depth);
        }
    }

    /// Reads the next sign or dress and says how long it is in the source.
    fn step(&mut self, source: &str, at: usize, depth: u8) -> usize {
        let rest = &source[at..];
        let before = source[..at].chars().next_back();
        if let Some(length) = self.token(rest, before, depth) {
            return length;
        }
        let length = rest.chars().next().map_or(1, char::len_utf8);
        self.push(&rest[..length]);
        length
    }

    /// A quote, a heading or small print, without the line's end.
    fn block(&mut self, source: &str, depth: u8) -> Option<usize> {
        if depth >= DEEPEST {
            return None;
        }
        if let Some(rest) = source.strip_prefix(">>> ").filter(|rest| !rest.is_empty()) {
            self.dressed(Style::Quote, |reader| reader.inline(rest, depth + 1));
            return Some(source.len());
        }
        if source.starts_with("> ") {
            let mut length = 0;
            let mut quoted = Vec::new();
            for line in source.split('\n') {
                let Some(words) = line.strip_prefix("> ") else { break };
                length += line.len() + 1;
                quoted.push(words);
            }
            let quoted = quoted.join("\n");
            self.dressed(Style::Quote, |reader| reader.inline(&quoted, depth + 1));
            return Some(length - 1);
        }
        let line = source.split('\n').next().unwrap_or_default();
        for mark in ["# ", "## ", "### "] {
            if let Some(words) = line.strip_prefix(mark).filter(|words| !words.trim().is_empty()) {
                self.dressed(Style::Bold, |reader| reader.inline(words.trim_start(), depth + 1));
                return Some(line.len());
            }
        }
        let words = line.strip_prefix("-# ").filter(|words| !words.trim().is_empty())?;
        self.inline(words, depth + 1);
        Some(line.len())
    }

    fn token(&mut self, rest: &str, before: Option<char>, depth: u8) -> Option<usize> {
        match rest.as_bytes().first()? {
            b'\\' => {
                let escaped = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
                self.push(&rest[1..=escaped.len_utf8()]);
                Some(2)
            }
            b'`' => self.fence(rest).or_else(|| self.code(rest)),
            b'<' => {
                let tag = tag::read(rest, self.names)?;
                match tag.style {
                    Some(style) => self.dressed(style, |reader| reader.push(&tag.text)),
                    None => self.push(&tag.text),
                }
                Some(tag.length)
            }
            b'[' => self.link(rest, depth),
            b'*' | b'_' | b'~' | b'|' => self.emphasis(rest, before, depth),
            b'h' if !before.is_some_and(is_word) => {
                let length = address(rest);
                self.push(&rest[..length]);
                (length > 0).then_some(length)
            }
            _ if rest.starts_with(SHRUG) => {
                self.push(SHRUG);
                Some(SHRUG.len())
            }
            _ => None,
        }
    }

    fn fence(&mut self, rest: &str) -> Option<usize> {
        let inside = rest.strip_prefix("```")?;
        let end = inside.find("```")?;
        let inside = &inside[..end];
        let is_language = |line: &str| {
            !line.is_empty()
                && line
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-' | b'.' | b'#'))
        };
        let (language, code) = match inside.split_once('\n') {
            Some((line, code)) if is_language(line) && !code.trim_matches('\n').is_empty() => {
                (Some(line), code)
            }
            _ => (None, inside),
        };
        let code = code.trim_matches('\n');
        if code.is_empty() {
            return None;
        }
        let language = language.map(str::to_owned);
        self.dressed(Style::Pre { language }, |reader| reader.push(code));
        Some(end + 6)
    }

    fn code(&mut self, rest: &str) -> Option<usize> {
        let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
        let mut at = ticks;
        let end = loop {
            at += rest[at..].find('`')?;
            let run = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
            if run == ticks {
                break at;
            }
            at += run;
        };
        let mut code = &rest[ticks..end];
        // A space that only keeps a tick of the code from those around it is not shown.
        code = code.strip_prefix(' ').filter(|code| code.starts_with('`')).unwrap_or(code);
        code = code.strip_suffix(' ').filter(|code| code.ends_with('`')).unwrap_or(code);
        self.dressed(Style::Code, |reader| reader.push(code));
        Some(end + ticks)
    }

    /// `[words](address)`, with the address in angle brackets or not, and with a title or not.
    fn link(&mut self, rest: &str, depth: u8) -> Option<usize> {
        let closes = bracket(rest)?;
        let words = &rest[1..closes];
        let target = rest[closes + 1..].strip_prefix('(')?;
        let end = target.find([')', '\n'])?;
        let target = target[..end].split_once(' ').map_or(&target[..end], |(url, _)| url);
        let url = target.strip_prefix('<').and_then(|url| url.strip_suffix('>')).unwrap_or(target);
        let leads = (url.starts_with("https://") || url.starts_with("http://"))
            && rest[closes + 2 + end..].starts_with(')');
        if words.trim().is_empty() || !leads || depth >= DEEPEST {
            return None;
        }
        self.dressed(Style::Link { url: url.to_owned() }, |reader| reader.inline(words, depth + 1));
        Some(closes + 2 + end + 1)
    }

    fn emphasis(&mut self, rest: &str, before: Option<char>, depth: u8) -> Option<usize> {
        if depth >= DEEPEST {
            return None;
        }
        for (mark, style) in
            [("**", Style::Bold), ("__", Style::Underline), ("~~", Style::Strike), ("||", Style::Spoiler)]
        {
            if let Some(inside) = rest.strip_prefix(mark)
                && let Some(end) = double(inside, mark)
            {
                self.dressed(style, |reader| reader.inline(&inside[..end], depth + 1));
                return Some(end + 4);
            }
        }
        let mark = rest.chars().next().filter(|mark| matches!(mark, '*' | '_'))?;
        if mark == '_' && before.is_some_and(is_word) {
            return None;
        }
        let inside = &rest[1..];
        let end = single(inside, mark)?;
        self.dressed(Style::Italic, |reader| reader.inline(&inside[..end], depth + 1));
        Some(end + 2)
    }
}

/// Where the bracket that `source` begins with closes.
fn bracket(source: &str) -> Option<usize> {
    let mut open = 0_u32;
    let mut escaped = false;
    for (at, byte) in source.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => open += 1,
            b']' if open == 1 => return Some(at),
            b']' => open -= 1,
            b'\n' if source[at..].starts_with("\n\n") => return None,
            _ => {}
        }
    }
    None
}

/// Where a mark of two equal signs closes: not before a third one, so that `***x***` nests.
fn double(inside: &str, mark: &str) -> Option<usize> {
    let sign = mark.as_bytes()[0];
    let bytes = inside.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == sign && bytes[at + 1] == sign && at > 0 => {
                let third = sign != b'|' && sign != b'~' && bytes.get(at + 2) == Some(&sign);
                if !third {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a mark of one sign closes. A pair of them within is a mark of its own.
fn single(inside: &str, mark: char) -> Option<usize> {
    if inside.starts_with(char::is_whitespace) {
        return None;
    }
    let sign = mark as u8;
    let bytes = inside.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == sign && bytes.get(at + 1) == Some(&sign) => at += 1,
            byte if byte == sign => {
                let (inner, after) = (&inside[..at], inside[at + 1..].chars().next());
                let fits = match mark {
                    '_' => !after.is_some_and(is_word),
                    _ => !inner.ends_with(char::is_whitespace),
                };
                if fits && !inner.trim_matches(mark).is_empty() {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            users: vec![("80351110224678912".to_owned(), "Nelly".to_owned())],
            channels: vec![("41771983423143937".to_owned(), "returns".to_owned())],
        }
    }

    fn plain(source: &str) -> String {
        read(source, &names()).0
    }

    fn only(source: &str) -> (String, Style) {
        let (text, mut spans) = read(source, &names());
        assert_eq!(spans.len(), 1, "{source}: {spans:?}");
        let span = spans.remove(0);
        let units: Vec<u16> = text.encode_utf16().collect();
        (String::from_utf16(&units[span.from as usize..span.to as usize]).unwrap(), span.style)
    }

    #[test]
    fn each_mark_is_a_style() {
        let link = |url: &str| Style::Link { url: url.to_owned() };
        for (source, words, style) in [
            ("a **b c** d", "b c", Style::Bold),
            ("*b*", "b", Style::Italic),
            ("_b_", "b", Style::Italic),
            ("__b__", "b", Style::Underline),
            ("~~b~~", "b", Style::Strike),
            ("||b||", "b", Style::Spoiler),
            ("`b * c`", "b * c", Style::Code),
            ("`` ` ``", "`", Style::Code),
            ("```b```", "b", Style::Pre { language: None }),
            ("x ```rust\nfn a() {}\n``` y", "fn a() {}", Style::Pre { language: Some("rust".to_owned()) }),
            ("```two words\nb```", "two words\nb", Style::Pre { language: None }),
            ("[b](https://x.example/_a_)", "b", link("https://x.example/_a_")),
            ("[b](<https://x.example> \"t\")", "b", link("https://x.example")),
            ("# b", "b", Style::Bold),
            ("> b\n> c\nd", "b\nc", Style::Quote),
            ("a\n>>> b\nc", "b\nc", Style::Quote),
            ("😀 **b**", "b", Style::Bold),
            ("**a\\** b**", "a** b", Style::Bold),
        ] {
            assert_eq!(only(source), (words.to_owned(), style), "{source}");
        }
        assert_eq!(plain("-# small\nbig"), "small\nbig");
    }

    #[test]
    fn dresses_nest() {
        let (text, spans) = read("***a*** __**b** c__", &Names::default());
        assert_eq!(text, "a b c");
        let styles: Vec<_> = spans.iter().map(|span| (span.from, span.to, span.style.clone())).collect();
        assert!(
            styles.contains(&(0, 1, Style::Bold)) && styles.contains(&(0, 1, Style::Italic)),
            "{styles:?}"
        );
        assert!(styles.contains(&(2, 5, Style::Underline)) && styles.contains(&(2, 3, Style::Bold)));
    }

    #[test]
    fn what_does_not_close_or_is_escaped_is_text() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name",
            "a ** b",
            "```",
            "`a",
            "[a](javascript:alert)",
            "[a] (b)",
            "<@x> <#> <t:x> <b> a<b>c",
            "¯\\_(ツ)_/¯",
            "https://x.example/a_b_c_d and *",
            "**",
            "****",
            "#hash",
            ">no",
            "\0\r\n\u{200D}\u{202E}",
        ] {
            assert_eq!(read(text, &names()), (text.to_owned(), Vec::new()), "{text}");
        }
        assert_eq!(plain("\\*a\\* \\<@80351110224678912>"), "*a* <@80351110224678912>");
    }

    #[test]
    fn tags_are_made_readable() {
        assert_eq!(only("hi <@80351110224678912>!"), ("@Nelly".to_owned(), Style::Mention));
        assert_eq!(only("<@!1>"), ("@somebody".to_owned(), Style::Mention));
        assert_eq!(only("<@&1>"), ("@role".to_owned(), Style::Mention));
        assert_eq!(plain("<#41771983423143937> <#2> <id:guide>"), "#returns #channel #guide");
        assert_eq!(plain("<:ok_hand:1> <a:dance:2> </order status:3>"), ":ok_hand: :dance: /order status");
        assert_eq!(
            plain("<t:1618953630> <t:1618953630:d> <t:1618953630:T>"),
            "2021-04-20 21:20 UTC 2021-04-20 21:20:30 UTC"
        );
        assert_eq!(plain("<https://x.example/a_b_>"), "https://x.example/a_b_");
        assert_eq!(
            plain("<t:99999999999999999999> <t:9223372036854775807>"),
            "<t:99999999999999999999> <t:9223372036854775807>"
        );
    }

    #[test]
    fn hostile_markup_comes_to_an_end() {
        for sign in ["*", "**a", "_a", "[", "[a](", "`", "> ", "||", "<", "\\", "*_~~||"] {
            let source = sign.repeat(4000 / sign.len());
            assert!(read(&source, &Names::default()).0.len() <= source.len(), "{sign}");
        }
    }
}
