//! Messages as the provider's API lists them.

use jiff::fmt::rfc2822;
use rapport_sdk::model::{
    InboundEvent, Timestamp,
    event::{InboundAttachment, RawPayload},
    id::ExternalMessageId,
};
use serde::Deserialize;

use super::call::{self, Facts};

/// One page of a list.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The messages, newest first, each as it came.
    pub messages: Vec<Box<serde_json::value::RawValue>>,
    /// Where the next page is.
    pub next_page_uri: Option<String>,
}

/// A message of the list. What can be missing may be missing: one odd record must not hide others.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The provider's id.
    pub sid: String,
    /// `inbound`, or one of several words that begin with `outbound`.
    #[serde(default)]
    pub direction: Option<String>,
    /// The sender.
    #[serde(default)]
    pub from: Option<String>,
    /// The recipient.
    #[serde(default)]
    pub to: Option<String>,
    /// The text.
    #[serde(default)]
    pub body: Option<String>,
    /// What became of it.
    #[serde(default)]
    pub status: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub error_code: Option<u32>,
    /// How many files it has: a number in a string.
    #[serde(default)]
    pub num_media: Option<String>,
    /// When it was sent, or came.
    #[serde(default)]
    pub date_sent: Option<String>,
    /// When the record was made.
    #[serde(default)]
    pub date_created: Option<String>,
    /// When its state last changed.
    #[serde(default)]
    pub date_updated: Option<String>,
}

/// A page of a message's files.
#[derive(Debug, Default, Deserialize)]
pub struct MediaPage {
    /// The files.
    #[serde(default)]
    pub media_list: Vec<Media>,
}

/// A file of a message.
#[derive(Debug, Deserialize)]
pub struct Media {
    /// Its type, as the sender claims.
    pub content_type: String,
    /// Where its description is: the file itself is there without `.json`.
    pub uri: String,
}

impl Record {
    /// Whether a customer wrote it.
    pub fn is_inbound(&self) -> bool {
        self.direction.as_deref() == Some("inbound")
    }

    /// Whether it was sent through the API: not the provider's own answers to keywords.
    pub fn is_sent(&self) -> bool {
        self.direction.as_deref() == Some("outbound-api")
    }

    /// Whether its state is final.
    pub fn is_settled(&self) -> bool {
        matches!(self.status.as_deref(), Some("delivered" | "undelivered" | "failed" | "read" | "canceled"))
    }

    /// How many files it has.
    pub fn media_count(&self) -> usize {
        self.num_media.as_deref().and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// When it was sent or came, by the provider's clock.
    pub fn at(&self) -> Option<Timestamp> {
        [&self.date_sent, &self.date_created].into_iter().find_map(|text| instant(text.as_deref()?))
    }

    /// What became of it, as a receipt.
    pub fn receipt(&self) -> Option<InboundEvent> {
        let at = instant(self.date_updated.as_deref()?).or_else(|| self.at())?;
        call::receipt(self.sid.clone(), self.status.as_deref()?, self.error_code, at)
    }
}

/// A message that came in, as events. `seen_at` stands for a date that is missing.
pub fn events(
    record: &Record,
    attachments: Vec<InboundAttachment>,
    raw: RawPayload,
    seen_at: Timestamp,
) -> Vec<InboundEvent> {
    let at = record.at().unwrap_or(seen_at);
    match (&record.from, &record.to) {
        (Some(from), Some(to)) if !from.is_empty() && !to.is_empty() => call::events(
            Facts {
                sid: record.sid.clone(),
                from: from.clone(),
                to: to.clone(),
                body: record.body.clone().unwrap_or_default(),
                attachments,
                acted_on: None,
                at,
            },
            raw,
        ),
        _ => vec![InboundEvent::Unreadable {
            id: record.sid.as_str().into(),
            raw,
            reason: "The list names no sender or no recipient.".to_owned(),
            at,
        }],
    }
}

/// A record that is not what the API promises, parked under its id or, without one, its hash, as of the
/// moment when the list was read.
pub fn unreadable(json: &str, seen_at: Timestamp) -> InboundEvent {
    let sid = serde_json::from_str::<serde_json::Value>(json)
        .ok()
        .and_then(|value| value.get("sid")?.as_str().map(str::to_owned));
    let id = sid.unwrap_or_else(|| super::sha256_hex(json.as_bytes()));
    InboundEvent::Unreadable {
        id: ExternalMessageId(id),
        raw: RawPayload { content_type: super::JSON.to_owned(), bytes: json.as_bytes().to_vec() },
        reason: "A record of the provider's list is not what its API promises.".to_owned(),
        at: seen_at,
    }
}

/// The instant that a date of the API means.
pub fn instant(text: &str) -> Option<Timestamp> {
    let zoned = rfc2822::parse(text).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_the_api_is_an_instant() {
        assert_eq!(instant("Fri, 24 May 2019 17:44:49 +0000"), Some(Timestamp(1_558_719_889_000)));
        assert_eq!(instant("2019-05-24T17:44:49Z"), None);
    }

    #[test]
    fn a_record_without_optional_fields_is_read() {
        let record: Record = serde_json::from_str(r#"{"sid":"SM1"}"#).unwrap();
        assert!(!record.is_inbound() && !record.is_sent());
        assert_eq!(record.media_count(), 0);
    }
}
