//! A person's words: replies, notes, and what may still be done about a reply that was sent.
//!
//! A reply needs an [`Actor`], which only a session gives; nothing that the bot makes has one.

use std::time::Duration;

use rapport_model::{
    DeliveryState,
    event::ThreadKind,
    id::{AssociateId, AttachmentId, ConversationId, InboxId, JobId, MessageId, ThreadId},
    outbound::Part,
    rich::Span,
    text,
};

use super::{
    Store,
    conversation::{self, Conversation, State},
    db::Run as _,
    delivery, draft,
    entry::{self, Outbound, Writer},
    error::{Conflict, StoreError},
    heading::{NewLetter, ReplyHeading},
    mention, obligation, outbox, owner,
    recipients::Place,
    rows::Rows,
    scope::Actor,
    thread,
    tx::Tx,
    undo::Before,
    value::values,
    writer::Write,
};
use crate::{
    failpoints::durable_step,
    sabotage::{self, Rule},
};

/// A reply as a person wrote it, cut into the parts that its channel carries.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// Where.
    pub conversation: ConversationId,
    /// On which leg it leaves.
    pub thread: ThreadId,
    /// What was written.
    pub text: String,
    /// How it is dressed.
    pub spans: Vec<Span>,
    /// The message that it answers, where its author chose one.
    pub answers: Option<MessageId>,
    /// The files, in their order.
    pub attachments: Vec<AttachmentId>,
    /// The same, as the channel carries it.
    pub parts: Vec<Part>,
    /// The last position that the author had seen.
    pub seen_position: i64,
    /// The client's key: one press of "send" is one message.
    pub key: String,
    /// Tells another body under the same key.
    pub body_hash: String,
    /// Close when the undo window ends.
    pub close: bool,
    /// How long it can be taken back.
    pub undo: Duration,
    /// What its author wrote above it, on a channel of letters.
    pub heading: Option<ReplyHeading>,
}

impl Store {
    /// Commits a reply: message, outbox rows and discharge in one transaction.
    pub async fn insert_reply(&self, actor: &Actor, reply: NewReply) -> Result<MessageId, StoreError> {
        self.writer.write(Reply { actor: actor.clone(), new: reply }).await
    }

    /// Commits a note, that nobody outside ever sees. Whom it names sees the conversation from then on.
    pub async fn insert_note(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        text: String,
        attachments: Vec<AttachmentId>,
        mentions: Vec<AssociateId>,
        key: String,
    ) -> Result<MessageId, StoreError> {
        let named = mention::written(&mentions);
        let mut body = vec!["note", conversation.as_str(), &text];
        if !named.is_empty() {
            body.push(&named);
        }
        let body_hash = hash(&body, &attachments);
        self.writer
            .write(Note {
                actor: actor.clone(),
                conversation: conversation.clone(),
                text,
                attachments,
                mentions,
                key,
                body_hash,
            })
            .await
    }

    /// Sends again what failed, or what nobody knows of: a person decided that.
    pub async fn resend(&self, actor: &Actor, message: &MessageId) -> Result<ConversationId, StoreError> {
        self.writer.write(Resend { act: OnMessage::new(actor, message) }).await
    }

    /// "It did arrive": a person settles what nobody knew.
    pub async fn confirm(&self, actor: &Actor, message: &MessageId) -> Result<ConversationId, StoreError> {
        self.writer.write(Confirm { act: OnMessage::new(actor, message) }).await
    }
}

/// Tells one body from another under the same key.
pub fn hash(texts: &[&str], attachments: &[AttachmentId]) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for text in texts.iter().copied().chain(attachments.iter().map(AttachmentId::as_str)) {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    }
    super::ingest::hex(&hash.finalize())
}

/// Loads a conversation within the actor's scope, locked.
pub(super) async fn conversation_for(
    tx: &mut Tx,
    actor: &Actor,
    id: &ConversationId,
) -> Result<Conversation, StoreError> {
    let conversation = conversation::get(tx, id).await?;
    if conversation.is_seen_by(actor, &tx.inboxes) {
        Ok(conversation)
    } else {
        Err(StoreError::NotFound("conversation"))
    }
}

struct Reply {
    actor: Actor,
    new: NewReply,
}

