//! The methods that put messages into chats.

use serde_json::{Map, Value, json};

use super::{
    Shared,
    api::Refusal,
    media::Media,
    place::{Place, place_of},
    spec::{Params, Upload},
    world::{FakeFile, World},
};

/// The longest text, in UTF-16 units.
pub(crate) const LONGEST_TEXT: usize = 4096;
/// The longest caption, in UTF-16 units.
pub(crate) const LONGEST_CAPTION: usize = 1024;
/// The largest picture, in bytes.
const LARGEST_PHOTO: u64 = 10 << 20;

/// One message of a request.
struct Part {
    parts: Map<String, Value>,
    files: Vec<String>,
}

/// Puts one message into a chat, or an album.
pub(crate) fn send(shared: &Shared, method: &str, params: &Params) -> Result<Value, Refusal> {
    let now = shared.now();
    shared.with(|world| {
        let place = place_of(world, params)?;
        let reply = reply(world, &place, params)?;
        let is_album = method == "sendMediaGroup";
        let parts = match method {
            "sendMessage" => vec![text_message(params)?],
            "sendMediaGroup" => album(world, params)?,
            _ => vec![single(world, method, params)?],
        };
        let is_group = place.chat.id < 0;
        world.limits.count(place.chat.id, is_group, parts.len(), now).map_err(Refusal::too_many)?;
        let mut sent = Vec::new();
        for (index, mut part) in parts.into_iter().enumerate() {
            if index == 0 {
                part.parts.extend(reply.clone());
            }
            part.parts.extend(topic(&place));
            if place.chat.business.is_some() {
                part.parts.insert("sender_business_bot".to_owned(), world.bot.as_json());
            }
            sent.push(world.add(&place.chat, place.speaker, part.parts, part.files, now));
        }
        Ok(if is_album { Value::Array(sent) } else { sent.swap_remove(0) })
    })
}

fn text_message(params: &Params) -> Result<Part, Refusal> {
    let mut parts = Map::new();
    insert_text(&mut parts, params, "text", "entities", LONGEST_TEXT)?;
    Ok(Part { parts, files: Vec::new() })
}

/// Puts a text and its entities among the parts, after both were judged.
pub(crate) fn insert_text(
    parts: &mut Map<String, Value>,
    params: &Params,
    name: &str,
    entities: &str,
    longest: usize,
) -> Result<(), Refusal> {
    if params.text("parse_mode").is_some() {
        return Err(Refusal::bad("no text is parsed here: send its entities"));
    }
    let text = params.text(name).unwrap_or_default();
    let is_text = name == "text";
    if is_text && text.trim().is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if text.encode_utf16().count() > longest {
        return Err(Refusal::bad(if is_text {
            "message is too long"
        } else {
            "message caption is too long"
        }));
    }
    if let Some(list) = params.list(entities).filter(|list| !list.is_empty()) {
        check_entities(text, list)?;
        parts.insert(entities.to_owned(), json!(list));
    }
    if !text.is_empty() {
        parts.insert(name.to_owned(), text.into());
    }
    Ok(())
}

/// Whether entities begin and end between the characters of a text.
pub(crate) fn check_entities(text: &str, entities: &[Value]) -> Result<(), Refusal> {
    let mut borders = vec![0];
    for character in text.chars() {
        borders
            .push(borders.last().copied().unwrap_or(0) + i64::try_from(character.len_utf16()).unwrap_or(1));
    }
    let end = borders.last().copied().unwrap_or(0);
    for entity in entities {
        let start = entity["offset"].as_i64().unwrap_or(-1);
        let length = entity["length"].as_i64().unwrap_or(0);
        if start < 0 || length <= 0 || start + length > end {
            return Err(Refusal::bad(format!(
                "entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
            )));
        }
        if borders.binary_search(&start).is_err() {
            return Err(Refusal::bad(format!(
                "entity begins in a middle of a UTF-16 symbol at UTF-16 offset {start}"
            )));
        }
        if borders.binary_search(&(start + length)).is_err() {
            return Err(Refusal::bad(format!(
                "entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol"
            )));
        }
    }
    Ok(())
}

fn single(world: &mut World, method: &str, params: &Params) -> Result<Part, Refusal> {
    let field = method.trim_start_matches("send").to_lowercase();
    let media = Media::named(&field).ok_or_else(|| Refusal::bad("it can't be sent here"))?;
    let source = params.text(&field).unwrap_or_default().to_owned();
    file_message(world, media, &source, params, params)
}

