//! The job runner: claims what is due, does it, and records what became of it. A job that fails is
//! tried again later; one that panics loses its lease and comes back.

use std::time::Duration;

use rapport_model::id::{AssociateId, ConversationId, MessageId};
use tokio::task::JoinSet;

use super::{Engine, acknowledge, media, retry::next_try, routing};
use crate::store::{Job, JobOutcome, StoreError, WAKE};

const AT_ONCE: usize = 8;
/// Longer than any job.
const LEASE: Duration = Duration::from_mins(2);
const IDLE: Duration = Duration::from_secs(5);
const SWEEP_EVERY: Duration = Duration::from_hours(1);

pub(super) async fn run(engine: Engine) {
    let mut wake = engine.store().watch_jobs();
    let mut running = JoinSet::new();
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    if let Err(error) = engine.store().free_jobs_at_start().await {
        tracing::warn!(%error, "Jobs of the process before keep their leases");
    }
    while !engine.shutdown_token().is_cancelled() {
        // The sweep runs beside the jobs, and may make them one more than there may be.
        let free = i64::try_from(AT_ONCE.saturating_sub(running.len())).unwrap_or(0);
        let claimed = if free > 0 {
            engine.store().claim_jobs(LEASE, free).await.unwrap_or_default()
        } else {
            Vec::new()
        };
        let any = !claimed.is_empty();
        for job in claimed {
            running.spawn(perform(engine.clone(), job));
        }
        if any && running.len() < AT_ONCE {
            continue;
        }
        let due = engine.store().find_next_job().await.ok().flatten();
        let pause = due.map_or(IDLE, |due| due.since(engine.store().now()));
        let pause = pause.clamp(Duration::from_millis(20), IDLE);
        tokio::select! {
            _ = wake.changed() => {}
            Some(_) = running.join_next() => {}
            _ = sweep.tick() => { running.spawn(tidy(engine.clone())); }
            () = tokio::time::sleep(pause) => {}
            () = engine.shutdown_token().cancelled() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

async fn perform(engine: Engine, job: Job) {
    let outcome = match job.kind.as_str() {
        "ack" => acknowledge::run(&engine, &job).await,
        "media" => media::fetch(&engine, &job).await,
        "close" => close(&engine, &job).await,
        WAKE => wake(&engine, &job).await,
        "route" | "overdue" | "hand_back" => {
            routing::perform(engine.config(), engine.store(), &job).await.map(drop)
        }
        _ => engine.store().update_job(&job.id, JobOutcome::Done(Some("unknown kind".to_owned()))).await,
    };
    if let Err(error) = outcome {
        tracing::warn!(job.id = %job.id, job.kind, %error, "A job failed and is tried again");
        let now = engine.clock().now();
        let at = next_try(now, job.attempt, None, rand::random()).unwrap_or(now.plus(LEASE));
        // Where even that can't be recorded, the lease ends by itself.
        drop(engine.store().update_job(&job.id, JobOutcome::Again(at, error.to_string())).await);
    }
}

async fn close(engine: &Engine, job: &Job) -> Result<(), StoreError> {
    let mut ids = job.payload.split(' ').map(str::to_owned);
    let read = (|| {
        let conversation = ConversationId::try_from(ids.next()?).ok()?;
        let message = MessageId::try_from(ids.next()?).ok()?;
        Some((conversation, message, AssociateId::try_from(ids.next()?).ok()?))
    })();
    if let Some((conversation, message, associate)) = read {
        engine.store().close_after_sending(conversation, message, associate).await?;
    }
    engine.store().update_job(&job.id, JobOutcome::Done(None)).await
}

async fn wake(engine: &Engine, job: &Job) -> Result<(), StoreError> {
    match ConversationId::try_from(job.payload.clone()) {
        Ok(conversation) => engine.store().wake_on_time(&job.id, conversation).await,
        Err(_) => engine.store().update_job(&job.id, JobOutcome::Done(None)).await,
    }
}

async fn tidy(engine: Engine) {
    let retention = &engine.config().retention;
    if let Err(error) = engine.store().sweep(engine.blobs(), retention.raw, retention.events).await {
        tracing::warn!(%error, "What has had its time could not be removed yet");
    }
}
