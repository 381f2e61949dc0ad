//! One of two records that are to be joined or parted: loaded whole, under locks.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, ConversationId, HandleId},
};

use super::Refused;
use crate::store::{
    conversation::{self, Conversation},
    db::{Run as _, built},
    dialect,
    error::StoreError,
    scope::Actor,
    tx::Tx,
    value::values,
};

/// What stands in a contact's row and may differ between two.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Values {
    pub name: Option<String>,
    pub external_ref: Option<String>,
    pub known_associate_id: Option<AssociateId>,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub id: ContactId,
    pub brand: String,
    pub values: Values,
    pub merged_into: Option<ContactId>,
    pub erased: bool,
}

/// Whose a handle is or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    pub handle: HandleId,
    pub from: Timestamp,
    pub open: bool,
    pub shared: bool,
}

/// Loads two records and locks them, in the order of their ids. `None` for one that is not there.
pub(super) async fn lock_two(
    tx: &mut Tx,
    one: &ContactId,
    other: &ContactId,
) -> Result<(Option<Side>, Option<Side>), StoreError> {
    let sql = [
        "SELECT id, brand, name, external_ref, known_associate_id, merged_into_id, erased_at FROM contacts \
         WHERE id IN ($1, $2) ORDER BY id",
        dialect::for_update(tx.engine()),
    ]
    .concat();
    let mut found = (None, None);
    for row in tx.rows_of(built(sql), values![one, other]).await? {
        let side = Side {
            id: row.parse("id")?,
            brand: row.get("brand")?,
            values: Values {
                name: row.get("name")?,
                external_ref: row.get("external_ref")?,
                known_associate_id: row.parse_opt("known_associate_id")?,
            },
            merged_into: row.parse_opt("merged_into_id")?,
            erased: row.time_opt("erased_at")?.is_some(),
        };
        if side.id == *one {
            found.0 = Some(side);
        } else {
            found.1 = Some(side);
        }
    }
    Ok(found)
}

/// The periods of a record, its handles locked: what arrives meanwhile waits and finds the new owner.
pub(super) async fn periods(tx: &mut Tx, contact: &ContactId) -> Result<Vec<Period>, StoreError> {
    let sql = [
        "SELECT id FROM handles WHERE id IN (SELECT handle_id FROM handle_periods WHERE contact_id = $1) ORDER BY id",
        dialect::for_update(tx.engine()),
    ]
    .concat();
    tx.rows_of(built(sql), values![contact]).await?;
    tx.all(
        "SELECT p.handle_id, p.valid_from, p.valid_to, h.shared FROM handle_periods p JOIN handles h ON h.id = p.handle_id \
         WHERE p.contact_id = $1 ORDER BY p.handle_id, p.valid_from",
        values![contact],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Period {
            handle: row.parse("handle_id")?,
            from: row.time("valid_from")?,
            open: row.time_opt("valid_to")?.is_none(),
            shared: row.get("shared")?,
        })
    })
    .collect()
}

/// Refuses a record whose present addresses are all shared with others.
pub(super) fn require_own(periods: &[Period]) -> Result<(), Refused> {
    let mut open = periods.iter().filter(|period| period.open).peekable();
    if open.peek().is_some() && open.all(|period| period.shared) { Err(Refused::OnlyShared) } else { Ok(()) }
}

/// All conversations of a record, locked, the oldest first.
pub(super) async fn conversations(tx: &mut Tx, contact: &ContactId) -> Result<Vec<Conversation>, StoreError> {
    let ids =
        tx.all("SELECT id FROM conversations WHERE contact_id = $1 ORDER BY id", values![contact]).await?;
    let ids: Vec<ConversationId> = ids.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
    let mut all: Vec<Conversation> =
        conversation::load(tx, ids.iter().collect()).await?.into_values().collect();
    all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(all)
}

/// Whether the actor sees one of these.
pub(super) fn sees_any<'a>(
    tx: &Tx,
    actor: &Actor,
    mut conversations: impl Iterator<Item = &'a Conversation>,
) -> bool {
    conversations.any(|c| actor.sees(&tx.inboxes, c.team.as_ref(), c.assignee.as_ref(), &c.inbox))
}
