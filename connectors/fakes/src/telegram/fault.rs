//! What can be made to go wrong, call by call.

use std::time::Duration;

/// A part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `getMe`
    Identity,
    /// `getUpdates`
    Updates,
    /// `setWebhook`, `deleteWebhook` and `getWebhookInfo`
    Webhook,
    /// Each method that puts a message into a chat.
    Send,
    /// `sendChatAction`
    Typing,
    /// `setMessageReaction`
    React,
    /// `editMessageText` and `editMessageCaption`
    Edit,
    /// `deleteMessage` and `deleteMessages`
    Delete,
    /// `getFile`
    File,
    /// The file itself.
    Download,
    /// What is left: `getChat` and the like.
    Other,
}

impl Operation {
    /// Where a method of the API belongs.
    pub(crate) fn of(method: &str) -> Self {
        match method {
            "getMe" => Self::Identity,
            "getUpdates" => Self::Updates,
            "setWebhook" | "deleteWebhook" | "getWebhookInfo" => Self::Webhook,
            "sendChatAction" => Self::Typing,
            "setMessageReaction" => Self::React,
            "editMessageText" | "editMessageCaption" => Self::Edit,
            "deleteMessage" | "deleteMessages" => Self::Delete,
            "getFile" => Self::File,
            _ if method.starts_with("send") => Self::Send,
            _ => Self::Other,
        }
    }
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429, to come again after so many seconds; nothing is done.
    RateLimited {
        /// The value of `parameters.retry_after`.
        retry_after: u64,
    },
    /// An answer in the API's form; nothing is done.
    Refused {
        /// The status, also `error_code`.
        code: u16,
        /// The description, as in "Forbidden: bot was blocked by the user".
        description: String,
    },
    /// This status with a page of HTML, as a gateway on the way answers; nothing is done.
    Html(u16),
    /// The connection is cut before anything is done.
    Cut,
    /// Never answered, nothing done.
    Silent,
    /// 500 in the API's form after the request was acted on.
    ActedThenError,
    /// Acted on, then the connection is cut without an answer.
    ActedThenCut,
    /// Acted on, then never answered.
    ActedThenSilent,
    /// Acted on, then a 200 whose body can't be read.
    ActedThenNonsense,
    /// Acted on, then the connection ends in the middle of the answer.
    ActedThenHalf,
    /// Answered rightly, later.
    Slow(Duration),
}

impl Fault {
    /// A refusal: 403 where it says so, else 400.
    pub fn refused(description: &str) -> Self {
        let code = if description.starts_with("Forbidden") { 403 } else { 400 };
        Self::Refused { code, description: description.to_owned() }
    }
}