/// A message with a file; `caption` has what is said of it.
fn file_message(
    world: &mut World,
    media: Media,
    source: &str,
    caption: &Params,
    params: &Params,
) -> Result<Part, Refusal> {
    let mut parts = Map::new();
    insert_text(&mut parts, caption, "caption", "caption_entities", LONGEST_CAPTION)?;
    let id = match source.strip_prefix("attach://").map(|name| params.files.get(name)) {
        Some(None) => return Err(Refusal::bad("there is no such file in the request")),
        Some(Some(upload)) => {
            let name = if upload.name.is_empty() { "file" } else { &upload.name };
            let file = FakeFile::new(name, type_of(upload), upload.bytes.clone());
            let size = file.size();
            if size == 0 {
                return Err(Refusal::bad("file must be non-empty"));
            }
            if media == Media::Photo && size > LARGEST_PHOTO {
                return Err(Refusal::bad(format!(
                    "file of size {size} bytes is too big for a photo; the maximum size is {LARGEST_PHOTO} bytes"
                )));
            }
            world.put_file(file)
        }
        None if world.files.contains_key(source) => source.to_owned(),
        None => return Err(Refusal::bad("wrong file identifier/HTTP URL specified")),
    };
    parts.extend(media.parts(world, &id));
    Ok(Part { parts, files: vec![id] })
}

/// The type of a file: clients send none, and the name says it.
fn type_of(upload: &Upload) -> &str {
    const KNOWN: [(&str, &str); 12] = [
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("png", "image/png"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("pdf", "application/pdf"),
        ("txt", "text/plain"),
        ("mp4", "video/mp4"),
        ("mp3", "audio/mpeg"),
        ("m4a", "audio/mp4"),
        ("ogg", "audio/ogg"),
        ("oga", "audio/ogg"),
    ];
    let ending = upload.name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let known = KNOWN.iter().find(|(known, _)| *known == ending).map(|(_, name)| *name);
    known.filter(|_| upload.content_type == "application/octet-stream").unwrap_or(&upload.content_type)
}

fn album(world: &mut World, params: &Params) -> Result<Vec<Part>, Refusal> {
    let items = params.list("media").cloned().unwrap_or_default();
    if items.len() > 10 {
        return Err(Refusal::bad("too many messages to send as an album"));
    }
    if items.len() < 2 {
        return Err(Refusal::bad("too few messages to send as an album"));
    }
    let mut kinds = Vec::new();
    let mut parts = Vec::new();
    let group = format!("{}", rand::random_range(13_000_000_000_000_000_u64..14_000_000_000_000_000));
    for item in &items {
        let kind = item["type"].as_str().unwrap_or_default();
        let media = Media::named(kind).ok_or_else(|| Refusal::bad("it can't be sent here"))?;
        let fields = item.as_object().cloned().unwrap_or_default();
        let source = item["media"].as_str().unwrap_or_default();
        let caption = Params { fields, ..Params::default() };
        let mut part = file_message(world, media, source, &caption, params)?;
        part.parts.insert("media_group_id".to_owned(), group.as_str().into());
        parts.push(part);
        kinds.push(if media == Media::Video { Media::Photo } else { media });
    }
    match kinds.iter().find(|kind| Some(*kind) != kinds.first()) {
        None => Ok(parts),
        Some(_) => Err(Refusal::bad("documents and audio can't be mixed with other media types")),
    }
}

/// What a message in a topic carries beside its own.
pub(crate) fn topic(place: &Place) -> Map<String, Value> {
    let mut parts = Map::new();
    if let Some(thread) = place.thread {
        parts.insert("message_thread_id".to_owned(), thread.into());
        parts.insert("is_topic_message".to_owned(), true.into());
    }
    parts
}

/// The message that is answered, if it is there.
fn reply(world: &World, place: &Place, params: &Params) -> Result<Map<String, Value>, Refusal> {
    let Some(reply) = params.fields.get("reply_parameters") else { return Ok(Map::new()) };
    let id = reply["message_id"].as_i64().unwrap_or(0);
    let found = world.record(place.chat.id, place.chat.business.as_deref(), id);
    let Some(found) = found.filter(|record| !record.deleted) else {
        return if reply["allow_sending_without_reply"].as_bool().unwrap_or(false) {
            Ok(Map::new())
        } else {
            Err(Refusal::bad("message to be replied not found"))
        };
    };
    answered(&found.json, reply["quote"].as_str())
}

/// A message as it stands within its answer, with the part that is quoted.
pub(crate) fn answered(message: &Value, quote: Option<&str>) -> Result<Map<String, Value>, Refusal> {
    let mut parts = Map::new();
    let mut within = message.clone();
    if let Value::Object(within) = &mut within {
        within.remove("reply_to_message");
    }
    if let Some(quote) = quote {
        let text = message["text"].as_str().or(message["caption"].as_str()).unwrap_or_default();
        let at = text.find(quote).ok_or_else(|| Refusal::bad("QUOTE_TEXT_INVALID"))?;
        let position = text.get(..at).unwrap_or_default().encode_utf16().count();
        parts.insert("quote".into(), json!({"text": quote, "position": position, "is_manual": true}));
    }
    parts.insert("reply_to_message".into(), within);
    Ok(parts)
}
