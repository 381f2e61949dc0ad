//! `rapport check`: the configuration in force, and everything that is wrong with it.
//!
//! Shows where each value was written, so that nobody has to guess which layer won, or, where something
//! is refused, that alone. Secrets are
//! shown as the reference that names them. With `--connect` the store is tried, and each inbox by its connector.

use std::{path::Path, process::ExitCode};

use rapport_model::Secret;
use rapport_sdk::{ConnectorError, Finding};

use crate::{
    config::{Config, Inbox, Loaded, Severity},
    registry, server,
};

pub(super) async fn run(loaded: Loaded, file: Option<&Path>, connect: bool) -> anyhow::Result<ExitCode> {
    match file {
        Some(file) => println!("Configuration: {}, over the defaults.\n", file.display()),
        None => {
            println!("Configuration: the defaults, because there is no rapport.toml here and no --config.\n");
        }
    }
    let refused = loaded.problems.iter().filter(|problem| problem.severity == Severity::Refused).count();
    // What is wrong is not to be looked for among all that is right.
    if refused == 0 {
        show(&loaded);
    }
    if refused == 0 && !loaded.problems.is_empty() {
        println!();
    }
    for problem in &loaded.problems {
        println!("{problem}");
    }
    println!();
    let Ok(config) = loaded.into_config() else {
        let noun = if refused == 1 { "problem" } else { "problems" };
        println!("The configuration is refused: {refused} {noun}.");
        return Ok(ExitCode::FAILURE);
    };
    if config.inboxes.is_empty() {
        println!("No customer can write yet: add an inbox, as config/rapport.example.toml shows.");
    }
    let inboxes = count(config.inboxes.len(), "inbox", "inboxes");
    if !connect {
        println!("The configuration is valid: {inboxes}.");
        return Ok(ExitCode::SUCCESS);
    }
    let opens = try_store(&config).await;
    let failed = try_inboxes(&config).await;
    match (opens, failed) {
        (true, 0) => {
            println!("The configuration is valid, and no inbox failed: {inboxes}.");
            return Ok(ExitCode::SUCCESS);
        }
        (true, _) => println!("The configuration is valid, and {failed} of {inboxes} can't work."),
        (false, 0) => println!("The configuration is valid, and the store can't be used."),
        (false, _) => println!(
            "The configuration is valid, the store can't be used, and {failed} of {inboxes} can't work."
        ),
    }
    Ok(ExitCode::FAILURE)
}

fn show(loaded: &Loaded) {
    let line = |key: &str, value: &str| format!("{key} = {value}");
    let widest = loaded
        .effective
        .iter()
        .map(|entry| line(&entry.key, &entry.value).chars().count())
        .max()
        .unwrap_or_default()
        .min(72);
    for entry in &loaded.effective {
        let line = line(&entry.key, &entry.value);
        println!("{line:widest$}  # {}", entry.origin);
    }
}

/// Whether the store could be opened, as the bridge does when it starts.
async fn try_store(config: &Config) -> bool {
    match server::try_store(config).await {
        Ok(()) => {
            println!("The store: {} can be used.", config.store);
            true
        }
        Err(error) => {
            println!("No store: {}.", error.to_string().trim_end_matches('.'));
            false
        }
    }
}

/// Tries each inbox and returns how many failed.
async fn try_inboxes(config: &Config) -> usize {
    let url = config.server.public_url(config.server.listen);
    // Nothing is signed here. Where the key is still to be made, any will do.
    let keys = [config.secret_key.clone().unwrap_or_else(|| Secret::new("0".repeat(32)))];
    let bridge = registry::Bridge { config, public_url: &url, keys: &keys, provided: None };
    let mut failed = 0;
    for inbox in &config.inboxes {
        let findings = match registry::connect(inbox, &config.inboxes, &bridge) {
            Ok(Some(connector)) => connector.examine().await,
            Ok(None) => {
                println!("{}: the playground has its account, and is not running.", inbox.id);
                continue;
            }
            Err(error) => vec![Finding { part: None, wrong: Some(error.to_string()) }],
        };
        if findings.iter().any(|finding| finding.wrong.is_some()) {
            failed += 1;
        }
        for finding in &findings {
            println!("{}: {}", inbox.id, told(finding, inbox));
        }
    }
    failed
}

fn told(finding: &Finding, inbox: &Inbox) -> String {
    let part = finding.part.as_ref().map(|part| format!("{part}: ")).unwrap_or_default();
    let outcome = finding.wrong.as_deref().unwrap_or("reached").trim_end_matches('.');
    let what_to_do = if outcome == ConnectorError::Unauthorized.to_string() {
        let key = inbox.account.credentials();
        format!(": get them from the provider again, and put them where inbox.{}.{key} says", inbox.id)
    } else {
        String::new()
    };
    format!("{part}{outcome}{what_to_do}.")
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
