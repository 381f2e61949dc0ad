//! Which of our messages an external id names: one that came in, or one that we sent.

use std::collections::HashMap;

use rapport_model::id::{ExternalMessageId, MessageId};

use super::{InboxFacts, IngestRequest, seen::Fresh};
use crate::store::{
    db::{Run as _, built},
    error::StoreError,
    rows,
    tx::Tx,
    value::values,
};

/// The messages that those of a group answer, by inbox and external id.
pub(super) type Quoted = HashMap<(String, String), MessageId>;

/// Finds them all.
pub(super) async fn load(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
) -> Result<Quoted, StoreError> {
    let mut keys = Vec::new();
    for item in fresh {
        let request = requests[item.request];
        let named = request.events[item.event].message().and_then(|message| message.reply_to.as_ref());
        if let Some(named) = named {
            keys.push(values![&request.inbox.id, named]);
        }
    }
    let mut found = Quoted::new();
    if keys.is_empty() {
        return Ok(found);
    }
    for select in [
        "SELECT k.a, k.b, o.message_id FROM k CROSS JOIN outbox o WHERE o.inbox_id = k.a AND o.external_id = k.b",
        "SELECT k.a, k.b, s.message_id FROM k CROSS JOIN sightings s WHERE s.inbox_id = k.a AND s.external_id = k.b",
    ] {
        let (pairs, args) = rows::pairs(tx.engine(), keys.clone());
        for row in tx.rows_of(built([&pairs, select].concat()), args).await? {
            if let Some(message) = row.parse_opt("message_id")? {
                found.insert((row.get("a")?, row.get("b")?), message);
            }
        }
    }
    Ok(found)
}

/// Finds one.
pub(super) async fn find(
    tx: &mut Tx,
    inbox: &InboxFacts,
    id: &ExternalMessageId,
) -> Result<Option<MessageId>, StoreError> {
    for sql in [
        "SELECT message_id FROM sightings WHERE inbox_id = $1 AND external_id = $2 AND message_id IS NOT NULL",
        "SELECT message_id FROM outbox WHERE inbox_id = $1 AND external_id = $2",
    ] {
        if let Some(row) = tx.first(sql, values![&inbox.id, id]).await? {
            return Ok(Some(row.parse("message_id")?));
        }
    }
    Ok(None)
}
