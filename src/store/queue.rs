//! The queue: the views of it, in pages, and how much is in each.
//!
//! A page is the union of the actor's lanes, each read in queue order from one index and no further
//! than the page is long, so that its cost depends on the page and the number of lanes alone. Counts
//! are kept by the writer per inbox, team, assignee and state, and are added up by the same predicate
//! that decides scope elsewhere.

use std::{collections::HashMap, sync::Arc};

use rapport_model::id::{AssociateId, ConversationId, InboxId, TeamId};

use super::{
    Store,
    conversation::{SNOOZED, SNOOZED_FROM, SUSPECTED, SUSPECTED_FROM, State},
    db::{Run as _, built},
    error::StoreError,
    ingest::InboxFacts,
    page::{Page, Place},
    scope::{Actor, Lane},
    summary::{self, Summary},
    value::{Value, values},
};

/// What a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// Open, assigned to the reader, and neither suspected nor put off.
    Mine,
    /// Open, assigned to nobody, and neither suspected nor put off.
    Unassigned,
    /// All that is open and neither suspected nor put off.
    All,
    /// Open, and put off until a moment: the next to wake first.
    Snoozed,
    /// In whose notes the reader is named, whatever became of it.
    Mentions,
    /// Open, and taken for spam by the server that received it.
    Suspected,
    /// What a person closed.
    Closed,
    /// What no person wrote.
    Automatic,
}

impl View {
    /// The one state that it shows, if it is one.
    fn state(self) -> Option<State> {
        match self {
            Self::Mine | Self::Unassigned | Self::All | Self::Snoozed | Self::Suspected => Some(State::Open),
            Self::Closed => Some(State::Closed),
            Self::Automatic => Some(State::Automatic),
            Self::Mentions => None,
        }
    }

    /// The places that it shows of its state: from the first, to before the second.
    fn band(self) -> (i64, i64) {
        match self {
            Self::Mine | Self::Unassigned | Self::All => (i64::MIN, SNOOZED_FROM),
            Self::Snoozed => (SNOOZED_FROM, SUSPECTED_FROM),
            Self::Suspected => (SUSPECTED_FROM, i64::MAX),
            Self::Closed | Self::Automatic | Self::Mentions => (i64::MIN, i64::MAX),
        }
    }
}

/// How much is in each view, and how much of it waits for a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open and the reader's.
    pub mine: i64,
    /// Open and nobody's.
    pub unassigned: i64,
    /// Open.
    pub all: i64,
    /// Closed.
    pub closed: i64,
    /// Written by machines alone.
    pub automatic: i64,
    /// Open and taken for spam: in none of the views above.
    pub suspected: i64,
    /// Open and put off until a moment: in none of the views above.
    pub snoozed: i64,
    /// Where the reader is named and has not read it.
    pub mentions: i64,
    /// Of the reader's: waiting.
    pub mine_waiting: i64,
    /// Of nobody's: waiting.
    pub unassigned_waiting: i64,
    /// Of all: waiting.
    pub all_waiting: i64,
    /// What could not be read and is owed until it is read again or set aside.
    pub parked: i64,
}

/// The counters of the whole store, from which anybody's counts are added up.
#[derive(Debug, Clone, Default)]
pub struct CountTable {
    conversations: Vec<Counted>,
    /// What each who is named would see by that alone.
    named: Vec<(AssociateId, Counted)>,
    unread_mentions: HashMap<AssociateId, i64>,
    parked: Vec<(InboxId, i64)>,
}

#[derive(Debug, Clone)]
struct Counted {
    inbox: InboxId,
    team: Option<TeamId>,
    assignee: Option<AssociateId>,
    listed: Listed,
    waiting: bool,
    many: i64,
}

/// How the counters tell conversations apart.
#[derive(Debug, Clone, Copy)]
enum Listed {
    As(State),
    Snoozed,
    Suspected,
}

impl TryFrom<String> for Listed {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        match text.as_str() {
            SUSPECTED => Ok(Self::Suspected),
            SNOOZED => Ok(Self::Snoozed),
            _ => State::try_from(text).map(Self::As),
        }
    }
}

impl CountTable {
    /// What of it is within an actor's scope.
    pub fn of(&self, actor: &Actor, inboxes: &[Arc<InboxFacts>]) -> Counts {
        let mut counts = Counts::default();
        for (inbox, many) in &self.parked {
            if actor.sees(inboxes, None, None, inbox) {
                counts.parked += many;
            }
        }
        counts.mentions = self.unread_mentions.get(actor.id()).copied().unwrap_or_default();
        let sees = |row: &Counted| actor.sees(inboxes, row.team.as_ref(), row.assignee.as_ref(), &row.inbox);
        let by_place = self.conversations.iter().filter(|row| sees(row));
        let by_name = self.named.iter().filter(|(named, row)| named == actor.id() && !sees(row));
        for row in by_place.chain(by_name.map(|(_, row)| row)) {
            match row.listed {
                Listed::Snoozed => counts.snoozed += row.many,
                Listed::Suspected => counts.suspected += row.many,
                Listed::As(State::Closed) => counts.closed += row.many,
                Listed::As(State::Automatic) => counts.automatic += row.many,
                Listed::As(State::Open) => {
                    let waiting = if row.waiting { row.many } else { 0 };
                    counts.all += row.many;
                    counts.all_waiting += waiting;
                    if row.assignee.is_none() {
                        counts.unassigned += row.many;
                        counts.unassigned_waiting += waiting;
                    } else if row.assignee.as_ref() == Some(actor.id()) {
                        counts.mine += row.many;
                        counts.mine_waiting += waiting;
                    }
                }
            }
        }
        counts
    }
}

