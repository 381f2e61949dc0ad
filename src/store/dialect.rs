//! What differs between the two engines, all of it.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    db::{Engine, Pool, Run, Transact},
    error::StoreError,
};

/// How long a connection waits for a lock or for its turn before the store counts as not to be had.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to the database that a URL names.
pub(super) async fn connect(url: &str) -> Result<Pool, StoreError> {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Not NORMAL: in WAL mode that loses the last commits when the power fails.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(512)
            .pragma("temp_store", "MEMORY")
            // In pages: 16 MiB. What many groups change is copied once for all of them.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("cache_size", "-8192");
        // One connection writes and is kept: it alone knows that nobody else changed the file, so that
        // its pages stay cached from group to group. It comes first, because it makes the file.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(PATIENCE)
            // On a full disk SQLite rolls back by itself. The connection then still counts itself into a
            // transaction, which nobody could end any more: a new one takes its place.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(6)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await?;
        return Ok(Pool::Sqlite { readers, writer });
    }
    let options = PgConnectOptions::from_str(url)?.statement_cache_capacity(512).options([
        ("synchronous_commit", "on"),
        ("lock_timeout", "5s"),
        // Every statement here has its index. Without this a plan made while a table was small
        // scans it whole once it is large, until the statistics catch up.
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        // A bitmap loses the index's order, and a page of the queue lives by that order.
        ("enable_bitmapscan", "off"),
        ("jit", "off"),
        // Else each start logs that what it makes where it is missing is there.
        ("client_min_messages", "warning"),
    ]);
    Ok(Pool::Postgres(connect_to_server(options).await?))
}

/// A pool waits while nothing listens, for a server that is just starting, and then says no more than
/// that it waited: a connection of our own tells why.
async fn connect_to_server(options: PgConnectOptions) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new().max_connections(12).acquire_timeout(PATIENCE);
    let error = match pool.connect_with(options.clone()).await {
        Ok(pool) => return Ok(pool),
        Err(error) => error,
    };
    if matches!(error, sqlx::Error::PoolTimedOut) {
        let alone = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options));
        let no_answer = |_| format!("the server did not answer within {} s", PATIENCE.as_secs());
        drop(alone.await.map_err(no_answer).map_err(StoreError::Unavailable)??);
    }
    Err(error.into())
}

/// Connects to a database that is there and changes nothing in it.
pub(super) async fn connect_to_read(url: &str) -> Result<Pool, StoreError> {
    if !url.starts_with("sqlite:") {
        return connect(url).await;
    }
    // Beside a file that nobody has open, and that was closed in order, stands no log: then none is made.
    // The last connection that may write would bring a log that stands there into the file.
    let log = file_of(url).map(|file| {
        let mut name = file.as_os_str().to_owned();
        name.push("-wal");
        PathBuf::from(name)
    });
    let options = SqliteConnectOptions::from_str(url)?
        .read_only(true)
        .immutable(log.is_some_and(|log| !log.exists()))
        .busy_timeout(PATIENCE);
    let pool =
        SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_with(options).await?;
    Ok(Pool::Sqlite { readers: pool.clone(), writer: pool })
}

/// Begins a transaction that writes. On SQLite it takes the write lock at once, so that it never
/// has to give up half-way.
pub(super) async fn begin(pool: &Pool) -> Result<Transact, StoreError> {
    Ok(match pool {
        Pool::Sqlite { writer, .. } => Transact::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
        Pool::Postgres(pool) => Transact::Postgres(pool.begin().await?),
    })
}

/// Locks the chosen rows until the transaction ends. SQLite has one writer and needs none.
pub(super) fn for_update(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE",
    }
}

/// The same for the table `t` of a join alone.
pub(super) fn for_update_of_t(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE OF t",
    }
}

/// Locks the chosen rows and passes over those that another node holds.
pub(super) fn skip_locked(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE SKIP LOCKED",
    }
}

/// What must hold of every connection; asked at start.
pub(super) async fn assert_durable(pool: &mut Pool) -> Result<(), StoreError> {
    let expected: &[(&'static str, &str)] = match pool.engine() {
        Engine::Sqlite => &[
            ("SELECT CAST(journal_mode AS TEXT) AS v FROM pragma_journal_mode", "wal"),
            ("SELECT CAST(synchronous AS TEXT) AS v FROM pragma_synchronous", "2"),
            ("SELECT CAST(foreign_keys AS TEXT) AS v FROM pragma_foreign_keys", "1"),
        ],
        Engine::Postgres => &[
            ("SELECT current_setting('synchronous_commit') AS v", "on"),
            ("SELECT current_setting('fsync') AS v", "on"),
        ],
    };
    for (question, answer) in expected {
        let found: Option<String> = match pool.first(question, Vec::new()).await? {
            Some(row) => row.get("v")?,
            None => None,
        };
        if found.as_deref() != Some(*answer) {
            return Err(StoreError::Unavailable(format!(
                "the database is not durable: {question} gave {found:?} instead of {answer}"
            )));
        }
    }
    Ok(())
}

/// The file of an embedded database, to be copied before a migration.
pub(super) fn file_of(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(Path::new(path.split('?').next().unwrap_or(path)))
}

/// Whether the transaction met another one's locks and may simply be tried again.
pub(super) fn is_lock_conflict(error: &StoreError) -> bool {
    // Postgres: 40001 serialization failure, 40P01 deadlock, 55P03 lock not available.
    matches!(error, StoreError::Database(sqlx::Error::Database(inner))
        if matches!(inner.code().as_deref(), Some("40001" | "40P01" | "55P03")))
}
