//! The rules of the house, read off the sources: who may import whom, where SQL may stand, how long
//! a file may be.
//!
//! Each rule is run on the real tree, where it must find nothing, and on a made-up source that
//! breaks it, where it must complain. To add a rule, write it in `rules`, or in `imports` where it
//! is about who may know whom, and give it both here.

mod imports;
mod rules;
mod source;

use source::{Source, manifests, root_manifest, sources};

/// A rule: what it complains about.
type Rule = fn(&[Source]) -> Vec<String>;

#[track_caller]
fn holds(rule: Rule) {
    let complaints = rule(&sources());
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The negative control: `good` passes, `bad` does not.
#[track_caller]
fn sees(rule: Rule, path: &str, bad: &str, good: &str) {
    let made = |text: &str| [owned((path, text))];
    assert_eq!(rule(&made(good)), Vec::<String>::new());
    assert_ne!(rule(&made(bad)), Vec::<String>::new(), "{path} with {bad:?} passes");
}

#[test]
fn the_sources_are_found() {
    let sources = sources();
    for wanted in ["src/lib.rs", "src/store/mod.rs", "connectors/sdk/src/connector.rs"] {
        assert!(sources.iter().any(|source| source.path == wanted), "{wanted}");
    }
}

#[test]
fn a_crate_depends_on_those_of_ours_that_it_may() {
    let found = imports::crates(&manifests());
    assert!(found.is_empty(), "{found:#?}");
    let bad = [("connectors/sms", "[dependencies]\nrapport-sdk = {}\nrapport-model = {}\n")];
    assert_eq!(imports::crates(&bad.map(owned)).len(), 1);
    let bad = [("connectors/model", "[dependencies]\ntokio = {}\n")];
    assert_eq!(imports::crates(&bad.map(owned)).len(), 1);
    let good = [("connectors/sms", "[dependencies]\nrapport-sdk = {}\n")];
    assert!(imports::crates(&good.map(owned)).is_empty());
}

#[test]
fn a_release_has_no_mail_servers() {
    let mut all = manifests();
    all.push(root_manifest());
    let found = imports::mail_servers_are_for_tests(&all);
    assert!(found.is_empty(), "{found:#?}");
    for bad in [
        "[dependencies]\nrapport-fakes = { features = [\"mailserver\"] }\n",
        "[features]\ndefault = [\"rapport-fakes/mailserver\"]\n",
    ] {
        assert_eq!(imports::mail_servers_are_for_tests(&[owned(("Cargo.toml", bad))]).len(), 1, "{bad}");
    }
    let good = "[dev-dependencies]\nrapport-fakes = { features = [\"mailserver\"] }\n";
    assert!(imports::mail_servers_are_for_tests(&[owned(("Cargo.toml", good))]).is_empty());
}

fn owned((path, text): (&str, &str)) -> Source {
    Source { path: path.to_owned(), text: text.to_owned(), is_test: false }
}

#[test]
fn a_module_imports_those_that_it_may() {
    holds(imports::modules);
    sees(imports::modules, "src/store/a.rs", "use crate::engine::Engine;", "use crate::store::Tx;");
    sees(imports::modules, "src/store/a.rs", "use crate::{\n  api::x,\n  store::Tx };", "");
    sees(
        imports::modules,
        "src/triage/a.rs",
        "fn a() { crate::store::open() }",
        "use rapport_model::Health;",
    );
    sees(imports::modules, "src/store/a.rs", "use rapport_sdk::Connector;", "use rapport_model::Health;");
}

#[test]
fn triage_has_neither_network_nor_clock() {
    holds(imports::triage_is_pure);
    let good = "fn a(now: Timestamp) {}";
    sees(imports::triage_is_pure, "src/triage/a.rs", "use tokio::net::TcpStream;", good);
    sees(imports::triage_is_pure, "src/triage/a.rs", "let now = clock.now();", good);
}

#[test]
fn only_the_registry_names_connectors() {
    holds(imports::registry_names_connectors);
    let good = "let can = capabilities.receipts;";
    sees(imports::registry_names_connectors, "src/engine/a.rs", "use rapport_sms::SmsConnector;", good);
    sees(imports::registry_names_connectors, "src/store/a.rs", "if channel == \"sms\" {}", good);
    sees(imports::registry_names_connectors, "src/store/a.rs", "channel = 'telegram'", good);
}

#[test]
fn only_the_sdk_has_http_clients() {
    holds(imports::http_clients);
    sees(imports::http_clients, "src/engine/a.rs", "reqwest::Client::new()", "");
    sees(imports::http_clients, "connectors/sms/src/a.rs", "use reqwest::Url;", "use rapport_sdk::http;");
}

#[test]
fn only_the_store_speaks_sql() {
    holds(rules::sql_stands_in_the_store);
    let rule: Rule = rules::sql_stands_in_the_store;
    sees(rule, "src/api/a.rs", "query(\"SELECT id FROM messages\")", "// selects from messages");
    sees(rule, "src/engine/a.rs", "use sqlx::Row;", "let sql = 1;");
    sees(rule, "connectors/sms/src/a.rs", "r#\"DELETE FROM x\"#", "\"Delete from the list\"");
}

#[test]
fn nothing_is_formatted_into_sql() {
    holds(rules::no_format_into_sql);
    let rule: Rule = rules::no_format_into_sql;
    let good = "let sql = \"SELECT a FROM b WHERE c = $1\"; format!(\"{a} of {b}\")";
    sees(rule, "src/store/a.rs", "format!(\"SELECT a FROM b WHERE c = {c}\")", good);
    sees(rule, "src/store/a.rs", "format!(\n  \"UPDATE b SET c = {}\", c)", good);
    sees(rule, "src/store/a.rs", "write!(sql, \"c.team_id = {team}\")", good);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| source::names(&format!("migrations/{engine}"));
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[test]
fn every_clock_read_goes_through_the_clock() {
    holds(rules::clock_reads);
    let good = "let now = self.clock.now();";
    sees(rules::clock_reads, "src/engine/a.rs", "let now = SystemTime::now();", good);
    sees(rules::clock_reads, "connectors/sms/src/a.rs", "jiff::Timestamp::now()", good);
}

#[test]
fn settings_come_in_through_the_configuration() {
    holds(rules::environment_reads);
    sees(rules::environment_reads, "src/api/a.rs", "std::env::var(\"X\")", "config.server.listen");
}

#[test]
fn errors_have_types_up_to_the_command_line() {
    holds(rules::typed_errors);
    let good = "fn a() -> Result<(), StoreError> {";
    sees(rules::typed_errors, "src/engine/a.rs", "use anyhow::Context as _;", good);
    sees(rules::typed_errors, "src/engine/a.rs", "fn a() -> Result<(), Box<dyn Error>> {", good);
}

#[test]
fn every_module_says_what_it_owns() {
    holds(rules::module_docs);
    sees(rules::module_docs, "src/engine/a.rs", "use std::fmt;\n", "//! What it owns.\n");
}

#[test]
fn modules_are_named_after_what_they_own() {
    holds(rules::module_names);
    let bad = [owned(("src/store/utils.rs", "")), owned(("src/helpers/mod.rs", ""))];
    assert_eq!(rules::module_names(&bad).len(), 2);
}

#[test]
fn work_that_is_left_is_an_issue() {
    holds(rules::no_todo);
    sees(rules::no_todo, "src/a.rs", "// TODO: later", "// As #12 says, this comes later.");
}

#[test]
fn files_stay_short_enough_to_be_read() {
    holds(rules::lengths);
    let long = "x\n".repeat(601);
    sees(rules::lengths, "src/a.rs", &long, "x\n");
    // One that is short enough alone, where all are like it.
    sees(rules::lengths, "src/a.rs", &"x\n".repeat(171), "x\n");
}
