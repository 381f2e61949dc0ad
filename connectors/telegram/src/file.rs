//! Files that came: what stands for one until it is fetched.

use rapport_sdk::{
    ConnectorError, Fetched,
    model::event::{Content, InboundAttachment},
};
use serde::{Deserialize, Serialize};

use crate::{
    api::Api,
    wire::{File, Sticker},
};

/// The longest file that a bot is given (<https://core.telegram.org/bots/api#getfile>).
pub const LONGEST_FETCHED: u64 = 20 * 1024 * 1024;

/// What an attachment of ours refers to. It names the file and holds no token and no address: the path to
/// fetch it by is asked for anew each time, because it ends after an hour.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// By what it is asked for. Another bot has another id for the same file.
    pub id: String,
    /// The same for every bot and for ever.
    pub unique: String,
    /// What the sender, or Telegram itself, says that it is.
    #[serde(rename = "type")]
    pub content_type: String,
    /// The sender's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A file as an attachment: a reference, or why there is none.
pub fn attachment(file: File, otherwise: &str) -> InboundAttachment {
    let named = file.mime_type.filter(|kind| !kind.trim().is_empty());
    let content_type = named.unwrap_or_else(|| otherwise.to_owned());
    let content = if file.file_size.is_some_and(|size| size > LONGEST_FETCHED) {
        Content::Withheld(
            "Telegram hands no file of more than 20 MB to a bot: ask for it another way.".to_owned(),
        )
    } else {
        let reference = Reference {
            id: file.file_id,
            unique: file.file_unique_id,
            content_type: content_type.clone(),
            name: file.file_name.clone(),
        };
        // Text alone can't fail to become JSON.
        Content::ByReference(serde_json::to_string(&reference).unwrap_or_default())
    };
    InboundAttachment { name: file.file_name, content_type, content, content_id: None }
}

/// A photo comes in several sizes: the largest one is it.
pub fn photo(sizes: Vec<File>) -> Option<InboundAttachment> {
    let largest = sizes.into_iter().max_by_key(|size| size.width.saturating_mul(size.height))?;
    Some(attachment(largest, "image/jpeg"))
}

/// A sticker is a file that is named by the emoji that it stands for.
pub fn sticker(sticker: Sticker) -> InboundAttachment {
    let (content_type, ending) = match (sticker.is_animated, sticker.is_video) {
        (true, _) => ("application/x-tgsticker", "tgs"),
        (_, true) => ("video/webm", "webm"),
        _ => ("image/webp", "webp"),
    };
    let emoji = sticker.emoji.map(|emoji| format!("{emoji} ")).unwrap_or_default();
    let file = File { file_name: Some(format!("{emoji}sticker.{ending}")), ..sticker.file };
    attachment(file, content_type)
}

/// Fetches what a reference of ours names.
pub async fn fetch(api: &Api, reference: &str, limit: u64) -> Result<Fetched, ConnectorError> {
    let Ok(reference) = serde_json::from_str::<Reference>(reference) else {
        return Err(ConnectorError::Misconfigured { reason: "This is no file of Telegram's.".to_owned() });
    };
    let fetched = api.fetch(&reference.id, limit).await?;
    // Telegram serves all files as the same type, under names of its own.
    Ok(Fetched { content_type: reference.content_type, name: reference.name, bytes: fetched.bytes })
}
