//! The outbox: one row a part and recipient, claimed under a lease, moved on by outcomes and receipts.
//!
//! Only the first unfinished row of a (thread, recipient) can be claimed. An outcome that nobody knows
//! becomes `unconfirmed`; a person decides about it, unless the channel tells repeats apart.

use std::{sync::Arc, time::Duration};

use rapport_model::{
    Address, DeliveryState, Timestamp,
    id::{
        AttachmentId, ConversationId, ExternalMessageId, ExternalThreadId, InboxId, MessageId, OutboxId,
        ThreadId,
    },
    letter::Heading,
    rich::Span,
};

use crate::failpoints::durable_step;

use super::{
    bot,
    db::{Run as _, built},
    delivery, dialect,
    error::StoreError,
    heading,
    ingest::InboxFacts,
    tx::Tx,
    value::{Row, values},
    writer::Write,
};

/// Why nothing leaves from an inbox that was taken out of the configuration.
pub const INBOX_GONE: &str = "This inbox is no longer in the configuration.";

/// A row that was claimed and is to be sent now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row.
    pub id: OutboxId,
    /// Which message it is a part of.
    pub message: MessageId,
    /// How often it was tried before.
    pub attempt: u32,
    /// The thread as its connector named it.
    pub thread: ExternalThreadId,
    /// Which of our addresses it leaves from.
    pub from: Address,
    /// Whom it goes to.
    pub to: Address,
    /// Whether the bot wrote it.
    pub automatic: bool,
    /// The text of the part.
    pub text: String,
    /// How it is dressed.
    pub spans: Vec<Span>,
    /// The message that it answers, as its channel names it.
    pub reply_to: Option<ExternalMessageId>,
    /// Its files.
    pub attachments: Vec<AttachmentId>,
    /// What stands above the words.
    pub heading: Heading,
}

/// What the connector said of a send.
#[derive(Debug, Clone)]
pub enum SendOutcome {
    /// The provider has it under this id.
    Sent(ExternalMessageId),
    /// Not sent; to be tried again from then on.
    Again {
        /// The earliest moment.
        at: Timestamp,
        /// What a person may read meanwhile.
        reason: String,
    },
    /// Not sent, and it never will be.
    Failed {
        /// Why, for a person.
        reason: String,
    },
    /// Perhaps sent.
    Unknown,
}

/// A row as outcomes and receipts see it.
pub(super) struct OutboxRow {
    pub id: OutboxId,
    pub message: MessageId,
    pub recipient: String,
    pub part: i64,
    pub state: DeliveryState,
    pub automatic: bool,
    /// Whether nobody knows what became of an earlier attempt.
    pub perhaps_sent: bool,
}

impl OutboxRow {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parse("id")?,
            message: row.parse("message_id")?,
            recipient: row.get("recipient")?,
            part: row.get("part")?,
            state: DeliveryState::parse(&row.get::<String>("state")?)
                .ok_or(StoreError::Corrupt { column: "outbox.state" })?,
            automatic: row.get("automatic")?,
            perhaps_sent: row.get("perhaps_sent")?,
        })
    }
}

/// Finds a part by the provider's id.
pub(super) async fn find_by_external(
    tx: &mut Tx,
    inbox: &InboxId,
    id: &ExternalMessageId,
) -> Result<Option<OutboxRow>, StoreError> {
    tx.first(
        "SELECT id, message_id, recipient, part, state, automatic, perhaps_sent FROM outbox WHERE inbox_id = $1 AND external_id = $2",
        values![inbox, id],
    )
    .await?
    .as_ref()
    .map(OutboxRow::read)
    .transpose()
}

/// Moves a part on, if its state allows it, and with it the message, its deliveries, what is owed and
/// what the queue shows. What may have left already is not cancelled, it is unconfirmed.
pub(super) async fn advance(
    tx: &mut Tx,
    row: &OutboxRow,
    state: DeliveryState,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let is_too_late = state == DeliveryState::Cancelled && row.perhaps_sent;
    let state = if is_too_late { DeliveryState::Unconfirmed } else { state };
    if !row.state.may_become(state) {
        return Ok(());
    }
    tx.execute(
        "UPDATE outbox SET state = $2, reason = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1",
        values![&row.id, state.as_str(), reason],
    )
    .await?;
    if state == DeliveryState::Failed {
        tx.execute(
            "UPDATE outbox SET state = 'cancelled', reason = 'an earlier part failed' \
             WHERE message_id = $1 AND recipient = $2 AND part > $3 AND state = 'queued'",
            values![&row.message, &row.recipient, row.part],
        )
        .await?;
    }
    // Whatever waited behind this part may go now.
    tx.wake_outbox = true;
    delivery::settle(tx, &row.message, reason).await
}

