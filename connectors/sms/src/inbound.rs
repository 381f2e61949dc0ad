//! What comes in: the provider's calls, and its list for what no call brought.
//!
//! A call is answered 2xx only after its events are durable. Where they could not be stored the
//! list is read soon after, because the provider may not call again.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rand::RngExt as _;
use rapport_sdk::{
    Batch, ConnectorError, Context, IngestError, Ingress, WebhookRequest, WebhookResponse,
    model::{
        Address, Health, Timestamp,
        id::{Cursor, Scope},
    },
};
use tokio::sync::Notify;

use crate::{
    provider::{Provider, Refusal},
    seen::Seen,
};

/// The scope under which the list's resume point is kept: the moment up to which we know all.
const LISTING: &str = "listing";
/// How far each look reaches back before the resume point: a provider's index may lag, and its
/// clock may differ from ours.
const OVERLAP: Duration = Duration::from_mins(10);
/// How far the very first look reaches back.
const FIRST_LOOK: Duration = Duration::from_hours(24);
/// The longest period that is read and stored at once, so that a long absence needs no memory.
const SLICE: Duration = Duration::from_hours(6);
/// The most events that are committed together.
const MOST_EVENTS: usize = 200;
/// How soon after a failure of our own the list is read.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long the inbox says that a call was for another one: until the next could have come.
const STRAY_SHOWS: Duration = Duration::from_hours(24);
/// The first and the longest wait after a failure of the provider.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(2));

/// The receiving side of one inbox.
pub struct Inbound {
    provider: Arc<dyn Provider>,
    seen: Seen,
    /// Rung where a call was not stored.
    missed: Notify,
    /// The end of the number and the time of the last call that was for another inbox.
    strayed: Mutex<Option<(String, Timestamp)>>,
    interval: Duration,
}

/// Why a look at the list ended early.
enum Stop {
    Provider(ConnectorError),
    Store(Duration),
}

impl From<ConnectorError> for Stop {
    fn from(error: ConnectorError) -> Self {
        Self::Provider(error)
    }
}

impl From<IngestError> for Stop {
    fn from(IngestError::Unavailable { retry_after }: IngestError) -> Self {
        Self::Store(retry_after)
    }
}

impl Inbound {
    /// The receiving side, which looks at the list every `interval`.
    pub fn new(provider: Arc<dyn Provider>, interval: Duration) -> Self {
        Self { provider, seen: Seen::default(), missed: Notify::new(), strayed: Mutex::default(), interval }
    }

    fn strayed(&self) -> MutexGuard<'_, Option<(String, Timestamp)>> {
        self.strayed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it fares once the list was read to its end.
    fn health(&self, now: Timestamp) -> Health {
        match &*self.strayed() {
            Some((ending, at)) if now < at.plus(STRAY_SHOWS) => Health::Degraded {
                reason: format!(
                    "Calls for the number of another inbox that ends in {ending} arrive here: look at that \
                     number's webhook at the provider."
                ),
            },
            _ => Health::Connected,
        }
    }

    /// Answers one call of the provider.
    pub async fn receive(&self, request: WebhookRequest, ingress: &dyn Ingress) -> WebhookResponse {
        let events = match self.provider.read(&request) {
            Ok(events) => events,
            Err(refusal) => {
                if let Refusal::Misdirected(to) = &refusal {
                    *self.strayed() = Some((ending(to), request.received_at));
                    // The look at the list that follows reports it.
                    self.missed.notify_one();
                }
                return refused(&refusal);
            }
        };
        if !events.is_empty() {
            let batch = Batch { events: events.clone(), ..Batch::default() };
            if let Err(IngestError::Unavailable { retry_after }) = ingress.ingest(batch).await {
                self.missed.notify_one();
                return WebhookResponse {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    content_type: "text/plain",
                    body: "not stored for now, please come again".to_owned(),
                    retry_after: Some(retry_after),
                };
            }
            self.seen.note(&events);
        }
        let (content_type, body) = self.provider.thanks();
        WebhookResponse { status: StatusCode::OK, content_type, body: body.to_owned(), retry_after: None }
    }

