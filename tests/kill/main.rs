//! The accountant: the real binary is killed again and again under load, and at each of its fail
//! points, and what was offered, acknowledged, stored, answered and sent is counted afterwards.
//!
//! [`process`] starts and kills the binary; [`post`] is its mailbox; [`load`] plays customers, by SMS and by
//! e-mail and in [`chats`], and an associate, and remembers what they were told; [`account`] compares that
//! with the store and the providers, [`letters`] for what left as e-mail. [`killing`] and
//! [`points`] are the tests, each with the controls that show that the accountant notices; [`full_disk`]
//! takes its room away, [`second`] starts another one beside it, and [`stopping`] takes its
//! database away and asks it to end.

#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod chats;
mod full_disk;
mod killing;
mod letters;
mod load;
mod points;
mod post;
mod process;
#[path = "../../src/store/rules/queries.rs"]
mod queries;
mod second;
mod stopping;
#[path = "../../src/store/testing.rs"]
#[expect(dead_code, reason = "it serves other tests too")]
mod testing;
