//! Signatures: what the program or the firm adds below the writer's words.
//!
//! A greeting, a closing formula and the name below it are the writer's own and stay.

mod program;
mod words;

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use self::program::is_program;
use super::{
    fold::Mark,
    header_block,
    line::{Hint, Line},
    words as tables,
};

/// The longest signature behind a delimiter, in lines that are not blank.
const MAX_SIGNATURE: usize = 40;
/// The longest block of contact data, in lines that are not blank.
const MAX_CONTACT: usize = 14;
/// The most pieces that are taken off the end.
const MAX_PIECES: usize = 40;
/// The longest legal note that ends in a signature without a paragraph of its own, in bytes.
const MAX_NOTE: usize = 6_000;

static NOTE: LazyLock<Regex> = LazyLock::new(|| tables::pattern("", words::NOTES));
static LIST: LazyLock<Regex> = LazyLock::new(|| tables::pattern("", words::LISTS));
static CLOSING: LazyLock<Regex> = LazyLock::new(|| tables::pattern("^", words::CLOSINGS));

static CONTACT: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)\b(?:tel|phone|ph|fon|fax|mob|mobile|mobil|cell|telefon|telefoon|telefono|téléphone|tél|teléfono|telefone|tlf|puh|komórka|kom|тел|моб|факс|τηλ|gsm|hp|direct|office|電話|电话|電話番号|手机|전화|هاتف|טלפון|t|m|p|f|d)\b\.?\s*[:.]?\s*\+?[0-9(][0-9\s()./-]{5,}",
        r"\+[0-9]{1,3}[\s(.-]*[0-9][0-9\s()./-]{5,}",
        r"(?i)\bwww\.[^\s.]+\.|https?://",
        r"[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+",
        r"(?:TEL|FAX|Tel|Fax|電話|电话|전화)\s*[:：]?\s*[0-9]",
        r"〒[0-9]{3}",
    ])
    .expect("valid patterns")
});

