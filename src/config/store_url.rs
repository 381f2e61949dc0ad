//! Where the bridge keeps everything: a SQLite file or a Postgres database.
//!
//! The address of a Postgres database may hold a password, so it is kept as a secret and shown
//! without it. Who connects is `src/store`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use rapport_model::Secret;

use super::{problem::Origin, reader::Section, tree::Value};

/// The store that `store.url` names.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A Postgres database: `postgres://USER@HOST/DATABASE`.
    Postgres(Secret),
}

/// As a person may see it: a path, or an address without its password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&without_password(url.expose())),
        }
    }
}

pub(super) fn read(section: &Section<'_>, data_dir: &Path) -> StoreUrl {
    let default = StoreUrl::Sqlite(data_dir.join("rapport.db"));
    let Some(node) = section.node("url") else {
        return default;
    };
    let text = match &node.value {
        Value::Text(text) => text.trim().to_owned(),
        _ => match section.secret("url") {
            Some(secret) => secret.expose().to_owned(),
            None => return default,
        },
    };
    if matches!(node.value, Value::Text(_)) {
        section.show("url", format!("\"{}\"", without_password(&text)), &node.origin);
    }
    if text.is_empty() {
        return default;
    }
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(':') || path.contains('?') {
            section.refuse(
                "url",
                "SQLite needs the path of a file.",
                "Write sqlite:PATH, or leave store.url empty for a file in data_dir.",
            );
            return default;
        }
        return StoreUrl::Sqlite(path.into());
    }
    let is_postgres = text.starts_with("postgres:") || text.starts_with("postgresql:");
    match url::Url::parse(&text) {
        Ok(url) if is_postgres => {
            if holds_password(&url) && matches!(node.origin, Origin::File { .. }) {
                section.note(
                    "url",
                    "It holds a password, and the file may be read by others.",
                    "Write url = { env = \"NAME\" } and set that variable.",
                );
            }
            StoreUrl::Postgres(Secret::new(text))
        }
        Err(error) if is_postgres => {
            let reason = format!("It is not an address: {error}.");
            section.refuse("url", reason, "Write postgres://USER@HOST/DATABASE.");
            default
        }
        _ => {
            section.refuse(
                "url",
                "The store is SQLite or Postgres.",
                "Write sqlite:PATH or postgres://USER@HOST/DATABASE.",
            );
            default
        }
    }
}

/// Postgres takes a password in either place.
fn holds_password(url: &url::Url) -> bool {
    url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
}

/// The address as a person may see it. What can't be parsed is cut to its scheme.
fn without_password(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) if url.has_host() => {
            // Query parameters of Postgres can hold a password too.
            url.set_query(None);
            if url.password().is_some() && url.set_password(Some("***")).is_err() {
                return "[secret]".to_owned();
            }
            url.to_string()
        }
        _ if text.is_empty() || text.starts_with("sqlite:") => text.to_owned(),
        _ => "[not read]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(
            without_password("postgres://shop:hunter2@db/rapport?password=hunter2"),
            "postgres://shop:***@db/rapport"
        );
        assert_eq!(without_password("postgres:hunter2"), "[not read]");
        assert_eq!(without_password("sqlite:a.db"), "sqlite:a.db");
    }
}
