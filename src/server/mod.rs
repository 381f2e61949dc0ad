//! One running bridge: the parts put together, in the order in which they need each other.
//!
//! Holds none of their rules. The address is bound first, because the public URL that signatures
//! cover may depend on it; the store is opened before anything listens; the engine starts before the
//! first request is answered.

mod error;
mod key;
mod lock;
mod node;
mod patient;
#[cfg(feature = "playground")]
mod playground;
mod tls;
mod trial;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use rapport_model::{Clock, id::InboxId};
use rapport_sdk::{
    Connector,
    http::{SafeFetch, Timeouts},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use error::StartError;
pub use trial::try_store;

use crate::{
    api,
    config::{Config, StoreUrl},
    engine::{Engine, MediaLinks, Setup},
    registry,
    store::{Blobs, InboxFacts, Store, StoreOptions},
};

/// How long the whole server may take to stop: within the 5 s that are promised, with room for the process
/// to end.
const STOPPING: Duration = Duration::from_secs(4);
/// How long open requests may take of it.
const PATIENCE: Duration = Duration::from_millis(400);

/// A running bridge.
pub struct Server {
    address: SocketAddr,
    public_url: Url,
    engine: Engine,
    sign_ins: Vec<SignIn>,
    closing: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    writer: JoinHandle<()>,
    held: lock::Held,
    #[cfg(feature = "playground")]
    playground: Option<playground::Playground>,
}

/// An associate that the playground made, with the password that is told once.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The address to sign in with.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Server {
    /// Starts everything that a configuration asks for.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let folder = &config.data_dir;
        private_folder(folder).map_err(StartError::file("the data folder", folder))?;
        store_folder(&config)?;
        let held = lock::take(&config)?;
        let listener = TcpListener::bind(config.server.listen)
            .await
            .map_err(|source| StartError::Listen { address: config.server.listen, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { address: config.server.listen, source })?;
        let public_url = config.server.public_url(address);
        let secret_key = key::find_or_make(&config)?;
        let tls = config.server.tls.as_ref().map(tls::acceptor).transpose()?;

        let (store, writer) = open_store(&config, clock.clone()).await?;
        let store = store.on_node(node::find_or_make(folder)?);
        let removed = store.settle_removed_inboxes().await.map_err(StartError::store(&config.store))?;
        for (inbox, parts) in removed {
            tracing::warn!(inbox.id = %inbox, parts, "What waited to leave an inbox that is no longer configured failed");
        }
        let files = folder.join("files");
        let blobs = Blobs::open(&files).map_err(StartError::store(files.display()))?;
        #[cfg(feature = "playground")]
        let playground = playground::Playground::start(&config, &public_url, clock.clone()).await?;
        #[cfg(feature = "playground")]
        let provided = playground.as_ref().map(playground::Playground::account);
        #[cfg(not(feature = "playground"))]
        let provided: Option<registry::Provided> = None;
        let keys: Vec<_> =
            [Some(secret_key.clone()), config.previous_secret_key.clone()].into_iter().flatten().collect();
        let bridge = registry::Bridge {
            config: &config,
            public_url: &public_url,
            keys: &keys,
            provided: provided.as_ref(),
        };
        let connectors = connect(&config, &bridge)?;
        let config = Arc::new(config);
        let links = MediaLinks::new(secret_key.clone(), public_url.clone());
        let pictures = SafeFetch::new(None, Timeouts::default())?;
        let engine =
            Engine::start(Setup { config: config.clone(), store, blobs, clock, connectors, links, pictures });

        let beside = axum::Router::new();
        #[cfg(feature = "playground")]
        let beside = playground.as_ref().map_or(beside, playground::Playground::router);
        let router = api::router(engine.clone(), public_url.clone(), secret_key, beside);
        #[cfg(feature = "playground")]
        let sign_ins = match &playground {
            Some(_) => playground::invite(&engine).await?,
            None => Vec::new(),
        };
        #[cfg(not(feature = "playground"))]
        let sign_ins = Vec::new();

        let closing = CancellationToken::new();
        let serving = tokio::spawn(tls::serve(listener, tls, router, closing.clone()));
        Ok(Self {
            address,
            public_url,
            engine,
            sign_ins,
            closing,
            serving,
            writer,
            held,
            #[cfg(feature = "playground")]
            playground,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What people and providers call it by.
    pub fn public_url(&self) -> &Url {
        &self.public_url
    }

    /// The running engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The associates whose passwords are to be told now, because this start made them.
    pub fn sign_ins(&self) -> &[SignIn] {
        &self.sign_ins
    }

    /// Stops: no new request, every task ended, every write done. Within 5 s.
    pub async fn stop(self) {
        let deadline = tokio::time::Instant::now() + STOPPING;
        self.closing.cancel();
        let abort = self.serving.abort_handle();
        let engine = self.engine.clone();
        // Long-lived streams would keep the server open; the browser connects again by itself.
        let ((), served) =
            tokio::join!(engine.shutdown(deadline), tokio::time::timeout(PATIENCE, self.serving));
        if served.is_err() {
            abort.abort();
        }
        #[cfg(feature = "playground")]
        drop(self.playground);
        drop(self.engine);
        drop(engine);
        // The writer ends with the last clone of the store, when its queue is empty.
        if tokio::time::timeout_at(deadline, self.writer).await.is_err() {
            tracing::debug!("The writer was still held by a request that did not end");
        }
        // Whoever comes next finds everything as this process leaves it.
        drop(self.held);
    }
}

async fn open_store(config: &Config, clock: Arc<dyn Clock>) -> Result<(Store, JoinHandle<()>), StartError> {
    let inboxes = config.inboxes.iter().map(|inbox| Arc::new(facts(config, inbox))).collect();
    let options = StoreOptions { url: url_of(&config.store), inboxes, clock };
    Store::open(options).await.map_err(StartError::store(&config.store))
}

fn url_of(store: &StoreUrl) -> String {
    match store {
        StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        StoreUrl::Postgres(url) => url.expose().to_owned(),
    }
}

/// Makes the folder of an embedded store.
fn store_folder(config: &Config) -> Result<(), StartError> {
    let StoreUrl::Sqlite(path) = &config.store else { return Ok(()) };
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(StartError::file("the store's folder", folder))
        }
        None => Ok(()),
    }
}

/// Makes a folder that only its user may enter: customers' words and files are in it. One that is there
/// stays as it is.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// Opens the store alone, for the command line.
pub async fn open_store_only(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(Store, JoinHandle<()>), StartError> {
    private_folder(&config.data_dir).map_err(StartError::file("the data folder", &config.data_dir))?;
    store_folder(config)?;
    open_store(config, clock).await
}

fn facts(config: &Config, inbox: &crate::config::Inbox) -> InboxFacts {
    InboxFacts {
        id: inbox.id.clone(),
        brand: inbox.brand.clone(),
        channel: inbox.channel().to_string(),
        teams: inbox.teams.clone(),
        sender_group: inbox.account.sender_group().to_owned(),
        reply_within: config.queue.reply_within,
        reopen_within: config.queue.reopen_within,
        bot: config.bot_enabled && inbox.bot_enabled,
    }
}

/// The connectors, by inbox.
type Connectors = Vec<(InboxId, Arc<dyn Connector>)>;

fn connect(config: &Config, bridge: &registry::Bridge<'_>) -> Result<Connectors, StartError> {
    let mut connectors = Vec::new();
    for inbox in &config.inboxes {
        let connector = registry::connect(inbox, &config.inboxes, bridge)
            .map_err(|source| StartError::Inbox { inbox: inbox.id.clone(), source })?;
        connectors.extend(connector.map(|connector| (inbox.id.clone(), connector)));
    }
    Ok(connectors)
}
