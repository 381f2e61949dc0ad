//! What this process has already brought in: spares the store and the provider the repetitions
//! that an overlapping list brings. The store alone decides what is a duplicate.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use rapport_sdk::model::InboundEvent;

/// More than the longest overlap brings at any rate that a provider allows.
const MOST: usize = 20_000;

/// The keys of events that are durable.
#[derive(Debug, Default)]
pub struct Seen(Mutex<Keys>);

#[derive(Debug, Default)]
struct Keys {
    set: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Whether a message with this id is durable.
    pub fn has_message(&self, id: &str) -> bool {
        self.has(id)
    }

    /// Whether this event is durable.
    pub fn has_event(&self, event: &InboundEvent) -> bool {
        key(event).is_some_and(|key| self.has(&key))
    }

    /// Notes events as durable. To be called after `Ok` and never before.
    pub fn note(&self, events: &[InboundEvent]) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            let Some(key) = key(event) else { continue };
            if keys.set.insert(key.clone()) {
                keys.order.push_back(key);
            }
        }
        while keys.order.len() > MOST {
            if let Some(oldest) = keys.order.pop_front() {
                keys.set.remove(&oldest);
            }
        }
    }

    fn has(&self, key: &str) -> bool {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.set.contains(key)
    }
}

fn key(event: &InboundEvent) -> Option<String> {
    match event {
        InboundEvent::Message(message) => Some(message.id.to_string()),
        InboundEvent::Unreadable { id, .. } => Some(id.to_string()),
        InboundEvent::Receipt { id, state, .. } => Some(format!("{id} {}", state.as_str())),
        _ => None,
    }
}
