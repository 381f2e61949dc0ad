//! A thread's row, whole: the leg of a conversation on one inbox, and the order of sending on it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use rapport_model::{
    Address, Timestamp,
    id::{ConversationId, ExternalThreadId, HandleId, InboxId, ThreadId},
};

use super::{
    db::{Run, built},
    dialect,
    error::StoreError,
    rows::{self, Rows},
    tx::Tx,
    value::{Row, values},
};

/// Within this time the same text again counts as a repeat.
const REPEAT_WINDOW: Duration = Duration::from_mins(10);
/// So often the same text, and nobody is acknowledged any more: two machines may be talking.
pub(super) const REPEATS: i64 = 3;

/// The leg on one inbox.
#[derive(Debug, Clone)]
pub(super) struct Thread {
    pub id: ThreadId,
    pub brand: String,
    pub inbox: InboxId,
    pub channel: String,
    pub external: ExternalThreadId,
    pub kind: String,
    pub permanent: bool,
    pub our_address: Address,
    /// What it is called, where several people read it.
    pub title: Option<String>,
    pub handle: Option<HandleId>,
    pub conversation: ConversationId,
    pub last_ticket: i64,
    pub last_inbound_at: Option<Timestamp>,
    pub repeat_hash: Option<String>,
    pub repeat_since: Option<Timestamp>,
    pub repeats: i64,
}

impl Thread {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parse("id")?,
            brand: row.get("brand")?,
            inbox: InboxId(row.get("inbox_id")?),
            channel: row.get("channel")?,
            external: ExternalThreadId(row.get("external_id")?),
            kind: row.get("kind")?,
            permanent: row.get("permanent")?,
            our_address: Address::new(row.get::<String>("our_address")?),
            title: row.get("title")?,
            handle: row.parse_opt("handle_id")?,
            conversation: row.parse("conversation_id")?,
            last_ticket: row.get("last_ticket")?,
            last_inbound_at: row.time_opt("last_inbound_at")?,
            repeat_hash: row.get("repeat_hash")?,
            repeat_since: row.time_opt("repeat_since")?,
            repeats: row.get("repeats")?,
        })
    }

    /// How often in a row the same content came within the window, if that is not over.
    pub(super) fn repeats(&self, now: Timestamp) -> i64 {
        let within = self.repeat_since.is_some_and(|since| now.since(since) <= REPEAT_WINDOW);
        if within { self.repeats } else { 0 }
    }

    /// Notes the content that came and says how often in a row it came within the window.
    pub(super) fn note_text(&mut self, hash: &str, now: Timestamp) -> i64 {
        let same = self.repeat_hash.as_deref() == Some(hash) && self.repeats(now) > 0;
        if same {
            self.repeats += 1;
        } else {
            self.repeat_hash = Some(hash.to_owned());
            self.repeat_since = Some(now);
            self.repeats = 1;
        }
        self.repeats
    }
}

/// Loads threads by inbox and external id, locked in the order of their ids.
pub(super) async fn load_by_external(
    tx: &mut Tx,
    keys: HashSet<(String, String)>,
) -> Result<HashMap<(String, String), Thread>, StoreError> {
    let keys: BTreeSet<_> = keys.into_iter().collect();
    let keys = keys.iter().map(|(inbox, id)| values![inbox, id]).collect();
    let (pairs, args) = rows::pairs(tx.engine(), keys);
    let lock = dialect::for_update_of_t(tx.engine());
    let select =
        "SELECT t.* FROM k CROSS JOIN threads t WHERE t.inbox_id = k.a AND t.external_id = k.b ORDER BY t.id";
    let sql = [&pairs, select, lock].concat();
    tx.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| {
            Thread::read(row).map(|thread| ((thread.inbox.0.clone(), thread.external.0.clone()), thread))
        })
        .collect()
}

/// Loads one and locks it.
pub(super) async fn get(tx: &mut Tx, id: &ThreadId) -> Result<Thread, StoreError> {
    let sql = ["SELECT * FROM threads WHERE id = $1", dialect::for_update(tx.engine())].concat();
    let rows = tx.rows_of(built(sql), values![id]).await?;
    rows.first().map(Thread::read).transpose()?.ok_or(StoreError::NotFound("thread"))
}

/// Saves threads, new and changed.
pub(super) async fn save(tx: &mut Tx, mut threads: Vec<&Thread>) -> Result<(), StoreError> {
    threads.sort_by(|a, b| a.id.cmp(&b.id));
    let mut rows = Rows::new(
        "threads",
        &[
            "id",
            "brand",
            "inbox_id",
            "channel",
            "external_id",
            "kind",
            "permanent",
            "our_address",
            "title",
            "handle_id",
            "conversation_id",
            "last_ticket",
            "last_inbound_at",
            "repeat_hash",
            "repeat_since",
            "repeats",
        ],
    );
    for thread in threads {
        rows.push(values![
            &thread.id,
            &thread.brand,
            &thread.inbox,
            &thread.channel,
            &thread.external,
            &thread.kind,
            thread.permanent,
            &thread.our_address,
            thread.title.clone(),
            thread.handle.as_ref(),
            &thread.conversation,
            thread.last_ticket,
            thread.last_inbound_at,
            thread.repeat_hash.clone(),
            thread.repeat_since,
            thread.repeats,
        ]);
    }
    rows.insert_with(
        tx,
        "ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, title = excluded.title, conversation_id = excluded.conversation_id, \
         last_ticket = excluded.last_ticket, last_inbound_at = excluded.last_inbound_at, \
         repeat_hash = excluded.repeat_hash, repeat_since = excluded.repeat_since, repeats = excluded.repeats",
    )
    .await
    .map(drop)
}
