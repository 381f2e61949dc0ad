//! The queue: pages of conversations in the order of their wait, and how many there are.
//!
//! A page is gathered from the lanes of the actor's scope, each answered by one index in queue order;
//! counts are sums over a small table that every change keeps. Both cost the same among a thousand
//! conversations and a million.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, ConversationId, InboxId, TeamId},
};

use super::{
    Store,
    conversation::State,
    db::{Run as _, built},
    error::StoreError,
    scope::Actor,
    value::{Row, Value, values},
};

/// A conversation as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which one.
    pub id: ConversationId,
    /// With whom.
    pub contact: ContactId,
    /// The contact's name, if one is known.
    pub contact_name: Option<String>,
    /// The address that the contact wrote from last, on this leg.
    pub address: Option<String>,
    /// The inbox of the leg that was used last.
    pub inbox: InboxId,
    /// Its channel.
    pub channel: String,
    /// Where it stands.
    pub state: State,
    /// Who answers it.
    pub assignee: Option<(AssociateId, String)>,
    /// Whose queue it is in.
    pub team: Option<TeamId>,
    /// Since when somebody waits.
    pub waiting_since: Option<Timestamp>,
    /// Until when a reply is in time.
    pub due_at: Option<Timestamp>,
    /// When something was last said.
    pub last_at: Timestamp,
    /// The beginning of what was last said.
    pub snippet: String,
    /// The kind of its author, or `note`.
    pub snippet_author: String,
    /// The last position.
    pub position: i64,
    /// The position of the customer's last message.
    pub inbound_position: i64,
    /// Up to where the actor has read; zero: nothing.
    pub read_position: i64,
    /// Whether the actor has a draft in it.
    pub has_draft: bool,
    /// What went wrong with a reply and waits for a person.
    pub trouble: Option<String>,
    /// The key of the order.
    pub queue_at: i64,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The actor's own, open.
    Mine,
    /// Nobody's, open.
    Unassigned,
    /// All that are open.
    All,
    /// Closed ones, the latest first.
    Closed,
    /// Those in which no person has written yet: STOP, out-of-office and their kind.
    Automatic,
}

/// How many conversations each view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The actor's own, open.
    pub mine: i64,
    /// Nobody's, open.
    pub unassigned: i64,
    /// All open ones.
    pub all: i64,
    /// Closed ones.
    pub closed: i64,
    /// Automatic ones.
    pub automatic: i64,
    /// Of the actor's own, those in which somebody waits.
    pub mine_waiting: i64,
    /// Of nobody's, those in which somebody waits.
    pub unassigned_waiting: i64,
    /// Of all open ones, those in which somebody waits.
    pub all_waiting: i64,
}

/// A row of the counters: how many conversations share these dimensions.
#[derive(Debug, Clone)]
pub struct CountRow {
    inbox: InboxId,
    team: Option<TeamId>,
    assignee: Option<AssociateId>,
    state: State,
    waiting: bool,
    n: i64,
}

const SUMMARY: &str = "SELECT c.id, c.contact_id, p.name AS contact_name, h.address, c.inbox_id, c.channel, c.state, \
    c.assignee_id, a.name AS assignee_name, c.team_id, c.waiting_since, c.due_at, c.last_at, c.snippet, \
    c.snippet_author, c.last_position, c.inbound_position, c.trouble, c.queue_at, r.position AS read_position, \
    (SELECT count(*) FROM drafts d WHERE d.conversation_id = c.id AND d.associate_id = $1) AS drafts \
    FROM conversations c JOIN contacts p ON p.id = c.contact_id LEFT JOIN threads t ON t.id = c.thread_id \
    LEFT JOIN handles h ON h.id = t.handle_id LEFT JOIN associates a ON a.id = c.assignee_id \
    LEFT JOIN read_marks r ON r.conversation_id = c.id AND r.associate_id = $1 ";

impl Summary {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let assignee: Option<AssociateId> = row.parse_opt("assignee_id")?;
        let name: Option<String> = row.get("assignee_name")?;
        Ok(Self {
            id: row.parse("id")?,
            contact: row.parse("contact_id")?,
            contact_name: row.get("contact_name")?,
            address: row.get("address")?,
            inbox: InboxId(row.get("inbox_id")?),
            channel: row.get("channel")?,
            state: row.parse("state")?,
            assignee: assignee.zip(name),
            team: row.get::<Option<String>>("team_id")?.map(TeamId),
            waiting_since: row.time_opt("waiting_since")?,
            due_at: row.time_opt("due_at")?,
            last_at: row.time("last_at")?,
            snippet: row.get("snippet")?,
            snippet_author: row.get("snippet_author")?,
            position: row.get("last_position")?,
            inbound_position: row.get("inbound_position")?,
            read_position: row.get::<Option<i64>>("read_position")?.unwrap_or(0),
            has_draft: row.get::<i64>("drafts")? > 0,
            trouble: row.get("trouble")?,
            queue_at: row.get("queue_at")?,
        })
    }
}

