//! The Telegram connector against the rules of `docs/connector-spec.md`, by both ways that updates come.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use rapport_telegram::Mode;

mod asking {
    rapport_sdk::conformance!(super::bridge::Bridge::start_in(super::Mode::Poll).await);
}

mod being_called {
    rapport_sdk::conformance!(super::bridge::Bridge::start_in(super::Mode::Webhook).await);
}
