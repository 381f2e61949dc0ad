//! A Twilio account on this machine.
//!
//! It keeps messages like the real one: what a customer writes is recorded and offered once to the
//! webhook; what the bridge sends is checked against the API's description, recorded, and reported
//! on. [`Fault`]s make single calls fail. `rest` answers the API, `callback` signs and calls,
//! `ledger` is the memory, `journal` its form on disk.

mod callback;
mod fault;
mod journal;
mod ledger;
mod rest;
mod spec;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use rapport_sdk::{
    http::Timeouts,
    model::{Clock, Timestamp},
};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

pub use fault::{Fault, Operation};
use ledger::{Direction, Ledger, Record};

/// How a fake account is set up.
#[derive(Clone)]
pub struct FakeTwilioConfig {
    /// The account.
    pub account_sid: String,
    /// Opens the API and signs the calls.
    pub auth_token: String,
    /// Where set, calls are signed with this secret and HMAC-SHA256 instead.
    pub signature_key: Option<String>,
    /// The account's numbers; empty: any.
    pub numbers: Vec<String>,
    /// Where the fake takes its time from.
    pub clock: Arc<dyn Clock>,
    /// Whether a call that found nobody is made once more, as the provider can be set up to do.
    pub redeliver: bool,
    /// How long a call of the webhook may take.
    pub webhook_timeouts: Timeouts,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The file in which it keeps its messages; `None`: it forgets them when it ends.
    pub memory: Option<PathBuf>,
}

impl FakeTwilioConfig {
    /// An account with a made-up name and secret.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            account_sid: "AC0000000000000000000000000000fa4e".to_owned(),
            auth_token: "fake-auth-token".to_owned(),
            signature_key: None,
            numbers: Vec::new(),
            clock,
            redeliver: false,
            webhook_timeouts: Timeouts::default(),
            port: 0,
            memory: None,
        }
    }
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeMedia {
    /// Its type, as the sender claims.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// How a webhook call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOutcome {
    /// The status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// The body of the answer, or why there was none.
    pub body: String,
}

impl CallOutcome {
    /// Whether the bridge took it.
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One report of what became of a message that the bridge sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusStep {
    /// The status as the provider names it.
    pub status: String,
    /// The code with a failure.
    pub error_code: Option<u32>,
    /// How long after the step before.
    pub after: Duration,
}

impl StatusStep {
    /// A step without delay.
    pub fn new(status: &str, error_code: Option<u32>) -> Self {
        Self { status: status.to_owned(), error_code, after: Duration::ZERO }
    }
}

/// What becomes of the messages that the bridge sends, in this order, duplicates included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPlan {
    /// The reports.
    pub steps: Vec<StatusStep>,
    /// Whether they are made before the sending call is answered.
    pub before_answer: bool,
}

impl Default for StatusPlan {
    fn default() -> Self {
        let steps = ["queued", "sent", "delivered"];
        Self { steps: steps.map(|status| StatusStep::new(status, None)).into(), before_answer: false }
    }
}

/// A message as the customer's phone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneMessage {
    /// The provider's id.
    pub sid: String,
    /// Whether the customer wrote it.
    pub written_here: bool,
    /// The number at the other end.
    pub other: String,
    /// The text.
    pub body: String,
    /// The types of its files and where they are.
    pub media: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
    /// Its last status.
    pub status: String,
}

/// A message that the bridge sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The provider's id.
    pub sid: String,
    /// The number that it left from.
    pub from: String,
    /// The number that it went to.
    pub to: String,
    /// The text.
    pub body: String,
    /// The addresses of its files, as they were given.
    pub media_urls: Vec<String>,
    /// Where the bridge wants to be told.
    pub status_callback: Option<String>,
    /// Its last status.
    pub status: String,
}

/// The address that is called, and the one that is signed: they differ behind a proxy.
#[derive(Debug, Clone)]
pub(crate) struct WebhookAddress {
    pub(crate) called: Url,
    pub(crate) signed: String,
}

