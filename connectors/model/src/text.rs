//! Text as it may stand in the store.

/// Replaces NUL, that Postgres refuses in text, by U+FFFD; borrows where there is none.
pub fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

/// The form under which two texts count as the same: white space folded, case and margins aside.
pub fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_becomes_the_replacement_character_and_the_rest_stays() {
        assert_eq!(storable("a\0b\r\nc"), "a\u{FFFD}b\r\nc");
    }

    #[test]
    fn texts_that_differ_in_case_and_space_alone_are_the_same() {
        assert_eq!(folded("  Where IS\n it "), folded("where is it"));
    }
}
