//! What a mail carries, and how a message becomes one.

use std::time::Duration;

use rapport_sdk::model::{
    capability::{Capabilities, OptOutReply, TextUnit},
    outbound::{OutboundMessage, Part, PlanError},
};

/// The longest text, in characters.
const LONGEST_TEXT: u32 = 200_000;
/// A mail keeps its Message-ID, by which servers and readers know it again.
const SAME_NAME: Duration = Duration::MAX;
/// 25 MB take it at 100 kB a second.
const LONGEST_SEND: Duration = Duration::from_mins(5);

/// What a mail carries with files of this size together, in bytes.
pub fn capabilities(largest_files: u64) -> Capabilities {
    Capabilities {
        longest_text: LONGEST_TEXT,
        text_unit: TextUnit::Chars,
        rich_text: false,
        attachment_limit: Some(largest_files),
        attached_bytes: true,
        letters: true,
        attachment_types: Vec::new(),
        quotes: false,
        edits: false,
        delivery_receipts: true,
        read_receipts: false,
        threads: true,
        idempotent_send: Some(SAME_NAME),
        longest_send: LONGEST_SEND,
        may_start: true,
        reply_window: None,
        history: true,
        groups: false,
        ack_interval: None,
        opt_out_reply: OptOutReply::None,
    }
}

/// A message is one mail, with all its files.
pub fn plan(message: &OutboundMessage, largest_files: u64) -> Result<Vec<Part>, PlanError> {
    if message.text.trim().is_empty() && message.attachments.is_empty() {
        return Err(PlanError::Empty);
    }
    let length = message.text.chars().count();
    let limit = LONGEST_TEXT as usize;
    if length > limit {
        return Err(PlanError::TooLong { length, limit });
    }
    let mut size: u64 = 0;
    for file in &message.attachments {
        size = size.saturating_add(file.size);
        if size > largest_files {
            let reason = format!("the files have more than {largest_files} bytes together");
            return Err(PlanError::Attachment { name: file.name.clone(), reason });
        }
    }
    let attachments = message.attachments.iter().map(|file| file.id.clone()).collect();
    Ok(vec![Part { text: message.text.clone(), attachments, ..Part::default() }])
}

#[cfg(test)]
mod tests {
    use rapport_sdk::model::{id::AttachmentId, outbound::OutboundAttachment};

    use super::*;

    fn message(text: &str, sizes: &[u64]) -> OutboundMessage {
        let file = |&size| OutboundAttachment {
            id: AttachmentId::new(),
            name: "invoice.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            size,
        };
        OutboundMessage {
            text: text.to_owned(),
            attachments: sizes.iter().map(file).collect(),
            ..OutboundMessage::default()
        }
    }

    #[test]
    fn a_message_is_one_mail_with_all_its_files() {
        let parts = plan(&message(" hi\r\nthere ", &[10, 20]), 30).unwrap();
        assert_eq!((parts.len(), parts[0].attachments.len()), (1, 2));
        assert_eq!(parts[0].text, " hi\r\nthere ");
        assert_eq!(plan(&message("", &[1]), 30).unwrap().len(), 1);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert_eq!(plan(&message(" \n", &[]), 30), Err(PlanError::Empty));
        assert!(plan(&message(&"ä".repeat(200_000), &[]), 30).is_ok());
        assert!(matches!(plan(&message(&"a".repeat(200_001), &[]), 30), Err(PlanError::TooLong { .. })));
        for sizes in [&[31][..], &[20, 11], &[u64::MAX, u64::MAX]] {
            let refused = plan(&message("x", sizes), 30).unwrap_err();
            assert!(matches!(refused, PlanError::Attachment { name, .. } if name == "invoice.pdf"));
        }
    }
}
