//! What Discord carries, and how a message becomes the parts that it does.

mod send;

use std::time::Duration;

use rapport_sdk::model::{
    capability::{Capabilities, OptOutReply, TextUnit},
    id::AttachmentId,
    outbound::{OutboundAttachment, OutboundMessage, Part, PlanError},
    rich::{self, Span, Style},
    text,
};

pub use send::send;

use crate::markup;

/// The longest text of one message, in characters of its markup. The provider's specification allows 4,000,
/// which is for paying users.
const LONGEST_PART: usize = 2000;
/// The longest text of a whole message, in characters: four parts, and more where markup needs room.
const LONGEST_TEXT: u32 = 8000;
/// The most bytes that the files of one message have together.
const MOST_BYTES: u64 = 10 * 1024 * 1024;
/// The most files of one message.
const MOST_FILES: usize = 10;
/// For how long the provider knows a nonce; it says "a few minutes".
const NONCE_LIVES: Duration = Duration::from_mins(2);
/// A longer address would leave no room for words: they stay, without it.
const LONGEST_ADDRESS: usize = 1000;

/// What Discord carries.
pub fn capabilities() -> Capabilities {
    Capabilities {
        longest_text: LONGEST_TEXT,
        text_unit: TextUnit::Chars,
        rich_text: true,
        attachment_limit: Some(MOST_BYTES),
        attached_bytes: true,
        letters: false,
        attachment_types: Vec::new(),
        quotes: true,
        edits: false,
        delivery_receipts: false,
        read_receipts: false,
        threads: true,
        idempotent_send: Some(NONCE_LIVES),
        longest_send: Duration::from_secs(90),
        may_start: false,
        reply_window: None,
        history: true,
        groups: true,
        ack_interval: None,
        opt_out_reply: OptOutReply::None,
    }
}

/// Splits a message: the text where words end, the files by number and size, both in their order.
pub fn plan(message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
    let length = message.text.chars().count();
    if length > LONGEST_TEXT as usize {
        return Err(PlanError::TooLong { length, limit: LONGEST_TEXT as usize });
    }
    let mut parts = cut(&message.text, &message.spans);
    for (index, files) in bundles(&message.attachments)?.into_iter().enumerate() {
        match parts.get_mut(index) {
            Some(part) => part.attachments = files,
            None => parts.push(Part { attachments: files, ..Part::default() }),
        }
    }
    if parts.is_empty() { Err(PlanError::Empty) } else { Ok(parts) }
}

/// The files that go together.
fn bundles(attachments: &[OutboundAttachment]) -> Result<Vec<Vec<AttachmentId>>, PlanError> {
    let mut bundles = Vec::new();
    let (mut bundle, mut bytes) = (Vec::new(), 0);
    for file in attachments {
        if file.size > MOST_BYTES {
            let reason = format!("it has {} bytes of {MOST_BYTES}", file.size);
            return Err(PlanError::Attachment { name: file.name.clone(), reason });
        }
        if bundle.len() == MOST_FILES || bytes + file.size > MOST_BYTES {
            bundles.push(std::mem::take(&mut bundle));
            bytes = 0;
        }
        bundle.push(file.id.clone());
        bytes += file.size;
    }
    if !bundle.is_empty() {
        bundles.push(bundle);
    }
    Ok(bundles)
}

/// Cuts a text so that the markup of each piece fits. A dress that is cut goes on in the next piece, so a
/// fence is closed and opened again.
fn cut(text: &str, spans: &[Span]) -> Vec<Part> {
    let spans = rich::fitting(text, spans.iter().filter(|span| has_room(&span.style)).cloned());
    let mut parts = Vec::new();
    let mut rest = Rest { text, spans };
    while !rest.text.trim().is_empty() {
        let (part, after) = rest.split();
        if !part.text.trim().is_empty() {
            parts.push(part);
        }
        rest = after;
    }
    parts
}

fn has_room(style: &Style) -> bool {
    !matches!(style, Style::Link { url } if url.chars().count() > LONGEST_ADDRESS)
}

/// What is left to cut.
struct Rest<'a> {
    text: &'a str,
    spans: Vec<Span>,
}

