//! What Discord's error codes mean, in words for a person and in what may be done.
//!
//! <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>

use std::time::Duration;

use rapport_sdk::model::outbound::SendError;

use super::Failure;

/// They can't be written to in private.
pub const CANNOT_DM: u32 = 50007;
/// They share no server with the bot any more.
pub const NO_MUTUAL_SERVER: u32 = 50278;
/// The channel does not exist, or not any more.
pub const UNKNOWN_CHANNEL: u32 = 10003;

/// The words for a refusal. The provider's own words are left out where we have none: they may quote.
pub fn describe(status: u16, code: u32) -> String {
    let words = match code {
        10003 => "the channel or thread does not exist any more",
        10004 => "the server is unknown: was the bot removed?",
        10008 => "the message does not exist any more",
        10013 => "the person is unknown",
        20009 => "the text was taken for explicit content",
        20026 => "Discord takes this bot for a sender of spam",
        20028 => "too many messages to this channel",
        30033 | 160_006 => "the server has as many threads as it can have",
        40001 => "the token may not do this",
        40003 => "private channels are opened too fast",
        40005 => "the files are too large",
        50001 => "the bot can't see this channel: give it View Channel",
        50006 => "the message is empty",
        50007 => "the person takes no private messages from the bot",
        50008 => "this kind of channel takes no messages",
        50009 => "the server's verification level is too high for the bot",
        50013 => {
            "the bot lacks a permission here: Send Messages, Send Messages in Threads, Attach Files or \
            Create Private Threads"
        }
        50024 => "this kind of channel can't do that",
        50035 => "a part of the message is not valid",
        50083 | 160_005 => "the thread is locked",
        50278 => "the person shares no server with the bot any more",
        200_000 | 200_001 => "the server's automatic moderation holds the message back",
        240_000 => "a link is taken for harmful",
        _ => "",
    };
    match (words, code) {
        ("", 0) => format!("HTTP {status}"),
        ("", code) => format!("{code}: refused by the provider with HTTP {status}"),
        (words, code) => format!("{code}: {words}"),
    }
}

/// The kind of a refusal with a status below 500.
pub fn failure(status: u16, code: u32) -> Failure {
    match code {
        40001 => Failure::Unauthorized,
        // A slow mode, or too many new channels: it passes.
        20016 | 20028 | 40003 => Failure::Limited(None),
        _ => Failure::Refused { status, code },
    }
}

/// What a failure means for a message that was to be sent.
pub fn send_error(failure: &Failure) -> SendError {
    let transient = |retry_after: Option<Duration>, reason: &str| SendError::Transient {
        retry_after,
        reason: reason.to_owned(),
    };
    match failure {
        Failure::NotSent => transient(None, "Discord can't be reached"),
        Failure::Limited(retry_after) => transient(*retry_after, "Discord wants fewer messages"),
        Failure::NoAnswer | Failure::Server(_) => SendError::Unknown,
        Failure::Unauthorized => SendError::Unauthorized,
        Failure::Elsewhere => SendError::Misconfigured {
            reason: "Discord's API is somewhere else: look at api_base.".to_owned(),
        },
        Failure::Refused { status, code } => SendError::Rejected { code: describe(*status, *code) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_final_and_says_why() {
        for code in [50007, 50001, 50013, 10003, 10008, 50278, 160_005, 50008, 99999] {
            let error = send_error(&failure(403, code));
            let SendError::Rejected { code: words } = &error else { panic!("{code}: {error:?}") };
            assert!(words.starts_with(&format!("{code}: ")), "{words}");
        }
        assert_eq!(send_error(&failure(400, 0)), SendError::Rejected { code: "HTTP 400".to_owned() });
    }

    #[test]
    fn what_may_have_been_sent_is_never_called_passing() {
        for failure in [Failure::NoAnswer, Failure::Server(500), Failure::Server(502)] {
            assert_eq!(send_error(&failure), SendError::Unknown);
        }
        for failure in [Failure::NotSent, Failure::Limited(None), failure(400, 20028)] {
            assert!(matches!(send_error(&failure), SendError::Transient { .. }));
        }
    }
}
