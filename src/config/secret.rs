//! Secrets: read from an environment variable or from a file, never from the configuration itself.
//!
//! `{ env = "NAME" }` or `{ file = "PATH" }`. Only a variable that overrides the key may carry the
//! secret itself. Nothing here puts a secret into a problem or into what is shown.

use rapport_model::Secret;

use super::{
    problem::Origin,
    reader::{Section, quoted},
    tree::{Table, Value},
};

impl Section<'_> {
    /// A secret, where one is written. One that can't be had is reported.
    pub fn secret(&self, key: &'static str) -> Option<Secret> {
        let node = self.node(key)?;
        let value = match &node.value {
            Value::Text(text) if matches!(node.origin, Origin::Env(_)) => {
                self.show(key, "[secret]".to_owned(), &node.origin);
                text.clone()
            }
            Value::Table(table) => self.referred(key, table, &node.origin)?,
            Value::Text(_) => {
                self.show(key, "[secret]".to_owned(), &node.origin);
                let name = format!("RAPPORT__{}", self.path_of(key).replace('.', "__"))
                    .to_uppercase()
                    .replace('-', "_");
                self.refuse(
                    key,
                    "A secret must not stand in the file.",
                    format!(
                        "Write {key} = {{ env = \"NAME\" }} or {{ file = \"PATH\" }}, \
                         or set {name}."
                    ),
                );
                return None;
            }
            other => {
                let reason = format!("It should name a secret and is {}.", other.kind());
                self.refuse(key, reason, reference(key));
                return None;
            }
        };
        if value.trim().is_empty() {
            self.refuse(key, "The secret is empty.", "");
            return None;
        }
        Some(Secret::new(value.trim()))
    }

    fn referred(&self, key: &'static str, table: &Table, origin: &Origin) -> Option<String> {
        let mut entries = table.iter();
        let (kind, name) = match (entries.next(), entries.next()) {
            (Some((kind, name)), None) => (kind.as_str(), &name.value),
            _ => ("", &Value::Other("")),
        };
        let (value, missing) = match (kind, name) {
            ("env", Value::Text(name)) => {
                self.show(key, format!("{{ env = {} }}", quoted(name)), origin);
                let value = self.report.env.get(name).cloned();
                (value, format!("The environment variable {name} is not set."))
            }
            ("file", Value::Text(path)) => {
                self.show(key, format!("{{ file = {} }}", quoted(path)), origin);
                match std::fs::read_to_string(path) {
                    Ok(value) => (Some(value), String::new()),
                    Err(error) => (None, format!("The file {path} can't be read: {error}.")),
                }
            }
            _ => {
                self.show(key, "[not read]".to_owned(), origin);
                self.refuse(key, "It does not name a secret.", reference(key));
                return None;
            }
        };
        if value.is_none() {
            self.refuse(key, missing, "");
        }
        value
    }
}

fn reference(key: &str) -> String {
    format!("Write {key} = {{ env = \"NAME\" }} or {{ file = \"PATH\" }}.")
}
