//! The provider's ids: numbers that grow with time and hold it.

use std::{fmt, str::FromStr};

use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Serialize};

/// The first instant that an id can hold: 2015-01-01.
const EPOCH: i64 = 1_420_070_400_000;

/// An id. It stands in JSON as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// The smallest id of an instant.
    pub fn at(time: Timestamp) -> Self {
        Self(u64::try_from(time.millis() - EPOCH).unwrap_or(0) << 22)
    }

    /// When it was made.
    pub fn time(self) -> Timestamp {
        Timestamp(i64::try_from(self.0 >> 22).unwrap_or(0) + EPOCH)
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<Snowflake> for String {
    fn from(id: Snowflake) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for Snowflake {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// An instant as the API writes it: microseconds, and the offset in digits.
pub(crate) fn instant(time: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(time.millis()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}
