//! The connector contract: everything that stands between a channel and the bridge.
//!
//! Receiving is a push with a durable await: [`Ingress::ingest`] returning `Ok` means that the
//! events *and* the cursor are committed, and only then does a connector acknowledge upstream.
//! Sending is in two steps: [`Connector::plan`] is pure and turns a message into parts;
//! [`Connector::send`] carries one part, so that a half-sent message is never repeated.
//!
//! A connector sees no database, no associate and no status. `docs/connector-spec.md` numbers what
//! it MUST do, and the conformance kit tests those numbers.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rapport_model::{
    Capabilities, Clock, Health, InboundEvent, Timestamp,
    event::RawPayload,
    id::{ChannelName, Cursor, ExternalThreadId, Scope},
    outbound::{OutboundMessage, Outgoing, Part, PlanError, SendError, SendReceipt},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// One configured account on a channel.
pub trait Connector: Send + Sync + 'static {
    /// The channel's name. The core shows it and never compares it.
    fn channel(&self) -> ChannelName;

    /// What this account can carry. Constant for the life of the connector.
    fn capabilities(&self) -> Capabilities;

    /// Receives until `ctx.shutdown` is cancelled, then returns within 5 s. Passing failures are
    /// its own affair (back off, report health, go on); it returns an error only for what no
    /// waiting mends, and is then started again by the supervisor, with a back-off.
    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>>;

    /// Splits a message into the parts that the channel carries. Pure: the same message gives the
    /// same parts.
    fn plan(&self, message: &OutboundMessage) -> Result<Vec<Part>, PlanError>;

    /// Carries one part to one recipient. `Err(Unknown)` wherever the provider may have accepted
    /// it: a connection lost after the request, an unreadable answer to it.
    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>>;

    /// Fetches a file by the reference that this connector put into an inbound attachment; refuses
    /// what is longer than `limit` bytes.
    fn fetch<'a>(&'a self, reference: &'a str, limit: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>>;

    /// Tries the account without any effect that a customer or a provider's record would show.
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>>;

    /// The same for a person who sets the account up: each part of it is tried, whatever became of the others,
    /// and what is wrong is told with what to change. No more effect than [`Connector::check`].
    fn examine(&self) -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(async move {
            let wrong = self.check().await.err().map(|error| error.to_string());
            vec![Finding { part: None, wrong }]
        })
    }

    /// Reads again what was parked as unreadable, after a fix: the events that it would have been had it
    /// been read at first, with `at` as the time when it came. `Unreadable` among them says why it still
    /// can't be read, and then nothing of it is stored; so does an empty list.
    fn read_again(&self, _raw: &RawPayload, _at: Timestamp) -> Vec<InboundEvent> {
        Vec::new()
    }

    /// The way in for a customer who brings an associate's `word` along (ASCII letters, digits and a hyphen).
    /// `None` where the channel has none, or where its place is not known before the account was connected.
    fn way_in(&self, _word: &str) -> Option<WayIn> {
        None
    }

    /// The receiver of the provider's calls, where the channel has one.
    fn webhook(&self) -> Option<&dyn Webhook> {
        None
    }
}

/// A way in that can be printed: what a phone opens when it reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The address of the place where one begins to write: `https:`, `mailto:`, `sms:`.
    pub url: String,
    /// Whether the customer has to write the word themselves, because the link can't bring it along.
    pub write_the_word: bool,
}

/// What was found when a part of an account was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which part, and where; `None` where an account is one.
    pub part: Option<String>,
    /// What is wrong and what to change, for a person who sees the configuration; never a secret.
    pub wrong: Option<String>,
}

/// A channel that is called by its provider.
pub trait Webhook: Send + Sync {
    /// Judges the signature, reads the request, ingests and answers: 2xx only after `Ok`, 401 for
    /// a signature that is missing or wrong (and then nothing is stored), 415 for a wrong content
    /// type, 400 for a body that is not what its type says, 503 where ingest fails.
    fn receive<'a>(
        &'a self,
        request: WebhookRequest,
        ingress: &'a dyn Ingress,
    ) -> BoxFuture<'a, WebhookResponse>;
}

