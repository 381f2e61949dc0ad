//! How the store refuses: variants are what a caller does differently.

use rapport_model::{Address, Timestamp};

/// Why an act of the store did not happen. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not exist, or not within the actor's scope: the two look the same.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A rule of the conversation stands against it.
    #[error("{0}")]
    Conflict(#[from] Conflict),
    /// Too much waits already.
    #[error("the store is busy")]
    Busy,
    /// The store can't be had now: disk full, connection lost. It may heal by itself.
    #[error("the store is not to be had: {0}")]
    Unavailable(String),
    /// A column holds what this version does not know.
    #[error("column {column} holds an unknown value")]
    Corrupt {
        /// Which column.
        column: &'static str,
    },
    /// The store was written by a newer version of Rapport.
    #[error(
        "the store holds migration {version}, which this version of Rapport does not know: start the newer version that made it"
    )]
    Newer {
        /// The first migration that is unknown here.
        version: i64,
    },
    /// The database refused a statement: a fault of ours, or a constraint that guards a rule.
    #[error("the database refused: {}", in_words(.0))]
    Database(sqlx::Error),
    /// The files of the store could not be read or written.
    #[error("{what}: {source}")]
    Files {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// What the database says, without the place in its own sources from which it says it.
fn in_words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        other => other.to_string(),
    }
}

/// The rules that may stand against an act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A customer or a colleague wrote after the last position that the author saw.
    #[error("somebody wrote since you looked")]
    NewerMessage,
    /// A reply is still owed.
    #[error("a reply is still owed")]
    ReplyOwed,
    /// The conversation is closed already.
    #[error("the conversation is closed")]
    Closed,
    /// The conversation is open already.
    #[error("the conversation is open")]
    Open,
    /// It left, or is about to.
    #[error("too late to take it back")]
    TooLate,
    /// The same key came with another body.
    #[error("the idempotency key was used for something else")]
    KeyReused,
    /// The author claims to have seen what is not there: the newest position is given.
    #[error("the newest position of this conversation is {0}")]
    NotThere(i64),
    /// The recipient can't be written to.
    #[error("{0}")]
    CannotReply(String),
    /// Somebody who was chosen for a copy can't get one. The reason is half a sentence, for a person.
    #[error("{reason}")]
    NoCopy {
        /// Who.
        address: Address,
        /// Why not.
        reason: &'static str,
    },
    /// The state of the message does not allow it.
    #[error("{0}")]
    NotNow(&'static str),
    /// Another one has that name or address.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// Two records of people outside can't be joined, or not be parted.
    #[error("{0}")]
    CannotJoin(super::identity::Refused),
    /// A retry is pending until then.
    #[error("not before")]
    NotBefore(Timestamp),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // What stands before a database may take the connection and say something else, or nothing.
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => Self::Unavailable(error.to_string()),
            sqlx::Error::Database(inner) => {
                // SQLite: 13 full, 10 I/O error, 5 busy, 8 read-only, 14 can't open; Postgres: class 53
                // (no resources), 57 (shutting down), 08 (connection), 28 (nobody of that name comes in),
                // 25006 (read-only), 3D000 (no such database), 55000 (it takes no connections).
                let code = inner.code().unwrap_or_default();
                let sqlite = code.parse::<i32>().is_ok_and(|c| matches!(c & 0xff, 5 | 8 | 10 | 13 | 14))
                    && code.len() != 5;
                let postgres = code.len() == 5
                    && (["08", "28", "53", "57"].iter().any(|class| code.starts_with(class))
                        || ["25006", "3D000", "55000"].contains(&&*code));
                if sqlite || postgres {
                    Self::Unavailable(inner.message().to_owned())
                } else {
                    Self::Database(error)
                }
            }
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// Whether a unique or foreign key, or a check, refused it.
    pub fn is_constraint(&self) -> bool {
        use sqlx::error::ErrorKind::{
            CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation,
        };
        matches!(self, Self::Database(sqlx::Error::Database(e))
            if matches!(e.kind(), CheckViolation | ForeignKeyViolation | NotNullViolation | UniqueViolation))
    }

    /// Whether it is the actor's affair rather than the database's: the rest of a group goes on.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::Conflict(_))
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::*;
    use crate::store::{dialect, testing::Fresh};

    async fn refusal(url: &str) -> StoreError {
        dialect::connect(url).await.expect_err("there is no database behind this")
    }

    #[tokio::test]
    async fn what_takes_the_connection_and_is_no_database_counts_as_not_to_be_had() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://shop@{}/shop?sslmode=prefer", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                // The question is read: else the end would be a reset.
                drop(client.read(&mut [0; 64]).await);
            }
        });
        let refused = refusal(&url).await;
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_database_that_takes_no_connection_counts_as_not_to_be_had() {
        use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
        let fresh = Fresh::postgres().await;
        let mut elsewhere = url::Url::parse(&fresh.url).unwrap();
        let name = elsewhere.path().trim_start_matches('/').to_owned();
        elsewhere.set_path("postgres");
        let mut admin = sqlx::PgConnection::connect(elsewhere.as_str()).await.unwrap();
        let close = ["ALTER DATABASE ", &name, " ALLOW_CONNECTIONS false"].concat();
        admin.execute(AssertSqlSafe(close)).await.unwrap();
        let missing = fresh.url.replace(&name, "rapport_test_that_is_not_there");
        let stranger = {
            elsewhere.set_username("rapport_test_nobody").unwrap();
            elsewhere.to_string()
        };
        for url in [&fresh.url, &missing, &stranger] {
            let refused = refusal(url).await;
            assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        }
    }
}
