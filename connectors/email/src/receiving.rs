//! Receiving: the folders of a mailbox, read from where we were to their end, again and again.
//!
//! One connection does it all: it waits for news (IDLE) in the first folder and looks at all of them every
//! so often. Providers count connections (Gmail allows 15 of all programs together), and what was said in
//! one folder can only be put in order with what was said in another when both are looked at together.
//!
//! `round` is one look at all folders: what is new is listed, put in the order of its arrival, fetched in
//! batches and handed on. `storing` reads the batches and commits them with the resume points of
//! `cursor`, while the next batch is fetched. `hard` deals with mails that the server does not give.
//! Nothing is ever written to the mailbox: the resume point is the only mark.

mod cursor;
mod folder;
mod hard;
mod memory;
mod round;
mod storing;

use std::{sync::Arc, time::Duration};

use rand::RngExt as _;
use rapport_sdk::{ConnectorError, Context, IngestError, model::Health};

use crate::{
    config::EmailSettings,
    error::EmailError,
    imap::{Dialer, Patience, Trouble},
    inbound::Translator,
    smtp::AccessTokens,
};
use folder::Folder;
use memory::Memory;

/// The receiving side of one inbox.
pub struct Receiving {
    settings: Arc<EmailSettings>,
    translator: Arc<Translator>,
    dialer: Dialer,
    patience: Patience,
}

/// Why a look ended early.
enum Stop {
    Mailbox(Trouble),
    Store(Duration),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Mailbox(trouble)
    }
}

impl From<IngestError> for Stop {
    fn from(IngestError::Unavailable { retry_after }: IngestError) -> Self {
        Self::Store(retry_after)
    }
}

impl Receiving {
    /// The receiving side for these settings. Nothing is connected to before it runs.
    pub fn new(
        settings: Arc<EmailSettings>,
        tokens: Option<Arc<dyn AccessTokens>>,
        patience: Patience,
    ) -> Result<Self, EmailError> {
        let dialer = Dialer::new(&settings, tokens, patience)?;
        let translator = Arc::new(Translator::new(&settings));
        Ok(Self { settings, translator, dialer, patience })
    }

    /// Receives until it is told to end, or until no waiting mends what is wrong.
    pub async fn run(&self, ctx: Context) -> Result<(), ConnectorError> {
        let result = tokio::select! {
            () = ctx.shutdown.cancelled() => Ok(()),
            result = self.receive_for_ever(&ctx) => result,
        };
        if result.is_ok() {
            ctx.health.report(Health::Stopped);
        }
        result
    }

    /// Signs in and opens every folder, and changes nothing by it.
    pub async fn check(&self) -> Result<(), ConnectorError> {
        let into_error = |trouble: Trouble| trouble.into_error(self.patience.throttled);
        let mut link = self.dialer.dial().await.map_err(into_error)?;
        let mut missing = Vec::new();
        for folder in self.folders() {
            match link.open(&folder.name).await {
                Ok(_) => {}
                Err(Trouble::Refused(refusal)) => missing.push(folder::complaint(&folder.name, refusal)),
                Err(trouble) => return Err(into_error(trouble)),
            }
        }
        link.close().await;
        if missing.is_empty() {
            Ok(())
        } else {
            Err(ConnectorError::Misconfigured { reason: missing.join(" ") })
        }
    }

    fn folders(&self) -> Vec<Folder> {
        let sent = self.settings.sent_folder.iter().map(|name| Folder::new(name, true));
        let is_sent = |name: &&String| Some(*name) == self.settings.sent_folder.as_ref();
        let read = self.settings.folders.iter().filter(|name| !is_sent(name));
        read.map(|name| Folder::new(name, false)).chain(sent).collect()
    }

    async fn receive_for_ever(&self, ctx: &Context) -> Result<(), ConnectorError> {
        let mut memory = Memory::default();
        loop {
            let Err(stop) = self.receive(ctx, &mut memory).await;
            memory.failures += 1;
            let back_off = back_off(memory.failures, self.patience.back_off);
            let wait = match stop {
                Stop::Store(retry_after) => {
                    ctx.health.report(storing::not_stored());
                    retry_after.max(back_off)
                }
                Stop::Mailbox(trouble) => match trouble.into_error(self.patience.throttled) {
                    ConnectorError::Transient { retry_after, reason } => {
                        ctx.health.report(Health::Reconnecting { reason });
                        retry_after.unwrap_or_default().max(back_off)
                    }
                    ConnectorError::Unauthorized => {
                        ctx.health.report(Health::Unauthorized);
                        return Err(ConnectorError::Unauthorized);
                    }
                    ConnectorError::Misconfigured { reason } => {
                        ctx.health.report(Health::Misconfigured { reason: reason.clone() });
                        return Err(ConnectorError::Misconfigured { reason });
                    }
                },
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Receives over one connection, as long as it holds.
    async fn receive(&self, ctx: &Context, memory: &mut Memory) -> Result<std::convert::Infallible, Stop> {
        let mut link = self.dialer.dial().await?;
        let mut folders = self.folders();
        loop {
            let looked = round::look(self, ctx, &mut link, &mut folders, memory).await?;
            memory.failures = 0;
            ctx.health.report(looked.health);
            self.wait(&mut link, &folders, looked.retry).await?;
        }
    }

    /// Waits for news, or for the time to look again.
    async fn wait(
        &self,
        link: &mut crate::imap::Link,
        folders: &[Folder],
        retry: Option<Duration>,
    ) -> Result<(), Trouble> {
        let Some(first) = folders.iter().find(|folder| folder.problem.is_none()) else {
            tokio::time::sleep(self.settings.poll_interval).await;
            return Ok(());
        };
        // Looked at once more right before: what came meanwhile is announced by nobody.
        if link.open(&first.name).await? != first.seen {
            return Ok(());
        }
        // Also where the server tells of news: some it misses, and of other folders it says nothing.
        let at_most = self.settings.poll_interval.min(retry.unwrap_or(Duration::MAX));
        link.wait(at_most).await
    }
}

/// Doubles with every failure up to a bound, less a part that chance decides.
fn back_off(failures: u32, (first, longest): (Duration, Duration)) -> Duration {
    let full = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(16))).min(longest);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_with_failures_and_has_a_bound() {
        let bounds = (Duration::from_secs(1), Duration::from_mins(2));
        for _ in 0..100 {
            assert!(back_off(1, bounds) <= Duration::from_secs(1));
            assert!(back_off(1, bounds) >= Duration::from_millis(500));
            assert!(back_off(5, bounds) >= Duration::from_secs(8));
            assert!(back_off(u32::MAX, bounds) <= bounds.1);
        }
    }
}
