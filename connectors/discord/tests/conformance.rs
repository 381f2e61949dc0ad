//! The Discord connector against the rules of `docs/connector-spec.md`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

rapport_sdk::conformance!(bridge::Bridge::start().await);
