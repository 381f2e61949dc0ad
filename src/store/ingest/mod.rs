//! Ingest: what a connector brought becomes sightings, contacts, threads, conversations, messages,
//! obligations, jobs and events, in one transaction with the connector's cursor.
//!
//! A group of requests costs a handful of multi-row statements: [`seen`] claims the ids, [`people`]
//! finds or makes handles and contacts, [`codes`] joins those who show that they are one person, [`same`] knows content that came twice, [`follow`] what a letter
//! continues, [`quoted`] which message one answers, [`route`] decides the conversation (pure), [`messages`]
//! and [`tables`] write, [`album`] puts files that came one by one into the message that they are.
//! [`came_by`] knows who came by an associate's own word.
//! [`outside`] takes in what a colleague wrote with another program; [`revise`] what changes a message;
//! [`changes`] holds the rarer events, one at a time.

mod album;
mod came_by;
mod changes;
mod codes;
mod follow;
mod messages;
mod outside;
mod people;
mod quoted;
mod revise;
mod route;
mod same;
mod seen;
mod tables;

use std::{collections::HashMap, sync::Arc, time::Duration};

use rapport_model::{
    Author, InboundEvent, Timestamp,
    event::{Content, InboundMessage},
    id::{Cursor, InboxId, MessageId, Scope, TeamId},
};
use sha2::{Digest as _, Sha256};

use crate::{
    failpoints::durable_step,
    sabotage::{self, Rule},
};

pub(super) use people::claimed_person;
pub(super) use revise::dress;

use super::{blobs::StoredBlob, db::Run as _, error::StoreError, parked, tx::Tx, value::values};

/// What ingest has to know of an inbox.
#[derive(Debug, Clone)]
pub struct InboxFacts {
    /// Its name in the configuration.
    pub id: InboxId,
    /// The brand that its customers see.
    pub brand: String,
    /// Its channel: stored and shown, never compared.
    pub channel: String,
    /// The teams that serve it; none means everybody.
    pub teams: Vec<TeamId>,
    /// Under which name opt-outs of this channel are kept.
    pub sender_group: String,
    /// How long a customer waits at most before the reply is late.
    pub reply_within: Duration,
    /// How long after its close a conversation is opened again rather than continued by a new one.
    pub reopen_within: Duration,
    /// Whether an acknowledgement may be written.
    pub bot: bool,
}

/// One batch on its way into the store.
#[derive(Debug)]
pub struct IngestRequest {
    inbox: Arc<InboxFacts>,
    events: Vec<Incoming>,
    cursor: Option<(Scope, Cursor)>,
    complete_up_to: Option<Timestamp>,
}

/// An event with what was computed of it outside the transaction.
#[derive(Debug)]
pub(super) struct Incoming {
    event: InboundEvent,
    /// For a message: the id that it gets if it is new, and what its content is told by.
    message_id: MessageId,
    content_hash: String,
    /// Where the raw form was put, if it is too large for a row.
    raw_blob: Option<String>,
    /// The files that came with it, by their place among its attachments.
    files: HashMap<usize, KeptFile>,
}

/// What of a batch was written to the files before it, by the place of the event.
#[derive(Debug, Default)]
pub struct Kept {
    /// Raw forms that are too large for a row.
    pub raws: HashMap<usize, String>,
    /// The files that came with a message, by their place among its attachments.
    pub files: HashMap<(usize, usize), KeptFile>,
}

/// A file that came with its message, now durable.
#[derive(Debug, Clone)]
pub struct KeptFile {
    /// Its bytes.
    pub blob: StoredBlob,
    /// Its type, as its bytes show or the sender says.
    pub content_type: String,
    /// Its name.
    pub name: String,
}

impl IngestRequest {
    /// Prepares a batch, with what of it was written to the files already.
    pub fn new(
        inbox: Arc<InboxFacts>,
        mut events: Vec<InboundEvent>,
        cursor: Option<(Scope, Cursor)>,
        complete_up_to: Option<Timestamp>,
        mut kept: Kept,
    ) -> Self {
        if sabotage::breaks(Rule::Dedupe) {
            for event in &mut events {
                if let InboundEvent::Message(message) = event {
                    message.id.0.push_str(MessageId::new().as_str());
                    message.content_key = None;
                }
            }
        }
        let mut events = events
            .into_iter()
            .enumerate()
            .map(|(at, event)| Incoming {
                content_hash: message_of(&event).map(content_hash).unwrap_or_default(),
                message_id: MessageId::new(),
                raw_blob: kept.raws.remove(&at),
                files: HashMap::new(),
                event,
            })
            .collect::<Vec<_>>();
        for ((at, item), file) in kept.files {
            if let Some(incoming) = events.get_mut(at) {
                incoming.files.insert(item, file);
            }
        }
        Self { inbox, events, cursor, complete_up_to }
    }

