//! Discord as a channel.
