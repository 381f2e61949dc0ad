//! From a part to a mail that was handed over: once, however often it is asked for.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use rapport_sdk::{
    ConnectorError,
    model::{
        Secret,
        id::{ExternalMessageId, OutboxId},
        outbound::{Outgoing, SendError, SendReceipt},
    },
};

use super::{Access, AccessTokens, Failure, SentFolder, Timeouts, connection::Connection, pool::Pool};
use crate::{
    compose::{Composed, Composer},
    config::{Auth, EmailSettings, Server},
    error::EmailError,
    failpoints,
    tls::Tls,
    token::Tokens,
};

/// So many mails that were handed over are remembered.
const REMEMBERED: usize = 1000;
/// So long a check waits for an answer.
const PATIENCE_OF_A_CHECK: Duration = Duration::from_secs(10);

type Outcome = Result<SendReceipt, SendError>;

/// Hands mails in for one inbox.
pub struct Sender {
    work: Arc<Work>,
    composer: Composer,
    largest_files: u64,
}

/// What the tasks of deliveries share.
struct Work {
    server: Server,
    tls: Tls,
    access: Access,
    timeouts: Timeouts,
    pool: Arc<Pool>,
    sent_folder: Option<Arc<dyn SentFolder>>,
    known: Mutex<Known>,
}

/// What is under way or was handed over.
#[derive(Default)]
struct Known {
    deliveries: HashMap<OutboxId, Shared<BoxFuture<'static, Outcome>>>,
    handed_over: VecDeque<OutboxId>,
}

impl Sender {
    /// A sender with these settings. Nothing is connected to before it sends. Without a source of access
    /// tokens, an inbox that signs in with them is unauthorized.
    pub fn new(
        settings: &EmailSettings,
        timeouts: Timeouts,
        tokens: Option<Arc<dyn AccessTokens>>,
        sent_folder: Option<Arc<dyn SentFolder>>,
    ) -> Result<Self, EmailError> {
        let access = match &settings.auth {
            Auth::Password { user, password } => {
                Access::Password { user: user.clone(), password: password.clone() }
            }
            Auth::XOAuth2 { user, .. } => {
                Access::Token { user: user.clone(), source: tokens.unwrap_or_else(|| Arc::new(NoTokens)) }
            }
        };
        Ok(Self {
            work: Arc::new(Work {
                server: settings.smtp.clone(),
                tls: Tls::new(&settings.smtp)?,
                access,
                timeouts,
                pool: Pool::new(timeouts.rest),
                sent_folder: sent_folder.filter(|_| settings.append_sent),
                known: Mutex::default(),
            }),
            composer: Composer {
                tokens: Tokens::new(&settings.token_keys).ok_or(EmailError::TokenKeys)?,
                name: settings.name.clone(),
                plus_addressing: settings.plus_addressing,
            },
            largest_files: settings.largest_files,
        })
    }

    /// Hands the mail of this part in. The mail goes on its way also where the caller stops waiting: a large
    /// one over a slow line takes longer than anybody waits, and would begin anew for ever. Who asks again
    /// with the same key waits for that one.
    pub async fn send(&self, outgoing: &Outgoing) -> Outcome {
        let size: u64 =
            outgoing.media.iter().filter_map(|file| file.bytes.as_ref()).map(|b| b.len() as u64).sum();
        if size > self.largest_files {
            let code = format!("552 5.3.4: the files have {size} bytes of {}", self.largest_files);
            return Err(SendError::Rejected { code });
        }
        let mail = self.composer.compose(outgoing);
        let mail = mail.map_err(|error| SendError::Rejected { code: error.to_string() })?;
        self.work.delivery(outgoing.key.clone(), mail).await
    }

    /// Connects and signs in, and takes leave: no mail.
    pub async fn check(&self) -> Result<(), ConnectorError> {
        let work = &self.work;
        // A person waits for it.
        let timeouts = Timeouts { reply: work.timeouts.reply.min(PATIENCE_OF_A_CHECK), ..work.timeouts };
        let opened = Connection::open(&work.server, &work.tls, &work.access, timeouts).await;
        let mut connection = opened.map_err(Failure::for_check)?;
        connection.probe().await.map_err(Failure::for_check)?;
        connection.quit().await;
        Ok(())
    }
}

impl Work {
    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn delivery(self: &Arc<Self>, key: OutboxId, mail: Composed) -> Shared<BoxFuture<'static, Outcome>> {
        self.with(|known| {
            if let Some(delivery) = known.deliveries.get(&key) {
                return delivery.clone();
            }
            let task = tokio::spawn(Arc::clone(self).deliver(key.clone(), mail));
            // A task that panicked, or ended with its process, may have handed it over.
            let delivery = async move { task.await.unwrap_or(Err(SendError::Unknown)) }.boxed().shared();
            known.deliveries.insert(key, delivery.clone());
            delivery
        })
    }

    async fn deliver(self: Arc<Self>, key: OutboxId, mail: Composed) -> Outcome {
        let mut outcome = self.hand_over(&mail).await;
        if outcome.is_ok() && failpoints::fails("email.accepted") {
            outcome = Err(Failure::Unknown);
        }
        self.with(|known| {
            if outcome.is_err() {
                known.deliveries.remove(&key);
                return;
            }
            known.handed_over.push_back(key);
            if known.handed_over.len() > REMEMBERED
                && let Some(oldest) = known.handed_over.pop_front()
            {
                known.deliveries.remove(&oldest);
            }
        });
        outcome.map_err(|failure| failure.for_send(&self.server))?;
        let receipt = SendReceipt { id: ExternalMessageId(mail.name) };
        if let Some(folder) = &self.sent_folder {
            let folder = Arc::clone(folder);
            tokio::spawn(async move { folder.append(mail.bytes).await });
        }
        Ok(receipt)
    }

    async fn hand_over(&self, mail: &Composed) -> Result<(), Failure> {
        let slot = self.pool.slots.acquire().await;
        let mut used = self.pool.take();
        loop {
            let again = used.is_some();
            let mut connection = match used.take() {
                Some(connection) => connection,
                None => Connection::open(&self.server, &self.tls, &self.access, self.timeouts).await?,
            };
            let outcome = connection.deliver(mail).await;
            match &outcome {
                Ok(()) => self.pool.keep(connection),
                Err(failure) if again && failure.is_stale() => continue,
                Err(failure) if failure.leaves_connection() => {
                    if connection.reset().await {
                        self.pool.keep(connection);
                    }
                }
                Err(_) => {}
            }
            drop(slot);
            return outcome;
        }
    }
}

/// Stands in where no source of access tokens is set up.
struct NoTokens;

impl AccessTokens for NoTokens {
    fn access_token(&self, _fresh: bool) -> BoxFuture<'_, Result<Secret, ConnectorError>> {
        Box::pin(std::future::ready(Err(ConnectorError::Unauthorized)))
    }
}
