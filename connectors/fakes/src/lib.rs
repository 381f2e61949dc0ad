//! Fake providers that speak the real protocols over loopback, with state.
//!
//! For tests, the bench and the playground. They share no code with the connectors that they
//! judge, beside the HTTP client. Start at [`FakeTwilio`], [`FakeTelegram`], [`FakeDiscord`],
//! [`FakeSmtp`] and [`FakeImap`]; [`FakePost`] is the last two with customers at their other end.

pub mod discord;
mod faults;
pub mod imap;
mod journal;
#[cfg(feature = "mailserver")]
pub mod mailserver;
pub mod oauth;
pub mod post;
pub mod smtp;
pub mod telegram;
pub mod tls;
pub mod twilio;
mod wire;

pub use discord::{FakeDiscord, FakeDiscordConfig};
pub use imap::{FakeImap, FakeImapConfig};
pub use oauth::FakeTokens;
pub use post::{FakePost, FakePostConfig};
pub use smtp::{FakeSmtp, FakeSmtpConfig};
pub use telegram::{FakeTelegram, FakeTelegramConfig};
pub use twilio::{FakeTwilio, FakeTwilioConfig};
