//! How the code is written: where SQL, clocks, errors and settings may stand, and how files look.

use crate::source::{Source, literals};

/// The longest file.
const LONGEST: usize = 600;
/// The length that half of the files must not exceed.
const MEDIAN: usize = 170;

/// Words of a statement, as it is written in capitals.
const STATEMENTS: [(&str, &str); 7] = [
    ("SELECT ", "FROM "),
    ("INSERT INTO ", ""),
    ("UPDATE ", " SET "),
    ("DELETE FROM ", ""),
    ("CREATE ", " TABLE"),
    ("ALTER TABLE ", ""),
    ("PRAGMA ", ""),
];

fn is_statement(text: &str) -> bool {
    STATEMENTS.iter().any(|(first, then)| text.find(first).is_some_and(|at| text[at..].contains(then)))
}

/// Neither a statement nor the driver stands outside of `src/store`.
pub(crate) fn sql_stands_in_the_store(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in shipped(sources).filter(|source| source.module() != Some("store")) {
        let code = source.shipped();
        for (_, text) in literals(&code).iter().filter(|(_, text)| is_statement(text)) {
            complaints.push(format!("{}: SQL: {text}", source.path));
        }
        if code.contains("sqlx::") {
            complaints.push(format!("{}: only src/store may name sqlx", source.path));
        }
    }
    complaints
}

/// Values reach a statement as arguments, never as text.
pub(crate) fn no_format_into_sql(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let code = source.shipped();
        for (at, text) in literals(&code) {
            let before = code[..at].trim_end_matches(|c: char| c.is_whitespace() || "r#,".contains(c));
            let macro_call = before.rsplit(['\n', ';', '{']).next().unwrap_or_default();
            let is_formatted = ["format!(", "write!(", "writeln!(", "format_args!("]
                .iter()
                .any(|name| macro_call.contains(name) && !macro_call.ends_with(')'));
            if is_formatted && text.contains('{') && (is_statement(&text) || is_condition(&text)) {
                complaints.push(format!("{}: formatted into SQL: {text}", source.path));
            }
        }
    }
    complaints
}

/// `c.team_id = {..}`: a column of a table that is compared with something put in.
fn is_condition(text: &str) -> bool {
    text.match_indices(" = {").any(|(at, _)| {
        let column = text[..at].rsplit([' ', '(']).next().unwrap_or_default();
        column.contains('.') && column.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c))
    })
}

/// One type reads the machine's clock; durations are measured with `Instant`, which is no time.
pub(crate) fn clock_reads(sources: &[Source]) -> Vec<String> {
    const READS: [&str; 4] = ["SystemTime::now", "Timestamp::now", "Zoned::now", "ZonedDateTime::now"];
    let others = shipped(sources).filter(|source| source.module() != Some("clock"));
    find_all(others, &READS, "only src/clock.rs may call")
}

/// A variable that is read elsewhere is neither documented nor shown by `rapport check`.
pub(crate) fn environment_reads(sources: &[Source]) -> Vec<String> {
    let others = shipped(sources).filter(|source| {
        // A fail point is armed from outside, by a test that starts the whole binary.
        !matches!(source.module(), Some("config" | "failpoints"))
    });
    find_all(others, &["env::var"], "only src/config may call")
}

/// `anyhow` is for those who only print an error.
pub(crate) fn typed_errors(sources: &[Source]) -> Vec<String> {
    let others = shipped(sources).filter(|source| !matches!(source.module(), Some("main" | "cli")));
    find_all(others, &["anyhow", "Box<dyn Error", "Box<dyn std::error::Error"], "an error needs a type, not")
}

/// Every file begins by saying what it owns.
pub(crate) fn module_docs(sources: &[Source]) -> Vec<String> {
    let silent = sources.iter().filter(|source| !source.text.starts_with("//! "));
    silent.map(|source| format!("{} does not begin with //!", source.path)).collect()
}

/// Names that say nothing collect everything.
pub(crate) fn module_names(sources: &[Source]) -> Vec<String> {
    const NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "manager", "misc", "shared"];
    let is_vague =
        |source: &&Source| source.path.split('/').any(|part| NAMES.contains(&part.trim_end_matches(".rs")));
    sources.iter().filter(is_vague).map(|source| format!("{} is named after nothing", source.path)).collect()
}

/// Work that is left stands where it is looked for.
pub(crate) fn no_todo(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            let is_left = ["TODO", "FIXME", "XXX"].iter().any(|word| line.contains(word));
            if is_left && !line.contains("(#") {
                complaints.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    complaints
}

/// No file is long, and half of them are short.
pub(crate) fn lengths(sources: &[Source]) -> Vec<String> {
    let length = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| length(source) > LONGEST);
    let mut complaints: Vec<String> =
        long.map(|source| format!("{} has {} lines", source.path, length(source))).collect();
    let mut lengths: Vec<usize> = sources.iter().map(length).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    if median > MEDIAN {
        complaints.push(format!("half of the files have more than {MEDIAN} lines: median {median}"));
    }
    complaints
}

fn shipped(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.is_shipped())
}

fn find_all<'a>(sources: impl Iterator<Item = &'a Source>, words: &[&str], rule: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let code = source.shipped();
        for word in words.iter().filter(|word| code.contains(**word)) {
            complaints.push(format!("{}: {rule} {word}", source.path));
        }
    }
    complaints
}
