//! Calls to the REST API: send, list, check.

use std::time::Duration;

use rapport_sdk::{
    ConnectorError,
    http::{Answer, HttpError, Timeouts},
    model::{
        InboundEvent, Timestamp,
        event::{Content, InboundAttachment, RawPayload},
        id::ExternalMessageId,
        outbound::{Outgoing, SendError, SendReceipt},
    },
};
use serde::Deserialize;

use super::{
    JSON, Twilio, codes,
    record::{self, MediaPage, Page, Record},
};
use crate::seen::Seen;

/// How long a file may take: longer than a call, because it may be some megabytes.
pub const FILE_TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), total: Duration::from_mins(1) };

/// The most records on a page.
const PAGE_SIZE: &str = "500";
/// More pages than any account fills within the longest period that is asked for.
const MOST_PAGES: usize = 1000;

#[derive(Deserialize)]
struct Created {
    sid: String,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    code: Option<u32>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    status: Option<String>,
}

impl Twilio {
    fn account_path(&self, rest: &str) -> String {
        format!("/2010-04-01/Accounts/{}{rest}", self.settings.account_sid)
    }

    /// Carries one part.
    pub(super) async fn create_message(&self, outgoing: &Outgoing) -> Result<SendReceipt, SendError> {
        let callback = self.status_callback();
        let mut form = vec![
            ("To", outgoing.to.expose()),
            ("From", outgoing.from.expose()),
            ("StatusCallback", callback.as_str()),
        ];
        if let Some(service) = &self.settings.messaging_service_sid {
            form.push(("MessagingServiceSid", service));
        }
        if !outgoing.part.text.is_empty() {
            form.push(("Body", &outgoing.part.text));
        }
        form.extend(outgoing.media.iter().map(|media| ("MediaUrl", media.link.as_str())));
        let path = self.account_path("/Messages.json");
        let answer =
            self.api.post_form(&path, &form, self.credentials()).await.map_err(|error| match error {
                HttpError::NotSent(_) => SendError::Transient {
                    retry_after: None,
                    reason: "the provider could not be reached".to_owned(),
                },
                HttpError::NoAnswer(_) => SendError::Unknown,
            })?;
        if answer.status.is_success() {
            // Accepted, but under which id? Only a person can find out.
            let created: Created = answer.json().ok_or(SendError::Unknown)?;
            return Ok(SendReceipt { id: ExternalMessageId(created.sid) });
        }
        Err(codes::classify(answer.status.as_u16(), code_of(&answer), answer.retry_after()))
    }

    /// Reads the account's own record.
    pub(super) async fn read_account(&self) -> Result<(), ConnectorError> {
        let answer = self.read(&self.account_path(".json"), &[]).await?;
        let account: Account = answer.json().ok_or_else(unreadable)?;
        match account.status.as_deref() {
            None | Some("active") => Ok(()),
            Some(status) => Err(ConnectorError::Misconfigured {
                reason: format!("The account is {status}: set it right in the provider's console."),
            }),
        }
    }

