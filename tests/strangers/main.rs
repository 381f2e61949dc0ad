//! What strangers and machines can do to a bridge by mail: the real connector between a pretended mailbox
//! and a pretended mail server, the store on both engines, and a look into its database afterwards.
//!
//! [`office`] is the bridge with its mailbox, [`letter`] writes mails as a receiving server stores them.
//! [`spoofing`] lets [`forgery`] try to speak in other people's names and [`findings`] say what came of it,
//! [`loops`] lets machines answer each other, and [`broken`] brings mails that no program wrote.

#![expect(clippy::unwrap_used, reason = "tests")]

mod broken;
mod findings;
mod forgery;
mod letter;
mod loops;
mod office;
mod spoofing;
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
#[path = "../../src/store/testing.rs"]
mod testing;
