//! What one serving process has for itself: its data folder, and its SQLite file.
//!
//! Two that share either take the sends that the other has under way for those of a dead process. The
//! lock is the operating system's, so it ends with the process, however that ends. The command line
//! takes none: it works beside a bridge that runs.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use super::StartError;
use crate::config::{Config, StoreUrl};

/// Held as long as the bridge runs.
pub(super) struct Held {
    _locks: Vec<File>,
}

/// Takes what a configuration wants for itself; refused where another process has it.
pub(super) fn take(config: &Config) -> Result<Held, StartError> {
    let folder = &config.data_dir;
    let mut locks = vec![lock(&folder.join("lock"), "data folder", folder, "data_dir")?];
    if let StoreUrl::Sqlite(path) = &config.store {
        // By whatever link it is named, it is one file and has one lock.
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        locks.push(lock(&beside(&path), "store", &path, "store.url")?);
    }
    Ok(Held { _locks: locks })
}

/// Not the file itself: SQLite has locks of its own on that, and loses them when anybody else in this
/// process closes it.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

fn lock(file: &Path, what: &'static str, path: &Path, key: &'static str) -> Result<File, StartError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(file).map_err(StartError::file("the lock", file))?;
    match opened.try_lock() {
        Ok(()) => Ok(opened),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse { what, path: path.to_owned(), key }),
        Err(TryLockError::Error(source)) => Err(StartError::file("the lock", file)(source)),
    }
}
