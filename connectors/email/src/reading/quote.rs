//! Quotes: what repeats an earlier mail, whether the answer stands above, below or between.
//!
//! First the places are found behind which all is quoted without marks. Before the first of them, blocks
//! of marked lines alternate with the writer's own; a block that an answer follows is kept, unless it is
//! the one quote of a mail that names its author.

use super::{
    attribution::{self, Attribution},
    delimiter,
    fold::Mark,
    header_block,
    line::{Hint, Line},
    signature,
};

/// How many lines are looked at closely for the author of a quote; hostile mail has more.
const MAX_CANDIDATES: usize = 1_000;
/// Among how many runs of lines signatures are looked for in each; among more, in the last one alone.
const MAX_RUNS: usize = 100;

/// Marks the quotes, and the signatures between them.
pub(super) fn mark(lines: &[Line<'_>], marks: &mut [Mark]) {
    let mut seen = Seen::default();
    let end = find(lines, marks, &mut seen);
    for mark in marks.get_mut(end..).unwrap_or_default() {
        *mark = Mark::Quote;
    }
    let (lines, marks) = (lines.get(..end).unwrap_or_default(), marks.get_mut(..end).unwrap_or_default());
    let runs = runs(lines, marks);
    let mut has_more = false;
    let skipped = if runs.len() > MAX_RUNS { runs.len() - 2 } else { 0 };
    for run in runs.iter().skip(skipped).filter(|run| !run.is_quoted) {
        let (lines, marks) =
            (lines.get(run.from..run.to).unwrap_or_default(), marks.get_mut(run.from..run.to));
        let marks = marks.unwrap_or_default();
        signature::mark(lines, marks, has_more);
        has_more = has_more || has_own(lines, marks);
    }
    judge(lines, marks, &runs, &seen);
}

/// What was found on the way.
#[derive(Default)]
struct Seen {
    /// An author is named.
    has_author: bool,
}

/// Marks the lines that name authors, and says where the unmarked quote begins.
fn find(lines: &[Line<'_>], marks: &mut [Mark], seen: &mut Seen) -> usize {
    let mut at = 0;
    // Cheap work once for all lines: whether the next line that is not blank is quoted.
    let follows = quoted_follows(lines);
    // The first line of the writer's own that no author's line has taken.
    let mut first_own: Option<usize> = None;
    let mut candidates = 0;
    while let Some(line) = lines.get(at) {
        if line.is_blank() || line.is_quoted() {
            at += 1;
            continue;
        }
        let is_marked = follows.get(at).copied().unwrap_or_default();
        let may_be_one = candidates < MAX_CANDIDATES && attribution::may_end(line);
        candidates += usize::from(may_be_one);
        if let Some(found) = may_be_one.then(|| attribution::ending_at(lines, at, is_marked)).flatten() {
            let has_own = found.offset > 0 || first_own.is_some_and(|own| own < found.from);
            if is_marked || !has_own {
                // The answer may come below, so that nothing is cut here.
                seen.has_author |= is_marked;
                for mark in marks.get_mut(found.from..=found.to).unwrap_or_default() {
                    *mark = Mark::Quote;
                }
                keep_front(marks, found);
                first_own =
                    first_own.filter(|own| *own < found.from).or((found.offset > 0).then_some(found.from));
                at += 1;
                continue;
            }
            if found.is_strong {
                seen.has_author = true;
                keep_front(marks, found);
                return above_rules(lines, found.from + usize::from(found.offset > 0));
            }
        }
        if begins_quote(lines, at) {
            // An empty answer: all of it stays.
            return if first_own.is_some() { above_rules(lines, at) } else { lines.len() };
        }
        if first_own.is_none() && !header_block::is_rule(line.text) {
            first_own = Some(at);
        }
        at += 1;
    }
    lines.len()
}

/// The answer ends on the line where the attribution begins.
fn keep_front(marks: &mut [Mark], found: Attribution) {
    if let Some(mark) = marks.get_mut(found.from).filter(|_| found.offset > 0) {
        *mark = Mark::Front(found.offset);
    }
}

fn quoted_follows(lines: &[Line<'_>]) -> Vec<bool> {
    let mut follows = vec![false; lines.len()];
    let mut next = false;
    for (line, follows) in lines.iter().zip(&mut follows).rev() {
        *follows = next;
        if !line.is_blank() || line.is_quoted() {
            next = line.is_quoted();
        }
    }
    follows
}

fn has_own(lines: &[Line<'_>], marks: &[Mark]) -> bool {
    lines.iter().zip(marks).any(|(line, mark)| {
        matches!(mark, Mark::Keep | Mark::Front(_)) && !line.is_blank() && !line.is_quoted()
    })
}

/// Whether an unmarked quote begins on this line.
fn begins_quote(lines: &[Line<'_>], at: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    line.hint == Hint::Cut
        || header_block::begins_at(lines, at, is_announced(lines, at))
        || header_block::is_original(line.text, || super::forward::next_block(lines, at))
        || delimiter::is_one(line.text)
}

fn is_announced(lines: &[Line<'_>], at: usize) -> bool {
    let above = lines.iter().take(at).rev().take(3).find(|line| !line.is_blank());
    above.is_some_and(|line| header_block::is_rule(line.text))
}

/// A rule right above belongs to what it announces.
fn above_rules(lines: &[Line<'_>], from: usize) -> usize {
    let mut start = from;
    for (at, line) in lines.iter().enumerate().take(from).rev() {
        if line.is_blank() {
            continue;
        }
        if !header_block::is_rule(line.text) {
            break;
        }
        start = at;
    }
    start
}

/// Lines that belong together: quoted ones, or the writer's own.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: usize,
    to: usize,
    is_quoted: bool,
}

fn runs(lines: &[Line<'_>], marks: &[Mark]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, (line, mark)) in lines.iter().zip(marks).enumerate() {
        // Blank lines and lines that name an author go with what stands before.
        let is_open = line.is_blank() && !line.is_quoted() || *mark == Mark::Quote;
        let is_quoted = line.is_quoted() || (!is_open && is_overflow(lines, at));
        match runs.last_mut() {
            Some(run) if is_open || run.is_quoted == is_quoted => run.to = at + 1,
            Some(_) => runs.push(Run { from: at, to: at + 1, is_quoted }),
            None => runs.push(Run { from: at, to: at + 1, is_quoted: is_quoted && !is_open }),
        }
    }
    runs
}

/// A line between quoted ones that lost its mark when it was wrapped.
fn is_overflow(lines: &[Line<'_>], at: usize) -> bool {
    let (Some(before), Some(line), Some(after)) =
        (at.checked_sub(1).and_then(|before| lines.get(before)), lines.get(at), lines.get(at + 1))
    else {
        return false;
    };
    if !before.is_quoted() || !after.is_quoted() {
        return false;
    }
    let is_rest_of_link =
        line.text.contains("://") || before.text.contains("://") && line.text.ends_with([')', '>']);
    let begins_small = line.text.starts_with(|c: char| c.is_lowercase());
    is_rest_of_link || (before.raw.len() >= 66 && line.text.len() <= 24 && begins_small)
}

fn judge(lines: &[Line<'_>], marks: &mut [Mark], runs: &[Run], seen: &Seen) {
    let has_own = |run: &Run, marks: &[Mark]| {
        (run.from..run.to).any(|at| {
            marks.get(at) == Some(&Mark::Keep)
                && lines.get(at).is_some_and(|line| !line.is_blank() && !line.is_quoted())
        })
    };
    let quoted: Vec<usize> =
        runs.iter().enumerate().filter(|(_, run)| run.is_quoted).map(|(index, _)| index).collect();
    let Some(&first) = quoted.first() else { return };
    let is_answered =
        |index: usize, marks: &[Mark]| runs.get(index + 1).is_some_and(|run| has_own(run, marks));
    let answers = quoted.iter().filter(|&&index| is_answered(index, marks)).count();
    let has_author = seen.has_author
        || runs.get(first).is_some_and(|run| {
            let front = lines.get(run.from..run.to.min(run.from + 4)).unwrap_or_default();
            front.iter().any(|line| line.hint == Hint::Attribution || attribution::is_quoted_one(line))
                || (0..front.len()).any(|at| {
                    let unmarked: Vec<Line<'_>> =
                        front.iter().map(|line| Line { depth: 0, ..*line }).collect();
                    attribution::ending_at(&unmarked, at, true).is_some_and(|found| found.is_strong)
                })
        });
    let has_own_above = runs.iter().take(first).any(|run| has_own(run, marks));
    for &index in &quoted {
        let Some(run) = runs.get(index) else { continue };
        let keeps = if answers == 0 {
            // Nothing but a quote: it is the message.
            !has_own_above && !has_author
        } else {
            is_answered(index, marks) && (quoted.len() > 1 || !has_author)
        };
        if !keeps {
            for mark in marks.get_mut(run.from..run.to).unwrap_or_default() {
                *mark = Mark::Quote;
            }
        }
    }
}