/// A human message cancels what the bot still has in the queue of the conversation.
pub(super) async fn silence_bot(tx: &mut Tx, conversation: &ConversationId) -> Result<(), StoreError> {
    let rows = tx
        .all(
            "SELECT o.id, o.message_id, o.recipient, o.part, o.state, o.automatic, o.perhaps_sent FROM messages m JOIN outbox o ON o.message_id = m.id \
             WHERE m.conversation_id = $1 AND m.automatic_kind IS NOT NULL AND o.state = 'queued'",
            values![conversation],
        )
        .await?;
    for row in &rows {
        let row = OutboxRow::read(row)?;
        advance(tx, &row, DeliveryState::Cancelled, Some("a person has written")).await?;
    }
    Ok(())
}

/// Claims rows of one inbox that are due.
pub(super) struct Claim {
    pub inbox: Arc<InboxFacts>,
    pub owner: String,
    pub lease: Duration,
    pub most: i64,
    /// For how long the channel knows a repeat, where it does.
    pub idempotent: Option<Duration>,
}

impl Write for Claim {
    type Output = Vec<Claimed>;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Vec<Claimed>, StoreError> {
        let (now, until) = (tx.now, tx.now.plus(self.lease));
        let sql = [
            "UPDATE outbox SET state = 'sending', lease_owner = $3, lease_until = $4, attempt = attempt + 1 WHERE id IN (\
             SELECT o.id FROM outbox o WHERE o.inbox_id = $1 AND o.state = 'queued' AND o.due_at <= $2 AND NOT EXISTS (\
             SELECT 1 FROM outbox p WHERE p.thread_id = o.thread_id AND p.ticket < o.ticket AND (p.recipient = o.recipient \
             OR EXISTS (SELECT 1 FROM threads t WHERE t.id = o.thread_id AND t.kind <> 'private')) \
             AND p.state IN ('queued', 'sending', 'unconfirmed') \
             AND (p.message_id = o.message_id OR (p.state <> 'unconfirmed' AND (o.automatic OR NOT p.automatic) \
             AND NOT EXISTS (SELECT 1 FROM outbox u WHERE u.message_id = p.message_id AND u.recipient = p.recipient \
             AND u.part < p.part AND u.state = 'unconfirmed')))) \
             ORDER BY o.due_at, o.ticket LIMIT $5",
            dialect::skip_locked(tx.engine()),
            ") RETURNING id, message_id, recipient, part, state, automatic, perhaps_sent, attempt, thread_id, text, attachments, spans, perhaps_sent_at",
        ]
        .concat();
        let rows =
            tx.rows_of(built(sql), values![&self.inbox.id, now, &self.owner, until, self.most]).await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            let outbox = OutboxRow::read(&row)?;
            if is_forgotten(row.time_opt("perhaps_sent_at")?, now, self.idempotent) {
                advance(tx, &outbox, DeliveryState::Unconfirmed, None).await?;
                continue;
            }
            let refusal = self.refusal(tx, &outbox).await?;
            if let Some((state, reason)) = refusal {
                advance(tx, &outbox, state, Some(reason)).await?;
                continue;
            }
            let thread: ThreadId = row.parse("thread_id")?;
            let leg = tx
                .first(
                    "SELECT t.external_id, t.our_address, l.refs, l.subject, l.recipients, \
                     COALESCE((SELECT min(s.external_id) FROM sightings s WHERE s.message_id = m.reply_to_id AND s.inbox_id = t.inbox_id), \
                     (SELECT min(q.external_id) FROM outbox q WHERE q.message_id = m.reply_to_id AND q.thread_id = t.id AND q.part = 0)) \
                     AS reply_to FROM threads t JOIN messages m ON m.id = $2 LEFT JOIN letters l ON l.message_id = m.id WHERE t.id = $1",
                    values![&thread, &outbox.message],
                )
                .await?
                .ok_or(StoreError::NotFound("thread"))?;
            delivery::settle(tx, &outbox.message, None).await?;
            claimed.push(Claimed {
                id: outbox.id,
                message: outbox.message,
                attempt: u32::try_from(row.get::<i64>("attempt")? - 1).unwrap_or(u32::MAX),
                thread: ExternalThreadId(leg.get("external_id")?),
                from: Address::new(leg.get::<String>("our_address")?),
                to: Address::new(outbox.recipient),
                automatic: outbox.automatic,
                text: row.get("text")?,
                spans: read_spans(row.get("spans")?)?,
                reply_to: leg.get::<Option<String>>("reply_to")?.map(ExternalMessageId),
                attachments: read_ids(&row.get::<String>("attachments")?),
                heading: heading::read(&leg)?,
            });
        }
        durable_step!("outbox.claimed");
        Ok(claimed)
    }
}

