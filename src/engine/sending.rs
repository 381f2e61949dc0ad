//! How sending fares, as far as the dispatcher of an inbox finds out: apart from receiving, so that a mailbox
//! that can be read does not hide that nothing leaves it.
//!
//! A single failure is no news: servers put mail off, lines break. Several in a row are.

use std::time::Duration;

use rapport_model::{Health, Timestamp};
use tokio::sync::watch;

/// After so many failures in a row it is told.
const IN_A_ROW: u32 = 3;
/// Or once the first of them is so long ago.
const LONG_AGO: Duration = Duration::from_mins(1);

/// How sending fares in one inbox.
#[derive(Debug)]
pub(super) struct Sending(watch::Sender<State>);

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// How many sends in a row are to be tried again, and since when.
    failures: u32,
    since: Option<Timestamp>,
    /// What is wrong.
    trouble: Option<Health>,
}

impl Default for Sending {
    fn default() -> Self {
        Self(watch::Sender::new(State::default()))
    }
}

impl Sending {
    /// Wakes whoever follows it when there is other trouble, or none any more.
    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// How it fares: well, where nothing else is known.
    pub(super) fn health(&self) -> Health {
        self.0.borrow().trouble.clone().unwrap_or(Health::Connected)
    }

    /// Something was sent: nothing is wrong any more.
    pub(super) fn went(&self) {
        self.change(|state| *state = State::default());
    }

    /// Something was not sent and is tried again.
    pub(super) fn put_off(&self, now: Timestamp, reason: &str) {
        self.change(|state| {
            state.failures = state.failures.saturating_add(1);
            let since = *state.since.get_or_insert(now);
            if state.failures >= IN_A_ROW || now.since(since) >= LONG_AGO {
                state.trouble = Some(Health::Degraded { reason: waits(reason) });
            }
        });
    }

    /// Our credentials are refused.
    pub(super) fn unauthorized(&self) {
        self.change(|state| *state = State { trouble: Some(Health::Unauthorized), ..State::default() });
    }

    /// Nothing can be sent as it is set up.
    pub(super) fn misconfigured(&self, reason: &str) {
        let trouble = Some(Health::Misconfigured { reason: waits(reason) });
        self.change(|state| *state = State { trouble, ..State::default() });
    }

    /// No reply waits any more: those that did were taken back, or given up and say so themselves.
    pub(super) fn nothing_waits(&self) {
        self.change(|state| {
            if !matches!(state.trouble, Some(Health::Unauthorized | Health::Misconfigured { .. })) {
                *state = State::default();
            }
        });
    }

    fn change(&self, act: impl FnOnce(&mut State)) {
        self.0.send_if_modified(|state| {
            let before = state.trouble.clone();
            act(state);
            before != state.trouble
        });
    }
}

fn waits(reason: &str) -> String {
    format!("Replies wait: {}.", reason.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn degraded() -> Health {
        Health::Degraded { reason: "Replies wait: the line is busy.".to_owned() }
    }

    #[test]
    fn three_failures_in_a_row_are_told_and_the_next_send_that_goes_ends_it() {
        let sending = Sending::default();
        for _ in 0..2 {
            sending.put_off(Timestamp(0), "the line is busy");
            assert_eq!(sending.health(), Health::Connected);
        }
        sending.went();
        for _ in 0..2 {
            sending.put_off(Timestamp(0), "the line is busy");
            assert_eq!(sending.health(), Health::Connected, "what lay before the success does not count");
        }
        sending.put_off(Timestamp(0), "the line is busy");
        assert_eq!(sending.health(), degraded());
        sending.went();
        assert_eq!(sending.health(), Health::Connected);
    }

    #[test]
    fn a_failure_that_lasts_for_a_minute_is_told() {
        let sending = Sending::default();
        sending.put_off(Timestamp(0), "the line is busy");
        sending.put_off(Timestamp(60_000), "the line is busy");
        assert_eq!(sending.health(), degraded());
        sending.nothing_waits();
        assert_eq!(sending.health(), Health::Connected, "nobody waits for it");
    }

    #[test]
    fn what_a_person_has_to_mend_stays_until_something_goes() {
        let sending = Sending::default();
        sending.unauthorized();
        sending.put_off(Timestamp(0), "the line is busy");
        sending.nothing_waits();
        assert_eq!(sending.health(), Health::Unauthorized);
        sending.misconfigured("the certificate has expired");
        let reason = "Replies wait: the certificate has expired.".to_owned();
        assert_eq!(sending.health(), Health::Misconfigured { reason });
        sending.went();
        assert_eq!(sending.health(), Health::Connected);
    }
}
