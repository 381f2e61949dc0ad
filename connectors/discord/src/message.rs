//! Messages as Discord's API tells them, and what they become.
//!
//! `record` is their form, `words` what of them can be read as text, `reading` what they mean. Pure.

mod reading;
mod record;
mod words;

pub use reading::{Reading, edit, id_of, read, read_again, unreadable};
pub use record::Record;
