//! Gives types to the tree, and reports everything that has none.
//!
//! A [`Section`] is asked for each key that it may hold; [`Section::finish`] then refuses the keys
//! that nobody asked for. What can't be read is reported and stands as its type's default: the
//! configuration as a whole is refused then, so the stand-in is never used. A value is shown to a
//! person only where it was read by something else than [`Section::secret`].

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
};

use super::{
    problem::{Origin, Problem, Severity, did_you_mean},
    tree::{Node, Table, Value, parse},
};

/// What all sections share: the reports, what may be shown, and the environment.
pub struct Report {
    pub(crate) problems: RefCell<Vec<Problem>>,
    pub(crate) shown: RefCell<BTreeMap<String, (String, Origin)>>,
    pub(crate) env: BTreeMap<String, String>,
}

/// One table, while it is read.
#[must_use]
pub struct Section<'a> {
    id: String,
    path: String,
    origin: Origin,
    table: Option<&'a Table>,
    pub(crate) report: &'a Report,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(crate) fn root(table: &'a Table, report: &'a Report) -> Self {
        Self {
            id: String::new(),
            path: String::new(),
            origin: Origin::Default,
            table: Some(table),
            report,
            known: RefCell::default(),
        }
    }

    /// Whether the table was written at all.
    pub fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the key was written; it counts as known from then on.
    pub fn has(&self, key: &'static str) -> bool {
        self.node(key).is_some()
    }

    /// The last part of the section's path: the id in `[inbox.ID]`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().insert(key);
        self.table?.get(key)
    }

    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else if key.is_empty() {
            self.path.clone()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(crate) fn show(&self, key: &str, value: String, origin: &Origin) {
        let entry = (value, origin.clone());
        self.report.shown.borrow_mut().insert(self.path_of(key), entry);
    }

    /// Reports that a key is wrong; an empty key means the section itself.
    pub fn refuse(&self, key: &str, reason: impl Into<String>, suggestion: impl Into<String>) {
        self.push(Severity::Refused, key, reason.into(), suggestion.into());
    }

    /// Reports what a person should know, though the bridge starts all the same.
    pub fn note(&self, key: &str, reason: impl Into<String>, suggestion: impl Into<String>) {
        self.push(Severity::Note, key, reason.into(), suggestion.into());
    }

    fn push(&self, severity: Severity, key: &str, reason: String, suggestion: String) {
        let origin = self
            .table
            .and_then(|table| table.get(key))
            .map_or_else(|| self.origin.clone(), |node| node.origin.clone());
        self.report.problems.borrow_mut().push(Problem {
            severity,
            origin,
            key: self.path_of(key),
            reason,
            suggestion: (!suggestion.is_empty()).then_some(suggestion),
        });
    }

    /// Reports that a key has to be written.
    pub fn missing(&self, key: &str, example: &str) {
        self.refuse(key, "It is missing.", format!("Write {example}"));
    }

    /// Whether something about the key was refused already.
    pub(crate) fn is_refused(&self, key: &str) -> bool {
        let path = self.path_of(key);
        self.report.problems.borrow().iter().any(|problem| problem.key == path)
    }

    fn wrong_type(&self, key: &str, node: &Node, wanted: &str) {
        let reason = format!("It should be {wanted} and is {}.", node.value.kind());
        self.refuse(key, reason, "");
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        if let Value::Text(text) = &node.value {
            self.show(key, quoted(text), &node.origin);
            Some(text.clone())
        } else {
            let reason = format!("It should be a string and is {}.", node.value.kind());
            let is_plain = matches!(node.value, Value::Integer(_) | Value::Bool(_) | Value::Other(_));
            self.refuse(key, reason, if is_plain { "Put it in quotes." } else { "" });
            None
        }
    }

    /// A string, or what holds where none is written. For keys that the defaults can't hold, because
    /// they stand below a name that the retailer chooses.
    pub fn text_or(&self, key: &'static str, default: &str) -> String {
        if !self.has(key) {
            self.show(key, quoted(default), &Origin::Default);
        }
        self.text(key).unwrap_or_else(|| default.to_owned())
    }

    /// Whether the key holds this very word, or nothing is written; for keys that hold another type beside it.
    pub fn is_text(&self, key: &'static str, word: &str) -> bool {
        match self.node(key) {
            None => {
                self.show(key, quoted(word), &Origin::Default);
                true
            }
            Some(node) if matches!(&node.value, Value::Text(text) if text == word) => {
                self.show(key, quoted(word), &node.origin);
                true
            }
            Some(_) => false,
        }
    }

    /// A number within bounds, or what holds where none is written.
    pub fn number_or(&self, key: &'static str, default: u32, least: u32, most: u32) -> u32 {
        if !self.has(key) {
            self.show(key, default.to_string(), &Origin::Default);
        }
        self.number(key, least, most).unwrap_or(default)
    }

    /// True or false, or what holds where neither is written.
    pub fn flag_or(&self, key: &'static str, default: bool) -> bool {
        if !self.has(key) {
            self.show(key, default.to_string(), &Origin::Default);
        }
        self.flag(key).unwrap_or(default)
    }

    /// A string with a meaning; `wanted` completes "should be".
    pub fn parsed<T: FromStr<Err: Display>>(&self, key: &'static str, wanted: &str) -> Option<T> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let reason = format!("\"{text}\" is not {wanted}: {error}.");
                self.refuse(key, reason, "");
                None
            }
        }
    }

    /// True or false.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        let value = match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) if is_env(node) => text.trim().parse().ok(),
            _ => None,
        };
        match value {
            Some(value) => self.show(key, value.to_string(), &node.origin),
            None => self.wrong_type(key, node, "true or false, without quotes,"),
        }
        value
    }

    /// A whole number within bounds.
    pub fn number(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let node = self.node(key)?;
        let value = match &node.value {
            Value::Integer(value) => Some(*value),
            Value::Text(text) if is_env(node) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(value) = value else {
            self.wrong_type(key, node, "a whole number, without quotes,");
            return None;
        };
        self.show(key, value.to_string(), &node.origin);
        match u32::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => Some(value),
            _ => {
                let suggestion = format!("Write a number from {least} to {most}.");
                self.refuse(key, format!("{value} is out of bounds."), suggestion);
                None
            }
        }
    }

    /// A list of strings, or what holds where none is written.
    pub fn list_or(&self, key: &'static str, default: &[&str]) -> Vec<String> {
        if self.has(key) {
            return self.list(key);
        }
        let shown: Vec<String> = default.iter().map(|item| quoted(item)).collect();
        self.show(key, format!("[{}]", shown.join(", ")), &Origin::Default);
        default.iter().map(|&item| item.to_owned()).collect()
    }

    /// A list of strings. The environment writes it with commas, or as TOML.
    pub fn list(&self, key: &'static str) -> Vec<String> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let from_env;
        let items = match &node.value {
            Value::List(items) => items,
            Value::Text(text) if is_env(node) => {
                from_env = env_list(text, &node.origin);
                &from_env
            }
            _ => {
                self.wrong_type(key, node, "a list such as [\"one\", \"two\"]");
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                other => {
                    let reason = format!("It should hold strings and holds {}.", other.kind());
                    self.refuse(key, reason, "Put each entry in quotes.");
                }
            }
        }
        let shown: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        self.show(key, format!("[{}]", shown.join(", ")), &node.origin);
        texts
    }

    /// A table below this one, whether it was written or not.
    pub fn section(&self, key: &'static str) -> Section<'a> {
        let node = self.node(key);
        if let Some(node) = node
            && !matches!(node.value, Value::Table(_))
        {
            self.wrong_type(key, node, &format!("a table [{}]", self.path_of(key)));
        }
        self.below(key, node)
    }

    /// The tables below `key`, whose names the retailer chooses, in the order of those names.
    pub fn named(&self, key: &'static str) -> Vec<Section<'a>> {
        let outer = self.section(key);
        let mut sections = Vec::new();
        for (id, node) in outer.table.into_iter().flatten() {
            if let Value::Table(_) = node.value {
                sections.push(outer.below(id, Some(node)));
            } else {
                let reason = format!("It should be a table [{}].", outer.path_of(id));
                outer.refuse(id, reason, "");
            }
        }
        sections
    }

    /// The tables of a list such as `[[routing.rule]]`, in their order.
    pub fn tables(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            self.wrong_type(key, node, &format!("tables [[{}]]", self.path_of(key)));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if let Value::Table(_) = item.value {
                sections.push(self.below(&format!("{key}[{}]", at + 1), Some(item)));
            } else {
                self.refuse(key, format!("It should hold tables and holds {}.", item.value.kind()), "");
            }
        }
        sections
    }

    fn below(&self, key: &str, node: Option<&'a Node>) -> Section<'a> {
        let table = node.and_then(|node| match &node.value {
            Value::Table(table) => Some(table),
            _ => None,
        });
        let origin = node.map_or_else(|| self.origin.clone(), |node| node.origin.clone());
        let path = if key.is_empty() { format!("{}.\"\"", self.path) } else { self.path_of(key) };
        Section { id: key.to_owned(), path, origin, table, report: self.report, known: RefCell::default() }
    }

    /// Refuses the keys that nobody asked for. Their values are never shown.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for (key, node) in self.table.into_iter().flatten() {
            if known.contains(key.as_str()) {
                continue;
            }
            self.show(key, "[not read]".to_owned(), &node.origin);
            let names = known.iter().copied();
            let suggestion = did_you_mean(key, names).unwrap_or_else(|| {
                let all: Vec<&str> = known.iter().copied().collect();
                format!("Known here: {}.", all.join(", "))
            });
            self.refuse(key, "There is no such key.", suggestion);
        }
    }
}

/// Whether the value came as a string because the environment knows nothing else.
fn is_env(node: &Node) -> bool {
    matches!(node.origin, Origin::Env(_))
}

fn env_list(text: &str, origin: &Origin) -> Vec<Node> {
    if text.trim_start().starts_with('[') {
        let mut problems = Vec::new();
        let mut table = parse(&format!("list = {text}"), None, &mut problems);
        if let Some(Value::List(items)) = table.remove("list").map(|node| node.value)
            && problems.is_empty()
        {
            return items;
        }
    }
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Node { value: Value::Text(item.to_owned()), origin: origin.clone() })
        .collect()
}

/// A string as TOML writes it.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
