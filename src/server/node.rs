//! The name of this node, made once and kept in its data folder: what an earlier boot of it held in the
//! store, the next one may free.

use std::{fs, path::Path};

use uuid::Uuid;

use super::StartError;

/// The name in the folder; where there is none that can be read, a new one.
pub(super) fn find_or_make(folder: &Path) -> Result<Uuid, StartError> {
    let path = folder.join("node");
    match fs::read_to_string(&path) {
        Ok(text) => {
            if let Ok(name) = text.trim().parse() {
                return Ok(name);
            }
            tracing::warn!(path = %path.display(), "The node's name can't be read, and it gets a new one");
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(StartError::file("the node's name", &path)(error)),
    }
    let name = Uuid::new_v4();
    fs::write(&path, format!("{}\n", name.simple())).map_err(StartError::file("the node's name", &path))?;
    Ok(name)
}
