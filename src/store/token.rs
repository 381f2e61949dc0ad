//! Tokens that let somebody in: sessions, invitations, resets.
//!
//! 256 bits from the operating system. The store keeps their hash alone, so that who reads the
//! database can't sign in with what stands there.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRng as _, rngs::SysRng};
use rapport_model::Secret;
use sha2::{Digest as _, Sha256};

use super::{error::StoreError, ingest::hex};

const BYTES: usize = 32;

/// A new token.
pub(super) fn new() -> Result<Secret, StoreError> {
    let mut bytes = [0_u8; BYTES];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| StoreError::Unavailable(format!("no random numbers are to be had: {error}")))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// Under what a token is kept. `None` for a text that can't be one: empty, blank, or of another length.
pub(super) fn hash(token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    (bytes.len() == BYTES).then(|| hex(&Sha256::digest(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ_and_each_has_256_bits() {
        let (one, two) = (new().unwrap(), new().unwrap());
        assert_ne!(one.expose(), two.expose());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.expose()).unwrap().len(), 32);
        assert_ne!(hash(one.expose()), hash(two.expose()));
    }

    #[test]
    fn an_empty_or_blank_or_short_text_is_no_token() {
        for text in ["", " ", "\t\n", "AAAA", "null", "[]"] {
            assert_eq!(hash(text), None, "{text:?}");
        }
    }
}
