//! The text that a reader sees: which parts of a mail are shown, and in which form.
//!
//! Of two forms of the same text the plain one is taken, unless it says nothing of its own.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{
    charset::{self, Trust},
    flowed, html,
    line::Hints,
};

/// How deep containers are followed.
const MAX_DEPTH: usize = 64;
/// The most text that is taken from all parts together, in bytes.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// The displayed text of a mail.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// As lines; quoted ones begin with `>`.
    pub(super) text: String,
    /// What the markup says about some of the lines.
    pub(super) hints: Hints,
    /// The markup as it came.
    pub(super) html: Option<String>,
    /// The parts whose text is displayed, by their index.
    pub(super) displayed: Vec<usize>,
}

/// What a branch of the mail displays.
#[derive(Default)]
struct Shown {
    plain: String,
    html: String,
    parts: Vec<usize>,
}

impl Body {
    /// The same mail by its markup, where that names quotes and the plain text does not show any.
    pub(super) fn by_markup(&self) -> Option<Self> {
        let markup = self.html.as_ref().filter(|markup| html::names_quotes(markup))?;
        let rendered = html::render(markup);
        Some(Self { text: rendered.text, hints: rendered.hints, ..Self::default() })
    }
}

/// Puts the displayed text together.
pub(super) fn read(message: &Message<'_>, problems: &mut Vec<String>) -> Body {
    let mut walk = Walk { message, damaged: false, undivided: false };
    let shown = walk.show(0, 0);
    if walk.damaged {
        problems.push("Some letters could not be read: the charset is unknown or wrong.".into());
    }
    if walk.undivided {
        problems.push("It does not say where its parts end: all of them are shown as text.".into());
    }
    let plain = tidy(&shown.plain);
    let html = Some(shown.html).filter(|html| !html.trim().is_empty());
    let mut body = Body { displayed: shown.parts, ..Body::default() };
    match &html {
        Some(markup) if !speaks_for_itself(&plain) => {
            let rendered = html::render(markup);
            if rendered.text.trim().is_empty() {
                body.text = plain;
            } else {
                body.text = rendered.text;
                body.hints = rendered.hints;
            }
        }
        _ => body.text = plain,
    }
    body.html = html;
    body
}

/// Whether the plain form is worth reading where there is another one.
fn speaks_for_itself(plain: &str) -> bool {
    let text = plain.trim();
    if text.is_empty() {
        return false;
    }
    if text.len() < 400 {
        let folded = text.to_lowercase();
        let points_elsewhere = folded.contains("html") && !folded.contains('>') && text.lines().count() <= 6;
        if points_elsewhere {
            return false;
        }
    }
    // Letters that a program could not put into its charset.
    let lost = text.bytes().filter(|&byte| byte == b'?').count();
    lost * 4 < text.chars().filter(|c| !c.is_whitespace()).count().max(8)
}

/// Line ends become LF; NUL, which no database takes, becomes the replacement character.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => out.push('\n'),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

struct Walk<'m> {
    message: &'m Message<'m>,
    damaged: bool,
    undivided: bool,
}

/// Whether it is said to have parts and names no boundary between them.
fn is_undivided(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("multipart"))
}

