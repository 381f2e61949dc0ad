//! The installation's own key: signs links to files and the cookies of known devices.

use std::{fs, io::Write as _, path::Path};

use rapport_model::Secret;

use super::StartError;
use crate::config::Config;

/// The configured key, or, on a loopback address alone, one that is made once and kept in the data
/// folder.
pub(super) fn find_or_make(config: &Config) -> Result<Secret, StartError> {
    if let Some(key) = &config.secret_key {
        return Ok(key.clone());
    }
    if !config.server.is_loopback() {
        let reason =
            "The public URL is not on this machine: set secret_key, for example by RAPPORT_SECRET_KEY.";
        return Err(StartError::Key(reason.to_owned()));
    }
    let path = config.data_dir.join("secret.key");
    match fs::read_to_string(&path) {
        Ok(key) if key.trim().len() >= 32 => return Ok(Secret::new(key.trim())),
        Ok(_) => {
            let reason =
                format!("{} is too short to be a key: remove it, and a new one is made.", path.display());
            return Err(StartError::Key(reason));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(StartError::file("the key", &path)(error)),
    }
    let bytes: [u8; 32] = rand::random();
    let key = crate::engine::hex(&bytes);
    write(&path, &key).map_err(StartError::file("the key", &path))?;
    Ok(Secret::new(key))
}

fn write(path: &Path, key: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}
