//! The claim on external ids: whoever inserts a sighting first has the message.

use std::collections::HashSet;

use rapport_model::{Author, event::InboundMessage, id::RawId};

use super::{InboxFacts, Incoming, IngestRequest};
use crate::store::{
    db::{Run as _, built},
    error::StoreError,
    rows::{self, Rows},
    tx::Tx,
    value::values,
};

/// A message that nobody claimed before, by its place in the group.
pub(super) struct Fresh {
    pub request: usize,
    pub event: usize,
}

/// Inserts the sightings of all messages from contacts and gives those that are new. A known id that
/// comes with another content is kept as a further raw payload and flagged on its message.
pub(super) async fn claim(tx: &mut Tx, requests: &[&IngestRequest]) -> Result<Vec<Fresh>, StoreError> {
    let mut rows =
        Rows::new("sightings", &["inbox_id", "external_id", "message_id", "content_hash", "trust", "at"]);
    for (request, incoming, message) in messages(requests) {
        let trust = match &message.author {
            Author::Contact { trust, .. } => trust.as_str(),
            _ => continue,
        };
        rows.push(values![
            &request.inbox.id,
            &message.id,
            &incoming.message_id,
            &incoming.content_hash,
            trust,
            tx.now
        ]);
    }
    let claimed: HashSet<String> = rows
        .insert_with(tx, "ON CONFLICT (inbox_id, external_id) DO NOTHING RETURNING message_id")
        .await?
        .iter()
        .map(|row| row.get::<String>("message_id"))
        .collect::<Result<_, _>>()?;
    let mut fresh = Vec::with_capacity(claimed.len());
    let mut known = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        for (index, incoming) in request.events.iter().enumerate() {
            let Some(message) = incoming.message() else { continue };
            if !matches!(message.author, Author::Contact { .. }) {
                continue;
            }
            if claimed.contains(incoming.message_id.as_str()) {
                fresh.push(Fresh { request: at, event: index });
            } else if !incoming.is_edit() {
                known.push((*request, incoming, message));
            }
        }
    }
    if !known.is_empty() {
        keep_differing(tx, &known).await?;
    }
    Ok(fresh)
}

fn messages<'a>(
    requests: &'a [&IngestRequest],
) -> impl Iterator<Item = (&'a IngestRequest, &'a Incoming, &'a InboundMessage)> {
    requests.iter().flat_map(|request| {
        request
            .events
            .iter()
            .filter_map(|incoming| incoming.message().map(|message| (*request, incoming, message)))
    })
}

async fn keep_differing(
    tx: &mut Tx,
    known: &[(&IngestRequest, &Incoming, &InboundMessage)],
) -> Result<(), StoreError> {
    let keys = known.iter().map(|(request, _, message)| values![&request.inbox.id, &message.id]).collect();
    let (pairs, args) = rows::pairs(tx.engine(), keys);
    let sql = [
        &pairs,
        "SELECT s.inbox_id, s.external_id, s.message_id, s.content_hash FROM k CROSS JOIN sightings s \
         WHERE s.inbox_id = k.a AND s.external_id = k.b",
    ]
    .concat();
    let found = tx.rows_of(built(sql), args).await?;
    for row in found {
        let (inbox, external): (String, String) = (row.get("inbox_id")?, row.get("external_id")?);
        let hash: String = row.get("content_hash")?;
        let Some(message_id) = row.get::<Option<String>>("message_id")? else { continue };
        for (request, incoming, message) in known {
            if request.inbox.id.0 != inbox || message.id.0 != external || incoming.content_hash == hash {
                continue;
            }
            let mut raw = Rows::new("raw_payloads", RAW_COLUMNS);
            raw.push(raw_values(tx, &request.inbox, incoming, message));
            raw.insert(tx).await?;
            tx.execute(
                "UPDATE messages SET flags = CASE WHEN flags = '' THEN 'content_differs' ELSE flags || ',content_differs' END \
                 WHERE id = $1 AND flags NOT LIKE '%content_differs%'",
                values![&message_id],
            )
            .await?;
        }
    }
    Ok(())
}

pub(super) const RAW_COLUMNS: &[&str] =
    &["id", "inbox_id", "external_id", "content_type", "bytes", "blob_key", "received_at"];

/// The row of a message's raw form.
pub(super) fn raw_values(
    tx: &Tx,
    inbox: &InboxFacts,
    incoming: &Incoming,
    message: &InboundMessage,
) -> Vec<crate::store::value::Value> {
    let bytes = incoming.raw_blob.is_none().then(|| message.raw.bytes.clone());
    values![
        &RawId::new(),
        &inbox.id,
        &message.id,
        &message.raw.content_type,
        bytes,
        incoming.raw_blob.clone(),
        tx.now
    ]
}
