//! `rapport serve`: the bridge, until it is asked to stop.
//!
//! Puts the parts together and holds none of their rules.

use crate::config::Config;

/// Runs until the process is asked to end.
#[expect(clippy::unused_async, reason = "the bridge that it starts is asynchronous")]
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    anyhow::bail!("This build has no bridge to serve {} inboxes with.", config.inboxes.len())
}
