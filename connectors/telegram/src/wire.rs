//! What of Telegram's objects we read, field by field (<https://core.telegram.org/bots/api#message>).
//!
//! Light on purpose: a field that we don't use can't make a message unreadable, nor can a new kind of
//! entity, of which the names are plain text here.

#![expect(clippy::struct_field_names, reason = "the names are Telegram's")]

use serde::{Deserialize, de::IgnoredAny};

/// An update of one of the kinds that we ask for.
#[derive(Debug, Deserialize)]
pub struct Update {
    pub message: Option<Message>,
    pub edited_message: Option<Message>,
    pub business_message: Option<Message>,
    pub edited_business_message: Option<Message>,
    pub deleted_business_messages: Option<Deleted>,
    pub message_reaction: Option<Reacted>,
    pub my_chat_member: Option<Member>,
    pub business_connection: Option<Connection>,
}

#[derive(Debug, Deserialize)]
pub struct Message {
    pub message_id: i64,
    pub date: i64,
    pub edit_date: Option<i64>,
    pub chat: Chat,
    pub from: Option<User>,
    pub sender_chat: Option<Chat>,
    pub author_signature: Option<String>,
    pub sender_business_bot: Option<User>,
    pub business_connection_id: Option<String>,
    pub message_thread_id: Option<i64>,
    #[serde(default)]
    pub is_topic_message: bool,
    #[serde(default)]
    pub is_automatic_forward: bool,
    pub forward_origin: Option<Origin>,
    pub reply_to_message: Option<Replied>,
    pub media_group_id: Option<String>,
    pub migrate_to_chat_id: Option<i64>,
    pub migrate_from_chat_id: Option<i64>,
    pub text: Option<String>,
    #[serde(default)]
    pub entities: Vec<Entity>,
    pub caption: Option<String>,
    #[serde(default)]
    pub caption_entities: Vec<Entity>,
    #[serde(default)]
    pub photo: Vec<File>,
    pub live_photo: Option<File>,
    pub animation: Option<File>,
    pub document: Option<File>,
    pub video: Option<File>,
    pub audio: Option<File>,
    pub voice: Option<File>,
    pub video_note: Option<File>,
    pub sticker: Option<Sticker>,
    pub venue: Option<Venue>,
    pub location: Option<Location>,
    pub contact: Option<Person>,
    pub poll: Option<Poll>,
    pub dice: Option<Dice>,
    pub checklist: Option<Checklist>,
    pub game: Option<Titled>,
    pub invoice: Option<Titled>,
    pub story: Option<IgnoredAny>,
    pub paid_media: Option<IgnoredAny>,
    pub rich_message: Option<serde_json::Value>,
}

/// The message that another one answers.
#[derive(Debug, Deserialize)]
pub struct Replied {
    pub message_id: i64,
    pub from: Option<User>,
    /// Every message of a topic "answers" the one that opened it.
    pub forum_topic_created: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub struct Chat {
    pub id: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub title: Option<String>,
    pub username: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct User {
    pub id: i64,
    #[serde(default)]
    pub is_bot: bool,
    #[serde(default)]
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    /// Only of ourselves: whether we read all of a group, or privacy mode is on.
    pub can_read_all_group_messages: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct Entity {
    #[serde(rename = "type")]
    pub kind: String,
    pub offset: u32,
    pub length: u32,
    pub url: Option<String>,
    pub language: Option<String>,
    pub user: Option<User>,
}

#[derive(Debug, Deserialize)]
pub struct Origin {
    pub sender_user: Option<User>,
    pub sender_user_name: Option<String>,
    pub sender_chat: Option<Chat>,
    pub chat: Option<Chat>,
    pub author_signature: Option<String>,
}

/// A photo's size, a document, a recording: what can be fetched.
#[derive(Debug, Deserialize)]
pub struct File {
    pub file_id: String,
    pub file_unique_id: String,
    pub file_size: Option<u64>,
    pub file_name: Option<String>,
    pub mime_type: Option<String>,
    #[serde(default)]
    pub width: u64,
    #[serde(default)]
    pub height: u64,
}

#[derive(Debug, Deserialize)]
pub struct Sticker {
    #[serde(flatten)]
    pub file: File,
    #[serde(default)]
    pub is_animated: bool,
    #[serde(default)]
    pub is_video: bool,
    pub emoji: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    pub live_period: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub struct Venue {
    pub location: Location,
    pub title: String,
    pub address: String,
}

#[derive(Debug, Deserialize)]
pub struct Person {
    pub phone_number: String,
    pub first_name: String,
    pub last_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Poll {
    pub question: String,
    pub options: Vec<Text>,
}

#[derive(Debug, Deserialize)]
pub struct Checklist {
    pub title: String,
    pub tasks: Vec<Text>,
}

#[derive(Debug, Deserialize)]
pub struct Text {
    pub text: String,
}

#[derive(Debug, Deserialize)]
pub struct Titled {
    pub title: String,
}

#[derive(Debug, Deserialize)]
pub struct Dice {
    pub emoji: String,
    pub value: i64,
}

#[derive(Debug, Deserialize)]
pub struct Deleted {
    pub business_connection_id: String,
    pub chat: Chat,
    pub message_ids: Vec<i64>,
}

#[derive(Debug, Deserialize)]
pub struct Reacted {
    pub chat: Chat,
    pub message_id: i64,
    pub user: Option<User>,
    pub actor_chat: Option<Chat>,
    pub date: i64,
    pub new_reaction: Vec<Reaction>,
}

#[derive(Debug, Deserialize)]
pub struct Reaction {
    #[serde(rename = "type")]
    pub kind: String,
    pub emoji: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Member {
    pub chat: Chat,
    pub date: i64,
    pub new_chat_member: Status,
}

#[derive(Debug, Deserialize)]
pub struct Status {
    pub status: String,
    pub can_send_messages: Option<bool>,
}

/// A business account was connected to us, changed, or taken away.
#[derive(Debug, Deserialize)]
pub struct Connection {
    pub id: String,
    pub is_enabled: bool,
    pub rights: Option<Rights>,
    /// Where the right stood before there was a list of them.
    pub can_reply: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct Rights {
    #[serde(default)]
    pub can_reply: bool,
}