impl Rest<'_> {
    /// The longest piece that fits, and what is left behind it.
    fn split(self) -> (Part, Self) {
        if self.fits(self.text.len()) {
            let part = Part { text: self.text.to_owned(), spans: self.spans, attachments: Vec::new() };
            return (part, Rest { text: "", spans: Vec::new() });
        }
        let ends: Vec<usize> =
            self.text.char_indices().skip(1).take(LONGEST_PART).map(|(at, _)| at).collect();
        // Each piece has at least one sign, so this comes to an end whatever the dress costs.
        let fitting = ends.partition_point(|end| self.fits(*end)).max(1);
        let end = self.border(ends.get(fitting - 1).copied().unwrap_or(self.text.len()));
        let piece = self.text[..end].trim_end();
        let after = &self.text[end..];
        let begins = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
        // The lines of code keep their indentation.
        let after = begins.unwrap_or_else(|| after.trim_start());
        let from = units(self.text) - units(after);
        let part = Part {
            text: piece.to_owned(),
            spans: rich::within(&self.spans, 0, units(piece)),
            attachments: Vec::new(),
        };
        (part, Rest { text: after, spans: rich::within(&self.spans, from, units(self.text)) })
    }

    fn fits(&self, end: usize) -> bool {
        let piece = &self.text[..end];
        markup::write(piece, &rich::within(&self.spans, 0, units(piece))).chars().count() <= LONGEST_PART
    }

    /// The best place to cut at or before `end`: where a line ends, else a word, unless that would leave
    /// less than half; never within a name that is mentioned or the words of a link.
    fn border(&self, end: usize) -> usize {
        let piece = &self.text[..end];
        let next = self.text[end..].chars().next();
        let after_word =
            if next.is_some_and(char::is_whitespace) { Some(end) } else { piece.rfind(char::is_whitespace) };
        let after_line = if next == Some('\n') { Some(end) } else { piece.rfind('\n') };
        let whole = |at: &usize| {
            let at = units(&self.text[..*at]);
            let is_whole = |style: &Style| matches!(style, Style::Mention | Style::Link { .. });
            !self.spans.iter().any(|span| is_whole(&span.style) && span.from < at && at < span.to)
        };
        let far = |at: &usize| *at > end / 2;
        after_line
            .filter(far)
            .filter(whole)
            .or(after_word.filter(far).filter(whole))
            .or_else(|| self.before_name(end).filter(far))
            .or_else(|| self.between_characters(end).filter(far))
            .unwrap_or(end)
    }

    /// The last place at or before `end` that is within no character, however many signs that is built of.
    fn between_characters(&self, end: usize) -> Option<usize> {
        let before = self.text[..end].char_indices().rev();
        let after = self.text[end..].chars().next();
        before
            .scan(after.map(|after| (end, after)), |behind, (at, c)| {
                let (border, after) = behind.replace((at, c))?;
                Some((border, text::may_cut(c, after)))
            })
            .find_map(|(border, may_cut)| may_cut.then_some(border))
    }

    /// Where the name or link that `end` is within begins.
    fn before_name(&self, end: usize) -> Option<usize> {
        let at = units(&self.text[..end]);
        let span = self
            .spans
            .iter()
            .filter(|span| matches!(span.style, Style::Mention | Style::Link { .. }))
            .find(|span| span.from < at && at < span.to)?;
        self.text.char_indices().map(|(at, _)| at).find(|at| units(&self.text[..*at]) == span.from)
    }
}

