//! What can be made to go wrong, call by call.

use std::time::Duration;

/// A part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST Messages.json`
    Send,
    /// `GET Messages.json`, page by page.
    List,
    /// The list of a message's files, and the files.
    Media,
    /// `GET Accounts/{sid}.json`
    Account,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429, to come again after so many seconds.
    RateLimited {
        /// The value of Retry-After.
        retry_after: u64,
    },
    /// This status with this error code; nothing is done.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's code.
        code: u32,
    },
    /// 500 after the request was acted on.
    ActedThenError,
    /// Acted on, then the connection is cut without an answer.
    ActedThenCut,
    /// Acted on, then never answered.
    ActedThenSilent,
    /// Acted on, then a 201 whose body can't be read.
    ActedThenNonsense,
    /// The connection is cut before anything is done.
    Cut,
    /// Never answered, nothing done.
    Silent,
    /// The credentials are refused.
    Unauthorized,
    /// Answered rightly, later.
    Slow(Duration),
    /// Sent on to another address: files are, by the real provider.
    Redirect(String),
}
