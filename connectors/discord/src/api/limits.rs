//! How often Discord may be called, as its answers say it.
//!
//! A route that is used up is left alone until its time, so that a busy channel costs no refusals: ten
//! thousand of those in ten minutes shut the whole address out.
//!
//! <https://discord.com/developers/docs/topics/rate-limits>

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rapport_sdk::http::Answer;
use tokio::time::Instant;

use super::Failure;

/// What the whole account shares.
const ALL: &str = "";
/// How long to stay away where the network before Discord refuses us and does not say.
const SHUT_OUT: Duration = Duration::from_mins(10);
/// More routes than this are not remembered: those whose time has come are dropped.
const MOST_ROUTES: usize = 1000;

/// The route of a call: its method and what it is about, without what follows the channel's part.
pub fn route(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let mut parts = path.split('/').skip(1).take(3);
    let major =
        [parts.next(), parts.next(), parts.next()].into_iter().flatten().collect::<Vec<_>>().join("/");
    format!("{method} {major}")
}

/// Until when which routes are used up.
#[derive(Debug, Default)]
pub struct Limits(Mutex<HashMap<String, Instant>>);

impl Limits {
    /// Waits until the route may be used; an error where that takes longer than `patience`.
    pub async fn wait(&self, route: &str, patience: Duration) -> Result<(), Failure> {
        let until = {
            let limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            [ALL, route].into_iter().filter_map(|route| limits.get(route)).max().copied()
        };
        let Some(wait) = until.and_then(|until| until.checked_duration_since(Instant::now())) else {
            return Ok(());
        };
        if wait > patience {
            return Err(Failure::Limited(Some(wait)));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Notes what an answer says.
    pub fn note(&self, route: &str, answer: &Answer) {
        let wait = if answer.status == StatusCode::TOO_MANY_REQUESTS {
            asked_wait(answer)
        } else if header(answer, "x-ratelimit-remaining") == Some(0.0) {
            header(answer, "x-ratelimit-reset-after").and_then(seconds)
        } else {
            None
        };
        let Some(wait) = wait else { return };
        let key = if is_for_all(answer) { ALL } else { route };
        let now = Instant::now();
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.len() >= MOST_ROUTES {
            limits.retain(|_, until| *until > now);
        }
        limits.insert(key.to_owned(), now + wait);
    }
}

/// How long an answer that refuses wants us to stay away.
pub fn asked_wait(answer: &Answer) -> Option<Duration> {
    #[derive(serde::Deserialize)]
    struct Body {
        retry_after: f64,
    }
    let told = answer.json::<Body>().and_then(|body| seconds(body.retry_after));
    let wait = told.max(header(answer, "retry-after").and_then(seconds));
    if told.is_some() { wait } else { Some(wait.unwrap_or_default().max(SHUT_OUT)) }
}

/// Whether a refusal is for all that we do: a global limit, or the network's before Discord, which answers
/// in HTML.
fn is_for_all(answer: &Answer) -> bool {
    let is_json = answer.json::<serde_json::Value>().is_some();
    answer.headers.contains_key("x-ratelimit-global")
        || (answer.status == StatusCode::TOO_MANY_REQUESTS && !is_json)
}

fn header(answer: &Answer, name: &str) -> Option<f64> {
    answer.headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.clamp(0.0, 86400.0)).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Some(body.to_owned().into()) }
    }

    #[test]
    fn a_route_is_the_method_and_the_channels_part() {
        assert_eq!(route("GET", "/channels/1/messages/2"), "GET channels/1/messages");
        assert_eq!(route("GET", "/users/@me"), "GET users/@me");
    }

    #[test]
    fn the_longer_of_header_and_body_counts_and_a_page_of_html_means_long() {
        let json = answer(429, &[("retry-after", "3")], r#"{"retry_after":2.5,"global":false}"#);
        assert_eq!(asked_wait(&json), Some(Duration::from_secs(3)));
        let html = answer(429, &[("retry-after", "20")], "<html>1015</html>");
        assert_eq!(asked_wait(&html), Some(SHUT_OUT));
        let longer = answer(429, &[("retry-after", "3600")], "<html>1015</html>");
        assert_eq!(asked_wait(&longer), Some(Duration::from_hours(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_up_route_waits_and_others_do_not() {
        let limits = Limits::default();
        let used_up =
            answer(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "1.5")], "{}");
        limits.note("GET a", &used_up);
        let patient = Duration::from_secs(2);
        assert_eq!(
            limits.wait("GET a", Duration::from_secs(1)).await,
            Err(Failure::Limited(Some(Duration::from_millis(1500))))
        );
        let before = Instant::now();
        limits.wait("GET b", patient).await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
        limits.wait("GET a", patient).await.unwrap();
        assert_eq!(before.elapsed(), Duration::from_millis(1500));
        limits.note(
            "GET a",
            &answer(429, &[("x-ratelimit-global", "true"), ("retry-after", "5")], r#"{"retry_after":5}"#),
        );
        assert!(limits.wait("GET b", patient).await.is_err());
    }
}
