//! The dispatcher: one task an inbox, so that a dead or slow channel holds up no other.
//!
//! It claims due rows under a lease, lets the connector send them, and records each outcome. A row
//! whose lease ends without an outcome is `unconfirmed`: nobody sends it again by itself, unless the
//! channel tells repeats apart.

use std::{sync::Arc, time::Duration};

use rapport_model::{
    id::InboxId,
    outbound::{Media, Outgoing, Part, SendError},
};
use tokio::task::JoinSet;

use super::{Engine, Inbox, retry::next_try};
use crate::{
    failpoints,
    sabotage::{self, Rule},
    store::{Claimed, SendOutcome, StoreError},
};

/// So many sends of one inbox are under way at once.
const AT_ONCE: usize = 16;
/// So much longer than the longest send is a lease, so that only a row whose process died loses its own.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// How often rows are looked for when nothing wakes the dispatcher: for other nodes and lost wake-ups.
const IDLE: Duration = Duration::from_secs(5);
/// How long nothing is sent while our credentials are refused.
const UNAUTHORIZED: Duration = Duration::from_mins(1);

pub(super) async fn run(engine: Engine, id: InboxId) {
    let Some(inbox) = engine.inbox(&id) else { return };
    let idempotent = known_for(inbox);
    let lease = inbox.connector.capabilities().longest_send + LEASE_MARGIN;
    let mut wake = engine.store().watch_outbox();
    let mut sends = JoinSet::new();
    let mut first = true;
    while !engine.shutdown_token().is_cancelled() {
        if let Err(error) = engine.store().expire_outbox(&id, first, idempotent).await {
            tracing::warn!(inbox.id = %id, %error, "Leases could not be looked through");
        } else {
            first = false;
        }
        let free = i64::try_from(AT_ONCE.saturating_sub(sends.len())).unwrap_or(0);
        // Without leases looked through first, a row of a process that died could be overtaken.
        let claimed = if free > 0 && !first {
            engine.store().claim_outbox(&inbox.facts, lease, free, idempotent).await.unwrap_or_else(|error| {
                tracing::warn!(inbox.id = %id, %error, "Nothing could be claimed for sending");
                Vec::new()
            })
        } else {
            Vec::new()
        };
        let any = !claimed.is_empty();
        for row in claimed {
            sends.spawn(send(engine.clone(), id.clone(), row));
        }
        if any && sends.len() < AT_ONCE {
            continue;
        }
        wait(&engine, inbox, &mut wake, &mut sends).await;
    }
    // What is under way gets its chance to end; the rest is unconfirmed at the next start.
    while sends.join_next().await.is_some() {}
}

/// Waits for new rows, for the next one to become due, or for a send to end.
async fn wait(
    engine: &Engine,
    inbox: &Inbox,
    wake: &mut tokio::sync::watch::Receiver<u64>,
    sends: &mut JoinSet<()>,
) {
    let due = engine.store().find_next_due(&inbox.facts.id).await;
    if matches!(due, Ok(None)) && sends.is_empty() {
        inbox.sending.nothing_waits();
    }
    let due = due.ok().flatten();
    // A row that is due and was not claimed waits behind another: its turn comes with a wake-up.
    let pause = due.map_or(IDLE, |due| due.since(engine.store().now()));
    let pause = if pause.is_zero() { IDLE } else { pause.min(IDLE) };
    tokio::select! {
        _ = wake.changed() => {}
        Some(_) = sends.join_next() => {}
        () = tokio::time::sleep(pause) => {}
        () = engine.shutdown_token().cancelled() => {}
    }
}

/// For how long the channel knows a repeat: so long an unknown outcome may be sent again.
fn known_for(inbox: &Inbox) -> Option<Duration> {
    if sabotage::breaks(Rule::NoBlindRetry) {
        return Some(Duration::MAX);
    }
    inbox.connector.capabilities().idempotent_send
}

