//! The subject of an answer, worked out from the one that it answers. Pure.

/// The longest subject of ours, in characters.
pub const LONGEST_SUBJECT: usize = 500;

/// What mail programs write before the subject of an answer, folded, in the languages in which they do.
const ANSWERS: &[&[&str]] = &[
    // English, and most programs of any language.
    &["re"],
    // German and Dutch.
    &["aw", "antw", "antwort", "antwoord"],
    // Danish, Norwegian, Swedish, Icelandic; Finnish.
    &["sv", "svar", "vs"],
    // Italian; Portuguese.
    &["r", "rif", "res"],
    // Polish, Czech, Slovak; Slovene, Croatian, Serbian.
    &["odp", "odg"],
    // Hungarian; Romanian; Turkish.
    &["vá", "răs", "ynt", "yan"],
    // Latvian, Lithuanian, Welsh.
    &["atb", "ats"],
    // Indonesian; Vietnamese.
    &["bls", "balas", "tl"],
    // Greek; Russian, Ukrainian, Bulgarian.
    &["απ", "σχετ", "отв", "ответ", "відп", "отг"],
    // Arabic; Hebrew; Persian.
    &["رد", "الرد", "השב", "תגובה", "پاسخ"],
    // Chinese, Japanese, Korean; Thai.
    &["回复", "回覆", "回信", "答复", "答覆", "返信", "답장", "회신", "ตอบ", "ตอบกลับ"],
];

/// The subject of an answer to `last`: "Re: " once, whatever stood before it. `None` where nothing is left.
pub(super) fn answer_to(last: &str) -> Option<String> {
    let line: String = last.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut rest = line.trim();
    while let Some(behind) = behind_answer(rest) {
        rest = behind.trim_start();
    }
    if rapport_model::text::is_blank(rest) {
        return None;
    }
    Some(["Re: ", rest].concat().chars().take(LONGEST_SUBJECT).collect())
}

/// What stands behind one "Re:", "AW:", `Re[2]:` or the like.
fn behind_answer(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once([':', '：'])?;
    let word = word.trim_end();
    let word = counted(word, '[', ']').or_else(|| counted(word, '(', ')')).unwrap_or(word);
    let word = word.trim_end().to_lowercase();
    ANSWERS.iter().any(|of_language| of_language.contains(&word.as_str())).then_some(rest)
}

/// The word before a number in brackets, with which some programs count.
fn counted(word: &str, open: char, close: char) -> Option<&str> {
    let (before, number) = word.strip_suffix(close)?.rsplit_once(open)?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_marked_once_whatever_language_marked_it_before() {
        for last in [
            "My lamp",
            "Re: My lamp",
            "RE: re: My lamp",
            "AW: Antw: My lamp",
            "Re[2]: SV : My lamp",
            "Re(3): RIF: R: My lamp",
            "回复：Re: My lamp",
            "Vá: Odp: YNT: ΑΠ: My lamp",
            "رد: תגובה: My lamp",
            "\tRe:\r\n My lamp ",
        ] {
            assert_eq!(answer_to(last).as_deref(), Some("Re: My lamp"), "{last:?}");
        }
    }

    #[test]
    fn what_is_no_mark_of_an_answer_stays() {
        for last in ["Fwd: My lamp", "Re-order: 12", "Reference: a lamp", "Order 7 [2]: late", "Regards"] {
            assert_eq!(answer_to(last), Some(format!("Re: {last}")), "{last:?}");
        }
    }

    #[test]
    fn without_words_there_is_no_subject_and_a_long_one_is_cut_between_characters() {
        for last in ["", "Re:", " AW: Re: ", "\u{200B}", "\r\n"] {
            assert_eq!(answer_to(last), None, "{last:?}");
        }
        assert_eq!(answer_to(&"ü".repeat(600)).unwrap().chars().count(), LONGEST_SUBJECT);
    }
}
