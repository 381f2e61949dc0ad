//! Pages by key: where one ends, the next begins, however much was added meanwhile.

use std::{fmt, str::FromStr};

/// The key of a row in a list: a number that orders, and the id that tells equals apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number: a time, or the place in a queue.
    pub at: i64,
    /// The id.
    pub id: String,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<Place>,
}

/// The text is no place that a page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor that a page ended with")]
pub struct InvalidPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (at, id) = text.split_once('.').ok_or(InvalidPlace)?;
        let plain = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let at = at.parse().map_err(|_| InvalidPlace)?;
        if plain { Ok(Self { at, id: id.to_owned() }) } else { Err(InvalidPlace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_and_anything_else_refused() {
        let place = Place { at: -5, id: "cnv_0a".to_owned() };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "5", "x.cnv_1", "5.a b", "5.\0", "99999999999999999999.cnv_1"] {
            assert_eq!(text.parse::<Place>(), Err(InvalidPlace), "{text:?}");
        }
    }
}