async fn send(engine: Engine, id: InboxId, row: Claimed) {
    let Some(inbox) = engine.inbox(&id) else { return };
    let outgoing = match outgoing(&engine, inbox, &row).await {
        Ok(outgoing) => outgoing,
        Err(error) => {
            tracing::error!(inbox.id = %id, %error, "The files of a part could not be read");
            let outcome = failed(
                &engine,
                inbox,
                row.attempt,
                &SendError::Transient {
                    retry_after: None,
                    reason: "the files of the message could not be read".to_owned(),
                },
            );
            return record(&engine, inbox, &row, outcome).await;
        }
    };
    failpoints::pause("dispatch.before_send");
    let patience = inbox.connector.capabilities().longest_send;
    let outcome = match tokio::time::timeout(patience, inbox.connector.send(&outgoing)).await {
        Ok(Ok(receipt)) => {
            inbox.sending.went();
            SendOutcome::Sent(receipt.id)
        }
        Ok(Err(error)) => failed(&engine, inbox, row.attempt, &error),
        Err(_) => SendOutcome::Unknown,
    };
    failpoints::pause("dispatch.after_send");
    record(&engine, inbox, &row, outcome).await;
}

async fn outgoing(engine: &Engine, inbox: &Inbox, row: &Claimed) -> Result<Outgoing, StoreError> {
    let with_bytes = inbox.connector.capabilities().attached_bytes;
    let files = engine.store().list_outgoing_files(None, &row.attachments).await?;
    if files.len() != row.attachments.len() {
        return Err(StoreError::NotFound("attachment"));
    }
    let mut media = Vec::with_capacity(files.len());
    for file in files {
        media.push(Media {
            link: engine.links().link(&file.id, engine.clock().now()),
            bytes: if with_bytes { Some(engine.blobs().get(&file.blob_key).await?.into()) } else { None },
            name: file.name,
            content_type: file.content_type,
        });
    }
    Ok(Outgoing {
        key: row.id.clone(),
        attempt: row.attempt,
        thread: row.thread.clone(),
        from: row.from.clone(),
        to: row.to.clone(),
        automatic: row.automatic,
        reply_to: row.reply_to.clone(),
        heading: row.heading.clone(),
        part: Part { text: row.text.clone(), spans: row.spans.clone(), attachments: row.attachments.clone() },
        media,
    })
}

fn failed(engine: &Engine, inbox: &Inbox, attempt: u32, error: &SendError) -> SendOutcome {
    let now = engine.clock().now();
    let again = |wish, reason: &str| match next_try(now, attempt, wish, rand::random()) {
        Some(at) => SendOutcome::Again { at, reason: reason.to_owned() },
        None => SendOutcome::Failed { reason: format!("Given up after {attempt} tries: {reason}") },
    };
    match error {
        SendError::Transient { retry_after, reason } => {
            inbox.sending.put_off(now, reason);
            again(*retry_after, reason)
        }
        SendError::Misconfigured { reason } => {
            inbox.sending.misconfigured(reason);
            again(Some(UNAUTHORIZED), reason)
        }
        SendError::Unauthorized => {
            inbox.sending.unauthorized();
            again(Some(UNAUTHORIZED), "the provider does not accept our credentials")
        }
        SendError::Rejected { code } => SendOutcome::Failed { reason: code.clone() },
        SendError::Unknown => SendOutcome::Unknown,
    }
}

/// Records an outcome, however long the store can't be had: what was sent must not be forgotten while
/// this process lives.
async fn record(engine: &Engine, inbox: &Inbox, row: &Claimed, outcome: SendOutcome) {
    let facts: &Arc<_> = &inbox.facts;
    let idempotent = known_for(inbox);
    loop {
        match engine.store().update_outbox(&facts.id, &row.id, outcome.clone(), idempotent).await {
            Ok(()) => return,
            Err(error @ (StoreError::Unavailable(_) | StoreError::Busy)) => {
                tracing::error!(inbox.id = %facts.id, %error, "An outcome could not be recorded and is tried again");
            }
            Err(error) => {
                tracing::error!(inbox.id = %facts.id, %error, "An outcome could not be recorded");
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
            () = engine.shutdown_token().cancelled() => return,
        }
    }
}
