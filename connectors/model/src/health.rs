//! How an inbox fares, as one of a closed list of states.

use serde::{Deserialize, Serialize};

/// The state of an inbox's connection to its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// Not yet known.
    Starting,
    /// All is well.
    Connected,
    /// It works, but not all of it.
    Degraded {
        /// What is wrong and what to set, for a person.
        reason: String,
    },
    /// The connection was lost and is tried again.
    Reconnecting {
        /// What was seen, for a person.
        reason: String,
    },
    /// The provider refuses our credentials.
    Unauthorized,
    /// The configuration can't work.
    Misconfigured {
        /// What to change.
        reason: String,
    },
    /// Shut down on purpose.
    Stopped,
}

impl Health {
    /// The word that stands in the API and in metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Connected => "connected",
            Self::Degraded { .. } => "degraded",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Unauthorized => "unauthorized",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Stopped => "stopped",
        }
    }

    /// What a person should know, where there is something.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Degraded { reason } | Self::Reconnecting { reason } | Self::Misconfigured { reason } => {
                Some(reason)
            }
            _ => None,
        }
    }
}
