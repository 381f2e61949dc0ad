//! The calls about everything but messages: who the bot is, where it is, channels, threads, files.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{
    Shared, State,
    acts::Draft,
    channel::{Access, Channel, ChannelKind},
    fault::Operation,
    people::User,
    rest::{Call, Problem},
    snowflake::Snowflake,
    world::{
        ARCHIVED, HAS_THREAD, MISSING_PERMISSIONS, UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MEMBER,
        UNKNOWN_USER, WRONG_KIND, fixed,
    },
};

/// What comes of a call.
pub(crate) fn respond(shared: &Shared, call: &Call) -> Result<Value, Problem> {
    shared.with(|state| {
        let world = &state.world;
        match call.operation {
            Operation::Gateway => Ok(json!({"url": shared.gateway_url()})),
            Operation::GatewayBot => Ok(json!({
                "url": shared.gateway_url(), "shards": 1,
                "session_start_limit": {
                    "total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1,
                },
            })),
            Operation::Me => Ok(world.users.get(&fixed::BOT).map_or(Value::Null, User::as_own_json)),
            Operation::Application => Ok(application(state)),
            Operation::Guilds => Ok(json!([{
                "id": fixed::GUILD, "name": "The shop", "icon": null, "banner": null, "owner": false,
                "permissions": "2248473465835073", "features": [],
            }])),
            Operation::User => {
                let user = world.users.get(&call.id(1)).ok_or(UNKNOWN_USER)?;
                Ok(user.as_json())
            }
            Operation::OpenDm => {
                let user = call.body["recipient_id"].as_str().and_then(|id| id.parse().ok());
                let user = user.filter(|id| world.users.contains_key(id)).ok_or(UNKNOWN_USER)?;
                let id = state.world.open_dm(user);
                Ok(state.world.channel_json(state.world.channel(id)?))
            }
            Operation::Channel => Ok(world.channel_json(world.seen(call.id(1))?)),
            Operation::Guild
            | Operation::Channels
            | Operation::Members
            | Operation::Member
            | Operation::ActiveThreads => in_guild(state, call),
            _ => threads(state, call),
        }
    })
}

fn application(state: &State) -> Value {
    json!({
        "id": fixed::APPLICATION, "name": "Shop", "icon": null, "description": "", "bot_public": false,
        "bot_require_code_grant": false, "verify_key": "00", "team": null, "flags": state.flags(),
        "owner": state.world.users.get(&fixed::OWNER).map(User::as_json), "summary": "", "rpc_origins": [],
        "integration_types_config": {},
    })
}

fn in_guild(state: &State, call: &Call) -> Result<Value, Problem> {
    let world = &state.world;
    if call.id(1) != fixed::GUILD {
        return Err(UNKNOWN_GUILD.into());
    }
    match call.operation {
        Operation::Guild => Ok(world.bare_guild_json()),
        Operation::Channels => {
            let shown = |channel: &&Channel| {
                matches!(channel.kind, ChannelKind::Text | ChannelKind::Forum)
                    && world.access(channel) != Access::None
            };
            Ok(world.channels.values().filter(shown).map(|channel| world.channel_json(channel)).collect())
        }
        Operation::Member => {
            let user = world.users.get(&call.id(3)).filter(|user| user.member).ok_or(UNKNOWN_MEMBER)?;
            Ok(user.as_member(true))
        }
        Operation::Members => {
            let after = call.parameter("after").unwrap_or(Snowflake(0));
            let members = world.users.values().filter(|user| user.member && user.id > after);
            Ok(members.take(call.parameter("limit").unwrap_or(1)).map(|user| user.as_member(true)).collect())
        }
        _ => Ok(listed(state, |thread| thread.kind.is_thread() && !thread.archived, None, false)),
    }
}

/// Threads in the API's form: those that are archived last come first.
fn listed(state: &State, shown: impl Fn(&Channel) -> bool, limit: Option<usize>, by_id: bool) -> Value {
    let world = &state.world;
    let seen = |thread: &&Channel| shown(thread) && world.access(thread) != Access::None;
    let mut threads: Vec<&Channel> = world.channels.values().filter(seen).collect();
    threads.sort_by_key(|thread| if by_id { (0, thread.id) } else { (thread.archive_changed, thread.id) });
    threads.reverse();
    let has_more = limit.is_some_and(|limit| threads.len() > limit);
    threads.truncate(limit.unwrap_or(usize::MAX));
    let joined = threads.iter().filter(|thread| thread.members.contains(&fixed::BOT));
    let members: Vec<Value> = joined.map(|thread| thread.member_json(fixed::BOT)).collect();
    let shown: Vec<Value> = threads.iter().map(|thread| world.channel_json(thread)).collect();
    json!({"threads": shown, "members": members, "has_more": has_more})
}

