//! Identity: which records of people outside are one person's, on what that rests, and how it is taken
//! back.
//!
//! Two records are joined by a person who looked at both ([`merge`]), or by a code that was given on one
//! channel and came back on another ([`code`]); never by a name, a claim or a look. Each join is kept in
//! the journal ([`journal`]) with its evidence and all that it moved, so that [`part`] restores both sides.
//! Where the two differ both values stay until a person chooses ([`conflict`]). [`suggestion`] only offers.
//!
//! Nothing here changes what a handle is by itself: its trust, its block and its opt-out stay its own.

mod card;
mod code;
mod conflict;
mod divide;
mod journal;
mod look;
mod merge;
mod part;
mod preview;
mod sharing;
mod side;
mod suggestion;

use std::sync::Arc;

use rapport_model::id::ContactId;

use super::{
    db::{Run, built},
    error::StoreError,
    ingest::InboxFacts,
    scope::{Actor, Role},
    value::values,
};

pub use card::{Card, Episode, Evidence};
pub use code::LinkCode;
pub use conflict::{Field, Rival};
pub use merge::MergeId;
pub use preview::{Difference, Preview, Warning};
pub use suggestion::{Reason, Suggestion};

pub(super) use code::Redeemed;
pub(super) use code::{Returned, redeem};
pub(super) use look::{look_alikes, mixes_scripts, skeleton};
pub(super) use merge::note_by_itself;

/// Why two records can't be joined, or a join can't be taken back. Nothing was changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// Both ids name one record.
    #[error("these two are one record")]
    SameContact,
    /// They are customers of two brands.
    #[error("the two records belong to different brands, and nothing is ever joined across brands")]
    OtherBrand,
    /// One of them went into another record before.
    #[error("one of the two was merged into another record already: merge that one")]
    MergedBefore,
    /// What was known of one of them was erased.
    #[error("one of the two records was erased, and nothing of it can be joined or put back")]
    Erased,
    /// One of them is known by shared addresses alone.
    #[error("one of the two is known by a shared address only, and a shared address joins nothing")]
    OnlyShared,
    /// The record that this one went into went into a further one.
    #[error("what came of this merge was merged again: undo the later merge first")]
    LaterMerge,
    /// It was taken back before.
    #[error("this merge was undone already")]
    UndoneBefore,
}

impl Refused {
    /// The word that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameContact => "same_contact",
            Self::OtherBrand => "other_brand",
            Self::MergedBefore => "merged_before",
            Self::Erased => "erased",
            Self::OnlyShared => "only_shared",
            Self::LaterMerge => "later_merge",
            Self::UndoneBefore => "undone_before",
        }
    }
}

/// `NotFound` for a contact none of whose conversations is within the actor's scope. An admin sees one that
/// has none, too.
pub(super) async fn require_sight(
    run: &mut impl Run,
    inboxes: &[Arc<InboxFacts>],
    actor: &Actor,
    contact: &ContactId,
) -> Result<(), StoreError> {
    let rows = if actor.role() == Role::Admin {
        run.all("SELECT id FROM contacts WHERE id = $1", values![contact]).await?
    } else {
        let mut args = values![contact];
        let scope = actor.condition(inboxes, &mut args);
        let sql =
            ["SELECT c.id FROM conversations c WHERE c.contact_id = $1 AND ", &scope, " LIMIT 1"].concat();
        run.rows_of(built(sql), args).await?
    };
    if rows.is_empty() { Err(StoreError::NotFound("contact")) } else { Ok(()) }
}

/// The record that one stands for now: itself, or the one that it went into.
pub(super) async fn standing(run: &mut impl Run, contact: &ContactId) -> Result<ContactId, StoreError> {
    let mut at = contact.clone();
    // A record goes into one that stands, so this ends; the bound is for what nobody foresaw.
    for _ in 0..64 {
        let row = run.first("SELECT merged_into_id FROM contacts WHERE id = $1", values![&at]).await?;
        match row.map(|row| row.parse_opt("merged_into_id")).transpose()?.flatten() {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(at)
}
