//! C11 and C12: how the provider's calls are answered.

use std::sync::Arc;

use super::{Harness, MemoryIngress, Outcome, stage::ensure};

pub(super) async fn forged_calls_are_refused(harness: Arc<dyn Harness>) -> Outcome {
    let Some((_, forged)) = harness.webhook_requests("forged") else { return Ok(()) };
    let connector = harness.connector();
    let webhook = connector.webhook().ok_or("there is no webhook")?;
    let ingress = MemoryIngress::default();
    let answer = webhook.receive(forged, &ingress).await;
    ensure(answer.status.as_u16() == 401, &format!("the answer was {}", answer.status))?;
    ensure(ingress.stored().is_empty(), "something was stored")
}

pub(super) async fn answers_follow_the_store(harness: Arc<dyn Harness>) -> Outcome {
    let Some((genuine, _)) = harness.webhook_requests("called in") else { return Ok(()) };
    let connector = harness.connector();
    let webhook = connector.webhook().ok_or("there is no webhook")?;
    let ingress = MemoryIngress::default();
    ingress.fail(1);
    let answer = webhook.receive(genuine.clone(), &ingress).await;
    ensure(answer.status.is_server_error(), &format!("a failed ingest was answered {}", answer.status))?;
    ensure(answer.retry_after.is_some(), "the answer does not say when to come again")?;
    let answer = webhook.receive(genuine, &ingress).await;
    ensure(answer.status.is_success(), &format!("a good call was answered {}", answer.status))?;
    ensure(ingress.with_text("called in").len() == 1, "2xx and nothing stored")
}
