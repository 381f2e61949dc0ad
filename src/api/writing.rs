//! What a person writes in a conversation: replies and what may still be done about them, notes, drafts.
//! Each answers with the conversation as it is then; everybody else sees it on the live stream.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use rapport_model::{
    Address,
    id::{AssociateId, AttachmentId, ConversationId, InboxId, MessageId},
    text::is_blank,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    acts::{position, summary},
    chat::{Span, spans},
    dto::{Attachment, Message, Summary},
    error::{ApiError, Problem},
    request::{Body, id, idempotency_key},
    session::SignedIn,
};
use crate::{
    engine::{NewReply, ReplyError},
    store::{Conflict, LONGEST_SUBJECT, NewDraft, StoreError},
};

/// A note is for colleagues to read, and no file.
pub(super) const LONGEST_NOTE: usize = 20_000;
const MOST_ATTACHMENTS: usize = 50;
/// So many people are named in one note.
const MOST_MENTIONS: usize = 20;
/// So many people get a copy of one reply.
const MOST_COPIES: usize = 50;

/// The message and the conversation after an act.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Written {
    message: Message,
    conversation: Summary,
}

/// What was taken back, for the composer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TakenBack {
    conversation: Summary,
    text: String,
    attachments: Vec<Attachment>,
    subject: Option<String>,
    cc: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    text: String,
    /// How it is dressed; left off where `reply.capabilities.rich_text` is false.
    #[serde(default)]
    spans: Vec<Span>,
    /// The message that it answers. In a group that is whom it speaks to; left out there: whoever wrote the
    /// latest message that the author had seen.
    answers: Option<String>,
    #[serde(default)]
    attachments: Vec<String>,
    /// The last position that the author had seen.
    seen_position: i64,
    /// Close the conversation when the undo window ends.
    #[serde(default)]
    close: bool,
    /// Answer on another inbox than the one used last.
    inbox: Option<String>,
    /// The subject, on a channel of letters: at most 500 characters in one line. Left out or blank: "Re: "
    /// and what the thread's last letter is about.
    subject: Option<String>,
    /// Who gets a copy, on a channel of letters: addresses out of `reply.offered` of the conversation.
    #[serde(default)]
    cc: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    text: String,
    #[serde(default)]
    attachments: Vec<String>,
    /// Colleagues by id: each sees the conversation from then on, and that they are named. At most 20.
    #[serde(default)]
    mentions: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepDraft {
    text: String,
    #[serde(default)]
    attachments: Vec<String>,
    #[serde(default)]
    note: bool,
    /// What is to stand above it.
    subject: Option<String>,
    /// Who is to get a copy. Whether they may is asked when it is sent.
    #[serde(default)]
    cc: Vec<String>,
}

