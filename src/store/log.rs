//! The event log, as readers follow it: in the order of its sequence, that nothing ever slips behind.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, InboxId, MessageId, TeamId},
};

use super::{
    Store,
    db::Run as _,
    error::StoreError,
    value::{Row, values},
};

/// Something that happened: ids and names, never text or addresses.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its place in the log.
    pub seq: i64,
    /// What it is: "message.received".
    pub kind: String,
    /// Which inbox.
    pub inbox: Option<InboxId>,
    /// Which conversation.
    pub conversation: Option<ConversationId>,
    /// Which message.
    pub message: Option<MessageId>,
    /// Who did it.
    pub actor: Option<AssociateId>,
    /// The conversation's team, before it.
    pub team_before: Option<TeamId>,
    /// The conversation's assignee, before it.
    pub assignee_before: Option<AssociateId>,
    /// Names of what changed; for an associate's event, that associate.
    pub fields: Option<String>,
}

impl Store {
    /// What came after a sequence, at most so many.
    pub async fn list_events(&self, after: i64, most: i64) -> Result<Vec<Event>, StoreError> {
        self.pool
            .clone()
            .all(
                "SELECT seq, kind, inbox_id, conversation_id, message_id, actor_id, team_before, assignee_before, fields \
                 FROM events WHERE seq > $1 ORDER BY seq LIMIT $2",
                values![after, most],
            )
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// The sequence of the last event.
    pub async fn last_event(&self) -> Result<i64, StoreError> {
        self.pool
            .clone()
            .first("SELECT value FROM counters WHERE key = 'events'", Vec::new())
            .await?
            .ok_or(StoreError::Corrupt { column: "counters.value" })?
            .get("value")
    }

    /// The first event at or after a moment; `None` where nothing happened since.
    pub async fn find_event_since(&self, moment: Timestamp) -> Result<Option<i64>, StoreError> {
        self.pool
            .clone()
            .first("SELECT seq FROM events WHERE at >= $1 ORDER BY at, seq LIMIT 1", values![moment])
            .await?
            .map(|row| row.get("seq"))
            .transpose()
    }
}

fn read(row: &Row) -> Result<Event, StoreError> {
    Ok(Event {
        seq: row.get("seq")?,
        kind: row.get("kind")?,
        inbox: row.get::<Option<String>>("inbox_id")?.map(InboxId),
        conversation: row.parse_opt("conversation_id")?,
        message: row.parse_opt("message_id")?,
        actor: row.parse_opt("actor_id")?,
        team_before: row.get::<Option<String>>("team_before")?.map(TeamId),
        assignee_before: row.parse_opt("assignee_before")?,
        fields: row.get("fields")?,
    })
}
