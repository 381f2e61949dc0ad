//! "New owner": a number was given to somebody else. The period of its contact ends and one of a fresh
//! contact begins; what the old contact has stays where it is. As long as nothing came from the new
//! owner it can be undone, and leaves only its lines in the timeline and in the journal.
//!
//! Nothing here moves a message, a conversation or an obligation.

use rapport_model::{
    Timestamp,
    id::{ContactId, ConversationId, HandleId},
};
use serde_json::json;

use super::{
    Store,
    conversation::{self, Conversation, State},
    db::{Run, built},
    dialect, entry,
    error::{Conflict, StoreError},
    identity,
    scope::Actor,
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

/// Why nobody is written to by the conversation of an owner who went.
pub(super) const MOVED: &str =
    "This number has a new owner: what they write stands in a conversation of its own.";

impl Store {
    /// Ends the period of a handle's contact and begins one of a fresh contact.
    pub async fn give_to_new_owner(
        &self,
        actor: &Actor,
        handle: &HandleId,
        reason: String,
    ) -> Result<(), StoreError> {
        self.writer.write(NewOwner { act: OnHandle::new(actor, handle), reason }).await
    }

    /// Takes that back, as long as nothing came from the new owner: `TooLate` afterwards.
    pub async fn give_back_to_owner(&self, actor: &Actor, handle: &HandleId) -> Result<(), StoreError> {
        self.writer.write(GiveBack { act: OnHandle::new(actor, handle) }).await
    }
}

struct OnHandle {
    actor: Actor,
    handle: HandleId,
}

impl OnHandle {
    fn new(actor: &Actor, handle: &HandleId) -> Self {
        Self { actor: actor.clone(), handle: handle.clone() }
    }
}

/// Whose a handle is now.
struct Period {
    brand: String,
    contact: ContactId,
    since: Timestamp,
    blocked: bool,
    /// By which act of "new owner" it began.
    act: Option<Act>,
}

struct Act {
    journal: String,
    old: ContactId,
}

impl OnHandle {
    /// The open period, with the handle locked: what arrives meanwhile waits and finds the new one.
    async fn period(&self, tx: &mut Tx) -> Result<Period, StoreError> {
        let sql = ["SELECT brand, blocked_at FROM handles WHERE id = $1", dialect::for_update(tx.engine())]
            .concat();
        let rows = tx.rows_of(built(sql), values![&self.handle]).await?;
        let handle = rows.first().ok_or(StoreError::NotFound("handle"))?;
        let row = tx
            .first(
                "SELECT p.contact_id, p.valid_from, p.journal_id, i.before_json FROM handle_periods p LEFT JOIN journal_items i \
                 ON i.journal_id = p.journal_id AND i.item = 0 AND i.subject = 'handle' WHERE p.handle_id = $1 AND p.valid_to IS NULL",
                values![&self.handle],
            )
            .await?
            .ok_or(StoreError::NotFound("handle"))?;
        let journal: Option<String> = row.get("journal_id")?;
        let before: Option<String> = row.get("before_json")?;
        let act = match journal.zip(before) {
            Some((journal, before)) => {
                let old = identity::standing(tx, &old_contact(&before)?).await?;
                Some(Act { journal, old })
            }
            None => None,
        };
        Ok(Period {
            brand: handle.get("brand")?,
            blocked: handle.get::<Option<i64>>("blocked_at")?.is_some(),
            contact: row.parse("contact_id")?,
            since: row.time("valid_from")?,
            act,
        })
    }

    /// The contact's conversations, one of which the actor sees.
    async fn conversations(&self, tx: &mut Tx, contact: &ContactId) -> Result<Vec<Conversation>, StoreError> {
        conversations_in_scope(tx, &self.actor, contact).await
    }

    /// Says it in the open conversations of the old contact, and where none is open in the last one.
    async fn note(
        &self,
        tx: &mut Tx,
        conversations: Vec<Conversation>,
        kind: &'static str,
        activity: serde_json::Value,
    ) -> Result<(), StoreError> {
        let last = conversations.iter().max_by_key(|c| (c.last_at, c.id.clone())).map(|c| c.id.clone());
        let none_open = conversations.iter().all(|c| c.state == State::Closed);
        for before in conversations {
            if before.state == State::Closed && !(none_open && Some(&before.id) == last.as_ref()) {
                continue;
            }
            let mut after = before.clone();
            let id = entry::insert_activity(tx, &mut after, Some(&self.actor), activity.clone()).await?;
            conversation::save_one(tx, &before, &after).await?;
            let mut event = after.event(kind, Some(&before));
            event.message = Some(id);
            event.actor = Some(self.actor.id().clone());
            tx.tell(event);
        }
        Ok(())
    }

    fn tell(&self, tx: &mut Tx, kind: &'static str, brand: &str, contact: &ContactId) {
        tx.tell(NewEvent {
            kind,
            brand: Some(brand.to_owned()),
            contact: Some(contact.clone()),
            actor: Some(self.actor.id().clone()),
            ..NewEvent::default()
        });
    }
}

/// The conversations of a contact; where the actor sees none of them, it is as if there were no handle.
pub(super) async fn conversations_in_scope(
    tx: &mut Tx,
    actor: &Actor,
    contact: &ContactId,
) -> Result<Vec<Conversation>, StoreError> {
    let ids =
        tx.all("SELECT id FROM conversations WHERE contact_id = $1 ORDER BY id", values![contact]).await?;
    let ids: Vec<ConversationId> = ids.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
    let all: Vec<Conversation> = conversation::load(tx, ids.iter().collect()).await?.into_values().collect();
    if all.iter().any(|c| c.is_seen_by(actor, &tx.inboxes)) {
        Ok(all)
    } else {
        Err(StoreError::NotFound("handle"))
    }
}

fn old_contact(before: &str) -> Result<ContactId, StoreError> {
    let corrupt = StoreError::Corrupt { column: "journal_items.before_json" };
    let Ok(before) = serde_json::from_str::<serde_json::Value>(before) else { return Err(corrupt) };
    before["contact"].as_str().and_then(|id| id.to_owned().try_into().ok()).ok_or(corrupt)
}

async fn has_written(tx: &mut Tx, contact: &ContactId) -> Result<bool, StoreError> {
    let row =
        tx.first("SELECT id FROM conversations WHERE contact_id = $1 LIMIT 1", values![contact]).await?;
    Ok(row.is_some())
}

struct NewOwner {
    act: OnHandle,
    reason: String,
}

impl Write for NewOwner {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let on = &self.act;
        let period = on.period(tx).await?;
        if let Some(act) = &period.act
            && !has_written(tx, &period.contact).await?
        {
            on.conversations(tx, &act.old).await?;
            return Err(
                Conflict::NotNow("Nobody has written from this number since it has a new owner.").into()
            );
        }
        let conversations = on.conversations(tx, &period.contact).await?;
        if period.blocked {
            return Err(
                Conflict::NotNow("It was the old owner who was blocked: unblock the number first.").into()
            );
        }
        let (fresh, journal) = (ContactId::new(), uuid::Uuid::now_v7().to_string());
        // The clock of a machine may have been set back since the period began.
        let (now, end) = (tx.now, tx.now.max(period.since));
        let by = on.actor.id();
        tx.execute(
            "INSERT INTO journal (id, kind, at, associate_id, evidence) VALUES ($1, 'split', $2, $3, $4)",
            values![&journal, now, by, &self.reason],
        )
        .await?;
        let before = json!({"contact": period.contact, "valid_from": period.since.millis()}).to_string();
        let after = json!({"contact": fresh, "valid_from": end.millis()}).to_string();
        tx.execute(
            "INSERT INTO journal_items (journal_id, item, subject, subject_id, before_json, after_json) \
             VALUES ($1, 0, 'handle', $2, $3, $4)",
            values![&journal, &on.handle, before, after],
        )
        .await?;
        tx.execute(
            "UPDATE handle_periods SET valid_to = $2 WHERE handle_id = $1 AND valid_to IS NULL",
            values![&on.handle, end],
        )
        .await?;
        tx.execute(
            "INSERT INTO contacts (id, brand, created_at) VALUES ($1, $2, $3)",
            values![&fresh, &period.brand, now],
        )
        .await?;
        tx.execute(
            "INSERT INTO handle_periods (handle_id, contact_id, valid_from, journal_id) VALUES ($1, $2, $3, $4)",
            values![&on.handle, &fresh, end, &journal],
        )
        .await?;
        let activity = json!({"type": "new_owner", "reason": self.reason});
        on.note(tx, conversations, "conversation.new_owner", activity).await?;
        on.tell(tx, "handle.new_owner", &period.brand, &period.contact);
        Ok(())
    }
}