    /// Looks at the list on start, after a failure of our own and at every interval.
    pub async fn run(&self, ctx: Context) -> Result<(), ConnectorError> {
        let result = tokio::select! {
            () = ctx.shutdown.cancelled() => Ok(()),
            result = self.look_for_ever(&ctx) => result,
        };
        if result.is_ok() {
            ctx.health.report(Health::Stopped);
        }
        result
    }

    async fn look_for_ever(&self, ctx: &Context) -> Result<(), ConnectorError> {
        let mut failures = 0;
        loop {
            let wait = match self.catch_up(ctx).await {
                Ok(()) => {
                    failures = 0;
                    ctx.health.report(self.health(ctx.clock.now()));
                    self.interval
                }
                Err(Stop::Store(retry_after)) => {
                    failures += 1;
                    ctx.health.report(Health::Degraded {
                        reason: "What came in could not be stored; it is fetched again.".to_owned(),
                    });
                    retry_after.max(back_off(failures))
                }
                Err(Stop::Provider(ConnectorError::Transient { retry_after, reason })) => {
                    failures += 1;
                    ctx.health.report(Health::Reconnecting { reason });
                    retry_after.unwrap_or_default().max(back_off(failures))
                }
                Err(Stop::Provider(ConnectorError::Unauthorized)) => {
                    ctx.health.report(Health::Unauthorized);
                    return Err(ConnectorError::Unauthorized);
                }
                Err(Stop::Provider(ConnectorError::Misconfigured { reason })) => {
                    ctx.health.report(Health::Misconfigured { reason: reason.clone() });
                    return Err(ConnectorError::Misconfigured { reason });
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.missed.notified() => tokio::time::sleep(AFTER_FAILURE).await,
            }
        }
    }

    /// Brings in what the provider's list has and we have not, up to now.
    async fn catch_up(&self, ctx: &Context) -> Result<(), Stop> {
        let now = ctx.clock.now();
        let scope = Scope::from(LISTING);
        let known = ctx.ingress.cursor(&scope).await?;
        let complete = known
            .and_then(|cursor| cursor.as_str().parse().ok().map(Timestamp))
            .unwrap_or_else(|| now.minus(FIRST_LOOK));
        let mut from = complete.min(now).minus(OVERLAP);
        loop {
            let to = from.plus(SLICE).min(now);
            // The last slice is open towards the future: the provider's clock may be ahead.
            let last = to == now;
            let until = if last { now.plus(OVERLAP) } else { to };
            let mut events = self.provider.list(from, until, &self.seen).await?;
            loop {
                let rest = events.split_off(events.len().min(MOST_EVENTS));
                let settles = rest.is_empty() && to > complete;
                if settles || !events.is_empty() {
                    let batch = Batch {
                        events: events.clone(),
                        cursor: settles.then(|| (scope.clone(), Cursor(to.millis().to_string()))),
                        complete_up_to: settles.then_some(to),
                    };
                    ctx.ingress.ingest(batch).await?;
                    self.seen.note(&events);
                }
                if rest.is_empty() {
                    break;
                }
                events = rest;
            }
            if last {
                return Ok(());
            }
            from = to;
        }
    }
}

/// Doubles with every failure up to a bound, less a part that chance decides.
fn back_off(failures: u32) -> Duration {
    let (first, longest) = BACK_OFF;
    let full = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(16))).min(longest);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Enough of a number of ours to know it by: a reason is also logged.
fn ending(number: &Address) -> String {
    let number = number.expose();
    number.chars().skip(number.chars().count().saturating_sub(4)).collect()
}

fn refused(refusal: &Refusal) -> WebhookResponse {
    let status = match refusal {
        Refusal::Method => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Signature | Refusal::Account => StatusCode::UNAUTHORIZED,
        Refusal::Misdirected(_) => StatusCode::MISDIRECTED_REQUEST,
        Refusal::Missing(_) => StatusCode::BAD_REQUEST,
    };
    WebhookResponse { status, content_type: "text/plain", body: refusal.to_string(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_with_failures_and_has_a_bound() {
        for _ in 0..100 {
            assert!(back_off(1) <= Duration::from_secs(1));
            assert!(back_off(1) >= Duration::from_millis(500));
            assert!(back_off(5) >= Duration::from_secs(8));
            assert!(back_off(u32::MAX) <= BACK_OFF.1);
        }
    }
}