impl Claim {
    /// Asked at the moment of sending, not when it was written: STOP may have come meanwhile, or the
    /// number a new owner, and the bot is silent once a person has written or closed: what could not
    /// leave in its turn never does. Nor does it leave once an admin has switched the bot off.
    async fn refusal(
        &self,
        tx: &mut Tx,
        row: &OutboxRow,
    ) -> Result<Option<(DeliveryState, &'static str)>, StoreError> {
        let theirs = tx
            .first(
                "SELECT m.id FROM messages m JOIN deliveries d ON d.message_id = m.id AND d.recipient = $2 JOIN handle_periods p \
                 ON p.handle_id = d.handle_id AND p.valid_to IS NULL AND p.contact_id = COALESCE(d.contact_id, m.contact_id) WHERE m.id = $1",
                values![&row.message, &row.recipient],
            )
            .await?;
        if theirs.is_none() {
            return Ok(Some((DeliveryState::Failed, "new_owner: the number has a new owner")));
        }
        let out = tx
            .first(
                "SELECT since FROM opt_outs WHERE sender_group = $1 AND address = $2 AND ended_at IS NULL",
                values![&self.inbox.sender_group, &row.recipient],
            )
            .await?;
        if out.is_some() {
            return Ok(Some((DeliveryState::Failed, "opted_out: the recipient wrote STOP")));
        }
        if row.automatic {
            let spoken = tx
                .first(
                    "SELECT c.human_in_episode OR c.turn <> m.turn AS over FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.id = $1",
                    values![&row.message],
                )
                .await?;
            if spoken.map(|row| row.get::<bool>("over")).transpose()?.unwrap_or(true) {
                return Ok(Some((DeliveryState::Cancelled, "a person has written, or closed")));
            }
            if bot::is_off(tx, &self.inbox.id).await? {
                return Ok(Some((DeliveryState::Cancelled, "the bot was switched off")));
            }
        }
        Ok(None)
    }
}

/// The dress of a part as the `spans` column holds it.
fn read_spans(json: Option<String>) -> Result<Vec<Span>, StoreError> {
    json.map_or(Ok(Vec::new()), |json| {
        serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { column: "outbox.spans" })
    })
}

/// Attachment ids as the `attachments` column lists them.
pub(super) fn read_ids(list: &str) -> Vec<AttachmentId> {
    list.split(',').filter_map(|id| AttachmentId::try_from(id.to_owned()).ok()).collect()
}

/// Records what became of a send.
pub(super) struct Settle {
    pub inbox: InboxId,
    pub id: OutboxId,
    pub owner: String,
    pub outcome: SendOutcome,
    /// For how long the channel knows a repeat, where it does.
    pub idempotent: Option<Duration>,
}

