//! What a channel can carry. The core asks here and never for a channel's name.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a channel's text is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextUnit {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// SMS segments: GSM-7 septets, or UCS-2 where a character wants it.
    SmsSegments,
}

/// Who answers STOP and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptOutReply {
    /// The provider or the carrier confirms by itself: we stay silent.
    Provider,
    /// We send the legal confirmation.
    Us,
    /// The channel has no such keywords.
    None,
}

/// What a channel can do on one inbox. The composer shows it before sending; the engine obeys it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The longest text of a whole message, in `text_unit`s of counting (UTF-16 units for SMS).
    pub longest_text: u32,
    /// How text is counted for the person who writes.
    pub text_unit: TextUnit,
    /// Whether bold, lists and links survive.
    pub rich_text: bool,
    /// Whether files can be sent, and their greatest size in bytes; `None` = no files.
    pub attachment_limit: Option<u64>,
    /// Whether files leave as bytes with the message rather than as links.
    pub attached_bytes: bool,
    /// Whether a message has a subject and may go to several people at once.
    pub letters: bool,
    /// MIME types that can be sent (`image/*` style patterns); empty = all.
    pub attachment_types: Vec<String>,
    /// Whether a message can show which one it answers.
    pub quotes: bool,
    /// Whether a sent message can be changed.
    pub edits: bool,
    /// Whether the channel reports deliveries.
    pub delivery_receipts: bool,
    /// Whether it reports that a message was read.
    pub read_receipts: bool,
    /// Whether one person can have several threads on this inbox.
    pub threads: bool,
    /// For how long the provider takes a second send of the same key for the first: only then, and only
    /// so long, may an unknown outcome be sent again by itself. `None` = it does not.
    pub idempotent_send: Option<Duration>,
    /// A send that takes longer counts as unknown. A channel that sends files as bytes needs minutes on a
    /// slow line.
    pub longest_send: Duration,
    /// Whether we may write first.
    pub may_start: bool,
    /// How long after the customer's last message we may still reply; `None` = for ever.
    pub reply_window: Option<Duration>,
    /// Whether the provider lists messages that we missed.
    pub history: bool,
    /// Whether a thread can hold more than two parties.
    pub groups: bool,
    /// At most one pure acknowledgement a sender within this time, beside one a turn.
    pub ack_interval: Option<Duration>,
    /// Who confirms STOP.
    pub opt_out_reply: OptOutReply,
}
