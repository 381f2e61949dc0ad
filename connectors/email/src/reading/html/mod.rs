//! HTML to text, on the tokenizer alone: no tree is built, so the work is linear in the markup.
//!
//! Lists, tables and pictures become what a reader would say of them. Quotes of mail programs become lines
//! that begin with `>`; see [`programs`] for the markup that they use.

mod attributes;
mod output;
mod programs;

use std::cell::RefCell;

use html5ever::{
    LocalName,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::RawKind,
    },
};

use self::{
    output::{Gap, Output},
    programs::Role,
};
use super::line::{Hint, Hints};

/// The most markup that is rendered, in bytes.
const MAX_MARKUP: usize = 2 * 1024 * 1024;
/// How many open elements a closing tag is compared with.
const MAX_LOOK_BACK: usize = 128;
/// The longest description of a picture that is shown, in bytes.
const MAX_DESCRIPTION: usize = 200;

/// Text with what its markup said about it.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// The text; quoted lines begin with `>`.
    pub(super) text: String,
    /// What the markup says about some lines.
    pub(super) hints: Hints,
}

/// Renders markup as text.
pub(super) fn render(markup: &str) -> Rendered {
    let markup = markup.get(..markup.floor_char_boundary(MAX_MARKUP)).unwrap_or_default();
    let markup = attributes::bounded(markup);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&markup));
    let sink = Sink(RefCell::new(Page::default()));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

/// Whether markup holds what mail programs put around quotes: a cheap look.
pub(super) fn names_quotes(markup: &str) -> bool {
    const NAMES: &[&str] = &[
        "gmail_quote",
        "divRplyFwdMsg",
        "yahoo_quoted",
        "type=\"cite\"",
        "type=cite",
        "protonmail_quote",
        "appendonsend",
        "OLK_SRC_BODY_SECTION",
    ];
    NAMES.iter().any(|name| markup.contains(name))
}

/// Plain text as markup that renders the same.
pub(super) fn escape(text: &str) -> String {
    format!("<pre>{}</pre>", text.replace('&', "&amp;").replace('<', "&lt;"))
}

struct Sink(RefCell<Page>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                page.open(&tag);
                return match &*tag.name {
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                        TokenSinkResult::RawData(RawKind::Rawtext)
                    }
                    "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) => page.close(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// What an open element changes until it closes.
struct Open {
    name: LocalName,
    quotes: bool,
    hides: bool,
    preformats: bool,
    /// The hint, and the line where it began.
    hint: Option<(Hint, usize)>,
    /// How its end parts the text.
    gap: Gap,
}

#[derive(Default)]
struct Page {
    out: Output,
    open: Vec<Open>,
    hidden: usize,
    preformatted: usize,
    lists: Vec<Option<usize>>,
    cells: usize,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        if self.preformatted > 0 {
            self.out.preformatted(text);
        } else {
            self.out.flowing(text);
        }
    }

    fn open(&mut self, tag: &Tag) {
        let name = &*tag.name;
        match name {
            "br" if self.hidden == 0 => self.out.line_break(),
            "hr" if self.hidden == 0 => self.out.rule(),
            "img" if self.hidden == 0 => self.picture(tag),
            "br" | "hr" | "img" | "meta" | "link" | "input" | "base" | "col" | "area" | "wbr" | "source" => {}
            // Implied ends.
            "p" | "li" | "td" | "th" | "tr" | "option" | "dd" | "dt" => {
                self.close_implied(name);
                self.element(tag);
            }
            _ if tag.self_closing && name.contains(':') => {}
            _ => self.element(tag),
        }
    }

    fn element(&mut self, tag: &Tag) {
        let name = &*tag.name;
        let role = programs::role(tag);
        let gap = gap(name, tag);
        let hides = role == Role::Hidden
            || matches!(
                name,
                "script"
                    | "style"
                    | "title"
                    | "head"
                    | "template"
                    | "iframe"
                    | "noframes"
                    | "object"
                    | "select"
            );
        let hides = hides && name != "head";
        if matches!(name, "html" | "body") {
            return;
        }
        if self.hidden == 0 {
            self.out.gap(gap);
        }
        let mut open = Open {
            name: name.into(),
            quotes: false,
            hides,
            preformats: matches!(name, "pre" | "xmp"),
            hint: None,
            gap,
        };
        match role {
            Role::Quote => {
                open.quotes = true;
                self.out.quote(1);
            }
            Role::Cut => self.out.hint_next(Hint::Cut),
            Role::Attribution => open.hint = Some((Hint::Attribution, self.out.next_line())),
            Role::Signature => open.hint = Some((Hint::Signature, self.out.next_line())),
            Role::None | Role::Hidden => {}
        }
        self.hidden += usize::from(hides);
        self.preformatted += usize::from(open.preformats);
        if self.hidden == 0 {
            match name {
                "ul" => self.lists.push(None),
                "ol" => self.lists.push(Some(0)),
                "li" => self.item(),
                "tr" => self.cells = 0,
                "td" | "th" => {
                    if self.cells > 0 {
                        self.out.cell();
                    }
                    self.cells += 1;
                }
                _ => {}
            }
        }
        self.open.push(open);
    }

    fn item(&mut self) {
        let depth = self.lists.len().min(8);
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                let number = *number;
                self.out.marker(depth, &format!("{number}. "));
            }
            _ => self.out.marker(depth, "- "),
        }
    }

    fn picture(&mut self, tag: &Tag) {
        let value = |name| tag.attrs.iter().find(|one| &*one.name.local == name).map(|one| one.value.trim());
        let is_tracker = |name| value(name).is_some_and(|size| matches!(size, "0" | "1" | "1px" | "0px"));
        let description = value("alt").unwrap_or_default();
        if description.is_empty()
            || description.len() > MAX_DESCRIPTION
            || is_tracker("width")
            || is_tracker("height")
        {
            return;
        }
        if description.chars().any(char::is_alphanumeric) {
            self.out.flowing(&format!("[{description}]"));
        } else {
            // An emoji that a program shows as a picture.
            self.out.flowing(description);
        }
    }

    /// A new paragraph, item or cell ends the one that is open.
    fn close_implied(&mut self, name: &str) {
        let ends: &[&str] = match name {
            "td" | "th" => &["td", "th", "p"],
            "tr" => &["tr", "td", "th", "p"],
            "dd" | "dt" => &["dd", "dt", "p"],
            "p" => &["p"],
            "li" => &["li", "p"],
            _ => return,
        };
        while self.open.last().is_some_and(|open| ends.contains(&&*open.name)) {
            self.pop();
        }
    }

    fn close(&mut self, tag: &LocalName) {
        let name = &**tag;
        match name {
            "br" | "p" if !self.open.iter().rev().take(MAX_LOOK_BACK).any(|open| open.name == *tag) => {
                return self.out.line_break();
            }
            "ul" | "ol" => {
                self.lists.pop();
            }
            _ => {}
        }
        let found = self.open.iter().rev().take(MAX_LOOK_BACK).position(|open| open.name == *tag);
        // The end of a phrase closes no block that was left open within it.
        let Some(found) = found else { return };
        for _ in 0..=found {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.hidden -= usize::from(open.hides);
        self.preformatted -= usize::from(open.preformats);
        if let Some((hint, from)) = open.hint {
            self.out.hint_since(hint, from);
        }
        if self.hidden == 0 {
            self.out.gap(open.gap);
        }
        if open.quotes {
            self.out.quote(-1);
        }
    }

    fn finish(mut self) -> Rendered {
        while !self.open.is_empty() {
            self.pop();
        }
        self.out.finish()
    }
}

