//! Many rows or keys in one statement: what makes a group cost a handful of statements.

use super::{
    db::{Engine, Run, built},
    error::StoreError,
    value::{Row, Value},
};

/// SQLite takes 32,766 parameters a statement.
const MOST_PARAMETERS: usize = 30_000;

/// Rows of one table, to be inserted together.
pub(super) struct Rows {
    table: &'static str,
    columns: &'static [&'static str],
    values: Vec<Vec<Value>>,
}

impl Rows {
    pub(super) fn new(table: &'static str, columns: &'static [&'static str]) -> Self {
        Self { table, columns, values: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len(), "columns of {}", self.table);
        self.values.push(row);
    }

    /// Inserts them all; a row that is there already is an error.
    pub(super) async fn insert(self, db: &mut impl Run) -> Result<(), StoreError> {
        self.statement(db, "").await.map(drop)
    }

    /// Inserts with a suffix such as `ON CONFLICT ... RETURNING ...` and gives what it returns.
    pub(super) async fn insert_with(
        self,
        db: &mut impl Run,
        suffix: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        self.statement(db, suffix).await
    }

    async fn statement(self, db: &mut impl Run, suffix: &'static str) -> Result<Vec<Row>, StoreError> {
        let mut returned = Vec::new();
        let most = MOST_PARAMETERS / self.columns.len();
        // The largest power of two within the limit, because that is what rows are padded to.
        let most = 1 << most.ilog2();
        let mut rows = self.values;
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(most));
            let mut sql = ["INSERT INTO ", self.table, " (", &self.columns.join(", "), ") "].concat();
            let (source, args) = source(db.engine(), rows);
            sql.push_str(&source);
            if !suffix.is_empty() {
                sql.push(' ');
                sql.push_str(suffix);
            }
            returned.extend(db.rows_of(built(sql), args).await?);
            rows = rest;
        }
        Ok(returned)
    }
}

/// Keys to look up: gives the text that stands after `IN` and its values. They are the first of the
/// statement's.
pub(super) fn keys(engine: Engine, keys: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let (source, args) = source(engine, keys);
    (format!("({source})"), args)
}

/// Pairs of keys to look up, as a table `k(a, b)` to join with: SQLite finds the index of two columns
/// by a join and not by `IN`. Gives the text that stands before `SELECT` and its values.
pub(super) fn pairs(engine: Engine, pairs: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let (source, args) = source(engine, pairs);
    (["WITH k(a, b) AS (", &source, ") "].concat(), args)
}

/// A table of values: VALUES on SQLite; on Postgres one array a column, so that the text, and with
/// it the prepared statement, is the same for any number of rows.
///
/// On SQLite the rows are padded to a power of two with rows of NULL, which are left out again: a
/// text for every size of a group would fill hundreds of MiB with prepared statements. The first
/// column is never NULL otherwise. Its placeholders have no numbers, because SQLite takes numbers for
/// names and looks through all of them for each: half the time of a large group went there.
fn source(engine: Engine, rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let width = rows.first().map_or(0, Vec::len);
    match engine {
        Engine::Sqlite => {
            let padded = rows.len().next_power_of_two();
            let padded = if padded * width > MOST_PARAMETERS { rows.len() } else { padded };
            let row = ["(", &vec!["?"; width].join(", "), ")"].concat();
            let mut sql = String::with_capacity(64 + padded * (row.len() + 2));
            sql.push_str(if padded > 1 { "SELECT * FROM (VALUES " } else { "VALUES " });
            sql.push_str(&vec![row.as_str(); padded].join(", "));
            if padded > 1 {
                sql.push_str(") WHERE column1 IS NOT NULL");
            }
            let padding = (padded - rows.len()) * width;
            let mut args: Vec<Value> = rows.into_iter().flatten().collect();
            args.extend(std::iter::repeat_n(Value::Text(None), padding));
            (sql, args)
        }
        Engine::Postgres => columns_of(rows, width),
    }
}

fn columns_of(rows: Vec<Vec<Value>>, width: usize) -> (String, Vec<Value>) {
    let mut columns: Vec<Column> = Vec::with_capacity(width);
    for row in rows {
        for (at, value) in row.into_iter().enumerate() {
            if columns.len() <= at {
                columns.push(Column::like(&value));
            }
            columns[at].push(value);
        }
    }
    let list = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("${}::{}", at + 1, column.cast()))
        .collect::<Vec<_>>()
        .join(", ");
    (["SELECT * FROM UNNEST(", &list, ")"].concat(), columns.into_iter().map(Column::into_value).collect())
}

/// One column of many rows.
enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn like(value: &Value) -> Self {
        match value {
            Value::Text(_) | Value::Texts(_) => Self::Text(Vec::new()),
            Value::Int(_) | Value::Ints(_) => Self::Int(Vec::new()),
            Value::Bool(_) | Value::Bools(_) => Self::Bool(Vec::new()),
            Value::Bytes(_) | Value::ByteStrings(_) => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Text(column), Value::Text(v)) => column.push(v),
            (Self::Int(column), Value::Int(v)) => column.push(v),
            (Self::Bool(column), Value::Bool(v)) => column.push(v),
            (Self::Bytes(column), Value::Bytes(v)) => column.push(v),
            _ => unreachable!("a column holds values of one kind"),
        }
    }

    fn cast(&self) -> &'static str {
        match self {
            Self::Text(_) => "text[]",
            Self::Int(_) => "bigint[]",
            Self::Bool(_) => "boolean[]",
            Self::Bytes(_) => "bytea[]",
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Text(v) => Value::Texts(v),
            Self::Int(v) => Value::Ints(v),
            Self::Bool(v) => Value::Bools(v),
            Self::Bytes(v) => Value::ByteStrings(v),
        }
    }
}