/// Answer. One key is one message, however often it is sent.
#[utoipa::path(post, path = "/conversations/{id}/replies", params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = Reply, responses((status = 201, body = Written), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn reply(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    headers: HeaderMap,
    Body(reply): Body<Reply>,
) -> Result<(StatusCode, Json<Written>), ApiError> {
    let conversation: ConversationId = id(text, "conversation")?;
    let seen = position(reply.seen_position)?;
    let new = NewReply {
        spans: spans(&reply.text, reply.spans)?,
        answers: reply.answers.map(|text| id(text, "message")).transpose()?,
        text: reply.text,
        attachments: attachments(reply.attachments)?,
        seen_position: seen,
        close: reply.close,
        inbox: reply.inbox.map(InboxId),
        subject: subject(reply.subject)?,
        cc: copies(reply.cc)?,
        key: idempotency_key(&headers)?,
    };
    if is_blank(&new.text) && new.attachments.is_empty() {
        return Err(ApiError::field("text", "the reply is empty"));
    }
    match api.engine.reply(who.actor(), &conversation, new).await {
        Ok(message) => Ok((StatusCode::CREATED, written(&api, &who, &message, &conversation).await?)),
        Err(ReplyError::Store(StoreError::Conflict(Conflict::NewerMessage))) => {
            let newer = api.engine.store().list_messages_after(who.actor(), &conversation, seen).await?;
            let newer: Vec<Message> = newer.iter().map(Into::into).collect();
            Err(ApiError::from(Conflict::NewerMessage).with("newer", serde_json::json!(newer)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Take a reply back while it has not left.
#[utoipa::path(post, path = "/messages/{id}/undo", params(("id" = String, Path)), responses(
    (status = 200, body = TakenBack), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn undo(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<TakenBack>, ApiError> {
    let message: MessageId = id(text, "message")?;
    let store = api.engine.store();
    let undone = store.undo(who.actor(), &message).await?;
    let files = store.list_uploads(who.actor(), &undone.attachments).await?;
    Ok(Json(TakenBack {
        conversation: summary(&api, &who, &undone.conversation).await?,
        text: undone.text,
        attachments: files.iter().map(Into::into).collect(),
        subject: undone.subject,
        cc: undone.cc.iter().map(|address| address.expose().to_owned()).collect(),
    }))
}

/// Send again what failed, or of which nobody knows.
#[utoipa::path(post, path = "/messages/{id}/resend", params(("id" = String, Path)), responses(
    (status = 200, body = Written), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn resend(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Written>, ApiError> {
    let message: MessageId = id(text, "message")?;
    let conversation = api.engine.store().resend(who.actor(), &message).await?;
    written(&api, &who, &message, &conversation).await
}

/// It did arrive: settle what nobody knew.
#[utoipa::path(post, path = "/messages/{id}/confirm", params(("id" = String, Path)), responses(
    (status = 200, body = Written), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn confirm(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Written>, ApiError> {
    let message: MessageId = id(text, "message")?;
    let conversation = api.engine.store().confirm(who.actor(), &message).await?;
    written(&api, &who, &message, &conversation).await
}

/// Leave a failed message as it is: nothing is sent again, and nobody is asked to look at it any more. What is owed
/// stays owed.
#[utoipa::path(post, path = "/messages/{id}/set-aside", params(("id" = String, Path)), responses(
    (status = 200, body = Written), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn set_aside(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Written>, ApiError> {
    let message: MessageId = id(text, "message")?;
    let conversation = api.engine.store().set_aside(who.actor(), &message).await?;
    written(&api, &who, &message, &conversation).await
}

/// Write a note that only colleagues see.
#[utoipa::path(post, path = "/conversations/{id}/notes", params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = Note, responses((status = 201, body = Written), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn note(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    headers: HeaderMap,
    Body(note): Body<Note>,
) -> Result<(StatusCode, Json<Written>), ApiError> {
    let conversation: ConversationId = id(text, "conversation")?;
    let (key, files) = (idempotency_key(&headers)?, attachments(note.attachments)?);
    if is_blank(&note.text) && files.is_empty() {
        return Err(ApiError::field("text", "the note is empty"));
    }
    if note.text.chars().count() > LONGEST_NOTE {
        return Err(ApiError::field("text", format!("at most {LONGEST_NOTE} characters")));
    }
    let named = mentions(note.mentions)?;
    let store = api.engine.store();
    let message = store
        .insert_note(who.actor(), &conversation, note.text, files, named, key)
        .await
        .map_err(no_such_colleague)?;
    Ok((StatusCode::CREATED, written(&api, &who, &message, &conversation).await?))
}

/// Keep what was begun.
#[utoipa::path(put, path = "/conversations/{id}/draft", params(("id" = String, Path)), request_body = KeepDraft, responses(
    (status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn keep_draft(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(draft): Body<KeepDraft>,
) -> Result<StatusCode, ApiError> {
    let conversation = id(text, "conversation")?;
    let draft = NewDraft {
        text: draft.text,
        attachments: attachments(draft.attachments)?,
        note: draft.note,
        subject: subject(draft.subject)?,
        cc: copies(draft.cc)?,
    };
    api.engine.store().update_draft(who.actor(), &conversation, Some(draft)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Throw away what was begun.
#[utoipa::path(delete, path = "/conversations/{id}/draft", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = Problem)))]
pub(super) async fn drop_draft(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    let conversation = id(text, "conversation")?;
    api.engine.store().update_draft(who.actor(), &conversation, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn attachments(list: Vec<String>) -> Result<Vec<AttachmentId>, ApiError> {
    // Each is looked up.
    if list.len() > MOST_ATTACHMENTS {
        return Err(ApiError::field("attachments", format!("at most {MOST_ATTACHMENTS} files")));
    }
    list.into_iter().map(|text| id(text, "attachment")).collect()
}

/// Whom a note names, each once.
pub(super) fn mentions(list: Vec<String>) -> Result<Vec<AssociateId>, ApiError> {
    if list.len() > MOST_MENTIONS {
        return Err(ApiError::field("mentions", format!("at most {MOST_MENTIONS} people")));
    }
    let mut named: Vec<AssociateId> = Vec::with_capacity(list.len());
    for text in list {
        let id =
            AssociateId::try_from(text).map_err(|error| ApiError::field("mentions", error.to_string()))?;
        if !named.contains(&id) {
            named.push(id);
        }
    }
    Ok(named)
}

/// Refuses a note that names somebody whom it would never reach.
pub(super) fn no_such_colleague(error: StoreError) -> ApiError {
    match error {
        StoreError::NotFound("colleague") => {
            ApiError::field("mentions", "names somebody who is not here, or not any more")
        }
        other => other.into(),
    }
}

/// A subject is one line, and no longer than programs show.
fn subject(subject: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = &subject else { return Ok(None) };
    if text.chars().any(char::is_control) {
        return Err(ApiError::field("subject", "a subject is one line, without control characters"));
    }
    if text.chars().count() > LONGEST_SUBJECT {
        return Err(ApiError::field("subject", format!("at most {LONGEST_SUBJECT} characters")));
    }
    Ok(subject)
}

fn copies(list: Vec<String>) -> Result<Vec<Address>, ApiError> {
    if list.len() > MOST_COPIES {
        return Err(ApiError::field("cc", format!("at most {MOST_COPIES} addresses")));
    }
    Ok(list.into_iter().map(Address::new).collect())
}

async fn written(
    api: &Api,
    who: &SignedIn,
    message: &MessageId,
    conversation: &ConversationId,
) -> Result<Json<Written>, ApiError> {
    let message = api.engine.store().get_message(who.actor(), message).await?;
    Ok(Json(Written { message: (&message).into(), conversation: summary(api, who, conversation).await? }))
}
