//! The calls about messages.

use serde_json::{Value, json};

use super::{
    Shared, State,
    acts::Draft,
    channel::{Access, Channel, ChannelKind},
    fault::Operation,
    message::FakeFile,
    rest::{Call, Problem},
    snowflake::Snowflake,
    spec,
    world::{
        ARCHIVED, CLOSED_DM, EMPTY, MISSING_PERMISSIONS, NOT_FOR_TEXT, NOT_THE_AUTHOR, Refusal, World, fixed,
    },
};

/// What comes of a call.
pub(crate) fn respond(shared: &Shared, call: &Call) -> Result<Value, Problem> {
    shared.with(|state| {
        let channel = call.id(1);
        state.world.seen(channel)?;
        match call.operation {
            Operation::Send => send(state, channel, call),
            Operation::History => Ok(history(state, channel, call)),
            Operation::Message => {
                let message = state.world.message(channel, call.id(3))?;
                Ok(state.world.history_json(message, state.may_read))
            }
            Operation::Edit => edit(state, channel, call),
            Operation::Delete => {
                let message = state.world.message(channel, call.id(3))?;
                if message.author != fixed::BOT {
                    return Err(MISSING_PERMISSIONS.into());
                }
                state.world.delete(channel, call.id(3));
                Ok(Value::Null)
            }
            Operation::React | Operation::Unreact => {
                may_write(&state.world, channel)?;
                let set = call.operation == Operation::React;
                state.world.react(channel, call.id(3), fixed::BOT, &call.part(5), set)?;
                Ok(Value::Null)
            }
            _ => {
                may_write(&state.world, channel)?;
                state.world.type_in(channel, fixed::BOT);
                Ok(Value::Null)
            }
        }
    })
}

/// Whether the bot may write there now.
fn may_write(world: &World, id: Snowflake) -> Result<&Channel, Refusal> {
    let channel = world.seen(id)?;
    match channel.kind {
        ChannelKind::Forum => return Err(NOT_FOR_TEXT),
        ChannelKind::Dm => {
            let reachable =
                |id: &Snowflake| world.users.get(id).is_some_and(|user| user.reachable && user.member);
            if !channel.members.iter().all(reachable) {
                return Err(CLOSED_DM);
            }
        }
        _ if world.access(channel) != Access::Full => return Err(MISSING_PERMISSIONS),
        _ => {}
    }
    Ok(channel)
}

fn send(state: &mut State, channel: Snowflake, call: &Call) -> Result<Value, Problem> {
    let body = &call.body;
    let content = body["content"].as_str().unwrap_or("");
    let nonce = body.get("nonce").filter(|nonce| !nonce.is_null()).cloned();
    may_write(&state.world, channel)?;
    if let Some(known) = known_nonce(state, channel, call) {
        return Ok(known);
    }
    let nothing = body["embeds"].as_array().is_none_or(Vec::is_empty)
        && body["sticker_ids"].as_array().is_none_or(Vec::is_empty);
    if content.trim().is_empty() && call.files.is_empty() && nothing {
        return Err(EMPTY.into());
    }
    let reply_to = answered(&state.world, channel, &body["message_reference"])?;
    let draft = Draft {
        content: content.to_owned(),
        files: named(&call.files, &body["attachments"]),
        reply_to,
        allowed_mentions: body.get("allowed_mentions").filter(|allowed| !allowed.is_null()).cloned(),
        nonce,
        webhook: None,
    };
    let message = state.world.post(channel, fixed::BOT, draft)?;
    Ok(state.world.message_json(&message))
}

/// The message that was sent with this nonce before, where it has to be unique.
fn known_nonce(state: &mut State, channel: Snowflake, call: &Call) -> Option<Value> {
    let body = &call.body;
    let nonce = body.get("nonce").filter(|nonce| !nonce.is_null() && body["enforce_nonce"] == json!(true))?;
    let message = state.with_nonce(nonce)?;
    let shown = state.world.message_json(message);
    if message.channel != channel || body["content"].as_str() != Some(&message.content) {
        state.violations.push(format!("Send: the nonce {nonce} stands for another message"));
    }
    Some(shown)
}

/// The message that a new one answers: it has to be there, unless the sender does not mind.
fn answered(world: &World, channel: Snowflake, reference: &Value) -> Result<Option<Snowflake>, Problem> {
    let Some(id) = reference["message_id"].as_str().and_then(|id| id.parse().ok()) else { return Ok(None) };
    if world.message(channel, id).is_ok() {
        return Ok(Some(id));
    }
    if reference["fail_if_not_exists"] == json!(false) {
        return Ok(None);
    }
    let at = ["message_reference"];
    Err(Problem::Form(spec::wrong(&at, "REPLIES_UNKNOWN_MESSAGE", "Unknown message")))
}

/// The files, with the names that the description of the message gives them.
fn named(files: &[FakeFile], described: &Value) -> Vec<FakeFile> {
    let name = |index: usize| described[index]["filename"].as_str().map(str::to_owned);
    let file = |(index, file): (usize, &FakeFile)| FakeFile {
        name: name(index).unwrap_or_else(|| file.name.clone()),
        ..file.clone()
    };
    files.iter().enumerate().map(file).collect()
}

fn edit(state: &mut State, channel: Snowflake, call: &Call) -> Result<Value, Problem> {
    let message = state.world.message(channel, call.id(3))?;
    if message.author != fixed::BOT {
        return Err(NOT_THE_AUTHOR.into());
    }
    if state.world.channel(channel)?.archived {
        return Err(ARCHIVED.into());
    }
    let content = call.body["content"].as_str().unwrap_or(&message.content).to_owned();
    let message = state.world.edit(channel, call.id(3), &content, false)?;
    Ok(state.world.message_json(&message))
}

/// A page of a channel's messages: the newest first, or as the test wants it.
fn history(state: &State, channel: Snowflake, call: &Call) -> Value {
    let limit = call.parameter("limit").unwrap_or(50_usize);
    let (after, before) = (call.parameter::<Snowflake>("after"), call.parameter::<Snowflake>("before"));
    let around = call.parameter::<Snowflake>("around");
    let fits =
        |id: Snowflake| after.is_none_or(|after| id > after) && before.is_none_or(|before| id < before);
    let mut all: Vec<_> = state.world.messages_of(channel).filter(|message| fits(message.id)).collect();
    if let Some(around) = around {
        let middle = all.partition_point(|message| message.id < around);
        all.drain(..middle.saturating_sub(limit / 2));
        all.truncate(limit);
    } else if after.is_some() {
        // Those next to the mark, not the newest of all.
        all.truncate(limit);
    } else {
        all.drain(..all.len().saturating_sub(limit));
    }
    if !state.oldest_first {
        all.reverse();
    }
    all.into_iter().map(|message| state.world.history_json(message, state.may_read)).collect()
}
