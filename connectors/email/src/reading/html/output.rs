//! The text that grows out of markup: blanks, line ends, quote marks and hints for lines.

use super::Rendered;
use crate::reading::line::{Hint, Hints};

/// The deepest quote that is marked.
const MAX_MARKS: usize = 6;
/// The most hints; more are left out.
const MAX_HINTS: usize = 2_000;

/// How far two pieces of text are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Gap {
    /// Not at all.
    #[default]
    None,
    /// On different lines.
    Line,
    /// With an empty line between them.
    Paragraph,
}

/// The text so far.
#[derive(Default)]
pub(super) struct Output {
    text: String,
    hints: Hints,
    lines: usize,
    depth: usize,
    pending: Gap,
    blanks: usize,
    is_line_open: bool,
    wants_space: bool,
    next_hint: Option<Hint>,
}

impl Output {
    /// Text in which runs of blanks are one.
    pub(super) fn flowing(&mut self, text: &str) {
        // A no-break space is kept: it is no blank of the markup.
        let is_blank = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t' | '\u{c}');
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.trim_start_matches(is_blank);
            self.wants_space |= word.len() < rest.len();
            let end = word.find(is_blank).unwrap_or(word.len());
            let (word, tail) = word.split_at(end);
            if !word.is_empty() {
                self.word(word);
            }
            rest = tail;
        }
    }

    /// Text whose line ends and blanks count.
    pub(super) fn preformatted(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.line_break();
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !line.is_empty() {
                self.wants_space = false;
                self.word(line);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let word_has_space = std::mem::take(&mut self.wants_space);
        self.settle();
        if word_has_space && self.is_line_open {
            self.text.push(' ');
        }
        self.is_line_open = true;
        if word.contains('\0') {
            self.text.push_str(&word.replace('\0', "\u{fffd}"));
        } else {
            self.text.push_str(word);
        }
    }

    /// Ends the line before, where that is due, and begins the new one with its marks.
    fn settle(&mut self) {
        let is_first = self.text.is_empty() && self.lines == 0 && !self.is_line_open;
        if self.pending != Gap::None && !is_first {
            self.end_line();
            if self.pending == Gap::Paragraph && self.blanks == 0 {
                self.empty_line();
            }
        }
        self.pending = Gap::None;
        self.blanks = 0;
        if !self.is_line_open {
            for _ in 0..self.depth.min(MAX_MARKS) {
                self.text.push_str("> ");
            }
            if let Some(hint) = self.next_hint.take() {
                self.push_hint(self.lines, self.lines + 1, hint);
            }
        }
    }

    fn end_line(&mut self) {
        if self.is_line_open {
            self.text.push('\n');
            self.lines += 1;
            self.is_line_open = false;
        }
    }

    fn empty_line(&mut self) {
        let marks = self.depth.min(MAX_MARKS);
        for mark in 0..marks {
            self.text.push_str(if mark + 1 < marks { "> " } else { ">" });
        }
        self.text.push('\n');
        self.lines += 1;
        self.blanks += 1;
    }

    /// `<br>`.
    pub(super) fn line_break(&mut self) {
        self.wants_space = false;
        if self.pending != Gap::None {
            self.end_line();
        }
        if self.is_line_open {
            self.pending = self.pending.max(Gap::Line);
            self.end_line();
        } else if !self.text.is_empty() && self.blanks < 2 {
            self.empty_line();
        }
    }

    /// Parts what comes from what went before.
    pub(super) fn gap(&mut self, gap: Gap) {
        if gap != Gap::None {
            self.pending = self.pending.max(gap);
            self.wants_space = false;
        }
    }

    /// A rule across the page.
    pub(super) fn rule(&mut self) {
        self.gap(Gap::Line);
        self.word("__________");
        self.gap(Gap::Line);
    }

    /// The mark of an item of a list.
    pub(super) fn marker(&mut self, depth: usize, mark: &str) {
        self.settle();
        if !self.is_line_open {
            for _ in 1..depth {
                self.text.push_str("  ");
            }
        }
        self.text.push_str(mark);
        self.is_line_open = true;
        self.wants_space = false;
    }

    /// Parts two cells of a row; blocks within a cell do not part it from the next.
    pub(super) fn cell(&mut self) {
        self.pending = Gap::None;
        self.wants_space = false;
        if self.is_line_open {
            self.text.push('\t');
        }
    }

    /// Quotes deeper, or less deep.
    pub(super) fn quote(&mut self, change: isize) {
        self.gap(Gap::Line);
        self.end_line();
        // The empty line above a quote is none of its own.
        if change > 0 && self.pending == Gap::Paragraph && self.blanks == 0 && !self.text.is_empty() {
            self.empty_line();
        }
        self.depth = self.depth.saturating_add_signed(change);
    }

    /// Says something about the next line.
    pub(super) fn hint_next(&mut self, hint: Hint) {
        self.gap(Gap::Line);
        self.next_hint = Some(hint);
    }

    /// The number that the next text's line will have, at least.
    pub(super) fn next_line(&self) -> usize {
        self.lines + usize::from(self.is_line_open && self.pending != Gap::None)
    }

    /// Says something about all lines since `from`.
    pub(super) fn hint_since(&mut self, hint: Hint, from: usize) {
        let to = self.lines + usize::from(self.is_line_open);
        if from < to {
            self.push_hint(from, to, hint);
        }
    }

    fn push_hint(&mut self, from: usize, to: usize, hint: Hint) {
        if self.hints.len() < MAX_HINTS {
            self.hints.push((from, to, hint));
        }
    }

    pub(super) fn finish(self) -> Rendered {
        Rendered { text: self.text.trim_end().to_owned(), hints: self.hints }
    }
}
