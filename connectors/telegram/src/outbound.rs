//! How a message becomes the parts that Telegram carries.

mod sending;

use std::time::Duration;

use rapport_sdk::model::{
    capability::{Capabilities, OptOutReply, TextUnit},
    outbound::{OutboundMessage, Part, PlanError},
    text,
};

pub use sending::{Learned, Sender};

use crate::cut::{cut, units};

/// The longest text of one part (<https://core.telegram.org/bots/api#sendmessage>).
const LONGEST_PART: u32 = 4096;
/// The longest text beside a file (<https://core.telegram.org/bots/api#senddocument>).
const LONGEST_CAPTION: u32 = 1024;
/// The longest text of a whole message.
const LONGEST_TEXT: u32 = 8 * LONGEST_PART;
/// The longest file that a bot may send.
const MOST_BYTES: u64 = 50 * 1024 * 1024;

/// What Telegram carries. `longest_send` is how long a part may take at most.
pub fn capabilities(longest_send: Duration) -> Capabilities {
    Capabilities {
        longest_text: LONGEST_TEXT,
        text_unit: TextUnit::Utf16,
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
        // There is no key: what may have been sent is for a person to decide.
        idempotent_send: None,
        longest_send,
        // A bot can't write to somebody who never wrote to it.
        may_start: false,
        reply_window: None,
        history: false,
        groups: true,
        ack_interval: None,
        opt_out_reply: OptOutReply::None,
    }
}

/// Splits a message: a part for each file, the text beside the first of them as far as it fits there, the
/// rest of it right behind.
pub fn plan(message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
    let length = units(&message.text);
    if length > LONGEST_TEXT {
        return Err(PlanError::TooLong { length: length as usize, limit: LONGEST_TEXT as usize });
    }
    for file in &message.attachments {
        if file.size > MOST_BYTES {
            return Err(PlanError::Attachment {
                name: file.name.clone(),
                reason: format!("it has {} bytes of {MOST_BYTES}", file.size),
            });
        }
    }
    let first = if message.attachments.is_empty() { LONGEST_PART } else { LONGEST_CAPTION };
    let words = if text::is_blank(&message.text) { "" } else { &message.text };
    let mut parts: Vec<Part> = cut(words, &message.spans, first, LONGEST_PART)
        .into_iter()
        .map(|piece| Part { text: piece.text.to_owned(), spans: piece.spans, attachments: Vec::new() })
        .collect();
    let mut files = message.attachments.iter().map(|file| vec![file.id.clone()]);
    if let Some(part) = parts.first_mut() {
        part.attachments = files.next().unwrap_or_default();
    }
    parts.extend(files.map(|attachments| Part { attachments, ..Part::default() }));
    if parts.is_empty() { Err(PlanError::Empty) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use rapport_sdk::model::{
        id::AttachmentId,
        outbound::OutboundAttachment,
        rich::{Span, Style},
    };

    use super::*;

    fn message(text: &str, files: &[u64]) -> OutboundMessage {
        let file = |&size: &u64| OutboundAttachment {
            id: AttachmentId::new(),
            name: "file".to_owned(),
            content_type: "image/png".to_owned(),
            size,
        };
        OutboundMessage {
            text: text.to_owned(),
            attachments: files.iter().map(file).collect(),
            ..OutboundMessage::default()
        }
    }

    #[test]
    fn a_short_text_is_one_part_as_it_was_written() {
        let mut short = message(" hi\r\nthere ", &[]);
        short.spans = vec![Span { from: 1, to: 3, style: Style::Bold }];
        let parts = plan(&short).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!((&*parts[0].text, &parts[0].spans), (" hi\r\nthere ", &short.spans));
    }

    #[test]
    fn a_long_text_becomes_parts_of_at_most_4096_units_that_hold_all_of_it() {
        let text = "wörd 😀 ".repeat(1500);
        let parts = plan(&message(&text, &[])).unwrap();
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| units(&part.text) <= 4096));
        assert_eq!(parts.iter().map(|part| &*part.text).collect::<String>(), text);
    }

    #[test]
    fn a_long_caption_goes_on_as_a_text_before_the_next_file() {
        let text = "word ".repeat(1000);
        let long = message(&text, &[1, 2]);
        let parts = plan(&long).unwrap();
        let files: Vec<_> = parts.iter().map(|part| part.attachments.clone()).collect();
        let [first, second] = [0, 1].map(|n| vec![long.attachments[n].id.clone()]);
        assert_eq!(files, [first, vec![], second]);
        assert!(units(&parts[0].text) <= 1024 && units(&parts[1].text) <= 4096);
        assert_eq!(format!("{}{}", parts[0].text, parts[1].text), text);
        assert_eq!(parts[2].text, "");
    }

    #[test]
    fn files_alone_are_parts_and_nothing_is_none() {
        assert_eq!(plan(&message("\u{200b} ", &[1, 2])).unwrap().len(), 2);
        assert_eq!(plan(&message(" \u{200b}\n", &[])), Err(PlanError::Empty));
    }

    #[test]
    fn what_is_too_long_is_refused_before_anything_is_stored() {
        let too_long = plan(&message(&"x".repeat(32_769), &[]));
        assert_eq!(too_long, Err(PlanError::TooLong { length: 32_769, limit: 32_768 }));
        let too_large = plan(&message("", &[50 * 1024 * 1024 + 1]));
        assert!(matches!(too_large, Err(PlanError::Attachment { .. })), "{too_large:?}");
    }
}
