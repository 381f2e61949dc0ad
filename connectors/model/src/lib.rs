//! The words of Rapport as types: what a channel, a message or an outcome is.
//!
//! Pure data and pure functions. Nothing here reads a clock, a file, a socket or a database, and
//! nothing here knows any channel by its name. Start at [`event`] for what comes in and at
//! [`outbound`] for what goes out.

pub mod author;
pub mod bot;
pub mod capability;
pub mod delivery;
pub mod event;
pub mod health;
pub mod id;
pub mod letter;
pub mod outbound;
pub mod rich;
pub mod secret;
pub mod text;
pub mod time;

pub use author::{Author, AuthorKind, Trust};
pub use bot::AutomaticKind;
pub use capability::Capabilities;
pub use delivery::DeliveryState;
pub use event::InboundEvent;
pub use health::Health;
pub use letter::Letter;
pub use secret::{Address, Secret};
pub use time::{Clock, Timestamp};
