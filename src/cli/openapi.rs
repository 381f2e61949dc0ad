//! `rapport openapi`: the description of the API, as it is checked in.

/// Prints the document.
pub(super) fn run() -> anyhow::Result<()> {
    anyhow::bail!("This build has no API to describe.")
}