/// Marks the signature of the writer's own lines, which stand together. `has_more`: there are more of them
/// above.
pub(super) fn mark(lines: &[Line<'_>], marks: &mut [Mark], has_more: bool) {
    for (line, mark) in lines.iter().zip(marks.iter_mut()) {
        if line.hint == Hint::Signature && *mark == Mark::Keep {
            *mark = if is_program(line.text) { Mark::Program } else { Mark::Signature };
        }
    }
    behind_delimiter(lines, marks);
    let is_own = |at: usize, marks: &[Mark]| {
        marks.get(at) == Some(&Mark::Keep) && lines.get(at).is_some_and(|line| !line.is_blank())
    };
    let Some(first) = (0..lines.len()).find(|&at| is_own(at, marks)) else { return };
    let mut end = lines.len();
    for _ in 0..MAX_PIECES {
        let Some(last) = (first..end).rev().find(|&at| is_own(at, marks)) else { return };
        let Some((from, new)) = from_below(lines, marks, first, last, has_more) else { return };
        for mark in
            marks.get_mut(from..=last).unwrap_or_default().iter_mut().filter(|mark| **mark == Mark::Keep)
        {
            *mark = new;
        }
        end = from;
    }
}

fn behind_delimiter(lines: &[Line<'_>], marks: &mut [Mark]) {
    let is_delimiter = |line: &Line<'_>| matches!(line.text, "--" | "—" | "- -") && !line.is_quoted();
    let mut behind = 0;
    let mut found = None;
    for (at, line) in lines.iter().enumerate().rev() {
        if is_delimiter(line) {
            found = Some(at);
        }
        behind += usize::from(!line.is_blank());
        if behind > MAX_SIGNATURE {
            break;
        }
    }
    let Some(found) = found else { return };
    for (line, mark) in lines.iter().zip(marks.iter_mut()).skip(found) {
        if *mark == Mark::Keep {
            *mark = if is_delimiter(line) || is_program(line.text) { Mark::Program } else { Mark::Signature };
        }
    }
}

/// The piece of a signature that ends on line `last`: where it begins, and what it is.
fn from_below(
    lines: &[Line<'_>],
    marks: &[Mark],
    first: usize,
    last: usize,
    has_more: bool,
) -> Option<(usize, Mark)> {
    let text = lines.get(last)?.text;
    if is_program(text) {
        return Some((last, Mark::Program));
    }
    if is_debris(text) {
        return Some((last, Mark::Signature));
    }
    let start = paragraph(lines, last);
    // Words that are all that there is are no signature.
    if !has_more && start <= first {
        return None;
    }
    let is_name = || start == last && text.strip_prefix('-').is_some_and(is_full_name);
    note(lines, start, last)
        .or_else(|| behind_rule(lines, last))
        .or_else(|| contact(lines, marks, last))
        .or_else(|| is_name().then_some(last))
        .map(|from| (from, Mark::Signature))
}

/// The first line of the paragraph that ends on line `last`.
fn paragraph(lines: &[Line<'_>], last: usize) -> usize {
    (0..last)
        .rev()
        .take_while(|&at| lines.get(at).is_some_and(|line| !line.is_blank()))
        .take(60)
        .last()
        .unwrap_or(last)
}

/// A line of marks alone at the end: a rule, or what a tracker left.
fn is_debris(text: &str) -> bool {
    let is_mark = |c: char| {
        matches!(
            c,
            '-' | '_'
                | '='
                | '*'
                | '#'
                | '~'
                | '+'
                | '—'
                | '–'
                | '─'
                | '━'
                | '―'
                | 'ᐧ'
                | '.'
                | ' '
                | '\u{a0}'
        )
    };
    text == "ᐧ"
        || text.len() >= 2 && text.chars().all(is_mark) && !text.starts_with(['.', '+'])
        || text.len() >= 4 && text.bytes().all(|byte| byte == b'+')
}

/// The first line of a legal note whose paragraph ends the text.
fn note(lines: &[Line<'_>], first: usize, last: usize) -> Option<usize> {
    let paragraph = lines.get(first..=last)?;
    let mut size = 0;
    let mut found = None;
    for (index, line) in paragraph.iter().enumerate() {
        size += line.text.len();
        if size > MAX_NOTE {
            break;
        }
        let folded = line.text.to_lowercase();
        if found.is_none() && (NOTE.is_match(&folded) || is_list_foot(&folded, paragraph)) {
            found = Some(index);
        }
    }
    let found = found?;
    // A note follows the writer's words on the next line, or it is a paragraph of its own.
    let begins = |index: usize| {
        paragraph.get(index).is_some_and(|line| {
            line.text.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic()) && line.text.len() > 40
        })
    };
    let from = if found > 0
        && (paragraph.len() <= 12 && begins(0) || header_block::is_rule(paragraph.first()?.text))
    {
        0
    } else {
        found
    };
    Some(first + from)
}

fn is_list_foot(folded: &str, paragraph: &[Line<'_>]) -> bool {
    paragraph.first().is_some_and(|line| header_block::is_rule(line.text)) && LIST.is_match(folded)
}

/// A block of contact data below a rule.
fn behind_rule(lines: &[Line<'_>], last: usize) -> Option<usize> {
    let mut count = 0;
    for at in (0..last).rev() {
        let line = lines.get(at)?;
        count += usize::from(!line.is_blank());
        if count > MAX_CONTACT {
            return None;
        }
        if header_block::is_rule(line.text) && !line.text.contains(' ') {
            let block = lines.get(at..=last)?;
            // Underscores alone part a signature, too, where nothing else is ruled.
            let is_short =
                line.text.starts_with('_') && count <= 8 && block.iter().all(|line| line.text.len() <= 80);
            let is_foot = is_short || block.iter().any(|line| CONTACT.is_match(line.text));
            return is_foot.then_some(at);
        }
    }
    None
}

/// A block of contact data below a closing formula and a name.
fn contact(lines: &[Line<'_>], marks: &[Mark], last: usize) -> Option<usize> {
    let mut count = 0;
    let mut has_contact = false;
    for at in (0..=last).rev() {
        let line = lines.get(at)?;
        if line.is_blank() || marks.get(at) != Some(&Mark::Keep) {
            continue;
        }
        if is_closing(line.text) {
            let name = (at + 1..=last).find(|&at| lines.get(at).is_some_and(|line| !line.is_blank()))?;
            // The name, unless the block begins on its line.
            let from = if CONTACT.is_match(lines.get(name)?.text) { name } else { name + 1 };
            return (has_contact && from <= last).then_some(from);
        }
        if line.text.len() > 160 {
            return None;
        }
        has_contact |= CONTACT.is_match(line.text);
        count += 1;
        if count > MAX_CONTACT {
            return None;
        }
    }
    None
}

fn is_closing(text: &str) -> bool {
    if text.len() > 80 {
        return false;
    }
    let folded = text.to_lowercase();
    CLOSING.find(&folded).and_then(|closing| folded.get(closing.end()..)).is_some_and(|rest| {
        rest.chars().next().is_none_or(|c| !c.is_alphanumeric()) && rest.split_whitespace().count() <= 4
    })
}

/// "Ann Lee": two or three words that begin with capitals.
fn is_full_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    (2..=3).contains(&words.len())
        && words.iter().all(|word| {
            word.starts_with(char::is_uppercase) && word.chars().skip(1).all(|c| c.is_lowercase() || c == '.')
        })
}
