//! Chats as those in them see them: for tests and for the playground's page.

use serde::Serialize;
use serde_json::Value;

use super::{
    records::Record,
    world::{ChatKind, FakeFile, World},
};

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatView {
    /// Its id.
    pub id: i64,
    /// The connection of the business that answers in it, if one does.
    pub business: Option<String>,
    /// What kind it is.
    pub kind: ChatKind,
    /// Its title; of a private chat the person's name.
    pub title: String,
    /// The people in it, without the bot.
    pub members: Vec<i64>,
    /// Whether the bot is locked out.
    pub blocked: bool,
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// By which the API knows it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type, as the sender claims.
    pub content_type: String,
    /// How many bytes it has.
    pub size: u64,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChatMessage {
    /// Its chat.
    pub chat: i64,
    /// Its number in the chat.
    pub id: i64,
    /// The topic that it is in.
    pub thread: Option<i64>,
    /// The connection of the business in whose name it is.
    pub business: Option<String>,
    /// Who wrote it; 0: the channel itself.
    pub user: i64,
    /// That one's name.
    pub writer: String,
    /// Whether the bot wrote it, also in the name of a business.
    pub by_bot: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Its text, or what is said of its file.
    pub text: String,
    /// How the text is dressed.
    pub entities: Vec<Value>,
    /// Its files.
    pub files: Vec<FileView>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// What it quotes of that.
    pub quote: Option<String>,
    /// The album that it belongs to.
    pub album: Option<String>,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether it is gone.
    pub deleted: bool,
    /// Who reacted with what.
    pub reactions: Vec<(String, String)>,
    /// What it is where it is neither text nor file: `location`, `poll`, `migrate_to_chat_id`.
    pub other: Option<String>,
    /// As the API shows it.
    #[serde(skip)]
    pub json: Value,
}

/// Fields that stand for something that is neither text nor file.
const OTHERS: [&str; 12] = [
    "venue",
    "location",
    "contact",
    "poll",
    "dice",
    "new_chat_members",
    "left_chat_member",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "forum_topic_created",
    "forum_topic_closed",
    "forum_topic_reopened",
];

impl World {
    pub(crate) fn view_file(&self, id: &str) -> Option<FileView> {
        let FakeFile { name, content_type, .. } = self.files.get(id)?.clone();
        Some(FileView { id: id.to_owned(), name, content_type, size: self.files.get(id)?.size() })
    }

    /// Whether the bot wrote it, also in the name of a business.
    pub(crate) fn is_by_bot(&self, record: &Record) -> bool {
        record.user == self.bot.id || !record.json["sender_business_bot"].is_null()
    }

    pub(crate) fn view(&self, record: &Record) -> ChatMessage {
        let json = &record.json;
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let list = |name: &str| json[name].as_array().cloned();
        let writer = self.user(record.user).map(|user| user.name.clone());
        let reactions = record.reactions.iter().flat_map(|(user, reactions)| {
            let who = self.user(*user).map(|user| user.name.clone()).unwrap_or_default();
            let emoji = reactions.iter().filter_map(|reaction| reaction["emoji"].as_str().map(str::to_owned));
            emoji.map(move |emoji| (who.clone(), emoji))
        });
        ChatMessage {
            chat: record.chat,
            id: record.id,
            thread: json["message_thread_id"].as_i64(),
            business: record.business.clone(),
            user: record.user,
            writer: writer.or_else(|| text("author_signature")).unwrap_or_default(),
            by_bot: self.is_by_bot(record),
            at: record.at,
            text: text("text").or_else(|| text("caption")).unwrap_or_default(),
            entities: list("entities").or_else(|| list("caption_entities")).unwrap_or_default(),
            files: record.files.iter().filter_map(|id| self.view_file(id)).collect(),
            reply_to: json["reply_to_message"]["message_id"].as_i64(),
            quote: json["quote"]["text"].as_str().map(str::to_owned),
            album: text("media_group_id"),
            edited: !json["edit_date"].is_null(),
            deleted: record.deleted,
            reactions: reactions.collect(),
            other: OTHERS.iter().find(|name| !json[**name].is_null()).map(|name| (*name).to_owned()),
            json: json.clone(),
        }
    }
}
