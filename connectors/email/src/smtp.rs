//! Handing mail in at the mailbox's server, over a dialogue of our own.
//!
//! What a failure means depends on the step at which it came (RFC 5321 section 4.2.5, 4.5.4): up to the final
//! dot nothing was sent; from the dot on everything may have been; an answer settles it. The usual client
//! (lettre 0.11) does not tell the dot from the text before it, reads what stood in the clear behind the
//! answer to STARTTLS as if it had come privately, takes an answer outside of UTF-8 for a lost connection,
//! and hides SIZE and DSN.
//!
//! `connection` speaks, `wire` reads and writes in limited time, `reply` explains, `pool` keeps a few
//! connections, `delivery` makes of two tries with one key one mail.

mod connection;
mod delivery;
mod pool;
mod reply;
mod wire;

use std::{sync::Arc, time::Duration};

use rapport_sdk::{
    BoxFuture, ConnectorError,
    model::{Secret, outbound::SendError},
};

pub use delivery::Sender;
use reply::Reply;

use crate::config::Server;

/// How long is waited at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection and for the handshake, each.
    pub connect: Duration,
    /// For an answer.
    pub reply: Duration,
    /// For the server to take 32 KiB of text.
    pub text: Duration,
    /// For the answer to the final dot: servers look into mail meanwhile.
    pub last: Duration,
    /// How long an unused connection stays open.
    pub rest: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            reply: seconds(30),
            text: seconds(60),
            last: seconds(300),
            rest: seconds(30),
        }
    }
}

/// Where access tokens come from (RFC 6749).
pub trait AccessTokens: Send + Sync + 'static {
    /// A token that is good for now; with `fresh` a new one, because the last one was refused.
    fn access_token(&self, fresh: bool) -> BoxFuture<'_, Result<Secret, ConnectorError>>;
}

/// The folder of what was sent.
pub trait SentFolder: Send + Sync + 'static {
    /// Puts a mail there, as far as that works: it was sent either way.
    fn append(&self, raw: Vec<u8>) -> BoxFuture<'_, ()>;
}

/// How to sign in.
enum Access {
    Password { user: String, password: Secret },
    Token { user: String, source: Arc<dyn AccessTokens> },
}

/// How far a dialogue had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Hello,
    SignIn,
    Sender,
    Recipient,
    Text,
}

/// Why a mail was not handed over, or perhaps not.
#[derive(Debug)]
enum Failure {
    /// Nobody answers there, or not in TLS.
    Away,
    /// It says nothing, as a server does that waits for TLS.
    Mute,
    /// TLS, or a way to sign in, is not to be had as it has to be: nothing was said.
    Insecure(&'static str),
    /// The connection broke, or made no sense any more, before the final dot.
    Lost,
    /// The server answered no.
    Refused { reply: Reply, stage: Stage },
    /// Our credentials are not accepted.
    Unauthorized,
    /// No access token could be got.
    NoToken(ConnectorError),
    /// Larger than the server takes.
    TooLarge { size: u64, limit: u64 },
    /// The server can't carry this address.
    NeedsUtf8,
    /// Handed over, and nothing heard.
    Unknown,
}

/// What is said where no connection comes about, or none holds.
const AWAY: &str = "the server for sending mail could not be reached";
/// What is said where somebody listens and says nothing.
const MUTE: &str = "the server for sending mail says nothing; where its port begins with TLS, set security to \
                    \"tls\": see the keys port and security";

impl From<wire::Lost> for Failure {
    fn from(_: wire::Lost) -> Self {
        Self::Lost
    }
}

impl From<ConnectorError> for Failure {
    fn from(error: ConnectorError) -> Self {
        Self::NoToken(error)
    }
}

impl Failure {
    /// Whether another connection may do better at once: this one had stood unused for a while.
    fn is_stale(&self) -> bool {
        matches!(self, Self::Lost) || matches!(self, Self::Refused { reply, .. } if reply.code == 421)
    }

    /// Whether the connection can be used again after RSET.
    fn leaves_connection(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::NeedsUtf8 => true,
            Self::Refused { reply, .. } => reply.code != 421,
            _ => false,
        }
    }

    /// What the bridge has to know: surely not sent, never to be sent, or unknown.
    fn for_send(self, server: &Server) -> SendError {
        match self {
            Self::Away | Self::Lost => SendError::Transient { retry_after: None, reason: AWAY.to_owned() },
            Self::Mute => SendError::Transient { retry_after: None, reason: MUTE.to_owned() },
            // Whoever reads it has two servers to look after.
            Self::Insecure(reason) => SendError::Misconfigured { reason: format!("{reason} ({server})") },
            Self::NoToken(ConnectorError::Misconfigured { reason }) => SendError::Misconfigured { reason },
            Self::Refused { reply, .. } if matches!(reply.code, 530 | 534 | 535 | 538) => {
                SendError::Unauthorized
            }
            Self::Refused { reply, stage } if reply.is_transient() => {
                let (retry_after, reason) = (reply.wish(), reply.in_words(stage));
                SendError::Transient { retry_after, reason }
            }
            Self::Refused { reply, stage } => SendError::Rejected { code: reply.in_words(stage) },
            Self::Unauthorized | Self::NoToken(ConnectorError::Unauthorized) => SendError::Unauthorized,
            Self::NoToken(ConnectorError::Transient { retry_after, reason }) => {
                SendError::Transient { retry_after, reason }
            }
            Self::TooLarge { size, limit } => {
                let code = format!("552 5.3.4: the mail has {size} bytes; our mail server takes {limit}");
                SendError::Rejected { code }
            }
            Self::NeedsUtf8 => SendError::Rejected {
                code: "553 5.6.7: our mail server can't carry an address with such letters".to_owned(),
            },
            Self::Unknown => SendError::Unknown,
        }
    }

    /// What a person who sets the inbox up has to know.
    fn for_check(self) -> ConnectorError {
        let transient =
            |reason: &str| ConnectorError::Transient { retry_after: None, reason: reason.to_owned() };
        match self {
            Self::Away => transient(AWAY),
            Self::Mute => transient(MUTE),
            Self::Insecure(reason) => {
                ConnectorError::Misconfigured { reason: format!("sending mail: {reason}") }
            }
            Self::NoToken(error) => error,
            Self::Unauthorized => ConnectorError::Unauthorized,
            Self::Refused { reply, .. } if matches!(reply.code, 530 | 534 | 535 | 538) => {
                ConnectorError::Unauthorized
            }
            Self::Refused { reply, stage } if !reply.is_transient() => {
                ConnectorError::Misconfigured { reason: format!("sending mail: {}", reply.in_words(stage)) }
            }
            _ => transient("the server for sending mail does not answer as it should"),
        }
    }
}
