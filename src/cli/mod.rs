//! The command line: what a person types, and which part of the bridge does it.
//!
//! A run says what it does and ends with a sentence. Errors become text here, and only here and in
//! `main` is `anyhow` used. Each command has a file of its own.

mod associate;
mod check;
mod inspect_mail;
mod log;
mod openapi;
mod routing;
mod serve;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Loaded, Source};

/// Where the configuration is looked for when none is named.
const DEFAULT_FILE: &str = "rapport.toml";

/// Brings the conversations of a shop's customers into one queue, where people answer them.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
pub struct Cli {
    /// The configuration. Without it: ./rapport.toml where that exists, else the defaults.
    #[arg(long, value_name = "FILE", env = "RAPPORT_CONFIG", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bridge. This is what `rapport` alone does.
    Serve,
    /// Show the configuration in force, without secrets, and everything that is wrong with it.
    Check(CheckArgs),
    /// Look after the people who answer.
    #[command(subcommand)]
    Associate(AssociateCommand),
    /// Look at what the rules of routing would do.
    #[command(subcommand)]
    Routing(RoutingCommand),
    /// Print the description of the API.
    Openapi,
    /// Show as JSON what Rapport reads in a mail, which comes on standard input.
    InspectMail(InspectMailArgs),
}

/// `rapport inspect-mail`
#[derive(Debug, Args)]
struct InspectMailArgs {
    /// Read many mails, each as its length in bytes on a line and then its bytes; a line of JSON for each.
    #[arg(long)]
    stream: bool,
    /// An address of our own, so that our own mail is known when it comes back; can be given several times.
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<String>,
}

/// `rapport check`
#[derive(Debug, Args)]
struct CheckArgs {
    /// Also try the store and each inbox, without any effect that a customer would see.
    #[arg(long)]
    connect: bool,
}

/// `rapport routing`
#[derive(Debug, Subcommand)]
enum RoutingCommand {
    /// Print to whom the conversations of the last days would have gone by the configuration as it is now.
    /// Changes nothing.
    DryRun {
        /// How many days back.
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        since: u32,
    },
}

/// `rapport associate`
#[derive(Debug, Subcommand)]
enum AssociateCommand {
    /// Invite an associate: prints a link that works once, within 72 hours.
    Add {
        /// The address with which they sign in.
        email: String,
        /// Their name, as colleagues and customers read it.
        #[arg(long)]
        name: String,
        /// Also lets them look after associates and settings.
        #[arg(long)]
        admin: bool,
        /// A team that they belong to, by its id; can be given several times.
        #[arg(long = "team", value_name = "ID")]
        teams: Vec<String>,
    },
    /// End an associate's access at once: sessions and live streams too.
    Disable {
        /// The address with which they sign in.
        email: String,
    },
    /// Let an associate who was disabled sign in again.
    Enable {
        /// The address with which they sign in.
        email: String,
    },
    /// Print a link with which an associate sets a new password.
    Reset {
        /// The address with which they sign in.
        email: String,
    },
    /// Show all associates.
    List,
}

/// Does what was typed. `Ok` carries the exit code; an error is printed by `main`.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let command = cli.command.unwrap_or(Command::Serve);
    // Neither needs a configuration.
    match command {
        Command::Openapi => {
            openapi::run()?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::InspectMail(args) => {
            inspect_mail::run(args.stream, &args.addresses)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let file = file(cli.config);
    let loaded = load(file.as_deref())?;
    match command {
        Command::Check(args) => return check::run(loaded, file.as_deref(), args.connect).await,
        Command::Routing(command) => routing::run(config(loaded)?, command).await?,
        Command::Associate(command) => associate::run(config(loaded)?, command).await?,
        Command::Serve | Command::Openapi | Command::InspectMail(_) => {
            let notes: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
            let config = config(loaded)?;
            log::start(&config.log)?;
            for note in notes {
                tracing::warn!("{note}");
            }
            serve::run(config).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An error with its causes, in one line. Many of ours name their cause themselves: it is said once.
pub fn explain(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |said, cause| {
        let cause = cause.to_string();
        if said.ends_with(&cause) { said } else { format!("{said}: {cause}") }
    })
}

fn file(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| {
        let default = PathBuf::from(DEFAULT_FILE);
        default.exists().then_some(default)
    })
}

fn load(file: Option<&Path>) -> anyhow::Result<Loaded> {
    let source = Source::read(file).with_context(|| {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE)).display();
        format!("The configuration {path} can't be read")
    })?;
    Ok(config::load(&source))
}

fn config(loaded: Loaded) -> anyhow::Result<Config> {
    loaded.into_config().context("Rapport did not start. `rapport check` shows the whole configuration")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cause_is_said_once() {
        let disk = || std::io::Error::other("the disk is full");
        let wrapped = anyhow::Error::new(disk()).context("The store can't be opened: the disk is full");
        assert_eq!(explain(&wrapped), "The store can't be opened: the disk is full");
        let plain = anyhow::Error::new(disk()).context("The store can't be opened");
        assert_eq!(explain(&plain), "The store can't be opened: the disk is full");
    }

    #[test]
    fn serving_is_what_happens_when_no_command_is_given() {
        let cli = Cli::try_parse_from(["rapport", "--config", "a.toml"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.config, Some(PathBuf::from("a.toml")));
        let cli = Cli::try_parse_from(["rapport", "serve", "--config", "a.toml"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Serve)));
        assert_eq!(cli.config, Some(PathBuf::from("a.toml")));
    }
}
