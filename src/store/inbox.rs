//! What the store knows of the inboxes: how complete each is, and what stands in its outbox.

use std::collections::HashMap;

use rapport_model::{Timestamp, id::InboxId};

use super::{
    Actor, Store,
    db::{Run as _, built},
    error::StoreError,
    rows::keys,
    value::{Value, values},
};

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
    /// Rows of people's messages that did not arrive, and that nobody let be.
    pub failed: i64,
    /// Rows of people's messages of which nobody knows.
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
    /// When something last came in on an inbox, by the store's clock.
    pub async fn find_last_inbound(&self, inbox: &InboxId) -> Result<Option<Timestamp>, StoreError> {
        self.pool
            .clone()
            .first("SELECT max(last_inbound_at) AS at FROM threads WHERE inbox_id = $1", values![inbox])
            .await?
            .map_or(Ok(None), |row| row.time_opt("at"))
    }

    /// The records of the inboxes within the actor's scope.
    pub async fn list_inbox_records(
        &self,
        actor: &Actor,
    ) -> Result<HashMap<InboxId, InboxRecord>, StoreError> {
        let mut pool = self.pool.clone();
        let mut records: HashMap<InboxId, InboxRecord> = HashMap::new();
        let served = self.inboxes.iter().map(|facts| &facts.id).filter(|id| actor.serves(&self.inboxes, id));
        let served: Vec<Vec<Value>> = served.map(|id| values![id]).collect();
        if served.is_empty() {
            return Ok(records);
        }
        let within = |before: &str, after: &str| {
            let (source, args) = keys(self.engine(), served.clone());
            (built([before, &source, after].concat()), args)
        };
        let (sql, args) = within("SELECT id, complete_up_to FROM inboxes WHERE id IN ", " ORDER BY id");
        for row in pool.rows_of(sql, args).await? {
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
        for (condition, and) in [
            ("state = 'queued'", ""),
            // Of what a machine sent nobody can settle anything.
            (
                "state IN ('failed', 'unconfirmed')",
                " AND NOT automatic AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = outbox.message_id \
                 AND m.set_aside_at IS NOT NULL)",
            ),
        ] {
            let select =
                ["SELECT inbox_id, state, count(*) AS n FROM outbox WHERE ", condition, " AND inbox_id IN "]
                    .concat();
            let (sql, args) = within(&select, &[and, " GROUP BY inbox_id, state"].concat());
            for row in pool.rows_of(sql, args).await? {
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
