//! How many calls are taken: a number in a time, for each call and each channel.

use std::{collections::HashMap, time::Duration};

use axum::response::Response;
use http::HeaderValue;
use tokio::time::Instant;

use super::fault::Operation;

/// The limits, and what was used of them.
#[derive(Default)]
pub(crate) struct Limits {
    rules: HashMap<Operation, (usize, Duration)>,
    used: HashMap<(Operation, String), (Instant, usize)>,
}

/// How a limit stands after a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) allowed: bool,
    pub(crate) limit: usize,
    pub(crate) remaining: usize,
    /// Until the limit is whole again.
    pub(crate) reset_after: Duration,
    pub(crate) bucket: String,
}

impl Limits {
    /// So many calls in so long, from now on.
    pub(crate) fn set(&mut self, operation: Operation, count: usize, window: Duration) {
        self.rules.insert(operation, (count, window));
    }

    /// A call comes: how its limit stands with it, if there is one. `place` is its channel or guild.
    pub(crate) fn take(&mut self, operation: Operation, place: &str) -> Option<Standing> {
        let &(limit, window) = self.rules.get(&operation)?;
        let now = Instant::now();
        let (since, used) = self.used.entry((operation, place.to_owned())).or_insert((now, 0));
        if since.elapsed() >= window {
            (*since, *used) = (now, 0);
        }
        let allowed = *used < limit;
        *used += usize::from(allowed);
        Some(Standing {
            allowed,
            limit,
            remaining: limit - *used,
            reset_after: window.saturating_sub(since.elapsed()),
            bucket: format!("{operation:?}").to_lowercase(),
        })
    }
}

impl Standing {
    /// Says in the headers of an answer how the limit stands.
    pub(crate) fn mark(&self, mut response: Response) -> Response {
        let given = response.headers_mut();
        for (name, value) in [
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset-after", format!("{:.3}", self.reset_after.as_secs_f64())),
            ("x-ratelimit-bucket", self.bucket.clone()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                given.insert(name, value);
            }
        }
        response
    }
}
