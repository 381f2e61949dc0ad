//! The raw form of what came in, for people: byte by byte as the channel gave it, for as long as it is
//! kept. Small ones stand in their row, large ones among the files.

use rapport_model::id::{MessageId, ParkedId};

use super::{
    Store,
    db::{Run as _, built},
    error::StoreError,
    scope::Actor,
    value::{Row, Value, values},
};

/// A raw form that is still kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawForm {
    /// Its type, as the connector names it.
    pub content_type: String,
    /// Its bytes.
    pub content: RawContent,
}

/// Where the bytes of a raw form are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawContent {
    /// Here.
    Here(Vec<u8>),
    /// Among the files, under this name.
    Blob(String),
}

/// The first that came counts: what comes later under the same id is flagged on the message.
const FIRST: &str =
    " AND (r.bytes IS NOT NULL OR r.blob_key IS NOT NULL) ORDER BY r.received_at, r.id LIMIT 1";

impl Store {
    /// What a message within the actor's scope came as. `None` too where it is no longer kept, and where
    /// the message was taken back.
    pub async fn find_raw(&self, actor: &Actor, message: &MessageId) -> Result<Option<RawForm>, StoreError> {
        let mut args = values![message];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = [
            "SELECT r.content_type, r.bytes, r.blob_key FROM messages m JOIN conversations c ON c.id = m.conversation_id \
             JOIN sightings s ON s.message_id = m.id \
             JOIN raw_payloads r ON r.inbox_id = s.inbox_id AND r.external_id = s.external_id \
             WHERE m.id = $1 AND m.retracted_at IS NULL AND ",
            &scope,
            FIRST,
        ]
        .concat();
        self.find_first_raw(sql, args).await
    }

    /// What came and could not be read, on an inbox within the actor's scope and not settled yet.
    pub async fn find_parked_raw(
        &self,
        actor: &Actor,
        parked: &ParkedId,
    ) -> Result<Option<RawForm>, StoreError> {
        let mut args = values![parked];
        let scope = actor.inbox_condition("p.inbox_id", &self.inboxes, &mut args);
        let sql = [
            "SELECT r.content_type, r.bytes, r.blob_key FROM parked p \
             JOIN raw_payloads r ON r.inbox_id = p.inbox_id AND r.external_id = p.external_id \
             WHERE p.id = $1 AND p.settled_at IS NULL AND ",
            &scope,
            FIRST,
        ]
        .concat();
        self.find_first_raw(sql, args).await
    }

    async fn find_first_raw(&self, sql: String, args: Vec<Value>) -> Result<Option<RawForm>, StoreError> {
        self.pool.clone().rows_of(built(sql), args).await?.first().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<RawForm, StoreError> {
    let bytes: Option<Vec<u8>> = row.get("bytes")?;
    let content = match (bytes, row.get("blob_key")?) {
        (Some(bytes), _) => RawContent::Here(bytes),
        (None, Some(key)) => RawContent::Blob(key),
        (None, None) => return Err(StoreError::Corrupt { column: "raw_payloads.bytes" }),
    };
    Ok(RawForm { content_type: row.get("content_type")?, content })
}
