//! The store's rules, tested: random sequences of all that can happen, with every invariant looked
//! for after each step (`sequences`, `step`, `world`, `taken_back`, `invariants`,
//! `queries`), and single cases by name.
//!
//! A rule that no test here can break is not a rule yet: each check has a control that makes it fail.

mod belonging;
mod bot;
mod chats;
mod constraints;
mod decisions;
mod desk;
mod entry_words;
mod identity;
mod invariants;
mod leases;
mod letters;
mod log_order;
mod owners;
mod queries;
mod reading;
mod replying;
mod routing;
mod schema;
mod sending;
mod sequences;
mod set_aside;
mod sightings;
mod step;
mod taken_back;
mod together;
mod words;
mod world;
