//! What comes in: signals say where to look, and the history says what is there.
//!
//! `desk` is what all parts share, `directory` knows the channels, `customers` the threads of those who
//! write in the support channel, `history` reads a channel, `listing` finds what no signal told of, `line`
//! keeps the work in order and `watch` runs it all.

mod condition;
mod customers;
mod desk;
mod directory;
mod history;
mod line;
mod listing;
mod watch;

pub use customers::Refused;
pub use desk::Desk;
pub use directory::configured;
pub use history::may_read;
pub use watch::Receiving;

use std::time::Duration;

use rand::RngExt as _;
use rapport_sdk::{ConnectorError, IngestError};

use crate::api::Failure;

/// The first and the longest wait after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(2));

/// Why a look ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Discord does not answer as it should.
    Provider(Failure),
    /// What came in could not be stored.
    Store(Duration),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Provider(failure)
    }
}

impl From<IngestError> for Stop {
    fn from(IngestError::Unavailable { retry_after }: IngestError) -> Self {
        Self::Store(retry_after)
    }
}

impl Stop {
    /// How long to wait after so many failures in a row.
    fn wait(&self, failures: u32) -> Duration {
        let asked = match self {
            Self::Store(retry_after) => *retry_after,
            Self::Provider(Failure::Limited(Some(wait))) => *wait,
            Self::Provider(_) => Duration::ZERO,
        };
        let (first, longest) = BACK_OFF;
        let full = first.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(longest);
        asked.max(full.mul_f64(rand::rng().random_range(0.5..=1.0)))
    }

    /// What no waiting mends.
    fn fatal(&self) -> Option<ConnectorError> {
        match self {
            Self::Provider(failure @ (Failure::Unauthorized | Failure::Elsewhere)) => {
                Some(failure.clone().into())
            }
            _ => None,
        }
    }
}
