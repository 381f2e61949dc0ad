//! Taking a decision back: what it discharged is owed again with its original time, and each conversation
//! stands as it stood, unless somebody wrote or decided something since. Which ones that are, and why, is
//! said.

use rapport_model::{
    DeliveryState, Timestamp,
    id::{ConversationId, DecisionId, ObligationId, TeamId},
};
use serde_json::json;

use super::{Item, Stood, TAKE_BACK, Verdict};
use crate::store::{
    Store, act,
    conversation::{self, Conversation},
    db::Run as _,
    error::{Conflict, StoreError},
    obligation,
    scope::Actor,
    snooze,
    tx::Tx,
    value::{Row, values},
    writer::Write,
};

/// Why a reply is waived again that was owed by a decision.
const NOT_OWED_AFTER_ALL: &str = "other: taken back";

impl Store {
    /// Takes a decision back, for whoever made it, within [`TAKE_BACK`]: `TooLate` afterwards. Asked twice,
    /// it answers twice.
    pub async fn take_back(
        &self,
        actor: &Actor,
        decision: &DecisionId,
    ) -> Result<Vec<(ConversationId, Verdict)>, StoreError> {
        self.writer.write(TakeBack { actor: actor.clone(), decision: decision.clone() }).await
    }
}

struct TakeBack {
    actor: Actor,
    decision: DecisionId,
}

impl Write for TakeBack {
    type Output = Vec<(ConversationId, Verdict)>;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Self::Output, StoreError> {
        let row = tx
            .first(
                "SELECT act, decided_at, undone_at FROM decisions WHERE id = $1 AND associate_id = $2",
                values![&self.decision, self.actor.id()],
            )
            .await?
            .ok_or(StoreError::NotFound("decision"))?;
        let rows = tx
            .all(
                "SELECT conversation_id, position, state_before, state_after, obligations, stood, taken_back \
                 FROM decision_items WHERE decision_id = $1 ORDER BY conversation_id",
                values![&self.decision],
            )
            .await?;
        if row.get::<Option<i64>>("undone_at")?.is_some() {
            return rows.iter().map(told).collect();
        }
        if tx.now > row.time("decided_at")?.plus(TAKE_BACK) {
            return Err(Conflict::TooLate.into());
        }
        let word: String = row.get("act")?;
        let items: Vec<Item> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let found = conversation::load(tx, items.iter().map(|item| &item.conversation).collect()).await?;
        let mut verdicts = Vec::with_capacity(items.len());
        for item in &items {
            let verdict = match found.get(&item.conversation) {
                Some(before) if before.is_seen_by(&self.actor, &tx.inboxes) => {
                    self.one(tx, &word, item, before).await?
                }
                // Given out of their own sight it can still be taken back; what came of it is not told.
                Some(before) if GIVES.contains(&&*word) => match self.one(tx, &word, item, before).await? {
                    Verdict::Done => Verdict::Done,
                    _ => Verdict::NotFound,
                },
                _ => Verdict::NotFound,
            };
            tx.execute(
                "UPDATE decision_items SET taken_back = $3 WHERE decision_id = $1 AND conversation_id = $2",
                values![&self.decision, &item.conversation, verdict.as_str()],
            )
            .await?;
            verdicts.push((item.conversation.clone(), verdict));
        }
        let now = tx.now;
        tx.execute("UPDATE decisions SET undone_at = $2 WHERE id = $1", values![&self.decision, now]).await?;
        Ok(verdicts)
    }
}

fn told(row: &Row) -> Result<(ConversationId, Verdict), StoreError> {
    Ok((row.parse("conversation_id")?, row.parse("taken_back")?))
}

fn read(row: &Row) -> Result<Item, StoreError> {
    let obligations: String = row.get("obligations")?;
    let obligations = obligations.split(',').filter(|id| !id.is_empty()).map(|id| {
        ObligationId::try_from(id.to_owned())
            .map_err(|_| StoreError::Corrupt { column: "decision_items.obligations" })
    });
    Ok(Item {
        conversation: row.parse("conversation_id")?,
        position: row.get("position")?,
        state_before: row.parse("state_before")?,
        state_after: row.parse("state_after")?,
        obligations: obligations.collect::<Result<_, _>>()?,
        // Decisions that were made before this was kept had nothing to do with it.
        stood: row
            .get::<Option<String>>("stood")?
            .map_or(Ok(Stood::default()), |text| serde_json::from_str(&text))
            .map_err(|_| StoreError::Corrupt { column: "decision_items.stood" })?,
    })
}

