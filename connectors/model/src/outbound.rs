//! What leaves: a message, the parts that a channel can carry, and how each part fared.

use std::time::Duration;

use crate::{
    id::{AttachmentId, ExternalMessageId, ExternalThreadId, OutboxId},
    letter::Heading,
    rich::Span,
    secret::Address,
};

/// A file that goes out with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundAttachment {
    /// Ours.
    pub id: AttachmentId,
    /// The name to show at the other end.
    pub name: String,
    /// Its type, as we found it.
    pub content_type: String,
    /// Its length in bytes.
    pub size: u64,
}

/// A message that a person, or the bot within its few kinds, wants to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboundMessage {
    /// The text as written.
    pub text: String,
    /// How it is dressed; left off where the channel has no such thing.
    pub spans: Vec<Span>,
    /// Its files.
    pub attachments: Vec<OutboundAttachment>,
}

/// One thing that the channel sends at once. Its place among the parts is its index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The text of this part.
    pub text: String,
    /// How it is dressed.
    pub spans: Vec<Span>,
    /// The files of this part.
    pub attachments: Vec<AttachmentId>,
}

/// Why a message can't be turned into parts: said before anything is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Neither text nor file.
    #[error("The message is empty.")]
    Empty,
    /// Longer than the channel carries.
    #[error("The text has {length} characters; this channel carries {limit}.")]
    TooLong {
        /// What was written.
        length: usize,
        /// What can be sent.
        limit: usize,
    },
    /// The channel carries no such file.
    #[error("This channel can't carry {name}: {reason}.")]
    Attachment {
        /// The file's name.
        name: String,
        /// Why not.
        reason: String,
    },
}

/// One part on its way to one recipient.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The outbox row: the same on every try, so a channel with idempotent sends can use it as key.
    pub key: OutboxId,
    /// How often it was tried before.
    pub attempt: u32,
    /// The thread as the connector named it.
    pub thread: ExternalThreadId,
    /// Which of our addresses it leaves from.
    pub from: Address,
    /// Whom it goes to.
    pub to: Address,
    /// Whether a machine wrote it: then the channel says so where it can, so that no other machine answers.
    pub automatic: bool,
    /// The message that it answers, where the channel can show that.
    pub reply_to: Option<ExternalMessageId>,
    /// What stands above the words, on a channel of letters.
    pub heading: Heading,
    /// What to send.
    pub part: Part,
    /// The part's files, in their order.
    pub media: Vec<Media>,
}

/// A file of a part on its way.
#[derive(Clone)]
pub struct Media {
    /// The name to show at the other end.
    pub name: String,
    /// Its type, as we found it.
    pub content_type: String,
    /// A link under which the provider can fetch it, for some time.
    pub link: String,
    /// Its bytes, where the channel's capabilities ask for them.
    pub bytes: Option<Vec<u8>>,
}

impl std::fmt::Debug for Media {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[a file of {}]", self.content_type)
    }
}

/// The provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendReceipt {
    /// What the provider calls it; receipts name it again.
    pub id: ExternalMessageId,
}

/// How a send did not succeed: one kind for each thing that the engine does about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Surely not sent; may work later.
    #[error("not sent for now: {reason}")]
    Transient {
        /// The earliest moment for the next try, counted from now, where the provider names one.
        retry_after: Option<Duration>,
        /// What was seen, for a person; never a secret, an address or a text.
        reason: String,
    },
    /// It can't work as it is set up: surely not sent, and nothing else will be until that is mended.
    #[error("{reason}")]
    Misconfigured {
        /// What is wrong and what to change, for a person.
        reason: String,
    },
    /// Surely not sent, and never will be.
    #[error("refused: {code}")]
    Rejected {
        /// The provider's code, and what it means where it says so.
        code: String,
    },
    /// Our credentials are not accepted: surely not sent, and nothing else will be.
    #[error("the provider does not accept our credentials")]
    Unauthorized,
    /// Perhaps sent.
    #[error("the outcome is not known")]
    Unknown,
}
