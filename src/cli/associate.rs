//! `rapport associate`: the people who answer, looked after from the command line.
//!
//! For the first admin, and for the day on which nobody can sign in. Everything else is done in
//! the inbox.

use super::AssociateCommand;
use crate::config::Config;

/// Does one thing in the store and prints what became of it.
#[expect(clippy::unused_async, reason = "the store that it speaks to is asynchronous")]
pub(super) async fn run(config: Config, command: AssociateCommand) -> anyhow::Result<()> {
    let name = match command {
        AssociateCommand::Add { .. } => "add",
        AssociateCommand::Disable { .. } => "disable",
        AssociateCommand::Reset { .. } => "reset",
        AssociateCommand::List => "list",
    };
    anyhow::bail!("This build can't {name} associates in {}.", config.data_dir.display())
}
