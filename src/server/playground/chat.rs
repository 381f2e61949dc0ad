//! Customers' chats: what the page asks of every pretended provider of chats, and the routes for it.
//!
//! A provider is a [`Chats`] in a file beside this one; the page shows each in the same way.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Path},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::{CUSTOMERS, Playground};
use crate::api::{Api, ApiError, Body, served};

/// A message with its files in base64, in bytes: a few photographs.
const LARGEST_MESSAGE: usize = 8 << 20;
/// The longest name of a post, in characters.
const LONGEST_TITLE: usize = 100;

/// What is shown in its place: it runs nothing.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// A pretended provider of chats.
pub(super) trait Chats: Send + Sync {
    /// Its name in the page's routes: the channel's.
    fn name(&self) -> &'static str;
    /// All that the page shows of it.
    fn state(&self) -> State;
    /// The customer with this name writes. The customer is one of ours.
    fn write(&self, customer: &str, written: Written) -> Result<(), Missing>;
    /// The customer changes the text of an own message.
    fn edit(&self, customer: &str, chat: &str, message: &str, text: &str) -> Result<(), Missing>;
    /// The customer takes an own message back.
    fn delete(&self, customer: &str, chat: &str, message: &str) -> Result<(), Missing>;
    /// The customer begins a post that everybody reads, where the provider has a place for that.
    fn post(&self, _customer: &str, _title: &str, _text: &str) -> Result<(), Missing> {
        Err(Missing)
    }
    /// The longest text that the customer's app takes, in characters.
    fn longest_text(&self) -> usize;
    /// The customer reacts to a message, or takes the reaction back.
    fn react(&self, customer: &str, chat: &str, message: &str, emoji: Option<&str>) -> Result<(), Missing>;
    /// The customer shuts the shop out of the private chat, or lets it in again.
    fn block(&self, customer: &str, blocked: bool) -> Result<(), Missing>;
    /// A file of a message.
    fn file(&self, id: &str) -> Option<File>;
    /// This goes wrong from now on, instead of what did before.
    fn set_fault(&self, fault: Option<FaultKind>);
    /// A number that grows with every change.
    fn subscribe(&self) -> watch::Receiver<u64>;
}

/// There is no such chat or message.
pub(super) struct Missing;

/// What a provider shows.
#[derive(Serialize)]
pub(super) struct State {
    /// The name by which the shop goes here.
    pub(super) shop: String,
    pub(super) chats: Vec<Chat>,
    /// Oldest first, without what is deleted.
    pub(super) messages: Vec<Message>,
    /// Customers who shut the shop out.
    pub(super) blocked: Vec<String>,
    /// What goes wrong just now.
    pub(super) fault: Option<FaultKind>,
    /// The longest text that a customer's app takes, in characters.
    pub(super) longest_text: usize,
    /// Where customers begin posts, where there is such a place.
    pub(super) forum: Option<String>,
}

/// A chat: a private one of a customer and the shop, or a group.
#[derive(Serialize)]
pub(super) struct Chat {
    pub(super) id: String,
    /// Empty for a private one.
    pub(super) title: String,
    pub(super) group: bool,
    /// The names of the customers in it.
    pub(super) members: Vec<String>,
}

/// A message.
#[derive(Serialize)]
pub(super) struct Message {
    /// Its id within its chat.
    pub(super) id: String,
    pub(super) chat: String,
    /// The name of who wrote it.
    pub(super) writer: String,
    /// Whether the shop wrote it.
    pub(super) shop: bool,
    pub(super) text: String,
    /// How the text is dressed.
    pub(super) marks: Vec<Mark>,
    /// In milliseconds since 1970.
    pub(super) at: i64,
    pub(super) edited: bool,
    pub(super) files: Vec<FileShown>,
    /// The message that it answers.
    pub(super) answers: Option<String>,
    /// What it quotes of that.
    pub(super) quote: Option<String>,
    /// What is sent together has this in common.
    pub(super) album: Option<String>,
    pub(super) reactions: Vec<Reaction>,
}

/// A dressed part of a text. Parts may lie within each other.
#[derive(Serialize)]
pub(super) struct Mark {
    /// Where it begins, in UTF-16 units, as a browser counts.
    pub(super) offset: u64,
    /// Its length in these.
    pub(super) length: u64,
    /// `bold`, `italic`, `underline`, `strikethrough`, `code`, `pre`, `blockquote`, `spoiler` or `link`; others
    /// show as plain text.
    pub(super) kind: String,
    /// Where a link leads.
    pub(super) url: Option<String>,
}

/// A file of a message, without its bytes.
#[derive(Serialize)]
pub(super) struct FileShown {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) size: u64,
}

/// Somebody's reaction.
#[derive(Serialize)]
pub(super) struct Reaction {
    pub(super) writer: String,
    pub(super) emoji: String,
}

/// What a customer sends.
pub(super) struct Written {
    pub(super) chat: String,
    pub(super) text: String,
    /// The message that it answers.
    pub(super) answers: Option<String>,
    pub(super) files: Vec<File>,
}

/// A file.
pub(super) struct File {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) bytes: Bytes,
}

/// What can go wrong with a provider of chats.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultKind {
    /// It is not reached.
    Down,
    /// The next message is refused for good.
    Refuse,
    /// The next message is put off: the bot speaks too fast.
    Limit,
    /// The next message is taken, and the line is cut before that is said.
    Cut,
}

