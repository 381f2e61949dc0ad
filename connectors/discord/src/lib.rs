//! Discord as a channel.

pub mod api;
pub mod config;
pub mod error;
pub mod markup;
pub mod message;
pub mod outbound;
pub mod place;
pub mod snowflake;
