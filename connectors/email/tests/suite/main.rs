//! The connector against pretended and real mail servers. One program, so that it is linked once.

#![expect(clippy::unwrap_used, reason = "tests")]

mod composing;
mod conformance;
mod hostile_fields;
mod hostile_mail;
mod inbound;
mod mailbox;
mod mailserver;
mod post;
mod reading;
mod receiving;
mod receiving_cuts;
mod receiving_outage;
mod receiving_private;
mod receiving_trouble;
mod sending;
mod sending_connections;
