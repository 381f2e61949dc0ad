//! How often somebody may try to sign in: few times an account, more an address, counted over a sliding
//! window. A device on which that person signed in before has a count of its own, so that a stranger
//! can't lock them out.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rapport_model::Timestamp;

const PER_ACCOUNT: (usize, Duration) = (5, Duration::from_mins(15));
const PER_ADDRESS: (usize, Duration) = (50, Duration::from_hours(1));
/// Above this many counters the ones that ran out are thrown away.
const MANY: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Device(String),
    Address(IpAddr),
}

/// Counts failed tries.
#[derive(Default)]
pub(super) struct Limiter {
    failures: Mutex<HashMap<Key, VecDeque<Timestamp>>>,
}

/// One try to sign in.
pub(super) struct Try {
    keys: Vec<(Key, usize, Duration)>,
}

impl Limiter {
    /// A try by this account, on a device that knows it or not, from this address. Whoever shares the
    /// owner's address can't lock them out of their own device either.
    pub(super) fn attempt(email: &str, known_device: bool, address: Option<IpAddr>) -> Try {
        let own = if known_device { Key::Device(email.to_owned()) } else { Key::Account(email.to_owned()) };
        // The address first: one that has tried enough is not to fill the memory with names.
        let shared = address.filter(|_| !known_device).map(network);
        let mut keys: Vec<_> =
            shared.map(|ip| (Key::Address(ip), PER_ADDRESS.0, PER_ADDRESS.1)).into_iter().collect();
        keys.push((own, PER_ACCOUNT.0, PER_ACCOUNT.1));
        Try { keys }
    }

    /// Counts the try as failed and lets it begin; or says how long to wait. A try that turns out to be
    /// right is given back by [`Limiter::forgive`]: so that many tries at once can't pass together.
    pub(super) fn begin(&self, attempt: &Try, now: Timestamp) -> Result<(), Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > MANY {
            failures.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < PER_ADDRESS.1));
        }
        for (key, most, window) in &attempt.keys {
            let times = failures.entry(key.clone()).or_default();
            while times.front().is_some_and(|first| now.since(*first) >= *window) {
                times.pop_front();
            }
            if let Some(first) = times.front().filter(|_| times.len() >= *most) {
                return Err(window.saturating_sub(now.since(*first)));
            }
        }
        for (key, _, _) in &attempt.keys {
            failures.entry(key.clone()).or_default().push_back(now);
        }
        Ok(())
    }

    /// The try was right: it does not count, and neither do the account's earlier ones.
    pub(super) fn forgive(&self, attempt: &Try) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _, _) in &attempt.keys {
            match key {
                Key::Address(_) => drop(failures.get_mut(key).and_then(VecDeque::pop_back)),
                Key::Account(_) | Key::Device(_) => drop(failures.remove(key)),
            }
        }
    }
}

/// The addresses that one customer of a provider has at once count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_failure_within_a_quarter_of_an_hour_waits_and_a_known_device_does_not() {
        let limiter = Limiter::default();
        let stranger = Limiter::attempt("a@shop.example", false, None);
        for second in 0..5 {
            assert_eq!(limiter.begin(&stranger, Timestamp(second * 1000)), Ok(()));
        }
        assert_eq!(limiter.begin(&stranger, Timestamp(5000)), Err(Duration::from_secs(895)));
        let owner = Limiter::attempt("a@shop.example", true, None);
        assert_eq!(limiter.begin(&owner, Timestamp(5000)), Ok(()));
        assert_eq!(limiter.begin(&stranger, Timestamp(900_000)), Ok(()));
    }

    #[test]
    fn an_address_may_fail_fifty_times_an_hour_over_all_accounts() {
        let limiter = Limiter::default();
        let from = |n: i64| {
            Limiter::attempt(&format!("{n}@shop.example"), false, Some(IpAddr::from([127, 0, 0, 9])))
        };
        for n in 0..50 {
            assert_eq!(limiter.begin(&from(n), Timestamp(n)), Ok(()));
        }
        assert!(limiter.begin(&from(99), Timestamp(60)).is_err());
        let counters = limiter.failures.lock().unwrap().len();
        assert!(limiter.begin(&from(100), Timestamp(61)).is_err());
        assert_eq!(
            limiter.failures.lock().unwrap().len(),
            counters,
            "nothing is remembered of who is refused"
        );
        let owner = Limiter::attempt("99@shop.example", true, Some(IpAddr::from([127, 0, 0, 9])));
        assert_eq!(limiter.begin(&owner, Timestamp(62)), Ok(()), "the owner's own device beside them");
    }

    #[test]
    fn a_network_of_version_six_counts_as_one_address() {
        let one = network("2001:db8:1:2:3:4:5:6".parse().unwrap());
        assert_eq!(one, network("2001:db8:1:2::1".parse().unwrap()));
        assert_ne!(one, network("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }

    #[test]
    fn a_right_password_forgets_the_failures() {
        let limiter = Limiter::default();
        let attempt = Limiter::attempt("a@shop.example", false, None);
        for _ in 0..4 {
            limiter.begin(&attempt, Timestamp(0)).unwrap();
        }
        limiter.begin(&attempt, Timestamp(1)).unwrap();
        limiter.forgive(&attempt);
        assert_eq!(limiter.begin(&attempt, Timestamp(2)), Ok(()));
    }
}
