//! The bridge's side of receiving: from a connector's batch to a committed one.
//!
//! `Ok` means committed. A raw form too large for a row is written to the files, synced, before the
//! row that names it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use rapport_model::{
    Address, Author, InboundEvent, Timestamp,
    bot::Unanswerable,
    event::{Content, InboundAttachment},
    id::{Cursor, ExternalThreadId, Scope},
};
use rapport_sdk::{Batch, BoxFuture, IngestError, Ingested, Ingress};

use super::media;
use crate::{
    sabotage::{self, Rule},
    store::{Blobs, InboxFacts, IngestRequest, Kept, KeptFile, Outcome, Store, StoreError},
};

/// Raw forms up to this length stand in the row.
const LARGEST_ROW: usize = 256 * 1024;
/// When a provider is to come again after we could not store.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Takes in what one inbox's connector brings.
pub(super) struct InboxIngress {
    store: Store,
    blobs: Blobs,
    facts: Arc<InboxFacts>,
    ours: Vec<Address>,
    last_inbound: AtomicI64,
}

impl InboxIngress {
    pub(super) fn new(store: Store, blobs: Blobs, facts: Arc<InboxFacts>, ours: Vec<Address>) -> Self {
        Self { store, blobs, facts, ours, last_inbound: AtomicI64::new(0) }
    }

    /// Reads from the store when something last came in: this process may not have been there.
    pub(super) async fn recall(&self) -> Result<(), StoreError> {
        if let Some(at) = self.store.find_last_inbound(&self.facts.id).await? {
            self.last_inbound.fetch_max(at.millis(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// When something last came in.
    pub(super) fn last_inbound(&self) -> Option<Timestamp> {
        match self.last_inbound.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Timestamp(at)),
        }
    }

    /// Makes a batch ready for the store: large raw forms go to the files first.
    pub(super) async fn prepare(&self, mut batch: Batch) -> Result<IngestRequest, StoreError> {
        let mut kept = Kept::default();
        for (at, event) in batch.events.iter_mut().enumerate() {
            let raw = match event {
                InboundEvent::Message(message) => {
                    // Our own addresses are never customers: two of our numbers must not talk to each other.
                    if let Author::Contact { address, .. } = &message.author
                        && self.ours.contains(address)
                    {
                        message.unanswerable.get_or_insert(Unanswerable::AutomaticMail);
                    }
                    for (item, attachment) in message.attachments.iter_mut().enumerate() {
                        if let Content::Here(bytes) = &mut attachment.content {
                            let bytes = Bytes::from(std::mem::take(bytes));
                            let file = self.keep(bytes, attachment).await?;
                            kept.files.insert((at, item), file);
                        }
                    }
                    &mut message.raw
                }
                InboundEvent::Unreadable { raw, .. } => raw,
                _ => continue,
            };
            if raw.bytes.len() > LARGEST_ROW {
                let bytes = Bytes::from(std::mem::take(&mut raw.bytes));
                kept.raws.insert(at, self.blobs.put(bytes).await?.key);
            }
        }
        Ok(IngestRequest::new(self.facts.clone(), batch.events, batch.cursor, batch.complete_up_to, kept))
    }

    /// Makes a file that came with its message durable, under a name and type of our own finding where
    /// the sender gives none.
    async fn keep(&self, bytes: Bytes, attachment: &InboundAttachment) -> Result<KeptFile, StoreError> {
        let content_type = media::media_type(&bytes, &attachment.content_type);
        let named = attachment.name.clone().filter(|name| !name.trim().is_empty());
        let name = named.unwrap_or_else(|| media::made_up_name(&bytes, &content_type));
        Ok(KeptFile { blob: self.blobs.put(bytes).await?, content_type, name })
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Ingested>, StoreError> {
        let any_message = batch.events.iter().any(|event| matches!(event, InboundEvent::Message(_)));
        let request = self.prepare(batch).await?;
        if sabotage::breaks(Rule::CommitBeforeAck) {
            let store = self.store.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(150)).await;
                store.ingest(request).await
            });
            return Ok(Vec::new());
        }
        let outcomes = self.store.ingest(request).await?;
        if any_message {
            self.last_inbound.store(self.store.now().millis(), Ordering::Relaxed);
        }
        Ok(outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Outcome::Stored => Ingested::Stored,
                Outcome::Duplicate => Ingested::Duplicate,
                Outcome::Parked => Ingested::Parked,
            })
            .collect())
    }
}

impl Ingress for InboxIngress {
    fn cursor<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Option<Cursor>, IngestError>> {
        Box::pin(async move {
            self.store.find_cursor(&self.facts.id, scope).await.map_err(|error| self.refused(&error))
        })
    }

    fn ingest(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Ingested>, IngestError>> {
        Box::pin(async move { self.commit(batch).await.map_err(|error| self.refused(&error)) })
    }

    fn announce<'a>(&'a self, thread: &'a ExternalThreadId) -> BoxFuture<'a, Result<bool, IngestError>> {
        Box::pin(async move {
            self.store.announce(&self.facts, thread).await.map_err(|error| self.refused(&error))
        })
    }
}

impl InboxIngress {
    fn refused(&self, error: &StoreError) -> IngestError {
        tracing::error!(inbox.id = %self.facts.id, %error, "A batch was not stored and is asked for again");
        IngestError::Unavailable { retry_after: RETRY_AFTER }
    }
}
