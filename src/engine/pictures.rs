//! Pictures that a letter shows from elsewhere, fetched for somebody who asked to see them: by us, so
//! that whoever serves them learns neither who reads nor from where, and nothing but raster images, by
//! what their bytes show.

use bytes::Bytes;
use rapport_sdk::http::{Credentials, FetchError};

use super::{Engine, INLINE};

/// Longer pictures are not shown.
const LONGEST: u64 = 10 * 1024 * 1024;

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Its address may not be fetched. Nothing was connected to.
    #[error("the picture is not fetched: {0}")]
    Refused(&'static str),
    /// What came is none that is shown, or nothing came.
    #[error("the picture could not be had")]
    NotThere,
}

impl Engine {
    /// Fetches a picture; gives its bytes and its type.
    pub async fn fetch_picture(&self, url: &str) -> Result<(Bytes, &'static str), PictureError> {
        let fetched = match self.inner.pictures.fetch(url, Credentials::None, LONGEST).await {
            Ok(fetched) => fetched,
            Err(FetchError::Refused(reason)) => return Err(PictureError::Refused(reason)),
            Err(_) => return Err(PictureError::NotThere),
        };
        let found = infer::get(&fetched.bytes).map(|kind| kind.mime_type());
        let kind = INLINE.into_iter().find(|kind| found == Some(*kind));
        kind.map(|kind| (fetched.bytes, kind)).ok_or(PictureError::NotThere)
    }
}
