//! The harness of real mail servers shows that it does what tests of the connector will rely on.
//!
//! [`client`] speaks to the servers by plain sockets; [`reading`] is about mailboxes,
//! [`sending`] about what is handed in and what comes back, [`trouble`] about outages.

#![expect(clippy::unwrap_used, reason = "tests")]

mod client;
mod reading;
mod sending;
mod trouble;

/// Our inbox.
const SUPPORT: &str = "support@shop.example";
/// A customer.
const JO: &str = "jo@customers.example";
