//! Lines of the displayed text: what a line says, how deep it is quoted, what the markup said about it.

use super::header_block::{self, Field};

/// What the markup of a mail program says about lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Hint {
    /// Nothing.
    #[default]
    None,
    /// From here on all is quoted.
    Cut,
    /// It names the author of the quote that follows.
    Attribution,
    /// It belongs to a signature.
    Signature,
}

/// Hints for ranges of lines: first line, line behind the last, hint.
pub(super) type Hints = Vec<(usize, usize, Hint)>;

/// A line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// As it stands in the text.
    pub(super) raw: &'a str,
    /// Without quote marks, blanks and invisible marks at both ends.
    pub(super) text: &'a str,
    /// How deep it is quoted.
    pub(super) depth: u32,
    /// What the markup says.
    pub(super) hint: Hint,
    /// The field of a repeated header that it looks like.
    pub(super) field: Option<Field>,
}

impl Line<'_> {
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.depth > 0
    }
}

/// Parts a text into lines.
pub(super) fn split<'a>(text: &'a str, hints: &Hints) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::with_capacity(text.len() / 32 + 1);
    let mut open_bracket = false;
    for raw in text.lines() {
        let (depth, content) = unquote(raw);
        let mut line = Line { raw, text: trim(content), depth, hint: Hint::None, field: None };
        // "Name <address" and on the next line "> wrote:": the mark closes a bracket.
        if depth == 1 && open_bracket && line.text.len() <= 40 && line.text.ends_with([':', '：']) {
            line.depth = 0;
            line.text = trim(raw);
        }
        if line.depth == 0 {
            open_bracket = match (line.text.rfind('<'), line.text.rfind('>')) {
                (Some(open), Some(close)) => open > close,
                (Some(_), None) => true,
                (None, _) => open_bracket && line.is_blank(),
            };
        }
        line.field = header_block::field(line.text);
        lines.push(line);
    }
    for &(from, to, hint) in hints {
        let to = to.min(lines.len());
        for line in lines.get_mut(from.min(to)..to).unwrap_or_default() {
            line.hint = hint;
        }
    }
    lines
}

/// Blanks, and marks that show nothing (direction, joiners, byte order).
pub(super) fn trim(text: &str) -> &str {
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Whether a letter shows nothing.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' | '\u{34f}')
}

/// Counts quote marks: `>`, its wide form, and the initials that some programs put before them.
fn unquote(raw: &str) -> (u32, &str) {
    let mut depth = 0;
    let mut rest = raw;
    loop {
        let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let inner = rest.trim_start_matches(|c: char| c == ' ' || c == '\t' || is_invisible(c));
        if indent > 3 && depth == 0 {
            return (0, raw);
        }
        let Some(after) = inner.strip_prefix('>').or_else(|| inner.strip_prefix('＞')) else {
            if depth == 0
                && let Some(after) = after_initials(inner)
            {
                depth = 1;
                rest = after;
                continue;
            }
            return (depth, rest);
        };
        // An arrow or a comparison in a sentence of its own is no mark.
        let is_compared = after.strip_prefix('=').is_some_and(|rest| !rest.starts_with('='));
        if depth == 0 && (is_compared || inner.starts_with(">:(")) {
            return (0, raw);
        }
        depth += 1;
        rest = after;
    }
}

/// "HL> text", as The Bat! quotes.
fn after_initials(text: &str) -> Option<&str> {
    let letters = text.bytes().take(4).take_while(u8::is_ascii_uppercase).count();
    let after = text.get(letters..)?.strip_prefix('>')?;
    ((1..=3).contains(&letters) && (after.is_empty() || after.starts_with([' ', '>']))).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(raw: &str) -> (u32, &str) {
        let (depth, text) = unquote(raw);
        (depth, trim(text))
    }

    #[test]
    fn quote_marks_are_counted() {
        assert_eq!(depth("> > a"), (2, "a"));
        assert_eq!(depth(">>a"), (2, "a"));
        assert_eq!(depth("HL>  a"), (1, "a"));
        assert_eq!(depth("＞ はい"), (1, "はい"));
        assert_eq!(depth("    > shell"), (0, "> shell"));
        assert_eq!(depth("    sqlite> x"), (0, "sqlite> x"));
        assert_eq!(depth("-> a"), (0, "-> a"));
    }

    #[test]
    fn a_mark_that_closes_a_bracket_quotes_nothing() {
        let lines = split("On Monday X <x@y.example\n> wrote:\n> hello", &Vec::new());
        assert_eq!(lines.iter().map(|line| line.depth).collect::<Vec<_>>(), [0, 0, 1]);
    }
}
