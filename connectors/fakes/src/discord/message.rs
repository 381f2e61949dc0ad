//! A message, its files, and how the API shows them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    links::Links,
    people::User,
    snowflake::{Snowflake, instant},
};

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FakeFile {
    /// Its name, as the sender gave it.
    pub name: String,
    /// Its type, as the sender claims.
    pub content_type: String,
    /// Its bytes.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub bytes: Bytes,
}

fn to_base64<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
}

/// What kind of message it is, in the API's numbers.
pub(crate) const REGULAR: u8 = 0;
/// A message that answers another.
pub(crate) const REPLY: u8 = 19;

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) author: Snowflake,
    /// The name under which a webhook wrote it.
    pub(crate) webhook: Option<String>,
    pub(crate) kind: u8,
    pub(crate) content: String,
    pub(crate) files: Vec<(Snowflake, FakeFile)>,
    /// The message that this one answers.
    pub(crate) reply_to: Option<Snowflake>,
    pub(crate) mentions: Vec<Snowflake>,
    pub(crate) mention_everyone: bool,
    /// What the sender allowed to be mentioned, as it came.
    pub(crate) allowed_mentions: Option<Value>,
    pub(crate) nonce: Option<Value>,
    pub(crate) embeds: Vec<Value>,
    /// When it was edited, in milliseconds.
    pub(crate) edited: Option<i64>,
    /// (emoji, who)
    pub(crate) reactions: Vec<(String, Vec<Snowflake>)>,
}

impl Message {
    /// A message with a text and nothing else.
    pub(crate) fn new(id: Snowflake, channel: Snowflake, author: Snowflake, content: &str) -> Self {
        Self {
            id,
            channel,
            author,
            webhook: None,
            kind: REGULAR,
            content: content.to_owned(),
            files: Vec::new(),
            reply_to: None,
            mentions: Vec::new(),
            mention_everyone: false,
            allowed_mentions: None,
            nonce: None,
            embeds: Vec::new(),
            edited: None,
            reactions: Vec::new(),
        }
    }

    /// As the API shows it. What stands elsewhere (the message that it answers) is added by the caller.
    pub(crate) fn as_json(&self, author: Option<&User>, mentions: &[Value], links: &Links) -> Value {
        let author = match (&self.webhook, author) {
            (None, Some(user)) => user.as_json(),
            (name, _) => json!({
                "id": self.author, "username": name, "global_name": null, "discriminator": "0000",
                "avatar": null, "bot": true, "flags": 0, "public_flags": 0, "primary_guild": null,
            }),
        };
        let mut message = json!({
            "id": self.id, "channel_id": self.channel, "author": author, "type": self.kind,
            "content": self.content, "timestamp": instant(self.id.time()),
            "edited_timestamp": self.edited.map(|at| instant(Timestamp(at))),
            "tts": false, "mention_everyone": self.mention_everyone, "mentions": mentions,
            "mention_roles": [], "embeds": self.embeds, "pinned": false, "flags": 0, "components": [],
            "attachments": self.files.iter().map(|file| self.file_json(file, links)).collect::<Vec<_>>(),
        });
        if self.webhook.is_some() {
            message["webhook_id"] = self.author.to_string().into();
        }
        if let Some(nonce) = &self.nonce {
            message["nonce"] = nonce.clone();
        }
        if !self.reactions.is_empty() {
            let shown = |(emoji, who): &(String, Vec<Snowflake>)| {
                json!({
                    "emoji": {"id": null, "name": emoji}, "count": who.len(), "me": false, "me_burst": false,
                    "count_details": {"normal": who.len(), "burst": 0}, "burst_colors": [],
                })
            };
            message["reactions"] = self.reactions.iter().map(shown).collect();
        }
        message
    }

    fn file_json(&self, (id, file): &(Snowflake, FakeFile), links: &Links) -> Value {
        let url = links.sign(self.channel, *id, &file.name);
        json!({
            "id": id, "filename": file.name, "size": file.bytes.len(), "url": url, "proxy_url": url,
            "content_type": file.content_type,
        })
    }
}
