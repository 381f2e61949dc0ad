//! Joins two records of one person: all that was the one's becomes the other's, and the journal says what.

use rapport_model::id::{AssociateId, ContactId, ConversationId, MessageId};
use serde_json::json;

use super::{
    Refused, conflict,
    journal::{Items, Moved},
    side::{self, Period, Side},
};
use crate::store::{
    Store, act,
    conversation::{self, Conversation, State},
    db::Run as _,
    error::{Conflict, StoreError},
    scope::{Actor, Role},
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

/// Names a join.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MergeId(pub String);

/// On what a join rests.
pub(in crate::store) enum Basis<'a> {
    /// A person looked at both and says how they know.
    Person { actor: &'a Actor, reason: &'a str },
    /// A code came back, made by that associate.
    Code { made_by: &'a AssociateId, channel: &'a str, message: &'a MessageId },
}

impl Store {
    /// Joins two records of one brand, by the decision of a person who sees both, for a reason. What was
    /// `from`'s becomes `into`'s. Refused where a rule stands against it ([`Refused`]).
    pub async fn merge(
        &self,
        actor: &Actor,
        into: &ContactId,
        from: &ContactId,
        reason: String,
    ) -> Result<MergeId, StoreError> {
        let (actor, into, from) = (actor.clone(), into.clone(), from.clone());
        self.writer.write(Merge { actor, into, from, reason }).await
    }
}

struct Merge {
    actor: Actor,
    into: ContactId,
    from: ContactId,
    reason: String,
}

impl Write for Merge {
    type Output = MergeId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<MergeId, StoreError> {
        let basis = Basis::Person { actor: &self.actor, reason: &self.reason };
        join(tx, &self.into, &self.from, &basis).await
    }
}

/// Joins them in the caller's transaction.
pub(in crate::store) async fn join(
    tx: &mut Tx,
    into: &ContactId,
    from: &ContactId,
    basis: &Basis<'_>,
) -> Result<MergeId, StoreError> {
    let (into, from) = match side::lock_two(tx, into, from).await? {
        (Some(into), Some(from)) => (into, from),
        // Whoever may see it is told what is wrong; of what is not there nothing is.
        (Some(one), None) if into == from => (one.clone(), one),
        _ => return Err(StoreError::NotFound("contact")),
    };
    let (kept, gone) = (side::periods(tx, &into.id).await?, side::periods(tx, &from.id).await?);
    let stayed = side::conversations(tx, &into.id).await?;
    let moved = side::conversations(tx, &from.id).await?;
    if let Basis::Person { actor, .. } = basis
        && actor.role() != Role::Admin
        && !(side::sees_any(tx, actor, stayed.iter()) && side::sees_any(tx, actor, moved.iter()))
    {
        return Err(StoreError::NotFound("contact"));
    }
    check(&into, &from).map_err(Conflict::CannotJoin)?;
    side::require_own(&kept).and_then(|()| side::require_own(&gone)).map_err(Conflict::CannotJoin)?;

    let id = insert_journal(tx, &into.id, &from.id, basis).await?;
    let mut items = Items {
        values: vec![(into.id.clone(), into.values.clone()), (from.id.clone(), from.values.clone())],
        periods: Vec::new(),
        moved: moved.iter().map(|c| (c.id.clone(), c.last_position)).collect(),
        stayed: stayed.iter().map(|c| (c.id.clone(), c.last_position)).collect(),
        ..Items::default()
    };
    for period in &gone {
        items.periods.push(move_period(tx, period, &kept, &into.id, &from.id).await?);
    }
    move_rows(tx, &into.id, &from.id, &mut items).await?;
    items.insert(tx, &id).await?;
    conflict::keep(tx, &id, &into, &from).await?;
    say(tx, basis, &into.id, &id, stayed.into_iter().chain(moved)).await?;
    let actor = match basis {
        Basis::Person { actor, .. } => Some(actor.id().clone()),
        Basis::Code { .. } => None,
    };
    tx.tell(NewEvent {
        kind: "contact.merged",
        brand: Some(into.brand),
        contact: Some(into.id),
        actor,
        ..NewEvent::default()
    });
    Ok(MergeId(id))
}

/// What stands against joining two records, whoever wants it.
pub(super) fn check(into: &Side, from: &Side) -> Result<(), Refused> {
    if into.id == from.id {
        return Err(Refused::SameContact);
    }
    if into.erased || from.erased {
        return Err(Refused::Erased);
    }
    if into.merged_into.is_some() || from.merged_into.is_some() {
        return Err(Refused::MergedBefore);
    }
    if into.brand == from.brand { Ok(()) } else { Err(Refused::OtherBrand) }
}

async fn insert_journal(
    tx: &mut Tx,
    into: &ContactId,
    from: &ContactId,
    basis: &Basis<'_>,
) -> Result<String, StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let now = tx.now;
    let (kind, by, word, evidence) = match basis {
        Basis::Person { actor, reason } => ("merge", actor.id(), "person", (*reason).to_owned()),
        Basis::Code { made_by, channel, message } => {
            let returned = json!({"channel": channel, "message": message});
            ("join", *made_by, "code", returned.to_string())
        }
    };
    tx.execute(
        "INSERT INTO journal (id, kind, at, associate_id, evidence, source_id, target_id, basis) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![&id, kind, now, by, evidence, from, into, word],
    )
    .await?;
    Ok(id)
}

