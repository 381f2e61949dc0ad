//! Messages that are written on our side: the row itself, its parts in the outbox, and the marks that
//! a conversation keeps of what happened to it.

use rapport_model::{
    AuthorKind, AutomaticKind, Timestamp,
    id::{AssociateId, AttachmentId, ContactId, MessageId, OutboxId},
    outbound::Part,
    rich::Span,
    text,
};

use super::{
    conversation::Conversation,
    db::Run as _,
    error::{Conflict, StoreError},
    heading::NewLetter,
    ingest::dress,
    owner,
    rows::Rows,
    scope::Actor,
    thread::{self, Thread},
    tx::Tx,
    value::values,
};

/// Who writes an entry. A bot's entry always names its kind, and nobody else's does.
#[derive(Clone, Copy)]
pub(super) enum Writer<'a> {
    Associate(&'a Actor),
    Bot(AutomaticKind),
}

impl Writer<'_> {
    fn kind(self) -> AuthorKind {
        match self {
            Self::Associate(_) => AuthorKind::Associate,
            Self::Bot(_) => AuthorKind::Bot,
        }
    }
}

/// An outbound message, to be inserted with its parts.
pub(super) struct Outbound<'a> {
    pub writer: Writer<'a>,
    pub text: &'a str,
    /// How it is dressed.
    pub spans: &'a [Span],
    /// The message that it answers, where its author said so.
    pub answers: Option<&'a MessageId>,
    pub parts: &'a [Part],
    /// When the parts become due: until then the message can be taken back.
    pub due_at: Timestamp,
    /// What it has as a letter, and who gets a copy.
    pub letter: Option<NewLetter>,
}

/// Inserts an outbound message, a delivery for each recipient and an outbox row for each recipient and
/// part, in one go with whatever the caller does to the conversation.
pub(super) async fn insert_outbound(
    tx: &mut Tx,
    conversation: &mut Conversation,
    thread: &mut Thread,
    recipient: &Addressee,
    outbound: &Outbound<'_>,
) -> Result<MessageId, StoreError> {
    let id = MessageId::new();
    let position = conversation.next_position();
    let (associate, automatic) = match outbound.writer {
        Writer::Associate(actor) => (Some(actor.id()), None),
        Writer::Bot(kind) => (None, Some(kind.as_str())),
    };
    let body = text::storable(outbound.text).into_owned();
    let undo_until = associate.map(|_| outbound.due_at);
    let mut messages = Rows::new(
        "messages",
        &[
            "id",
            "brand",
            "conversation_id",
            "position",
            "contact_id",
            "thread_id",
            "inbox_id",
            "channel",
            "kind",
            "author_kind",
            "associate_id",
            "automatic_kind",
            "episode",
            "turn",
            "text",
            "at",
            "created_at",
            "version",
            "flags",
            "delivery",
            "undo_until",
            "spans",
            "reply_to_id",
        ],
    );
    messages.push(values![
        &id,
        &conversation.brand,
        &conversation.id,
        position,
        &conversation.contact,
        &thread.id,
        &thread.inbox,
        &thread.channel,
        "outbound",
        outbound.writer.kind(),
        associate,
        automatic,
        conversation.episode,
        conversation.turn,
        &body,
        tx.now,
        tx.now,
        1_i64,
        "",
        "queued",
        undo_until,
        dress(&body, outbound.spans),
        outbound.answers,
    ]);
    messages.insert(tx).await?;
    if let Some(associate) = associate {
        tx.execute(
            "INSERT INTO human_messages (message_id, author_kind, associate_id) VALUES ($1, 'associate', $2)",
            values![&id, associate],
        )
        .await?;
    }
    let copies = outbound.letter.as_ref().map_or(&[][..], |letter| &letter.copies);
    let recipients: Vec<&Addressee> = std::iter::once(recipient).chain(copies).collect();
    if let Some(letter) = &outbound.letter {
        letter.insert(tx, &id, &thread.inbox, &recipients).await?;
    }
    insert_parts(tx, &id, thread, &recipients, outbound).await?;
    thread::save(tx, vec![thread]).await?;
    if automatic.is_none() {
        conversation.show(outbound.writer.kind().as_str(), &body, tx.now);
    } else {
        // The list goes on showing what the customer said.
        conversation.last_at = conversation.last_at.max(tx.now);
    }
    tx.wake_outbox = true;
    Ok(id)
}

