//! How far a folder was read: the resume point, and its form in the store.

use rapport_sdk::model::{
    Timestamp,
    id::{Cursor, Scope},
};
use serde::{Deserialize, Serialize};

/// The version of the form. Another one is read as if the folder were new, but for the date: what is
/// known already is recognised by its content.
const VERSION: u32 = 1;

/// How far a folder was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    #[serde(rename = "v")]
    version: u32,
    /// Under which the UIDs below mean what they meant.
    #[serde(rename = "validity")]
    pub(super) uid_validity: u32,
    /// Every UID below was dealt with, but for those that are held back.
    pub(super) next: u32,
    /// Of the UIDs below an end only those since a date are wanted: a first reading, or one after all
    /// UIDs changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backlog: Option<Backlog>,
    /// The time of the latest mail that was dealt with.
    pub(super) latest: Timestamp,
    /// Mails that could not be had yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) held_back: Vec<HeldBack>,
}

/// What was there before we came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Backlog {
    pub(super) since: Timestamp,
    /// The first UID that is wanted whatever its date.
    pub(super) until: u32,
}

/// A mail that could not be had yet, and how often it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeldBack {
    pub(super) uid: u32,
    pub(super) tries: u32,
    /// When it came.
    pub(super) at: Timestamp,
}

impl Progress {
    pub(super) fn new(uid_validity: u32, next: u32, backlog: Option<Backlog>, latest: Timestamp) -> Self {
        Self { version: VERSION, uid_validity, next, backlog, latest, held_back: Vec::new() }
    }

    /// Reads the form of the store; `None` for another one.
    pub(super) fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_str(cursor.as_str()).ok().filter(|progress: &Self| progress.version == VERSION)
    }

    /// The form of the store.
    pub(super) fn write(&self, folder: &str) -> (Scope, Cursor) {
        let text = serde_json::to_string(self).expect("numbers and lists of them can be written");
        (Scope::from(folder), Cursor(text))
    }

    /// Notes that this mail is done. `now` bounds a date that lies in the future, as a mail can have that
    /// was put there by hand: nothing would be newer.
    pub(super) fn pass(&mut self, uid: u32, at: Timestamp, now: Timestamp) {
        self.next = self.next.max(uid.saturating_add(1));
        self.latest = self.latest.max(at.min(now));
    }

    /// The earliest time that is not known to be complete.
    pub(super) fn oldest_open(&self) -> Timestamp {
        let held_back = self.held_back.iter().map(|held| held.at).min();
        held_back.map_or(self.latest, |at| at.min(self.latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_another_version_is_not() {
        let mut progress =
            Progress::new(7, 42, Some(Backlog { since: Timestamp(5), until: 99 }), Timestamp(17));
        progress.held_back.push(HeldBack { uid: 12, tries: 2, at: Timestamp(3) });
        let (scope, cursor) = progress.write("INBOX");
        assert_eq!(scope.as_str(), "INBOX");
        assert_eq!(Progress::read(&cursor), Some(progress));
        for other in ["", "7:42", "{\"v\":2,\"validity\":7,\"next\":42,\"latest\":17}"] {
            assert_eq!(Progress::read(&Cursor(other.to_owned())), None, "{other}");
        }
    }

    #[test]
    fn a_date_in_the_future_does_not_hide_what_comes_after_it() {
        let mut progress = Progress::new(1, 1, None, Timestamp(0));
        progress.pass(1, Timestamp(i64::MAX), Timestamp(1000));
        assert_eq!((progress.next, progress.latest), (2, Timestamp(1000)));
        progress.held_back.push(HeldBack { uid: 9, tries: 1, at: Timestamp(400) });
        assert_eq!(progress.oldest_open(), Timestamp(400));
    }
}
