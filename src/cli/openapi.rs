//! `rapport openapi`: the description of the API, as it is checked in.

use std::io::Write as _;

use crate::api;

/// Prints the document.
pub(super) fn run() -> anyhow::Result<()> {
    std::io::stdout().write_all(api::openapi_json().as_bytes())?;
    Ok(())
}
