//! The facts of one conversation that routing decides on, each found by an index.

use rapport_model::{
    Timestamp,
    event::ThreadKind,
    id::{AssociateId, ConversationId, InboxId, TeamId},
};

use super::{
    KnownAssociate, known,
    people::{self, AwaySpan, RoutingPerson},
};
use crate::store::{Store, conversation::State, db::Run, error::StoreError, value::values};

/// A person's decision about whose it is stands within so many positions, or was in an earlier turn.
const NEAR: i64 = 200;
/// So many conversations of the past are looked at in one go.
const PAGE: i64 = 200;

/// What is known of a conversation before it is routed.
#[derive(Debug, Clone)]
pub struct RoutingFacts {
    /// Which one.
    pub conversation: ConversationId,
    /// When the facts were gathered.
    pub now: Timestamp,
    /// The customer's turn.
    pub turn: i64,
    /// Where it stands.
    pub state: State,
    /// Whether the receiving server took it for spam: nobody is given that.
    pub suspected: bool,
    /// On which inbox.
    pub inbox: InboxId,
    /// Of which brand.
    pub brand: String,
    /// Whether several people read it.
    pub several_read: bool,
    /// Whether a person decided whose it is since the turn began.
    pub held: bool,
    /// Who has it.
    pub assignee: Option<AssociateId>,
    /// Whom that one stands in for, where it came to them so.
    pub stands_in_for: Option<AssociateId>,
    /// Its team.
    pub team: Option<TeamId>,
    /// Whom the customer knows.
    pub known: Option<KnownAssociate>,
    /// The customer's last message, and the subject of its letter.
    pub text: String,
    /// The subject.
    pub subject: Option<String>,
    /// Whoever is named above, and who stands in for them.
    pub people: Vec<RoutingPerson>,
}

impl Store {
    /// Gathers the facts of a conversation.
    pub async fn get_routing_facts(&self, id: &ConversationId) -> Result<RoutingFacts, StoreError> {
        gather(&mut self.pool.clone(), id, self.now()).await
    }

    /// The facts of the conversations that began within so long, as each was when it began and nobody had it:
    /// what rules would have said then. One page, from behind a conversation on.
    pub async fn list_past_routing_facts(
        &self,
        since: Timestamp,
        behind: Option<&ConversationId>,
    ) -> Result<Vec<(RoutingFacts, Option<AssociateId>, Option<TeamId>)>, StoreError> {
        let mut pool = self.pool.clone();
        let rows = pool
            .all(
                "SELECT id, created_at FROM conversations WHERE id > $1 AND created_at >= $2 AND state <> 'automatic' \
                 ORDER BY id LIMIT $3",
                values![behind.map_or("", ConversationId::as_str), since, PAGE],
            )
            .await?;
        let mut past = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut facts = gather(&mut pool, &row.parse("id")?, row.time("created_at")?).await?;
            let (assignee, team) = (facts.assignee.take(), facts.team.clone());
            facts.held = false;
            facts.stands_in_for = None;
            past.push((facts, assignee, team));
        }
        Ok(past)
    }

    /// Those of a team who take what routing gives them; its hours as JSON, and its absences.
    pub async fn list_takers(
        &self,
        team: &TeamId,
    ) -> Result<(Vec<RoutingPerson>, Option<String>, Vec<AwaySpan>), StoreError> {
        let (mut pool, now) = (self.pool.clone(), self.now());
        let takers = people::load_takers(&mut pool, team, now).await?;
        let hours = pool
            .first(
                "SELECT hours FROM working_hours WHERE subject = 'team' AND subject_id = $1",
                values![team],
            )
            .await?
            .map(|row| row.get("hours"))
            .transpose()?;
        let away = people::spans(&mut pool, vec![values!["team", team]], now).await?;
        Ok((takers, hours, away.into_iter().map(|(_, span)| span).collect()))
    }
}

async fn gather(db: &mut impl Run, id: &ConversationId, now: Timestamp) -> Result<RoutingFacts, StoreError> {
    let row = db
        .first(
            "SELECT c.contact_id, c.inbox_id, c.brand, c.kind, c.state, c.suspected, c.team_id, c.assignee_id, c.turn, \
             c.last_position, m.text, l.subject FROM conversations c \
             LEFT JOIN messages m ON m.conversation_id = c.id AND m.position = c.inbound_position \
             LEFT JOIN letters l ON l.message_id = m.id WHERE c.id = $1",
            values![id],
        )
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
    let (turn, last): (i64, i64) = (row.get("turn")?, row.get("last_position")?);
    let held = db
        .first(
            "SELECT id FROM messages WHERE conversation_id = $1 AND position > $2 AND kind = 'activity' \
             AND author_kind = 'associate' AND turn = $3 AND (activity LIKE $4 OR activity LIKE $5) LIMIT 1",
            values![
                id,
                last.saturating_sub(NEAR),
                turn,
                "%\"type\":\"assigned\"%",
                "%\"type\":\"transferred\"%"
            ],
        )
        .await?
        .is_some();
    let several_read = row.get::<String>("kind")? != ThreadKind::Private.as_str();
    let contact = row.parse("contact_id")?;
    let known = if several_read { None } else { known::find(db, &contact, Some(id), true, now).await? };
    let assignee: Option<AssociateId> = row.parse_opt("assignee_id")?;
    let stands_in_for = match &assignee {
        Some(assignee) => standing_in(db, id, assignee).await?,
        None => None,
    };
    let mut ids: Vec<AssociateId> = Vec::new();
    for one in assignee.iter().chain(known.as_ref().map(|known| &known.id)).chain(&stands_in_for) {
        if !ids.contains(one) {
            ids.push(one.clone());
        }
    }
    let mut people = people::load(db, &ids, now).await?;
    let others = people.iter().flat_map(|person| &person.absences).filter_map(|span| span.stand_in.clone());
    let mut stand_ins: Vec<AssociateId> = others.filter(|other| !ids.contains(other)).collect();
    stand_ins.sort();
    stand_ins.dedup();
    people.extend(people::load(db, &stand_ins, now).await?);
    Ok(RoutingFacts {
        conversation: id.clone(),
        now,
        turn,
        state: row.parse("state")?,
        suspected: row.get("suspected")?,
        inbox: InboxId(row.get("inbox_id")?),
        brand: row.get("brand")?,
        several_read,
        held,
        assignee,
        stands_in_for,
        team: row.get::<Option<String>>("team_id")?.map(TeamId),
        known,
        text: row.get::<Option<String>>("text")?.unwrap_or_default(),
        subject: row.get("subject")?,
        people,
    })
}

/// Whom the assignee stands in for, where the last decision gave it to them so.
async fn standing_in(
    db: &mut impl Run,
    id: &ConversationId,
    assignee: &AssociateId,
) -> Result<Option<AssociateId>, StoreError> {
    let last = db
        .first(
            "SELECT associate_id, stands_in_for FROM routings WHERE conversation_id = $1 ORDER BY n DESC LIMIT 1",
            values![id],
        )
        .await?;
    let Some(last) = last else { return Ok(None) };
    let to: Option<AssociateId> = last.parse_opt("associate_id")?;
    if to.as_ref() == Some(assignee) { last.parse_opt("stands_in_for") } else { Ok(None) }
}