/// The bridge's side of receiving.
pub trait Ingress: Send + Sync {
    /// The cursor that was last committed under this scope.
    fn cursor<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Option<Cursor>, IngestError>>;

    /// Commits all events of the batch and its cursor, or nothing. On an error the same events are
    /// to be given again.
    fn ingest(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Ingested>, IngestError>>;

    /// Whether a text of the retailer's may be written now, outside of a reply, to the customer of this thread,
    /// whose message is in: the bot is on here and no person has taken over. `true` is noted in the conversation
    /// and is good for one message, at once.
    fn announce<'a>(&'a self, thread: &'a ExternalThreadId) -> BoxFuture<'a, Result<bool, IngestError>>;
}

/// What is committed together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What happened, in the order in which the channel told it.
    pub events: Vec<InboundEvent>,
    /// The resume point after these events, and what it counts in.
    pub cursor: Option<(Scope, Cursor)>,
    /// Up to when the inbox is now known to be complete, where this batch settles that.
    pub complete_up_to: Option<Timestamp>,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// New, and now durable.
    Stored,
    /// Seen before: nothing changed.
    Duplicate,
    /// Kept as it came, for a person to look at.
    Parked,
}

/// Why nothing of a batch was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// Too much waits, or the store is not to be had: give the same again later.
    #[error("not stored for now")]
    Unavailable {
        /// When to come back.
        retry_after: Duration,
    },
}

/// Why a call to the provider did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectorError {
    /// May work later.
    #[error("not for now: {reason}")]
    Transient {
        /// The earliest moment for the next try, counted from now, where the provider names one.
        retry_after: Option<Duration>,
        /// What was seen, for a person; never a secret or an address.
        reason: String,
    },
    /// Our credentials are not accepted.
    #[error("the provider does not accept our credentials")]
    Unauthorized,
    /// It can't work as it is set up, or what was asked for does not exist.
    #[error("{reason}")]
    Misconfigured {
        /// What is wrong and what to change, for a person.
        reason: String,
    },
}

/// What a connector gets for one run.
#[derive(Clone)]
pub struct Context {
    /// Where events go.
    pub ingress: Arc<dyn Ingress>,
    /// Where its state is told.
    pub health: HealthReporter,
    /// The only clock.
    pub clock: Arc<dyn Clock>,
    /// Cancelled when the run is to end.
    pub shutdown: CancellationToken,
}

/// Tells the supervisor how the connection fares.
#[derive(Debug, Clone)]
pub struct HealthReporter(watch::Sender<Health>);

impl HealthReporter {
    /// A reporter, and the end at which the state is read.
    pub fn new() -> (Self, watch::Receiver<Health>) {
        let (sender, receiver) = watch::channel(Health::Starting);
        (Self(sender), receiver)
    }

    /// Replaces the state; wakes readers only where it differs.
    pub fn report(&self, health: Health) {
        self.0.send_if_modified(|current| {
            let changed = *current != health;
            *current = health;
            changed
        });
    }
}

/// A fetched file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The type that the provider claims.
    pub content_type: String,
    /// The name that the provider gives it, if any.
    pub name: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Which of an inbox's two addresses was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookRoute {
    /// `/webhooks/{inbox}`
    Messages,
    /// `/webhooks/{inbox}/status`
    Status,
}

/// A provider's call, as it came over the wire.
#[derive(Debug, Clone)]
pub struct WebhookRequest {
    /// Which address was called.
    pub route: WebhookRoute,
    /// The method.
    pub method: http::Method,
    /// Path and query exactly as sent, undecoded: signatures cover it.
    pub path_and_query: String,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, whole; its length is limited before it comes here.
    pub body: Bytes,
    /// When it came.
    pub received_at: Timestamp,
}

/// What the provider is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookResponse {
    /// The status.
    pub status: http::StatusCode,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body: what the provider wants to read, or what was wrong.
    pub body: String,
    /// When to come again, with 503.
    pub retry_after: Option<Duration>,
}
