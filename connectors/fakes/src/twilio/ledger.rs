//! The account's memory: messages, files, opt-outs, and what was asked of it.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
};

use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    FakeMedia, PhoneMessage, SentMessage,
    fault::{Fault, Operation},
    journal::Line,
};
use crate::{faults::Faults, journal::Journal};

/// The account's memory.
#[derive(Default)]
pub(crate) struct Ledger {
    /// In the order in which they came.
    order: Vec<Record>,
    index: HashMap<String, usize>,
    /// (our number, customer's number)
    opted_out: HashSet<(String, String)>,
    calls: HashMap<Operation, usize>,
    /// Where it outlives the process, if it does.
    journal: Option<Journal>,
    pub(crate) faults: Faults<Operation, Fault>,
    pub(crate) violations: Vec<String>,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    /// A customer wrote it.
    Inbound,
    /// Sent through the API.
    Sent,
    /// The provider's own answer to a keyword.
    Reply,
}

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) sid: String,
    pub(crate) direction: Direction,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) media: Vec<(String, FakeMedia)>,
    pub(crate) media_urls: Vec<String>,
    pub(crate) status: String,
    pub(crate) error_code: Option<u32>,
    pub(crate) status_callback: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) updated: Timestamp,
    /// How often it was offered to the webhook.
    pub(crate) tries: u32,
}

/// A message that the bridge wants to send.
pub(crate) struct Order {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) media_urls: Vec<String>,
    pub(crate) status_callback: Option<String>,
    pub(crate) service: Option<String>,
}

/// A made-up id of the provider's form.
pub(crate) fn sid(prefix: &str) -> String {
    format!("{prefix}{:032x}", rand::random::<u128>())
}

impl Ledger {
    /// A memory that goes on from what its journal holds.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (journal, lines) = Journal::open::<Line>(path)?;
        let mut ledger = Self::default();
        for line in lines {
            let mut record = Record::from(line);
            record.arrive();
            if record.direction == Direction::Inbound {
                ledger.heed(&record.from, &record.to, &record.body);
            }
            ledger.add(record);
        }
        ledger.journal = Some(journal);
        Ok(ledger)
    }

    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.order.iter()
    }

    pub(crate) fn find(&self, sid: &str) -> Option<&Record> {
        self.order.get(*self.index.get(sid)?)
    }

    /// Changes a message; `None`: there is none.
    fn change<T>(&mut self, sid: &str, change: impl FnOnce(&mut Record) -> T) -> Option<T> {
        let record = self.order.get_mut(*self.index.get(sid)?)?;
        let changed = change(record);
        note(&mut self.journal, record);
        Some(changed)
    }

    fn add(&mut self, record: Record) -> String {
        let sid = record.sid.clone();
        note(&mut self.journal, &record);
        self.index.insert(sid.clone(), self.order.len());
        self.order.push(record);
        sid
    }

    /// Acts on a keyword, and says what the provider answers to it.
    fn heed(&mut self, from: &str, to: &str, body: &str) -> Option<&'static str> {
        let pair = (to.to_owned(), from.to_owned());
        match body.trim().to_ascii_uppercase().as_str() {
            "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "OPTOUT" | "REVOKE" => {
                self.opted_out.insert(pair).then_some(
                    "You have successfully been unsubscribed. You will not receive any more messages \
                     from this number. Reply START to resubscribe.",
                )
            }
            "START" | "YES" | "UNSTOP" => self.opted_out.remove(&pair).then_some(
                "You have successfully been re-subscribed to messages from this number. Reply HELP \
                 for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
            ),
            "HELP" | "INFO" => Some("Reply STOP to unsubscribe. Msg&Data Rates May Apply."),
            _ => None,
        }
    }

    /// Records what a customer wrote, and acts on a keyword.
    pub(crate) fn customer_writes(
        &mut self,
        from: &str,
        to: &str,
        body: &str,
        media: Vec<FakeMedia>,
        now: Timestamp,
    ) -> String {
        let record = Record {
            sid: sid(if media.is_empty() { "SM" } else { "MM" }),
            media: media.into_iter().map(|file| (sid("ME"), file)).collect(),
            status: "received".to_owned(),
            ..Record::new(Direction::Inbound, from, to, body, now)
        };
        let sid = self.add(record);
        let answer = self.heed(from, to, body);
        if let Some(answer) = answer {
            let status = "delivered".to_owned();
            self.add(Record { status, ..Record::new(Direction::Reply, to, from, answer, now) });
        }
        sid
    }

    /// Records what the bridge sends; `None` where the recipient has opted out.
    pub(crate) fn bridge_sends(&mut self, order: Order, now: Timestamp) -> Option<String> {
        if self.opted_out.contains(&(order.from.clone(), order.to.clone())) {
            return None;
        }
        Some(self.add(Record {
            sid: sid(if order.media_urls.is_empty() { "SM" } else { "MM" }),
            status: "queued".to_owned(),
            media_urls: order.media_urls,
            status_callback: order.status_callback,
            service: order.service,
            ..Record::new(Direction::Sent, &order.from, &order.to, &order.body, now)
        }))
    }

    /// Notes a status; a late report of an earlier one changes nothing.
    pub(crate) fn note_status(&mut self, sid: &str, status: &str, code: Option<u32>, now: Timestamp) {
        let rank = |status: &str| match status {
            "accepted" | "scheduled" | "queued" => 0,
            "sending" => 1,
            "sent" => 2,
            "delivered" | "undelivered" | "failed" => 3,
            _ => 4,
        };
        if self.find(sid).is_none_or(|record| rank(status) <= rank(&record.status)) {
            return;
        }
        self.change(sid, |record| {
            status.clone_into(&mut record.status);
            record.error_code = code;
            record.updated = now;
        });
    }

    pub(crate) fn note_media(&mut self, sid_of_message: &str, file: FakeMedia) {
        self.change(sid_of_message, |record| record.media.push((sid("ME"), file)));
    }

    /// Counts a try to offer a message, and gives the message.
    pub(crate) fn try_to_offer(&mut self, sid: &str) -> Option<Record> {
        self.change(sid, |record| {
            record.tries += 1;
            record.clone()
        })
    }

    pub(crate) fn media(&self, message: &str, media: &str) -> Option<FakeMedia> {
        let files = &self.find(message)?.media;
        files.iter().find(|(sid, _)| sid == media).map(|(_, file)| file.clone())
    }

    pub(crate) fn delete_media(&mut self, message: &str) {
        self.change(message, |record| record.media.clear());
    }

    pub(crate) fn count_call(&mut self, operation: Operation) {
        *self.calls.entry(operation).or_default() += 1;
    }

    pub(crate) fn calls(&self, operation: Operation) -> usize {
        self.calls.get(&operation).copied().unwrap_or(0)
    }
}

