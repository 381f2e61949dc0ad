//! Continuity: to which conversation an inbound message goes. Pure, so that each rule can be read
//! and tested on its own.

use std::time::Duration;

use rapport_model::{Timestamp, id::TeamId};

use crate::store::conversation::{Conversation, State};

/// What the rules look at.
pub(super) struct Arrival<'a> {
    /// When it came.
    pub now: Timestamp,
    /// Whether the thread is between us and one person.
    pub private: bool,
    /// Whether the sender is who they say.
    pub proven: bool,
    /// Whether a person may answer it: not STOP, not a blocked handle.
    pub answerable: bool,
    /// The teams that serve the inbox that it came on.
    pub teams: &'a [TeamId],
    /// For how long a closed conversation is opened again.
    pub reopen_within: Duration,
    /// The conversation that the thread runs in, if the thread is known.
    pub of_thread: Option<&'a Conversation>,
    /// The contact's open private conversations of this brand.
    pub open_ones: &'a [&'a Conversation],
}

/// Where it goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// To this one, which is open.
    Join(&'a Conversation),
    /// To this one, which opens again.
    Reopen(&'a Conversation),
    /// To a new one, that continues the given one.
    New { continues: Option<&'a Conversation> },
}

/// Decides.
pub(super) fn route<'a>(arrival: &Arrival<'a>) -> Route<'a> {
    if let Some(own) = arrival.of_thread
        && own.state != State::Closed
    {
        return Route::Join(own);
    }
    if arrival.private
        && arrival.proven
        && let Some(other) =
            arrival.open_ones.iter().copied().filter(|c| serves(arrival.teams, c)).max_by_key(|c| c.last_at)
    {
        return Route::Join(other);
    }
    match arrival.of_thread {
        // What nobody answers opens nothing: it gets a conversation of its own kind.
        Some(closed) if arrival.answerable && recently_closed(closed, arrival) => Route::Reopen(closed),
        continues => Route::New { continues },
    }
}

fn recently_closed(conversation: &Conversation, arrival: &Arrival<'_>) -> bool {
    conversation.closed_at.is_some_and(|at| arrival.now.since(at) <= arrival.reopen_within)
}

/// Whether the conversation's team also serves the inbox of the arrival.
fn serves(teams: &[TeamId], conversation: &Conversation) -> bool {
    conversation.team.as_ref().is_none_or(|team| teams.is_empty() || teams.contains(team))
}
