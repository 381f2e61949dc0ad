//! Tables of words: one text, its words parted by bars or line ends.

use regex::Regex;

/// The words of a table.
pub(super) fn of(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.split(['|', '\n']).map(str::trim).filter(|word| !word.is_empty())
}

/// A pattern that finds any of the words, the longest one first. `before` stands before each of them.
pub(super) fn pattern(before: &str, table: &'static str) -> Regex {
    let mut words: Vec<&str> = of(table).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let words: Vec<String> = words.into_iter().map(regex::escape).collect();
    Regex::new(&format!("{before}(?:{})", words.join("|"))).expect("a pattern of escaped words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_parted_into_words() {
        assert_eq!(of("a b | c\n d").collect::<Vec<_>>(), ["a b", "c", "d"]);
        assert_eq!(pattern("^", "ab | abc").find("abcd").map(|found| found.len()), Some(3));
    }
}
