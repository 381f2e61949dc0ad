//! The SMS connector against the rules of `docs/connector-spec.md`.

use crate::bridge;

rapport_sdk::conformance!(bridge::Bridge::start().await);
