//! Writes foreign HTML anew, before anything parses it: known elements and attributes only, every value
//! quoted, every element closed within its parent, and none deeper than a bound.
//!
//! Not what makes a letter harmless: that is the sanitiser's, which comes after it and trusts none of
//! this. It bounds the work of what comes after, which grows with the square of what is never closed,
//! and is a second net of another make: it reads tags as text, where the sanitiser reads a tree.

use super::{ATTRIBUTES, ELEMENTS};

/// Longer HTML is not shown: browsers and readers have had enough long before.
pub(super) const LONGEST: usize = 2 * 1024 * 1024;
/// Nor is HTML of more elements.
const MOST_ELEMENTS: usize = 50_000;
/// What is nested deeper becomes flat. Browsers do the same at 512.
const DEEPEST: usize = 256;

/// Elements whose content is no markup: it goes with them.
const RAW_TEXT: [&str; 10] =
    ["iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"];
const VOID: [&str; 5] = ["br", "col", "hr", "img", "wbr"];
/// Their end is often left out, and the parser knows where it is.
const LOOSE: [&str; 4] = ["dd", "dt", "li", "p"];
const CELLS: [&str; 3] = ["caption", "td", "th"];
const TABLE_PARTS: [&str; 5] = ["colgroup", "tbody", "tfoot", "thead", "tr"];

/// Why HTML is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

/// The same page in few and plain words.
pub(super) fn tidy(html: &str) -> Result<String, TooMuch> {
    if html.len() > LONGEST {
        return Err(TooMuch);
    }
    let mut tidy = Tidy { rest: html, out: String::with_capacity(html.len()), open: Vec::new(), elements: 0 };
    while let Some(at) = tidy.rest.find('<') {
        let (text, rest) = tidy.rest.split_at(at);
        tidy.out.push_str(text);
        tidy.rest = &rest[1..];
        tidy.markup()?;
    }
    let rest = tidy.rest;
    tidy.out.push_str(rest);
    tidy.close_to(0);
    Ok(tidy.out)
}

struct Tidy<'a> {
    rest: &'a str,
    out: String,
    /// The elements that are open, the outermost first.
    open: Vec<&'static str>,
    elements: usize,
}

impl<'a> Tidy<'a> {
    /// Reads what follows a `<`.
    fn markup(&mut self) -> Result<(), TooMuch> {
        let mut next = self.rest.chars();
        match next.next() {
            Some('!') if self.rest.starts_with("!--") => self.skip_comment(),
            Some('!' | '?') => self.skip_past(">"),
            Some('/') => match next.next() {
                Some(c) if c.is_ascii_alphabetic() => {
                    self.rest = &self.rest[1..];
                    let name = self.name();
                    self.attributes();
                    self.end(&name);
                }
                _ => self.skip_past(">"),
            },
            Some(c) if c.is_ascii_alphabetic() => {
                let name = self.name();
                let attributes = self.attributes();
                if RAW_TEXT.contains(&name.as_str()) {
                    self.skip_raw_text(&name);
                } else {
                    self.start(&name, &attributes)?;
                }
            }
            _ => self.out.push_str("&lt;"),
        }
        Ok(())
    }

