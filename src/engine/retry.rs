//! When a send that did not go through is tried again. Pure but for the jitter, which is given.

use std::time::Duration;

use rapport_model::Timestamp;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_mins(15);
/// With the delays above this is about a day of trying.
const MOST_ATTEMPTS: u32 = 100;

/// The moment of the next try after `attempt` earlier ones, or `None` when it is time to give up.
/// The provider's own wish is a lower bound. `jitter` lies in 0..1 and spreads the tries by a fifth
/// either way, so that many that failed together do not come back together.
pub(super) fn next_try(
    now: Timestamp,
    attempt: u32,
    wish: Option<Duration>,
    jitter: f64,
) -> Option<Timestamp> {
    if attempt >= MOST_ATTEMPTS {
        return None;
    }
    let grown = FIRST.saturating_mul(2_u32.saturating_pow(attempt.min(16))).min(LONGEST);
    let spread = grown.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    Some(now.plus(spread.max(wish.unwrap_or(Duration::ZERO))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_apart_up_to_a_quarter_of_an_hour_and_end_after_about_a_day() {
        let delay = |attempt| next_try(Timestamp(0), attempt, None, 0.5).map(Timestamp::millis);
        assert_eq!(delay(0), Some(2_000));
        assert_eq!(delay(3), Some(16_000));
        assert_eq!(delay(50), Some(900_000));
        assert_eq!(delay(100), None);
        let sum: i64 = (0..100).filter_map(delay).sum();
        assert!((20..30).contains(&(sum / 3_600_000)), "{} hours", sum / 3_600_000);
    }

    #[test]
    fn a_try_never_comes_before_the_provider_allows_it() {
        let wish = Duration::from_secs(34);
        for jitter in [0.0, 0.5, 1.0] {
            assert!(next_try(Timestamp(0), 0, Some(wish), jitter) >= Some(Timestamp(34_000)));
        }
    }
}