impl Write for Settle {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        durable_step!("outbox.settle");
        let sql = [
            "SELECT id, message_id, recipient, part, state, automatic, perhaps_sent, lease_owner FROM outbox WHERE id = $1",
            dialect::for_update(tx.engine()),
        ]
        .concat();
        let rows = tx.rows_of(built(sql), values![&self.id]).await?;
        let Some(raw) = rows.first() else { return Ok(()) };
        let row = OutboxRow::read(raw)?;
        let mine = raw.get::<Option<String>>("lease_owner")?.as_deref() == Some(self.owner.as_str());
        // A lease that ran out made it `unconfirmed`; then a late certainty is still welcome.
        if !mine && row.state != DeliveryState::Unconfirmed {
            return Ok(());
        }
        match &self.outcome {
            SendOutcome::Sent(external) => {
                tx.execute("UPDATE outbox SET external_id = $2 WHERE id = $1", values![&row.id, external])
                    .await?;
                advance(tx, &row, DeliveryState::Sent, None).await?;
                apply_waiting_receipts(tx, &self.inbox, external).await
            }
            SendOutcome::Failed { reason } => advance(tx, &row, DeliveryState::Failed, Some(reason)).await,
            SendOutcome::Again { at, reason } => requeue(tx, &row, *at, reason).await,
            SendOutcome::Unknown => send_again(tx, &row, self.idempotent).await,
        }
    }
}

/// Whether the channel has forgotten by now that it may have got something before.
fn is_forgotten(since: Option<Timestamp>, now: Timestamp, known_for: Option<Duration>) -> bool {
    since.is_some_and(|since| known_for.is_none_or(|known_for| now.since(since) > known_for))
}

/// Tries once more what may have been sent, while the channel tells repeats apart; else a person decides.
async fn send_again(tx: &mut Tx, row: &OutboxRow, known_for: Option<Duration>) -> Result<(), StoreError> {
    let now = tx.now;
    if known_for.is_none() {
        return advance(tx, row, DeliveryState::Unconfirmed, None).await;
    }
    let since = tx
        .first(
            "UPDATE outbox SET perhaps_sent = TRUE, perhaps_sent_at = COALESCE(perhaps_sent_at, $2) WHERE id = $1 \
             RETURNING perhaps_sent_at",
            values![&row.id, now],
        )
        .await?
        .map_or(Ok(None), |row| row.time_opt("perhaps_sent_at"))?;
    if is_forgotten(since, now, known_for) {
        return advance(tx, row, DeliveryState::Unconfirmed, None).await;
    }
    requeue(tx, row, tx.now, "no answer came, so it is tried once more and arrives once").await
}

async fn requeue(tx: &mut Tx, row: &OutboxRow, at: Timestamp, reason: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = 'queued', due_at = $2, reason = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1",
        values![&row.id, at, reason],
    )
    .await?;
    tx.wake_outbox = true;
    delivery::settle(tx, &row.message, Some(reason)).await
}

async fn apply_waiting_receipts(
    tx: &mut Tx,
    inbox: &InboxId,
    external: &ExternalMessageId,
) -> Result<(), StoreError> {
    let receipts = tx
        .all(
            "SELECT state, reason FROM receipts WHERE inbox_id = $1 AND external_id = $2 ORDER BY at",
            values![inbox, external],
        )
        .await?;
    for receipt in receipts {
        let Some(state) = DeliveryState::parse(&receipt.get::<String>("state")?) else { continue };
        if let Some(row) = find_by_external(tx, inbox, external).await? {
            advance(tx, &row, state, receipt.get::<Option<String>>("reason")?.as_deref()).await?;
        }
    }
    Ok(())
}

/// Gives up leases that ran out, and with `earlier` those that earlier boots of this node held: nobody
/// knows what became of those sends.
pub(super) struct Expire {
    pub inbox: InboxId,
    pub me: String,
    /// Matches the holders that are earlier boots of this node.
    pub earlier: Option<String>,
    pub idempotent: Option<Duration>,
}

impl Write for Expire {
    type Output = usize;

    async fn apply(&mut self, tx: &mut Tx) -> Result<usize, StoreError> {
        let now = tx.now;
        let earlier = self.earlier.clone().unwrap_or_default();
        let sql = [
            "SELECT id, message_id, recipient, part, state, automatic, perhaps_sent FROM outbox WHERE inbox_id = $1 AND state = 'sending' \
             AND (lease_until <= $2 OR (lease_owner <> $3 AND lease_owner LIKE $4))",
            dialect::for_update(tx.engine()),
        ]
        .concat();
        let rows = tx.rows_of(built(sql), values![&self.inbox, now, &self.me, earlier]).await?;
        for row in &rows {
            let row = OutboxRow::read(row)?;
            send_again(tx, &row, self.idempotent).await?;
        }
        Ok(rows.len())
    }
}
