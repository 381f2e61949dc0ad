//! Who is at which conversation just now, viewing or replying: in memory alone, told to those who may see the
//! conversation, and forgotten when somebody leaves or is not heard of any more.
//!
//! Nothing here is kept or decided on: a reply that another overtook is refused by the store, whoever was
//! seen here. Each node knows those whose browsers speak to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId},
};

use super::{
    Engine,
    live::{Change, What},
};
use crate::store::{Actor, StoreError, Summary};

/// Whoever was not heard of for so long has gone.
const FORGET_AFTER: Duration = Duration::from_secs(15);
/// How often it is looked for those who have gone.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many windows of one associate are known; a further one takes the place of the oldest.
const MOST_OF_ONE: usize = 8;
/// So many are known in all; whoever comes then is not shown to others.
const MOST: usize = 20_000;

/// What somebody does at a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doing {
    /// Has it before them.
    Viewing,
    /// Writes a reply.
    Replying,
}

impl Doing {
    /// The word that stands in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewing => "viewing",
            Self::Replying => "replying",
        }
    }
}

/// Somebody at a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub id: AssociateId,
    /// Their name.
    pub name: String,
    /// What they do there, in the window in which they do most.
    pub doing: Doing,
}

/// Who is at a conversation, with what decides who may know it.
#[derive(Debug)]
pub struct PresenceChange {
    /// The conversation as it is now.
    pub summary: Summary,
    /// Who is there, in the order of their ids.
    pub people: Vec<Present>,
}

/// The table of who is where.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    at: Arc<Mutex<Table>>,
}

/// By conversation, associate and window.
type Table = HashMap<(ConversationId, AssociateId, String), Entry>;

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    doing: Doing,
    heard_at: Timestamp,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what somebody does, or with `None` that they left. A window is at one conversation: gives the
    /// others that it was at until now.
    fn note(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        window: &str,
        doing: Option<Doing>,
        now: Timestamp,
    ) -> Vec<ConversationId> {
        let mut table = self.lock();
        let key = (conversation.clone(), actor.id().clone(), window.to_owned());
        let Some(doing) = doing else {
            table.remove(&key);
            return Vec::new();
        };
        let own = || table.iter().filter(|((_, who, _), _)| who == actor.id());
        let mut left: Vec<_> = own()
            .filter(|((at, _, of), _)| of == window && at != conversation)
            .map(|(k, _)| k.clone())
            .collect();
        if !table.contains_key(&key) {
            if own().count() - left.len() >= MOST_OF_ONE {
                left.extend(own().min_by_key(|(_, entry)| entry.heard_at).map(|(key, _)| key.clone()));
            } else if table.len() >= MOST {
                return Vec::new();
            }
        }
        for key in &left {
            table.remove(key);
        }
        table.insert(key, Entry { name: actor.name().to_owned(), doing, heard_at: now });
        left.into_iter().map(|(at, ..)| at).collect()
    }

    /// Forgets whoever was not heard of for too long; gives where they were.
    fn forget(&self, now: Timestamp) -> Vec<ConversationId> {
        let mut table = self.lock();
        let mut left: Vec<ConversationId> = Vec::new();
        table.retain(|(at, ..), entry| {
            let stays = entry.heard_at.plus(FORGET_AFTER) > now;
            if !stays && !left.contains(at) {
                left.push(at.clone());
            }
            stays
        });
        left
    }

    /// Who is at a conversation.
    fn at(&self, conversation: &ConversationId) -> Vec<Present> {
        let table = self.lock();
        let mut people: Vec<Present> = Vec::new();
        for ((_, id, _), entry) in table.iter().filter(|((at, ..), _)| at == conversation) {
            match people.iter_mut().find(|one| one.id == *id) {
                Some(known) => known.doing = known.doing.max(entry.doing),
                None => {
                    people.push(Present { id: id.clone(), name: entry.name.clone(), doing: entry.doing });
                }
            }
        }
        people.sort_by(|a, b| a.id.cmp(&b.id));
        people
    }
}

impl Engine {
    /// Takes note of what an associate does at a conversation, or with `None` that they left it; tells it to
    /// whoever may see the conversation. Gives who is there. `NotFound` outside of the actor's scope.
    pub async fn note_presence(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        window: &str,
        doing: Option<Doing>,
    ) -> Result<Vec<Present>, StoreError> {
        if doing.is_none() {
            // Whoever may not see it any more leaves it all the same.
            self.presence().note(actor, conversation, window, None, self.clock().now());
            self.tell_presence(vec![conversation.clone()]).await?;
            self.store().get_summary(actor, conversation).await?;
            return Ok(Vec::new());
        }
        self.store().get_summary(actor, conversation).await?;
        let mut changed = self.presence().note(actor, conversation, window, doing, self.clock().now());
        changed.push(conversation.clone());
        self.tell_presence(changed).await?;
        Ok(self.presence().at(conversation))
    }

    /// Tells who is at these conversations, each loaded anew: who may know it is decided on the row as it is.
    async fn tell_presence(&self, conversations: Vec<ConversationId>) -> Result<(), StoreError> {
        let rows = self.store().load_summaries(conversations.iter().collect()).await?;
        for (id, summary) in rows {
            let people = self.presence().at(&id);
            let what = What::Presence(Box::new(PresenceChange { summary, people }));
            self.live().tell(Change { seq: None, what, frame: OnceLock::new() });
        }
        Ok(())
    }
}

/// Forgets those who have gone, as long as the engine runs.
pub(super) async fn forget(engine: Engine) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let left = engine.presence().forget(engine.clock().now());
        if !left.is_empty()
            && let Err(error) = engine.tell_presence(left).await
        {
            tracing::warn!(%error, "Who left a conversation could not be told");
        }
    }
}