/// Keeps how a message stands, where the memory is kept.
fn note(journal: &mut Option<Journal>, record: &Record) {
    if let Some(journal) = journal {
        journal.note(&Line::from(record));
    }
}

impl Record {
    fn new(direction: Direction, from: &str, to: &str, body: &str, now: Timestamp) -> Self {
        Self {
            sid: sid("SM"),
            direction,
            from: from.to_owned(),
            to: to.to_owned(),
            body: body.to_owned(),
            media: Vec::new(),
            media_urls: Vec::new(),
            status: String::new(),
            error_code: None,
            status_callback: None,
            service: None,
            at: now,
            updated: now,
            tries: 0,
        }
    }

    /// What was on its way arrives.
    pub(super) fn arrive(&mut self) {
        if self.direction == Direction::Sent && matches!(self.status.as_str(), "queued" | "sending" | "sent")
        {
            "delivered".clone_into(&mut self.status);
        }
    }

    pub(crate) fn as_sent(&self) -> SentMessage {
        SentMessage {
            sid: self.sid.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            body: self.body.clone(),
            media_urls: self.media_urls.clone(),
            status_callback: self.status_callback.clone(),
            status: self.status.clone(),
        }
    }

    /// What a phone with this number shows of it.
    pub(crate) fn on_phone(&self, number: &str, base: &str, account: &str) -> Option<PhoneMessage> {
        let written_here = self.direction == Direction::Inbound && self.from == number;
        let came = self.direction != Direction::Inbound && self.to == number;
        (written_here || came).then(|| PhoneMessage {
            sid: self.sid.clone(),
            written_here,
            other: if written_here { self.to.clone() } else { self.from.clone() },
            body: self.body.clone(),
            media: self
                .media
                .iter()
                .map(|(sid, file)| (file.content_type.clone(), self.media_url(base, account, sid)))
                .collect(),
            at: self.at,
            status: self.status.clone(),
        })
    }

    pub(crate) fn media_url(&self, base: &str, account: &str, media: &str) -> String {
        let base = base.trim_end_matches('/');
        format!("{base}/2010-04-01/Accounts/{account}/Messages/{}/Media/{media}", self.sid)
    }

    /// The message as the API shows it.
    pub(crate) fn as_json(&self, account: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account}/Messages/{}", self.sid);
        let media_count = self.media.len().max(self.media_urls.len());
        json!({
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": date(self.at),
            "date_sent": date(self.at),
            "date_updated": date(self.updated),
            "direction": match self.direction {
                Direction::Inbound => "inbound",
                Direction::Sent => "outbound-api",
                Direction::Reply => "outbound-reply",
            },
            "error_code": self.error_code,
            "error_message": null,
            "from": self.from,
            "messaging_service_sid": self.service,
            "num_media": media_count.to_string(),
            "num_segments": "1",
            "price": null,
            "price_unit": null,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": self.to,
            "uri": format!("{uri}.json"),
        })
    }
}

/// A date as the API writes it.
pub(crate) fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .ok()
        .and_then(|at| jiff::fmt::rfc2822::to_string(&at.to_zoned_datetime(jiff::tz::TimeZone::UTC)).ok())
        .unwrap_or_default()
}