/// What the parts of the fake share.
pub(crate) struct Shared {
    pub(crate) config: FakeTwilioConfig,
    pub(crate) base: Url,
    pub(crate) ledger: Mutex<Ledger>,
    webhooks: Mutex<HashMap<Option<String>, WebhookAddress>>,
    plan: Mutex<StatusPlan>,
    changes: watch::Sender<u64>,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// Reads or changes the memory, and wakes who watches.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Ledger) -> T) -> T {
        act(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    pub(crate) fn plan(&self) -> StatusPlan {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn webhook(&self, number: &str) -> Option<WebhookAddress> {
        let webhooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        webhooks.get(&Some(number.to_owned())).or_else(|| webhooks.get(&None)).cloned()
    }
}

/// A running fake account. Clones are the same account; it ends with the last of them.
#[derive(Clone)]
pub struct FakeTwilio {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: Arc<DropGuard>,
}

impl FakeTwilio {
    /// Starts to serve the API on loopback.
    pub async fn start(config: FakeTwilioConfig) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", config.port)).await?;
        let address = listener.local_addr()?;
        let base = Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)?;
        let ledger = config.memory.as_deref().map(Ledger::open).transpose()?.unwrap_or_default();
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            config,
            base,
            ledger: Mutex::new(ledger),
            webhooks: Mutex::default(),
            plan: Mutex::default(),
            changes: watch::Sender::new(0),
            stop: stop.clone(),
        });
        tokio::spawn(rest::serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Where the API is: the connector's `api_base`.
    pub fn api_base(&self) -> Url {
        self.shared.base.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The account's name.
    pub fn account_sid(&self) -> &str {
        &self.shared.config.account_sid
    }

    /// The account's secret.
    pub fn auth_token(&self) -> &str {
        &self.shared.config.auth_token
    }

    /// What customers write is offered to this address.
    pub fn set_webhook(&self, url: Url) {
        self.set(None, WebhookAddress { signed: url.to_string(), called: url });
    }

    /// What customers write to one number is offered to this address.
    pub fn set_webhook_for(&self, number: &str, url: Url) {
        self.set(Some(number.to_owned()), WebhookAddress { signed: url.to_string(), called: url });
    }

    /// The calls go to `called` and are signed for `public`, as behind a proxy.
    pub fn set_webhook_behind_proxy(&self, public: &str, called: Url) {
        self.set(None, WebhookAddress { called, signed: public.to_owned() });
    }

    fn set(&self, number: Option<String>, address: WebhookAddress) {
        let mut webhooks = self.shared.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        webhooks.insert(number, address);
    }

    /// What becomes of the messages that the bridge sends from now on.
    pub fn set_status_plan(&self, plan: StatusPlan) {
        *self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// The next call of this operation fails in this way. Further ones queue up behind it.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.shared.with(|ledger| ledger.faults.push(operation, fault));
    }

    /// Whether a fault still waits for a call of this operation.
    pub fn is_failing(&self, operation: Operation) -> bool {
        self.shared.with(|ledger| ledger.faults.wait_for(operation))
    }

    /// Forgets the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.shared.with(|ledger| ledger.faults.clear());
    }

    /// A customer writes: recorded, and offered to the webhook once.
    pub async fn receive_sms(
        &self,
        from: &str,
        to: &str,
        body: &str,
        media: Vec<FakeMedia>,
    ) -> (String, CallOutcome) {
        let sid = self.offer(from, to, body, media);
        let outcome = self.deliver(&sid).await;
        (sid, outcome)
    }

    /// A customer writes while nobody listens: recorded, and found in the list only.
    pub fn offer(&self, from: &str, to: &str, body: &str, media: Vec<FakeMedia>) -> String {
        let now = self.shared.now();
        let sid = self.shared.with(|ledger| ledger.customer_writes(from, to, body, media, now));
        self.shared.changed();
        sid
    }

    /// Offers what was never offered, oldest first: the provider is back after an outage of its own.
    pub async fn deliver_waiting(&self) {
        let waiting = self.shared.with(|ledger| {
            let waits = |record: &&Record| record.direction == Direction::Inbound && record.tries == 0;
            ledger.records().filter(waits).map(|record| record.sid.clone()).collect::<Vec<_>>()
        });
        for sid in waiting {
            self.deliver(&sid).await;
        }
    }

    /// Offers a recorded message to the webhook, again if need be.
    pub async fn deliver(&self, sid: &str) -> CallOutcome {
        callback::offer(&self.shared, sid).await
    }

    /// Offers a recorded message so many times at once.
    pub async fn deliver_at_once(&self, sid: &str, times: usize) -> Vec<CallOutcome> {
        futures_util::future::join_all((0..times).map(|_| self.deliver(sid))).await
    }

    /// Reports a status of a message that the bridge sent, now.
    pub async fn report(&self, sid: &str, step: StatusStep) -> CallOutcome {
        callback::report(&self.shared, sid, &step).await
    }

    /// Offers these fields, signed, to the webhook: for what a real account would not send.
    pub async fn call_webhook(&self, fields: &[(&str, &str)]) -> CallOutcome {
        callback::raw(&self.shared, fields).await
    }

    /// A form and the headers that sign it for `url`, to be sent by somebody else.
    pub fn signed_form(&self, url: &str, fields: &[(&str, &str)]) -> (http::HeaderMap, String) {
        let fields: Vec<_> = fields.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        callback::signed_form(&self.shared, url, &fields)
    }

    /// What the bridge sent, oldest first.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.shared.with(|ledger| {
            let sent = ledger.records().filter(|record| record.direction == Direction::Sent);
            sent.map(Record::as_sent).collect()
        })
    }

    /// What the phone with this number shows, oldest first.
    pub fn phone(&self, number: &str) -> Vec<PhoneMessage> {
        let base = self.shared.base.as_str();
        let account = &self.shared.config.account_sid;
        self.shared.with(|ledger| {
            let shown = ledger.records().filter_map(|record| record.on_phone(number, base, account));
            shown.collect()
        })
    }

    /// The numbers of the customers who wrote, in the order in which each wrote first.
    pub fn customers(&self) -> Vec<String> {
        self.shared.with(|ledger| {
            let mut numbers: Vec<String> = Vec::new();
            for record in ledger.records().filter(|record| record.direction == Direction::Inbound) {
                if !numbers.contains(&record.from) {
                    numbers.push(record.from.clone());
                }
            }
            numbers
        })
    }

    /// How many messages customers wrote.
    pub fn received_count(&self) -> usize {
        self.shared
            .with(|ledger| ledger.records().filter(|record| record.direction == Direction::Inbound).count())
    }

    /// A file of a message, by the ids in its address.
    pub fn media(&self, message: &str, media: &str) -> Option<FakeMedia> {
        self.shared.with(|ledger| ledger.media(message, media))
    }

    /// Removes the files of a message, as a customer's request to the provider would.
    pub fn delete_media(&self, message: &str) {
        self.shared.with(|ledger| ledger.delete_media(message));
    }

    /// How often each operation was called, faults included.
    pub fn calls(&self, operation: Operation) -> usize {
        self.shared.with(|ledger| ledger.calls(operation))
    }

    /// Requests that the API's description does not allow. Empty in a good test.
    pub fn violations(&self) -> Vec<String> {
        self.shared.with(|ledger| ledger.violations.clone())
    }

    /// A number that grows with every change: for a page that shows a phone.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }
}
