//! The accountant: the real binary is killed again and again under load, and at each of its fail
//! points, and what was offered, acknowledged, stored, answered and sent is counted afterwards.
//!
//! [`process`] starts and kills the binary; [`load`] plays customers and an associate and remembers
//! what they were told; [`account`] compares that with the store and the provider. [`killing`] and
//! [`points`] are the tests, each with the controls that show that the accountant notices; [`full_disk`]
//! takes its room away, [`second`] starts another one beside it, and [`stopping`] takes its
//! database away and asks it to end.

#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod full_disk;
mod killing;
mod load;
mod points;
mod process;
#[path = "../../src/store/rules/queries.rs"]
mod queries;
mod second;
mod stopping;
#[path = "../../src/store/testing.rs"]
#[expect(dead_code, reason = "it serves other tests too")]
mod testing;
