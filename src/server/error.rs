//! Why a bridge did not start: for whoever reads the terminal.

use std::{io, net::SocketAddr, path::PathBuf};

use rapport_model::id::InboxId;
use rapport_sdk::{ConnectorError, http::HttpError};

use crate::{config::TlsError, store::StoreError};

/// What stood against the start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or folder could not be used.
    #[error("{what} {path} can't be used: {source}")]
    File {
        /// What it is for.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process serves from the same folder or store.
    #[error(
        "another `rapport serve` uses the {what} {}: stop it, or give this one a {key} of its own",
        path.display()
    )]
    InUse {
        /// The data folder or the store.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// The key of the configuration that names it.
        key: &'static str,
    },
    /// The address is taken, or not ours.
    #[error("{address} can't be listened on: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The installation's key is missing or unfit.
    #[error("{0}")]
    Key(String),
    /// Certificate and key can't be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// The store can't be opened.
    #[error("the store {place} can't be opened: {source}")]
    Store {
        /// Its file, or its address without a password.
        place: String,
        /// Why not.
        source: StoreError,
    },
    /// What was opened fails.
    #[error("the store failed: {0}")]
    Failed(#[from] StoreError),
    /// An inbox can't be started as it is configured.
    #[error("the inbox {inbox} can't be started: {source}")]
    Inbox {
        /// Which one.
        inbox: InboxId,
        /// Why not.
        source: ConnectorError,
    },
    /// The client that fetches what letters show can't be made.
    #[error("the client for pictures can't be made: {0}")]
    Pictures(#[from] HttpError),
    /// The playground can't be started.
    #[error("the playground can't be started: {0}")]
    Playground(String),
}

impl StartError {
    /// A failure to open the store; `place` is shown to people.
    pub(super) fn store(place: impl ToString) -> impl FnOnce(StoreError) -> Self {
        move |source| Self::Store { place: place.to_string(), source }
    }

    /// A failure with a file or folder.
    pub(super) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
