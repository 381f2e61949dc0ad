//! Puts a conversation where routing decided, under its lock, if it still stands as the decision saw it.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, JobId, TeamId},
};
use serde_json::json;

use super::keep;
use crate::store::{
    Store,
    conversation::{self, Conversation, State},
    db::Run as _,
    entry,
    error::StoreError,
    job,
    tx::Tx,
    value::values,
    writer::Write,
};

/// Where a conversation is to go.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The job that asked for it.
    pub job: Option<JobId>,
    /// Which conversation.
    pub conversation: ConversationId,
    /// How it stood when that was decided: its turn, assignee and team.
    pub seen: (i64, Option<AssociateId>, Option<TeamId>),
    /// The team.
    pub team: Option<TeamId>,
    /// The associate.
    pub assignee: Option<AssociateId>,
    /// Whom they stand in for, and until when.
    pub stands_in: Option<(AssociateId, Timestamp)>,
    /// When they are back, where they are not there.
    pub back_at: Option<Timestamp>,
    /// Why, as JSON.
    pub reasons: String,
}

/// What became of a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is there, and why is kept.
    Done,
    /// Somebody did something since it was decided: what they did stands.
    Stale,
}

impl Store {
    /// Puts a conversation where routing decided.
    pub async fn place(&self, placement: Placement) -> Result<Placed, StoreError> {
        self.writer.write(Place { placement }).await
    }
}

struct Place {
    placement: Placement,
}

impl Write for Place {
    type Output = Placed;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Placed, StoreError> {
        let placement = &self.placement;
        let before = conversation::get(tx, &placement.conversation).await?;
        let (turn, assignee, team) = &placement.seen;
        let same = before.turn == *turn && before.assignee == *assignee && before.team == *team;
        if !same || before.state != State::Open || before.suspected {
            if let Some(job) = &placement.job {
                job::finish(tx, job, Some("somebody was first")).await?;
            }
            return Ok(Placed::Stale);
        }
        let name = match &placement.assignee {
            Some(id) => Some(name_of(tx, id).await?),
            None => None,
        };
        let mut after = before.clone();
        after.assignee.clone_from(&placement.assignee);
        after.team.clone_from(&placement.team);
        keep(tx, &after, placement.stands_in.as_ref(), placement.back_at, placement.reasons.clone()).await?;
        if after.assignee != before.assignee || after.team != before.team {
            let to = placement.assignee.as_ref().map(|id| json!({"id": id, "name": name}));
            let stands_in = placement.stands_in.as_ref();
            let mut activity = json!({"type": "routed", "assignee": to, "team": after.team});
            if let Some((whom, until)) = stands_in {
                let away = name_of_any(tx, whom).await?;
                activity["stands_in"] = json!({"id": whom, "name": away, "until": until});
            }
            move_to(tx, &before, &mut after, activity).await?;
        }
        if let Some(job) = &placement.job {
            job::finish(tx, job, None).await?;
        }
        Ok(Placed::Done)
    }
}

/// Saves a conversation that goes to somebody else, and says so in its timeline and in the log.
pub(super) async fn move_to(
    tx: &mut Tx,
    before: &Conversation,
    after: &mut Conversation,
    activity: serde_json::Value,
) -> Result<(), StoreError> {
    let message = entry::insert_activity(tx, after, None, activity).await?;
    conversation::save_one(tx, before, after).await?;
    let mut event = after.event("conversation.assigned", Some(before));
    event.message = Some(message);
    tx.tell(event);
    Ok(())
}

/// The name of somebody who works here.
pub(super) async fn name_of(tx: &mut Tx, id: &AssociateId) -> Result<String, StoreError> {
    tx.first("SELECT name FROM associates WHERE id = $1 AND disabled_at IS NULL", values![id])
        .await?
        .ok_or(StoreError::NotFound("associate"))?
        .get("name")
}

/// The name of anybody who works or worked here.
pub(super) async fn name_of_any(tx: &mut Tx, id: &AssociateId) -> Result<String, StoreError> {
    tx.first("SELECT name FROM associates WHERE id = $1", values![id])
        .await?
        .ok_or(StoreError::NotFound("associate"))?
        .get("name")
}
