//! One group's transaction: the connection, the group's instant, and what it will have told once it
//! is committed (events, counters, wake-ups).

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, ConversationId, InboxId, MessageId, TeamId},
};
use sqlx::SqlStr;

use crate::failpoints::durable_step;

use super::{
    db::{Engine, Run, Transact},
    error::StoreError,
    ingest::InboxFacts,
    rows::Rows,
    value::{Row, Value, values},
};

/// A change to be written to the log: ids and names only, never text or addresses.
#[derive(Debug, Clone, Default)]
pub(super) struct NewEvent {
    pub kind: &'static str,
    pub brand: Option<String>,
    pub inbox: Option<InboxId>,
    pub contact: Option<ContactId>,
    pub conversation: Option<ConversationId>,
    pub message: Option<MessageId>,
    pub actor: Option<AssociateId>,
    pub team: (Option<TeamId>, Option<TeamId>),
    pub assignee: (Option<AssociateId>, Option<AssociateId>),
    pub fields: Option<String>,
}

/// Where a conversation counts: the dimensions of scope and of the views.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CountKey {
    pub inbox: String,
    pub team: String,
    pub assignee: String,
    pub state: &'static str,
    pub waiting: bool,
}

/// A transaction under way.
pub(super) struct Tx {
    db: Transact,
    /// The instant of the whole group.
    pub now: Timestamp,
    /// The inboxes of the configuration.
    pub inboxes: Arc<[Arc<InboxFacts>]>,
    events: Vec<NewEvent>,
    counts: BTreeMap<CountKey, i64>,
    /// The same once more for each who is named in conversations.
    counts_for: BTreeMap<(AssociateId, CountKey), i64>,
    /// Rows became due for sending.
    pub wake_outbox: bool,
    /// Jobs were added.
    pub wake_jobs: bool,
}

/// What to go back to when one write of the group is refused.
pub(super) struct Mark {
    events: usize,
    counts: BTreeMap<CountKey, i64>,
    counts_for: BTreeMap<(AssociateId, CountKey), i64>,
}

impl Tx {
    pub(super) fn new(db: Transact, now: Timestamp, inboxes: Arc<[Arc<InboxFacts>]>) -> Self {
        Self {
            db,
            now,
            inboxes,
            events: Vec::new(),
            counts: BTreeMap::new(),
            counts_for: BTreeMap::new(),
            wake_outbox: false,
            wake_jobs: false,
        }
    }

    /// An inbox of the configuration.
    pub(super) fn inbox(&self, id: &InboxId) -> Option<Arc<InboxFacts>> {
        self.inboxes.iter().find(|facts| facts.id == *id).cloned()
    }

    /// Appends to the log when the group commits.
    pub(super) fn tell(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Moves the counter of a view.
    pub(super) fn count(&mut self, key: CountKey, by: i64) {
        *self.counts.entry(key).or_insert(0) += by;
    }

    /// Moves the counter of a view for somebody who is named in what it counts.
    pub(super) fn count_for(&mut self, named: &AssociateId, key: CountKey, by: i64) {
        *self.counts_for.entry((named.clone(), key)).or_insert(0) += by;
    }

    pub(super) async fn savepoint(&mut self) -> Result<Mark, StoreError> {
        self.execute("SAVEPOINT one", Vec::new()).await?;
        Ok(Mark {
            events: self.events.len(),
            counts: self.counts.clone(),
            counts_for: self.counts_for.clone(),
        })
    }

    pub(super) async fn release(&mut self) -> Result<(), StoreError> {
        self.execute("RELEASE SAVEPOINT one", Vec::new()).await.map(drop)
    }

    pub(super) async fn back_to(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.events.truncate(mark.events);
        self.counts = mark.counts;
        self.counts_for = mark.counts_for;
        self.execute("ROLLBACK TO SAVEPOINT one", Vec::new()).await?;
        self.release().await
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        self.db.rollback().await
    }

    /// Writes counters and events and commits. Gives the sequence of the last event, if there is one.
    ///
    /// The sequence is taken last, after every other lock, so that its order is the order of commits
    /// and no reader can skip one: whoever holds the counter's row is the next to commit.
    pub(super) async fn commit(mut self) -> Result<Option<i64>, StoreError> {
        durable_step!("group.before_log");
        self.write_counts().await?;
        let last = self.write_events().await?;
        durable_step!("group.before_commit");
        self.db.commit().await?;
        durable_step!("group.after_commit");
        Ok(last)
    }

    async fn write_counts(&mut self) -> Result<(), StoreError> {
        let mut rows =
            Rows::new("queue_counts", &["inbox_id", "team_id", "assignee_id", "state", "waiting", "n"]);
        for (key, by) in std::mem::take(&mut self.counts) {
            if by != 0 {
                rows.push(values![key.inbox, key.team, key.assignee, key.state, key.waiting, by]);
            }
        }
        rows.insert_with(
            self,
            "ON CONFLICT (inbox_id, team_id, assignee_id, state, waiting) DO UPDATE SET n = queue_counts.n + excluded.n",
        )
        .await?;
        let mut rows = Rows::new(
            "mention_counts",
            &["named_id", "inbox_id", "team_id", "assignee_id", "state", "waiting", "n"],
        );
        for ((named, key), by) in std::mem::take(&mut self.counts_for) {
            if by != 0 {
                rows.push(values![&named, key.inbox, key.team, key.assignee, key.state, key.waiting, by]);
            }
        }
        rows.insert_with(
            self,
            "ON CONFLICT (named_id, inbox_id, team_id, assignee_id, state, waiting) DO UPDATE SET n = mention_counts.n + excluded.n",
        )
        .await
        .map(drop)
    }

    async fn write_events(&mut self) -> Result<Option<i64>, StoreError> {
        let events = std::mem::take(&mut self.events);
        if events.is_empty() {
            return Ok(None);
        }
        let many = i64::try_from(events.len()).expect("a group is small");
        let last = take_sequence(self, many).await?;
        let mut rows = Rows::new(
            "events",
            &[
                "seq",
                "at",
                "kind",
                "brand",
                "inbox_id",
                "contact_id",
                "conversation_id",
                "message_id",
                "actor_id",
                "team_before",
                "team_after",
                "assignee_before",
                "assignee_after",
                "fields",
            ],
        );
        let now = self.now;
        for (seq, event) in (last - many + 1..).zip(events) {
            rows.push(values![
                seq,
                now,
                event.kind,
                event.brand,
                event.inbox.as_ref(),
                event.contact.as_ref(),
                event.conversation.as_ref(),
                event.message.as_ref(),
                event.actor.as_ref(),
                event.team.0.as_ref(),
                event.team.1.as_ref(),
                event.assignee.0.as_ref(),
                event.assignee.1.as_ref(),
                event.fields,
            ]);
        }
        rows.insert(self).await?;
        Ok(Some(last))
    }
}

/// Takes `many` numbers of the log and gives the last of them. The counter's row stays locked until
/// the commit.
async fn take_sequence(tx: &mut Tx, many: i64) -> Result<i64, StoreError> {
    let row = tx
        .first("UPDATE counters SET value = value + $1 WHERE key = 'events' RETURNING value", values![many])
        .await?
        .ok_or(StoreError::Corrupt { column: "counters.value" })?;
    row.get("value")
}

impl Run for Tx {
    fn engine(&self) -> Engine {
        self.db.engine()
    }

    fn rows_of(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        self.db.rows_of(sql, args)
    }

    fn run(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.db.run(sql, args)
    }
}
