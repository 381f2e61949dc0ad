//! What a pretended provider remembers over its end: a file with a line for each thing as it is after a
//! change.
//!
//! A provider remembers when we crash. The last line about a thing counts; a line that a crash cut short
//! is passed over.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

/// A thing as it stands on disk.
pub(crate) trait Line: Serialize + DeserializeOwned {
    /// What tells it from every other thing of the file.
    fn key(&self) -> String;
}

/// An open journal.
pub(crate) struct Journal(File);

impl Journal {
    /// Opens a journal and reads what it holds, in the order in which the things came.
    pub(crate) fn open<L: Line>(path: &Path) -> io::Result<(Self, Vec<L>)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut lines: Vec<L> = Vec::new();
        let mut index = HashMap::new();
        for line in BufReader::new(&file).split(b'\n') {
            let Ok(line) = serde_json::from_slice::<L>(&line?) else { continue };
            let at = *index.entry(line.key()).or_insert(lines.len());
            if let Some(known) = lines.get_mut(at) {
                *known = line;
            } else {
                lines.push(line);
            }
        }
        // Ends a line that was cut short, so that the next one stands by itself.
        file.write_all(b"\n")?;
        Ok((Self(file), lines))
    }

    /// Writes down how a thing stands now. It is the operating system's after this call, which is as much
    /// as outlives our own end. A disk that refuses costs the playground its memory of one change, and
    /// never the run.
    pub(crate) fn note<L: Line>(&mut self, line: &L) {
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            self.0.write_all(&bytes)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "A pretended provider could not write down a change");
        }
    }
}
