//! Databases for tests: a fresh one for each test, on both engines, gone when the test ends.
//!
//! Needs `RAPPORT_TEST_POSTGRES_URL` (any database of the server; each test makes its own). Without it
//! a test fails and says so: a suite that silently tests one engine proves half. Nothing here knows
//! the store, so that stories outside of this crate include the same file by its path. How a store
//! is filled stands in `fixture`.

use std::{
    path::PathBuf,
    str::FromStr as _,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use rapport_model::{Clock, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};

/// Where the server of the Postgres tests is named.
pub const POSTGRES: &str = "RAPPORT_TEST_POSTGRES_URL";

/// A database that exists as long as this value, and a folder for files beside it.
#[derive(Debug)]
pub struct Fresh {
    /// What `store.url` takes.
    pub url: String,
    /// An empty folder.
    pub folder: PathBuf,
    /// The database to drop, where the engine is a server.
    database: Option<(PgConnectOptions, String)>,
}

impl Fresh {
    /// A SQLite file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = folder();
        Self::in_folder(folder)
    }

    /// The same below a folder of the caller's choice.
    pub fn sqlite_below(parent: &std::path::Path) -> Self {
        Self::in_folder(made(parent.join(name())))
    }

    fn in_folder(folder: PathBuf) -> Self {
        Self { url: format!("sqlite:{}", folder.join("rapport.db").display()), folder, database: None }
    }

    /// A new database of the test server.
    pub async fn postgres() -> Self {
        let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
            panic!("{POSTGRES} is not set, and the tests on Postgres need a server: postgres://USER@HOST/DATABASE")
        });
        let options = PgConnectOptions::from_str(&server).expect("the test server's address is one");
        let name = format!("rapport_test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = PgConnection::connect_with(&options).await.expect("the test server answers");
        let sql = ["CREATE DATABASE ", &name].concat();
        connection.execute(AssertSqlSafe(sql)).await.expect("a test may make databases");
        let mut url = url::Url::parse(&server).expect("the test server's address is a URL");
        url.set_path(&name);
        Self { url: url.into(), folder: folder(), database: Some((options, name)) }
    }
}

fn folder() -> PathBuf {
    made(std::env::temp_dir().join(name()))
}

fn name() -> String {
    format!("rapport-test-{}", uuid::Uuid::new_v4().simple())
}

fn made(folder: PathBuf) -> PathBuf {
    std::fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
    folder
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // What can't be removed stays behind: that is no reason to fail a test.
        drop(std::fs::remove_dir_all(&self.folder));
        let Some((options, name)) = self.database.take() else { return };
        // A runtime can't be entered twice by one thread.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async move {
                let mut connection =
                    PgConnection::connect_with(&options).await.map_err(std::io::Error::other)?;
                let sql = ["DROP DATABASE IF EXISTS ", &name, " WITH (FORCE)"].concat();
                connection.execute(AssertSqlSafe(sql)).await.map_err(std::io::Error::other)
            })
        });
        drop(dropping.join());
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    /// Stands at an afternoon in 2025.
    fn default() -> Self {
        Self(AtomicI64::new(1_760_000_000_000))
    }
}

impl ManualClock {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_millis()).expect("tests move by days at most"), Ordering::SeqCst);
    }

    /// Moves it by milliseconds, back too: clocks of machines are set right.
    pub fn shift(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Runs each test on both engines: `NAME::on_sqlite` and `NAME::on_postgres`.
///
/// ```ignore
/// on_both_engines! {
///     async fn a_row_that_was_written_is_read(fresh: Fresh) { .. }
/// }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($fresh:ident: Fresh) $body:block)*) => {$(
        $(#[$meta])*
        async fn $name($fresh: Fresh) $body

        mod $name {
            #[tokio::test]
            async fn on_sqlite() {
                super::$name(super::Fresh::sqlite()).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$name(super::Fresh::postgres().await).await;
            }
        }
    )*};
}
