//! What came in and could not be read: kept and owed until it can be read after all, or a person sets
//! it aside with a reason. Nothing else settles it.
//!
//! It belongs to no conversation, because nobody knows who wrote it: whoever sees the unassigned
//! conversations of its inbox sees it.

use rapport_model::{
    InboundEvent, Timestamp,
    id::{ConversationId, ExternalMessageId, InboxId, MessageId, ParkedId},
};

use super::{
    Store,
    db::{Run as _, built},
    dialect,
    error::{Conflict, StoreError},
    ingest::{self, IngestRequest},
    page::{Page, Place},
    scope::Actor,
    tx::{NewEvent, Tx},
    value::{Row, values},
    writer::Write,
};

const SETTLED: Conflict = Conflict::NotNow("It was read, or set aside, already.");

/// Something that could not be read.
#[derive(Debug, Clone)]
pub struct Parked {
    /// Its id.
    pub id: ParkedId,
    /// Where it came in.
    pub inbox: InboxId,
    /// Why it could not be read.
    pub reason: String,
    /// When it came: since then somebody waits.
    pub at: Timestamp,
    /// The type of what came; `None` where that is no longer kept.
    pub content_type: Option<String>,
    /// What came, where it is small enough to stand in its row.
    pub bytes: Option<Vec<u8>>,
}

/// What became of a parked message that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAgain {
    /// The message that it is now.
    pub message: MessageId,
    /// Where that stands.
    pub conversation: ConversationId,
}

const COLUMNS: &str = "SELECT p.id, p.inbox_id, p.reason, p.at, p.settled_at, r.content_type, r.bytes \
     FROM parked p LEFT JOIN raw_payloads r ON r.id = (SELECT f.id FROM raw_payloads f \
     WHERE f.inbox_id = p.inbox_id AND f.external_id = p.external_id ORDER BY f.received_at, f.id LIMIT 1) WHERE ";

fn read(row: &Row) -> Result<Parked, StoreError> {
    Ok(Parked {
        id: row.parse("id")?,
        inbox: InboxId(row.get("inbox_id")?),
        reason: row.get("reason")?,
        at: row.time("at")?,
        content_type: row.get("content_type")?,
        bytes: row.get("bytes")?,
    })
}

impl Store {
    /// A page of what waits to be read again or set aside, the oldest first.
    pub async fn list_parked(
        &self,
        actor: &Actor,
        after: Option<&Place>,
        most: usize,
    ) -> Result<Page<Parked>, StoreError> {
        let start = Place { at: i64::MIN, id: String::new() };
        let after = after.unwrap_or(&start);
        let limit = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
        let mut args = values![after.at, &after.id, limit];
        let scope = actor.inbox_condition("p.inbox_id", &self.inboxes, &mut args);
        let sql = [
            COLUMNS,
            "p.settled_at IS NULL AND (p.at, p.id) > ($1, $2) AND ",
            &scope,
            " ORDER BY p.at, p.id LIMIT $3",
        ]
        .concat();
        let rows = self.pool.clone().rows_of(built(sql), args).await?;
        let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let more = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| more);
        let next = next.map(|last| Place { at: last.at.millis(), id: last.id.to_string() });
        Ok(Page { items, next })
    }

    /// One that is not settled yet, with what came.
    pub async fn get_parked(&self, actor: &Actor, id: &ParkedId) -> Result<Parked, StoreError> {
        let mut args = values![id];
        let scope = actor.inbox_condition("p.inbox_id", &self.inboxes, &mut args);
        let sql = [COLUMNS, "p.id = $1 AND ", &scope].concat();
        let rows = self.pool.clone().rows_of(built(sql), args).await?;
        let row = rows.first().ok_or(StoreError::NotFound("parked message"))?;
        if row.time_opt("settled_at")?.is_some() {
            return Err(SETTLED.into());
        }
        read(row)
    }

    /// Stores what a parked message turned out to be, as if it had been read when it came, and settles
    /// it. `None` where that was no message of a contact.
    pub async fn update_parked_as_read(
        &self,
        actor: &Actor,
        id: &ParkedId,
        request: IngestRequest,
    ) -> Result<Option<ReadAgain>, StoreError> {
        self.writer.write(Settle { by: Settler { actor: actor.clone(), id: id.clone() }, request }).await
    }

    /// Decides that nothing has to be done about it, and why.
    pub async fn set_parked_aside(
        &self,
        actor: &Actor,
        id: &ParkedId,
        reason: String,
    ) -> Result<(), StoreError> {
        self.writer.write(SetAside { by: Settler { actor: actor.clone(), id: id.clone() }, reason }).await
    }
}

