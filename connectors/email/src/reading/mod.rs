//! Reading: what a person would take from a mail, and whether a person wrote it at all.
//!
//! Pure: no clock, no network, no store. Whatever the bytes are, reading ends in linear time and gives
//! at least a stub.

mod nature;

pub use nature::{Bounce, Machine, Nature, judge};

/// Our own addresses, so that a reader knows what is ours.
#[derive(Debug, Clone, Default)]
pub struct Ourselves {
    /// In lower case.
    pub addresses: Vec<String>,
}
