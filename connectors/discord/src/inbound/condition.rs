//! How the inbox fares, put together from what its parts report.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rapport_sdk::{HealthReporter, model::Health};

/// Something that keeps a part of the inbox from working, until it is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Texts in the server are withheld.
    Withheld,
    /// The support channel can't be read.
    Support,
    /// The forum can't be read.
    Forum,
    /// No private thread can be made.
    Threads,
    /// What came in can't be stored.
    Store,
}

/// What is known of the inbox's state.
pub struct Condition {
    health: HealthReporter,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether the gateway stands.
    connected: bool,
    /// Whether all that was missed is in, once since it stood first.
    complete: bool,
    /// Why Discord can't be asked.
    away: Option<String>,
    troubles: BTreeMap<Trouble, String>,
}

impl Condition {
    /// Reports here.
    pub fn new(health: HealthReporter) -> Self {
        Self { health, state: Mutex::default() }
    }

    /// Whether the gateway stands.
    pub fn connected(&self, connected: bool) {
        self.change(|state| state.connected = connected);
    }

    /// All that was missed is in.
    pub fn complete(&self) {
        self.change(|state| {
            state.complete = true;
            state.away = None;
        });
    }

    /// Discord can't be asked, or can again.
    pub fn away(&self, reason: Option<String>) {
        self.change(|state| state.away = reason);
    }

    /// Notes a trouble with what a person has to do, or that it is over.
    pub fn trouble(&self, trouble: Trouble, reason: Option<String>) {
        self.change(|state| match reason {
            Some(reason) => {
                state.troubles.insert(trouble, reason);
            }
            None => {
                state.troubles.remove(&trouble);
            }
        });
    }

    /// Whether this trouble is on.
    pub fn has(&self, trouble: Trouble) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).troubles.contains_key(&trouble)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.health.report(state.health());
    }
}

impl State {
    fn health(&self) -> Health {
        if !self.connected && self.complete {
            return Health::Reconnecting { reason: "The connection to Discord was lost.".to_owned() };
        }
        if let Some(reason) = &self.away {
            return Health::Reconnecting { reason: reason.clone() };
        }
        if !self.complete || !self.connected {
            return Health::Starting;
        }
        if self.troubles.is_empty() {
            return Health::Connected;
        }
        let reasons: Vec<&str> = self.troubles.values().map(String::as_str).collect();
        Health::Degraded { reason: reasons.join(" ") }
    }
}
