//! The header of an earlier mail, repeated as text: "From: / Sent: / To: / Subject:", and the line that
//! stands above it: "-----Original Message-----".
//!
//! The data are the names of these fields as Outlook, Apple Mail, Yahoo and others translate them.

mod words;

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

use super::{
    line::{self, Line},
    words as tables,
};

/// What a field of the block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From = 1,
    Date = 2,
    To = 4,
    Subject = 8,
    Cc = 16,
    ReplyTo = 32,
}

static ORIGINAL: LazyLock<Regex> = LazyLock::new(|| tables::pattern("^", words::ORIGINAL));
static NAMES: LazyLock<HashMap<&'static str, Field>> = LazyLock::new(|| {
    words::FIELDS
        .iter()
        .flat_map(|(field, names)| tables::of(names).map(move |name| (name, *field)))
        .collect()
});

/// The longest name of a field, in bytes.
const MAX_NAME: usize = 60;
/// The longest block, in lines.
const MAX_LINES: usize = 40;

/// The field that a line holds.
pub(super) fn field(text: &str) -> Option<Field> {
    let front = text.get(..text.floor_char_boundary(MAX_NAME)).unwrap_or(text);
    let colon = front.bytes().position(|byte| byte == b':').or_else(|| front.find('：'))?;
    let colon = front.find('：').map_or(colon, |wide| colon.min(wide));
    let name = front.get(..colon)?;
    let name = name.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '*' | '_' | '>' | '\'' | '"' | '|' | '・' | '■')
            || line::is_invisible(c)
    });
    if name.is_empty() || name.len() > 40 {
        return None;
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase() || byte >= 0x80) {
        let folded: String = name
            .chars()
            .filter(|c| !line::is_invisible(*c))
            .map(|c| if c == '\u{a0}' { ' ' } else { c })
            .collect::<String>()
            .to_lowercase();
        return NAMES.get(folded.as_str()).copied();
    }
    NAMES.get(name).copied()
}

/// A line of dashes, underscores and the like.
pub(super) fn is_rule(text: &str) -> bool {
    text.chars().count() >= 5
        && text
            .chars()
            .all(|c| matches!(c, '-' | '_' | '=' | '*' | '~' | '—' | '–' | '─' | '━' | '―' | '﹣' | ' '))
        && !text.starts_with("* * ")
}

/// Whether a header block begins on line `at`; `is_announced`: a rule or "Original Message" stands above.
pub(super) fn begins_at(lines: &[Line<'_>], at: usize, is_announced: bool) -> bool {
    let depth = lines.get(at).map_or(0, |line| line.depth);
    if lines.get(at).is_none_or(|line| line.field.is_none()) {
        return false;
    }
    let mut seen = 0_u8;
    let mut distance = 0;
    for line in lines.iter().skip(at).take(MAX_LINES).take_while(|line| line.depth == depth) {
        if let Some(found) = line.field {
            // A second author begins another block.
            if found == Field::From && seen & Field::From as u8 != 0 {
                break;
            }
            seen |= found as u8;
            distance = 0;
            continue;
        }
        // A value may go on, and blocks made from HTML have empty lines between their fields.
        distance += 1;
        if distance > 2 {
            break;
        }
    }
    let count = seen.count_ones();
    let has = |field: Field| seen & field as u8 != 0;
    let needed = if is_announced { 2 } else { 3 };
    count >= needed
        && (has(Field::From) || (has(Field::Date) && has(Field::Subject)))
        && (has(Field::Date) || has(Field::Subject) || has(Field::To))
}

/// Whether a line says that the original message follows. `next`: the line that follows it.
pub(super) fn is_original(text: &str, has_block: impl Fn() -> bool) -> bool {
    let is_edge = |c: char| {
        matches!(c, '-' | '_' | '=' | '*' | '—' | '–' | '─' | '━' | '>' | ' ' | '\u{a0}' | '~' | '﹣')
    };
    if text.len() > 120 || !text.starts_with(['-', '_', '=', '*', '—', '–', '─', '━', '~', '﹣']) {
        return false;
    }
    let inner = text.trim_matches(is_edge);
    let rules = text
        .chars()
        .filter(|c| matches!(c, '-' | '_' | '=' | '*' | '—' | '–' | '─' | '━' | '~' | '﹣'))
        .count();
    if inner.is_empty() || rules < 2 {
        return false;
    }
    let folded = inner.to_lowercase();
    ORIGINAL.is_match(&folded) && (rules >= 4 || has_block())
        || rules >= 4 && text.ends_with(['-', '_', '=', '*', '—', '─', '━']) && has_block()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(text: &str) -> bool {
        begins_at(&line::split(text, &Vec::new()), 0, false)
    }

    #[test]
    fn blocks_of_many_languages_are_known() {
        for text in [
            "From: A <a@b.example>\nSent: Monday\nTo: C\nSubject: D",
            "*From:* A\n\n*Sent:* Monday\n\n*To:* C",
            "Von: A\nGesendet: Montag\nAn: B\nBetreff: C",
            "De : A\nEnvoyé : lundi\nÀ : B\nObjet : C",
            "Od: A\nOdesláno: pondělí\nKomu: B\nPředmět: C",
            "差出人: A\n送信日時: 2026年\n宛先: B\n件名: C",
            "发件人： A\n发送时间： 2026\n收件人： B\n主题： C",
            "من: أ\nتم الإرسال: الاثنين\nإلى: ب\nالموضوع: ج",
            "Feladó: A\nElküldve: hétfő\nCímzett: B\nTárgy: C",
            "Kimden: A\nGönderildi: Pazartesi\nKime: B\nKonu: C",
        ] {
            assert!(begins(text), "{text}");
        }
    }

    #[test]
    fn two_words_with_colons_are_no_block() {
        assert!(!begins("From: Bristol\nTo: Glasgow\nvia: Lisbon"));
        assert!(!begins("Von: Oma Rita\nAn: Paul\n\nAlles Gute"));
    }
}
