//! Keeps one inbox's connector running: starts it again, with a back-off, when it ends with an error
//! or panics, and never lets that touch another inbox.

use std::time::Duration;

use futures_util::FutureExt as _;
use rapport_model::{Health, id::InboxId};
use rapport_sdk::{ConnectorError, Context, Ingress};

use super::Engine;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

pub(super) async fn run(engine: Engine, id: InboxId) {
    let Some(inbox) = engine.inbox(&id) else { return };
    let mut pause = FIRST_PAUSE;
    loop {
        let ingress: std::sync::Arc<dyn Ingress> = inbox.ingress.clone();
        let context = Context {
            ingress,
            health: inbox.health.clone(),
            clock: engine.clock().clone(),
            shutdown: engine.shutdown_token().clone(),
        };
        let outcome = std::panic::AssertUnwindSafe(inbox.connector.run(context)).catch_unwind().await;
        if engine.shutdown_token().is_cancelled() {
            inbox.health.report(Health::Stopped);
            return;
        }
        if *inbox.receiving.borrow() == Health::Connected {
            pause = FIRST_PAUSE;
        }
        let health = match outcome {
            Ok(Ok(())) => {
                Health::Reconnecting { reason: "The connector ended and is started again.".to_owned() }
            }
            Ok(Err(ConnectorError::Unauthorized)) => Health::Unauthorized,
            Ok(Err(ConnectorError::Misconfigured { reason })) => Health::Misconfigured { reason },
            Ok(Err(ConnectorError::Transient { reason, retry_after })) => {
                pause = pause.max(retry_after.unwrap_or_default());
                Health::Reconnecting { reason }
            }
            Err(_) => {
                Health::Reconnecting { reason: "The connector failed and is started again.".to_owned() }
            }
        };
        inbox.health.report(health);
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(0.8 + 0.4 * rand::random::<f64>())) => {}
            () = engine.shutdown_token().cancelled() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