impl TakeBack {
    async fn one(
        &self,
        tx: &mut Tx,
        word: &str,
        item: &Item,
        before: &Conversation,
    ) -> Result<Verdict, StoreError> {
        if let Some(newer) = newer(tx, item, word).await? {
            return Ok(newer);
        }
        let mut after = before.clone();
        let after_it = &mut after;
        match word {
            "waive" => {
                if answered(tx, item).await? {
                    return Ok(Verdict::Answered);
                }
                obligation::unwaive(tx, after_it, self.actor.id(), &item.obligations).await?;
            }
            "owe" => {
                let up_to = after_it.last_position;
                obligation::waive(tx, after_it, self.actor.id(), NOT_OWED_AFTER_ALL, up_to).await?;
            }
            "release" => after_it.suspected = true,
            "suspect" => after_it.suspected = false,
            "assign" | "transfer" => {
                give_back(tx, after_it, &item.stood).await?;
                put_off_again(tx, after_it, &item.stood).await?;
            }
            "snooze" | "wake" => put_off_again(tx, after_it, &item.stood).await?,
            _ => {}
        }
        // What failed to be sent meanwhile may have opened it: then it stays open.
        if after_it.state == item.state_after && item.state_after != item.state_before {
            after_it.open_again();
            after_it.state = item.state_before;
        }
        let activity = json!({"type": "taken_back", "act": word});
        act::note(tx, &self.actor, before, after_it, "conversation.taken_back", activity).await?;
        conversation::save_one(tx, before, &after).await?;
        Ok(Verdict::Done)
    }
}

/// The acts that may lead out of the sight of whoever does them.
const GIVES: [&str; 2] = ["assign", "transfer"];

/// It is whose it was, as far as that person is still with us.
async fn give_back(tx: &mut Tx, conversation: &mut Conversation, stood: &Stood) -> Result<(), StoreError> {
    conversation.assignee = match &stood.assignee {
        Some(id) => tx
            .first("SELECT id FROM associates WHERE id = $1 AND disabled_at IS NULL", values![id])
            .await?
            .map(|row| row.parse("id"))
            .transpose()?,
        None => None,
    };
    conversation.team = stood.team.clone().map(TeamId);
    conversation.suspected = stood.suspected;
    Ok(())
}

/// It is put off until when it was, as far as that is still to come.
async fn put_off_again(
    tx: &mut Tx,
    conversation: &mut Conversation,
    stood: &Stood,
) -> Result<(), StoreError> {
    conversation.snoozed = None;
    match &stood.snoozed {
        Some((until, by)) if Timestamp(*until) > tx.now => {
            snooze::put_off(tx, conversation, Timestamp(*until), by).await
        }
        _ => Ok(()),
    }
}

/// What of people's came after a decision, and stands.
async fn newer(tx: &mut Tx, item: &Item, word: &str) -> Result<Option<Verdict>, StoreError> {
    let rows = tx
        .all(
            "SELECT m.kind, m.delivery, m.activity FROM messages m LEFT JOIN human_messages h ON h.message_id = m.id \
             WHERE m.conversation_id = $1 AND m.position > $2 AND (m.kind = 'activity' OR h.message_id IS NOT NULL \
             OR (m.kind = 'inbound' AND m.unanswerable IS DISTINCT FROM 'automatic_mail'))",
            values![&item.conversation, item.position],
        )
        .await?;
    let (mut answered, mut changed) = (false, false);
    for row in &rows {
        match row.get::<String>("kind")?.as_str() {
            "inbound" => return Ok(Some(Verdict::NewerMessage)),
            "outbound" => answered |= stands(row)?,
            _ => {
                let activity: String = row.get("activity")?;
                let activity: serde_json::Value = serde_json::from_str(&activity).unwrap_or_default();
                let kind = activity["type"].as_str().unwrap_or_default();
                changed |= DECIDES.contains(&kind) || (DESK.contains(&word) && DECIDES_PLACE.contains(&kind));
            }
        }
    }
    Ok(if answered { Some(Verdict::Answered) } else { changed.then_some(Verdict::Changed) })
}

/// The activities that decide about the same things.
const DECIDES: [&str; 8] =
    ["waived", "closed", "reopened", "blocked", "suspected", "not_suspected", "owed", "taken_back"];

/// Whose it is and until when it is put off, which is all that these acts are about.
const DESK: [&str; 4] = ["assign", "transfer", "snooze", "wake"];
const DECIDES_PLACE: [&str; 4] = ["assigned", "transferred", "snoozed", "woken"];

fn stands(row: &Row) -> Result<bool, StoreError> {
    let delivery = DeliveryState::parse(&row.get::<String>("delivery")?);
    Ok(!matches!(delivery, Some(DeliveryState::Cancelled | DeliveryState::Failed)))
}

/// Whether a reply stands that answers what was waived: one that had failed then, and was sent again. What
/// was edited after a reply is not answered by that.
async fn answered(tx: &mut Tx, item: &Item) -> Result<bool, StoreError> {
    for id in &item.obligations {
        let reply = tx
            .first(
                "SELECT m.id FROM obligations o JOIN messages i ON i.id = o.message_id AND i.version = 1 \
                 JOIN messages m ON m.conversation_id = o.conversation_id AND m.contact_id = o.contact_id AND m.position > o.position \
                 JOIN human_messages h ON h.message_id = m.id \
                 WHERE o.id = $1 AND m.delivery NOT IN ('failed', 'cancelled') LIMIT 1",
                values![id],
            )
            .await?;
        if reply.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