impl Write for Reply {
    type Output = MessageId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<MessageId, StoreError> {
        let (actor, reply) = (&self.actor, &self.new);
        if let Some(message) = entry::find_key(tx, actor.id(), &reply.key, &reply.body_hash).await? {
            return Ok(message);
        }
        let found = conversation_for(tx, actor, &reply.conversation).await?;
        found.has(reply.seen_position)?;
        self.refuse_unseen(tx).await?;
        outbox::silence_bot(tx, &reply.conversation).await?;
        let before = conversation::get(tx, &reply.conversation).await?;
        let mut after = before.clone();
        let mut thread = thread::get(tx, &reply.thread).await?;
        let facts = tx.inbox(&thread.inbox).ok_or(StoreError::NotFound("inbox"))?;
        let (recipient, answers) = if thread.kind == ThreadKind::Private.as_str() {
            let recipient = entry::recipient(tx, &thread, &after.contact, &facts.sender_group).await?;
            (recipient, self.answered(tx).await?)
        } else {
            let (chosen, seen) = (reply.answers.as_ref(), reply.seen_position);
            let (whom, answered) = entry::group_recipient(tx, &thread, &after, chosen, seen).await?;
            (whom, Some(answered))
        };
        if after.state == State::Closed {
            after.reopen();
        }
        after.state = State::Open;
        // Nobody answers spam, and what is answered is not put off any more.
        after.suspected = false;
        after.snoozed = None;
        let due_at = tx.now.plus(reply.undo);
        let letter = match &reply.heading {
            Some(heading) => {
                let (conversation, thread) = (&after.id, &thread.id);
                let place = Place { conversation, thread, inbox: &facts, to: &recipient.address };
                Some(NewLetter::of_reply(tx, &place, heading, reply.seen_position).await?)
            }
            None => None,
        };
        let writer = Writer::Associate(actor);
        let outbound = Outbound {
            writer,
            text: &reply.text,
            spans: &reply.spans,
            answers: answers.as_ref(),
            parts: &reply.parts,
            due_at,
            letter,
        };
        let message = entry::insert_outbound(tx, &mut after, &mut thread, &recipient, &outbound).await?;
        Before::of(&before).keep(tx, &message).await?;
        entry::take_attachments(tx, actor, &message, &reply.attachments).await?;
        durable_step!("reply.inserted");
        obligation::discharge_recipients(tx, &mut after, &message, reply.seen_position).await?;
        after.human_in_episode = !sabotage::breaks(Rule::SilenceAfterHuman);
        after.turn += 1;
        after.word_position = after.last_position;
        after.thread = thread.id.clone();
        after.inbox = thread.inbox.clone();
        after.channel = thread.channel.clone();
        after.assignee.get_or_insert_with(|| actor.id().clone());
        conversation::save_one(tx, &before, &after).await?;
        self.tidy_view(tx, &after).await?;
        if reply.close {
            close_later(tx, &after.id, &message, actor, due_at).await?;
        }
        entry::keep_key(tx, actor.id(), &reply.key, &reply.body_hash, &message).await?;
        let mut event = after.event("message.sent", Some(&before));
        event.message = Some(message.clone());
        event.actor = Some(actor.id().clone());
        tx.tell(event);
        Ok(message)
    }
}

impl Reply {
    /// The message that it answers: one of the same conversation, and of the place where the reply goes. Anywhere
    /// else the customer would see no quote.
    async fn answered(&self, tx: &mut Tx) -> Result<Option<MessageId>, StoreError> {
        let Some(chosen) = &self.new.answers else { return Ok(None) };
        let row = tx
            .first(
                "SELECT id, thread_id FROM messages WHERE id = $1 AND conversation_id = $2 AND kind IN ('inbound', 'outbound')",
                values![chosen, &self.new.conversation],
            )
            .await?
            .ok_or(StoreError::NotFound("message"))?;
        if row.parse_opt("thread_id")?.is_some_and(|thread: ThreadId| thread != self.new.thread) {
            return Err(Conflict::NotNow(
                "It was said at another place: an answer that goes here can't quote it.",
            )
            .into());
        }
        Ok(Some(row.parse("id")?))
    }

    /// Refuses where a customer or a colleague wrote after what the author saw, or the author the same on
    /// another device: the customer is not told twice.
    async fn refuse_unseen(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let newer = tx
            .first(
                "SELECT position FROM messages WHERE conversation_id = $1 AND position > $2 AND ((kind = 'inbound' AND (unanswerable IS NULL OR unanswerable <> 'automatic_mail')) OR (\
                 kind = 'outbound' AND author_kind <> 'bot' AND delivery <> 'cancelled' AND (associate_id IS NULL OR associate_id <> $3 OR text = $4))) LIMIT 1",
                values![
                    &self.new.conversation,
                    self.new.seen_position,
                    self.actor.id(),
                    text::storable(&self.new.text).into_owned()
                ],
            )
            .await?;
        if newer.is_some() { Err(Conflict::NewerMessage.into()) } else { Ok(()) }
    }

