//! What is wrong with a configuration: where, why, and what to write instead.
//!
//! A problem never quotes the value of a secret. Everything that reads the configuration reports
//! here and goes on, so that a person sees all of it at once. Next: `reader`, which does most of
//! the reporting.

use std::{fmt, sync::Arc};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// On a line of a file.
    File {
        /// The file, as it was named on the command line.
        path: Arc<str>,
        /// The line, counted from one.
        line: usize,
    },
    /// In a variable of the environment.
    Env(Arc<str>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Env(name) => write!(f, "environment {name}"),
        }
    }
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The bridge does not start.
    Refused,
    /// The bridge starts; a person should know.
    Note,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether the bridge starts all the same.
    pub severity: Severity,
    /// Where it was written.
    pub origin: Origin,
    /// The whole path of the key, such as `inbox.shop-sms.zone`; empty for a syntax error.
    pub key: String,
    /// What is wrong, as a sentence.
    pub reason: String,
    /// What to write instead, as a sentence.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.severity == Severity::Note {
            f.write_str("note: ")?;
        }
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, " {suggestion}")?;
        }
        Ok(())
    }
}

/// A configuration that is refused: every reason, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The configuration is refused:\n{}", lines(.0))]
pub struct Refused(pub Vec<Problem>);

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// "Did you mean" for a word, where one of the known ones is near enough.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, candidate)| format!("Did you mean \"{candidate}\"?"))
}

/// How many letters have to be put in, left out, replaced or swapped with a neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let same = left[i - 1] == right[j - 1];
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + usize::from(!same));
            let swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_word_is_suggested_and_a_far_one_is_not() {
        let known = ["listen", "public_url", "tls"];
        assert_eq!(did_you_mean("litsen", known).as_deref(), Some("Did you mean \"listen\"?"));
        assert_eq!(did_you_mean("public-url", known).as_deref(), Some("Did you mean \"public_url\"?"));
        assert_eq!(did_you_mean("colour", known), None);
    }

    #[test]
    fn a_problem_reads_as_place_key_reason_and_suggestion() {
        let problem = Problem {
            severity: Severity::Refused,
            origin: Origin::File { path: "rapport.toml".into(), line: 7 },
            key: "server.litsen".to_owned(),
            reason: "There is no such key.".to_owned(),
            suggestion: Some("Did you mean \"listen\"?".to_owned()),
        };
        assert_eq!(
            problem.to_string(),
            "rapport.toml:7: server.litsen: There is no such key. Did you mean \"listen\"?"
        );
    }
}
