//! Looks into a bridge's SQLite file while the bridge writes it.

use std::str::FromStr as _;

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// A second reader of the file.
pub(crate) struct Reader(SqliteConnection);

impl Reader {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?.read_only(true);
        Ok(Self(options.connect().await?))
    }

    /// How much came in: messages, and what could not be read and was parked.
    pub(crate) async fn taken_in(&mut self) -> anyhow::Result<usize> {
        let sql =
            "SELECT (SELECT count(*) FROM messages WHERE kind = 'inbound') + (SELECT count(*) FROM parked)";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut self.0).await?;
        Ok(usize::try_from(count)?)
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(self.0.close().await?)
    }
}
