//! Databases of the bench: a file each on SQLite, a database each on the server, gone afterwards.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use rapport::{
    clock::SystemClock,
    store::{InboxFacts, Store, StoreOptions},
};
use rapport_model::id::TeamId;
use tokio::task::JoinHandle;

use crate::{sms, testing::Fresh};

/// Which database stands below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// A database with the bridge's schema and the bench's inboxes, and nobody in it.
pub(crate) async fn empty(engine: Engine) -> anyhow::Result<Fresh> {
    let fresh = match engine {
        Engine::Sqlite => Fresh::sqlite(),
        Engine::Postgres => Fresh::postgres().await,
    };
    let (store, writer) = open(&fresh.url).await?;
    drop(store);
    writer.await?;
    Ok(fresh)
}

/// Opens the store as the bridge does.
pub(crate) async fn open(url: &str) -> anyhow::Result<(Store, JoinHandle<()>)> {
    let options = StoreOptions { url: url.to_owned(), inboxes: inboxes(), clock: Arc::new(SystemClock) };
    Ok(Store::open(options).await?)
}

/// The same inboxes as those of the configuration that the bridge is started with.
fn inboxes() -> Vec<Arc<InboxFacts>> {
    let teams: [&[&str]; 3] = [&["advice"], &["orders"], &["advice", "orders"]];
    let facts = |(customer, teams): (usize, &&[&str])| {
        Arc::new(InboxFacts {
            id: sms::place(customer).0.into(),
            brand: "shop".to_owned(),
            channel: "sms".to_owned(),
            teams: teams.iter().map(|team| TeamId::from(*team)).collect(),
            sender_group: "sms".to_owned(),
            reply_within: Duration::from_mins(30),
            reopen_within: Duration::from_hours(14 * 24),
            bot: true,
        })
    };
    teams.iter().enumerate().map(facts).collect()
}

/// The folder in which the databases stand: that of temporary files, which `scripts/bench.sh` chooses.
pub(crate) fn folder() -> PathBuf {
    std::env::temp_dir()
}
