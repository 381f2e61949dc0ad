//! A connector at work in a test of its own: a clock that the test moves, a run with what came of it, and
//! waiting for what has to happen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rapport_model::{
    Clock, Health, InboundEvent, Timestamp,
    event::InboundMessage,
    id::{Cursor, Scope},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::MemoryIngress;
use crate::connector::{Connector, ConnectorError, Context, HealthReporter, Ingress as _};

/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A clock that goes on by a millisecond with each look at it, and further where a test moves it.
pub struct Ticking(AtomicI64);

impl Ticking {
    /// A clock that stands here.
    pub fn at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(start.millis())))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).expect("tests move by years at most");
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// What runs until it is dropped.
pub struct Running {
    /// What it brought.
    pub ingress: Arc<MemoryIngress>,
    /// How it says that it fares.
    pub health: watch::Receiver<Health>,
    /// Ends it.
    pub shutdown: CancellationToken,
    task: Option<JoinHandle<Result<(), ConnectorError>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Running {
    /// Lets a connector run.
    pub fn connector(
        connector: Arc<dyn Connector>,
        clock: Arc<dyn Clock>,
        ingress: &Arc<MemoryIngress>,
    ) -> Self {
        Self::start(clock, ingress, |context| async move { connector.run(context).await })
    }

    /// Lets something run that takes what a connector takes.
    pub fn start<F>(
        clock: Arc<dyn Clock>,
        ingress: &Arc<MemoryIngress>,
        run: impl FnOnce(Context) -> F,
    ) -> Self
    where
        F: Future<Output = Result<(), ConnectorError>> + Send + 'static,
    {
        let (reporter, health) = HealthReporter::new();
        let shutdown = CancellationToken::new();
        let context =
            Context { ingress: ingress.clone(), health: reporter, clock, shutdown: shutdown.clone() };
        let task = tokio::spawn(run(context));
        Self { ingress: Arc::clone(ingress), health, shutdown, task: Some(task) }
    }

    /// Waits until it fares like this.
    pub async fn until_health(&mut self, wanted: impl Fn(&Health) -> bool) -> Health {
        let waited = tokio::time::timeout(PATIENCE, self.health.wait_for(|health| wanted(health))).await;
        let found = waited.ok().map(|health| health.expect("it tells how it fares").clone());
        found.unwrap_or_else(|| panic!("it still is {:?}", *self.health.borrow()))
    }

    /// Waits until all is well.
    pub async fn connected(&mut self) {
        self.until_health(|health| *health == Health::Connected).await;
    }

    /// Waits until it gives a reason with these words in it.
    pub async fn says(&mut self, words: &str) {
        self.until_health(|health| health.reason().is_some_and(|reason| reason.contains(words))).await;
    }

    /// Ends it, and waits until it has ended.
    pub async fn stop(mut self) -> Result<(), ConnectorError> {
        self.shutdown.cancel();
        self.end().await
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) -> Result<(), ConnectorError> {
        let task = self.task.take().expect("it ends once");
        tokio::time::timeout(PATIENCE, task).await.expect("it does not end").expect("it does not panic")
    }

    /// Cuts it off in the middle of whatever it does, as a crash would.
    pub fn crash(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Waits until so many messages are stored.
    pub async fn until_stored(&self, count: usize) {
        until(|| self.ingress.messages().len() >= count).await;
    }

    /// The texts that are stored, in their order.
    pub fn texts(&self) -> Vec<String> {
        self.ingress.messages().into_iter().map(|message| message.text).collect()
    }

    /// Waits for the message with this text.
    pub async fn message(&self, text: &str) -> InboundMessage {
        until(|| !self.ingress.with_text(text).is_empty()).await;
        self.ingress.with_text(text).remove(0)
    }

    /// Waits for an event.
    pub async fn event<T>(&self, pick: impl Fn(InboundEvent) -> Option<T>) -> T {
        let found = || self.ingress.stored().into_iter().find_map(&pick);
        until(|| found().is_some()).await;
        found().expect("it was just there, and nothing is taken away")
    }

    /// What is parked: the ids, and what there is of each.
    pub fn parked(&self) -> Vec<(String, Vec<u8>)> {
        let parked = |event| match event {
            InboundEvent::Unreadable { id, raw, .. } => Some((id.to_string(), raw.bytes)),
            _ => None,
        };
        self.ingress.stored().into_iter().filter_map(parked).collect()
    }

    /// The resume point of a scope.
    pub async fn cursor(&self, scope: &str) -> Option<String> {
        let cursor = self.ingress.cursor(&Scope::from(scope)).await.expect("memory is at hand");
        cursor.map(|cursor: Cursor| cursor.as_str().to_owned())
    }
}

/// Waits for something that has to happen.
pub async fn until(happened: impl Fn() -> bool) {
    let wait = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it did not happen");
}
