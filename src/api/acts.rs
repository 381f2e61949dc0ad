//! What a person does in a conversation besides writing. Each act answers with the conversation as it is then; everybody
//! else sees it on the live stream.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::{
    id::{AssociateId, ConversationId, HandleId, TeamId},
    text::is_blank,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    decisions::Undoable,
    dto::Summary,
    error::{ApiError, Problem},
    request::{Body, id},
    session::SignedIn,
};

const LONGEST_REASON: usize = 500;

/// The conversation after an act.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Acted {
    conversation: Summary,
}

/// The conversation after a waiver, and how to take that back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waived {
    conversation: Summary,
    undo: Undoable,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assign {
    /// `null`: nobody's. Left out is no answer.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    associate: Option<String>,
    /// `null`: no team's.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    team: Option<String>,
}

/// Why no reply is needed.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WaiveReason {
    /// Unwanted.
    Spam,
    /// They only said thanks.
    Thanks,
    /// It is answered elsewhere.
    Duplicate,
    /// `detail` says why.
    Other,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Waive {
    reason: WaiveReason,
    detail: Option<String>,
    seen_position: i64,
    #[serde(default)]
    close: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    position: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwner {
    /// How you know, in 1 to 500 characters.
    reason: String,
}

/// Give it to somebody, to a team, or to nobody.
#[utoipa::path(post, path = "/conversations/{id}/assign", params(("id" = String, Path)), request_body = Assign, responses(
    (status = 200, body = Acted), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn assign(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(assign): Body<Assign>,
) -> Result<Json<Acted>, ApiError> {
    let conversation: ConversationId = id(text, "conversation")?;
    let associate: Option<AssociateId> = assign.associate.map(|text| id(text, "associate")).transpose()?;
    let team = known_team(&api, assign.team)?;
    api.engine.store().assign(who.actor(), &conversation, associate, team).await?;
    acted(&api, &who, &conversation).await
}

/// A team of the configuration.
pub(super) fn known_team(api: &Api, team: Option<String>) -> Result<Option<TeamId>, ApiError> {
    let team = team.map(TeamId);
    if team.as_ref().is_some_and(|team| api.engine.config().teams.iter().all(|known| known.id != *team)) {
        return Err(ApiError::field("team", "this team is not in the configuration"));
    }
    Ok(team)
}

/// Close it; 409 while a reply is owed.
#[utoipa::path(post, path = "/conversations/{id}/close", params(("id" = String, Path)), responses(
    (status = 200, body = Acted), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn close(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Acted>, ApiError> {
    let conversation = id(text, "conversation")?;
    api.engine.store().close(who.actor(), &conversation).await?;
    acted(&api, &who, &conversation).await
}

/// Open it again.
#[utoipa::path(post, path = "/conversations/{id}/reopen", params(("id" = String, Path)), responses(
    (status = 200, body = Acted), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn reopen(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Acted>, ApiError> {
    let conversation = id(text, "conversation")?;
    api.engine.store().reopen(who.actor(), &conversation).await?;
    acted(&api, &who, &conversation).await
}

/// Decide that no reply is needed, and why.
#[utoipa::path(post, path = "/conversations/{id}/waive", params(("id" = String, Path)), request_body = Waive, responses(
    (status = 200, body = Waived), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn waive(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(waive): Body<Waive>,
) -> Result<Json<Waived>, ApiError> {
    let conversation = id(text, "conversation")?;
    let reason = why(waive.reason, waive.detail.as_deref())?;
    let seen = position(waive.seen_position)?;
    let undo = api.engine.store().waive(who.actor(), &conversation, reason, seen, waive.close).await?;
    Ok(Json(Waived { conversation: summary(&api, &who, &conversation).await?, undo: undo.into() }))
}

/// A reason with its detail, as it is kept.
pub(super) fn why(reason: WaiveReason, detail: Option<&str>) -> Result<String, ApiError> {
    let detail = detail.map(str::trim).filter(|detail| !is_blank(detail));
    let word = match reason {
        WaiveReason::Spam => "spam",
        WaiveReason::Thanks => "thanks",
        WaiveReason::Duplicate => "duplicate",
        WaiveReason::Other if detail.is_none() => {
            return Err(ApiError::field("detail", "say why no reply is needed"));
        }
        WaiveReason::Other => "other",
    };
    short("detail", detail.unwrap_or_default())?;
    Ok(detail.map_or_else(|| word.to_owned(), |detail| format!("{word}: {detail}")))
}

/// Mark read up to a position; a lower one marks unread.
#[utoipa::path(post, path = "/conversations/{id}/read", params(("id" = String, Path)), request_body = Read, responses(
    (status = 204), (status = 404, body = Problem)))]
