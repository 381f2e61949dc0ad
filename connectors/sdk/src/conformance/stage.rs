//! A connector that runs, and waiting for what it does.

use std::{sync::Arc, time::Duration};

use rapport_model::Health;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Harness, MemoryIngress};
use crate::connector::{Connector, ConnectorError, Context, HealthReporter};

/// How long the kit waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long `run` may take to end.
const END: Duration = Duration::from_secs(5);

/// A connector that runs.
pub(super) struct Stage {
    harness: Arc<dyn Harness>,
    pub(super) connector: Arc<dyn Connector>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ConnectorError>>,
    pub(super) health: watch::Receiver<Health>,
}

impl Stage {
    /// Starts a new connector, as a new process would.
    pub(super) fn start(harness: &Arc<dyn Harness>, ingress: &Arc<MemoryIngress>) -> Self {
        let connector = harness.connector();
        let (reporter, health) = HealthReporter::new();
        let shutdown = CancellationToken::new();
        let context = Context {
            ingress: ingress.clone(),
            health: reporter,
            clock: harness.clock(),
            shutdown: shutdown.clone(),
        };
        harness.attach(Some((Arc::clone(&connector), ingress.clone())));
        let running = Arc::clone(&connector);
        let task = tokio::spawn(async move { running.run(context).await });
        Self { harness: Arc::clone(harness), connector, shutdown, task, health }
    }

    /// Waits until the connector says that it is connected.
    pub(super) async fn connected(&mut self) -> Result<(), String> {
        let connected = self.health.wait_for(|health| *health == Health::Connected);
        match tokio::time::timeout(PATIENCE, connected).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err("it does not report that it is connected".to_owned()),
        }
    }

    /// Whether `run` still runs.
    pub(super) fn is_alive(&self) -> bool {
        !self.task.is_finished()
    }

    /// Asks it to end; says whether it did so in time.
    pub(super) async fn stop(mut self) -> Result<(), String> {
        self.harness.attach(None);
        self.shutdown.cancel();
        match tokio::time::timeout(END, &mut self.task).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(format!("run ended with an error: {error}")),
            Ok(Err(_)) => Err("run panicked".to_owned()),
            Err(_) => {
                self.task.abort();
                Err("run went on for more than 5 s".to_owned())
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for something that has to happen.
pub(super) async fn until(what: &str, happened: impl Fn() -> bool) -> Result<(), String> {
    let wait = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.map_err(|_| format!("{what} did not happen"))
}

/// Fails with a reason where a condition does not hold.
pub(super) fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
