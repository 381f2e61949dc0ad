//! What came in and could not be read: seen, read again, or set aside by people.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::{Timestamp, id::ParkedId, text::is_blank};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    acts::short,
    dto::Summary,
    error::{ApiError, Problem},
    queue::{limit, place},
    request::{Body, Params, id},
    session::SignedIn,
};
use crate::store::{self, StoreError};

/// So much of what came is shown.
const SHOWN: usize = 4096;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ParkedPageOf {
    /// Where the page begins: `next` of the one before.
    cursor: Option<String>,
    /// At most so many: 50, at most 100.
    limit: Option<usize>,
}

/// Something that could not be read, and is owed until it is settled.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Parked {
    id: String,
    inbox: String,
    /// Why it could not be read.
    reason: String,
    /// When it came.
    at: i64,
    /// Until when an answer is in time; absent where the inbox is no longer configured.
    due_at: Option<i64>,
    /// The type of what came; absent where that is no longer kept.
    content_type: Option<String>,
    /// How long it is, in bytes; absent where it is long.
    size: Option<usize>,
    /// Its beginning, as text; absent where it is long.
    text: Option<String>,
}

/// A page of what could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ParkedPage {
    items: Vec<Parked>,
    next: Option<String>,
}

/// The conversation in which the message stands now; absent where it was no message, or where the
/// conversation is somebody else's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ParkedRead {
    conversation: Option<Summary>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetAside {
    reason: String,
}

/// What waits to be read again or set aside, the oldest first.
#[utoipa::path(get, path = "/parked", operation_id = "list_parked", params(ParkedPageOf), responses(
    (status = 200, body = ParkedPage), (status = 422, body = Problem)))]
pub(super) async fn list(
    State(api): State<Api>,
    who: SignedIn,
    Params(page): Params<ParkedPageOf>,
) -> Result<Json<ParkedPage>, ApiError> {
    let after = place("cursor", page.cursor.as_deref())?;
    let store = api.engine.store();
    let found = store.list_parked(who.actor(), after.as_ref(), limit(page.limit)?).await?;
    let items = found.items.into_iter().map(|parked| shown(store.inboxes(), parked)).collect();
    Ok(Json(ParkedPage { items, next: found.next.as_ref().map(ToString::to_string) }))
}

fn shown(inboxes: &[std::sync::Arc<store::InboxFacts>], parked: store::Parked) -> Parked {
    let facts = inboxes.iter().find(|facts| facts.id == parked.inbox);
    let text = parked.bytes.as_ref().map(|bytes| {
        let beginning = &bytes[..bytes.len().min(SHOWN)];
        String::from_utf8_lossy(beginning).into_owned()
    });
    Parked {
        id: parked.id.to_string(),
        inbox: parked.inbox.to_string(),
        due_at: facts.map(|facts| parked.at.plus(facts.reply_within)).map(Timestamp::millis),
        reason: parked.reason,
        at: parked.at.millis(),
        size: parked.bytes.as_ref().map(Vec::len),
        content_type: parked.content_type,
        text,
    }
}

/// Read it again, after a fix. 409 `unreadable` where it still can't be read, with the reason; 409
/// `not_now` where it was settled before.
#[utoipa::path(post, path = "/parked/{id}/read", operation_id = "read_parked", params(("id" = String, Path)), responses(
    (status = 200, body = ParkedRead), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn read(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<ParkedRead>, ApiError> {
    let parked: ParkedId = id(text, "parked message")?;
    let Some(read) = api.engine.read_parked(who.actor(), &parked).await? else {
        return Ok(Json(ParkedRead { conversation: None }));
    };
    let conversation = match api.engine.store().get_summary(who.actor(), &read.conversation).await {
        Ok(summary) => Some((&summary).into()),
        Err(StoreError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Json(ParkedRead { conversation }))
}

/// Decide that nothing has to be done about it, and why.
#[utoipa::path(post, path = "/parked/{id}/set-aside", operation_id = "set_parked_aside", params(("id" = String, Path)),
    request_body = SetAside, responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn set_aside(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(aside): Body<SetAside>,
) -> Result<StatusCode, ApiError> {
    let parked: ParkedId = id(text, "parked message")?;
    let reason = aside.reason.trim();
    if is_blank(reason) {
        return Err(ApiError::field("reason", "say why"));
    }
    short("reason", reason)?;
    api.engine.store().set_parked_aside(who.actor(), &parked, reason.to_owned()).await?;
    Ok(StatusCode::NO_CONTENT)
}
