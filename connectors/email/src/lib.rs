//! E-mail as a channel: a mailbox over IMAP, answers by SMTP.
//!
//! [`reading`] turns the bytes of a mail into what a person would read; it is pure and knows no
//! server. Nothing here knows a conversation or an associate.

pub mod address;
mod config;
pub mod reading;

pub use config::{Auth, EmailSettings, Relay, Security, Server, Start};