    /// The author has seen all up to their own words, and their draft is used up.
    async fn tidy_view(&self, tx: &mut Tx, conversation: &Conversation) -> Result<(), StoreError> {
        tx.execute(
            "INSERT INTO read_marks (associate_id, conversation_id, position) VALUES ($1, $2, $3) \
             ON CONFLICT (associate_id, conversation_id) DO UPDATE SET position = excluded.position",
            values![self.actor.id(), &conversation.id, self.new.seen_position.max(0)],
        )
        .await?;
        mention::read_up_to(tx, self.actor.id(), &conversation.id, self.new.seen_position).await?;
        draft::use_up(tx, &self.actor, conversation, false).await
    }
}

async fn close_later(
    tx: &mut Tx,
    conversation: &ConversationId,
    message: &MessageId,
    actor: &Actor,
    at: rapport_model::Timestamp,
) -> Result<(), StoreError> {
    let mut rows = Rows::new("jobs", &["id", "kind", "key", "payload", "due_at", "attempt", "created_at"]);
    let payload = [conversation.as_str(), message.as_str(), actor.id().as_str()].join(" ");
    rows.push(values![&JobId::new(), "close", format!("close:{message}"), payload, at, 0_i64, tx.now]);
    rows.insert(tx).await?;
    tx.wake_jobs = true;
    Ok(())
}

struct Note {
    actor: Actor,
    conversation: ConversationId,
    text: String,
    attachments: Vec<AttachmentId>,
    mentions: Vec<AssociateId>,
    key: String,
    body_hash: String,
}

impl Write for Note {
    type Output = MessageId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<MessageId, StoreError> {
        if let Some(message) = entry::find_key(tx, self.actor.id(), &self.key, &self.body_hash).await? {
            return Ok(message);
        }
        let before = conversation_for(tx, &self.actor, &self.conversation).await?;
        let mut after = before.clone();
        let body = text::storable(&self.text).into_owned();
        let id = entry::insert_inner(tx, &mut after, "note", Some(&self.actor), &body, None).await?;
        entry::take_attachments(tx, &self.actor, &id, &self.attachments).await?;
        mention::name(tx, &mut after, &id, &self.actor, &self.mentions).await?;
        after.show("note", &body, tx.now);
        conversation::save_one(tx, &before, &after).await?;
        draft::use_up(tx, &self.actor, &after, true).await?;
        entry::keep_key(tx, self.actor.id(), &self.key, &self.body_hash, &id).await?;
        let mut event = after.event("note.added", Some(&before));
        event.message = Some(id.clone());
        event.actor = Some(self.actor.id().clone());
        tx.tell(event);
        Ok(id)
    }
}

/// What every act on a sent message begins with.
pub(super) struct OnMessage {
    pub actor: Actor,
    pub message: MessageId,
}

/// The message of an act, with its conversation within the actor's scope.
pub(super) struct Found {
    pub conversation: Conversation,
    pub position: i64,
    pub text: String,
    pub by_actor: bool,
}

impl OnMessage {
    pub(super) fn new(actor: &Actor, message: &MessageId) -> Self {
        Self { actor: actor.clone(), message: message.clone() }
    }

    pub(super) async fn find(&self, tx: &mut Tx) -> Result<Found, StoreError> {
        let row = tx
            .first(
                "SELECT conversation_id, position, text, associate_id FROM messages WHERE id = $1 AND kind = 'outbound' AND author_kind = 'associate'",
                values![&self.message],
            )
            .await?
            .ok_or(StoreError::NotFound("message"))?;
        let conversation =
            conversation_for(tx, &self.actor, &row.parse("conversation_id")?).await.map_err(|error| {
                match error {
                    StoreError::NotFound(_) => StoreError::NotFound("message"),
                    other => other,
                }
            })?;
        Ok(Found {
            conversation,
            position: row.get("position")?,
            text: row.get("text")?,
            by_actor: row.get::<Option<String>>("associate_id")?.as_deref() == Some(self.actor.id().as_str()),
        })
    }

    pub(super) async fn parts(&self, tx: &mut Tx) -> Result<Vec<outbox::OutboxRow>, StoreError> {
        tx.all(
            "SELECT id, message_id, recipient, part, state, automatic, perhaps_sent FROM outbox WHERE message_id = $1 ORDER BY ticket",
            values![&self.message],
        )
        .await?
        .iter()
        .map(outbox::OutboxRow::read)
        .collect()
    }

