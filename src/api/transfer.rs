//! Handing a conversation over with a note: what a colleague has to know comes with it, or not at all.

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use rapport_model::{
    id::{AssociateId, ConversationId},
    text::is_blank,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    acts::{known_team, position, summary},
    decisions::Undoable,
    dto::{Message, Summary},
    error::{ApiError, Problem},
    request::{Body, id, idempotency_key},
    session::SignedIn,
    writing::{LONGEST_NOTE, mentions, no_such_colleague},
};
use crate::store::{Conflict, NewTransfer, StoreError};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    /// To whom; null where a team gets it.
    associate: Option<String>,
    /// To which team, or as which team's; null for none.
    team: Option<String>,
    /// What whoever gets it has to know.
    note: String,
    /// Colleagues beside the receiver whom the note names, by id: at most 20.
    #[serde(default)]
    mentions: Vec<String>,
    /// The last position that the person had seen.
    seen_position: i64,
}

/// The conversation after it was handed over, and how to take that back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Transferred {
    conversation: Summary,
    /// Null where the same request was answered before.
    undo: Option<Undoable>,
}

/// Hand it over with a note. One key is one transfer, however often it is sent; 409 where somebody wrote since.
#[utoipa::path(post, path = "/conversations/{id}/transfer", params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = Transfer, responses((status = 200, body = Transferred), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn transfer(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    headers: HeaderMap,
    Body(transfer): Body<Transfer>,
) -> Result<Json<Transferred>, ApiError> {
    let conversation: ConversationId = id(text, "conversation")?;
    let associate: Option<AssociateId> = transfer.associate.map(|text| id(text, "associate")).transpose()?;
    let team = known_team(&api, transfer.team)?;
    if associate.is_none() && team.is_none() {
        return Err(ApiError::field("associate", "say who gets it, or which team"));
    }
    if is_blank(&transfer.note) {
        return Err(ApiError::field("note", "say what whoever gets it has to know"));
    }
    if transfer.note.chars().count() > LONGEST_NOTE {
        return Err(ApiError::field("note", format!("at most {LONGEST_NOTE} characters")));
    }
    let seen = position(transfer.seen_position)?;
    let new = NewTransfer {
        conversation: conversation.clone(),
        associate,
        team,
        note: transfer.note,
        mentions: mentions(transfer.mentions)?,
        seen_position: seen,
        key: idempotency_key(&headers)?,
    };
    let store = api.engine.store();
    match store.transfer(who.actor(), new).await {
        Ok((_, undo)) => Ok(Json(Transferred {
            conversation: summary(&api, &who, &conversation).await?,
            undo: undo.map(Into::into),
        })),
        Err(StoreError::Conflict(Conflict::NewerMessage)) => {
            let newer = store.list_messages_after(who.actor(), &conversation, seen).await?;
            let newer: Vec<Message> = newer.iter().map(Into::into).collect();
            Err(ApiError::from(Conflict::NewerMessage).with("newer", serde_json::json!(newer)))
        }
        Err(error) => Err(no_such_colleague(error)),
    }
}
