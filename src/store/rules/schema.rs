//! The schemas of both engines are one: the same tables, columns, nullability and indexes; and what
//! becomes of a migration that was killed, and of a store that a newer version wrote.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    on_both_engines,
    store::{
        Engine, Store, StoreError, StoreOptions,
        db::{Pool, Run as _},
        dialect,
        fixture::Shop,
        testing::{Fresh, ManualClock},
        value::values,
    },
};

/// Table and column, with whether it may be NULL.
type Columns = BTreeMap<(String, String), bool>;

async fn columns(pool: &mut Pool) -> Columns {
    let query = match pool.engine() {
        Engine::Sqlite => {
            "SELECT m.name AS t, p.name AS c, p.\"notnull\" = 0 AND p.pk = 0 AS nullable FROM sqlite_master m \
             JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
        }
        Engine::Postgres => {
            "SELECT table_name::text AS t, column_name::text AS c, is_nullable = 'YES' AS nullable \
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let rows = pool.all(query, Vec::new()).await.unwrap();
    rows.iter()
        .map(|row| ((row.get("t").unwrap(), row.get("c").unwrap()), row.get::<bool>("nullable").unwrap()))
        .filter(|((table, _), _): &((String, String), bool)| !table.starts_with("_sqlx"))
        .collect()
}

/// Named indexes, each with its columns in order, and whether it is unique.
async fn indexes(pool: &mut Pool) -> BTreeSet<(String, String, bool)> {
    let query = match pool.engine() {
        Engine::Sqlite => {
            "SELECT i.name AS n, (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) \
             ORDER BY seqno)) AS c, i.\"unique\" = 1 AS u FROM sqlite_master m JOIN pragma_index_list(m.name) i \
             WHERE m.type = 'table' AND i.origin = 'c'"
        }
        Engine::Postgres => {
            "SELECT c.relname::text AS n, (SELECT string_agg(a.attname::text, ',' ORDER BY k.o) \
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(a, o) \
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.a) AS c, i.indisunique AS u \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace s ON s.oid = c.relnamespace \
             LEFT JOIN pg_constraint p ON p.conindid = c.oid WHERE s.nspname = 'public' AND p.oid IS NULL"
        }
    };
    let rows = pool.all(query, Vec::new()).await.unwrap();
    let read = rows.iter().map(|row| (row.get("n").unwrap(), row.get("c").unwrap(), row.get("u").unwrap()));
    read.filter(|(name, ..): &(String, String, bool)| !name.starts_with("_sqlx")).collect()
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_indexes() {
    let postgres = Shop::open(Fresh::postgres().await.emptied().await).await;
    let sqlite = Shop::open(Fresh::sqlite()).await;
    let (mut first, mut second) = (sqlite.store.pool.clone(), postgres.store.pool.clone());
    let (left, right) = (columns(&mut first).await, columns(&mut second).await);
    assert!(left.len() > 150, "{} columns", left.len());
    assert_eq!(left, right);
    let (left, right) = (indexes(&mut first).await, indexes(&mut second).await);
    assert!(left.len() > 20, "{} indexes", left.len());
    assert_eq!(left, right);
    // And the comparison would notice.
    first.execute("ALTER TABLE contacts ADD COLUMN extra TEXT", Vec::new()).await.unwrap();
    assert_ne!(columns(&mut first).await, columns(&mut second).await);
}

async fn open(url: &str) -> Result<Store, StoreError> {
    let clock = std::sync::Arc::new(ManualClock::default());
    let options = StoreOptions { url: url.to_owned(), inboxes: Vec::new(), clock };
    Store::open(options).await.map(|(store, _)| store)
}

on_both_engines! {
    async fn a_store_of_a_newer_version_is_refused_by_its_number_and_left_alone(fresh: Fresh) {
        drop(open(&fresh.url).await.unwrap());
        let mut pool = dialect::connect(&fresh.url).await.unwrap();
        let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                   VALUES (9999, 'from the future', TRUE, $1, 0)";
        pool.execute(sql, values![vec![1_u8]]).await.unwrap();
        assert!(matches!(open(&fresh.url).await, Err(StoreError::Newer { version: 9999 })));
        let text = open(&fresh.url).await.err().unwrap().to_string();
        assert!(text.contains("9999"), "{text}");
    }

    async fn a_migration_that_was_killed_half_way_leaves_nothing_and_runs_again(fresh: Fresh) {
        let fresh = fresh.emptied().await;
        // A transaction with the first statements of the migration, that never came to its commit.
        let pool = dialect::connect(&fresh.url).await.unwrap();
        let mut begun = dialect::begin(&pool).await.unwrap();
        begun.execute("CREATE TABLE counters (key TEXT PRIMARY KEY, value BIGINT NOT NULL)", Vec::new()).await.unwrap();
        drop(begun);
        drop(pool);
        drop(open(&fresh.url).await.unwrap());
        // Killed between the migration's commit and the first row of anything: it starts as any other.
        let again = open(&fresh.url).await.unwrap();
        let mut pool = again.pool.clone();
        let row = pool.first("SELECT value AS n FROM counters WHERE key = 'events'", Vec::new()).await.unwrap();
        assert_eq!(row.unwrap().get::<i64>("n").unwrap(), 0);
    }

    async fn two_processes_that_migrate_at_once_end_with_one_schema(fresh: Fresh) {
        let fresh = fresh.emptied().await;
        let (one, two) = tokio::join!(open(&fresh.url), open(&fresh.url));
        // SQLite's second may have to give way; then it is started again, as a supervisor would.
        assert!(one.is_ok() || two.is_ok());
        drop(open(&fresh.url).await.unwrap());
    }
}

#[tokio::test]
async fn a_start_of_postgres_logs_no_notice_that_what_it_makes_is_there() {
    let fresh = Fresh::postgres().await;
    let mut pool = dialect::connect(&fresh.url).await.unwrap();
    let sql = "SELECT current_setting('client_min_messages') AS v";
    let row = pool.first(sql, Vec::new()).await.unwrap().unwrap();
    assert_eq!(row.get::<String>("v").unwrap(), "warning");
}

#[tokio::test]
async fn a_database_that_is_missing_is_named_without_a_line_of_the_server() {
    let mut url = url::Url::parse(&Fresh::postgres().await.url).unwrap();
    url.set_path("rapport_absent");
    let error = dialect::connect(url.as_str()).await.err().unwrap().to_string();
    assert_eq!(error, "the store is not to be had: database \"rapport_absent\" does not exist");
}

#[tokio::test]
async fn a_store_that_is_only_tried_stays_as_it_was() {
    let fresh = Fresh::sqlite();
    assert!(Store::try_open(&fresh.url).await.is_err());
    assert!(!fresh.folder.join("rapport.db").exists());
    let store = open(&fresh.url).await.unwrap();
    let kept = std::fs::read(fresh.folder.join("rapport.db")).unwrap();
    Store::try_open(&fresh.url).await.unwrap();
    assert_eq!(std::fs::read(fresh.folder.join("rapport.db")).unwrap(), kept, "while it is open");
    store.pool.close().await;
    drop(store);
    Store::try_open(&fresh.url).await.unwrap();
    let beside: Vec<_> =
        std::fs::read_dir(&fresh.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["rapport.db"], "when it was closed in order");
}