    /// What came and what became of what we sent within a period, oldest first.
    pub(super) async fn list_messages(
        &self,
        from: Timestamp,
        to: Timestamp,
        seen: &Seen,
    ) -> Result<Vec<InboundEvent>, ConnectorError> {
        let mut found = Vec::new();
        let numbers = &self.settings.numbers;
        if numbers.is_empty() {
            self.list_where(None, from, to, seen, &mut found).await?;
        }
        for number in numbers {
            let number = number.expose();
            for party in [("To", number), ("From", number)] {
                self.list_where(Some(party), from, to, seen, &mut found).await?;
            }
        }
        // Each list is newest first. Sorting is stable: reversed, what shares a second keeps the
        // order in which it came.
        found.reverse();
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().flat_map(|(_, events)| events).collect())
    }

    async fn list_where(
        &self,
        party: Option<(&str, &str)>,
        from: Timestamp,
        to: Timestamp,
        seen: &Seen,
        found: &mut Vec<(Timestamp, Vec<InboundEvent>)>,
    ) -> Result<(), ConnectorError> {
        let (since, until) = (second(from), second(to));
        let mut query =
            vec![("DateSent>", since.as_str()), ("DateSent<", until.as_str()), ("PageSize", PAGE_SIZE)];
        query.extend(party);
        let wants_inbound = party.is_none_or(|(name, _)| name == "To");
        let wants_outbound = party.is_none_or(|(name, _)| name == "From");
        let mut path = self.account_path("/Messages.json");
        for _ in 0..MOST_PAGES {
            let answer = self.read(&path, &query).await?;
            let page: Page = answer.json().ok_or_else(unreadable)?;
            for raw in &page.messages {
                let Ok(record) = serde_json::from_str::<Record>(raw.get()) else {
                    let event = record::unreadable(raw.get(), to);
                    if !seen.has_event(&event) {
                        found.push((to, vec![event]));
                    }
                    continue;
                };
                let at = record.at().unwrap_or(to);
                if wants_inbound && record.is_inbound() && !seen.has_message(&record.sid) {
                    found.push((at, self.inbound(&record, raw.get(), to).await?));
                } else if wants_outbound && record.is_sent() && record.is_settled() {
                    let receipt = record.receipt().filter(|receipt| !seen.has_event(receipt));
                    found.extend(receipt.map(|receipt| (at, vec![receipt])));
                }
            }
            match page.next_page_uri {
                Some(next) => path = next,
                None => return Ok(()),
            }
            query.clear();
        }
        Err(ConnectorError::Transient {
            retry_after: None,
            reason: "The provider's list has no end.".to_owned(),
        })
    }

    async fn inbound(
        &self,
        record: &Record,
        json: &str,
        seen_at: Timestamp,
    ) -> Result<Vec<InboundEvent>, ConnectorError> {
        let mut attachments = Vec::new();
        if record.media_count() > 0 {
            let path = self.account_path(&format!("/Messages/{}/Media.json", record.sid));
            match self.read(&path, &[]).await {
                Ok(answer) => {
                    let page: MediaPage = answer.json().ok_or_else(unreadable)?;
                    attachments = self.attachments(page);
                }
                // Deleted meanwhile: the text is still a message.
                Err(ConnectorError::Misconfigured { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let raw = RawPayload { content_type: JSON.to_owned(), bytes: json.as_bytes().to_vec() };
        Ok(record::events(record, attachments, raw, seen_at))
    }

    fn attachments(&self, page: MediaPage) -> Vec<InboundAttachment> {
        let of_media = |media: record::Media| {
            let path = media.uri.strip_suffix(".json").unwrap_or(&media.uri);
            Some(InboundAttachment {
                name: None,
                content_type: media.content_type,
                content: Content::ByReference(self.api.url(path)?.into()),
                content_id: None,
            })
        };
        page.media_list.into_iter().filter_map(of_media).collect()
    }

    async fn read(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, ConnectorError> {
        let answer = self.api.get(path, query, self.credentials()).await.map_err(|error| {
            ConnectorError::Transient {
                retry_after: None,
                reason: format!("The provider can't be reached: {error}."),
            }
        })?;
        let status = answer.status.as_u16();
        match (status, code_of_error(&answer)) {
            (200..=299, _) => Ok(answer),
            (401 | 403, _) | (_, Some(20003)) => Err(ConnectorError::Unauthorized),
            (404, _) => Err(ConnectorError::Misconfigured {
                reason: "The provider knows no such account: look at account_sid.".to_owned(),
            }),
            (300..=399, _) => Err(ConnectorError::Misconfigured {
                reason: "The provider's API is somewhere else: look at api_base.".to_owned(),
            }),
            _ => Err(ConnectorError::Transient {
                retry_after: answer.retry_after(),
                reason: format!("The provider answers with HTTP {status}."),
            }),
        }
    }
}

fn code_of(answer: &Answer) -> Option<u32> {
    answer.json::<Refused>()?.code
}

/// The code of an answer that is no success; a listed message has such a field, too.
fn code_of_error(answer: &Answer) -> Option<u32> {
    (!answer.status.is_success()).then(|| code_of(answer))?
}

fn unreadable() -> ConnectorError {
    ConnectorError::Transient { retry_after: None, reason: "The provider's answer can't be read.".to_owned() }
}

/// An instant as the API's filters take it: whole seconds.
fn second(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.millis().div_euclid(1000)).map(|at| at.to_string()).unwrap_or_default()
}