    pub(super) fn tell(&self, tx: &mut Tx, kind: &'static str, conversation: &Conversation) {
        let mut event = conversation.event(kind, None);
        event.message = Some(self.message.clone());
        event.actor = Some(self.actor.id().clone());
        tx.tell(event);
    }
}

struct Resend {
    act: OnMessage,
}

impl Write for Resend {
    type Output = ConversationId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<ConversationId, StoreError> {
        let found = self.act.find(tx).await?;
        let parts = self.act.parts(tx).await?;
        let mut firsts: Vec<&outbox::OutboxRow> = Vec::new();
        for part in &parts {
            let unsettled = matches!(part.state, DeliveryState::Failed | DeliveryState::Unconfirmed);
            if unsettled && firsts.iter().all(|first| first.recipient != part.recipient) {
                firsts.push(part);
            }
        }
        if firsts.is_empty() {
            return Err(Conflict::NotNow(
                "Only a message that failed, or of which nobody knows, can be sent again.",
            )
            .into());
        }
        self.refuse_unreachable(tx, &firsts).await?;
        let now = tx.now;
        for first in firsts {
            // What was sent stays sent; the first that was not, and what was cancelled or held behind it, goes
            // again: to whom it did not reach, and to nobody else.
            tx.execute(
                "UPDATE outbox SET state = 'queued', due_at = $4, attempt = 0, reason = NULL, external_id = NULL, \
                 perhaps_sent_at = NULL \
                 WHERE message_id = $1 AND recipient = $2 AND part >= $3 AND state IN ('failed', 'unconfirmed', 'cancelled')",
                values![&self.act.message, &first.recipient, first.part, now],
            )
            .await?;
        }
        tx.wake_outbox = true;
        tx.execute("UPDATE messages SET set_aside_at = NULL WHERE id = $1", values![&self.act.message])
            .await?;
        delivery::settle(tx, &self.act.message, None).await?;
        let before = conversation::get(tx, &found.conversation.id).await?;
        let mut after = before.clone();
        obligation::discharge_recipients(tx, &mut after, &self.act.message, found.position).await?;
        conversation::save_one(tx, &before, &after).await?;
        self.act.tell(tx, "message.resent", &after);
        Ok(after.id)
    }
}

impl Resend {
    /// Nothing goes again to a number that is somebody else's by now, nor from an inbox that is gone.
    async fn refuse_unreachable(&self, tx: &mut Tx, parts: &[&outbox::OutboxRow]) -> Result<(), StoreError> {
        for part in parts {
            let moved = tx
                .first(
                    "SELECT m.id FROM messages m JOIN deliveries d ON d.message_id = m.id AND d.recipient = $2 \
                     JOIN handle_periods p ON p.handle_id = d.handle_id AND p.valid_to IS NULL \
                     WHERE m.id = $1 AND p.contact_id <> COALESCE(d.contact_id, m.contact_id) LIMIT 1",
                    values![&self.act.message, &part.recipient],
                )
                .await?;
            if moved.is_some() {
                return Err(Conflict::CannotReply(owner::MOVED.to_owned()).into());
            }
        }
        let rows = tx
            .all("SELECT DISTINCT inbox_id FROM outbox WHERE message_id = $1", values![&self.act.message])
            .await?;
        for row in &rows {
            if tx.inbox(&InboxId(row.get("inbox_id")?)).is_none() {
                return Err(Conflict::CannotReply(outbox::INBOX_GONE.to_owned()).into());
            }
        }
        Ok(())
    }
}

struct Confirm {
    act: OnMessage,
}

impl Write for Confirm {
    type Output = ConversationId;

    async fn apply(&mut self, tx: &mut Tx) -> Result<ConversationId, StoreError> {
        let found = self.act.find(tx).await?;
        let parts = self.act.parts(tx).await?;
        if !parts.iter().any(|part| part.state == DeliveryState::Unconfirmed) {
            return Err(Conflict::NotNow("Only a message of which nobody knows can be confirmed.").into());
        }
        for part in parts.iter().filter(|part| part.state == DeliveryState::Unconfirmed) {
            outbox::advance(tx, part, DeliveryState::Sent, None).await?;
        }
        self.act.tell(tx, "message.confirmed", &found.conversation);
        Ok(found.conversation.id)
    }
}
