//! Whom a contact knows: a person's choice, else who wrote most of the human messages in the contact's last
//! three conversations that began within 180 days; of several with as many, who wrote last. Only somebody
//! who still works here.

use std::time::Duration;

use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, ConversationId},
};

use crate::store::{
    Store,
    db::{Run, built},
    error::{Conflict, StoreError},
    owner, rows,
    scope::Actor,
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

const WITHIN: Duration = Duration::from_hours(180 * 24);
const LAST: i64 = 3;

/// The associate with whom a contact has the relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAssociate {
    /// Who.
    pub id: AssociateId,
    /// Their name.
    pub name: String,
    /// Whether a person chose them; else it was computed.
    pub chosen: bool,
    /// In how many of the last three conversations they wrote.
    pub conversations: i64,
}

impl Store {
    /// Whom the contact of a conversation knows, from the conversations before this one.
    pub async fn find_known_associate(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
    ) -> Result<Option<KnownAssociate>, StoreError> {
        let summary = self.get_summary(actor, conversation).await?;
        find(&mut self.pool.clone(), &summary.contact, Some(conversation), false, self.now()).await
    }

    /// Chooses whom a contact knows, or with `None` leaves it to what is computed. Whoever sees one of the
    /// contact's conversations may.
    pub async fn choose_known_associate(
        &self,
        actor: &Actor,
        contact: &ContactId,
        associate: Option<AssociateId>,
    ) -> Result<(), StoreError> {
        self.writer.write(Choose { actor: actor.clone(), contact: contact.clone(), associate }).await
    }
}

/// Whom a contact knows at an instant. `but`: the conversation that it is asked for, which counts itself only
/// with `also_this`, and then only where somebody has answered in it.
pub(super) async fn find(
    db: &mut impl Run,
    contact: &ContactId,
    but: Option<&ConversationId>,
    also_this: bool,
    now: Timestamp,
) -> Result<Option<KnownAssociate>, StoreError> {
    let chosen = db
        .first(
            "SELECT a.id, a.name FROM contacts p JOIN associates a ON a.id = p.known_associate_id \
             WHERE p.id = $1 AND a.disabled_at IS NULL",
            values![contact],
        )
        .await?;
    let last = db
        .all(
            "SELECT id FROM conversations WHERE contact_id = $1 AND created_at >= $2 AND created_at <= $5 AND kind = 'private' \
             AND state <> 'automatic' AND (id <> $3 OR ($6 AND (human_in_episode OR episode > 1))) \
             ORDER BY created_at DESC, id DESC LIMIT $4",
            values![contact, now.minus(WITHIN), but.map_or("", ConversationId::as_str), LAST, now, also_this],
        )
        .await?;
    let mut writers = Vec::new();
    if !last.is_empty() {
        let ids = last.iter().map(|row| Ok(values![row.get::<String>("id")?]));
        let (keys, args) = rows::keys(db.engine(), ids.collect::<Result<_, StoreError>>()?);
        let sql = [
            "SELECT a.id, a.name, count(*) AS n, count(DISTINCT m.conversation_id) AS conversations, max(m.created_at) AS last \
             FROM messages m JOIN associates a ON a.id = m.associate_id WHERE m.conversation_id IN ",
            &keys,
            " AND m.kind = 'outbound' AND m.associate_id IS NOT NULL AND m.delivery <> 'cancelled' AND a.disabled_at IS NULL \
             GROUP BY a.id, a.name ORDER BY n DESC, last DESC, a.id",
        ]
        .concat();
        for row in db.rows_of(built(sql), args).await? {
            writers.push(KnownAssociate {
                id: row.parse("id")?,
                name: row.get("name")?,
                chosen: false,
                conversations: row.get("conversations")?,
            });
        }
    }
    let Some(chosen) = chosen else { return Ok(writers.into_iter().next()) };
    let id: AssociateId = chosen.parse("id")?;
    let conversations = writers.iter().find(|writer| writer.id == id).map_or(0, |found| found.conversations);
    Ok(Some(KnownAssociate { id, name: chosen.get("name")?, chosen: true, conversations }))
}

struct Choose {
    actor: Actor,
    contact: ContactId,
    associate: Option<AssociateId>,
}

impl Write for Choose {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let contact = tx
            .first("SELECT brand, known_associate_id FROM contacts WHERE id = $1", values![&self.contact])
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        owner::conversations_in_scope(tx, &self.actor, &self.contact).await.map_err(|error| match error {
            StoreError::NotFound(_) => StoreError::NotFound("contact"),
            other => other,
        })?;
        if let Some(id) = &self.associate {
            let row = tx
                .first("SELECT disabled_at FROM associates WHERE id = $1", values![id])
                .await?
                .ok_or(StoreError::NotFound("associate"))?;
            if row.get::<Option<i64>>("disabled_at")?.is_some() {
                return Err(Conflict::NotNow("This associate does not work here any more.").into());
            }
        }
        let before: Option<AssociateId> = contact.parse_opt("known_associate_id")?;
        if before == self.associate {
            return Ok(());
        }
        tx.execute(
            "UPDATE contacts SET known_associate_id = $2 WHERE id = $1",
            values![&self.contact, self.associate.as_ref()],
        )
        .await?;
        tx.tell(NewEvent {
            kind: "contact.known_associate_chosen",
            brand: Some(contact.get("brand")?),
            contact: Some(self.contact.clone()),
            actor: Some(self.actor.id().clone()),
            assignee: (before, self.associate.clone()),
            ..NewEvent::default()
        });
        Ok(())
    }
}
