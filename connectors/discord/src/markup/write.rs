//! From text and spans to markup.
//!
//! What an associate typed is shown as it was typed: signs that Discord would read are escaped, but for
//! those within a web address, which a backslash would break.

use rapport_sdk::model::rich::{Span, Style};

use super::address;

/// The markup that shows `text`, dressed by `spans`.
pub fn write(text: &str, spans: &[Span]) -> String {
    let mut writer = Writer { out: String::new(), quotes: false, ended: false, open: Vec::new() };
    let signs: Vec<(u32, usize, char)> = text
        .char_indices()
        .scan(0_u32, |units, (at, c)| {
            let place = *units;
            *units += u32::try_from(c.len_utf16()).unwrap_or(1);
            Some((place, at, c))
        })
        .collect();
    let spans = tidied(&signs, spans);
    let mut raw_until = 0;
    let mut next = 0;
    while let Some(&(place, at, c)) = signs.get(next) {
        writer.close(place);
        for span in spans.iter().filter(|span| span.from == place) {
            writer.open(span);
        }
        if let Some(solid) = spans.iter().find(|span| span.from == place && is_solid(&span.style)) {
            let length = signs[next..].iter().take_while(|(place, ..)| *place < solid.to).count();
            let end = signs.get(next + length).map_or(text.len(), |(_, at, _)| *at);
            writer.solid(&solid.style, &text[at..end]);
            next += length;
            continue;
        }
        if at >= raw_until {
            let border =
                spans.iter().flat_map(|span| [span.from, span.to]).filter(|edge| *edge > place).min();
            let room = border.and_then(|border| signs.iter().find(|(place, ..)| *place >= border));
            raw_until = at + address(&text[at..room.map_or(text.len(), |(_, at, _)| *at)]);
        }
        if at < raw_until || !needs_escape(text, at, c) {
            writer.sign(c);
        } else {
            writer.sign('\\');
            writer.sign(c);
        }
        next += 1;
    }
    writer.close(u32::MAX);
    writer.out
}

/// Nothing within it is read as markup, so nothing is opened within it.
fn is_solid(style: &Style) -> bool {
    matches!(style, Style::Code | Style::Pre { .. })
}

/// The spans that can be written: at the borders of words, whole around what is solid.
fn tidied(signs: &[(u32, usize, char)], spans: &[Span]) -> Vec<Span> {
    let solid: Vec<&Span> = spans.iter().filter(|span| is_solid(&span.style)).collect();
    let is_space = |place: u32| signs.iter().any(|(at, _, c)| *at == place && c.is_whitespace());
    let mut tidied = Vec::new();
    for span in spans {
        let (mut from, mut to) = (span.from, span.to);
        if !is_solid(&span.style) {
            while from < to && is_space(from) {
                from += 1;
            }
            while from < to && is_space(to - 1) {
                to -= 1;
            }
        }
        for other in solid.iter().filter(|other| **other != span) {
            if from > other.from && from < other.to {
                from = if is_solid(&span.style) { other.to } else { other.from };
            }
            if to > other.from && to < other.to {
                to = other.to;
            }
        }
        if from < to {
            tidied.push(Span { from, to, style: span.style.clone() });
        }
    }
    tidied.sort_by_key(|span| (span.from, std::cmp::Reverse(span.to)));
    tidied
}

struct Writer {
    out: String,
    /// Whether each line begins as a quote.
    quotes: bool,
    /// Whether a quote has just ended: what follows begins a line.
    ended: bool,
    /// What is open, and until where.
    open: Vec<(u32, Style)>,
}

impl Writer {
    fn sign(&mut self, c: char) {
        if std::mem::take(&mut self.ended) && c != '\n' {
            self.out.push('\n');
        }
        if self.quotes && (self.out.is_empty() || self.out.ends_with('\n')) {
            self.out.push_str("> ");
        }
        self.out.push(c);
    }

    fn words(&mut self, text: &str) {
        text.chars().for_each(|c| self.sign(c));
    }

    fn open(&mut self, span: &Span) {
        match &span.style {
            Style::Quote => {
                self.ended = false;
                if !self.out.is_empty() && !self.out.ends_with('\n') {
                    self.out.push('\n');
                }
                self.quotes = true;
            }
            Style::Link { .. } => self.words("["),
            style => self.words(mark(style)),
        }
        if !is_solid(&span.style) {
            self.open.push((span.to, span.style.clone()));
        }
    }

    /// Closes what ends at or before `place`, and what stands within it for so long.
    fn close(&mut self, place: u32) {
        let Some(first) = self.open.iter().position(|(to, _)| *to <= place) else { return };
        let mut again = Vec::new();
        for (to, style) in self.open.split_off(first).into_iter().rev() {
            match &style {
                Style::Quote if to <= place => {
                    self.quotes = false;
                    self.ended = true;
                }
                Style::Quote => {}
                Style::Link { url } => self.words(&format!("]({})", target(url))),
                style => self.words(mark(style)),
            }
            if to > place {
                again.push((to, style));
            }
        }
        for (to, style) in again.into_iter().rev() {
            if matches!(style, Style::Quote) {
                self.open.push((to, style));
            } else {
                self.open(&Span { from: place, to, style });
            }
        }
    }

