//! What a message holds beside text, as the API shows it.

use serde_json::{Map, Value, json};

use super::{
    files::unique,
    world::{FakeFile, World},
};

/// What a file is in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// A picture, which the API offers in several sizes.
    Photo,
    /// Any file.
    Document,
    /// A film.
    Video,
    /// Music.
    Audio,
    /// What somebody said.
    Voice,
    /// A film without sound; it is a document, too.
    Animation,
    /// A sticker.
    Sticker,
    /// A round film.
    VideoNote,
}

impl Media {
    /// By the name of the API's field.
    pub(crate) fn named(field: &str) -> Option<Self> {
        Some(match field {
            "photo" => Self::Photo,
            "document" => Self::Document,
            "video" => Self::Video,
            "audio" => Self::Audio,
            "voice" => Self::Voice,
            "animation" => Self::Animation,
            _ => return None,
        })
    }

    /// The parts of a message with such a file, which is kept already.
    pub(crate) fn parts(self, world: &mut World, id: &str) -> Map<String, Value> {
        let Some(file) = world.files.get(id).cloned() else { return Map::new() };
        let size = file.size();
        let common = json!({"file_id": id, "file_unique_id": unique(id), "file_size": size});
        let with = |more: Value| {
            let mut whole = common.clone();
            if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
                whole.extend(more);
            }
            whole
        };
        let named = || with(json!({"file_name": file.name, "mime_type": file.content_type}));
        let film = json!({"width": 640, "height": 360, "duration": 3, "mime_type": file.content_type});
        let parts = match self {
            Self::Photo => json!({"photo": sizes(world, &file, id)}),
            Self::Document => json!({"document": named()}),
            Self::Video => {
                let mut video = with(film);
                video["file_name"] = file.name.as_str().into();
                json!({"video": video})
            }
            Self::Audio => {
                let mut audio = named();
                audio["duration"] = 180.into();
                json!({"audio": audio})
            }
            Self::Voice => json!({"voice": with(json!({"duration": 4, "mime_type": file.content_type}))}),
            Self::Animation => json!({"animation": with(film), "document": named()}),
            Self::Sticker => json!({"sticker": with(json!({
                "type": "regular", "width": 512, "height": 512, "is_animated": false, "is_video": false,
                "emoji": "👍", "set_name": "Shop",
            }))}),
            Self::VideoNote => json!({"video_note": with(json!({"length": 240, "duration": 5}))}),
        };
        let Value::Object(parts) = parts else { return Map::new() };
        parts
    }
}

/// Two thumbnails and the picture itself, as the last.
fn sizes(world: &mut World, file: &FakeFile, id: &str) -> Value {
    let small = FakeFile { bytes: "a thumbnail".into(), claimed_size: None, ..file.clone() };
    let mut sizes = Vec::new();
    for (width, height) in [(90, 67), (320, 240)] {
        let id = world.put_file(small.clone());
        sizes.push(json!({
            "file_id": id, "file_unique_id": unique(&id), "file_size": small.size(),
            "width": width, "height": height,
        }));
    }
    sizes.push(json!({
        "file_id": id, "file_unique_id": unique(id), "file_size": file.size(), "width": 1280, "height": 960,
    }));
    sizes.into()
}
