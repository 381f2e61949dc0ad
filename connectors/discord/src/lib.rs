//! Discord as a channel.

pub mod markup;
pub mod message;
pub mod outbound;
pub mod place;
pub mod snowflake;
