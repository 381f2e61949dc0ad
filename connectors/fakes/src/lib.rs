//! Fake providers that speak the real protocols over loopback, with state.
//!
//! For tests, the bench and the playground. They share no code with the connectors that they
//! judge, beside the HTTP client. Start at [`FakeTwilio`].

pub mod twilio;

pub use twilio::{FakeTwilio, FakeTwilioConfig};