/// The routes of all providers.
pub(super) fn router() -> Router<Api> {
    let write = post(write).layer(DefaultBodyLimit::max(LARGEST_MESSAGE));
    Router::new()
        .route("/playground/api/chats/{provider}", write)
        .route("/playground/api/chats/{provider}/edit", post(edit))
        .route("/playground/api/chats/{provider}/delete", post(delete))
        .route("/playground/api/chats/{provider}/post", post(begin_post))
        .route("/playground/api/chats/{provider}/react", post(react))
        .route("/playground/api/chats/{provider}/block", post(block))
        .route("/playground/api/chats/{provider}/fault", post(set_fault))
        .route("/playground/api/chats/{provider}/files/{id}", get(file))
}

impl Playground {
    fn chats(&self, provider: &str) -> Result<&Arc<dyn Chats>, ApiError> {
        let found = self.chats.iter().find(|chats| chats.name() == provider);
        found.ok_or_else(|| ApiError::not_found("provider"))
    }
}

/// The name of a customer of ours.
fn customer(name: &str) -> Result<&'static str, ApiError> {
    let found = CUSTOMERS.iter().find(|customer| customer.name == name);
    found.map(|customer| customer.name).ok_or_else(|| ApiError::not_found("customer"))
}

/// As the customer's app refuses it.
fn short(field: &str, text: &str, longest: usize) -> Result<(), ApiError> {
    if text.chars().count() > longest {
        return Err(ApiError::field(field, "It is too long.".to_owned()));
    }
    Ok(())
}

impl From<Missing> for ApiError {
    fn from(_: Missing) -> Self {
        Self::not_found("message")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    customer: String,
    chat: String,
    #[serde(default)]
    text: String,
    /// The message that this one answers.
    #[serde(default)]
    answers: Option<String>,
    #[serde(default)]
    files: Vec<super::File>,
}

/// A customer writes, or answers what was written. While the provider is away the message waits there.
async fn write(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(write): Body<Write>,
) -> Result<Json<Value>, ApiError> {
    let chats = playground.chats(&provider)?;
    short("text", &write.text, chats.longest_text())?;
    if write.text.trim().is_empty() && write.files.is_empty() {
        return Err(ApiError::field("text", "There is nothing to send.".to_owned()));
    }
    let files = write.files.into_iter().map(|file| {
        let (name, content_type) = (file.name.clone(), file.content_type.clone());
        Ok(File { name, content_type, bytes: file.decoded()?.into() })
    });
    let written = Written {
        chat: write.chat,
        text: write.text,
        answers: write.answers,
        files: files.collect::<Result<_, ApiError>>()?,
    };
    chats.write(customer(&write.customer)?, written)?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    customer: String,
    chat: String,
    message: String,
    text: String,
}

async fn edit(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(edit): Body<Edit>,
) -> Result<Json<Value>, ApiError> {
    let chats = playground.chats(&provider)?;
    short("text", &edit.text, chats.longest_text())?;
    chats.edit(customer(&edit.customer)?, &edit.chat, &edit.message, &edit.text)?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    customer: String,
    chat: String,
    message: String,
}

async fn delete(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(delete): Body<Delete>,
) -> Result<Json<Value>, ApiError> {
    let chats = playground.chats(&provider)?;
    chats.delete(customer(&delete.customer)?, &delete.chat, &delete.message)?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    customer: String,
    title: String,
    text: String,
}

async fn begin_post(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(post): Body<Post>,
) -> Result<Json<Value>, ApiError> {
    let chats = playground.chats(&provider)?;
    short("title", &post.title, LONGEST_TITLE)?;
    short("text", &post.text, chats.longest_text())?;
    for (field, text) in [("title", &post.title), ("text", &post.text)] {
        if text.trim().is_empty() {
            return Err(ApiError::field(field, "There is nothing to send.".to_owned()));
        }
    }
    chats.post(customer(&post.customer)?, post.title.trim(), &post.text)?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct React {
    customer: String,
    chat: String,
    message: String,
    emoji: Option<String>,
}

async fn react(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(react): Body<React>,
) -> Result<Json<Value>, ApiError> {
    let chats = playground.chats(&provider)?;
    chats.react(customer(&react.customer)?, &react.chat, &react.message, react.emoji.as_deref())?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    customer: String,
    blocked: bool,
}

async fn block(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(block): Body<Block>,
) -> Result<Json<Value>, ApiError> {
    playground.chats(&provider)?.block(customer(&block.customer)?, block.blocked)?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFault {
    /// Nothing: all is well again.
    kind: Option<FaultKind>,
}

async fn set_fault(
    Extension(playground): Extension<Playground>,
    Path(provider): Path<String>,
    Body(fault): Body<SetFault>,
) -> Result<Json<Value>, ApiError> {
    playground.chats(&provider)?.set_fault(fault.kind);
    Ok(Json(playground.state()))
}

/// A file of a message. What a browser shows as a picture is shown in its place.
async fn file(
    Extension(playground): Extension<Playground>,
    Path((provider, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let file = playground.chats(&provider)?.file(&id).ok_or_else(|| ApiError::not_found("file"))?;
    let is_picture = PICTURES.contains(&file.content_type.as_str());
    Ok(served(file.bytes, &file.content_type, &file.name, is_picture))
}