/// How an element parts the text before and after it.
fn gap(name: &str, tag: &Tag) -> Gap {
    match name {
        // Word writes every line as a paragraph without a margin.
        "p" if programs::has_no_margin(tag) => Gap::Line,
        "p" | "blockquote" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "xmp" | "dl" => Gap::Paragraph,
        "div" | "li" | "ul" | "ol" | "table" | "tr" | "section" | "article" | "header" | "footer"
        | "center" | "address" | "dd" | "dt" | "fieldset" | "form" | "figure" | "figcaption" | "main"
        | "nav" | "aside" | "caption" | "option" | "details" | "summary" => Gap::Line,
        _ => Gap::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(markup: &str) -> String {
        render(markup).text
    }

    #[test]
    fn blocks_lists_and_tables_become_lines() {
        assert_eq!(text("<p>a<p>b<br>c"), "a\n\nb\nc");
        assert_eq!(text("<div>a</div><div><br></div><div>b</div>"), "a\n\nb");
        assert_eq!(text("x<ul><li>a<li>b</ul><ol><li>c</li></ol>"), "x\n- a\n- b\n1. c");
        assert_eq!(text("<table><tr><td>a<td>b</tr><tr><td>c</td></tr></table>d"), "a\tb\nc\nd");
        assert_eq!(text("<pre>a\n  b</pre>"), "a\n  b");
    }

    #[test]
    fn what_is_not_displayed_is_left_out() {
        assert_eq!(text("<title>t</title><style>p{}</style><script>x<b</script>a"), "a");
        assert_eq!(text("<div style='display:none'>x<div>y</div></div>a<span hidden>z</span>"), "a");
        assert_eq!(
            text("a&nbsp;&lt;b&gt;<img alt='A cat'><img alt='🎉'><img alt=x width=1>"),
            "a\u{a0}<b>[A cat]🎉"
        );
    }

    #[test]
    fn quotes_of_programs_are_marked_and_those_of_writers_are_not() {
        assert_eq!(
            text("a<blockquote type=cite>b<blockquote type=cite>c</blockquote></blockquote>d"),
            "a\n\n> b\n>\n> > c\n\nd"
        );
        assert_eq!(text("<p>a</p><blockquote>b</blockquote>c"), "a\n\nb\n\nc");
    }
}
