//! From fetched mails to what is stored: read them beside the connection, commit them, try again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use rapport_sdk::{
    Batch, Context, IngestError,
    model::{
        Health, InboundEvent, Timestamp,
        id::{Cursor, Scope},
    },
};
use tokio::sync::mpsc::{Receiver, Sender};

use super::{Receiving, back_off};
use crate::{
    failpoints,
    inbound::{Fetched, Translator},
    sabotage::{self, Rule},
};

/// What is handed on together.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// In the order of their arrival.
    pub(super) mails: Vec<Item>,
    /// How far the folders were read once these are stored.
    pub(super) cursors: Vec<(Scope, Cursor)>,
    /// Up to when all is there.
    pub(super) complete_up_to: Option<Timestamp>,
}

/// A mail, or what could be had of it.
#[derive(Debug)]
pub(super) enum Item {
    /// It was fetched.
    Mail(Fetched),
    /// The server does not give it.
    Withheld(Fetched, &'static str),
}

/// A chunk that was read.
pub(super) struct Read {
    events: Vec<InboundEvent>,
    cursors: Vec<(Scope, Cursor)>,
    complete_up_to: Option<Timestamp>,
}

/// How the inbox fares while nothing can be stored.
pub(super) fn not_stored() -> Health {
    Health::Degraded { reason: "What came in could not be stored; it is tried again.".to_owned() }
}

/// Reads what was fetched, away from the threads that serve connections.
pub(super) async fn read(translator: &Arc<Translator>, mut chunks: Receiver<Chunk>, out: Sender<Read>) {
    while let Some(Chunk { mails, cursors, complete_up_to }) = chunks.recv().await {
        let translator = Arc::clone(translator);
        let read = move || mails.into_iter().flat_map(|item| events(&translator, item)).collect();
        let Ok(events) = tokio::task::spawn_blocking(read).await else { return };
        if out.send(Read { events, cursors, complete_up_to }).await.is_err() {
            return;
        }
    }
}

fn events(translator: &Translator, item: Item) -> Vec<InboundEvent> {
    match item {
        Item::Withheld(fetched, reason) => vec![fetched.unreadable(reason)],
        Item::Mail(fetched) => {
            let kept = fetched.clone();
            let read = catch_unwind(AssertUnwindSafe(|| translator.events(fetched)));
            read.unwrap_or_else(|_| vec![kept.unreadable("Reading the mail failed.")])
        }
    }
}

/// Commits what was read. Only with an Ok does the next one follow, and with it the resume point.
pub(super) async fn store(receiving: &Receiving, ctx: &Context, mut chunks: Receiver<Read>) {
    while let Some(Read { mut events, cursors, complete_up_to }) = chunks.recv().await {
        if sabotage::breaks(Rule::OrderOfArrival) {
            events.reverse();
        }
        if sabotage::breaks(Rule::CursorWithMails) {
            for cursor in &cursors {
                commit(receiving, ctx, Batch { cursor: Some(cursor.clone()), ..Batch::default() }).await;
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        // A batch carries one resume point. That of a further folder follows: were it lost, its mails
        // would come again, and are known by their ids.
        let mut cursors = cursors.into_iter();
        let mut batch = Batch { events, cursor: cursors.next(), complete_up_to };
        loop {
            commit(receiving, ctx, batch).await;
            let Some(cursor) = cursors.next() else { break };
            failpoints::pause("email.between_cursors");
            batch = Batch { cursor: Some(cursor), ..Batch::default() };
        }
    }
}

async fn commit(receiving: &Receiving, ctx: &Context, batch: Batch) {
    failpoints::pause("email.before_commit");
    let mut failures = 0;
    while let Err(IngestError::Unavailable { retry_after }) = ctx.ingress.ingest(batch.clone()).await {
        failures += 1;
        ctx.health.report(not_stored());
        tokio::time::sleep(retry_after.max(back_off(failures, receiving.patience.back_off))).await;
    }
}
