//! Rapport: a chatbot-assisted omnichannel bridge for retailers. People answer, from one queue.
//!
//! `docs/ARCHITECTURE.md` is the map of this code.

pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod failpoints;
pub mod registry;
pub mod routing;
pub mod sabotage;
pub mod server;
pub mod store;
