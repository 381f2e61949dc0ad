//! C1 to C7: what comes in.

use std::{sync::Arc, time::Duration};

use rapport_model::Author;

use super::{
    Harness, MemoryIngress, Outcome,
    stage::{Stage, ensure, until},
};

pub(super) async fn nothing_is_acknowledged_early(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    ingress.hold();
    let offering = tokio::spawn({
        let harness = Arc::clone(&harness);
        async move { harness.offer("held back").await }
    });
    until("an ingest of what was offered", || ingress.waiting() > 0).await?;
    // Time for a connector that does not wait to show it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    ensure(!harness.is_acknowledged("held back"), "it was acknowledged while ingest was waiting")?;
    ingress.release();
    until("storing", || !ingress.with_text("held back").is_empty()).await?;
    until("the acknowledgement", || harness.is_acknowledged("held back")).await?;
    let _ = offering.await;
    Ok(())
}

pub(super) async fn events_come_again(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    ingress.fail(1);
    harness.offer("refused once").await;
    until("a first try", || ingress.times_offered("refused once") > 0).await?;
    // What comes behind it must not carry the resume point past it.
    harness.offer("right behind").await;
    until("storing what was refused", || !ingress.with_text("refused once").is_empty()).await?;
    until("storing what came behind", || !ingress.with_text("right behind").is_empty()).await
}

pub(super) async fn restart_loses_nothing(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    harness.offer("before").await;
    until("storing", || !ingress.with_text("before").is_empty()).await?;
    // How it ends is C4's matter.
    let _ = stage.stop().await;
    harness.offer("while down").await;
    ensure(ingress.with_text("while down").is_empty(), "it receives while it does not run")?;
    let mut stage = Stage::start(&harness, &ingress);
    until("storing what came while down", || !ingress.with_text("while down").is_empty()).await?;
    stage.connected().await?;
    harness.offer("after").await;
    until("storing what came after", || !ingress.with_text("after").is_empty()).await?;
    for text in ["before", "while down", "after"] {
        ensure(ingress.with_text(text).len() == 1, "a message is there more than once")?;
    }
    Ok(())
}

pub(super) async fn run_ends(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    stage.stop().await.map_err(|reason| format!("idle: {reason}"))?;
    ingress.hold();
    let stage = Stage::start(&harness, &ingress);
    let offering = tokio::spawn({
        let harness = Arc::clone(&harness);
        async move { harness.offer("in the middle").await }
    });
    until("an ingest", || ingress.waiting() > 0).await?;
    let ended = stage.stop().await.map_err(|reason| format!("in the middle of an ingest: {reason}"));
    ingress.release();
    let _ = offering.await;
    ended
}

pub(super) async fn garbage_is_survived(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    let offering = tokio::spawn({
        let harness = Arc::clone(&harness);
        async move { harness.offer_garbage().await }
    });
    ensure(offering.await.is_ok(), "it panicked in a call of the provider")?;
    harness.offer("behind garbage").await;
    until("storing what came behind", || {
        !stage.is_alive() || !ingress.with_text("behind garbage").is_empty()
    })
    .await?;
    ensure(stage.is_alive(), "run ended over garbage")
}

pub(super) async fn ids_are_stable(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    harness.offer("twice").await;
    until("storing", || !ingress.with_text("twice").is_empty()).await?;
    harness.offer_again("twice").await;
    harness.offer("behind").await;
    until("storing what came behind", || !ingress.with_text("behind").is_empty()).await?;
    ensure(ingress.with_text("twice").len() == 1, "the same message came under two ids")
}

pub(super) async fn echoes_are_recognised(harness: Arc<dyn Harness>) -> Outcome {
    let ingress = Arc::new(MemoryIngress::default());
    let mut stage = Stage::start(&harness, &ingress);
    stage.connected().await?;
    let sent = stage.connector.send(&harness.outgoing("from us")).await;
    ensure(sent.is_ok(), "the send failed")?;
    harness.offer("behind the echo").await;
    until("storing what came behind", || !ingress.with_text("behind the echo").is_empty()).await?;
    // A list that shows our own message may be read a moment later.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut echoes = ingress.with_text("from us").into_iter();
    ensure(
        !echoes.any(|echo| matches!(echo.author, Author::Contact { .. })),
        "our own message came back as a customer's",
    )
}
