//! The form of a message, as far as it is read. What can be missing may be missing, and a decoration that
//! has changed its form is left off: one odd field must not hide what a customer wrote.
//!
//! <https://discord.com/developers/docs/resources/message#message-object>

use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::snowflake::Snowflake;

/// A message.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: Snowflake,
    /// Who wrote it: a user, or a webhook with the webhook's id.
    pub author: User,
    /// The webhook that wrote it, where one did.
    #[serde(default)]
    pub webhook_id: Option<Snowflake>,
    /// The application whose command or webhook wrote it.
    #[serde(default)]
    pub application_id: Option<Snowflake>,
    /// The text, in markup. Empty where Discord withholds it.
    #[serde(default, deserialize_with = "or_default")]
    pub content: String,
    /// What kind of message: 0 is written, 19 is an answer, others are the server's own.
    #[serde(default, rename = "type")]
    pub kind: u16,
    /// When it was last changed.
    #[serde(default)]
    pub edited_timestamp: Option<String>,
    /// Its files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Cards: what a bot wrote into one, or what a link leads to.
    #[serde(default, deserialize_with = "or_default")]
    pub embeds: Vec<Embed>,
    /// Its stickers.
    #[serde(default, deserialize_with = "or_default")]
    pub sticker_items: Vec<Named>,
    /// A vote.
    #[serde(default, deserialize_with = "or_default")]
    pub poll: Option<Poll>,
    /// What it answers or passes on.
    #[serde(default, deserialize_with = "or_default")]
    pub message_reference: Option<Reference>,
    /// What it answers, where that still exists.
    #[serde(default, deserialize_with = "or_default")]
    pub referenced_message: Option<Referenced>,
    /// What it passes on.
    #[serde(default, deserialize_with = "or_default")]
    pub message_snapshots: Vec<Snapshot>,
    /// The people whom it names.
    #[serde(default, deserialize_with = "or_default")]
    pub mentions: Vec<User>,
    /// The channels of other servers that it names.
    #[serde(default, deserialize_with = "or_default")]
    pub mention_channels: Vec<Channel>,
}

/// Somebody.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    /// Their id.
    pub id: Snowflake,
    /// Their unique name.
    #[serde(default)]
    pub username: Option<String>,
    /// The name that they show.
    #[serde(default)]
    pub global_name: Option<String>,
    /// A machine.
    #[serde(default)]
    pub bot: bool,
}

impl User {
    /// What they are called.
    pub fn name(&self) -> Option<&str> {
        [&self.global_name, &self.username]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }
}

/// A file.
#[derive(Debug, Clone, Deserialize)]
pub struct Attachment {
    /// Its id. Its address holds a signature that ends within a day, so it is never kept.
    pub id: Snowflake,
    /// Its name.
    #[serde(default)]
    pub filename: Option<String>,
    /// Its type.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Where it is for now.
    #[serde(default)]
    pub url: Option<String>,
}

/// A card.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Embed {
    /// `rich` where a machine wrote it; another word where Discord made it of a link.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Its headline.
    #[serde(default)]
    pub title: Option<String>,
    /// Its text, in markup.
    #[serde(default)]
    pub description: Option<String>,
    /// Where it leads.
    #[serde(default)]
    pub url: Option<String>,
    /// Its table.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// A cell of a card.
#[derive(Debug, Clone, Deserialize)]
pub struct Field {
    /// What it is about.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// Something with a name.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// A channel that is named.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
}

/// A vote.
#[derive(Debug, Clone, Deserialize)]
pub struct Poll {
    /// What is asked.
    pub question: PollText,
    /// What can be answered.
    #[serde(default)]
    pub answers: Vec<PollAnswer>,
}

/// An answer of a vote.
#[derive(Debug, Clone, Deserialize)]
pub struct PollAnswer {
    /// What it says.
    pub poll_media: PollText,
}

/// Words of a vote.
#[derive(Debug, Clone, Deserialize)]
pub struct PollText {
    /// The words; an answer may be an emoji alone.
    #[serde(default)]
    pub text: Option<String>,
}

/// What a message answers (0) or passes on (1).
#[derive(Debug, Clone, Deserialize)]
pub struct Reference {
    /// Which of the two.
    #[serde(default, rename = "type")]
    pub kind: u8,
    /// The message.
    #[serde(default)]
    pub message_id: Option<Snowflake>,
    /// Its channel.
    #[serde(default)]
    pub channel_id: Option<Snowflake>,
}

/// A message that is answered.
#[derive(Debug, Clone, Deserialize)]
pub struct Referenced {
    /// Who wrote it.
    pub author: User,
}

/// A message that is passed on, without who wrote it.
#[derive(Debug, Clone, Deserialize)]
pub struct Snapshot {
    /// What it says.
    pub message: Passed,
}

/// What is told of a message that is passed on.
#[derive(Debug, Clone, Deserialize)]
pub struct Passed {
    /// Its text.
    #[serde(default)]
    pub content: String,
    /// Its files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Its cards.
    #[serde(default, deserialize_with = "or_default")]
    pub embeds: Vec<Embed>,
    /// Its stickers.
    #[serde(default, deserialize_with = "or_default")]
    pub sticker_items: Vec<Named>,
    /// The people whom it names.
    #[serde(default, deserialize_with = "or_default")]
    pub mentions: Vec<User>,
}

impl Record {
    /// Whether somebody wrote it, rather than the server itself: a text, an answer, a command's answer.
    pub fn is_written(&self) -> bool {
        matches!(self.kind, 0 | 19 | 20 | 23)
    }

    /// All of its files, those that it passes on included.
    pub fn files(&self) -> impl Iterator<Item = &Attachment> {
        let passed = self.message_snapshots.iter().flat_map(|snapshot| &snapshot.message.attachments);
        self.attachments.iter().chain(passed)
    }

    /// When it was last changed.
    pub fn edited_at(&self) -> Option<Timestamp> {
        let at: jiff::Timestamp = self.edited_timestamp.as_deref()?.parse().ok()?;
        Some(Timestamp(at.as_millisecond()))
    }
}

/// Reads a field, or its default where it has another form.
fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}