impl Store {
    /// A page of a view, after the given key; asks for one more than `limit` to know whether it goes on.
    pub async fn list_conversations(
        &self,
        actor: &Actor,
        view: View,
        after: Option<(i64, ConversationId)>,
        limit: i64,
    ) -> Result<(Vec<Summary>, bool), StoreError> {
        let (at, id) = match &after {
            Some((at, id)) => (*at, id.as_str()),
            None => (i64::MIN, ""),
        };
        let state = match view {
            View::Mine | View::Unassigned | View::All => State::Open,
            View::Closed => State::Closed,
            View::Automatic => State::Automatic,
        };
        let mut args = values![at, id, limit + 1, state.as_str()];
        let lanes = match view {
            // What is assigned to the actor is in scope by that alone.
            View::Mine => {
                args.push(actor.id().into());
                vec!["c.assignee_id = $5".to_owned()]
            }
            _ => actor.lanes(&self.inboxes, &mut args),
        };
        let nobody = if view == View::Unassigned { " AND c.assignee_id IS NULL" } else { "" };
        let mut sql = String::from("SELECT DISTINCT id, queue_at FROM (");
        for (n, lane) in lanes.iter().enumerate() {
            if n > 0 {
                sql.push_str(" UNION ALL ");
            }
            sql.push_str("SELECT id, queue_at FROM (SELECT c.id, c.queue_at FROM conversations c WHERE ");
            sql.push_str(lane);
            sql.push_str(nobody);
            sql.push_str(" AND c.state = $4 AND (c.queue_at, c.id) > ($1, $2) ORDER BY c.queue_at, c.id LIMIT $3) AS l");
        }
        sql.push_str(") AS u ORDER BY queue_at, id LIMIT $3");
        let mut pool = self.pool.clone();
        let keys = pool.rows_of(built(sql), args).await?;
        let mut ids: Vec<ConversationId> =
            keys.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = ids.len() > limit;
        ids.truncate(limit);
        Ok((self.summaries(actor.id(), &ids).await?, more))
    }

    /// One conversation within the actor's scope.
    pub async fn find_summary(
        &self,
        actor: &Actor,
        id: &ConversationId,
    ) -> Result<Option<Summary>, StoreError> {
        let mut args = values![actor.id(), id];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = [SUMMARY, "WHERE c.id = $2 AND ", &scope].concat();
        let row = self.pool.clone().rows_of(built(sql), args).await?.into_iter().next();
        row.as_ref().map(Summary::read).transpose()
    }

    /// The rows of these conversations in queue order, with one associate's marks; without a look at
    /// scope: for ids that were found within it, and for the live tail, which judges each row itself.
    pub(crate) async fn summaries(
        &self,
        associate: &AssociateId,
        ids: &[ConversationId],
    ) -> Result<Vec<Summary>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut args: Vec<Value> = values![associate];
        let mut list = Vec::with_capacity(ids.len());
        for id in ids {
            args.push(id.into());
            list.push(format!("${}", args.len()));
        }
        let sql = [SUMMARY, "WHERE c.id IN (", &list.join(", "), ") ORDER BY c.queue_at, c.id"].concat();
        self.pool.clone().rows_of(built(sql), args).await?.iter().map(Summary::read).collect()
    }

    /// The counters as they stand.
    pub async fn list_counts(&self) -> Result<Vec<CountRow>, StoreError> {
        let rows = self
            .pool
            .clone()
            .all(
                "SELECT inbox_id, team_id, assignee_id, state, waiting, n FROM queue_counts WHERE n <> 0",
                Vec::new(),
            )
            .await?;
        rows.iter()
            .map(|row| {
                let (team, assignee): (String, String) = (row.get("team_id")?, row.get("assignee_id")?);
                Ok(CountRow {
                    inbox: InboxId(row.get("inbox_id")?),
                    team: (!team.is_empty()).then_some(TeamId(team)),
                    assignee: AssociateId::try_from(assignee).ok(),
                    state: row.parse("state")?,
                    waiting: row.get("waiting")?,
                    n: row.get("n")?,
                })
            })
            .collect()
    }

    /// What the views hold for an actor, by the same predicate as the lists.
    pub fn count(&self, actor: &Actor, rows: &[CountRow]) -> Counts {
        let mut counts = Counts::default();
        for row in rows {
            if !actor.sees(&self.inboxes, row.team.as_ref(), row.assignee.as_ref(), &row.inbox) {
                continue;
            }
            let waiting = if row.waiting { row.n } else { 0 };
            match row.state {
                State::Closed => counts.closed += row.n,
                State::Automatic => counts.automatic += row.n,
                State::Open => {
                    counts.all += row.n;
                    counts.all_waiting += waiting;
                    if row.assignee.as_ref() == Some(actor.id()) {
                        counts.mine += row.n;
                        counts.mine_waiting += waiting;
                    } else if row.assignee.is_none() {
                        counts.unassigned += row.n;
                        counts.unassigned_waiting += waiting;
                    }
                }
            }
        }
        counts
    }
}
