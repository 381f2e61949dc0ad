//! Which other records may be the same person, and why. Offered to a person, never applied: a name is no
//! reason, nor is an address that only looks alike.

use rapport_model::{Address, Timestamp, id::ContactId};

use super::{Refused, require_sight};
use crate::store::{
    Store,
    db::Run,
    error::{Conflict, StoreError},
    scope::Actor,
    tx::Tx,
    value::{Row, values},
    writer::Write,
};

/// Why two records may be one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// One of them came back with a code that was made for the other, without being proven.
    CodeReturned,
    /// One is proven to have the very address that the other claims.
    SameAddress,
    /// One has, proven, the same telephone number or mail address on another channel.
    SameOnOther,
}

impl Reason {
    /// The word that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodeReturned => "code_returned",
            Self::SameAddress => "same_address",
            Self::SameOnOther => "same_on_other",
        }
    }
}

/// Another record that may be the same person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Which record.
    pub contact: ContactId,
    /// The name that it goes by.
    pub name: Option<String>,
    /// Why it is offered.
    pub reason: Reason,
    /// The channel of the handle that it rests on.
    pub channel: String,
    /// That handle's address.
    pub address: Address,
    /// Since when there is that reason.
    pub since: Timestamp,
}

impl Store {
    /// Says that two records are two people: neither is offered beside the other any more.
    pub async fn dismiss_suggestion(
        &self,
        actor: &Actor,
        contact: &ContactId,
        other: &ContactId,
    ) -> Result<(), StoreError> {
        let (actor, contact, other) = (actor.clone(), contact.clone(), other.clone());
        self.writer.write(Dismiss { actor, contact, other }).await
    }

    /// What may be the same person, within the actor's scope, without what a person dismissed.
    pub(super) async fn list_suggestions(
        &self,
        actor: &Actor,
        contact: &ContactId,
    ) -> Result<Vec<Suggestion>, StoreError> {
        let mut pool = self.pool.clone();
        let mut found = list(&mut pool, contact).await?;
        found.sort_by(|a, b| (a.reason, &a.contact).cmp(&(b.reason, &b.contact)));
        let mut shown: Vec<Suggestion> = Vec::new();
        for one in found {
            if shown.iter().any(|other| other.contact == one.contact) {
                continue;
            }
            match require_sight(&mut pool, &self.inboxes, actor, &one.contact).await {
                Ok(()) => shown.push(one),
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(shown)
    }
}

const APART: &str = " AND NOT EXISTS (SELECT 1 FROM apart a WHERE (a.contact_id = $1 AND a.other_id = c.id) \
    OR (a.contact_id = c.id AND a.other_id = $1)) AND c.merged_into_id IS NULL AND c.erased_at IS NULL AND c.id <> $1 LIMIT 20";

async fn list(run: &mut impl Run, contact: &ContactId) -> Result<Vec<Suggestion>, StoreError> {
    let same_address = "SELECT c.id, c.name, o.channel, o.address, o.created_at AS since FROM handle_periods p \
        JOIN handles h ON h.id = p.handle_id AND NOT h.shared \
        JOIN handles o ON o.brand = h.brand AND o.channel = h.channel AND o.address = h.address AND o.trust <> h.trust AND NOT o.shared \
        JOIN handle_periods q ON q.handle_id = o.id AND q.valid_to IS NULL JOIN contacts c ON c.id = q.contact_id \
        WHERE p.contact_id = $1 AND p.valid_to IS NULL";
    // Numbers and mail addresses mean the same on every channel; the names that a channel gives do not.
    let elsewhere = "SELECT c.id, c.name, o.channel, o.address, o.created_at AS since FROM handle_periods p \
        JOIN handles h ON h.id = p.handle_id AND h.trust = 'proven' AND NOT h.shared AND (h.address LIKE '+%' OR h.address LIKE '%@%') \
        JOIN (SELECT DISTINCT brand, channel FROM inboxes) i ON i.brand = h.brand AND i.channel <> h.channel \
        JOIN handles o ON o.brand = i.brand AND o.channel = i.channel AND o.address = h.address AND o.trust = 'proven' AND NOT o.shared \
        JOIN handle_periods q ON q.handle_id = o.id AND q.valid_to IS NULL JOIN contacts c ON c.id = q.contact_id \
        WHERE p.contact_id = $1 AND p.valid_to IS NULL";
    let given = "SELECT c.id, c.name, h.channel, h.address, k.returned_at AS since FROM link_codes k \
        JOIN handles h ON h.id = k.returned_by JOIN handle_periods q ON q.handle_id = h.id AND q.valid_to IS NULL \
        JOIN contacts c ON c.id = q.contact_id AND c.brand = k.brand WHERE k.contact_id = $1 AND k.used_at IS NULL";
    let brought = "SELECT c.id, c.name, h.channel, h.address, k.returned_at AS since FROM handle_periods p \
        JOIN link_codes k ON k.returned_by = p.handle_id AND k.used_at IS NULL JOIN handles h ON h.id = p.handle_id \
        JOIN contacts c ON c.id = k.contact_id AND c.brand = k.brand WHERE p.contact_id = $1 AND p.valid_to IS NULL";
    let mut found = Vec::new();
    for (reason, sql) in [
        (Reason::CodeReturned, given),
        (Reason::CodeReturned, brought),
        (Reason::SameAddress, same_address),
        (Reason::SameOnOther, elsewhere),
    ] {
        let rows = run.rows_of(crate::store::db::built([sql, APART].concat()), values![contact]).await?;
        for row in &rows {
            found.push(read(row, reason)?);
        }
    }
    Ok(found)
}

fn read(row: &Row, reason: Reason) -> Result<Suggestion, StoreError> {
    Ok(Suggestion {
        contact: row.parse("id")?,
        name: row.get("name")?,
        reason,
        channel: row.get("channel")?,
        address: Address::new(row.get::<String>("address")?),
        since: row.time("since")?,
    })
}

struct Dismiss {
    actor: Actor,
    contact: ContactId,
    other: ContactId,
}

impl Write for Dismiss {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let inboxes = tx.inboxes.clone();
        require_sight(tx, &inboxes, &self.actor, &self.contact).await?;
        require_sight(tx, &inboxes, &self.actor, &self.other).await?;
        if self.contact == self.other {
            return Err(Conflict::CannotJoin(Refused::SameContact).into());
        }
        let (first, second) =
            (self.contact.clone().min(self.other.clone()), self.contact.clone().max(self.other.clone()));
        let now = tx.now;
        tx.execute(
            "INSERT INTO apart (contact_id, other_id, associate_id, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (contact_id, other_id) DO NOTHING",
            values![&first, &second, self.actor.id(), now],
        )
        .await
        .map(drop)
    }
}
