//! The two engines behind one door: pools, transactions, and statements that read the same on both.
//!
//! Every statement of the store is one text in the subset that SQLite and Postgres share; what
//! differs stands in [`super::dialect`].

use futures_util::future::BoxFuture;
use sqlx::{
    AssertSqlSafe, PgPool, Postgres, SqlSafeStr, SqlStr, Sqlite, SqlitePool, Transaction, query::Query,
};

use super::{
    error::StoreError,
    value::{Row, Value},
};

/// Which database stands below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file beside the program.
    Sqlite,
    /// A server that several nodes may share.
    Postgres,
}

/// The pool of either engine.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    /// The many that read, and the one that writes.
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction of either engine; rolls back when dropped.
#[derive(Debug)]
pub(super) enum Transact {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

fn sqlite(sql: SqlStr, args: Vec<Value>) -> Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    args.into_iter().fold(sqlx::query::<Sqlite>(sql), |query, value| match value {
        Value::Text(v) => query.bind(v),
        Value::Int(v) => query.bind(v),
        Value::Bool(v) => query.bind(v),
        Value::Bytes(v) => query.bind(v),
        Value::Texts(_) | Value::Ints(_) | Value::Bools(_) | Value::ByteStrings(_) => {
            unreachable!("whole columns are built for Postgres alone")
        }
    })
}

fn postgres(sql: SqlStr, args: Vec<Value>) -> Query<'static, Postgres, sqlx::postgres::PgArguments> {
    args.into_iter().fold(sqlx::query::<Postgres>(sql), |query, value| match value {
        Value::Text(v) => query.bind(v),
        Value::Int(v) => query.bind(v),
        Value::Bool(v) => query.bind(v),
        Value::Bytes(v) => query.bind(v),
        Value::Texts(v) => query.bind(v),
        Value::Ints(v) => query.bind(v),
        Value::Bools(v) => query.bind(v),
        Value::ByteStrings(v) => query.bind(v),
    })
}

/// Something that runs statements: a pool (each on its own) or a transaction.
pub(super) trait Run: Send {
    /// Which engine runs them.
    fn engine(&self) -> Engine;

    /// All rows.
    fn rows_of(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// How many rows it changed.
    fn run(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// All rows of a statement whose text is fixed.
    fn all(&mut self, sql: &'static str, args: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        self.rows_of(sql.into_sql_str(), args)
    }

    /// The first row, if any.
    fn first<'a>(
        &'a mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        Box::pin(async move { Ok(self.all(sql, args).await?.into_iter().next()) })
    }

    /// Runs a statement whose text is fixed, for its effect.
    fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.run(sql.into_sql_str(), args)
    }
}

impl Run for Pool {
    fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    fn rows_of(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            Ok(match self {
                Self::Sqlite { readers, .. } => {
                    wrap(sqlite(sql, args).fetch_all(&*readers).await?, Row::Sqlite)
                }
                Self::Postgres(pool) => wrap(postgres(sql, args).fetch_all(&*pool).await?, Row::Postgres),
            })
        })
    }

    fn run(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            Ok(match self {
                Self::Sqlite { writer, .. } => sqlite(sql, args).execute(&*writer).await?.rows_affected(),
                Self::Postgres(pool) => postgres(sql, args).execute(&*pool).await?.rows_affected(),
            })
        })
    }
}

impl Run for Transact {
    fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    fn rows_of(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            Ok(match self {
                Self::Sqlite(tx) => wrap(sqlite(sql, args).fetch_all(&mut **tx).await?, Row::Sqlite),
                Self::Postgres(tx) => wrap(postgres(sql, args).fetch_all(&mut **tx).await?, Row::Postgres),
            })
        })
    }

    fn run(&mut self, sql: SqlStr, args: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            Ok(match self {
                Self::Sqlite(tx) => sqlite(sql, args).execute(&mut **tx).await?.rows_affected(),
                Self::Postgres(tx) => postgres(sql, args).execute(&mut **tx).await?.rows_affected(),
            })
        })
    }
}

impl Pool {
    /// Ends all connections; an embedded database removes what it kept beside its file.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

fn wrap<R>(rows: Vec<R>, as_row: fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(as_row).collect()
}

impl Transact {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// Marks a statement text as built from constants of this module and placeholders alone.
pub(super) fn built(sql: String) -> SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}
