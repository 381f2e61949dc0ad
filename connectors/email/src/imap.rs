//! The mailbox over IMAP (RFC 3501): a few commands, each with an end to its patience.
//!
//! The usual client (async-imap) parses the protocol and keeps tags; what it does not do is done here. It
//! waits for ever, it drops the tagged answer of FETCH and SEARCH, and it takes an IDLE that was refused
//! for one that has not begun. So commands go out by [`link::Link`], which sees every answer.
//!
//! `wire` is the connection with a bound on what may come, `dial` opens it and signs in, `link` speaks,
//! `answer` says what a refusal means, `folder` writes names. Nothing here writes to a mailbox but
//! [`append`], and nothing knows what a mail means.

mod answer;
mod append;
mod dial;
mod folder;
mod link;
mod mails;
mod waiting;
mod wire;

use std::time::Duration;

pub(crate) use answer::{Refusal, Trouble};
pub use append::Append;
pub(crate) use dial::Dialer;
pub(crate) use link::{Link, Opened};
pub(crate) use mails::{Listed, Wanted, uid_set};

/// How long is waited, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the connection, for TLS and for the greeting, each.
    pub connect: Duration,
    /// For the next byte while something is asked for.
    pub silence: Duration,
    /// For one whole answer, however it trickles.
    pub answer: Duration,
    /// How long one IDLE lasts (RFC 2177 allows 29 min; middleboxes forget a connection after five).
    pub idle: Duration,
    /// The wait after the first failure, which doubles with each up to the second one.
    pub back_off: (Duration, Duration),
    /// The wait where the server says that we ask for too much.
    pub throttled: Duration,
    /// The wait before a mail that could not be had is asked for again; it triples with each try.
    pub retry: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            silence: seconds(60),
            answer: seconds(900),
            idle: seconds(240),
            back_off: (seconds(1), seconds(120)),
            throttled: seconds(60),
            retry: seconds(10),
        }
    }
}