/// The deliveries, and the rows of the outbox behind them: whoever comes first has the first tickets.
async fn insert_parts(
    tx: &mut Tx,
    message: &MessageId,
    thread: &mut Thread,
    recipients: &[&Addressee],
    outbound: &Outbound<'_>,
) -> Result<(), StoreError> {
    let mut deliveries =
        Rows::new("deliveries", &["message_id", "recipient", "handle_id", "state", "contact_id"]);
    let mut outbox = Rows::new(
        "outbox",
        &[
            "id",
            "message_id",
            "recipient",
            "part",
            "thread_id",
            "inbox_id",
            "ticket",
            "automatic",
            "text",
            "attachments",
            "state",
            "due_at",
            "attempt",
            "created_at",
            "spans",
        ],
    );
    let automatic = matches!(outbound.writer, Writer::Bot(_));
    for recipient in recipients {
        let (handle, contact) = (&recipient.handle, recipient.contact.as_ref());
        deliveries.push(values![message, &recipient.address, handle, "queued", contact]);
        for (index, part) in (0_i64..).zip(outbound.parts) {
            thread.last_ticket += 1;
            let files = part.attachments.iter().map(AttachmentId::as_str).collect::<Vec<_>>().join(",");
            outbox.push(values![
                &OutboxId::new(),
                message,
                &recipient.address,
                index,
                &thread.id,
                &thread.inbox,
                thread.last_ticket,
                automatic,
                text::storable(&part.text).into_owned(),
                files,
                "queued",
                outbound.due_at,
                0_i64,
                tx.now,
                dress(&part.text, &part.spans),
            ]);
        }
    }
    deliveries.insert(tx).await?;
    outbox.insert(tx).await
}

/// Somebody who gets a message.
pub(super) struct Addressee {
    pub handle: String,
    pub address: String,
    /// Whose the handle is, where that is not the conversation's contact.
    pub contact: Option<ContactId>,
}

/// Finds whom a thread reaches for a contact, and refuses where nobody can be reached, with the reason for a person.
pub(super) async fn recipient(
    tx: &mut Tx,
    thread: &Thread,
    contact: &ContactId,
    sender_group: &str,
) -> Result<Addressee, StoreError> {
    let refuse = |reason: &str| StoreError::Conflict(Conflict::CannotReply(reason.to_owned()));
    let Some(handle) = &thread.handle else { return Err(refuse("This thread has no single recipient.")) };
    let row = tx
        .first(
            "SELECT h.id, h.address, h.can_reply, h.blocked_at, o.since, p.contact_id FROM handles h \
             JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL LEFT JOIN opt_outs o ON o.sender_group = $2 AND o.address = h.address AND o.ended_at IS NULL WHERE h.id = $1",
            values![handle, sender_group],
        )
        .await?
        .ok_or(StoreError::NotFound("handle"))?;
    let blocked = row.get::<Option<i64>>("blocked_at")?.is_some();
    let opted_out = row.get::<Option<i64>>("since")?.is_some();
    if row.parse::<ContactId>("contact_id")? != *contact {
        return Err(refuse(owner::MOVED));
    }
    if let Some(reason) = unreachable(row.get("can_reply")?, blocked, opted_out) {
        return Err(refuse(reason));
    }
    Ok(Addressee { handle: row.get("id")?, address: row.get("address")?, contact: None })
}

/// Finds whom a message in a group speaks to: who wrote the one that it answers, or else the latest that
/// its author had seen. Gives that message too.
pub(super) async fn group_recipient(
    tx: &mut Tx,
    thread: &Thread,
    conversation: &Conversation,
    answers: Option<&MessageId>,
    seen: i64,
) -> Result<(Addressee, MessageId), StoreError> {
    let row = tx
        .first(
            "SELECT m.id, h.id AS handle, h.address, h.blocked_at, p.contact_id FROM messages m \
             JOIN handles h ON h.id = m.handle_id JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL \
             WHERE m.conversation_id = $1 AND m.thread_id = $2 AND m.kind = 'inbound' AND m.position <= $3 \
             AND (CAST($4 AS TEXT) IS NULL OR m.id = $4) ORDER BY m.position DESC LIMIT 1",
            values![&conversation.id, &thread.id, seen, answers],
        )
        .await?
        .ok_or(StoreError::NotFound("message"))?;
    if row.get::<Option<i64>>("blocked_at")?.is_some() {
        return Err(StoreError::Conflict(Conflict::CannotReply(BLOCKED.to_owned())));
    }
    let contact: ContactId = row.parse("contact_id")?;
    let addressee = Addressee {
        handle: row.get("handle")?,
        address: row.get("address")?,
        contact: (contact != conversation.contact).then_some(contact),
    };
    Ok((addressee, row.parse("id")?))
}

const BLOCKED: &str = "This handle is blocked.";

/// Why a handle can't be written to, in words for a person; `None` where it can.
pub(super) fn unreachable(can_reply: bool, blocked: bool, opted_out: bool) -> Option<&'static str> {
    if !can_reply {
        Some("This sender can't receive replies.")
    } else if blocked {
        Some(BLOCKED)
    } else if opted_out {
        Some("The customer has opted out: they wrote STOP and receive nothing until they write START.")
    } else {
        None
    }
}

