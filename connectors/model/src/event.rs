//! What a connector brings in: a closed list of events, each idempotent by its external id.

use crate::{
    author::Author,
    bot::Unanswerable,
    delivery::DeliveryState,
    id::{ExternalMessageId, ExternalThreadId},
    letter::Letter,
    rich::Span,
    secret::Address,
    time::Timestamp,
};

/// One thing that happened on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboundEvent {
    /// A message that was not seen before, or was: the store tells by its id.
    Message(Box<InboundMessage>),
    /// A message got another text.
    Edit {
        /// The message as the channel names it.
        id: ExternalMessageId,
        /// Its new text.
        text: String,
        /// How that is dressed.
        spans: Vec<Span>,
        /// When, by the provider's clock. One that is older than what is known changes nothing.
        at: Timestamp,
        /// The whole message as it is now, where the channel tells it: one that was never seen comes in
        /// with that.
        whole: Option<Box<InboundMessage>>,
    },
    /// A message was taken back by its author.
    Retraction {
        /// The message as the channel names it.
        id: ExternalMessageId,
        /// When, by the provider's clock.
        at: Timestamp,
    },
    /// Somebody reacted to a message.
    Reaction {
        /// The message as the channel names it.
        id: ExternalMessageId,
        /// Who reacted.
        author: Author,
        /// The reaction, usually one emoji; `None` takes it back.
        reaction: Option<String>,
        /// When, by the provider's clock.
        at: Timestamp,
    },
    /// The provider reports on a message that we sent. Comes in any order, and may come before the
    /// call that sent it returns.
    Receipt {
        /// The part as the provider named it.
        id: ExternalMessageId,
        /// What became of it.
        state: DeliveryState,
        /// The provider's code and words where it failed.
        reason: Option<String>,
        /// When, by the provider's clock where it tells.
        at: Timestamp,
    },
    /// Whether we can still reach somebody. May come again, and late: only the latest `at` counts.
    Reach {
        /// Whom.
        address: Address,
        /// What changed.
        change: ReachChange,
        /// When, by the provider's clock.
        at: Timestamp,
    },
    /// The channel gave a thread another id.
    Rekey {
        /// The id until now.
        from: ExternalThreadId,
        /// The id from now on.
        to: ExternalThreadId,
    },
    /// Messages of this period may be missing and can't be fetched.
    Gap {
        /// The last moment that is known to be complete.
        from: Timestamp,
        /// The first moment that is complete again.
        to: Timestamp,
        /// What a person should know, in one sentence.
        reason: String,
    },
    /// Something that could not be read. It is kept, shown to people and read again after a fix.
    Unreadable {
        /// An id that stays the same when the same thing comes again.
        id: ExternalMessageId,
        /// What came, byte by byte.
        raw: RawPayload,
        /// What is wrong with it, without quoting it.
        reason: String,
        /// When it came.
        at: Timestamp,
    },
}

/// How somebody's reach changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReachChange {
    /// They blocked us, or the address is gone.
    Unreachable,
    /// They wrote STOP.
    OptedOut,
    /// They can be written to again.
    Back,
}

/// Whether others read along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThreadKind {
    /// We and one person.
    Private,
    /// Several people who were let in.
    Group,
    /// Anybody.
    Public,
}

impl ThreadKind {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Public => "public",
        }
    }
}

/// The leg of a conversation that a message came on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadRef {
    /// What the connector calls it; the same for all of its messages.
    pub id: ExternalThreadId,
    /// Who reads it.
    pub kind: ThreadKind,
    /// Whether the channel has only this one with that person (an SMS pair, a chat).
    pub permanent: bool,
    /// Which of our own addresses it runs on: a reply leaves from there.
    pub our_address: Address,
    /// What it is called where several people read it; `None` in private, or where the channel does not tell.
    pub title: Option<String>,
}

/// A message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundMessage {
    /// The provider's own id: never one that the sender can choose.
    pub id: ExternalMessageId,
    /// The same for the same content however it is labelled; only where the channel can show one
    /// message under several ids.
    pub content_key: Option<String>,
    /// Where it came. For a letter: the thread that it begins, unless [`Letter::follows`] shows one.
    pub thread: ThreadRef,
    /// Who wrote it.
    pub author: Author,
    /// What they wrote, as it came; may be empty where a file came instead.
    pub text: String,
    /// Files that came with it.
    pub attachments: Vec<InboundAttachment>,
    /// The message that this one answers, as the channel names it.
    pub reply_to: Option<ExternalMessageId>,
    /// When, by the provider's clock; arrival where it does not tell.
    pub at: Timestamp,
    /// Whether it speaks to us: always in private, in a group only where we are meant.
    pub addressed: bool,
    /// Why nobody owes an answer to it; `None` for a message by a person.
    pub unanswerable: Option<Unanswerable>,
    /// What a letter has beside its words; empty for a chat.
    pub letter: Letter,
    /// What a chat has beside its words; of these a letter has `entry` alone.
    pub chat: Chat,
    /// What came, byte by byte.
    pub raw: RawPayload,
}

/// What a chat's message has beside its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chat {
    /// How the text is dressed.
    pub spans: Vec<Span>,
    /// What the channel calls the set of files that this is one of, where it sends each as a message of its
    /// own. All of one set in one thread are one message; the caption may come with any of them.
    pub album: Option<String>,
    /// What the sender brought along from the link or code by which they came.
    pub entry: Option<String>,
    /// Whose words these are, where the sender passed them on.
    pub forwarded_from: Option<String>,
}

/// The raw form of what came in.
#[derive(Clone, PartialEq, Eq)]
pub struct RawPayload {
    /// Its MIME type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for RawPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} bytes of {}]", self.bytes.len(), self.content_type)
    }
}

/// A file that came with a message, or the promise of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundAttachment {
    /// The file's name as the sender gave it: shown, never used as a path.
    pub name: Option<String>,
    /// The type that the sender claims.
    pub content_type: String,
    /// The file itself, or where it is.
    pub content: Content,
    /// By which name the message's HTML shows it in its text (Content-ID, RFC 2392), where it does.
    pub content_id: Option<String>,
}

/// Whether a file came with its message.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// It came: these are its bytes, and they are stored with the message.
    Here(Vec<u8>),
    /// It is to be fetched later; only the connector that wrote the reference understands it.
    ByReference(String),
    /// It can't be had; why, for a person.
    Withheld(String),
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(bytes) => write!(f, "[{} bytes]", bytes.len()),
            Self::ByReference(_) => f.write_str("[a reference]"),
            Self::Withheld(reason) => write!(f, "[withheld: {reason}]"),
        }
    }
}
