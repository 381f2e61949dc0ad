//! The API over real HTTP, on both engines: who may do what, how one signs in, what another site's page
//! can't do, what a wrong request is told, and what the live stream shows to whom.
//!
//! [`bridge`] starts a whole bridge with a pretended provider and has a caller for each role. A new
//! route fails the matrix in [`matrix`] until it has its row there.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bot;
mod bridge;
mod decisions;
mod description;
mod files;
mod letters;
mod live;
mod matrix;
mod misdirected;
mod origin;
mod problems;
mod replying;
mod sign_in;
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
#[path = "../../src/store/testing.rs"]
mod testing;