/// Settles those whose message has come in a form that could be read: by another way, or in another
/// version.
pub(super) async fn settle_what_came(tx: &mut Tx) -> Result<(), StoreError> {
    let now = tx.now;
    let settled = tx
        .all(
            "UPDATE parked SET settled_at = $1, message_id = (SELECT s.message_id FROM sightings s \
             WHERE s.inbox_id = parked.inbox_id AND s.external_id = parked.external_id) \
             WHERE settled_at IS NULL AND EXISTS (SELECT 1 FROM sightings s \
             WHERE s.inbox_id = parked.inbox_id AND s.external_id = parked.external_id AND s.message_id IS NOT NULL) \
             RETURNING inbox_id, message_id",
            values![now],
        )
        .await?;
    for row in settled {
        tx.tell(NewEvent {
            kind: "inbox.parked_read",
            inbox: Some(InboxId(row.get("inbox_id")?)),
            message: row.parse_opt("message_id")?,
            ..NewEvent::default()
        });
    }
    Ok(())
}

/// A person who settles one.
struct Settler {
    actor: Actor,
    id: ParkedId,
}

impl Settler {
    /// Settles it in this person's name, once; gives its inbox.
    async fn settle(&self, tx: &mut Tx, reason: Option<&str>) -> Result<InboxId, StoreError> {
        let sql = ["SELECT inbox_id, settled_at FROM parked WHERE id = $1", dialect::for_update(tx.engine())]
            .concat();
        let rows = tx.rows_of(built(sql), values![&self.id]).await?;
        let row = rows.first().ok_or(StoreError::NotFound("parked message"))?;
        let inbox = InboxId(row.get("inbox_id")?);
        if !self.actor.sees(&tx.inboxes, None, None, &inbox) {
            return Err(StoreError::NotFound("parked message"));
        }
        if row.time_opt("settled_at")?.is_some() {
            return Err(SETTLED.into());
        }
        let now = tx.now;
        tx.execute(
            "UPDATE parked SET settled_at = $2, settled_by = $3, settled_reason = $4 WHERE id = $1",
            values![&self.id, now, self.actor.id(), reason],
        )
        .await?;
        Ok(inbox)
    }
}

struct Settle {
    by: Settler,
    request: IngestRequest,
}

impl Write for Settle {
    type Output = Option<ReadAgain>;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Option<ReadAgain>, StoreError> {
        let inbox = self.by.settle(tx, None).await?;
        ingest::apply(tx, &[&self.request]).await?;
        let known = self.request.events().find_map(|event| match event {
            InboundEvent::Message(message) => Some(&message.id),
            _ => None,
        });
        let read = match known {
            Some(external) => find_message(tx, &inbox, external).await?,
            None => None,
        };
        let message = read.as_ref().map(|read| read.message.clone());
        tx.execute("UPDATE parked SET message_id = $2 WHERE id = $1", values![&self.by.id, message.as_ref()])
            .await?;
        tx.tell(NewEvent {
            kind: "inbox.parked_read",
            inbox: Some(inbox),
            message,
            actor: Some(self.by.actor.id().clone()),
            ..NewEvent::default()
        });
        Ok(read)
    }
}

async fn find_message(
    tx: &mut Tx,
    inbox: &InboxId,
    external: &ExternalMessageId,
) -> Result<Option<ReadAgain>, StoreError> {
    let row = tx
        .first(
            "SELECT m.id, m.conversation_id FROM sightings s JOIN messages m ON m.id = s.message_id \
             WHERE s.inbox_id = $1 AND s.external_id = $2",
            values![inbox, external],
        )
        .await?;
    row.map(|row| Ok(ReadAgain { message: row.parse("id")?, conversation: row.parse("conversation_id")? }))
        .transpose()
}

struct SetAside {
    by: Settler,
    reason: String,
}

impl Write for SetAside {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let inbox = self.by.settle(tx, Some(&self.reason)).await?;
        tx.tell(NewEvent {
            kind: "inbox.parked_set_aside",
            inbox: Some(inbox),
            actor: Some(self.by.actor.id().clone()),
            ..NewEvent::default()
        });
        Ok(())
    }
}
