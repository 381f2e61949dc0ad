//! Stories over the running bridge, on both engines: real HTTP on every side, a pretended provider, and a
//! clock that the story moves.
//!
//! [`bridge`] starts it, [`desk`] speaks to it; [`sms`] is the life of a message, [`trouble`] what goes
//! wrong at the provider, [`routing`] who answers, [`dead`] a provider that never answers, [`chats`] what is
//! said on Telegram and Discord, [`bot`] when the bot is silent, [`together`] what associates do with each
//! other, [`parked`] what could not be read, [`restart`] what an end and a new start
//! make of it, `playground` what a newcomer tries.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bot;
mod bridge;
mod chats;
mod dead;
mod desk;
mod hard_cases;
mod parked;
#[cfg(feature = "playground")]
mod playground;
mod restart;
mod routing;
mod sms;
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
#[path = "../../src/store/testing.rs"]
mod testing;
mod together;
mod trouble;
