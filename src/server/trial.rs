//! What `rapport check --connect` tries of the bridge itself: its folders and its store.
//!
//! Makes nothing and changes nothing: what is missing needs no more than a place where it can be made.

use std::{fs, io, path::Path};

use super::{StartError, url_of};
use crate::{
    config::{Config, StoreUrl},
    store::Store,
};

/// Whether the bridge could open its store, or make it.
pub async fn try_store(config: &Config) -> Result<(), StartError> {
    let folder = &config.data_dir;
    try_folder(folder).map_err(StartError::file("the data folder", folder))?;
    if let StoreUrl::Sqlite(path) = &config.store {
        let folder = path.parent().unwrap_or(Path::new(""));
        try_folder(folder).map_err(StartError::file("the store's folder", folder))?;
        if !path.exists() {
            return Ok(());
        }
        let opened = fs::OpenOptions::new().read(true).write(true).open(path);
        opened.map_err(StartError::file("the store", path))?;
    }
    Store::try_open(&url_of(&config.store)).await.map_err(StartError::store(&config.store))
}

/// Whether files can be made in a folder. Where it is missing, the nearest one above it counts.
fn try_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let whole = std::path::absolute(path)?;
    let nearest = whole.ancestors().find(|folder| folder.exists()).unwrap_or(&whole);
    if !nearest.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    #[cfg(unix)]
    rustix::fs::access(nearest, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)?;
    Ok(())
}
