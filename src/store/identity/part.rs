//! Takes a join back. Both records stand as they stood before; what came since goes with the thread of its
//! handle: to whoever that handle belongs to then.

use rapport_model::id::ContactId;
use serde_json::json;

use super::{
    Refused, conflict, divide,
    journal::Items,
    merge::{self, MergeId},
    side::{self, Side},
    standing,
};
use crate::store::{
    Store, act,
    conversation::{self, Conversation},
    db::{Run as _, built},
    dialect,
    error::{Conflict, StoreError},
    scope::{Actor, Role},
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

impl Store {
    /// Takes a join back, by a person who sees something of both. Gives the record that stands again.
    pub async fn undo_merge(&self, actor: &Actor, merge: &MergeId) -> Result<ContactId, StoreError> {
        self.writer.write(Part { actor: actor.clone(), merge: merge.clone() }).await
    }
}

struct Part {
    actor: Actor,
    merge: MergeId,
}

const NOT_FOUND: StoreError = StoreError::NotFound("merge");

impl Write for Part {
    type Output = ContactId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<ContactId, StoreError> {
        let (into, from, undone) = self.find(tx).await?;
        let sides = side::lock_two(tx, &into, &from).await?;
        // What was merged again stands with the last of them, and is seen there.
        let top = standing(tx, &into).await?;
        let all = side::conversations(tx, &top).await?;
        let items = Items::load(tx, &self.merge.0).await?;
        self.require_sight(tx, &all, &items)?;
        if undone {
            return Err(Conflict::CannotJoin(Refused::UndoneBefore).into());
        }
        let (into, from) = Self::check(sides, &into)?;
        // The handles of both are locked: what arrives meanwhile waits and finds the owner of then.
        side::periods(tx, &into.id).await?;
        for period in &items.periods {
            tx.execute(
                "UPDATE handle_periods SET contact_id = $3, valid_from = $5 WHERE handle_id = $1 AND contact_id = $2 AND valid_from = $4",
                values![&period.handle, &into.id, &from.id, period.after, period.before],
            )
            .await?;
        }
        self.restore_values(tx, &into, &from, &items).await?;
        let plan = divide::plan(tx, &into.id, &from.id, &all, &items).await?;
        self.restore_rows(tx, &into.id, &from.id, &items).await?;
        let divided = divide::apply(tx, plan, &into.id, &from.id, all).await?;
        divide::owners(tx, &into.id, &from.id, &items).await?;
        self.say(tx, &into.id, &from.id, divided).await?;
        let now = tx.now;
        tx.execute(
            "UPDATE journal SET undone_at = $2, undone_by = $3 WHERE id = $1",
            values![&self.merge.0, now, self.actor.id()],
        )
        .await?;
        for contact in [&into.id, &from.id] {
            tx.tell(NewEvent {
                kind: "contact.parted",
                brand: Some(into.brand.clone()),
                contact: Some(contact.clone()),
                actor: Some(self.actor.id().clone()),
                ..NewEvent::default()
            });
        }
        Ok(from.id)
    }
}

impl Part {
    async fn find(&self, tx: &mut Tx) -> Result<(ContactId, ContactId, bool), StoreError> {
        let sql = [
            "SELECT target_id, source_id, undone_at FROM journal WHERE id = $1 AND target_id IS NOT NULL",
            dialect::for_update(tx.engine()),
        ]
        .concat();
        let rows = tx.rows_of(built(sql), values![&self.merge.0]).await?;
        let row = rows.first().ok_or(NOT_FOUND)?;
        Ok((row.parse("target_id")?, row.parse("source_id")?, row.time_opt("undone_at")?.is_some()))
    }

    /// Whoever sees nothing of one side is told of no merge. A side that had no conversation then hides none.
    fn require_sight(&self, tx: &Tx, all: &[Conversation], items: &Items) -> Result<(), StoreError> {
        if self.actor.role() == Role::Admin {
            return Ok(());
        }
        let (gone, kept): (Vec<_>, Vec<_>) = all.iter().partition(|c| items.moved.contains_key(&c.id));
        let sees = |side: Vec<&Conversation>| side::sees_any(tx, &self.actor, side.into_iter());
        let some = !gone.is_empty() || !kept.is_empty();
        if some && (gone.is_empty() || sees(gone)) && (kept.is_empty() || sees(kept)) {
            Ok(())
        } else {
            Err(NOT_FOUND)
        }
    }

    fn check(sides: (Option<Side>, Option<Side>), target: &ContactId) -> Result<(Side, Side), Conflict> {
        let (Some(into), Some(from)) = sides else { return Err(Conflict::CannotJoin(Refused::Erased)) };
        if into.erased || from.erased {
            return Err(Conflict::CannotJoin(Refused::Erased));
        }
        if into.merged_into.is_some() || from.merged_into.as_ref() != Some(target) {
            return Err(Conflict::CannotJoin(Refused::LaterMerge));
        }
        Ok((into, from))
    }

    async fn restore_values(
        &self,
        tx: &mut Tx,
        into: &Side,
        from: &Side,
        items: &Items,
    ) -> Result<(), StoreError> {
        // A brand has each of the shop's ids once, also for a moment.
        tx.execute(
            "UPDATE contacts SET external_ref = NULL WHERE id IN ($1, $2)",
            values![&into.id, &from.id],
        )
        .await?;
        for (id, values) in &items.values {
            let mut values = values.clone();
            let current = if *id == into.id { &into.values } else { &from.values };
            // Whom a person chose since, or who was taken from the other side, is told apart by the row of then.
            if *id == into.id && current.known_associate_id != from.values.known_associate_id {
                values.known_associate_id.clone_from(&current.known_associate_id);
            }
            conflict::write(tx, id, &values).await?;
        }
        tx.execute(
            "DELETE FROM contact_conflicts WHERE contact_id = $1 AND journal_id = $2",
            values![&into.id, &self.merge.0],
        )
        .await?;
        tx.execute("UPDATE contacts SET merged_into_id = NULL WHERE id = $1", values![&from.id])
            .await
            .map(drop)
    }

    async fn restore_rows(
        &self,
        tx: &mut Tx,
        into: &ContactId,
        from: &ContactId,
        items: &Items,
    ) -> Result<(), StoreError> {
        for id in &items.obligations {
            tx.execute(
                "UPDATE obligations SET contact_id = $3 WHERE id = $1 AND contact_id = $2",
                values![id, into, from],
            )
            .await?;
        }
        for (message, recipient) in &items.deliveries {
            tx.execute(
                "UPDATE deliveries SET contact_id = $4 WHERE message_id = $1 AND recipient = $2 AND contact_id = $3",
                values![message, recipient, into, from],
            )
            .await?;
        }
        Ok(())
    }

    /// Saves what was divided, and says so once on each side.
    async fn say(
        &self,
        tx: &mut Tx,
        into: &ContactId,
        from: &ContactId,
        divided: Vec<(Option<Conversation>, Conversation)>,
    ) -> Result<(), StoreError> {
        let of = |side: &ContactId| {
            merge::latest(divided.iter().map(|(_, after)| after).filter(|after| after.contact == *side))
        };
        let told = [of(into), of(from)];
        for (before, mut after) in divided {
            let was = before.clone().unwrap_or_else(|| after.clone());
            if told.iter().flatten().any(|id| *id == after.id) {
                let activity = json!({"type": "parted", "merge": self.merge.0});
                act::note(tx, &self.actor, &was, &mut after, "conversation.parted", activity).await?;
            } else if before.as_ref() == Some(&after) {
                continue;
            } else {
                tx.tell(after.event("conversation.parted", Some(&was)));
            }
            conversation::save(tx, &[(before, &after)]).await?;
        }
        Ok(())
    }
}
