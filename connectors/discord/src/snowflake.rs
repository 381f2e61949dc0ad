//! Discord's ids: they hold the time at which they were minted, so they are in its order.
//!
//! <https://discord.com/developers/docs/reference#snowflakes>

use std::{fmt, str::FromStr};

use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first second of 2015, in epoch milliseconds: where the provider's time begins.
const EPOCH: i64 = 1_420_070_400_000;

/// An id of anything at Discord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// When it was minted, by the provider's clock.
    pub fn at(self) -> Timestamp {
        Timestamp(i64::try_from(self.0 >> 22).unwrap_or(i64::MAX).saturating_add(EPOCH))
    }

    /// Before every id of this moment and after every id of an earlier one.
    pub fn before(at: Timestamp) -> Self {
        let millis = u64::try_from(at.millis().saturating_sub(EPOCH)).unwrap_or(0);
        Self((millis << 22).saturating_sub(1))
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

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    /// A text as a rule; numbers are seen, too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(id) => Ok(Self(id)),
            Form::Text(text) => text.parse().map_err(|_| serde::de::Error::custom("this is no id")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_time_and_a_time_its_place_among_ids() {
        // The example of the provider's documentation.
        let id = Snowflake(175_928_847_299_117_063);
        assert_eq!(id.at(), Timestamp(1_462_015_105_796));
        let before = Snowflake::before(id.at());
        assert!(before < id && before.at() < id.at() && Snowflake(before.0 + 1).at() == id.at());
        assert_eq!(Snowflake::before(Timestamp(0)), Snowflake(0));
    }

    #[test]
    fn an_id_is_read_from_a_text_or_a_number() {
        let read = |json: &str| serde_json::from_str::<Snowflake>(json).ok();
        assert_eq!(
            [read("\"12\""), read("12"), read("\"x\""), read("-1")],
            [Some(Snowflake(12)), Some(Snowflake(12)), None, None]
        );
        assert_eq!(serde_json::to_string(&Snowflake(12)).unwrap(), "\"12\"");
    }
}