async fn move_period(
    tx: &mut Tx,
    period: &Period,
    kept: &[Period],
    into: &ContactId,
    from: &ContactId,
) -> Result<Moved, StoreError> {
    let before = period.from.millis();
    let mut after = before;
    while kept.iter().any(|other| other.handle == period.handle && other.from.millis() == after) {
        after += 1;
    }
    tx.execute(
        "UPDATE handle_periods SET contact_id = $3, valid_from = $5, \
         valid_to = CASE WHEN valid_to < $5 THEN $5 ELSE valid_to END \
         WHERE handle_id = $1 AND contact_id = $2 AND valid_from = $4",
        values![&period.handle, from, into, before, after],
    )
    .await?;
    Ok(Moved { handle: period.handle.to_string(), before, after })
}

/// What names the record that goes, beside its conversations.
async fn move_rows(
    tx: &mut Tx,
    into: &ContactId,
    from: &ContactId,
    items: &mut Items,
) -> Result<(), StoreError> {
    tx.execute("UPDATE messages SET contact_id = $2 WHERE contact_id = $1", values![from, into]).await?;
    let owed = tx
        .all("UPDATE obligations SET contact_id = $2 WHERE contact_id = $1 RETURNING id", values![from, into])
        .await?;
    items.obligations = owed.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?;
    let copies = tx
        .all(
            "UPDATE deliveries SET contact_id = $2 WHERE contact_id = $1 RETURNING message_id, recipient",
            values![from, into],
        )
        .await?;
    for row in &copies {
        items.deliveries.insert((row.get("message_id")?, row.get("recipient")?));
    }
    tx.execute("UPDATE contacts SET merged_into_id = $2 WHERE id = $1", values![from, into]).await.map(drop)
}

/// Says it once, in what is the record's latest now: both sides' timelines are one.
async fn say(
    tx: &mut Tx,
    basis: &Basis<'_>,
    into: &ContactId,
    merge: &str,
    conversations: impl Iterator<Item = Conversation>,
) -> Result<(), StoreError> {
    let conversations: Vec<Conversation> = conversations.collect();
    let latest = latest(conversations.iter());
    for before in conversations {
        let mut after = before.clone();
        after.contact = into.clone();
        if latest.as_ref() == Some(&before.id) {
            match basis {
                Basis::Person { actor, reason } => {
                    let activity = json!({"type": "merged", "merge": merge, "reason": reason});
                    act::note(tx, actor, &before, &mut after, "conversation.merged", activity).await?;
                }
                Basis::Code { channel, .. } => {
                    let activity = json!({"type": "linked", "merge": merge, "channel": channel});
                    note_by_itself(tx, &before, &mut after, "conversation.merged", activity).await?;
                }
            }
        } else if after.contact != before.contact {
            tx.tell(after.event("conversation.merged", Some(&before)));
        } else {
            continue;
        }
        conversation::save_one(tx, &before, &after).await?;
    }
    Ok(())
}

/// Where what happens to a record is said: in the latest of what is open, else in the latest.
pub(super) fn latest<'a>(conversations: impl Iterator<Item = &'a Conversation>) -> Option<ConversationId> {
    conversations
        .max_by_key(|c| (c.state != State::Closed, c.last_at, c.id.clone()))
        .map(|conversation| conversation.id.clone())
}

/// Says in the timeline and in the log what happened without a person's act.
pub(in crate::store) async fn note_by_itself(
    tx: &mut Tx,
    before: &Conversation,
    after: &mut Conversation,
    kind: &'static str,
    activity: serde_json::Value,
) -> Result<(), StoreError> {
    let id = crate::store::entry::insert_activity(tx, after, None, activity).await?;
    let mut event = after.event(kind, Some(before));
    event.message = Some(id);
    tx.tell(event);
    Ok(())
}