/// Binds uploaded files to a message. Each must be the actor's own, stored, and not used before.
pub(super) async fn take_attachments(
    tx: &mut Tx,
    actor: &Actor,
    message: &MessageId,
    ids: &[AttachmentId],
) -> Result<(), StoreError> {
    for (item, id) in (0_i64..).zip(ids) {
        let taken = tx
            .execute(
                "UPDATE attachments SET message_id = $2, item = $3 \
                 WHERE id = $1 AND uploaded_by = $4 AND message_id IS NULL AND state = 'stored'",
                values![id, message, item, actor.id()],
            )
            .await?;
        if taken == 0 {
            return Err(StoreError::NotFound("attachment"));
        }
    }
    Ok(())
}

/// What happened to a conversation, as its timeline shows it. Names and ids only.
pub(super) async fn insert_activity(
    tx: &mut Tx,
    conversation: &mut Conversation,
    by: Option<&Actor>,
    activity: serde_json::Value,
) -> Result<MessageId, StoreError> {
    insert_inner(tx, conversation, "activity", by, "", Some(activity.to_string())).await
}

/// A message that stays among us: a note or an activity.
pub(super) async fn insert_inner(
    tx: &mut Tx,
    conversation: &mut Conversation,
    kind: &'static str,
    by: Option<&Actor>,
    text: &str,
    activity: Option<String>,
) -> Result<MessageId, StoreError> {
    let id = MessageId::new();
    let position = conversation.next_position();
    let author = if by.is_some() { AuthorKind::Associate } else { AuthorKind::System };
    let mut rows = Rows::new(
        "messages",
        &[
            "id",
            "brand",
            "conversation_id",
            "position",
            "contact_id",
            "kind",
            "author_kind",
            "associate_id",
            "episode",
            "turn",
            "text",
            "at",
            "created_at",
            "version",
            "flags",
            "activity",
        ],
    );
    rows.push(values![
        &id,
        &conversation.brand,
        &conversation.id,
        position,
        &conversation.contact,
        kind,
        author,
        by.map(Actor::id),
        conversation.episode,
        conversation.turn,
        text,
        tx.now,
        tx.now,
        1_i64,
        "",
        activity,
    ]);
    rows.insert(tx).await?;
    Ok(id)
}

/// Shows the latest message of a person that stands again, after one was taken back.
pub(super) async fn show_latest(tx: &mut Tx, conversation: &mut Conversation) -> Result<(), StoreError> {
    let row = tx
        .first(
            "SELECT kind, author_kind, CASE WHEN text <> '' THEN text ELSE coalesce((SELECT a.name FROM attachments a \
             WHERE a.message_id = m.id ORDER BY a.item LIMIT 1), '') END AS text \
             FROM messages m WHERE conversation_id = $1 AND kind <> 'activity' AND automatic_kind IS NULL \
             AND (delivery IS NULL OR delivery <> 'cancelled') ORDER BY position DESC LIMIT 1",
            values![&conversation.id],
        )
        .await?;
    if let Some(row) = row {
        let kind: String = row.get("kind")?;
        let author: String = if kind == "note" { kind } else { row.get("author_kind")? };
        let at = conversation.last_at;
        conversation.show(&author, &row.get::<String>("text")?, at);
    }
    Ok(())
}

/// Remembers under an associate's key which message it became; gives that message when the same body
/// comes again, and refuses another body.
pub(super) async fn find_key(
    tx: &mut Tx,
    actor: &AssociateId,
    key: &str,
    body: &str,
) -> Result<Option<MessageId>, StoreError> {
    let row = tx
        .first(
            "SELECT body_hash, message_id FROM idempotency_keys WHERE associate_id = $1 AND key = $2",
            values![actor, key],
        )
        .await?;
    match row {
        None => Ok(None),
        Some(row) if row.get::<String>("body_hash")? == body => Ok(Some(row.parse("message_id")?)),
        Some(_) => Err(Conflict::KeyReused.into()),
    }
}

/// Keeps a key for 24 hours; a sweep removes it then.
pub(super) async fn keep_key(
    tx: &mut Tx,
    actor: &AssociateId,
    key: &str,
    body: &str,
    message: &MessageId,
) -> Result<(), StoreError> {
    let now = tx.now;
    tx.execute(
        "INSERT INTO idempotency_keys (associate_id, key, body_hash, message_id, created_at) VALUES ($1, $2, $3, $4, $5)",
        values![actor, key, body, message, now],
    )
    .await
    .map(drop)
}
