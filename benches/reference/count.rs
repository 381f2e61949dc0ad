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

    /// Whether the inbox is complete up to some moment: all that its connector found at its first look is
    /// there. A cheap question, so that asking it takes no time from the bridge.
    pub(crate) async fn is_complete(&mut self, inbox: &str) -> anyhow::Result<bool> {
        let sql = "SELECT count(*) FROM inboxes WHERE id = ? AND complete_up_to IS NOT NULL";
        let count: i64 = sqlx::query_scalar(sql).bind(inbox).fetch_one(&mut self.0).await?;
        Ok(count > 0)
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
