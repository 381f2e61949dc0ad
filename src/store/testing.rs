//! Databases for tests: a fresh one for each test, on both engines, gone when the test ends.
//!
//! Needs `RAPPORT_TEST_POSTGRES_URL` (any database of the server; each test makes its own). Without it
//! a test fails and says so: a suite that silently tests one engine proves half. Nothing here knows
//! the store, so that stories outside of this crate include the same file by its path. How a store
//! is filled stands in `fixture`.
//!
//! A database of the server is a copy of one that was migrated before: bringing an empty one up to date
//! takes the server longer than most tests last.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use rapport_model::{Clock, Timestamp};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, migrate::Migrator,
    postgres::PgConnectOptions,
};

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

    /// A new database of the test server, up to date.
    pub async fn postgres() -> Self {
        let (fresh, options, name) = Self::named();
        let mut connection = connect(&options).await;
        let template = template();
        let copy = ["CREATE DATABASE ", &name, " TEMPLATE ", &template].concat();
        if let Err(error) = connection.execute(AssertSqlSafe(copy.clone())).await {
            let is_missing = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|c| c == "3D000");
            assert!(is_missing, "a test may copy databases: {error}");
            make_template(&mut connection, &options, &template).await;
            connection.execute(AssertSqlSafe(copy)).await.expect("a test may copy databases");
        }
        fresh
    }

    /// The same with nothing in it yet.
    pub async fn emptied(self) -> Self {
        if self.database.is_none() {
            return self;
        }
        let (fresh, options, name) = Self::named();
        let sql = ["CREATE DATABASE ", &name].concat();
        connect(&options).await.execute(AssertSqlSafe(sql)).await.expect("a test may make databases");
        fresh
    }

    /// A database of the test server that is still to be made, and its name.
    fn named() -> (Self, PgConnectOptions, String) {
        let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
            panic!("{POSTGRES} is not set, and the tests on Postgres need a server: postgres://USER@HOST/DATABASE")
        });
        let options = PgConnectOptions::from_str(&server).expect("the test server's address is one");
        let name = format!("rapport_test_{}", uuid::Uuid::new_v4().simple());
        let mut url = url::Url::parse(&server).expect("the test server's address is a URL");
        url.set_path(&name);
        let database = Some((options.clone(), name.clone()));
        (Self { url: url.into(), folder: folder(), database }, options, name)
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.expect("the test server answers")
}

fn migrations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres")
}

/// The name of the database that others are copied from. It changes with every migration.
fn template() -> String {
    let entries = std::fs::read_dir(migrations()).expect("the migrations can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("and each of them").path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).expect("a migration can be read").hash(&mut hasher);
    }
    format!("rapport_template_{:016x}", hasher.finish())
}

/// Makes it, unless another test was faster. It gets its name last: what has the name is whole.
async fn make_template(connection: &mut PgConnection, options: &PgConnectOptions, template: &str) {
    let sql = "SELECT pg_advisory_lock(hashtext('rapport_template'))";
    connection.execute(sql).await.expect("the test server gives locks");
    let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
    let known = sqlx::query(sql).bind(template).fetch_optional(&mut *connection).await;
    if known.expect("the test server lists its databases").is_none() {
        let unfinished = format!("rapport_test_{}", uuid::Uuid::new_v4().simple());
        let sql = ["CREATE DATABASE ", &unfinished].concat();
        connection.execute(AssertSqlSafe(sql)).await.expect("a test may make databases");
        let migrator = Migrator::new(migrations()).await.expect("the migrations can be read");
        let mut within = connect(&options.clone().database(&unfinished)).await;
        migrator.run(&mut within).await.expect("the migrations run");
        within.close().await.expect("a connection ends");
        let sql = ["ALTER DATABASE ", &unfinished, " RENAME TO ", template].concat();
        connection.execute(AssertSqlSafe(sql)).await.expect("a test may name databases");
    }
    let sql = "SELECT pg_advisory_unlock(hashtext('rapport_template'))";
    connection.execute(sql).await.expect("the test server takes locks back");
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
