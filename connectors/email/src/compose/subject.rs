//! The subject of an answer.

use super::header::one_line;

/// The subject where none is known: of no brand, because an inbox has its own.
const DEFAULT: &str = "Your message";
/// A longer subject is cut, in characters.
const LONGEST: usize = 300;
/// What mail programs of several languages put before the subject of an answer.
const ANSWERS: &[&str] = &[
    "re", "aw", "antw", "antwort", "sv", "vs", "odp", "rif", "réf", "ré", "res", "ynt", "ref", "回复",
    "答复", "回覆",
];

/// The subject in one line; with "Re: " where it answers and does not say so yet.
pub(super) fn subject(given: Option<&str>, answers: bool) -> String {
    let text = one_line(given.unwrap_or_default(), LONGEST);
    let text = if text.is_empty() { DEFAULT.to_owned() } else { text };
    if answers && !says_answer(&text) { format!("Re: {text}") } else { text }
}

fn says_answer(text: &str) -> bool {
    let Some((prefix, _)) = text.split_once([':', '：']) else { return false };
    // "Re[2]", "AW ".
    let prefix = prefix.split('[').next().unwrap_or_default().trim().to_lowercase();
    ANSWERS.contains(&&prefix[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_so_once() {
        for (given, shown) in [
            (Some("Order 7"), "Re: Order 7"),
            (Some("Re: Order 7"), "Re: Order 7"),
            (Some("RE[3]: Order 7"), "RE[3]: Order 7"),
            (Some("AW : Order 7"), "AW : Order 7"),
            (Some("回复：订单"), "回复：订单"),
            (Some("Return: shoes"), "Re: Return: shoes"),
            (Some(" \r\n "), "Re: Your message"),
            (None, "Re: Your message"),
        ] {
            assert_eq!(subject(given, true), shown);
        }
        assert_eq!(subject(Some("Order 7"), false), "Order 7");
        assert_eq!(subject(None, false), "Your message");
    }
}
