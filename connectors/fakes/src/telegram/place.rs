//! Where a request wants to speak, and whether the bot may speak there.

use serde_json::Value;

use super::{
    api::Refusal,
    spec::Params,
    world::{Chat, ChatKind, Membership, World},
};

/// A chat in which the bot may speak.
pub(crate) struct Place {
    pub(crate) chat: Chat,
    /// The topic; none is General.
    pub(crate) thread: Option<i64>,
    /// Who speaks: the bot, or the business that it speaks for.
    pub(crate) speaker: i64,
}

/// The chat that a request names, whatever the bot may do there.
pub(crate) fn chat_of(world: &World, params: &Params) -> Result<Chat, Refusal> {
    let id = match params.fields.get("chat_id") {
        Some(Value::String(name)) => {
            let named = |chat: &&Chat| chat.username.as_deref() == name.strip_prefix('@');
            world.chats.iter().find(named).map(|chat| chat.id)
        }
        _ => params.integer("chat_id"),
    };
    let id = id.ok_or_else(|| Refusal::bad("chat not found"))?;
    let business = params.text("business_connection_id");
    if let Some(business) = business {
        world.connection(business).ok_or_else(|| Refusal::bad("business connection not found"))?;
    }
    match world.chat(id, business) {
        Some(chat) => Ok(chat.clone()),
        None if business.is_none() && world.users.iter().any(|user| user.id == id) => {
            Err(Refusal::forbidden("bot can't initiate conversation with a user"))
        }
        None => Err(Refusal::bad("chat not found")),
    }
}

/// The place that a request names, if the bot may speak there.
pub(crate) fn place_of(world: &World, params: &Params) -> Result<Place, Refusal> {
    let chat = chat_of(world, params)?;
    if let Some(to) = chat.migrated_to {
        return Err(Refusal::migrated(to));
    }
    may_speak(world, &chat)?;
    let thread = thread_of(&chat, params)?;
    let speaker = chat.business.as_deref().and_then(|id| world.connection(id)).map(|found| found.owner);
    Ok(Place { chat, thread, speaker: speaker.unwrap_or(world.bot.id) })
}

fn may_speak(world: &World, chat: &Chat) -> Result<(), Refusal> {
    if let Some(connection) = chat.business.as_deref().and_then(|id| world.connection(id)) {
        return if connection.is_enabled && connection.can_reply {
            Ok(())
        } else {
            Err(Refusal::bad("BUSINESS_PEER_USAGE_MISSING"))
        };
    }
    if chat.kind == ChatKind::Private {
        if world.user(chat.id).is_some_and(|user| user.deactivated) {
            return Err(Refusal::forbidden("user is deactivated"));
        }
        return match chat.bot {
            Membership::Kicked => Err(Refusal::forbidden("bot was blocked by the user")),
            _ => Ok(()),
        };
    }
    let kind = chat.kind.name();
    match chat.bot {
        Membership::Kicked => Err(Refusal::forbidden(format!("bot was kicked from the {kind} chat"))),
        Membership::Left => Err(Refusal::forbidden(format!("bot is not a member of the {kind} chat"))),
        Membership::Member | Membership::Administrator => Ok(()),
    }
}

fn thread_of(chat: &Chat, params: &Params) -> Result<Option<i64>, Refusal> {
    let Some(thread) = params.integer("message_thread_id").filter(|thread| *thread != 0) else {
        return Ok(None);
    };
    let topic = chat.topics.iter().find(|topic| topic.thread == thread && !topic.deleted);
    match topic {
        None => Err(Refusal::bad("message thread not found")),
        Some(topic) if topic.closed && chat.bot != Membership::Administrator => {
            Err(Refusal::bad("TOPIC_CLOSED"))
        }
        Some(_) => Ok(Some(thread)),
    }
}
