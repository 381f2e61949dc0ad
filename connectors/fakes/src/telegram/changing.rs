//! The methods that change what was said, and those that leave no message: typing and reactions.

use serde_json::{Map, Value, json};

use super::{
    Shared,
    api::Refusal,
    place::place_of,
    sending::{LONGEST_CAPTION, LONGEST_TEXT, insert_text},
    spec::Params,
    world::Membership,
};

/// What `sendChatAction` knows.
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

pub(crate) fn typing(shared: &Shared, params: &Params) -> Result<Value, Refusal> {
    shared.with(|world| {
        let place = place_of(world, params)?;
        let action = params.text("action").unwrap_or_default();
        if !ACTIONS.contains(&action) {
            return Err(Refusal::bad("wrong parameter action in request"));
        }
        world.typing.push((place.chat.id, action.to_owned()));
        Ok(json!(true))
    })
}

pub(crate) fn react(shared: &Shared, params: &Params) -> Result<Value, Refusal> {
    shared.with(|world| {
        let place = place_of(world, params)?;
        let id = params.integer("message_id").unwrap_or(0);
        let reactions = params.list("reaction").cloned().unwrap_or_default();
        if reactions.len() > 1 {
            return Err(Refusal::bad("REACTIONS_TOO_MANY"));
        }
        if reactions.iter().any(|reaction| reaction["emoji"].as_str() == Some("")) {
            return Err(Refusal::bad("REACTION_INVALID"));
        }
        let bot = world.bot.id;
        let business = place.chat.business.as_deref();
        let found = world.record(place.chat.id, business, id).is_some_and(|record| !record.deleted);
        if !found {
            return Err(Refusal::bad("message to react not found"));
        }
        world.change(place.chat.id, business, id, |record| {
            if reactions.is_empty() {
                record.reactions.remove(&bot);
            } else {
                record.reactions.insert(bot, reactions);
            }
        });
        Ok(json!(true))
    })
}

pub(crate) fn edit(shared: &Shared, params: &Params, is_text: bool) -> Result<Value, Refusal> {
    let now = shared.now();
    let (name, entities, longest) = if is_text {
        ("text", "entities", LONGEST_TEXT)
    } else {
        ("caption", "caption_entities", LONGEST_CAPTION)
    };
    shared.with(|world| {
        let place = place_of(world, params)?;
        let business = place.chat.business.as_deref();
        let id = params.integer("message_id").unwrap_or(0);
        let record = world
            .record(place.chat.id, business, id)
            .filter(|record| !record.deleted)
            .ok_or_else(|| Refusal::bad("message to edit not found"))?;
        if record.user != place.speaker {
            return Err(Refusal::bad("message can't be edited"));
        }
        if is_text == record.json["text"].is_null() {
            let what = if is_text { "text" } else { "caption" };
            return Err(Refusal::bad(format!("there is no {what} in the message to edit")));
        }
        let mut parts = Map::new();
        insert_text(&mut parts, params, name, entities, longest)?;
        let same = |key: &str| parts.get(key).unwrap_or(&Value::Null) == &record.json[key];
        if same(name) && same(entities) {
            return Err(Refusal::bad(
                "message is not modified: specified new message content and reply markup are exactly the same as \
                 a current content and reply markup of the message",
            ));
        }
        let edited = world.change(place.chat.id, business, id, |record| {
            if let Value::Object(message) = &mut record.json {
                message.remove(name);
                message.remove(entities);
                message.extend(parts);
                message.insert("edit_date".to_owned(), (now.millis() / 1000).into());
            }
            record.json.clone()
        });
        Ok(edited.unwrap_or_default())
    })
}

pub(crate) fn delete(shared: &Shared, params: &Params) -> Result<Value, Refusal> {
    let now = shared.now();
    shared.with(|world| {
        let place = place_of(world, params)?;
        let one = params.integer("message_id");
        let many = params.list("message_ids").into_iter().flatten().filter_map(Value::as_i64);
        for id in one.into_iter().chain(many) {
            let record = world.record(place.chat.id, place.chat.business.as_deref(), id);
            let Some(record) = record.filter(|record| !record.deleted) else {
                // Of many, those that are gone are passed over.
                if one.is_some() {
                    return Err(Refusal::bad("message to delete not found"));
                }
                continue;
            };
            let is_foreign = record.user != place.speaker && place.chat.id < 0;
            let is_old = now.millis() - record.at > 48 * 3_600_000;
            if is_old || is_foreign && place.chat.bot != Membership::Administrator {
                return Err(Refusal::bad("message can't be deleted"));
            }
            world.change(place.chat.id, place.chat.business.as_deref(), id, |record| record.deleted = true);
        }
        Ok(json!(true))
    })
}
