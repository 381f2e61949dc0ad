//! Why a call did not succeed, and what that means for who asked and for who sent.

use std::time::Duration;

use http::StatusCode;
use rapport_sdk::{ConnectorError, http::HttpError, model::outbound::SendError};
use teloxide_core::{ApiError, RequestError};

use super::FetchFailure;

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The request surely reached nobody.
    NotSent(String),
    /// The request may have been acted on: the answer is missing.
    NoAnswer(String),
    /// Telegram says no.
    Refused(Refusal),
    /// What came is no answer of Telegram's: a gateway's page, or half of one.
    Strange {
        /// Its status, where that is known.
        status: Option<StatusCode>,
        /// When to come again, where it says so.
        retry_after: Option<Duration>,
    },
}

/// Telegram's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code, one of HTTP's.
    pub code: u16,
    /// Its reason, in English.
    pub description: String,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// The id that the group has now.
    pub migrated_to: Option<i64>,
}

impl Refusal {
    /// Whether somebody does not let us write to them any more, or is gone.
    pub fn is_unreachable(&self) -> bool {
        self.code == 403
    }

    /// Whether the picture alone is the reason, so that it may go as a file like any other.
    pub fn is_about_the_picture(&self) -> bool {
        let reason = self.description.to_ascii_uppercase();
        self.code == 400 && ["PHOTO_", "IMAGE_PROCESS_FAILED"].iter().any(|word| reason.contains(word))
    }

    /// Whether another program asks for this bot's updates.
    pub fn is_conflict(&self) -> bool {
        self.code == 409
    }

    /// Whether the conflict is with a webhook, and not with another program that asks.
    pub fn is_about_a_webhook(&self) -> bool {
        self.is_conflict() && self.description.contains("webhook")
    }

    /// The reason without Telegram's own prefix, cut to one short line; words of ours for what people meet
    /// most.
    pub fn reason(&self) -> String {
        let known = |word: &str| self.description.to_ascii_lowercase().contains(word);
        let plain = match self.description.split_once(": ") {
            Some((_, plain)) => plain,
            None => &self.description,
        };
        let words = if known("blocked by the user") {
            "the customer has blocked the bot"
        } else if known("user is deactivated") {
            "the customer's account no longer exists"
        } else if known("was kicked") || known("not a member") {
            "the bot is no longer in this group"
        } else if known("can't initiate conversation") {
            "the customer has not written to the bot yet"
        } else if known("chat not found") {
            "there is no such chat any more"
        } else if known("message thread not found") {
            "the topic was deleted"
        } else if known("file is too big") {
            "no file of more than 20 MB is handed to a bot"
        } else if known("topic_closed") {
            "the topic is closed"
        } else if known("business_peer") || known("business connection") {
            "the business account does not let the bot answer here"
        } else {
            return plain.chars().filter(|c| !c.is_control()).take(120).collect();
        };
        words.to_owned()
    }
}

impl From<HttpError> for CallError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::NotSent(reason) => Self::NotSent(reason),
            HttpError::NoAnswer(reason) => Self::NoAnswer(reason),
        }
    }
}

impl CallError {
    /// The library's error. It keeps the description alone, which begins with the code's name.
    pub fn of_library(error: RequestError) -> Self {
        let refused = |code, description: String| {
            Self::Refused(Refusal { code, description, retry_after: None, migrated_to: None })
        };
        match error {
            RequestError::Network(error) if error.is_connect() || error.is_builder() => {
                Self::NotSent("no connection".to_owned())
            }
            RequestError::Network(_) => Self::NoAnswer("the connection was lost".to_owned()),
            RequestError::RetryAfter(seconds) => Self::Refused(Refusal {
                code: 429,
                description: "Too Many Requests".to_owned(),
                retry_after: Some(seconds.duration()),
                migrated_to: None,
            }),
            RequestError::MigrateToChatId(chat) => Self::Refused(Refusal {
                code: 400,
                description: "Bad Request: group chat was upgraded to a supergroup chat".to_owned(),
                retry_after: None,
                migrated_to: Some(chat.0),
            }),
            RequestError::Api(ApiError::InvalidToken) => refused(401, "Unauthorized".to_owned()),
            RequestError::Api(error) => {
                let description = match error {
                    ApiError::Unknown(description) => description,
                    known => known.to_string(),
                };
                let code = match description.split(':').next().unwrap_or_default() {
                    "Bad Request" => 400,
                    "Unauthorized" | "Forbidden" => 403,
                    "Request Entity Too Large" => 413,
                    "Too Many Requests" => 429,
                    // Whatever else it is: it may have happened behind the sending.
                    _ => 500,
                };
                refused(code, description)
            }
            RequestError::Io(_) => Self::NotSent("the file can't be read".to_owned()),
            RequestError::InvalidJson { .. } => Self::Strange { status: None, retry_after: None },
        }
    }
}

impl From<CallError> for SendError {
    fn from(error: CallError) -> Self {
        let busy = |retry_after| Self::Transient {
            retry_after,
            reason: "Telegram takes no more from us for now".to_owned(),
        };
        match error {
            // What exactly is amiss stands in the inbox's state; who waits for a message reads this.
            CallError::NotSent(_) => {
                Self::Transient { retry_after: None, reason: "Telegram can't be reached".to_owned() }
            }
            CallError::NoAnswer(_) => Self::Unknown,
            CallError::Refused(refusal) => match refusal.code {
                // An unknown token has no address: 404.
                401 | 404 => Self::Unauthorized,
                429 => busy(refusal.retry_after),
                400..=499 => Self::Rejected { code: format!("{}: {}", refusal.code, refusal.reason()) },
                _ => Self::Unknown,
            },
            CallError::Strange { status, retry_after } => match status.map(|status| status.as_u16()) {
                Some(300..=399) => Self::Misconfigured { reason: ELSEWHERE.to_owned() },
                Some(413) => Self::Rejected { code: "413: the file is too large".to_owned() },
                Some(429) => busy(retry_after),
                _ => Self::Unknown,
            },
        }
    }
}

const ELSEWHERE: &str = "The Bot API is somewhere else: look at api_base.";

impl From<CallError> for ConnectorError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent(reason) | CallError::NoAnswer(reason) => {
                Self::Transient { retry_after: None, reason: format!("Telegram is not reached: {reason}.") }
            }
            CallError::Refused(refusal) => match refusal.code {
                401 | 404 => Self::Unauthorized,
                429 => Self::Transient {
                    retry_after: refusal.retry_after,
                    reason: "Telegram asks us to wait.".to_owned(),
                },
                400 | 403 | 413 => {
                    Self::Misconfigured { reason: format!("Telegram refuses: {}.", refusal.reason()) }
                }
                code => Self::Transient {
                    retry_after: refusal.retry_after,
                    reason: format!("Telegram answers with {code}."),
                },
            },
            CallError::Strange { status, retry_after } => match status.map(|status| status.as_u16()) {
                Some(300..=399 | 404 | 405) => Self::Misconfigured { reason: ELSEWHERE.to_owned() },
                Some(status @ 400..) => {
                    Self::Transient { retry_after, reason: format!("Telegram answers with HTTP {status}.") }
                }
                _ => Self::Transient { retry_after, reason: "Telegram's answer can't be read.".to_owned() },
            },
        }
    }
}

impl From<FetchFailure> for ConnectorError {
    fn from(error: FetchFailure) -> Self {
        match error {
            FetchFailure::Call(error) => error.into(),
            FetchFailure::NoPath => {
                Self::Misconfigured { reason: "Telegram does not say where the file is.".to_owned() }
            }
            FetchFailure::Bytes(error) => error.into(),
        }
    }
}
