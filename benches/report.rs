//! What was measured: rows with a bound, a ratio or both; the table, the file, the verdict.
//!
//! A limit bounds the value in the value's own unit; the ratio is the value by what the note names.

use std::{path::Path, time::Duration};

use serde::Serialize;

/// Which way a limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    None,
    AtMost,
    AtLeast,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    limit: Option<f64>,
    ratio: Option<f64>,
    note: String,
    #[serde(skip)]
    bound: Bound,
}

impl Row {
    /// A figure in a unit; give it a limit or a ratio.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            limit: None,
            ratio: None,
            note: String::new(),
            bound: Bound::None,
        }
    }

    /// A duration in milliseconds.
    pub(crate) fn ms(name: impl Into<String>, value: Duration) -> Self {
        Self::new(name, value.as_secs_f64() * 1000.0, "ms")
    }

    /// More than this misses.
    pub(crate) fn at_most(mut self, limit: f64) -> Self {
        (self.limit, self.bound) = (Some(limit), Bound::AtMost);
        self
    }

    /// Less than this misses.
    pub(crate) fn at_least(mut self, limit: f64) -> Self {
        (self.limit, self.bound) = (Some(limit), Bound::AtLeast);
        self
    }

    /// The value by another one.
    pub(crate) fn of(mut self, other: f64) -> Self {
        self.ratio = (other > 0.0).then(|| self.value / other);
        self
    }

    /// What it stands beside, or how it was measured.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn misses(&self) -> bool {
        match (self.bound, self.limit) {
            (Bound::AtMost, Some(limit)) => self.value > limit,
            (Bound::AtLeast, Some(limit)) => self.value < limit,
            _ => false,
        }
    }
}

/// All rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    /// Adds a row, and tells it at once: a run takes minutes.
    pub(crate) fn add(&mut self, row: Row) {
        let ratio = row.ratio.map(|ratio| format!("  ratio {ratio:.2}")).unwrap_or_default();
        println!("    {:<44} {} {}{ratio}", row.name, shown(row.value), row.unit);
        self.0.push(row);
    }

    /// Writes the file and prints the table. Gives the names of the rows that miss their limit.
    pub(crate) fn finish(&self, file: &Path) -> anyhow::Result<Vec<String>> {
        std::fs::write(file, serde_json::to_string_pretty(&self.0)? + "\n")?;
        println!("\n{:<44} {:>12} {:<8} {:>12} {:>7}  note", "name", "value", "unit", "limit", "ratio");
        for row in &self.0 {
            let sign = match row.bound {
                Bound::AtMost => "<= ",
                Bound::AtLeast => ">= ",
                Bound::None => "",
            };
            let limit = row.limit.map(|limit| [sign, &shown(limit)].concat()).unwrap_or_default();
            let ratio = row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let missed = if row.misses() { "MISSED  " } else { "" };
            println!(
                "{:<44} {:>12} {:<8} {limit:>12} {ratio:>7}  {missed}{}",
                row.name,
                shown(row.value),
                row.unit,
                row.note
            );
        }
        Ok(self.0.iter().filter(|row| row.misses()).map(|row| row.name.clone()).collect())
    }
}

fn shown(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}
