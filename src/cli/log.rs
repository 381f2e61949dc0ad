//! Where the log goes: to standard error, as text for people or as one object a line.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging, of panics too; once a process.
pub(super) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&log.filter).context("log.filter")?;
    // At its finest it quotes all that a mail server says: mails, and the steps of signing in.
    let filter = filter.add_directive("async_imap=off".parse().context("a directive of our own")?);
    // Its spans hold the bot's token and what customers wrote, and it warns with the text that it can't read.
    let filter = filter.add_directive("serenity=off".parse().context("a directive of our own")?);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that can't be written, on a full disk for one, must not end the bridge: the complaint about
        // it would go to the same place, and panic there.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(anyhow::Error::from_boxed).context("The log can't be started")?;
    std::panic::set_hook(Box::new(|panic| {
        // Not its text: that may quote what a customer wrote.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "A panic");
    }));
    Ok(())
}
