//! What can be made to go wrong, and at which step of the dialogue.

use std::time::Duration;

/// A step of the dialogue (RFC 5321).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The greeting.
    Connect,
    /// EHLO.
    Hello,
    /// STARTTLS, before the handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA: leave to send the text.
    Data,
    /// The text, while it comes: acted on when its first line is there.
    Body,
    /// The answer to the final dot.
    Dot,
    /// RSET.
    Reset,
    /// NOOP.
    Noop,
    /// QUIT.
    Quit,
}

impl Stage {
    /// Every step.
    pub const ALL: [Self; 12] = [
        Self::Connect,
        Self::Hello,
        Self::StartTls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Body,
        Self::Dot,
        Self::Reset,
        Self::Noop,
        Self::Quit,
    ];
}

/// How a step fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this, whole, without its line end; nothing is done. After 421 the connection ends.
    Reply(Vec<u8>),
    /// The connection is cut before anything is done.
    Cut,
    /// Never answered, nothing done.
    Silent,
    /// Done, and the connection is cut without an answer.
    ActedThenCut,
    /// Done, and never answered.
    ActedThenSilent,
    /// Done, and answered with what is no answer.
    ActedThenNonsense,
    /// Done rightly, later.
    Slow(Duration),
    /// Answered rightly, and this stands behind the answer in the same packet: what somebody on the way
    /// puts before TLS begins.
    Injected(Vec<u8>),
}

impl Fault {
    /// An answer with a code and words.
    pub fn reply(text: &str) -> Self {
        Self::Reply(text.as_bytes().to_vec())
    }
}
