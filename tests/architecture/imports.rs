//! Who may know whom. The table is that of `docs/ARCHITECTURE.md`.

use std::collections::BTreeSet;

use crate::source::{Source, literals};

/// What each module of the root package may name of the others, and of our crates. A module that is
/// not listed puts parts together (`cli`, `registry`, `config`) or is known to all (`clock`).
const MODULES: &[(&str, &[&str], &[&str])] = &[
    ("triage", &["triage"], &["rapport_model"]),
    ("store", &["store", "clock", "failpoints", "sabotage"], &["rapport_model"]),
    ("routing", &["routing", "store", "clock"], &["rapport_model"]),
    (
        "engine",
        &["engine", "store", "triage", "routing", "config", "clock", "failpoints", "sabotage"],
        &["rapport_model", "rapport_sdk"],
    ),
    ("clock", &["clock"], &["rapport_model"]),
    ("config", &["config", "registry", "routing"], &["rapport_model"]),
];

/// What no module but those that put parts together may name.
const API: (&str, &[&str]) =
    ("api", &["api", "store", "routing", "engine", "config", "clock", "failpoints", "sabotage"]);

/// The crates of channels.
const CONNECTORS: [&str; 5] =
    ["rapport_email", "rapport_telegram", "rapport_discord", "rapport_sms", "rapport_webhook"];
/// The names of channels, without those that are also words for something else here: an associate
/// has an email address, and every provider calls a webhook.
const CHANNELS: [&str; 3] = ["telegram", "discord", "sms"];

/// Model knows nothing of ours and does no I/O; the SDK knows the model; a channel knows the SDK.
pub(crate) fn crates(manifests: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for manifest in manifests {
        let table: toml::Table = manifest.text.parse().expect("a manifest is TOML");
        let names: Vec<&str> = table
            .get("dependencies")
            .and_then(toml::Value::as_table)
            .map(|table| table.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let (ours, others): (&[&str], &[&str]) = match manifest.path.as_str() {
            "connectors/model" => (&[], &["tokio", "reqwest", "sqlx", "axum"]),
            "connectors/sdk" => (&["rapport-model"], &["sqlx", "axum"]),
            // It pretends to be the provider: it may use our types, and never a channel's code.
            "connectors/fakes" => (&["rapport-sdk"], &["sqlx"]),
            _ => (&["rapport-sdk"], &["sqlx", "reqwest", "axum"]),
        };
        for name in names {
            let is_foreign = name.starts_with("rapport") && !ours.contains(&name);
            if is_foreign || others.contains(&name) {
                complaints.push(format!("{} must not depend on {name}", manifest.path));
            }
        }
    }
    complaints
}

/// Real mail servers are for tests: no feature, and nothing that is built into a release, asks for them.
pub(crate) fn mail_servers_are_for_tests(manifests: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for manifest in manifests {
        let table: toml::Table = manifest.text.parse().expect("a manifest is TOML");
        for name in ["dependencies", "build-dependencies", "features", "workspace"] {
            let asks = table.get(name).is_some_and(|part| part.to_string().contains("mailserver\""));
            if asks {
                complaints.push(format!("{}: [{name}] must not ask for the mail servers", manifest.path));
            }
        }
    }
    complaints
}

/// Modules of the root package name those that they may.
pub(crate) fn modules(sources: &[Source]) -> Vec<String> {
    let known = MODULES.iter().map(|(name, ours, crates)| (*name, *ours, Some(*crates)));
    let rules: Vec<_> = known.chain([(API.0, API.1, None)]).collect();
    let mut complaints = Vec::new();
    for source in sources {
        let Some((_, ours, crates)) = rules.iter().find(|(name, ..)| source.module() == Some(name)) else {
            continue;
        };
        let code = source.shipped();
        for name in named_after(&code, "crate::") {
            if !ours.contains(&name.as_str()) {
                complaints.push(format!("{} must not name crate::{name}", source.path));
            }
        }
        for name in crates_named(&code) {
            if crates.is_some_and(|crates| !crates.contains(&name)) {
                complaints.push(format!("{} must not name {name}", source.path));
            }
        }
    }
    complaints
}

/// Triage reads a text and says what it found, and that is all.
pub(crate) fn triage_is_pure(sources: &[Source]) -> Vec<String> {
    const FORBIDDEN: [&str; 8] =
        ["tokio", "reqwest", "sqlx", "std::net", "std::fs", "std::env", "Clock", ".now()"];
    let triage = sources.iter().filter(|source| source.module() == Some("triage"));
    complain(triage, "triage must not know", |code| {
        FORBIDDEN.iter().filter(|word| code.contains(**word)).map(ToString::to_string).collect()
    })
}

/// Neither a connector's crate nor a channel's name stands anywhere else in the root package.
pub(crate) fn registry_names_connectors(sources: &[Source]) -> Vec<String> {
    let core = sources.iter().filter(|source| {
        // The playground has pretended providers to show, and each is a channel's.
        let is_playground = source.path.starts_with("src/server/playground");
        source.path.starts_with("src/") && source.module() != Some("registry") && !is_playground
    });
    complain(core, "only src/registry.rs may name", |code| {
        let texts = literals(code);
        let is_named = |channel: &str| {
            let in_sql = format!("'{channel}'");
            texts.iter().any(|(_, text)| text == channel || text.contains(&in_sql)) || code.contains(&in_sql)
        };
        let channels = CHANNELS.into_iter().filter(|channel| is_named(channel));
        let crates = CONNECTORS.into_iter().filter(|name| code.contains(name));
        channels.chain(crates).map(str::to_owned).collect()
    })
}

/// A client that fetches what came in as data checks where it leads; so there is one place.
pub(crate) fn http_clients(sources: &[Source]) -> Vec<String> {
    let others = sources.iter().filter(|source| {
        let is_home = source.path.starts_with("connectors/sdk/src/http");
        source.is_shipped() && !is_home && !source.path.starts_with("connectors/fakes/")
    });
    complain(others, "only connectors/sdk/src/http may name", |code| {
        if words(code).any(|word| word == "reqwest") { vec!["reqwest".to_owned()] } else { Vec::new() }
    })
}

fn complain<'a>(
    sources: impl Iterator<Item = &'a Source>,
    rule: &str,
    find: impl Fn(&str) -> Vec<String>,
) -> Vec<String> {
    sources
        .flat_map(|source| {
            let found = find(&source.shipped());
            found.into_iter().map(move |name| format!("{}: {rule} {name}", source.path))
        })
        .collect()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The names that follow a prefix: `crate::a`, and both of `crate::{a::b, c}`.
fn named_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut begins = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => begins = true,
                    c if begins && c.is_alphabetic() => {
                        names.insert(first_word(&group[at..]));
                        begins = false;
                    }
                    _ => {}
                }
            }
        } else if !rest[first_word(rest).len()..].starts_with('!') {
            // A macro belongs to the crate, not to a module.
            names.insert(first_word(rest));
        }
    }
    names
}

/// Our crates, where something of theirs is named: `rapport_model::Health`.
fn crates_named(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("::").filter_map(|(at, _)| {
        let start = code[..at].rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |found| found + 1);
        Some(&code[start..at]).filter(|name| name.starts_with("rapport_"))
    })
}

fn first_word(text: &str) -> String {
    words(text).next().unwrap_or_default().to_owned()
}
