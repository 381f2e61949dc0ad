//! Brings the schema up to date: every migration in a transaction of its own, so that a kill leaves
//! the old schema or the new one, and the next start goes on.

use rapport_model::Timestamp;
use sqlx::{
    SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{
    db::{Engine, Pool, Run as _},
    dialect,
    error::StoreError,
};

/// Version, name, and the text for each engine. The files of both engines have the same numbers and
/// names; a test compares what they make.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "bridge",
        include_str!("../../migrations/sqlite/0001_bridge.sql"),
        include_str!("../../migrations/postgres/0001_bridge.sql"),
    ),
    (
        2,
        "undo",
        include_str!("../../migrations/sqlite/0002_undo.sql"),
        include_str!("../../migrations/postgres/0002_undo.sql"),
    ),
    (
        3,
        "bot",
        include_str!("../../migrations/sqlite/0003_bot.sql"),
        include_str!("../../migrations/postgres/0003_bot.sql"),
    ),
    (
        4,
        "letters",
        include_str!("../../migrations/sqlite/0004_letters.sql"),
        include_str!("../../migrations/postgres/0004_letters.sql"),
    ),
    (
        5,
        "decisions",
        include_str!("../../migrations/sqlite/0005_decisions.sql"),
        include_str!("../../migrations/postgres/0005_decisions.sql"),
    ),
    (
        6,
        "perhaps_sent",
        include_str!("../../migrations/sqlite/0006_perhaps_sent.sql"),
        include_str!("../../migrations/postgres/0006_perhaps_sent.sql"),
    ),
    (
        7,
        "chats",
        include_str!("../../migrations/sqlite/0007_chats.sql"),
        include_str!("../../migrations/postgres/0007_chats.sql"),
    ),
    (
        8,
        "titles",
        include_str!("../../migrations/sqlite/0008_titles.sql"),
        include_str!("../../migrations/postgres/0008_titles.sql"),
    ),
    (
        9,
        "identity",
        include_str!("../../migrations/sqlite/0009_identity.sql"),
        include_str!("../../migrations/postgres/0009_identity.sql"),
    ),
    (
        10,
        "desk",
        include_str!("../../migrations/sqlite/0010_desk.sql"),
        include_str!("../../migrations/postgres/0010_desk.sql"),
    ),
    (
        11,
        "routing",
        include_str!("../../migrations/sqlite/0011_routing.sql"),
        include_str!("../../migrations/postgres/0011_routing.sql"),
    ),
    (
        12,
        "entry_words",
        include_str!("../../migrations/sqlite/0012_entry_words.sql"),
        include_str!("../../migrations/postgres/0012_entry_words.sql"),
    ),
];

/// Runs what is missing. An embedded database is copied beside itself first.
pub(super) async fn run(pool: &mut Pool, url: &str, now: Timestamp) -> Result<(), StoreError> {
    let migrator = migrator(pool.engine());
    let done = known(pool).await?;
    if !done.is_empty() && migrator.iter().any(|m| !done.contains(&m.version)) {
        copy(pool, url, now).await?;
    }
    let outcome = match pool {
        Pool::Sqlite { writer, .. } => migrator.run(&*writer).await,
        Pool::Postgres(pool) => migrator.run(&*pool).await,
    };
    outcome.map_err(|error| match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
            StoreError::Newer { version }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Unavailable(other.to_string()),
    })
}

/// The migrations that the store has. One that this version does not know is refused.
pub(super) async fn known(pool: &mut Pool) -> Result<Vec<i64>, StoreError> {
    let migrator = migrator(pool.engine());
    let done = applied(pool).await?;
    match done.iter().find(|version| !migrator.version_exists(**version)) {
        Some(newer) => Err(StoreError::Newer { version: *newer }),
        None => Ok(done),
    }
}

fn migrator(engine: Engine) -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sqlite, postgres)| {
            let sql = match engine {
                Engine::Sqlite => sqlite,
                Engine::Postgres => postgres,
            };
            Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    Migrator::with_migrations(migrations)
}

/// The versions that the store has; none for a new one.
async fn applied(pool: &mut Pool) -> Result<Vec<i64>, StoreError> {
    let known = match pool.engine() {
        Engine::Sqlite => "SELECT name AS t FROM sqlite_master WHERE name = '_sqlx_migrations'",
        Engine::Postgres => "SELECT CAST(to_regclass('_sqlx_migrations') AS TEXT) AS t",
    };
    let exists = match pool.first(known, Vec::new()).await? {
        Some(row) => row.get::<Option<String>>("t")?.is_some(),
        None => false,
    };
    if !exists {
        return Ok(Vec::new());
    }
    pool.all("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version", Vec::new())
        .await?
        .iter()
        .map(|row| row.get("version"))
        .collect()
}

async fn copy(pool: &mut Pool, url: &str, now: Timestamp) -> Result<(), StoreError> {
    let Some(file) = dialect::file_of(url) else { return Ok(()) };
    let target = format!("{}.before-{}", file.display(), now.millis());
    tracing::info!("The store is copied before it is migrated");
    // The database writes the copy itself, so that what still stands in the log is in it.
    pool.execute("VACUUM INTO $1", super::value::values![target]).await.map(drop)
}
