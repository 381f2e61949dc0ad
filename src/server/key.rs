//! The installation's own key: signs links to files and the cookies of known devices.

use std::{fs, io::Write as _, path::Path};

use anyhow::Context as _;
use rapport_model::Secret;

use crate::config::Config;

/// The configured key, or, on a loopback address alone, one that is made once and kept in the data
/// folder.
pub(super) fn find_or_make(config: &Config) -> anyhow::Result<Secret> {
    if let Some(key) = &config.secret_key {
        return Ok(key.clone());
    }
    anyhow::ensure!(
        config.server.is_loopback(),
        "The public URL is not on this machine: set secret_key, for example by the variable RAPPORT_SECRET_KEY."
    );
    let path = config.data_dir.join("secret.key");
    match fs::read_to_string(&path) {
        Ok(key) if key.trim().len() >= 32 => return Ok(Secret::new(key.trim())),
        Ok(_) => {
            anyhow::bail!("{} is too short to be a key: remove it, and a new one is made", path.display())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} can't be read", path.display())),
    }
    let bytes: [u8; 32] = rand::random();
    let key = crate::engine::hex(&bytes);
    write(&path, &key).with_context(|| format!("{} can't be written", path.display()))?;
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
