//! From a person's words to what the outbox holds: the connector plans the parts before anything is
//! stored, so that what a channel can't carry is said at once.

use rapport_model::{
    Address,
    id::{AttachmentId, ConversationId, InboxId, MessageId},
    outbound::{OutboundAttachment, OutboundMessage, Part, PlanError},
};

use super::Engine;
use crate::store::{self, Actor, Conflict, Leg, Offer, ReplyHeading, StoreError};

/// A reply as the API takes it.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// What was written.
    pub text: String,
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
    /// The reply names others, and the channel reaches one.
    #[error("a message on this channel goes to nobody beside the contact")]
    NoCopies,
    /// The store refused it.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        let letters = self.capabilities(&leg.inbox).is_some_and(|can| can.letters);
        if !letters && reply.subject.is_some() {
            return Err(ReplyError::NoSubject);
        }
        if !letters && !reply.cc.is_empty() {
            return Err(ReplyError::NoCopies);
        }
        let parts = self.plan(Some(actor), &leg.inbox, &reply.text, &reply.attachments).await?;
        let body_hash = hash(conversation, &reply);
        let ours = self.own_addresses(&leg.inbox);
        let new = store::NewReply {
            conversation: conversation.clone(),
            thread: leg.thread,
            text: reply.text,
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
        text: &str,
        attachments: &[AttachmentId],
    ) -> Result<Vec<Part>, ReplyError> {
        let inbox = self
            .inbox(inbox)
            .ok_or_else(|| StoreError::Conflict(Conflict::CannotReply(store::INBOX_GONE.to_owned())))?;
        let files = self.store().list_outgoing_files(author, attachments).await?;
        if files.len() != attachments.len() {
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
            text: text.to_owned(),
            attachments,
            ..OutboundMessage::default()
        })?)
    }
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
    store::body_hash(&texts, &reply.attachments)
}
