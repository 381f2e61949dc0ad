//! How a message becomes the parts that an SMS provider carries.

use std::time::Duration;

use rapport_sdk::model::{
    capability::{Capabilities, OptOutReply, TextUnit},
    id::AttachmentId,
    outbound::{OutboundAttachment, OutboundMessage, Part, PlanError},
};

use crate::segments;

/// The longest text of one part, in UTF-16 units so that the provider counts no more than we do.
const LONGEST_PART: usize = 1600;
/// The longest text of a whole message, in the same units: four parts, or one more where word borders
/// leave room.
const LONGEST_TEXT: u32 = 6400;
/// The most bytes that the files of one part have together.
const MOST_BYTES: u64 = 5 * 1024 * 1024;
/// The most files of one part.
const MOST_FILES: usize = 10;
/// What phones take.
const TYPES: &[&str] = &[
    "image/*",
    "audio/*",
    "video/*",
    "text/vcard",
    "text/x-vcard",
    "text/calendar",
    "text/plain",
    "application/pdf",
];

/// What SMS and MMS carry.
pub fn capabilities() -> Capabilities {
    Capabilities {
        longest_text: LONGEST_TEXT,
        text_unit: TextUnit::SmsSegments,
        rich_text: false,
        attachment_limit: Some(MOST_BYTES),
        attached_bytes: false,
        letters: false,
        attachment_types: TYPES.iter().map(|&kind| kind.to_owned()).collect(),
        quotes: false,
        edits: false,
        delivery_receipts: true,
        read_receipts: false,
        threads: false,
        idempotent_send: None,
        longest_send: Duration::from_secs(25),
        may_start: true,
        reply_window: None,
        history: true,
        groups: false,
        ack_interval: None,
        opt_out_reply: OptOutReply::Provider,
    }
}

/// Splits a message: the text at word borders, the files by number and size, both in their order.
pub fn plan(message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
    let length = message.text.encode_utf16().count();
    if length > LONGEST_TEXT as usize {
        return Err(PlanError::TooLong { length, limit: LONGEST_TEXT as usize });
    }
    message.attachments.iter().try_for_each(carries)?;
    let texts =
        if message.text.trim().is_empty() { Vec::new() } else { segments::cut(&message.text, LONGEST_PART) };
    let files = grouped(&message.attachments);
    let count = texts.len().max(files.len());
    if count == 0 {
        return Err(PlanError::Empty);
    }
    let mut texts = texts.into_iter();
    let mut files = files.into_iter();
    Ok((0..count)
        .map(|_| Part {
            text: texts.next().unwrap_or_default().to_owned(),
            attachments: files.next().unwrap_or_default(),
            ..Part::default()
        })
        .collect())
}

fn carries(attachment: &OutboundAttachment) -> Result<(), PlanError> {
    let refuse = |reason: String| Err(PlanError::Attachment { name: attachment.name.clone(), reason });
    if attachment.size > MOST_BYTES {
        return refuse(format!("it has {} bytes of {MOST_BYTES}", attachment.size));
    }
    let kind = attachment.content_type.to_ascii_lowercase();
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(family) => kind.starts_with(family),
        None => kind.split(';').next().is_some_and(|kind| kind.trim() == pattern),
    };
    if TYPES.iter().any(|pattern| fits(pattern)) { Ok(()) } else { refuse(format!("phones take no {kind}")) }
}

fn grouped(attachments: &[OutboundAttachment]) -> Vec<Vec<AttachmentId>> {
    let mut groups: Vec<Vec<AttachmentId>> = Vec::new();
    let mut bytes = 0;
    for attachment in attachments {
        let fits = bytes + attachment.size <= MOST_BYTES;
        if let Some(group) = groups.last_mut().filter(|group| fits && group.len() < MOST_FILES) {
            group.push(attachment.id.clone());
            bytes += attachment.size;
        } else {
            groups.push(vec![attachment.id.clone()]);
            bytes = attachment.size;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, files: &[(&str, u64)]) -> OutboundMessage {
        OutboundMessage {
            text: text.to_owned(),
            attachments: files
                .iter()
                .map(|&(kind, size)| OutboundAttachment {
                    id: AttachmentId::new(),
                    name: "file".to_owned(),
                    content_type: kind.to_owned(),
                    size,
                })
                .collect(),
            ..OutboundMessage::default()
        }
    }

    #[test]
    fn a_short_text_is_one_part_as_it_was_written() {
        let parts = plan(&message(" hi\r\nthere ", &[])).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].text, " hi\r\nthere ");
    }

    #[test]
    fn a_long_text_becomes_parts_of_at_most_1600_units_that_hold_all_words() {
        let text = "wörd 😀 ".repeat(600);
        let parts = plan(&message(&text, &[])).unwrap();
        assert!(parts.len() > 1);
        assert!(parts.iter().all(|part| part.text.encode_utf16().count() <= 1600));
        let joined: Vec<_> = parts.iter().flat_map(|part| part.text.split_whitespace()).collect();
        let words: Vec<_> = text.split_whitespace().collect();
        assert_eq!(joined, words);
    }

    #[test]
    fn nothing_to_send_and_too_much_are_refused() {
        assert_eq!(plan(&message(" \n", &[])), Err(PlanError::Empty));
        let long = "a".repeat(6401);
        assert!(matches!(plan(&message(&long, &[])), Err(PlanError::TooLong { .. })));
        assert_eq!(plan(&message(&long[1..], &[])).unwrap().len(), 4);
        // An emoji is two units, for the limit as for the cut.
        assert!(matches!(plan(&message(&"😀".repeat(3201), &[])), Err(PlanError::TooLong { .. })));
        assert_eq!(plan(&message(&"😀".repeat(3200), &[])).unwrap().len(), 4);
    }

    #[test]
    fn files_go_with_the_text_and_in_further_parts_where_one_is_full() {
        let parts = plan(&message("see", &[("image/png", 10), ("image/jpeg", 10)])).unwrap();
        assert_eq!((parts.len(), parts[0].attachments.len()), (1, 2));
        let parts = plan(&message("", &[("image/png", 1); 11])).unwrap();
        assert_eq!(parts.len(), 2);
        let parts = plan(&message("", &[("image/png", 4 << 20), ("image/png", 4 << 20)])).unwrap();
        assert_eq!(parts.len(), 2);
    }

    #[test]
    fn a_file_that_no_phone_takes_is_refused_with_its_name() {
        for file in [("application/x-msdownload", 1), ("image/png", 6 << 20)] {
            let refused = plan(&message("x", &[file])).unwrap_err();
            assert!(matches!(refused, PlanError::Attachment { name, .. } if name == "file"));
        }
    }
}
