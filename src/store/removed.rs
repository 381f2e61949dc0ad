//! What still waited in the outbox of an inbox that was taken out of the configuration. Nobody sends
//! it any more: it fails, and what it had answered is owed again. Where a send was under way nobody
//! knows, and a person decides.

use rapport_model::{DeliveryState, id::InboxId};

use super::{
    Store,
    db::{Run as _, built},
    dialect,
    error::StoreError,
    outbox::{self, INBOX_GONE, OutboxRow},
    tx::Tx,
    value::values,
    writer::Write,
};

impl Store {
    /// Settles it, once at the start: the inboxes concerned, each with how many parts.
    pub async fn settle_removed_inboxes(&self) -> Result<Vec<(InboxId, usize)>, StoreError> {
        let earlier = self.earlier.as_ref().map(ToString::to_string).unwrap_or_default();
        self.writer.write(Settle { me: self.holder.to_string(), earlier }).await
    }
}

struct Settle {
    me: String,
    /// Matches the holders that are earlier boots of this node.
    earlier: String,
}

impl Write for Settle {
    type Output = Vec<(InboxId, usize)>;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Vec<(InboxId, usize)>, StoreError> {
        let rows = tx
            .all(
                "SELECT DISTINCT inbox_id FROM outbox WHERE state IN ('queued', 'sending') ORDER BY inbox_id",
                Vec::new(),
            )
            .await?;
        let mut settled = Vec::new();
        for row in &rows {
            let inbox = InboxId(row.get("inbox_id")?);
            if tx.inbox(&inbox).is_some() {
                continue;
            }
            let many = self.settle(tx, &inbox).await?;
            if many > 0 {
                settled.push((inbox, many));
            }
        }
        Ok(settled)
    }
}

impl Settle {
    async fn settle(&self, tx: &mut Tx, inbox: &InboxId) -> Result<usize, StoreError> {
        let sql = [
            "SELECT id, message_id, recipient, part, state, automatic, perhaps_sent FROM outbox WHERE inbox_id = $1 AND (state = 'queued' \
             OR (state = 'sending' AND (lease_until <= $2 OR (lease_owner <> $3 AND lease_owner LIKE $4)))) \
             ORDER BY message_id, recipient, part",
            dialect::for_update(tx.engine()),
        ]
        .concat();
        let args = values![inbox, tx.now, &self.me, &self.earlier];
        let rows = tx.rows_of(built(sql), args).await?;
        let mut failed = None;
        for row in &rows {
            let row = OutboxRow::read(row)?;
            let whole = (row.message.clone(), row.recipient.clone());
            if row.state == DeliveryState::Sending || row.perhaps_sent {
                outbox::advance(tx, &row, DeliveryState::Unconfirmed, None).await?;
            } else if failed.as_ref() != Some(&whole) {
                // The parts behind it fall with it.
                outbox::advance(tx, &row, DeliveryState::Failed, Some(INBOX_GONE)).await?;
                failed = Some(whole);
            }
        }
        Ok(rows.len())
    }
}
