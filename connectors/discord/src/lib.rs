//! Discord as a channel.

pub mod markup;
pub mod outbound;