    fn start(&mut self, name: &str, attributes: &[(&'static str, &str)]) -> Result<(), TooMuch> {
        let (name, body) = if name == "body" { ("div", true) } else { (name, false) };
        let Some(&name) = ELEMENTS.iter().find(|known| **known == name) else { return Ok(()) };
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(TooMuch);
        }
        if CELLS.contains(&name) || TABLE_PARTS.contains(&name) || name == "col" {
            let Some(table) = self.open.iter().rposition(|open| *open == "table") else { return Ok(()) };
            self.close_to(table + 1);
        }
        let held = [&VOID[..], &LOOSE[..], &TABLE_PARTS[..]].concat().contains(&name);
        if !held {
            if self.open.len() >= DEEPEST {
                return Ok(());
            }
            self.open.push(name);
        }
        self.out.push('<');
        self.out.push_str(name);
        let styled = attributes.iter().any(|(attribute, _)| *attribute == "style");
        for (attribute, value) in attributes {
            // What a page says of itself as a whole, its box in the letter has to say in today's words.
            let painted = body && *attribute == "bgcolor" && !styled;
            self.out.push(' ');
            self.out.push_str(if painted { "style=\"background-color:" } else { attribute });
            self.out.push_str(if painted { "" } else { "=\"" });
            // Entities stay as they are: they are decoded once, by the parser.
            for c in value.chars() {
                match c {
                    '"' => self.out.push_str("&quot;"),
                    '<' => self.out.push_str("&lt;"),
                    '>' => self.out.push_str("&gt;"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
        }
        self.out.push('>');
        Ok(())
    }

    fn end(&mut self, name: &str) {
        let name = if name == "body" { "div" } else { name };
        if let Some(&loose) = LOOSE.iter().find(|loose| **loose == name) {
            self.write_end(loose);
        } else if let Some(&part) = TABLE_PARTS.iter().find(|part| **part == name) {
            if let Some(table) = self.open.iter().rposition(|open| *open == "table") {
                self.close_to(table + 1);
                self.write_end(part);
            }
        } else {
            // Nothing in a cell ends what is around its table.
            let inner = self.open.iter().rposition(|open| *open == name || is_wall(open));
            if let Some(at) = inner
                && self.open[at] == name
            {
                self.close_to(at);
            } else if name == "table"
                && let Some(table) = self.open.iter().rposition(|open| *open == "table")
            {
                self.close_to(table);
            }
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.write_end(name);
            }
        }
    }

    fn write_end(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn name(&mut self) -> String {
        let end = self.rest.find(|c: char| c.is_ascii_whitespace() || "/>".contains(c));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name.to_ascii_lowercase()
    }

    /// Reads the rest of a tag; gives what of its attributes is known, each once.
    fn attributes(&mut self) -> Vec<(&'static str, &'a str)> {
        let mut found: Vec<(&'static str, &'a str)> = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            let Some(first) = self.rest.chars().next() else { return found };
            if first == '>' {
                self.rest = &self.rest[1..];
                return found;
            }
            // A first `=` belongs to the name (HTML, 13.2.5.32).
            let begin = first.len_utf8();
            let end = self.rest[begin..].find(|c: char| c.is_ascii_whitespace() || "/>=".contains(c));
            let (name, rest) = self.rest.split_at(end.map_or(self.rest.len(), |end| begin + end));
            self.rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
            let value = match self.rest.strip_prefix('=') {
                Some(rest) => {
                    self.rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
                    self.value()
                }
                None => "",
            };
            let known = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(name));
            if let Some(&known) = known
                && found.iter().all(|(name, _)| *name != known)
            {
                found.push((known, value));
            }
        }
    }

    fn value(&mut self) -> &'a str {
        let quote = self.rest.chars().next().filter(|c| "\"'".contains(*c));
        let from = self.rest;
        if let Some(quote) = quote {
            let end = from[1..].find(quote);
            let value = &from[1..end.map_or(from.len(), |end| end + 1)];
            self.rest = end.map_or("", |end| &from[end + 2..]);
            return value;
        }
        let end = from.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(from.len());
        self.rest = &from[end..];
        &from[..end]
    }

    fn skip_past(&mut self, end: &str) {
        self.rest = self.rest.split_once(end).map_or("", |(_, rest)| rest);
    }

    fn skip_comment(&mut self) {
        let inside = &self.rest[3..];
        if let Some(rest) = inside.strip_prefix('>').or_else(|| inside.strip_prefix("->")) {
            self.rest = rest;
            return;
        }
        let ends = ["-->", "--!>"].into_iter().filter_map(|end| Some((inside.find(end)?, end.len())));
        self.rest = ends.min().map_or("", |(at, length)| &inside[at + length..]);
    }

    fn skip_raw_text(&mut self, name: &str) {
        while let Some((_, rest)) = self.rest.split_once("</") {
            self.rest = rest;
            let is_end = rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name))
                && rest[name.len()..].starts_with(|c: char| c.is_ascii_whitespace() || "/>".contains(c));
            if is_end {
                self.rest = &rest[name.len()..];
                self.attributes();
                return;
            }
        }
        self.rest = "";
    }
}

