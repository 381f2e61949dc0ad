//! The connector against a pretended provider. One program, so that it is linked once.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;
mod conformance;
mod forging;
mod golden;
mod hard_cases;
mod official_library;
mod sending;
