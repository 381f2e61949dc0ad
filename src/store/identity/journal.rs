//! What a join moved, written down row by row, and read again by whoever parts the two.

use std::collections::{BTreeSet, HashMap};

use rapport_model::id::{ContactId, ConversationId};
use serde_json::{Value as Json, json};

use super::side::Values;
use crate::store::{db::Run as _, error::StoreError, rows::Rows, tx::Tx, value::values};

const CORRUPT: StoreError = StoreError::Corrupt { column: "journal_items.before_json" };

/// A period of a handle that changed its contact. Where the other contact had one of the same handle that
/// began in the same millisecond, it begins a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    pub handle: String,
    pub before: i64,
    pub after: i64,
}

/// All that a join moved.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// What stood in the two rows: of the one that stands first.
    pub values: Vec<(ContactId, Values)>,
    pub periods: Vec<Moved>,
    /// The conversations of the record that went, with their last position then.
    pub moved: HashMap<ConversationId, i64>,
    /// Those of the record that stands.
    pub stayed: HashMap<ConversationId, i64>,
    pub obligations: BTreeSet<String>,
    /// Message and recipient of each.
    pub deliveries: BTreeSet<(String, String)>,
}

impl Items {
    /// Writes them down.
    pub(super) async fn insert(&self, tx: &mut Tx, journal: &str) -> Result<(), StoreError> {
        let mut rows = Rows::new(
            "journal_items",
            &["journal_id", "item", "subject", "subject_id", "before_json", "after_json"],
        );
        let mut item = 0_i64;
        let mut push = |subject: &'static str, id: &str, before: &Json, after: &Json| {
            rows.push(values![journal, item, subject, id, before.to_string(), after.to_string()]);
            item += 1;
        };
        for (id, values) in &self.values {
            push("contact", id.as_str(), &json!(values), &Json::Null);
        }
        for period in &self.periods {
            push("handle", &period.handle, &json!(period.before), &json!(period.after));
        }
        for (subject, conversations) in [("moved", &self.moved), ("stayed", &self.stayed)] {
            for (id, position) in conversations {
                push(subject, id.as_str(), &json!(position), &Json::Null);
            }
        }
        push("obligations", "", &json!(self.obligations), &Json::Null);
        push("deliveries", "", &json!(self.deliveries), &Json::Null);
        rows.insert(tx).await
    }

    /// Reads what was written down.
    pub(super) async fn load(tx: &mut Tx, journal: &str) -> Result<Self, StoreError> {
        let rows = tx
            .all(
                "SELECT subject, subject_id, before_json, after_json FROM journal_items WHERE journal_id = $1 ORDER BY item",
                values![journal],
            )
            .await?;
        let mut items = Self::default();
        for row in &rows {
            let id: String = row.get("subject_id")?;
            let json = |column| row.get::<String>(column);
            let number = |column| json(column)?.parse::<i64>().map_err(|_| CORRUPT);
            match row.get::<String>("subject")?.as_str() {
                "contact" => {
                    let values = serde_json::from_str(&json("before_json")?).map_err(|_| CORRUPT)?;
                    items.values.push((id.try_into().map_err(|_| CORRUPT)?, values));
                }
                "handle" => items.periods.push(Moved {
                    handle: id,
                    before: number("before_json")?,
                    after: number("after_json")?,
                }),
                "moved" => {
                    items.moved.insert(id.try_into().map_err(|_| CORRUPT)?, number("before_json")?);
                }
                "stayed" => {
                    items.stayed.insert(id.try_into().map_err(|_| CORRUPT)?, number("before_json")?);
                }
                "obligations" => {
                    items.obligations = serde_json::from_str(&json("before_json")?).map_err(|_| CORRUPT)?;
                }
                "deliveries" => {
                    items.deliveries = serde_json::from_str(&json("before_json")?).map_err(|_| CORRUPT)?;
                }
                _ => return Err(CORRUPT),
            }
        }
        Ok(items)
    }
}
