//! How the inboxes fare, for people.

use rapport_model::{Health, Timestamp, id::InboxId};
use tokio::sync::watch;

use super::Engine;

/// Where a connector's state is read.
pub(super) type Watch = watch::Receiver<Health>;

/// The state of an inbox as far as the engine knows it.
#[derive(Debug, Clone)]
pub struct InboxStatus {
    /// Which inbox.
    pub id: InboxId,
    /// How its connection fares.
    pub health: Health,
    /// When something last came in.
    pub last_inbound_at: Option<Timestamp>,
}

impl Engine {
    /// The state of every inbox, in the order of their names.
    pub fn inboxes(&self) -> Vec<InboxStatus> {
        let status = |(id, inbox): (&InboxId, &super::Inbox)| InboxStatus {
            id: id.clone(),
            health: inbox.status.borrow().clone(),
            last_inbound_at: inbox.ingress.last_inbound(),
        };
        self.inner.inboxes.iter().map(status).collect()
    }

    /// Follows the state of every inbox.
    pub fn watch_health(&self) -> Vec<(InboxId, watch::Receiver<Health>)> {
        self.inner.inboxes.iter().map(|(id, inbox)| (id.clone(), inbox.status.clone())).collect()
    }

    /// Asks a provider whether the account works, without any effect.
    pub async fn check(&self, inbox: &InboxId) -> Option<Result<(), rapport_sdk::ConnectorError>> {
        Some(self.inbox(inbox)?.connector.check().await)
    }
}

/// Logs each change of an inbox's state, for whoever runs the bridge without looking at its pages.
pub(super) async fn log(engine: Engine, id: InboxId) {
    let Some(mut status) = engine.inbox(&id).map(|inbox| inbox.status.clone()) else { return };
    let mut last = Health::Starting;
    while status.changed().await.is_ok() {
        let health = status.borrow_and_update().clone();
        if health == std::mem::replace(&mut last, health.clone()) {
            continue;
        }
        let (state, reason) = (health.word(), health.reason().unwrap_or_default());
        match health {
            Health::Starting | Health::Connected | Health::Stopped => {
                tracing::info!(inbox.id = %id, state, "An inbox changed its state");
            }
            _ => tracing::warn!(inbox.id = %id, state, reason, "An inbox changed its state"),
        }
    }
}

/// Looks up what the process before knew. Aside: it must not hold up the start.
pub(super) async fn recall(engine: Engine) {
    for (id, inbox) in &engine.inner.inboxes {
        if let Err(error) = inbox.ingress.recall().await {
            tracing::warn!(inbox.id = %id, %error, "When something last came in is not known");
        }
    }
}
