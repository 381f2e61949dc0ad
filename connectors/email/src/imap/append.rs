//! Putting what we sent into the folder of what was sent, for servers that don't do it by themselves.

use std::sync::Arc;

use rapport_sdk::BoxFuture;

use super::{Dialer, Patience, answer::Trouble, folder, link::ALLOWANCE};
use crate::{
    config::EmailSettings,
    error::EmailError,
    smtp::{AccessTokens, SentFolder},
};

/// Writes into the folder of what was sent, over a connection of its own.
pub struct Append {
    dialer: Dialer,
    folder: String,
}

impl Append {
    /// `None` where nothing is to be put there.
    pub fn new(
        settings: &EmailSettings,
        tokens: Option<Arc<dyn AccessTokens>>,
        patience: Patience,
    ) -> Result<Option<Self>, EmailError> {
        let folder = settings.sent_folder.clone().filter(|_| settings.append_sent);
        let with = |folder| Ok(Self { dialer: Dialer::new(settings, tokens, patience)?, folder });
        folder.map(with).transpose()
    }

    async fn put(&self, raw: &[u8]) -> Result<(), Trouble> {
        let mut link = self.dialer.dial().await?;
        let command = format!("APPEND {} (\\Seen) {{{}}}", folder::quoted(&self.folder), raw.len());
        let done = link.dialogue(&command, &[raw], ALLOWANCE, |_| {}).await?;
        link.close().await;
        done.refusal.map_or(Ok(()), |refusal| Err(Trouble::Refused(refusal)))
    }
}

impl SentFolder for Append {
    fn append(&self, raw: Vec<u8>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Err(trouble) = self.put(&raw).await {
                tracing::warn!(?trouble, "What was sent could not be put into the folder of sent mails");
            }
        })
    }
}