impl Walk<'_> {
    fn show(&mut self, index: usize, depth: usize) -> Shown {
        let Some(part) = self.message.parts.get(index).filter(|_| depth < MAX_DEPTH) else {
            return Shown::default();
        };
        match &part.body {
            PartType::Multipart(children) => {
                let is_alternative = part.content_type().is_some_and(|kind| {
                    kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("alternative"))
                });
                self.show_children(children, is_alternative, depth)
            }
            PartType::Text(text) if is_displayed(part, index) && is_plain(part) => {
                let text = self.text_of(part, text, false);
                let text = flowed::unflow(part, text);
                Shown { plain: text, html: String::new(), parts: vec![index] }
            }
            PartType::Html(text) if is_displayed(part, index) => {
                let html = self.text_of(part, text, true);
                Shown { plain: String::new(), html, parts: vec![index] }
            }
            PartType::Text(_) | PartType::Binary(_) | PartType::InlineBinary(_) if is_undivided(part) => {
                self.undivided = true;
                let (text, _) = charset::decode(part.contents(), None);
                Shown { plain: cut(&text).to_owned(), html: String::new(), parts: vec![index] }
            }
            _ => Shown::default(),
        }
    }

    fn show_children(&mut self, children: &[u32], is_alternative: bool, depth: usize) -> Shown {
        let mut all = Shown::default();
        let mut mixed_html = false;
        for &child in children {
            let shown = self.show(child as usize, depth + 1);
            all.parts.extend(shown.parts);
            let has_both = !shown.plain.trim().is_empty() && !shown.html.trim().is_empty();
            if is_alternative {
                // The first plain form, and the last of the rich ones (RFC 2046 section 5.1.4).
                if all.plain.trim().is_empty() {
                    all.plain = shown.plain;
                }
                if !shown.html.trim().is_empty() {
                    all.html = shown.html;
                }
                continue;
            }
            // Without a rich form of its own, plain text stands for itself among the markup, and the other
            // way round.
            mixed_html |= !shown.html.is_empty() && shown.plain.trim().is_empty();
            if !all.html.is_empty() && !shown.plain.trim().is_empty() && !has_both && shown.html.is_empty() {
                push_block(&mut all.html, &html::escape(&shown.plain));
            }
            push_block(&mut all.html, &shown.html);
            push_block(&mut all.plain, &shown.plain);
        }
        if mixed_html && !is_alternative && !all.plain.trim().is_empty() && has_markup_first(&all) {
            // Text that stands in the markup alone would be lost with the plain form.
            all.plain = String::new();
        }
        all
    }

    /// The text of a part, decoded again where the parser could not trust the label.
    fn text_of(&mut self, part: &MessagePart<'_>, parsed: &str, is_html: bool) -> String {
        let parsed_to_limit = cut(parsed);
        let label = part.content_type().and_then(|kind| kind.attribute("charset"));
        let is_sure = label.is_some_and(|label| !label.to_ascii_lowercase().ends_with("ascii"));
        if parsed_to_limit.is_ascii() || (is_sure && !parsed_to_limit.contains('\u{fffd}')) {
            return parsed_to_limit.to_owned();
        }
        let Some(bytes) = self.bytes_of(part) else { return parsed_to_limit.to_owned() };
        let label = match label {
            Some(label) if is_sure => Some(label.as_bytes()),
            _ if is_html => charset::of_html(&bytes),
            _ => None,
        };
        let (text, trust) = charset::decode(&bytes, label);
        self.damaged |= trust == Trust::Damaged;
        cut(&text).to_owned()
    }

    /// The bytes of a part, its transfer encoding removed.
    fn bytes_of(&self, part: &MessagePart<'_>) -> Option<Vec<u8>> {
        use mail_parser::{
            Encoding,
            decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
        };
        let raw = self.message.raw_message.get(part.offset_body as usize..part.offset_end as usize)?;
        match part.encoding {
            Encoding::None => Some(raw.to_vec()),
            Encoding::Base64 => base64_decode(raw),
            Encoding::QuotedPrintable => quoted_printable_decode(raw),
        }
    }
}

fn has_markup_first(shown: &Shown) -> bool {
    shown.html.len() > shown.plain.len()
}

fn push_block(all: &mut String, block: &str) {
    if !all.is_empty() && !block.is_empty() {
        all.push_str("\n\n");
    }
    all.push_str(block);
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text)
}

/// Whether the text of a part stands in the message itself and not in a file.
fn is_displayed(part: &MessagePart<'_>, index: usize) -> bool {
    let is_attached = part.content_disposition().is_some_and(mail_parser::ContentType::is_attachment);
    !is_attached && (index == 0 || part.attachment_name().is_none())
}

fn is_plain(part: &MessagePart<'_>) -> bool {
    part.content_type().is_none_or(|kind| {
        kind.ctype().eq_ignore_ascii_case("text")
            && kind.subtype().is_none_or(|subtype| {
                ["plain", "enriched", "markdown", "x-markdown"]
                    .iter()
                    .any(|name| subtype.eq_ignore_ascii_case(name))
            })
    }) || part.is_encoding_problem
}
