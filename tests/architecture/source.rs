//! The tree as text. Comments are cut where a rule is about code, and unit tests where a rule is
//! about what is shipped.

use std::{fs, path::Path};

/// One file.
pub(crate) struct Source {
    /// From the root of the workspace, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// Whether it is a module for tests alone.
    pub(crate) is_test: bool,
}

impl Source {
    /// Without comments, and without the unit tests at the end.
    pub(crate) fn shipped(&self) -> String {
        if self.is_test {
            return String::new();
        }
        let text = self.text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
        text.lines()
            .map(|line| line.split_once("// ").map_or(line, |(code, _)| code))
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Whether it is part of what is shipped: neither tests nor benches.
    pub(crate) fn is_shipped(&self) -> bool {
        self.path.starts_with("src/")
            || self.path.starts_with("connectors/") && !self.path.contains("/tests/")
    }

    /// The module of the root package that it belongs to: `store` for `src/store/tx.rs`.
    pub(crate) fn module(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        rest.split('/').next().map(|name| name.trim_end_matches(".rs"))
    }
}

/// Every Rust file of the workspace, but for this test, whose controls break the rules.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["src", "connectors", "tests", "benches"] {
        collect(Path::new(top), &mut found);
    }
    found.retain(|source| !source.path.starts_with("tests/architecture/"));
    let tests: Vec<String> = found.iter().flat_map(test_modules).collect();
    // A module may be a file, or a folder with more of them: all below it is for tests, too.
    let below = |path: &str| tests.iter().any(|file| path.starts_with(&file.replace(".rs", "/")));
    for source in found.iter_mut().filter(|source| tests.contains(&source.path) || below(&source.path)) {
        source.is_test = true;
    }
    found
}

/// The files of the modules that a source declares for tests alone.
fn test_modules(source: &Source) -> Vec<String> {
    let folder = match source.path.strip_suffix("/mod.rs").or(source.path.strip_suffix("/lib.rs")) {
        Some(folder) => folder.to_owned(),
        None => source.path.trim_end_matches(".rs").to_owned(),
    };
    let mut files = Vec::new();
    for (at, found) in source.text.match_indices("#[cfg(test)]") {
        let declaration = source.text[at + found.len()..].split(['{', ';']).next().unwrap_or_default();
        if let Some((_, name)) = declaration.rsplit_once("mod ") {
            files.push(format!("{folder}/{}.rs", name.trim()));
        }
    }
    files
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(root().join(folder)) else {
        return;
    };
    for entry in entries {
        let name = entry.expect("a readable folder").file_name();
        let path = folder.join(name);
        if root().join(&path).is_dir() {
            if !path.ends_with("target") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(root().join(&path)).expect("a readable file");
            found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text, is_test: false });
        }
    }
}

/// The manifests of the connectors' crates, under the path of their folder. A folder without one holds
/// what a crate to come is tested with.
pub(crate) fn manifests() -> Vec<Source> {
    names("connectors")
        .into_iter()
        .filter_map(|name| {
            let path = format!("connectors/{name}");
            let text = fs::read_to_string(root().join(&path).join("Cargo.toml")).ok()?;
            Some(Source { path, text, is_test: false })
        })
        .collect()
}

/// The manifest of the root package.
pub(crate) fn root_manifest() -> Source {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    Source { path: "Cargo.toml".to_owned(), text, is_test: false }
}

/// What stands in a folder, sorted.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every string literal of a text of code, raw ones too, with the position where it begins.
pub(crate) fn literals(code: &str) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if code[at..].starts_with("'\"'") || code[at..].starts_with("'\\\"'") {
            at += 4;
        } else if bytes[at] == b'"' {
            let hashes = code[..at].bytes().rev().take_while(|byte| *byte == b'#').count();
            let is_raw = code[..at - hashes].ends_with('r');
            let end = if is_raw { raw_end(code, at + 1, hashes) } else { plain_end(bytes, at + 1) };
            found.push((at, code[at + 1..end.min(code.len())].to_owned()));
            at = end + 1;
        } else {
            at += 1;
            while !code.is_char_boundary(at) {
                at += 1;
            }
        }
    }
    found
}

fn raw_end(code: &str, from: usize, hashes: usize) -> usize {
    let close = format!("\"{}", "#".repeat(hashes));
    code[from..].find(&close).map_or(code.len(), |length| from + length)
}

fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}
