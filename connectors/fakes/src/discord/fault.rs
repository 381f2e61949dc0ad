//! What can be made to go wrong, call by call.

use std::time::Duration;

/// A part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `GET gateway`
    Gateway,
    /// `GET gateway/bot`
    GatewayBot,
    /// `GET users/@me`
    Me,
    /// `GET users/{user}`
    User,
    /// `GET applications/@me` and `GET oauth2/applications/@me`
    Application,
    /// `POST users/@me/channels`
    OpenDm,
    /// `GET users/@me/guilds`
    Guilds,
    /// `GET guilds/{guild}`
    Guild,
    /// `GET guilds/{guild}/channels`
    Channels,
    /// `GET guilds/{guild}/members/{user}`
    Member,
    /// `GET guilds/{guild}/members`
    Members,
    /// `GET guilds/{guild}/threads/active`
    ActiveThreads,
    /// `GET channels/{channel}`
    Channel,
    /// `PATCH channels/{channel}`
    EditChannel,
    /// `POST channels/{channel}/typing`
    Typing,
    /// `GET channels/{channel}/messages`
    History,
    /// `GET channels/{channel}/messages/{message}`
    Message,
    /// `POST channels/{channel}/messages`
    Send,
    /// `PATCH channels/{channel}/messages/{message}`
    Edit,
    /// `DELETE channels/{channel}/messages/{message}`
    Delete,
    /// `PUT` of an own reaction
    React,
    /// `DELETE` of an own reaction
    Unreact,
    /// `POST channels/{channel}/threads`
    StartThread,
    /// `POST channels/{channel}/messages/{message}/threads`
    StartThreadAt,
    /// `PUT channels/{channel}/thread-members/{user}`
    AddToThread,
    /// `GET channels/{channel}/thread-members`
    ThreadMembers,
    /// `GET channels/{channel}/threads/archived/public`
    ArchivedPublic,
    /// `GET channels/{channel}/threads/archived/private`
    ArchivedPrivate,
    /// `GET channels/{channel}/users/@me/threads/archived/private`
    ArchivedJoined,
    /// A file of a message.
    File,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// 429, to come again after so long.
    RateLimited {
        /// Retry-After and `retry_after`.
        after: Duration,
        /// Whether it is the limit over all routes.
        global: bool,
        /// Whether the headers that name the limit are there too.
        headers: bool,
    },
    /// 429 of the network in front, in HTML: error 1015.
    Banned,
    /// This status with this error code; nothing is done.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's code.
        code: u32,
    },
    /// A page in HTML with this status; nothing is done.
    Html(u16),
    /// 500 after the request was acted on.
    ActedThenError,
    /// Acted on, then the connection is cut without an answer.
    ActedThenCut,
    /// Acted on, then never answered.
    ActedThenSilent,
    /// Acted on, then an answer that is no JSON.
    ActedThenNonsense,
    /// Acted on, then half of the answer, and the connection is cut.
    ActedThenHalf,
    /// Acted on, then an answer in JSON that a strict reader refuses: fields are missing or of another type.
    ActedThenOdd,
    /// The connection is cut before anything is done.
    Cut,
    /// Never answered, nothing done.
    Silent,
    /// The token is refused.
    Unauthorized,
    /// Answered rightly, later.
    Slow(Duration),
}
