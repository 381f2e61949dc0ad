//! Routing: who is to answer a conversation, and why.
//!
//! [`hours`] knows when somebody is there; [`mod@decide`] turns facts into a decision with its reasons; [`facts`]
//! brings what the store knows into the form that is decided on; [`rules`] are what a retailer writes. Pure: nothing here reads the store or a
//! clock, and nothing changes a conversation: the store does, under its lock, if the facts still hold.

pub mod decide;
pub mod facts;
pub mod hours;
pub mod rules;

pub use decide::{Decision, Facts, Known, Member, Person, Reason, StandIn, decide};
pub use facts::{Setting, TeamFacts, gather};
pub use hours::{Calendar, Hours, HoursForm, HoursProblem, Span};