pub(super) async fn mark_read(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(read): Body<Read>,
) -> Result<StatusCode, ApiError> {
    let conversation = id(text, "conversation")?;
    api.engine.store().update_read_mark(who.actor(), &conversation, read.position).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Block a handle: nothing that it writes is owed a reply.
#[utoipa::path(post, path = "/handles/{id}/block", params(("id" = String, Path)), request_body = Block, responses(
    (status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn block(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(block): Body<Block>,
) -> Result<StatusCode, ApiError> {
    let handle: HandleId = id(text, "handle")?;
    let reason = block.reason.trim();
    if is_blank(reason) {
        return Err(ApiError::field("reason", "say why"));
    }
    short("reason", reason)?;
    api.engine.store().block(who.actor(), &handle, reason.to_owned()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a block.
#[utoipa::path(post, path = "/handles/{id}/unblock", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = Problem)))]
pub(super) async fn unblock(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    let handle: HandleId = id(text, "handle")?;
    api.engine.store().unblock(who.actor(), &handle).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The number was given to somebody else: what comes from now on is a new contact's.
#[utoipa::path(post, path = "/handles/{id}/new-owner", params(("id" = String, Path)), request_body = NewOwner, responses(
    (status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn new_owner(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(new): Body<NewOwner>,
) -> Result<StatusCode, ApiError> {
    let handle: HandleId = id(text, "handle")?;
    let reason = new.reason.trim();
    if is_blank(reason) {
        return Err(ApiError::field("reason", "say how you know"));
    }
    short("reason", reason)?;
    api.engine.store().give_to_new_owner(who.actor(), &handle, reason.to_owned()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// It was a mistake: take it back as long as nothing came from the new owner.
#[utoipa::path(delete, path = "/handles/{id}/new-owner", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn same_owner(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    let handle: HandleId = id(text, "handle")?;
    api.engine.store().give_back_to_owner(who.actor(), &handle).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A reason stands in a line of the timeline.
pub(super) fn short(field: &str, reason: &str) -> Result<(), ApiError> {
    if reason.chars().count() > LONGEST_REASON {
        return Err(ApiError::field(field, format!("at most {LONGEST_REASON} characters")));
    }
    Ok(())
}

/// The conversation after an act, also where it was given out of the actor's scope.
pub(super) async fn summary(
    api: &Api,
    who: &SignedIn,
    conversation: &ConversationId,
) -> Result<Summary, ApiError> {
    Ok((&api.engine.store().get_summary_after_act(who.actor(), conversation).await?).into())
}

async fn acted(api: &Api, who: &SignedIn, conversation: &ConversationId) -> Result<Json<Acted>, ApiError> {
    Ok(Json(Acted { conversation: summary(api, who, conversation).await? }))
}

/// A place in a conversation. Whether there is one with this number, the store knows.
pub(super) fn position(seen: i64) -> Result<i64, ApiError> {
    if seen < 0 {
        Err(ApiError::field("seen_position", "positions begin at 1; 0 is before the first"))
    } else {
        Ok(seen)
    }
}
