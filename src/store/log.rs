//! Reading the event log, in its dense order.

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, InboxId, MessageId, TeamId},
};

use super::{Store, db::Run as _, error::StoreError, value::values};

/// A change, as the log keeps it.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its number; no number is skipped.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// On which inbox.
    pub inbox: Option<InboxId>,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// Which message it is about.
    pub message: Option<MessageId>,
    /// Who did it.
    pub actor: Option<AssociateId>,
    /// The conversation's team before.
    pub team_before: Option<TeamId>,
    /// Its assignee before.
    pub assignee_before: Option<AssociateId>,
}

impl Store {
    /// The events after a number, at most `limit` of them.
    pub async fn list_events(&self, after: i64, limit: i64) -> Result<Vec<Event>, StoreError> {
        self.pool
            .clone()
            .all("SELECT * FROM events WHERE seq > $1 ORDER BY seq LIMIT $2", values![after, limit])
            .await?
            .iter()
            .map(|row| {
                Ok(Event {
                    seq: row.get("seq")?,
                    kind: row.get("kind")?,
                    inbox: row.get::<Option<String>>("inbox_id")?.map(InboxId),
                    conversation: row.parse_opt("conversation_id")?,
                    message: row.parse_opt("message_id")?,
                    actor: row.parse_opt("actor_id")?,
                    team_before: row.get::<Option<String>>("team_before")?.map(TeamId),
                    assignee_before: row.parse_opt("assignee_before")?,
                })
            })
            .collect()
    }

    /// The number of the last event.
    pub fn last_event(&self) -> i64 {
        *self.signals.log.borrow()
    }

    /// Whether the events after a number are still within the window of live streams.
    pub async fn has_events_since(&self, after: i64, window_start: Timestamp) -> Result<bool, StoreError> {
        if after >= self.last_event() {
            return Ok(after == self.last_event());
        }
        let row = self.pool.clone().first("SELECT at FROM events WHERE seq = $1", values![after + 1]).await?;
        row.map_or(Ok(false), |row| Ok(row.time("at")? >= window_start))
    }
}
