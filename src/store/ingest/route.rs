//! Continuity: to which conversation an inbound message goes. Pure, so that each rule can be read
//! and tested on its own.

use std::{collections::BTreeSet, sync::Arc};

use rapport_model::Timestamp;

use super::InboxFacts;
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
    /// The inbox that it came on.
    pub inbox: &'a InboxFacts,
    /// All of them.
    pub inboxes: &'a [Arc<InboxFacts>],
    /// Whether the channel has only this thread with that person.
    pub permanent: bool,
    /// The conversation that the thread runs in, if the thread is known.
    pub of_thread: Option<&'a Conversation>,
    /// The conversation that a token or a reference leads to.
    pub followed: Option<&'a Conversation>,
    /// Whether that one is the sender's own.
    pub own: bool,
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
    let followed = arrival.followed.filter(|c| c.inbox == arrival.inbox.id || arrival.fits(c));
    let named = followed.or(arrival.of_thread);
    if let Some(named) = named
        // A report or an "out of office" belongs to what it answers, and opens nothing.
        && (named.state != State::Closed || (!arrival.answerable && followed.is_some()))
    {
        return Route::Join(named);
    }
    if let Some(closed) = followed
        && !arrival.permanent
        && arrival.answerable
        && recently_closed(closed, arrival)
    {
        return Route::Reopen(closed);
    }
    if arrival.private
        && arrival.proven
        && let Some(other) =
            arrival.open_ones.iter().copied().filter(|c| arrival.fits(c)).max_by_key(|c| c.last_at)
    {
        return Route::Join(other);
    }
    match named.filter(|_| arrival.own) {
        // What nobody answers opens nothing: it gets a conversation of its own kind.
        Some(closed) if arrival.answerable && recently_closed(closed, arrival) => Route::Reopen(closed),
        continues => Route::New { continues },
    }
}

fn recently_closed(conversation: &Conversation, arrival: &Arrival<'_>) -> bool {
    conversation.closed_at.is_some_and(|at| arrival.now.since(at) <= arrival.inbox.reopen_within)
}

impl Arrival<'_> {
    /// Whether those who look after the conversation also serve the inbox of the arrival: its team, or
    /// where it has none, all who see it. Joined, it moves to this inbox: nobody is to lose sight of what
    /// they owe by that, nor to read what was written to others.
    fn fits(&self, conversation: &Conversation) -> bool {
        let known = self.inboxes.iter().find(|inbox| inbox.id == conversation.inbox);
        let same_people = known.is_some_and(|known| {
            let teams = |inbox: &InboxFacts| inbox.teams.iter().cloned().collect::<BTreeSet<_>>();
            teams(known) == teams(self.inbox)
        });
        same_people || conversation.team.as_ref().is_some_and(|team| self.inbox.teams.contains(team))
    }
}