fn is_wall(name: &str) -> bool {
    name == "table" || CELLS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(html: &str) -> String {
        tidy(html).unwrap()
    }

    #[test]
    fn what_is_not_known_goes_and_its_words_stay() {
        assert_eq!(tidied("a<svg><g>b</g></svg><x-y>c</x-y>"), "abc");
        assert_eq!(
            tidied("<p onclick=x class='y' STYLE=\"color:red\" style=no>a"),
            "<p style=\"color:red\">a"
        );
        assert_eq!(tidied("a<script>b</scripty></script >c<style>d"), "ac");
        assert_eq!(tidied("a<!-- <b> -->b<!-->c<!--->d<![if x]>e<?x?>f<!doctype html>g"), "abcdefg");
        assert_eq!(tidied("1 < 2 <3 </ x>"), "1 &lt; 2 &lt;3 ");
        assert_eq!(tidied("<img src=x alt='\"><i>'>"), "<img src=\"x\" alt=\"&quot;&gt;&lt;i&gt;\">");
        assert_eq!(tidied("<body bgcolor=red>a</body>"), "<div style=\"background-color:red\">a</div>");
    }

    #[test]
    fn every_element_is_closed_within_its_parent() {
        assert_eq!(tidied("<b><i>a</b>b</i>"), "<b><i>a</i></b>b");
        assert_eq!(tidied("</div><div>a"), "<div>a</div>");
        assert_eq!(
            tidied("<div><table><tr><td><font>a</div><td>b</table>c"),
            "<div><table><tr><td><font>a</font></td><td>b</td></table>c</div>"
        );
        assert_eq!(tidied("<td>a</td><tr>"), "a");
    }

    #[test]
    fn what_is_nested_deeper_than_the_bound_becomes_flat() {
        for part in ["<div>", "<b><i>", "<table><tr><td>", "<div><table><td></div>", "<b><div></b>", "<a><p>"]
        {
            let out = tidied(&part.repeat(20_000 / part.matches('<').count()));
            let (mut depth, mut deepest) = (0_usize, 0);
            for tag in out.split('<').skip(1) {
                let name = tag.trim_start_matches('/').split('>').next().unwrap();
                if LOOSE.contains(&name) || TABLE_PARTS.contains(&name) {
                    continue;
                }
                depth = if tag.starts_with('/') { depth - 1 } else { depth + 1 };
                deepest = deepest.max(depth);
            }
            assert_eq!(depth, 0, "{part}");
            assert!(deepest <= DEEPEST, "{part}: {deepest}");
        }
    }

    #[test]
    fn what_is_too_long_or_has_too_many_elements_is_refused() {
        assert_eq!(tidy(&"a".repeat(LONGEST + 1)), Err(TooMuch));
        assert_eq!(tidy(&"<br>".repeat(MOST_ELEMENTS + 1)), Err(TooMuch));
        assert!(tidy(&"<br>".repeat(MOST_ELEMENTS)).is_ok());
    }

    #[test]
    fn whatever_is_cut_off_is_read_to_its_end() {
        let page = "<p style='color:red' title=a>é<!-- x --><a href=\"b\">c</a></p><style>d</style>";
        for end in (0..=page.len()).filter(|end| page.is_char_boundary(*end)) {
            tidied(&page[..end]);
        }
    }
}