    /// What it brings.
    pub(super) fn events(&self) -> impl Iterator<Item = &InboundEvent> {
        self.events.iter().map(|incoming| &incoming.event)
    }
}

impl Incoming {
    /// The message that it is, or would be if it was never seen: an edit may bring all of it.
    fn message(&self) -> Option<&InboundMessage> {
        message_of(&self.event)
    }

    /// Whether it is a message that comes for the first time as far as its channel knows.
    fn is_edit(&self) -> bool {
        matches!(self.event, InboundEvent::Edit { .. })
    }
}

fn message_of(event: &InboundEvent) -> Option<&InboundMessage> {
    match event {
        InboundEvent::Message(message) => Some(message),
        InboundEvent::Edit { whole, .. } => whole.as_deref(),
        _ => None,
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// New, and now durable.
    Stored,
    /// Seen before.
    Duplicate,
    /// Kept as it came, for a person.
    Parked,
}

/// Tells one content from another under the same id. What changes from one delivery of a message to
/// the next (attempt counters, times) is no part of it.
fn content_hash(message: &InboundMessage) -> String {
    let mut hash = Sha256::new();
    if let Author::Contact { address, .. } = &message.author {
        hash.update(address.expose());
    }
    hash.update([0]);
    hash.update(&message.text);
    for attachment in &message.attachments {
        hash.update([0]);
        match &attachment.content {
            Content::Here(bytes) => hash.update(bytes),
            Content::ByReference(reference) | Content::Withheld(reference) => hash.update(reference),
        }
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
        text
    })
}

/// Applies a group of batches. Gives the outcomes of each batch's events, in their order.
pub(super) async fn apply(tx: &mut Tx, requests: &[&IngestRequest]) -> Result<Vec<Vec<Outcome>>, StoreError> {
    durable_step!("ingest.begin");
    let mut outcomes: Vec<Vec<Outcome>> =
        requests.iter().map(|request| vec![Outcome::Duplicate; request.events.len()]).collect();
    let mut fresh = seen::claim(tx, requests).await?;
    let also = same::claim(tx, requests, &mut fresh).await?;
    messages::write(tx, requests, &fresh, also).await?;
    if !fresh.is_empty() {
        parked::settle_what_came(tx).await?;
    }
    for item in &fresh {
        outcomes[item.request][item.event] = Outcome::Stored;
    }
    for (at, request) in requests.iter().enumerate() {
        for (index, incoming) in request.events.iter().enumerate() {
            // An edit of what was never seen came in as a message.
            if incoming.is_edit() && outcomes[at][index] == Outcome::Stored {
                continue;
            }
            if let Some(outcome) = changes::apply(tx, &request.inbox, incoming).await? {
                outcomes[at][index] = outcome;
            }
        }
        keep_place(tx, request).await?;
    }
    durable_step!("ingest.end");
    Ok(outcomes)
}

/// Keeps the cursor and the moment up to which the inbox is complete.
async fn keep_place(tx: &mut Tx, request: &IngestRequest) -> Result<(), StoreError> {
    let now = tx.now;
    if let Some((scope, cursor)) = &request.cursor {
        tx.execute(
            "INSERT INTO cursors (inbox_id, scope, cursor, updated_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (inbox_id, scope) DO UPDATE SET cursor = excluded.cursor, updated_at = excluded.updated_at",
            values![&request.inbox.id, scope, cursor.as_str(), now],
        )
        .await?;
    }
    if let Some(moment) = request.complete_up_to {
        tx.execute(
            "UPDATE inboxes SET complete_up_to = $2 WHERE id = $1 AND (complete_up_to IS NULL OR complete_up_to < $2)",
            values![&request.inbox.id, moment],
        )
        .await?;
    }
    Ok(())
}