struct GiveBack {
    act: OnHandle,
}

impl Write for GiveBack {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let on = &self.act;
        let period = on.period(tx).await?;
        let Some(act) = &period.act else {
            on.conversations(tx, &period.contact).await?;
            return Err(Conflict::NotNow("This number has no new owner.").into());
        };
        let conversations = on.conversations(tx, &act.old).await?;
        if has_written(tx, &period.contact).await? {
            return Err(Conflict::TooLate.into());
        }
        tx.execute(
            "DELETE FROM handle_periods WHERE handle_id = $1 AND valid_to IS NULL",
            values![&on.handle],
        )
        .await?;
        tx.execute("DELETE FROM contacts WHERE id = $1", values![&period.contact]).await?;
        tx.execute(
            "UPDATE handle_periods SET valid_to = NULL WHERE handle_id = $1 AND contact_id = $2",
            values![&on.handle, &act.old],
        )
        .await?;
        let now = tx.now;
        tx.execute(
            "UPDATE journal SET undone_at = $2, undone_by = $3 WHERE id = $1",
            values![&act.journal, now, on.actor.id()],
        )
        .await?;
        let activity = json!({"type": "new_owner_undone"});
        on.note(tx, conversations, "conversation.new_owner", activity).await?;
        on.tell(tx, "handle.new_owner_undone", &period.brand, &act.old);
        Ok(())
    }
}
