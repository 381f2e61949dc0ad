//! The bridge's side in memory: stores once by id, can fail, can hold.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use rapport_model::{
    InboundEvent, Timestamp,
    event::InboundMessage,
    id::{Cursor, ExternalThreadId, Scope},
};
use tokio::sync::watch;

use crate::connector::{Batch, IngestError, Ingested, Ingress};

/// An ingress for tests.
pub struct MemoryIngress {
    state: Mutex<State>,
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    ids: HashSet<String>,
    /// Every event that was committed, duplicates of messages left out.
    stored: Vec<InboundEvent>,
    /// Every batch that was offered.
    offered: Vec<Batch>,
    cursors: HashMap<Scope, Cursor>,
    complete_up_to: Option<Timestamp>,
    failures: usize,
    bot_is_off: bool,
    announced: Vec<ExternalThreadId>,
    waiting: usize,
}

impl Default for MemoryIngress {
    fn default() -> Self {
        Self { state: Mutex::default(), held: watch::Sender::new(false) }
    }
}

impl MemoryIngress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next so many batches with events are refused.
    pub fn fail(&self, times: usize) {
        self.state().failures = times;
    }

    /// Nothing may be announced from now on.
    pub fn turn_bot_off(&self) {
        self.state().bot_is_off = true;
    }

    /// The threads in which something was announced.
    pub fn announced(&self) -> Vec<ExternalThreadId> {
        self.state().announced.clone()
    }

    /// Batches wait from now on.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Batches go through again.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// How many batches wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// The events that are durable, messages once each.
    pub fn stored(&self) -> Vec<InboundEvent> {
        self.state().stored.clone()
    }

    /// The messages that are durable.
    pub fn messages(&self) -> Vec<InboundMessage> {
        let message = |event| match event {
            InboundEvent::Message(message) => Some(*message),
            _ => None,
        };
        self.stored().into_iter().filter_map(message).collect()
    }

    /// The durable messages with this text.
    pub fn with_text(&self, text: &str) -> Vec<InboundMessage> {
        self.messages().into_iter().filter(|message| message.text == text).collect()
    }

    /// How often a message with this text was offered, refused and repeated ones included.
    pub fn times_offered(&self, text: &str) -> usize {
        let is = |event: &InboundEvent| matches!(event, InboundEvent::Message(m) if m.text == text);
        let state = self.state();
        state.offered.iter().flat_map(|batch| &batch.events).filter(|event| is(event)).count()
    }

    /// Up to when the connector says that all is there.
    pub fn complete_up_to(&self) -> Option<Timestamp> {
        self.state().complete_up_to
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Ingested>, IngestError> {
        self.state().waiting += 1;
        let gate = Waiting(self);
        let mut held = self.held.subscribe();
        // The sender lives as long as `self`, so waiting for it can't fail.
        let _ = held.wait_for(|held| !held).await;
        drop(gate);
        let mut state = self.state();
        state.offered.push(batch.clone());
        if !batch.events.is_empty() && state.failures > 0 {
            state.failures -= 1;
            return Err(IngestError::Unavailable { retry_after: Duration::from_millis(50) });
        }
        let mut results = Vec::new();
        for event in batch.events {
            let (id, parked) = match &event {
                InboundEvent::Message(message) => (Some(message.id.to_string()), false),
                InboundEvent::Unreadable { id, .. } => (Some(id.to_string()), true),
                _ => (None, false),
            };
            let fresh = id.is_none_or(|id| state.ids.insert(id));
            results.push(match (fresh, parked) {
                (false, _) => Ingested::Duplicate,
                (true, true) => Ingested::Parked,
                (true, false) => Ingested::Stored,
            });
            if fresh {
                state.stored.push(event);
            }
        }
        state.cursors.extend(batch.cursor);
        state.complete_up_to = state.complete_up_to.max(batch.complete_up_to);
        Ok(results)
    }
}

/// Counts a waiting batch down also where its caller gives up.
struct Waiting<'a>(&'a MemoryIngress);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl Ingress for MemoryIngress {
    fn cursor<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Option<Cursor>, IngestError>> {
        Box::pin(async move { Ok(self.state().cursors.get(scope).cloned()) })
    }

    fn ingest(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Ingested>, IngestError>> {
        Box::pin(self.commit(batch))
    }

    fn announce<'a>(&'a self, thread: &'a ExternalThreadId) -> BoxFuture<'a, Result<bool, IngestError>> {
        Box::pin(async move {
            let mut state = self.state();
            let may = !state.bot_is_off;
            state.announced.extend(may.then(|| thread.clone()));
            Ok(may)
        })
    }
}
