//! What can be made to go wrong.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// After so many bytes of the server.
    After(u64),
    /// After so many bytes nothing comes any more, and nobody says so: a middlebox forgot it.
    SilentAfter(u64),
    /// Not by itself: it is an ordinary connection, for a place in the row.
    Never,
}

/// What makes a mail hard to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trick {
    /// Whoever asks for its text is answered so after the mails before it, with the tag.
    Answer(&'static str),
    /// Whoever asks for its whole text is answered so; its header is given.
    WholeAnswer(&'static str),
    /// It is left out, and the answer is OK.
    LeftOut,
    /// Its text is empty.
    Empty,
    /// The connection ends in the middle of its text.
    Cut,
    /// Somebody removes it right before its text is asked for.
    Expunged,
    /// Its date is missing.
    NoDate,
    /// Its text comes so late.
    Late(Duration),
    /// Its text is larger than was said by so many bytes.
    Larger(usize),
}

/// What waits to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) cuts: VecDeque<Cut>,
    pub(super) greetings: VecDeque<String>,
    pub(super) injection: Option<String>,
    pub(super) answers: Vec<(String, Vec<String>)>,
    pub(super) interjections: Vec<(String, String)>,
    pub(super) tricks: HashMap<(String, u32), Trick>,
}

impl Faults {
    /// How this command is answered instead.
    pub(super) fn answer(&mut self, command: &str) -> Option<Vec<String>> {
        let index = self.answers.iter().position(|(name, _)| name == command)?;
        Some(self.answers.remove(index).1)
    }

    /// What comes unasked with this command.
    pub(super) fn interjection(&self, command: &str) -> Option<String> {
        self.interjections.iter().find(|(name, _)| name == command).map(|(_, line)| line.clone())
    }
}
