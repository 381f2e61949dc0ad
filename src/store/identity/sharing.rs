//! An address that several people use: a family's telephone, a shop's counter. It joins nothing, and what
//! runs on it never draws in what came elsewhere.

use rapport_model::id::{ContactId, HandleId};
use serde_json::json;

use super::{merge, side};
use crate::store::{
    Store, act, conversation,
    db::Run as _,
    error::StoreError,
    owner,
    scope::Actor,
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

impl Store {
    /// Says that several people use an address, or takes that back.
    pub async fn share_handle(
        &self,
        actor: &Actor,
        handle: &HandleId,
        shared: bool,
    ) -> Result<(), StoreError> {
        self.writer.write(Share { actor: actor.clone(), handle: handle.clone(), shared }).await
    }
}

struct Share {
    actor: Actor,
    handle: HandleId,
    shared: bool,
}

impl Write for Share {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let row = tx
            .first(
                "SELECT h.brand, h.shared, p.contact_id FROM handles h JOIN handle_periods p ON p.handle_id = h.id \
                 AND p.valid_to IS NULL WHERE h.id = $1",
                values![&self.handle],
            )
            .await?
            .ok_or(StoreError::NotFound("handle"))?;
        let contact: ContactId = row.parse("contact_id")?;
        owner::conversations_in_scope(tx, &self.actor, &contact).await?;
        if row.get::<bool>("shared")? == self.shared {
            return Ok(());
        }
        side::periods(tx, &contact).await?;
        tx.execute("UPDATE handles SET shared = $2 WHERE id = $1", values![&self.handle, self.shared])
            .await?;
        let conversations = side::conversations(tx, &contact).await?;
        let latest = merge::latest(conversations.iter());
        for before in conversations.into_iter().filter(|c| Some(&c.id) == latest.as_ref()) {
            let mut after = before.clone();
            let activity = json!({"type": if self.shared { "shared" } else { "unshared" }});
            act::note(tx, &self.actor, &before, &mut after, "conversation.shared", activity).await?;
            conversation::save_one(tx, &before, &after).await?;
        }
        tx.tell(NewEvent {
            kind: if self.shared { "handle.shared" } else { "handle.unshared" },
            brand: Some(row.get("brand")?),
            contact: Some(contact),
            actor: Some(self.actor.id().clone()),
            ..NewEvent::default()
        });
        Ok(())
    }
}
