//! The rarer events, one at a time: receipts, reach, gaps, other ids, and what can't be read.

use rapport_model::{
    Address, Author, DeliveryState, InboundEvent, Timestamp,
    event::ReachChange,
    id::{ExternalMessageId, ExternalThreadId, InboxId, ParkedId, RawId},
};

use super::{InboxFacts, Incoming, Outcome, outside, revise};
use crate::store::{
    db::Run as _,
    error::StoreError,
    outbox,
    rows::Rows,
    tx::{NewEvent, Tx},
    value::values,
};

/// Applies one event. `None` for a contact's message, which was written with its group.
pub(super) async fn apply(
    tx: &mut Tx,
    inbox: &InboxFacts,
    incoming: &Incoming,
) -> Result<Option<Outcome>, StoreError> {
    Ok(Some(match &incoming.event {
        InboundEvent::Message(message) => match &message.author {
            Author::Contact { .. } => return Ok(None),
            Author::OutsideHuman { to } => outside::apply(tx, inbox, incoming, message, to).await?,
            // An echo of our own.
            Author::Us => Outcome::Duplicate,
        },
        InboundEvent::Receipt { id, state, reason, at } => {
            apply_receipt(tx, &inbox.id, id, *state, reason.as_deref(), *at).await?
        }
        InboundEvent::Reach { address, change, at } => reach(tx, inbox, address, *change, *at).await?,
        InboundEvent::Edit { .. } | InboundEvent::Retraction { .. } | InboundEvent::Reaction { .. } => {
            revise::apply(tx, inbox, &incoming.event).await?
        }
        InboundEvent::Gap { from, to, reason } => gap(tx, inbox, *from, *to, reason).await?,
        InboundEvent::Rekey { from, to } => rekey(tx, inbox, from, to).await?,
        InboundEvent::Unreadable { id, raw, reason, at } => {
            let bytes = incoming.raw_blob.is_none().then(|| raw.bytes.clone());
            let kept = RawRow { content_type: &raw.content_type, bytes, blob: incoming.raw_blob.clone() };
            park(tx, inbox, id, kept, reason, *at).await?
        }
        _ => Outcome::Duplicate,
    }))
}

/// Keeps a provider's report and applies it where the part that it names is known by now.
async fn apply_receipt(
    tx: &mut Tx,
    inbox: &InboxId,
    id: &ExternalMessageId,
    state: DeliveryState,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let kept = tx
        .execute(
            "INSERT INTO receipts (inbox_id, external_id, state, reason, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (inbox_id, external_id, state) DO NOTHING",
            values![inbox, id, state.as_str(), reason, at],
        )
        .await?;
    if kept == 0 {
        return Ok(Outcome::Duplicate);
    }
    if let Some(row) = outbox::find_by_external(tx, inbox, id).await? {
        outbox::advance(tx, &row, state, reason).await?;
    }
    Ok(Outcome::Stored)
}

async fn reach(
    tx: &mut Tx,
    inbox: &InboxFacts,
    address: &Address,
    change: ReachChange,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let changed = match change {
        ReachChange::OptedOut => opt_out(tx, inbox, address, at).await?,
        ReachChange::Back => {
            opt_in(tx, inbox, address, at).await? + set_unreachable(tx, inbox, address, None).await?
        }
        ReachChange::Unreachable => set_unreachable(tx, inbox, address, Some(at)).await?,
    };
    if changed == 0 {
        return Ok(Outcome::Duplicate);
    }
    tx.tell(NewEvent {
        kind: match change {
            ReachChange::OptedOut => "handle.opted_out",
            ReachChange::Back => "handle.back",
            ReachChange::Unreachable => "handle.unreachable",
        },
        brand: Some(inbox.brand.clone()),
        inbox: Some(inbox.id.clone()),
        ..NewEvent::default()
    });
    Ok(Outcome::Stored)
}

/// STOP. One that comes after a later START (from the provider's list, after an absence) is history:
/// it is kept as proof and holds nothing back.
async fn opt_out(
    tx: &mut Tx,
    inbox: &InboxFacts,
    address: &Address,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let later = tx
        .first(
            "SELECT min(ended_at) AS ended FROM opt_outs WHERE sender_group = $1 AND address = $2 AND ended_at >= $3",
            values![&inbox.sender_group, address, at],
        )
        .await?;
    let ended = later.map_or(Ok(None), |row| row.time_opt("ended"))?;
    tx.execute(
        "INSERT INTO opt_outs (sender_group, address, since, ended_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        values![&inbox.sender_group, address, at, ended],
    )
    .await
}

