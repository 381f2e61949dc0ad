//! How the inboxes fare, for people.

use rapport_model::{Health, Timestamp, id::InboxId};
use tokio::sync::watch;

use super::{Engine, Inbox};

/// The state of an inbox as far as the engine knows it.
#[derive(Debug, Clone)]
pub struct InboxStatus {
    /// Which inbox.
    pub id: InboxId,
    /// How it fares, receiving and sending together.
    pub health: Health,
    /// When something last came in.
    pub last_inbound_at: Option<Timestamp>,
}

impl Engine {
    /// The state of every inbox, in the order of their names.
    pub fn inboxes(&self) -> Vec<InboxStatus> {
        let status = |(id, inbox): (&InboxId, &Inbox)| InboxStatus {
            id: id.clone(),
            health: inbox.fares(),
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

impl Inbox {
    fn fares(&self) -> Health {
        let receiving = self.receiving.borrow().clone();
        both(receiving, self.sending.health())
    }
}

/// Receiving and sending as one: what is worse stands first, and what there is to say of the other follows.
/// That the connector was not heard yet, or ended, hides nothing of sending but its being well.
fn both(receiving: Health, sending: Health) -> Health {
    let (worse, other) =
        if weight(&sending) > weight(&receiving) { (sending, receiving) } else { (receiving, sending) };
    let Some(more) = other.reason() else { return worse };
    let with = |reason: String| format!("{} {more}", ended(reason));
    match worse {
        Health::Degraded { reason } => Health::Degraded { reason: with(reason) },
        Health::Reconnecting { reason } => Health::Reconnecting { reason: with(reason) },
        Health::Misconfigured { reason } => Health::Misconfigured { reason: with(reason) },
        other => other,
    }
}

fn ended(mut sentence: String) -> String {
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// How much of a person's attention a state wants.
fn weight(health: &Health) -> u8 {
    match health {
        Health::Connected => 0,
        Health::Starting => 1,
        Health::Degraded { .. } => 2,
        Health::Reconnecting { .. } => 3,
        Health::Unauthorized => 4,
        Health::Misconfigured { .. } => 5,
        Health::Stopped => 6,
    }
}

/// Puts receiving and sending together whenever one of them changes.
pub(super) async fn follow(engine: Engine, id: InboxId, together: watch::Sender<Health>) {
    let Some(inbox) = engine.inbox(&id) else { return };
    let (mut receiving, mut sending) = (inbox.receiving.clone(), inbox.sending.watch());
    loop {
        let now = inbox.fares();
        together.send_if_modified(|known| {
            let before = std::mem::replace(known, now);
            before != *known
        });
        tokio::select! {
            Ok(()) = receiving.changed() => {}
            Ok(()) = sending.changed() => {}
            else => return,
        }
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
        let (state, reason) = (health.word(), reason(&health));
        match health {
            Health::Starting | Health::Connected | Health::Stopped => {
                tracing::info!(inbox.id = %id, state, "An inbox changed its state");
            }
            _ => tracing::warn!(inbox.id = %id, state, reason, "An inbox changed its state"),
        }
    }
}

/// What a log says of a state; where that has no words of its own, they are here.
fn reason(health: &Health) -> &str {
    health.reason().unwrap_or(match health {
        Health::Unauthorized => "the provider does not accept our credentials",
        _ => "",
    })
}

/// Looks up what the process before knew. Aside: it must not hold up the start.
pub(super) async fn recall(engine: Engine) {
    for (id, inbox) in &engine.inner.inboxes {
        if let Err(error) = inbox.ingress.recall().await {
            tracing::warn!(inbox.id = %id, %error, "When something last came in is not known");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn degraded(reason: &str) -> Health {
        Health::Degraded { reason: reason.to_owned() }
    }

    #[test]
    fn every_state_that_is_warned_of_has_words() {
        assert_eq!(reason(&Health::Unauthorized), "the provider does not accept our credentials");
        assert_eq!(reason(&degraded("A folder is gone.")), "A folder is gone.");
    }

    #[test]
    fn what_is_worse_of_receiving_and_sending_stands_first_and_neither_is_left_out() {
        let lost = Health::Reconnecting { reason: "The connection was lost".to_owned() };
        for (receiving, sending, together) in [
            (Health::Connected, Health::Connected, Health::Connected),
            (Health::Starting, Health::Connected, Health::Starting),
            (Health::Connected, degraded("Replies wait: x"), degraded("Replies wait: x")),
            (Health::Connected, Health::Unauthorized, Health::Unauthorized),
            (lost.clone(), Health::Unauthorized, Health::Unauthorized),
            (Health::Stopped, Health::Unauthorized, Health::Stopped),
            (
                lost,
                degraded("Replies wait: x"),
                Health::Reconnecting { reason: "The connection was lost. Replies wait: x".to_owned() },
            ),
            (
                degraded("A folder is gone."),
                Health::Misconfigured { reason: "Replies wait: y.".to_owned() },
                Health::Misconfigured { reason: "Replies wait: y. A folder is gone.".to_owned() },
            ),
        ] {
            assert_eq!(both(receiving, sending), together);
        }
    }
}