impl Store {
    /// A page of a view, in queue order: who waits longest past their due time first, then what
    /// nobody waits for, the latest first.
    pub async fn list_conversations(
        &self,
        actor: &Actor,
        view: View,
        after: Option<&Place>,
        most: usize,
    ) -> Result<Page<Summary>, StoreError> {
        let mut pool = self.pool.clone();
        let Some((sql, args)) = page_query(actor, &self.inboxes, view, after, most) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut places = pool
            .rows_of(built(sql), args)
            .await?
            .iter()
            .map(|row| Ok(Place { at: row.get("queue_at")?, id: row.get("id")? }))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let more = places.len() > most;
        places.truncate(most);
        let ids: Vec<ConversationId> = places
            .iter()
            .map(|place| {
                ConversationId::try_from(place.id.clone())
                    .map_err(|_| StoreError::Corrupt { column: "conversations.id" })
            })
            .collect::<Result<_, _>>()?;
        let mut rows = summary::load(&mut pool, Some(actor), ids.iter().collect()).await?;
        let items = ids
            .iter()
            .filter_map(|id| rows.remove(id))
            // It may have left the actor's scope between the two statements.
            .filter(|row| row.visible_to(actor, &self.inboxes))
            .collect();
        Ok(Page { items, next: places.pop().filter(|_| more) })
    }

    /// The counters of all views.
    pub async fn load_counts(&self) -> Result<CountTable, StoreError> {
        let rows = self
            .pool
            .clone()
            .all("SELECT inbox_id, team_id, assignee_id, state, waiting, n FROM queue_counts", Vec::new())
            .await?;
        let read = |row: &super::value::Row| {
            let assignee: String = row.get("assignee_id")?;
            let team: String = row.get("team_id")?;
            Ok(Counted {
                inbox: InboxId(row.get("inbox_id")?),
                team: (!team.is_empty()).then_some(TeamId(team)),
                assignee: AssociateId::try_from(assignee).ok(),
                listed: row.parse("state")?,
                waiting: row.get("waiting")?,
                many: row.get("n")?,
            })
        };
        let rows: Result<Vec<Counted>, StoreError> = rows.iter().map(read).collect();
        let conversations = rows?.into_iter().filter(|row| row.many != 0).collect();
        let named = self
            .pool
            .clone()
            .all(
                "SELECT named_id, inbox_id, team_id, assignee_id, state, waiting, n FROM mention_counts WHERE n <> 0",
                Vec::new(),
            )
            .await?
            .iter()
            .map(|row| Ok((row.parse("named_id")?, read(row)?)))
            .collect::<Result<_, StoreError>>()?;
        let unread_mentions = self
            .pool
            .clone()
            .all(
                "SELECT associate_id, count(*) AS n FROM mentions WHERE unread GROUP BY associate_id",
                Vec::new(),
            )
            .await?
            .iter()
            .map(|row| Ok((row.parse("associate_id")?, row.get("n")?)))
            .collect::<Result<_, StoreError>>()?;
        let parked = self
            .pool
            .clone()
            .all(
                "SELECT inbox_id, count(*) AS n FROM parked WHERE settled_at IS NULL GROUP BY inbox_id",
                Vec::new(),
            )
            .await?
            .iter()
            .map(|row| Ok((InboxId(row.get("inbox_id")?), row.get("n")?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(CountTable { conversations, named, unread_mentions, parked })
    }

    /// How much is in each view of an actor.
    pub async fn count_conversations(&self, actor: &Actor) -> Result<Counts, StoreError> {
        Ok(self.load_counts().await?.of(actor, &self.inboxes))
    }
}

/// The statement that finds a page's ids; `None` where nothing can be in scope.
fn page_query(
    actor: &Actor,
    inboxes: &[Arc<InboxFacts>],
    view: View,
    after: Option<&Place>,
    most: usize,
) -> Option<(String, Vec<Value>)> {
    let (from, before) = view.band();
    let start = Place { at: from, id: String::new() };
    // Where another view's page ended is before this one's beginning, or behind its end.
    let after = after.filter(|place| place.at >= from).unwrap_or(&start);
    let limit = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
    let mut args = values![after.at, &after.id, limit, before];
    let mut only = String::new();
    if let Some(state) = view.state() {
        args.push(state.as_str().into());
        only.push_str(" AND c.state = $5");
    }
    let lanes = match view {
        View::Mine => {
            args.push(actor.id().into());
            vec![Lane::OfConversations("c.assignee_id = $6".to_owned())]
        }
        View::Unassigned => {
            only.push_str(" AND c.assignee_id IS NULL");
            actor.lanes_of_others(inboxes, &mut args)
        }
        View::Mentions => vec![actor.lane_of_names(&mut args)],
        View::All | View::Snoozed | View::Suspected | View::Closed | View::Automatic => {
            actor.lanes(inboxes, &mut args)
        }
    };
    let lanes: Vec<String> = lanes
        .iter()
        .map(|lane| {
            let (table, id, condition) = lane.parts();
            [
                "SELECT id, queue_at FROM (SELECT ",
                id,
                " AS id, c.queue_at FROM ",
                table,
                " WHERE ",
                condition,
                &only,
                " AND (c.queue_at, ",
                id,
                ") > ($1, $2) AND c.queue_at < $4 ORDER BY c.queue_at, ",
                id,
                " LIMIT $3) lane",
            ]
            .concat()
        })
        .collect();
    let sql = [&lanes.join(" UNION "), " ORDER BY queue_at, id LIMIT $3"].concat();
    (!lanes.is_empty()).then_some((sql, args))
}

#[cfg(test)]
mod tests;
