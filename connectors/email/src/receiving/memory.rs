//! What is remembered from one connection to the next, and forgotten by a restart.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

/// A mail as the mailbox knows it: folder, UIDVALIDITY, UID.
pub(super) type Key = (String, u32, u32);

/// What went wrong lately.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Failures since the last look that went well.
    pub(super) failures: u32,
    /// How often the connection was lost when this mail was the next to come.
    lost: HashMap<Key, u32>,
    /// When a mail that is held back is asked for again.
    due: HashMap<Key, Instant>,
    /// Dates or flags came that can't be read: only sizes are asked for.
    pub(super) plain: bool,
    /// How often the server refused one mail after the other.
    pub(super) refusals: u32,
}

impl Memory {
    /// The connection was lost when this mail was the next to come.
    pub(super) fn lose(&mut self, key: Key) {
        *self.lost.entry(key).or_default() += 1;
    }

    /// How often that was so.
    pub(super) fn losses(&self, key: &Key) -> u32 {
        self.lost.get(key).copied().unwrap_or_default()
    }

    /// The mail was had, or is given up.
    pub(super) fn forget(&mut self, key: &Key) {
        self.lost.remove(key);
        self.due.remove(key);
    }

    /// The mail is to be asked for again after this time.
    pub(super) fn put_off(&mut self, key: Key, by: Duration) {
        self.due.insert(key, Instant::now() + by);
    }

    /// How long it is until the mail is asked for again.
    pub(super) fn until_due(&self, key: &Key) -> Duration {
        self.due.get(key).map_or(Duration::ZERO, |due| due.saturating_duration_since(Instant::now()))
    }
}