/// START. It ends only a STOP that came before it; alone it leaves a mark, so that an earlier STOP that
/// comes after it is known to be over.
async fn opt_in(
    tx: &mut Tx,
    inbox: &InboxFacts,
    address: &Address,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let ended = tx
        .execute(
            "UPDATE opt_outs SET ended_at = $3 WHERE sender_group = $1 AND address = $2 AND ended_at IS NULL AND since <= $3",
            values![&inbox.sender_group, address, at],
        )
        .await?;
    if ended > 0 {
        return Ok(ended);
    }
    tx.execute(
        "INSERT INTO opt_outs (sender_group, address, since, ended_at) SELECT $1, $2, $3, $3 WHERE NOT EXISTS (\
         SELECT 1 FROM opt_outs WHERE sender_group = $1 AND address = $2 AND ended_at = $3) ON CONFLICT DO NOTHING",
        values![&inbox.sender_group, address, at],
    )
    .await
}

async fn set_unreachable(
    tx: &mut Tx,
    inbox: &InboxFacts,
    address: &Address,
    at: Option<Timestamp>,
) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE handles SET unreachable_at = $4 WHERE brand = $1 AND channel = $2 AND address = $3 \
         AND (unreachable_at IS NULL) = (CAST($4 AS BIGINT) IS NOT NULL)",
        values![&inbox.brand, &inbox.channel, address, at],
    )
    .await
}

async fn gap(
    tx: &mut Tx,
    inbox: &InboxFacts,
    from: Timestamp,
    to: Timestamp,
    reason: &str,
) -> Result<Outcome, StoreError> {
    let now = tx.now;
    let noted = tx
        .execute(
            "INSERT INTO gaps (inbox_id, gap_from, gap_to, reason, noted_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            values![&inbox.id, from, to, reason, now],
        )
        .await?;
    if noted == 0 {
        return Ok(Outcome::Duplicate);
    }
    tx.tell(NewEvent {
        kind: "inbox.gap",
        brand: Some(inbox.brand.clone()),
        inbox: Some(inbox.id.clone()),
        ..NewEvent::default()
    });
    Ok(Outcome::Stored)
}

async fn rekey(
    tx: &mut Tx,
    inbox: &InboxFacts,
    from: &ExternalThreadId,
    to: &ExternalThreadId,
) -> Result<Outcome, StoreError> {
    let moved = tx
        .execute(
            "UPDATE threads SET external_id = $3 WHERE inbox_id = $1 AND external_id = $2 \
             AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.inbox_id = $1 AND t.external_id = $3)",
            values![&inbox.id, from, to],
        )
        .await?;
    Ok(if moved == 0 { Outcome::Duplicate } else { Outcome::Stored })
}

/// A raw form as it is kept: in the row, or in a file.
struct RawRow<'a> {
    content_type: &'a str,
    bytes: Option<Vec<u8>>,
    blob: Option<String>,
}

/// Keeps what can't be read; not what another way has brought in readable form before.
async fn park(
    tx: &mut Tx,
    inbox: &InboxFacts,
    id: &ExternalMessageId,
    raw: RawRow<'_>,
    reason: &str,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let parked = tx
        .execute(
            "INSERT INTO parked (id, inbox_id, external_id, reason, at) SELECT $1, $2, $3, $4, $5 \
             WHERE NOT EXISTS (SELECT 1 FROM sightings WHERE inbox_id = $2 AND external_id = $3) ON CONFLICT DO NOTHING",
            values![&ParkedId::new(), &inbox.id, id, reason, at],
        )
        .await?;
    if parked == 0 {
        return Ok(Outcome::Duplicate);
    }
    let mut rows = Rows::new("raw_payloads", super::seen::RAW_COLUMNS);
    rows.push(values![&RawId::new(), &inbox.id, id, raw.content_type, raw.bytes, raw.blob, tx.now]);
    rows.insert(tx).await?;
    tx.tell(NewEvent {
        kind: "inbox.parked",
        brand: Some(inbox.brand.clone()),
        inbox: Some(inbox.id.clone()),
        ..NewEvent::default()
    });
    Ok(Outcome::Parked)
}
