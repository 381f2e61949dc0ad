//! Passwords: argon2id, aside from the threads that answer requests, and not many at once.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use rapport_model::Secret;
use tokio::sync::Semaphore;

use super::{error::ApiError, weak};

/// 19 MiB, two passes: what OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// So many are computed at once: each takes memory and a core.
const AT_ONCE: usize = 2;
/// A password has at least so many characters, and at most so many bytes.
const SHORTEST: usize = 12;
const LONGEST: usize = 256;

/// A hash of no one's password: an unknown address costs the same time as a known one.
static NOBODY: LazyLock<Secret> = LazyLock::new(|| hash("nobody has this password"));

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, None).expect("these parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password, in this thread.
pub fn hash(password: &str) -> Secret {
    let hash =
        argon2().hash_password(password.as_bytes()).expect("a salt of the right length is made for each");
    Secret::new(hash.to_string())
}

fn verify(password: &str, hash: &Secret) -> bool {
    argon2().verify_password(password.as_bytes(), hash.expose()).is_ok()
}

/// Computes hashes.
#[derive(Clone)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// How many were tried: each costs the same, so that time tells nothing of who is known.
    tried: Arc<AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Self {
        // Made now: else the first unknown address would take as long as two.
        LazyLock::force(&NOBODY);
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), tried: Arc::default() }
    }
}

impl Passwords {
    /// Hashes a new password, if it is fit to be one.
    pub(super) async fn hash_new(
        &self,
        field: &str,
        password: String,
        name: &str,
        email: &str,
    ) -> Result<Secret, ApiError> {
        if password.chars().count() < SHORTEST {
            return Err(ApiError::field(field, format!("a password has at least {SHORTEST} characters")));
        }
        if password.len() > LONGEST {
            return Err(ApiError::field(field, format!("a password has at most {LONGEST} bytes")));
        }
        if let Some(reason) = weak::reason(&password, name, email) {
            return Err(ApiError::field(field, reason));
        }
        self.aside(move || hash(&password)).await
    }

    /// Whether it is the right one. Without a hash, or with a password that can be none, it takes as
    /// long and is wrong.
    pub(super) async fn is_right(
        &self,
        password: String,
        expected: Option<Secret>,
    ) -> Result<bool, ApiError> {
        let tried = self.tried.clone();
        self.aside(move || {
            tried.fetch_add(1, Ordering::Relaxed);
            let is_same = verify(&password, expected.as_ref().unwrap_or(&NOBODY));
            is_same && expected.is_some() && password.len() <= LONGEST
        })
        .await
    }

    /// How many passwords were tried.
    #[cfg(test)]
    pub(super) fn tried(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || {
            ApiError::new(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Try again in a moment.",
            )
        };
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| busy())?;
        let work = move || {
            // Held until the work is done, whether or not its client still waits.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| busy())
    }
}
