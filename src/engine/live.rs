//! The live bus: one tail a node reads the log in order, loads each changed row once, and hands it to
//! every stream, which decides what its associate may see.
//!
//! Scope is judged on the row as it was loaded, never on the event; what the event tells of before
//! decides only whether a row has left somebody's scope.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rapport_model::{
    Health,
    id::{AssociateId, ConversationId, InboxId, TeamId},
};
use tokio::sync::broadcast;

use crate::store::{Actor, CountRow, Event, InboxFacts, Message, Store, StoreError, Summary};

/// How many changes a slow stream may lag behind before it has to load again.
const LAG: usize = 1024;
/// How often the log is looked at when nothing wakes the tail: other nodes write too.
const IDLE: Duration = Duration::from_secs(1);
/// The most events that are taken at once.
const CHUNK: i64 = 256;
/// Counters are read at most so often.
const COUNTS_EVERY: Duration = Duration::from_millis(200);

/// Something that streams may show.
#[derive(Debug, Clone)]
pub enum Change {
    /// A conversation changed.
    Conversation(Arc<ConversationChange>),
    /// The counters changed.
    Counts(Arc<Vec<CountRow>>),
    /// An associate's own mark or draft changed.
    Own {
        /// Whose.
        associate: AssociateId,
        /// The name of the event: `read` or `draft`.
        event: &'static str,
        /// Its data, as JSON.
        data: Arc<str>,
    },
    /// An inbox fares otherwise than before.
    Inbox(InboxId, Health),
    /// Something about associates changed: streams ask again whether theirs may go on.
    Associates,
}

/// A conversation with what changed in it, loaded once.
#[derive(Debug)]
pub struct ConversationChange {
    /// The number of the event.
    pub seq: i64,
    /// What happened.
    pub cause: String,
    /// The conversation as it is now, without anybody's own marks.
    pub summary: Summary,
    /// The messages that are new or changed.
    pub messages: Vec<Message>,
    before: (Option<TeamId>, Option<AssociateId>),
}

/// What a change is to an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Within scope: to be shown.
    Shown,
    /// It was within scope and no longer is.
    Gone,
    /// Nothing to this actor.
    Nothing,
}

impl ConversationChange {
    /// Judges what an actor sees of it.
    pub fn sight(&self, actor: &Actor, inboxes: &[Arc<InboxFacts>]) -> Sight {
        let summary = &self.summary;
        let assignee = summary.assignee.as_ref().map(|(id, _)| id);
        if actor.sees(inboxes, summary.team.as_ref(), assignee, &summary.inbox) {
            return Sight::Shown;
        }
        let (team, assignee) = &self.before;
        if actor.sees(inboxes, team.as_ref(), assignee.as_ref(), &summary.inbox) {
            Sight::Gone
        } else {
            Sight::Nothing
        }
    }
}

/// Where streams listen.
#[derive(Debug, Clone)]
pub struct Live {
    changes: broadcast::Sender<Change>,
}

impl Default for Live {
    fn default() -> Self {
        Self { changes: broadcast::Sender::new(LAG) }
    }
}

impl Live {
    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Tells a change to whoever listens.
    pub fn tell(&self, change: Change) {
        // Nobody listening is no error.
        drop(self.changes.send(change));
    }

    fn is_idle(&self) -> bool {
        self.changes.receiver_count() == 0
    }
}

/// Loads what a run of events is about, each row once: for the tail, and for a stream that comes back
/// and replays what it missed.
pub async fn load(store: &Store, events: Vec<Event>) -> Result<Vec<Change>, StoreError> {
    let mut order: Vec<ConversationId> = Vec::new();
    let mut of: HashMap<ConversationId, Vec<Event>> = HashMap::new();
    let mut changes = Vec::new();
    for event in events {
        match event.conversation.clone() {
            Some(id) => {
                if !of.contains_key(&id) {
                    order.push(id.clone());
                }
                of.entry(id).or_default().push(event);
            }
            None if event.kind.starts_with("associate.") || event.kind.starts_with("session.") => {
                changes.push(Change::Associates);
            }
            None => {}
        }
    }
    // Nobody's own marks are loaded: this id belongs to no associate.
    let nobody = AssociateId::new();
    let mut summaries: HashMap<ConversationId, Summary> = store
        .summaries(&nobody, &order)
        .await?
        .into_iter()
        .map(|summary| (summary.id.clone(), summary))
        .collect();
    let mut ids: Vec<_> = of.values().flatten().filter_map(|event| event.message.clone()).collect();
    ids.sort();
    ids.dedup();
    let mut messages: HashMap<ConversationId, Vec<Message>> = HashMap::new();
    for message in store.messages(&ids).await? {
        messages.entry(message.conversation.clone()).or_default().push(message);
    }
    let mut rows = Vec::new();
    for id in order {
        let (Some(summary), Some(events)) = (summaries.remove(&id), of.remove(&id)) else { continue };
        let (Some(first), Some(last)) = (events.first(), events.last()) else { continue };
        rows.push(ConversationChange {
            seq: last.seq,
            cause: last.kind.clone(),
            before: (first.team_before.clone(), first.assignee_before.clone()),
            messages: messages.remove(&id).unwrap_or_default(),
            summary,
        });
    }
    rows.sort_by_key(|row| row.seq);
    changes.extend(rows.into_iter().map(|row| Change::Conversation(Arc::new(row))));
    Ok(changes)
}

/// Follows the log until the engine ends.
pub(super) async fn tail(engine: super::Engine) {
    let store = engine.store();
    let mut log = store.watch_log();
    let mut last = store.last_event();
    let mut counted = tokio::time::Instant::now();
    let mut stale = false;
    loop {
        tokio::select! {
            _ = log.changed() => {}
            () = tokio::time::sleep(if stale { COUNTS_EVERY } else { IDLE }) => {}
            () = engine.shutdown_token().cancelled() => return,
        }
        if engine.live().is_idle() {
            last = last.max(store.last_event());
            continue;
        }
        match follow(&engine, &mut last).await {
            Ok(any) => stale |= any,
            Err(error) => tracing::warn!(%error, "The log could not be read and is read again"),
        }
        if stale && counted.elapsed() >= COUNTS_EVERY {
            if let Ok(rows) = store.list_counts().await {
                engine.live().tell(Change::Counts(Arc::new(rows)));
                stale = false;
            }
            counted = tokio::time::Instant::now();
        }
    }
}

/// Tells everything after `last`, and moves it.
async fn follow(engine: &super::Engine, last: &mut i64) -> Result<bool, StoreError> {
    let mut any = false;
    loop {
        let events = engine.store().list_events(*last, CHUNK).await?;
        let Some(end) = events.last().map(|event| event.seq) else { return Ok(any) };
        for change in load(engine.store(), events).await? {
            engine.live().tell(change);
        }
        *last = end;
        any = true;
    }
}

/// Tells whenever an inbox fares otherwise, until the engine ends.
pub(super) async fn watch_health(
    engine: super::Engine,
    id: InboxId,
    mut health: tokio::sync::watch::Receiver<Health>,
) {
    loop {
        tokio::select! {
            changed = health.changed() => if changed.is_err() { return },
            () = engine.shutdown_token().cancelled() => return,
        }
        let now = health.borrow_and_update().clone();
        engine.live().tell(Change::Inbox(id.clone(), now));
    }
}
