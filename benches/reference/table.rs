//! Many rows in one statement, as each engine likes them best: VALUES on SQLite, one array a column
//! on Postgres.

use sqlx::{
    AssertSqlSafe, Postgres, SqlSafeStr as _, Sqlite, Transaction, postgres::PgArguments, query::Query,
    sqlite::SqliteArguments,
};

/// A value of a row.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(bool),
    Bytes(Vec<u8>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}
impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}
impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}
impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}
impl From<Vec<u8>> for Cell {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// An open transaction of either engine.
pub(super) enum Transact {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Transact {
    /// Inserts all rows by one statement.
    pub(super) async fn insert(
        &mut self,
        into: &'static str,
        suffix: &'static str,
        rows: Vec<Vec<Cell>>,
    ) -> sqlx::Result<()> {
        let Some(width) = rows.first().map(Vec::len) else { return Ok(()) };
        match self {
            Self::Sqlite(tx) => {
                let row = ["(", &vec!["?"; width].join(", "), ")"].concat();
                let sql = [into, " VALUES ", &vec![row; rows.len()].join(", "), " ", suffix].concat();
                let query = sqlx::query::<Sqlite>(AssertSqlSafe(sql).into_sql_str());
                rows.into_iter().flatten().fold(query, bind).execute(&mut **tx).await?;
            }
            Self::Postgres(tx) => {
                let kinds: Vec<String> = (0..width).map(|at| placeholder(at, &rows[0][at])).collect();
                let sql = [into, " SELECT * FROM UNNEST(", &kinds.join(", "), ") ", suffix].concat();
                let query = sqlx::query::<Postgres>(AssertSqlSafe(sql).into_sql_str());
                columns(rows, width).fold(query, bind_column).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Takes numbers of the log and gives the last of them.
    pub(super) async fn take_sequence(&mut self, many: i64) -> sqlx::Result<i64> {
        const SQL: &str = "UPDATE counters SET value = value + $1 WHERE key = 'events' RETURNING value";
        match self {
            Self::Sqlite(tx) => sqlx::query_scalar(SQL).bind(many).fetch_one(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_scalar(SQL).bind(many).fetch_one(&mut **tx).await,
        }
    }

    pub(super) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}

fn bind(
    query: Query<'static, Sqlite, SqliteArguments>,
    cell: Cell,
) -> Query<'static, Sqlite, SqliteArguments> {
    match cell {
        Cell::Text(v) => query.bind(v),
        Cell::Int(v) => query.bind(v),
        Cell::Bool(v) => query.bind(v),
        Cell::Bytes(v) => query.bind(v),
    }
}

fn placeholder(at: usize, cell: &Cell) -> String {
    let kind = match cell {
        Cell::Text(_) => "text[]",
        Cell::Int(_) => "bigint[]",
        Cell::Bool(_) => "boolean[]",
        Cell::Bytes(_) => "bytea[]",
    };
    ["$", &(at + 1).to_string(), "::", kind].concat()
}

fn columns(rows: Vec<Vec<Cell>>, width: usize) -> impl Iterator<Item = Vec<Cell>> {
    let mut columns: Vec<Vec<Cell>> = vec![Vec::with_capacity(rows.len()); width];
    for (at, cell) in rows.into_iter().flat_map(|row| row.into_iter().enumerate()) {
        columns[at].push(cell);
    }
    columns.into_iter()
}

fn bind_column(
    query: Query<'static, Postgres, PgArguments>,
    column: Vec<Cell>,
) -> Query<'static, Postgres, PgArguments> {
    macro_rules! all {
        ($kind:ident) => {
            query.bind(
                column
                    .into_iter()
                    .map(|cell| match cell {
                        Cell::$kind(v) => v,
                        other => unreachable!("a column holds values of one kind, not {other:?}"),
                    })
                    .collect::<Vec<_>>(),
            )
        };
    }
    match column.first() {
        Some(Cell::Text(_)) | None => all!(Text),
        Some(Cell::Int(_)) => all!(Int),
        Some(Cell::Bool(_)) => all!(Bool),
        Some(Cell::Bytes(_)) => all!(Bytes),
    }
}
