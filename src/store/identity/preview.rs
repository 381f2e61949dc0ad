//! What a merge would do, for a person to look at before they decide. Changes nothing.

use rapport_model::id::ContactId;

use super::{Refused, conflict::Field, look, require_sight};
use crate::store::{Store, db::Run as _, details::Contact, error::StoreError, scope::Actor, value::values};

/// Both sides of a merge, and what would come of it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The record that stays.
    pub into: Contact,
    /// The one that goes into it.
    pub from: Contact,
    /// In what they differ: both values are kept until a person chooses.
    pub differences: Vec<Difference>,
    /// What to look at twice.
    pub warnings: Vec<Warning>,
    /// Why it can't be done, if so.
    pub refused: Option<Refused>,
}

/// Two values of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of what.
    pub field: Field,
    /// What stands.
    pub into: String,
    /// What is kept beside it.
    pub from: String,
}

/// What to look at twice before two records are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warning {
    /// One of them has an address that nobody has proven: whoever can forge it writes into this record.
    Unproven,
    /// Addresses of the two look alike and are different.
    LookAlike,
    /// An address of one of them is shared by several people.
    Shared,
    /// An address of one of them is blocked, and stays so; the others are not.
    Blocked,
    /// An address of one of them wants nothing from us, and stays so; the others do not.
    OptedOut,
    /// A person said before that they are two people.
    SaidApart,
}

impl Warning {
    /// The word that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unproven => "unproven",
            Self::LookAlike => "look_alike",
            Self::Shared => "shared",
            Self::Blocked => "blocked",
            Self::OptedOut => "opted_out",
            Self::SaidApart => "said_apart",
        }
    }
}

impl Store {
    /// Both sides of a merge as it would be now, for a person who sees both.
    pub async fn preview_merge(
        &self,
        actor: &Actor,
        into: &ContactId,
        from: &ContactId,
    ) -> Result<Preview, StoreError> {
        let mut pool = self.pool.clone();
        require_sight(&mut pool, &self.inboxes, actor, into).await?;
        require_sight(&mut pool, &self.inboxes, actor, from).await?;
        let (into, from) = (self.get_contact(into).await?, self.get_contact(from).await?);
        let rows = pool
            .all(
                "SELECT brand, merged_into_id, erased_at FROM contacts WHERE id IN ($1, $2)",
                values![&into.id, &from.id],
            )
            .await?;
        let mut brands: Vec<String> = rows.iter().map(|row| row.get("brand")).collect::<Result<_, _>>()?;
        brands.dedup();
        let mut refused = None;
        for row in &rows {
            if row.get::<Option<String>>("merged_into_id")?.is_some() {
                refused = Some(Refused::MergedBefore);
            }
            if row.time_opt("erased_at")?.is_some() {
                refused = Some(Refused::Erased);
            }
        }
        let only_shared = |contact: &Contact| {
            let mut open = contact.handles.iter().filter(|handle| handle.until.is_none()).peekable();
            open.peek().is_some() && open.all(|handle| handle.shared)
        };
        if into.id == from.id {
            refused = Some(Refused::SameContact);
        } else if brands.len() > 1 {
            refused = Some(Refused::OtherBrand);
        } else if refused.is_none() && (only_shared(&into) || only_shared(&from)) {
            refused = Some(Refused::OnlyShared);
        }
        let differences = differences(&into, &from);
        let said_apart = pool
            .first(
                "SELECT at FROM apart WHERE (contact_id = $1 AND other_id = $2) OR (contact_id = $2 AND other_id = $1)",
                values![&into.id, &from.id],
            )
            .await?
            .is_some();
        let warnings = warnings(&into, &from, said_apart);
        Ok(Preview { into, from, differences, warnings, refused })
    }
}

fn differences(into: &Contact, from: &Contact) -> Vec<Difference> {
    let pairs =
        [(Field::Name, &into.name, &from.name), (Field::ExternalRef, &into.external_ref, &from.external_ref)];
    pairs
        .into_iter()
        .filter_map(|(field, one, other)| match (one, other) {
            (Some(one), Some(other)) if one != other => {
                Some(Difference { field, into: one.clone(), from: other.clone() })
            }
            _ => None,
        })
        .collect()
}

fn warnings(into: &Contact, from: &Contact, said_apart: bool) -> Vec<Warning> {
    let both = || into.handles.iter().chain(&from.handles).filter(|handle| handle.until.is_none());
    let alike = into.handles.iter().any(|one| {
        from.handles.iter().any(|other| {
            one.channel == other.channel
                && one.address != other.address
                && look::skeleton(one.address.expose()) == look::skeleton(other.address.expose())
        })
    });
    [
        (said_apart, Warning::SaidApart),
        (alike, Warning::LookAlike),
        (both().any(|handle| handle.trust == "claimed"), Warning::Unproven),
        (both().any(|handle| handle.shared), Warning::Shared),
        (both().any(|handle| handle.blocked.is_some()), Warning::Blocked),
        (both().any(|handle| handle.opted_out_at.is_some()), Warning::OptedOut),
    ]
    .into_iter()
    .filter_map(|(is, warning)| is.then_some(warning))
    .collect()
}
