//! The account's messages as they stand on disk.
//!
//! What was on its way when the process died arrived meanwhile: a real provider would have gone on, and its
//! list would say so.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    FakeMedia,
    ledger::{Direction, Record},
};
use crate::journal;

/// One message, as it stands on disk.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    sid: String,
    direction: Direction,
    from: String,
    to: String,
    body: String,
    /// (id, type, bytes in base64)
    media: Vec<(String, String, String)>,
    media_urls: Vec<String>,
    status: String,
    error_code: Option<u32>,
    status_callback: Option<String>,
    service: Option<String>,
    at: i64,
    updated: i64,
    tries: u32,
}

impl journal::Line for Line {
    fn key(&self) -> String {
        self.sid.clone()
    }
}

impl From<&Record> for Line {
    fn from(record: &Record) -> Self {
        let file = |(sid, file): &(String, FakeMedia)| {
            (sid.clone(), file.content_type.clone(), STANDARD.encode(&file.bytes))
        };
        Self {
            sid: record.sid.clone(),
            direction: record.direction,
            from: record.from.clone(),
            to: record.to.clone(),
            body: record.body.clone(),
            media: record.media.iter().map(file).collect(),
            media_urls: record.media_urls.clone(),
            status: record.status.clone(),
            error_code: record.error_code,
            status_callback: record.status_callback.clone(),
            service: record.service.clone(),
            at: record.at.millis(),
            updated: record.updated.millis(),
            tries: record.tries,
        }
    }
}

impl From<Line> for Record {
    fn from(line: Line) -> Self {
        let file = |(sid, content_type, bytes): (String, String, String)| {
            (sid, FakeMedia { content_type, bytes: STANDARD.decode(bytes).unwrap_or_default().into() })
        };
        Self {
            sid: line.sid,
            direction: line.direction,
            from: line.from,
            to: line.to,
            body: line.body,
            media: line.media.into_iter().map(file).collect(),
            media_urls: line.media_urls,
            status: line.status,
            error_code: line.error_code,
            status_callback: line.status_callback,
            service: line.service,
            at: Timestamp(line.at),
            updated: Timestamp(line.updated),
            tries: line.tries,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write as _, path::Path, sync::Arc};

    use rapport_sdk::model::{Clock, Timestamp};

    use super::*;
    use crate::{FakeTwilio, FakeTwilioConfig};

    #[derive(Debug)]
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp(1_790_000_000_000)
        }
    }

    const CUSTOMER: &str = "+4917010000001";
    const SHOP: &str = "+4915550000001";

    async fn account(memory: &Path) -> FakeTwilio {
        let config = FakeTwilioConfig::new(Arc::new(Noon));
        FakeTwilio::start(FakeTwilioConfig { memory: Some(memory.to_owned()), ..config }).await.unwrap()
    }

    #[tokio::test]
    async fn a_phone_shows_after_a_restart_what_it_showed_before() {
        let folder = std::env::temp_dir().join(format!("rapport-provider-{}", std::process::id()));
        let memory = folder.join("messages.jsonl");
        let before = account(&memory).await;
        let picture = FakeMedia { content_type: "image/png".to_owned(), bytes: vec![0, 255, 10].into() };
        before.offer(CUSTOMER, SHOP, "One\nand two", vec![picture.clone()]);
        before.offer(CUSTOMER, SHOP, "STOP", Vec::new());
        let shown = before.phone(CUSTOMER);
        assert_eq!(shown.len(), 3, "the provider answers STOP");
        drop(before);

        // What a crash in the middle of a line leaves.
        let mut file = OpenOptions::new().append(true).open(&memory).unwrap();
        file.write_all(b"{\"sid\":\"SM").unwrap();
        let after = account(&memory).await;
        let texts = |phone: &[crate::twilio::PhoneMessage]| {
            phone.iter().map(|message| (message.sid.clone(), message.body.clone())).collect::<Vec<_>>()
        };
        assert_eq!(texts(&after.phone(CUSTOMER)), texts(&shown));
        let (_, link) = &after.phone(CUSTOMER)[0].media[0];
        let (message, media) = (&shown[0].sid, link.rsplit('/').next().unwrap());
        assert_eq!(after.media(message, media), Some(picture));
        assert_eq!(after.customers(), [CUSTOMER]);
        after.offer(CUSTOMER, SHOP, "STOP", Vec::new());
        assert_eq!(after.phone(CUSTOMER).len(), 4, "the opt-out is known, and not answered again");

        let again = account(&memory).await;
        assert_eq!(again.phone(CUSTOMER).len(), 4, "a line after the broken one is whole");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
