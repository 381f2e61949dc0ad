//! Values in which two joined records differ: the one stands in the contact, the other is kept beside it
//! until a person chooses. What the one lacks it takes from the other, which can be told apart again.

use rapport_model::id::ContactId;

use super::{require_sight, side::Side};
use crate::store::{
    Store,
    db::Run,
    error::StoreError,
    scope::Actor,
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

/// What two records may differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The name that they go by.
    Name,
    /// The shop's own id for them.
    ExternalRef,
}

impl Field {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Name, Self::ExternalRef];

    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ExternalRef => "external_ref",
        }
    }

    pub(super) fn of(self, side: &Side) -> Option<&String> {
        match self {
            Self::Name => side.values.name.as_ref(),
            Self::ExternalRef => side.values.external_ref.as_ref(),
        }
    }
}

impl TryFrom<String> for Field {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|field| field.as_str() == text).ok_or(())
    }
}

/// A value beside the one that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// Of what.
    pub field: Field,
    /// The other value.
    pub value: String,
}

impl Store {
    /// Chooses among conflicting values: this one stands from now on. `NotFound` for a value that is none
    /// of them.
    pub async fn choose_value(
        &self,
        actor: &Actor,
        contact: &ContactId,
        field: Field,
        value: String,
    ) -> Result<(), StoreError> {
        self.writer.write(Choose { actor: actor.clone(), contact: contact.clone(), field, value }).await
    }
}

/// The values that wait for a person's choice.
pub(super) async fn list(run: &mut impl Run, contact: &ContactId) -> Result<Vec<Rival>, StoreError> {
    run.all(
        "SELECT field, value FROM contact_conflicts WHERE contact_id = $1 AND decided_at IS NULL ORDER BY field, value",
        values![contact],
    )
    .await?
    .iter()
    .map(|row| Ok(Rival { field: row.parse("field")?, value: row.get("value")? }))
    .collect()
}

/// Writes the values of a joined record: what is missing is taken over, what differs is kept beside.
pub(super) async fn keep(tx: &mut Tx, journal: &str, into: &Side, from: &Side) -> Result<(), StoreError> {
    let mut values = into.values.clone();
    for field in Field::ALL {
        match (field.of(into), field.of(from)) {
            (Some(one), Some(other)) if one != other => {
                tx.execute(
                    "INSERT INTO contact_conflicts (contact_id, field, value, journal_id) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (contact_id, field, value) DO NOTHING",
                    values![&into.id, field.as_str(), other, journal],
                )
                .await?;
            }
            (None, Some(other)) => match field {
                Field::Name => values.name = Some(other.clone()),
                Field::ExternalRef => values.external_ref = Some(other.clone()),
            },
            _ => {}
        }
    }
    // What nobody chose for both is the choice that there is.
    values.known_associate_id = values.known_associate_id.or_else(|| from.values.known_associate_id.clone());
    // The rivals of the record that goes are open questions of the one that stands.
    tx.execute(
        "INSERT INTO contact_conflicts (contact_id, field, value, journal_id) SELECT $2, field, value, $3 \
         FROM contact_conflicts WHERE contact_id = $1 AND decided_at IS NULL ON CONFLICT (contact_id, field, value) DO NOTHING",
        values![&from.id, &into.id, journal],
    )
    .await?;
    if values.external_ref != into.values.external_ref {
        // A brand has each of the shop's ids once.
        tx.execute("UPDATE contacts SET external_ref = NULL WHERE id = $1", values![&from.id]).await?;
    }
    write(tx, &into.id, &values).await
}

pub(super) async fn write(
    tx: &mut Tx,
    contact: &ContactId,
    values: &super::side::Values,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE contacts SET name = $2, external_ref = $3, known_associate_id = $4 WHERE id = $1",
        values![
            contact,
            values.name.clone(),
            values.external_ref.clone(),
            values.known_associate_id.as_ref()
        ],
    )
    .await
    .map(drop)
}

struct Choose {
    actor: Actor,
    contact: ContactId,
    field: Field,
    value: String,
}

impl Write for Choose {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let inboxes = tx.inboxes.clone();
        require_sight(tx, &inboxes, &self.actor, &self.contact).await?;
        let row = tx
            .first("SELECT brand, name, external_ref FROM contacts WHERE id = $1", values![&self.contact])
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        let stands: Option<String> = row.get(self.field.as_str())?;
        let rivals = list(tx, &self.contact).await?;
        let mine = |rival: &Rival| rival.field == self.field;
        let known = stands.as_ref() == Some(&self.value)
            || rivals.iter().any(|rival| mine(rival) && rival.value == self.value);
        if !rivals.iter().any(mine) || !known {
            return Err(StoreError::NotFound("value"));
        }
        if self.field == Field::ExternalRef {
            // The record that went may hold it still.
            tx.execute(
                "UPDATE contacts SET external_ref = NULL WHERE brand = $1 AND external_ref = $2 AND id <> $3",
                values![row.get::<String>("brand")?, &self.value, &self.contact],
            )
            .await?;
            tx.execute(
                "UPDATE contacts SET external_ref = $2 WHERE id = $1",
                values![&self.contact, &self.value],
            )
            .await?;
        } else {
            tx.execute("UPDATE contacts SET name = $2 WHERE id = $1", values![&self.contact, &self.value])
                .await?;
        }
        let now = tx.now;
        tx.execute(
            "UPDATE contact_conflicts SET decided_at = $3, decided_by = $4 \
             WHERE contact_id = $1 AND field = $2 AND decided_at IS NULL",
            values![&self.contact, self.field.as_str(), now, self.actor.id()],
        )
        .await?;
        tx.tell(NewEvent {
            kind: "contact.chosen",
            brand: Some(row.get("brand")?),
            contact: Some(self.contact.clone()),
            actor: Some(self.actor.id().clone()),
            fields: Some(self.field.as_str().to_owned()),
            ..NewEvent::default()
        });
        Ok(())
    }
}
