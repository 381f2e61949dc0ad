//! Reading again what was parked: the connector that could not read it then reads what was kept, and
//! the message comes in as if it had been read when it came.

use rapport_model::{InboundEvent, event::RawPayload, id::ParkedId};
use rapport_sdk::Batch;

use super::Engine;
use crate::store::{Actor, Conflict, RawContent, ReadAgain, StoreError};

/// Why a parked message was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It still can't be read, and why.
    #[error("{0}")]
    Unreadable(String),
    /// The store refused it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Reads a parked message again. Where it still can't be read, it stays as it is.
    pub async fn read_parked(&self, actor: &Actor, id: &ParkedId) -> Result<Option<ReadAgain>, ReadError> {
        let parked = self.store().get_parked(actor, id).await?;
        let gone = |reason| StoreError::from(Conflict::NotNow(reason));
        let inbox =
            self.inbox(&parked.inbox).ok_or_else(|| gone("This inbox is no longer in the configuration."))?;
        let kept = self.store().find_parked_raw(actor, id).await?;
        let kept = kept.ok_or_else(|| gone("What came is no longer kept."))?;
        let bytes = match kept.content {
            RawContent::Here(bytes) => bytes,
            RawContent::Blob(key) => self.blobs().get(&key).await?.into(),
        };
        let raw = RawPayload { content_type: kept.content_type, bytes };
        let events = inbox.connector.read_again(&raw, parked.at);
        if events.is_empty() {
            return Err(ReadError::Unreadable(parked.reason));
        }
        if let Some(InboundEvent::Unreadable { reason, .. }) =
            events.iter().find(|event| matches!(event, InboundEvent::Unreadable { .. }))
        {
            return Err(ReadError::Unreadable(reason.clone()));
        }
        let request = inbox.ingress.prepare(Batch { events, ..Batch::default() }).await?;
        Ok(self.store().update_parked_as_read(actor, id, request).await?)
    }
}
