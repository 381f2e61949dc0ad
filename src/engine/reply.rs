//! From a person's words to what the outbox holds: the connector plans the parts before anything is
//! stored, so that what a channel can't carry is said at once.

use rapport_model::{
    Address, Capabilities, Timestamp,
    id::{AttachmentId, ConversationId, InboxId, MessageId},
    outbound::{OutboundAttachment, OutboundMessage, Part, PlanError},
    rich::{self, Span},
};

use super::Engine;
use crate::store::{self, Actor, Conflict, Leg, Offer, ReplyHeading, StoreError};

/// A reply as the API takes it.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// What was written.
    pub text: String,
    /// How it is dressed; left off where the channel has no such thing.
    pub spans: Vec<Span>,
    /// The message that it answers, where its author chose one.
    pub answers: Option<MessageId>,
    /// Its files, uploaded before.
    pub attachments: Vec<AttachmentId>,
    /// The last position that the author had seen.
    pub seen_position: i64,
    /// Close when the undo window ends.
    pub close: bool,
    /// Another leg of the same conversation than the one used last.
    pub inbox: Option<InboxId>,
    /// What is to stand above it, on a channel of letters; without it, what it answers decides.
    pub subject: Option<String>,
    /// Who gets a copy, on a channel of letters.
    pub cc: Vec<Address>,
    /// The client's idempotency key.
    pub key: String,
}

/// Why a reply was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The channel can't carry it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The conversation has no leg on the inbox that was asked for.
    #[error("the conversation was never held on this inbox")]
    NotHere,
    /// The reply has a subject, and the channel has none.
    #[error("a message on this channel has no subject")]
    NoSubject,
    /// The channel takes replies only for some time after the customer's last message.
    #[error("the time in which this channel takes a reply is over")]
    TooLate,
    /// The reply names others, and the channel reaches one.
    #[error("a message on this channel goes to nobody beside the contact")]
    NoCopies,
    /// The store refused it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a message says, and with which files.
pub(super) struct Words<'a> {
    pub text: &'a str,
    pub spans: &'a [Span],
    pub attachments: &'a [AttachmentId],
}

impl<'a> Words<'a> {
    /// Words alone.
    pub(super) fn plain(text: &'a str) -> Self {
        Self { text, spans: &[], attachments: &[] }
    }
}

impl Engine {
    /// Commits a person's reply; it leaves when the undo window ends.
    pub async fn reply(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        reply: NewReply,
    ) -> Result<MessageId, ReplyError> {
        let leg = self.leg(actor, conversation, reply.inbox.as_ref()).await?;
        let can = self.capabilities(&leg.inbox);
        let letters = can.as_ref().is_some_and(|can| can.letters);
        if reply_until(can.as_ref(), leg.last_inbound_at).is_some_and(|until| until < self.clock().now()) {
            return Err(ReplyError::TooLate);
        }
        if !letters && reply.subject.is_some() {
            return Err(ReplyError::NoSubject);
        }
        if !letters && !reply.cc.is_empty() {
            return Err(ReplyError::NoCopies);
        }
        let body_hash = hash(conversation, &reply);
        let spans = rich::fitting(&reply.text, reply.spans);
        let message = Words { text: &reply.text, spans: &spans, attachments: &reply.attachments };
        let parts = self.plan(Some(actor), &leg.inbox, &message).await?;
        let ours = self.own_addresses(&leg.inbox);
        let new = store::NewReply {
            conversation: conversation.clone(),
            thread: leg.thread,
            text: reply.text,
            spans,
            answers: reply.answers,
            attachments: reply.attachments,
            parts,
            seen_position: reply.seen_position,
            key: reply.key,
            body_hash,
            close: reply.close,
            undo: self.config().queue.undo,
            heading: letters.then_some(ReplyHeading { subject: reply.subject, cc: reply.cc, ours }),
        };
        Ok(self.store().insert_reply(actor, new).await?)
    }

    /// What the next reply of a conversation may begin with; `None` where `inbox`, by which it leaves,
    /// has no letters.
    pub async fn offer(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        inbox: &InboxId,
    ) -> Result<Option<Offer>, StoreError> {
        if !self.capabilities(inbox).is_some_and(|can| can.letters) {
            return Ok(None);
        }
        let ours = self.own_addresses(inbox);
        self.store().get_offer(actor, conversation, &ours).await.map(Some)
    }

    async fn leg(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        inbox: Option<&InboxId>,
    ) -> Result<Leg, ReplyError> {
        let store = self.store();
        if let Some(leg) = store.find_leg(actor, conversation, inbox).await? {
            return Ok(leg);
        }
        if inbox.is_some() && store.find_leg(actor, conversation, None).await?.is_some() {
            return Err(ReplyError::NotHere);
        }
        Err(StoreError::NotFound("conversation").into())
    }

    /// Cuts a message into the parts that an inbox carries. A person's files are their own: what is wrong
    /// with somebody else's is not theirs to learn.
    pub(super) async fn plan(
        &self,
        author: Option<&Actor>,
        inbox: &InboxId,
        words: &Words<'_>,
    ) -> Result<Vec<Part>, ReplyError> {
        let inbox = self
            .inbox(inbox)
            .ok_or_else(|| StoreError::Conflict(Conflict::CannotReply(store::INBOX_GONE.to_owned())))?;
        let files = self.store().list_outgoing_files(author, words.attachments).await?;
        if files.len() != words.attachments.len() {
            return Err(StoreError::NotFound("attachment").into());
        }
        let attachments = files
            .into_iter()
            .map(|file| OutboundAttachment {
                id: file.id,
                name: file.name,
                content_type: file.content_type,
                size: file.size,
            })
            .collect();
        Ok(inbox.connector.plan(&OutboundMessage {
            text: words.text.to_owned(),
            spans: words.spans.to_vec(),
            attachments,
        })?)
    }
}

/// Until when a channel takes a reply; `None`: for ever.
pub fn reply_until(can: Option<&Capabilities>, last_inbound_at: Option<Timestamp>) -> Option<Timestamp> {
    Some(last_inbound_at?.plus(can?.reply_window?))
}

/// Tells one reply from another under the same key.
fn hash(conversation: &ConversationId, reply: &NewReply) -> String {
    let inbox = reply.inbox.as_ref().map_or("", InboxId::as_str);
    let close = if reply.close { "close" } else { "" };
    let mut texts = vec![conversation.as_str(), &reply.text, inbox, close];
    // What has none of these keeps the form that it had before there were any.
    if let Some(subject) = &reply.subject {
        texts.extend(["subject", subject]);
    }
    for address in &reply.cc {
        texts.extend(["cc", address.expose()]);
    }
    if let Some(answers) = &reply.answers {
        texts.extend(["answers", answers.as_str()]);
    }
    let spans = serde_json::to_string(&reply.spans).unwrap_or_default();
    if !reply.spans.is_empty() {
        texts.extend(["spans", &spans]);
    }
    store::body_hash(&texts, &reply.attachments)
}
