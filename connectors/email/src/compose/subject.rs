//! The subject of a mail: what was written stands, and only what is missing is made up.

use super::header::one_line;

/// The subject where none is known: of no brand, because an inbox has its own.
const DEFAULT: &str = "Your message";
/// A longer subject is cut, in characters.
const LONGEST: usize = 500;

/// The subject in one line. A given one is never marked as an answer: who gave it saw it as it leaves.
pub(super) fn subject(given: Option<&str>, answers: bool) -> String {
    let text = one_line(given.unwrap_or_default(), LONGEST);
    match (text.is_empty(), answers) {
        (false, _) => text,
        (true, true) => format!("Re: {DEFAULT}"),
        (true, false) => DEFAULT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_stands_and_what_is_missing_says_whether_it_answers() {
        for (given, shown) in [
            (Some("Order 7"), "Order 7"),
            (Some(" RE[3]:\r\n Order 7"), "RE[3]: Order 7"),
            (Some(" \r\n "), "Re: Your message"),
            (None, "Re: Your message"),
        ] {
            assert_eq!(subject(given, true), shown);
        }
        assert_eq!(subject(Some("Order 7"), false), "Order 7");
        assert_eq!(subject(None, false), "Your message");
        assert_eq!(subject(Some(&"ü".repeat(501)), true).chars().count(), LONGEST);
    }
}
