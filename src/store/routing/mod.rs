//! What routing needs of the store: the facts that it decides on ([`facts`], [`people`], [`known`]), and what
//! it changes ([`apply`], [`overdue`], [`hand_back`]), each under its conversation's lock and only while the
//! facts still hold. Hours and absences stand in [`attendance`].
//!
//! Nothing here decides whom a conversation goes to: that is `crate::routing`, which is pure.

mod apply;
mod attendance;
mod facts;
mod hand_back;
mod known;
mod overdue;
mod people;

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, JobId, TeamId},
};
use serde_json::json;

use super::{
    Store, conversation::Conversation, db::Run as _, error::StoreError, rows::Rows, scope::Actor, tx::Tx,
    value::values,
};

pub use apply::{Placed, Placement};
pub use facts::RoutingFacts;
pub use known::KnownAssociate;
pub use people::{AwaySpan, RoutingPerson};

pub use attendance::{Absence, Attendance, NewAbsence, Subject, Work};
pub(super) use overdue::watch;

/// A decision as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// When it was decided.
    pub decided_at: Timestamp,
    /// In which turn of the customer.
    pub turn: i64,
    /// To whom it went.
    pub associate: Option<AssociateId>,
    /// To which team.
    pub team: Option<TeamId>,
    /// Whom that one stands in for, and until when.
    pub stands_in: Option<(AssociateId, Timestamp)>,
    /// When that one is back, where they were not there.
    pub back_at: Option<Timestamp>,
    /// Its reasons, as JSON: ids and kinds only.
    pub reasons: String,
}

/// So many decisions of a conversation are shown.
const MOST_SHOWN: i64 = 20;

impl Store {
    /// The decisions about a conversation within the actor's scope, the latest first.
    pub async fn list_routings(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
    ) -> Result<Vec<Routing>, StoreError> {
        self.get_summary(actor, conversation).await?;
        self.pool
            .clone()
            .all(
                "SELECT decided_at, turn, associate_id, team_id, stands_in_for, stands_in_until, back_at, reasons \
                 FROM routings WHERE conversation_id = $1 ORDER BY n DESC LIMIT $2",
                values![conversation, MOST_SHOWN],
            )
            .await?
            .iter()
            .map(|row| {
                let whom: Option<AssociateId> = row.parse_opt("stands_in_for")?;
                Ok(Routing {
                    decided_at: row.time("decided_at")?,
                    turn: row.get("turn")?,
                    associate: row.parse_opt("associate_id")?,
                    team: row.get::<Option<String>>("team_id")?.map(TeamId),
                    stands_in: whom.zip(row.time_opt("stands_in_until")?),
                    back_at: row.time_opt("back_at")?,
                    reasons: row.get("reasons")?,
                })
            })
            .collect()
    }
}

/// Keeps why a conversation is where it is now.
pub(super) async fn keep(
    tx: &mut Tx,
    conversation: &Conversation,
    stands_in: Option<&(AssociateId, Timestamp)>,
    back_at: Option<Timestamp>,
    reasons: String,
) -> Result<(), StoreError> {
    let row = tx
        .first(
            "SELECT COALESCE(max(n), 0) AS n FROM routings WHERE conversation_id = $1",
            values![&conversation.id],
        )
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
    let now = tx.now;
    let mut rows = Rows::new(
        "routings",
        &[
            "conversation_id",
            "n",
            "decided_at",
            "turn",
            "associate_id",
            "team_id",
            "stands_in_for",
            "stands_in_until",
            "back_at",
            "reasons",
        ],
    );
    rows.push(values![
        &conversation.id,
        row.get::<i64>("n")? + 1,
        now,
        conversation.turn,
        conversation.assignee.as_ref(),
        conversation.team.as_ref(),
        stands_in.map(|(whom, _)| whom),
        stands_in.map(|(_, until)| *until),
        back_at,
        reasons,
    ]);
    rows.insert(tx).await
}

/// Keeps that whoever had it works here no more, and asks whose it is to be where somebody waits.
pub(super) async fn after_leaving(
    tx: &mut Tx,
    conversation: &Conversation,
    who: &AssociateId,
) -> Result<(), StoreError> {
    let reasons = json!([{"type": "left", "associate": who}]);
    keep(tx, conversation, None, None, reasons.to_string()).await?;
    if conversation.due_at.is_none() {
        return Ok(());
    }
    let now = tx.now;
    let key = format!("route:{}:{}:{who}", conversation.id, conversation.turn);
    let payload = format!("{} {}", conversation.id, conversation.turn);
    tx.execute(
        "INSERT INTO jobs (id, kind, key, payload, due_at, attempt, created_at) VALUES ($1, 'route', $2, $3, $4, 0, $4) \
         ON CONFLICT (key) DO NOTHING",
        values![&JobId::new(), key, payload, now],
    )
    .await?;
    tx.wake_jobs = true;
    Ok(())
}