/// The length of a text as spans count it.
fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, spans: Vec<Span>) -> OutboundMessage {
        OutboundMessage { text: text.to_owned(), spans, attachments: Vec::new() }
    }

    fn files(sizes: &[u64]) -> Vec<OutboundAttachment> {
        let file = |size: &u64| OutboundAttachment {
            id: AttachmentId::new(),
            name: "file".to_owned(),
            content_type: "image/png".to_owned(),
            size: *size,
        };
        sizes.iter().map(file).collect()
    }

    fn written(parts: &[Part]) -> Vec<String> {
        parts.iter().map(|part| markup::write(&part.text, &part.spans)).collect()
    }

    #[test]
    fn a_short_text_is_one_part_as_it_was_written() {
        let parts = plan(&message(" hi\r\nthere ", Vec::new())).unwrap();
        assert_eq!(parts, [Part { text: " hi\r\nthere ".to_owned(), ..Part::default() }]);
    }

    #[test]
    fn a_long_text_becomes_parts_of_at_most_2000_characters_that_hold_all_words() {
        let text = "wörd_😀 *x* ".repeat(700);
        let parts = plan(&message(&text, Vec::new())).unwrap();
        assert!(parts.len() > 4 && written(&parts).iter().all(|part| part.chars().count() <= 2000));
        let joined: Vec<_> = parts.iter().flat_map(|part| part.text.split_whitespace()).collect();
        assert_eq!(joined, text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_text_without_a_space_is_cut_between_characters() {
        let parts = plan(&message(&"😀".repeat(8000), Vec::new())).unwrap();
        assert!(parts.len() == 4 && parts.iter().all(|part| part.text.chars().count() == 2000));
    }

    #[test]
    fn a_character_of_several_signs_is_not_cut() {
        let family = "👩\u{200d}👩\u{200d}👧";
        let parts = plan(&message(&format!("{}{family}b", "a".repeat(1998)), Vec::new())).unwrap();
        assert_eq!(parts[0].text, "a".repeat(1998));
        assert_eq!(parts[1].text, format!("{family}b"));
        let parts = plan(&message(&family.repeat(800), Vec::new())).unwrap();
        assert!(parts.iter().all(|part| part.text.chars().count() == 2000 && part.text.starts_with('👩')));
        let endless = "\u{301}".repeat(2500);
        assert_eq!(plan(&message(&endless, Vec::new())).unwrap()[0].text.chars().count(), 2000);
    }

    #[test]
    fn a_fence_is_closed_and_opened_again_with_its_language() {
        let code = (0..300).map(|line| format!("    line {line};")).collect::<Vec<_>>().join("\n");
        let pre = Style::Pre { language: Some("rust".to_owned()) };
        let text = format!("see\n{code}\nbye");
        let spans = vec![Span { from: 4, to: 4 + u32::try_from(code.len()).unwrap(), style: pre }];
        let parts = written(&plan(&message(&text, spans)).unwrap());
        assert_eq!(parts.len(), 3);
        assert!(parts[0].starts_with("see\n```rust\n    line 0;") && parts[0].ends_with(";\n```"));
        assert!(parts[1].starts_with("```rust\n    line ") && parts[1].ends_with(";\n```"));
        assert!(parts[2].starts_with("```rust\n    line ") && parts[2].ends_with("line 299;\n```\nbye"));
    }

    #[test]
    fn neither_a_name_nor_a_link_is_cut() {
        for style in [Style::Mention, Style::Link { url: "https://shop.example/a".to_owned() }] {
            let text = format!("{} @Nelly of the shop and more", "a".repeat(1985));
            let parts =
                plan(&message(&text, vec![Span { from: 1986, to: 2004, style: style.clone() }])).unwrap();
            assert_eq!(parts[0].text, "a".repeat(1985), "{style:?}");
            assert_eq!(parts[1].spans, [Span { from: 0, to: 18, style }]);
        }
    }

    #[test]
    fn a_dress_that_costs_more_than_a_part_ends_all_the_same() {
        let url = format!("https://shop.example/{}", "a".repeat(2000));
        let parts =
            plan(&message("here", vec![Span { from: 0, to: 4, style: Style::Link { url } }])).unwrap();
        assert_eq!(written(&parts), ["here"]);
    }

    #[test]
    fn nothing_to_send_and_too_much_are_refused() {
        assert_eq!(plan(&message(" \n", Vec::new())), Err(PlanError::Empty));
        let long = "a".repeat(8001);
        assert_eq!(plan(&message(&long, Vec::new())), Err(PlanError::TooLong { length: 8001, limit: 8000 }));
        assert_eq!(plan(&message(&long[1..], Vec::new())).unwrap().len(), 4);
    }

    #[test]
    fn files_go_with_the_text_and_in_further_parts_where_one_is_full() {
        let count = |text: &str, sizes: &[u64]| {
            let message = OutboundMessage { attachments: files(sizes), ..message(text, Vec::new()) };
            plan(&message).map(|parts| parts.iter().map(|part| part.attachments.len()).collect::<Vec<_>>())
        };
        assert_eq!(count("see", &[1, 1]), Ok(vec![2]));
        assert_eq!(count("", &[1; 11]), Ok(vec![10, 1]));
        assert_eq!(count("see", &[6 << 20, 6 << 20]), Ok(vec![1, 1]));
        assert!(matches!(count("", &[11 << 20]), Err(PlanError::Attachment { name, .. }) if name == "file"));
    }
}
