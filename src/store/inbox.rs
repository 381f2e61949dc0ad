//! What the store knows of the inboxes: how complete each is, and what stands in its outbox.

use std::collections::HashMap;

use rapport_model::{Timestamp, id::InboxId};

use super::{Store, db::Run as _, error::StoreError, value::values};

/// How many gaps are shown of an inbox: the latest.
const GAPS_SHOWN: usize = 20;

/// The records of one inbox.
#[derive(Debug, Clone, Default)]
pub struct InboxRecord {
    /// Up to when nothing is missing, where that is known.
    pub complete_up_to: Option<Timestamp>,
    /// When something may be missing, and why; the latest first.
    pub gaps: Vec<Gap>,
    /// Rows of the outbox that wait.
    pub queued: i64,
    /// Rows that did not arrive.
    pub failed: i64,
    /// Rows of which nobody knows.
    pub unconfirmed: i64,
}

/// A time from which messages may be missing.
#[derive(Debug, Clone)]
pub struct Gap {
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// Why, for a person.
    pub reason: String,
}

impl Store {
    /// The records of every inbox.
    pub async fn list_inbox_records(&self) -> Result<HashMap<InboxId, InboxRecord>, StoreError> {
        let mut pool = self.pool.clone();
        let mut records: HashMap<InboxId, InboxRecord> = HashMap::new();
        for row in pool.all("SELECT id, complete_up_to FROM inboxes ORDER BY id", Vec::new()).await? {
            let record =
                InboxRecord { complete_up_to: row.time_opt("complete_up_to")?, ..Default::default() };
            records.insert(InboxId(row.get("id")?), record);
        }
        for (id, record) in &mut records {
            let gaps = pool
                .all(
                    "SELECT gap_from, gap_to, reason FROM gaps WHERE inbox_id = $1 ORDER BY gap_from DESC LIMIT $2",
                    values![id, i64::try_from(GAPS_SHOWN).unwrap_or(i64::MAX)],
                )
                .await?;
            for row in gaps {
                let gap =
                    Gap { from: row.time("gap_from")?, to: row.time("gap_to")?, reason: row.get("reason")? };
                record.gaps.push(gap);
            }
        }
        // Two statements, each over one partial index, which a single condition would not find.
        for sql in [
            "SELECT inbox_id, state, count(*) AS n FROM outbox WHERE state = 'queued' GROUP BY inbox_id, state",
            "SELECT inbox_id, state, count(*) AS n FROM outbox WHERE state IN ('failed', 'unconfirmed') GROUP BY inbox_id, state",
        ] {
            for row in pool.all(sql, Vec::new()).await? {
                let record = records.entry(InboxId(row.get("inbox_id")?)).or_default();
                let many = row.get("n")?;
                match row.get::<String>("state")?.as_str() {
                    "queued" => record.queued = many,
                    "failed" => record.failed = many,
                    _ => record.unconfirmed = many,
                }
            }
        }
        Ok(records)
    }
}
