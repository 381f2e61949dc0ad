//! The configuration before it has types: tables, lists and values, each with its origin.
//!
//! Layers are merged here, the later one wins key by key. Nothing here knows which keys exist, and
//! nothing here can be printed: a secret may stand in any value. Next: `env`, the layer of the
//! environment, and `reader`, which gives types.

use std::{collections::BTreeMap, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::problem::{Origin, Problem, Severity};

/// The keys of a table.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value and where it was written.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

#[derive(Clone)]
pub(crate) enum Value {
    /// A string of a file, or any value of the environment: its type follows from who reads it.
    Text(String),
    Integer(i64),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    /// A float or a date: no key wants one.
    Other(&'static str),
}

impl Value {
    /// How a person calls its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Puts `over` on top of `under`: tables are merged, everything else is replaced.
pub(crate) fn merge(under: &mut Table, over: Table) {
    for (key, node) in over {
        if let Some(Node { value: Value::Table(below), origin }) = under.get_mut(&key)
            && let Value::Table(above) = node.value
        {
            // A reference to a secret is one value: half of the old one must not stay in it.
            if above.contains_key("env") || above.contains_key("file") {
                below.clear();
            }
            *origin = node.origin;
            merge(below, above);
        } else {
            under.insert(key, node);
        }
    }
}

/// Reads TOML. A syntax error is reported with its line, and what could be read is returned.
pub(crate) fn parse(text: &str, file: Option<&str>, problems: &mut Vec<Problem>) -> Table {
    let source = Text {
        file: file.map(Into::into),
        starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        // Neither the parser's own excerpt nor anything after `=` is shown: it may be a secret.
        let at = error.span().map_or(0, |span| span.start);
        let line = source.line(at);
        let start = source.starts[line - 1];
        let excerpt = text[start..].lines().next().unwrap_or_default();
        let excerpt = excerpt.split_inclusive('=').next().unwrap_or_default();
        problems.push(Problem {
            severity: Severity::Refused,
            origin: source.origin(at),
            key: String::new(),
            reason: format!(
                "This is not TOML: {}, at column {}.",
                error.message().replace('\n', ", "),
                at.saturating_sub(start) + 1
            ),
            suggestion: (!excerpt.trim().is_empty())
                .then(|| format!("The line begins with `{}`.", excerpt.trim())),
        });
    }
    source.table(table.into_inner())
}

/// Where the lines of a text begin.
struct Text {
    file: Option<Arc<str>>,
    starts: Vec<usize>,
}

impl Text {
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn origin(&self, at: usize) -> Origin {
        self.file.clone().map_or(Origin::Default, |path| Origin::File { path, line: self.line(at) })
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        table
            .into_iter()
            .map(|(key, value)| {
                // The key's line, not the value's: that is where a person looks.
                let origin = self.origin(key.span().start);
                let value = self.value(value.into_inner());
                (key.into_inner().into_owned(), Node { value, origin })
            })
            .collect()
    }

    fn value(&self, value: DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => {
                i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
                    .map_or(Value::Other("a number that is too large"), Value::Integer)
            }
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Boolean(yes) => Value::Bool(yes),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| Node {
                        origin: self.origin(item.span().start),
                        value: self.value(item.into_inner()),
                    })
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}
