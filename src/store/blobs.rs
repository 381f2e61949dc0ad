//! Files: attachments, and raw forms too large for a row. Under random names, never the sender's, and
//! synced to disk before the row that points to them is committed.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem};
use sha2::{Digest as _, Sha256};

use super::{error::StoreError, ingest::hex};

/// Where files are kept.
#[derive(Debug, Clone)]
pub struct Blobs {
    files: Arc<dyn ObjectStore>,
}

/// A file that is now durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// The name under which it is read back.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Blobs {
    /// Opens the folder, making it where it is missing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Files { what: "the folder of files could not be made", source })?;
        let files = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
            // Not the default: a row must never point to a file that a power cut can take back.
            .with_fsync(true);
        Ok(Self { files: Arc::new(files) })
    }

    /// Writes a file durably.
    pub async fn put(&self, bytes: Bytes) -> Result<StoredBlob, StoreError> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let key = format!("{}/{name}", &name[..2]);
        let sha256 = hex(&Sha256::digest(&bytes));
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.files.put(&key.as_str().into(), PutPayload::from_bytes(bytes)).await.map_err(unavailable)?;
        Ok(StoredBlob { key, size, sha256 })
    }

    /// Reads a file.
    pub async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        let found = self.files.get(&key.into()).await.map_err(unavailable)?;
        found.bytes().await.map_err(unavailable)
    }

    /// Removes a file; one that is gone already is no error.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match self.files.delete(&key.into()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// The names of files last written before a moment (epoch milliseconds).
    pub async fn list_before(&self, moment: rapport_model::Timestamp) -> Result<Vec<String>, StoreError> {
        use futures_util::TryStreamExt as _;
        let all: Vec<_> = self.files.list(None).try_collect().await.map_err(unavailable)?;
        let old = all.into_iter().filter(|file| file.last_modified.timestamp_millis() < moment.millis());
        Ok(old.map(|file| file.location.to_string()).collect())
    }
}

fn unavailable(error: object_store::Error) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NotFound("file"),
        other => StoreError::Unavailable(other.to_string()),
    }
}