    fn solid(&mut self, style: &Style, code: &str) {
        if let Style::Pre { language } = style {
            let language = language.as_deref().unwrap_or_default();
            let known = language.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-.#".contains(&b));
            // A fence within would close it: an invisible sign keeps its ticks apart.
            let code = code.replace("```", "``\u{200B}`");
            self.words(&format!("```{}\n{code}\n```", if known { language } else { "" }));
            return;
        }
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let ticks = "`".repeat(longest + 1);
        let before = if code.starts_with('`') { " " } else { "" };
        let after = if code.ends_with('`') { " " } else { "" };
        self.words(&format!("{ticks}{before}{code}{after}{ticks}"));
    }
}

fn mark(style: &Style) -> &'static str {
    match style {
        Style::Bold => "**",
        Style::Italic => "*",
        Style::Underline => "__",
        Style::Strike => "~~",
        Style::Spoiler => "||",
        _ => "",
    }
}

/// An address that closes with its bracket and not before.
fn target(url: &str) -> String {
    url.chars().fold(String::new(), |mut target, c| {
        match c {
            ')' => target.push_str("%29"),
            '(' => target.push_str("%28"),
            '<' => target.push_str("%3C"),
            '>' => target.push_str("%3E"),
            c if c.is_whitespace() => target.push_str("%20"),
            c => target.push(c),
        }
        target
    })
}

/// Whether Discord would take the sign at `at` for markup.
fn needs_escape(text: &str, at: usize, c: char) -> bool {
    let rest = &text[at + c.len_utf8()..];
    let next = rest.chars().next();
    let line = &text[..at][text[..at].rfind('\n').map_or(0, |end| end + 1)..];
    match c {
        '\\' | '*' | '_' | '`' | '~' | '|' | '[' => true,
        '<' => next.is_some_and(|next| !next.is_whitespace()),
        '>' | '#' => line.is_empty() || line == "-",
        '-' => line.trim().is_empty() && next.is_some_and(|next| next == ' ' || next == '#'),
        '.' => {
            next == Some(' ') && !line.trim().is_empty() && line.trim().bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Names, read},
        *,
    };

    fn span(from: u32, to: u32, style: Style) -> Span {
        Span { from, to, style }
    }

    #[test]
    fn what_an_associate_typed_shows_as_it_was_typed() {
        for text in [
            "**not bold** _x_ ~~y~~ ||z|| `code` \\ [a](https://x.example)",
            "> no quote\n# no heading\n-# no small print\n- no list\n12. no list\n>>> none",
            "<@123> <#1> <:x:1> <t:0> <https://x.example> a < b",
            "```\nfence\n```",
            "https://shop.example/a_b_c?d=*e* and_on_",
            "¯\\_(ツ)_/¯",
            "",
        ] {
            assert_eq!(read(&write(text, &[]), &Names::default()), (text.to_owned(), Vec::new()), "{text}");
        }
        let address = "see https://shop.example/a_b_c";
        assert_eq!(write(address, &[]), address);
    }

    #[test]
    fn every_dress_is_read_back() {
        let text = "bold slant under gone hidden code link\nquoted";
        let spans = vec![
            span(0, 4, Style::Bold),
            span(5, 10, Style::Italic),
            span(11, 16, Style::Underline),
            span(17, 21, Style::Strike),
            span(22, 28, Style::Spoiler),
            span(29, 33, Style::Code),
            span(34, 38, Style::Link { url: "https://shop.example/a%29".to_owned() }),
            span(39, 45, Style::Quote),
        ];
        assert_eq!(
            write(text, &spans),
            "**bold** *slant* __under__ ~~gone~~ ||hidden|| `code` [link](https://shop.example/a%29)\n> quoted"
        );
        assert_eq!(read(&write(text, &spans), &Names::default()), (text.to_owned(), spans));
    }

    #[test]
    fn a_fence_keeps_its_language_and_its_ticks() {
        let spans = [span(0, 12, Style::Pre { language: Some("rust".to_owned()) })];
        assert_eq!(write("let a = *b_;", &spans), "```rust\nlet a = *b_;\n```");
        assert_eq!(write("a```b", &[span(0, 5, Style::Pre { language: None })]), "```\na``\u{200B}`b\n```");
        assert_eq!(write("a`b", &[span(0, 3, Style::Code)]), "``a`b``");
        assert_eq!(write("`", &[span(0, 1, Style::Code)]), "`` ` ``");
    }

    #[test]
    fn dresses_that_cross_are_closed_and_opened_again() {
        let spans = [span(0, 4, Style::Bold), span(2, 6, Style::Italic)];
        assert_eq!(write("abcdef", &spans), "**ab*cd***ef".replace("***ef", "****ef*"));
        assert_eq!(write("a b", &[span(0, 2, Style::Bold)]), "**a** b");
        assert_eq!(
            write("x `y` z", &[span(3, 4, Style::Code), span(0, 7, Style::Bold)]),
            "**x \\``y`\\` z**"
        );
    }

    #[test]
    fn a_span_counts_in_utf_16() {
        assert_eq!(write("😀 hi", &[span(3, 5, Style::Bold)]), "😀 **hi**");
    }

    #[test]
    fn each_line_of_a_quote_is_one() {
        assert_eq!(write("say: a\nb then", &[span(5, 8, Style::Quote)]), "say: \n> a\n> b\n then");
    }
}
