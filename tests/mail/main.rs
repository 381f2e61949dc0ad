//! Stories over the running bridge at a mailbox on real servers: a Dovecot and a Postfix of each test's own
//! have the shop's mailbox and the customers', on both engines of the store.
//!
//! [`shop`] starts it all, [`letter`] writes what customers send and reads what they get, `desk` is the
//! associate. [`arrival`] is a letter that comes, [`answering`] one that leaves and what is answered to it,
//! [`machines`] what servers and absent people send by themselves, [`refused`] a server that does not take
//! what leaves, [`outages`] a mailbox that dies or is restored, [`colleague`] an answer from a mail program,
//! [`cuts`] a connection that is cut anywhere.

#![expect(clippy::unwrap_used, reason = "tests")]

mod answering;
mod arrival;
mod colleague;
mod cuts;
#[expect(dead_code, reason = "shared with the stories about messages, which use all of it")]
#[path = "../stories/desk.rs"]
mod desk;
mod letter;
mod machines;
mod outages;
mod refused;
mod shop;
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
#[path = "../../src/store/testing.rs"]
mod testing;