fn threads(state: &mut State, call: &Call) -> Result<Value, Problem> {
    let id = call.id(1);
    let channel = state.world.seen(id)?.clone();
    let of = |kind: ChannelKind| {
        move |thread: &Channel| thread.parent == Some(id) && thread.archived && thread.kind == kind
    };
    let limit = Some(call.parameter("limit").unwrap_or(50));
    // A page ends before an instant, and that one before an id.
    let until = call.parameter::<jiff::Timestamp>("before").map_or(i64::MAX, jiff::Timestamp::as_millisecond);
    let before = move |thread: &Channel| thread.archive_changed < until;
    match call.operation {
        Operation::ArchivedPublic => {
            let shown = of(ChannelKind::PublicThread);
            Ok(listed(state, |thread| shown(thread) && before(thread), limit, false))
        }
        Operation::ArchivedPrivate => {
            let shown = of(ChannelKind::PrivateThread);
            Ok(listed(state, |thread| shown(thread) && before(thread), limit, false))
        }
        Operation::ArchivedJoined => {
            let shown = of(ChannelKind::PrivateThread);
            let last = call.parameter::<Snowflake>("before").unwrap_or(Snowflake(u64::MAX));
            let shown =
                |thread: &Channel| shown(thread) && thread.id < last && thread.members.contains(&fixed::BOT);
            Ok(listed(state, shown, limit, true))
        }
        Operation::ThreadMembers => {
            Ok(channel.members.iter().map(|member| channel.member_json(*member)).collect())
        }
        _ if state.world.access(&channel) != Access::Full => Err(MISSING_PERMISSIONS.into()),
        Operation::AddToThread => {
            let user = call.id(3);
            state.world.users.get(&user).filter(|user| user.member).ok_or(UNKNOWN_MEMBER)?;
            match (channel.kind.is_thread(), channel.archived) {
                (false, _) => return Err(WRONG_KIND.into()),
                (true, true) => return Err(ARCHIVED.into()),
                (true, false) => state.world.join_thread(id, user)?,
            }
            Ok(Value::Null)
        }
        Operation::EditChannel => {
            if !channel.kind.is_thread() {
                return Err(WRONG_KIND.into());
            }
            let flag = |name: &str, before: bool| call.body[name].as_bool().unwrap_or(before);
            if let Some(name) = call.body["name"].as_str() {
                state.world.keep_channel(Channel { name: name.to_owned(), ..channel.clone() });
            }
            let (archived, locked) = (flag("archived", channel.archived), flag("locked", channel.locked));
            state.world.archive(id, archived, locked)?;
            Ok(state.world.channel_json(state.world.channel(id)?))
        }
        _ => start(state, &channel, call),
    }
}

/// Begins a thread: on a message, as a post of a forum, or by itself, which is private unless it says so.
fn start(state: &mut State, channel: &Channel, call: &Call) -> Result<Value, Problem> {
    let name = call.body["name"].as_str().unwrap_or_default();
    let kind = match (channel.kind, call.operation) {
        (ChannelKind::Text, Operation::StartThreadAt) | (ChannelKind::Forum, Operation::StartThread) => {
            ChannelKind::PublicThread
        }
        (ChannelKind::Text, _) if call.body["type"] == json!(11) => ChannelKind::PublicThread,
        (ChannelKind::Text, _) => ChannelKind::PrivateThread,
        _ => return Err(WRONG_KIND.into()),
    };
    let id = if call.operation == Operation::StartThreadAt {
        state.world.message(channel.id, call.id(3))?.id
    } else {
        state.world.new_id()
    };
    if state.world.channels.contains_key(&id) {
        return Err(HAS_THREAD.into());
    }
    state.world.start_thread(id, channel.id, kind, name, &[fixed::BOT]);
    if channel.kind == ChannelKind::Forum {
        let content = call.body["message"]["content"].as_str().unwrap_or_default().to_owned();
        let draft = Draft { content, files: call.files.clone(), ..Draft::default() };
        state.world.post_as(id, id, fixed::BOT, draft)?;
    }
    let thread = state.world.channel(id).map_err(|_| UNKNOWN_CHANNEL)?;
    Ok(state.world.channel_json(thread))
}

/// A file by its address: `channel/file/name`.
pub(crate) fn file(shared: &Shared, path: &str, query: &[(String, String)]) -> Response {
    let mut parts = path.split('/').map(|part| part.parse::<Snowflake>().unwrap_or(Snowflake(0)));
    let (channel, id) = (parts.next().unwrap_or(Snowflake(0)), parts.next().unwrap_or(Snowflake(0)));
    let found = shared.with(|state| {
        if !state.world.links.is_good(id, query) {
            return None;
        }
        let mut files = state.world.messages_of(channel).flat_map(|message| &message.files);
        files.find(|(known, _)| *known == id).map(|(_, file)| file.clone())
    });
    match found {
        Some(file) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response(),
        None => (StatusCode::NOT_FOUND, "This content is no longer available.").into_response(),
    }
}
