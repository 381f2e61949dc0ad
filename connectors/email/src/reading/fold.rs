//! Which lines are folded away: quotes, signatures. What stays is the reply.
//!
//! An answer is never reduced to nothing, unless its program alone wrote it ("Sent from my iPhone").

use super::{
    body::Body,
    forward,
    line::{self, Line},
    quote, signature,
};

/// A text of more lines is folded nowhere: no person writes or quotes so many, and what is shown whole is lost
/// to nobody.
const MAX_LINES: usize = 50_000;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is shown.
    Keep,
    /// Its first bytes are shown, so many; what follows them is a quote.
    Front(usize),
    /// It repeats what was written before.
    Quote,
    /// It is a signature.
    Signature,
    /// The program's own line, as "Sent from my iPhone".
    Program,
}

/// The text with its parts folded.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// Without quotes and signatures.
    pub(super) reply: String,
    /// Without quotes.
    pub(super) noquote: String,
    /// Whether any quote was found.
    pub(super) has_quote: bool,
}

impl Folded {
    /// A text of which nothing is folded.
    fn of_whole(text: &str) -> Self {
        let whole = clean(text);
        Self { reply: whole.clone(), noquote: whole, has_quote: false }
    }
}

/// Folds a text. `is_forward`: the subject says that it is forwarded.
pub(super) fn fold(body: &Body, is_forward: bool) -> Folded {
    if body.text.bytes().filter(|&byte| byte == b'\n').count() > MAX_LINES {
        return Folded::of_whole(&body.text);
    }
    let lines = line::split(&body.text, &body.hints);
    let mut marks = vec![Mark::Keep; lines.len()];
    // What is forwarded is the message: nothing of it is folded.
    let end = forward::start(&lines, is_forward).unwrap_or(lines.len());
    let (own, own_marks) = (lines.get(..end).unwrap_or_default(), marks.get_mut(..end).unwrap_or_default());
    if end == lines.len() {
        quote::mark(own, own_marks);
    } else {
        signature::mark(own, own_marks, false);
    }
    let has_quote = marks.contains(&Mark::Quote);
    let noquote = join(&lines, &marks, |mark| mark != Mark::Quote);
    let reply = join(&lines, &marks, |mark| mark == Mark::Keep);
    if noquote.is_empty() {
        return Folded::of_whole(&body.text);
    }
    let is_all_program = marks
        .iter()
        .zip(&lines)
        .all(|(mark, line)| matches!(mark, Mark::Quote | Mark::Program) || line.is_blank());
    let reply = if reply.is_empty() && !is_all_program { noquote.clone() } else { reply };
    Folded { reply, noquote, has_quote }
}

fn join(lines: &[Line<'_>], marks: &[Mark], keeps: impl Fn(Mark) -> bool) -> String {
    let mut out = String::new();
    let mut blanks = 0;
    let mut is_gap = false;
    for (line, mark) in lines.iter().zip(marks) {
        let raw = match *mark {
            Mark::Front(len) => line.raw.get(..len).unwrap_or(line.raw),
            mark if keeps(mark) => line.raw,
            _ => {
                is_gap = true;
                continue;
            }
        };
        if line.is_blank() && !line.is_quoted() {
            blanks += 1;
            continue;
        }
        if !out.is_empty() {
            // Where something was left out, its blanks go with it.
            let count = if is_gap { 1 } else { blanks };
            out.extend(std::iter::repeat_n('\n', count + 1));
        }
        (blanks, is_gap) = (0, false);
        out.push_str(raw.trim_end());
    }
    clean(&out)
}

/// Without empty lines at both ends.
fn clean(text: &str) -> String {
    text.trim_start_matches(['\n', '\u{feff}', '\u{200b}']).trim_end().to_owned()
}
