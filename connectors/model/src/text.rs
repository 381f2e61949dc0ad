//! Text as it may stand in the store, whether it says anything, and where it may be cut.

/// Replaces NUL, that Postgres refuses in text, by U+FFFD; borrows where there is none.
pub fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

/// The form under which two texts count as the same: white space folded, case and margins aside.
pub fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a text shows nothing: white space, and what Unicode lets disappear.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
                | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
                | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
    })
}

/// Whether a text may be cut between two neighbours: they are not of one emoji or one accented letter.
pub fn may_cut(before: char, after: char) -> bool {
    let joins = |c: char| {
        matches!(c,
            '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}'
            | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
    };
    let regional = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    before != '\u{200d}' && !joins(after) && !(regional(before) && regional(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank_and_a_single_sign_is_not() {
        for text in
            ["", " \r\n\t", "\u{200B}", "\u{2060}\u{FEFF} ", "\u{FE0F}\u{E0100}", "\u{3164}\u{AD}", "\0"]
        {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [".", "\u{200B}a", "❤\u{FE0F}", "\u{1F468}\u{200D}\u{1F469}", "あ"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn nul_becomes_the_replacement_character_and_the_rest_stays() {
        assert_eq!(storable("a\0b\r\nc"), "a\u{FFFD}b\r\nc");
    }

    #[test]
    fn texts_that_differ_in_case_and_space_alone_are_the_same() {
        assert_eq!(folded("  Where IS\n it "), folded("where is it"));
    }

    #[test]
    fn an_emoji_of_several_characters_a_flag_and_an_accented_letter_are_not_cut() {
        for (before, after) in [
            ('\u{1F468}', '\u{200D}'),
            ('\u{200D}', '\u{1F469}'),
            ('e', '\u{301}'),
            ('\u{1F1EC}', '\u{1F1E7}'),
        ] {
            assert!(!may_cut(before, after), "{before:?} {after:?}");
        }
        assert!(may_cut('a', 'b') && may_cut('\u{1F468}', 'a'));
    }
}
