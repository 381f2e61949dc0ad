//! What went wrong, and what a server means by NO.

use std::time::Duration;

use async_imap::imap_proto::{Outcome, ResponseCode, Status};
use rapport_sdk::ConnectorError;

/// Why something was not done. No text in it comes from the server: that might name an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection can't be had, broke, or no longer makes sense.
    Lost(&'static str),
    /// We ask for too much, or too often.
    Throttled,
    /// The server answered no to a command that it knows, and the connection stands.
    Refused(Refusal),
    /// The folder is another one than it was when it was opened.
    Moved,
    /// Our credentials are not accepted.
    Unauthorized,
    /// It can't work as it is set up.
    Misconfigured(String),
    /// The access token could not be had.
    Token(ConnectorError),
}

/// What a NO or BAD says, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such folder.
    Nonexistent,
    /// We may not.
    Forbidden,
    /// Not now.
    Unavailable,
    /// Nothing more is known.
    Other,
}

pub(super) const BROKEN: Trouble = Trouble::Lost("the connection broke");
pub(super) const SILENT: Trouble = Trouble::Lost("the server does not answer");
pub(super) const UNREADABLE: Trouble = Trouble::Lost("the server's answer can't be read");

impl Trouble {
    /// What a person has to know.
    pub(crate) fn into_error(self, throttled: Duration) -> ConnectorError {
        let transient = |retry_after, reason: &str| {
            let reason = format!("Receiving mail: {reason}.");
            ConnectorError::Transient { retry_after, reason }
        };
        match self {
            Self::Lost(reason) => transient(None, reason),
            Self::Throttled => transient(
                Some(throttled),
                "the server says that there are too many connections or commands; close other mail \
                 programs of this mailbox if it goes on",
            ),
            Self::Refused(Refusal::Unavailable) => transient(None, "the server asks to come again later"),
            Self::Refused(_) => transient(None, "the server refuses what it is asked for"),
            Self::Moved => transient(None, "a folder was changed while it was read"),
            Self::Unauthorized => ConnectorError::Unauthorized,
            Self::Misconfigured(reason) => {
                ConnectorError::Misconfigured { reason: format!("Receiving mail: {reason}.") }
            }
            Self::Token(error) => error,
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    /// `None`: with OK.
    pub(super) refusal: Option<Refusal>,
    /// The server complained on the way (an untagged NO or BAD). Dovecot does so where a mailbox was
    /// deleted under us, and then ends with an OK that means nothing.
    pub(super) complained: bool,
}

/// Judges a status that is not OK. Codes are those of RFC 5530; who sends none says it in words, which
/// are those of Gmail, Exchange, Dovecot, Cyrus and Courier.
pub(super) fn judge(status: &Status, outcome: &Outcome<'_>) -> Result<Option<Refusal>, Trouble> {
    if *status == Status::Ok {
        return Ok(None);
    }
    let text = words(outcome);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&THROTTLED) {
        return Err(Trouble::Throttled);
    }
    if outcome.code == Some(ResponseCode::TryCreate) || says(&NONEXISTENT) {
        return Ok(Some(Refusal::Nonexistent));
    }
    if says(&FORBIDDEN) {
        return Ok(Some(Refusal::Forbidden));
    }
    Ok(Some(if says(&UNAVAILABLE) { Refusal::Unavailable } else { Refusal::Other }))
}

/// Judges the answer to a sign-in.
pub(super) fn judge_login(status: &Status, outcome: &Outcome<'_>) -> Result<(), Trouble> {
    if *status == Status::Ok {
        return Ok(());
    }
    let text = words(outcome);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    Err(if says(&THROTTLED) {
        Trouble::Throttled
    } else if says(&["[privacyrequired]", "plaintext auth", "cleartext"]) {
        Trouble::Misconfigured("the server takes no password without TLS: set security to tls".to_owned())
    } else if !says(&["[authenticationfailed]", "[expired]"]) && says(&UNAVAILABLE) {
        Trouble::Refused(Refusal::Unavailable)
    } else {
        Trouble::Unauthorized
    })
}

const THROTTLED: [&str; 8] = [
    "[limit]",
    "[overquota]",
    "too many",
    "simultaneous",
    "throttl",
    "rate limit",
    "bandwidth limit",
    "[inuse]",
];
const NONEXISTENT: [&str; 6] = [
    "[nonexistent]",
    "doesn't exist",
    "does not exist",
    "unknown mailbox",
    "no such mailbox",
    "mailbox not found",
];
const FORBIDDEN: [&str; 3] = ["[noperm]", "permission denied", "access denied"];
const UNAVAILABLE: [&str; 9] = [
    "[unavailable]",
    "[serverbug]",
    "[contactadmin]",
    "temporar",
    "try again",
    "internal error",
    "internal server error",
    "busy",
    "timed out",
];

fn words(outcome: &Outcome<'_>) -> String {
    outcome.information.as_deref().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &'static str) -> Result<(), Trouble> {
        judge_login(&Status::No, &Outcome { code: None, information: Some(text.into()) })
    }

    #[test]
    fn a_refused_sign_in_is_told_from_a_server_that_can_not_look() {
        for text in [
            "[AUTHENTICATIONFAILED] Authentication failed.",
            "LOGIN failed.",
            "Invalid credentials (Failure)",
        ] {
            assert_eq!(login(text), Err(Trouble::Unauthorized), "{text}");
        }
        for text in
            ["[UNAVAILABLE] Temporary authentication failure.", "Internal error occurred. Try again later"]
        {
            assert_eq!(login(text), Err(Trouble::Refused(Refusal::Unavailable)), "{text}");
        }
        for text in [
            "Too many simultaneous connections. (Failure)",
            "[LIMIT] Maximum number of connections exceeded",
            "[OVERQUOTA] Account exceeded command or bandwidth limits.",
        ] {
            assert_eq!(login(text), Err(Trouble::Throttled), "{text}");
        }
        let private = login("[PRIVACYREQUIRED] Plaintext authentication disallowed");
        assert!(matches!(private, Err(Trouble::Misconfigured(_))));
    }
}
