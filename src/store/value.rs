//! Values on their way into a statement and rows on their way out, the same for both engines.

use rapport_model::{
    Address, AuthorKind, Timestamp, Trust,
    id::{
        AssociateId, AttachmentId, ChannelName, ContactId, ConversationId, DecisionId, ExternalMessageId,
        ExternalThreadId, HandleId, InboxId, JobId, MessageId, MessageName, ObligationId, OutboxId, ParkedId,
        RawId, Scope, TeamId, ThreadId,
    },
    text,
};
use sqlx::{Postgres, Row as _, Sqlite, postgres::PgRow, sqlite::SqliteRow};

use super::error::StoreError;

/// A bound value. Each kind carries its own NULL, because Postgres wants to know the type of one.
/// The plural kinds are whole columns, as [`super::rows`] builds them for Postgres alone.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
    Texts(Vec<Option<String>>),
    Ints(Vec<Option<i64>>),
    Bools(Vec<Option<bool>>),
    ByteStrings(Vec<Option<Vec<u8>>>),
}

macro_rules! value_from {
    ($($type:ty => $kind:ident, $of:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$kind(Some(($of)(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value.map($of))
            }
        }
    )*};
}

value_from! {
    String => Text, |v| v;
    &str => Text, |v: &str| v.to_owned();
    &String => Text, |v: &String| v.clone();
    i64 => Int, |v| v;
    bool => Bool, |v| v;
    Vec<u8> => Bytes, |v| v;
    Timestamp => Int, |v: Timestamp| v.millis();
    &Address => Text, |v: &Address| v.expose().to_owned();
    AuthorKind => Text, |v: AuthorKind| v.as_str().to_owned();
    Trust => Text, |v: Trust| v.as_str().to_owned();
}

macro_rules! value_from_id {
    ($($type:ty),* $(,)?) => {$(
        impl From<&$type> for Value {
            fn from(id: &$type) -> Self {
                Self::Text(Some(id.as_str().to_owned()))
            }
        }
        impl From<Option<&$type>> for Value {
            fn from(id: Option<&$type>) -> Self {
                Self::Text(id.map(|id| id.as_str().to_owned()))
            }
        }
    )*};
}

value_from_id!(
    AssociateId,
    AttachmentId,
    ChannelName,
    ContactId,
    ConversationId,
    DecisionId,
    ExternalMessageId,
    ExternalThreadId,
    HandleId,
    InboxId,
    JobId,
    MessageId,
    ObligationId,
    OutboxId,
    ParkedId,
    RawId,
    Scope,
    TeamId,
    ThreadId,
);

/// Chosen by a stranger: what Postgres can't hold in it is replaced.
impl From<&MessageName> for Value {
    fn from(name: &MessageName) -> Self {
        text::storable(name.as_str()).into_owned().into()
    }
}

/// Lists values of any kinds: `values![id, 3_i64, text]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::value::Value::from($value)),*] };
}
pub(super) use values;

/// A row of either engine.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a column can be read as.
pub(super) trait Column:
    for<'r> sqlx::Decode<'r, Sqlite>
    + sqlx::Type<Sqlite>
    + for<'r> sqlx::Decode<'r, Postgres>
    + sqlx::Type<Postgres>
{
}
impl<T> Column for T where
    T: for<'r> sqlx::Decode<'r, Sqlite>
        + sqlx::Type<Sqlite>
        + for<'r> sqlx::Decode<'r, Postgres>
        + sqlx::Type<Postgres>
{
}

impl Row {
    /// A column by its name; `Option` for one that may be NULL.
    pub(super) fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A text column as one of our own types.
    pub(super) fn parse<T: TryFrom<String>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.get::<String>(column)?).map_err(|_| StoreError::Corrupt { column })
    }

    /// A text column that may be NULL as one of our own types.
    pub(super) fn parse_opt<T: TryFrom<String>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(column)?
            .map(|text| T::try_from(text).map_err(|_| StoreError::Corrupt { column }))
            .transpose()
    }

    /// A time column.
    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.get(column).map(Timestamp)
    }

    /// A time column that may be NULL.
    pub(super) fn time_opt(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp))
    }
}
