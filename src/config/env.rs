//! The layer of the environment: `RAPPORT__SECTION__KEY` stands for `section.key`.
//!
//! Names are matched without regard to case, and `-` and `_` count as the same, because a shell
//! allows no `-`: `RAPPORT__INBOX__SHOP_SMS__ZONE` reaches `[inbox.shop-sms]`. The type of a value
//! follows from the key that reads it. Next: `load`, which puts this layer on top.

use super::{
    problem::Origin,
    tree::{Node, Table, Value},
};

/// What a variable's name begins with.
pub(crate) const PREFIX: &str = "RAPPORT__";

/// The tables whose keys are ids.
const NAMED: [&str; 3] = ["brand", "inbox", "team"];

/// Writes every variable with our prefix into the tree. `vars` is sorted, so that the result does
/// not depend on the order of the environment.
pub(crate) fn overlay(tree: &mut Table, vars: &[(String, String)]) {
    for (name, value) in vars {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let origin = Origin::Env(name.as_str().into());
        let segments: Vec<&str> = path.split("__").filter(|part| !part.is_empty()).collect();
        if let Some((key, parents)) = segments.split_last() {
            put(tree, parents, key, value, &origin, false);
        }
    }
}

/// `named`: the keys of this table are names that the retailer chooses.
fn put(table: &mut Table, parents: &[&str], key: &str, value: &str, origin: &Origin, named: bool) {
    let Some((first, rest)) = parents.split_first() else {
        let name = existing(table, key).unwrap_or_else(|| key.to_ascii_lowercase());
        let value = Value::Text(value.to_owned());
        let origin = origin.clone();
        // A secret is read from one place: the new reference takes the old one's.
        match key.to_ascii_lowercase().as_str() {
            "env" => drop(table.remove("file")),
            "file" => drop(table.remove("env")),
            _ => {}
        }
        table.insert(name, Node { value, origin });
        return;
    };
    let name = existing(table, first).unwrap_or_else(|| {
        // A new name gets the usual form of an id, a key keeps its own.
        let name = first.to_ascii_lowercase();
        if named { name.replace('_', "-") } else { name }
    });
    let named = NAMED.contains(&name.as_str());
    let node = table
        .entry(name)
        .or_insert_with(|| Node { value: Value::Table(Table::new()), origin: origin.clone() });
    if !matches!(node.value, Value::Table(_)) {
        *node = Node { value: Value::Table(Table::new()), origin: origin.clone() };
    }
    if let Value::Table(inner) = &mut node.value {
        put(inner, rest, key, value, origin, named);
    }
}

fn existing(table: &Table, segment: &str) -> Option<String> {
    let wanted = folded(segment);
    table.keys().find(|key| folded(key) == wanted).cloned()
}

/// The form in which two names count as the same.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::parse;

    fn text_at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a str> {
        let (first, rest) = path.split_first()?;
        match &table.get(*first)?.value {
            Value::Text(text) if rest.is_empty() => Some(text),
            Value::Table(inner) => text_at(inner, rest),
            _ => None,
        }
    }

    #[test]
    fn a_variable_reaches_the_inbox_of_the_file_whatever_its_case_and_dashes() {
        let mut tree = parse("[inbox.Shop-sms.sms]\nauth_token = 1\n", None, &mut vec![]);
        let vars = [("RAPPORT__INBOX__SHOP_SMS__SMS__AUTH_TOKEN".to_owned(), "t".to_owned())];
        overlay(&mut tree, &vars);
        let path = ["inbox", "Shop-sms", "sms", "auth_token"];
        assert_eq!(text_at(&tree, &path), Some("t"));
    }

    #[test]
    fn an_inbox_that_only_the_environment_names_is_made() {
        let mut tree = Table::new();
        overlay(&mut tree, &[("RAPPORT__INBOX__A_B__BRAND".to_owned(), "x".to_owned())]);
        assert_eq!(text_at(&tree, &["inbox", "a-b", "brand"]), Some("x"));
    }
}
