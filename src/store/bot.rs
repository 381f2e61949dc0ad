//! The bot's switch: where an admin has turned the bot off while the bridge runs.
//!
//! It is asked in the transaction that decides about an acknowledgement, and again when a row of the
//! outbox is claimed. So nothing leaves that another node wrote while the switch was thrown. What the
//! configuration holds off is not known here.

use std::{collections::HashSet, sync::Arc};

use rapport_model::{DeliveryState, id::InboxId};

use super::{
    Actor, Store,
    db::Run as _,
    error::StoreError,
    ingest::InboxFacts,
    outbox::{self, OutboxRow},
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

/// The scope of the switch for all inboxes.
const EVERYWHERE: &str = "";

/// Where the bot is switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BotsOff {
    /// For all inboxes at once.
    pub everywhere: bool,
    /// For single ones.
    pub inboxes: HashSet<InboxId>,
}

impl BotsOff {
    /// Whether the one switch is off: an inbox's own, or with `None` that for all.
    pub fn is_off(&self, inbox: Option<&InboxId>) -> bool {
        inbox.map_or(self.everywhere, |inbox| self.inboxes.contains(inbox))
    }
}

impl Store {
    /// Where the bot is switched off now.
    pub async fn list_bots_off(&self) -> Result<BotsOff, StoreError> {
        let mut off = BotsOff::default();
        for row in self.pool.clone().all("SELECT scope FROM bot_off ORDER BY scope", Vec::new()).await? {
            match row.get::<String>("scope")? {
                scope if scope == EVERYWHERE => off.everywhere = true,
                scope => drop(off.inboxes.insert(InboxId(scope))),
            }
        }
        Ok(off)
    }

    /// Throws the switch of an inbox, or with `None` that for all. Off cancels what the bot has written
    /// there and what has not left.
    pub async fn update_bot_switch(
        &self,
        admin: &Actor,
        inbox: Option<&InboxId>,
        enabled: bool,
    ) -> Result<(), StoreError> {
        let affected: Vec<_> =
            self.inboxes.iter().filter(|facts| inbox.is_none_or(|id| facts.id == *id)).cloned().collect();
        if inbox.is_some() && affected.is_empty() {
            return Err(StoreError::NotFound("inbox"));
        }
        self.writer.write(Switch { admin: admin.clone(), inbox: inbox.cloned(), affected, enabled }).await
    }
}

/// Whether a person has switched the bot off for an inbox or for all.
pub(super) async fn is_off(tx: &mut Tx, inbox: &InboxId) -> Result<bool, StoreError> {
    let row =
        tx.first("SELECT scope FROM bot_off WHERE scope IN ($1, $2)", values![EVERYWHERE, inbox]).await?;
    Ok(row.is_some())
}

struct Switch {
    admin: Actor,
    inbox: Option<InboxId>,
    affected: Vec<Arc<InboxFacts>>,
    enabled: bool,
}

impl Write for Switch {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let scope = self.inbox.as_ref().map_or(EVERYWHERE, InboxId::as_str);
        let now = tx.now;
        let changed = if self.enabled {
            tx.execute("DELETE FROM bot_off WHERE scope = $1", values![scope]).await?
        } else {
            tx.execute(
                "INSERT INTO bot_off (scope, since, off_by) VALUES ($1, $2, $3) ON CONFLICT (scope) DO NOTHING",
                values![scope, now, self.admin.id()],
            )
            .await?
        };
        if changed == 0 {
            return Ok(());
        }
        if !self.enabled {
            for facts in &self.affected {
                cancel(tx, &facts.id).await?;
            }
        }
        tx.tell(NewEvent {
            kind: if self.enabled { "bot.switched_on" } else { "bot.switched_off" },
            inbox: self.inbox.clone(),
            actor: Some(self.admin.id().clone()),
            ..NewEvent::default()
        });
        Ok(())
    }
}

async fn cancel(tx: &mut Tx, inbox: &InboxId) -> Result<(), StoreError> {
    let rows = tx
        .all(
            "SELECT id, message_id, recipient, part, state, automatic, perhaps_sent FROM outbox \
             WHERE inbox_id = $1 AND state = 'queued' AND automatic ORDER BY id",
            values![inbox],
        )
        .await?;
    for row in &rows {
        let row = OutboxRow::read(row)?;
        outbox::advance(tx, &row, DeliveryState::Cancelled, Some("the bot was switched off")).await?;
    }
    Ok(())
}
