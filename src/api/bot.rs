//! The bot's switch, for admins: off for one inbox or for all of them, while the bridge runs.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::id::InboxId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    error::{ApiError, Problem},
    request::Body,
    session::{Admin, SignedIn},
};

/// One switch of the bot. It speaks on an inbox where that inbox's switch and the one for all are on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BotState {
    /// Whether this switch is on.
    enabled: bool,
    /// The key of the configuration that holds it off, whatever is switched on here.
    held_off_by: Option<String>,
}

impl BotState {
    /// Of an inbox, or with `None` for all; `off` is what a person has chosen.
    pub(super) fn new(api: &Api, inbox: Option<&InboxId>, off: bool) -> Self {
        let held_off_by = api.engine.config().bot_held_off_by(inbox);
        Self { enabled: !off && held_off_by.is_none(), held_off_by }
    }
}

/// How the switch is to stand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BotSwitch {
    enabled: bool,
}

/// How the switch for all inboxes stands.
#[utoipa::path(get, path = "/bot", responses((status = 200, body = BotState)))]
pub(super) async fn get_bot(State(api): State<Api>, _: SignedIn) -> Result<Json<BotState>, ApiError> {
    let off = api.engine.store().list_bots_off().await?;
    Ok(Json(BotState::new(&api, None, off.everywhere)))
}

/// Let the bot speak, or silence it on all inboxes. What it has written and what has not left never
/// leaves.
#[utoipa::path(put, path = "/bot", request_body = BotSwitch, responses(
    (status = 200, body = BotState), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn switch_bot(
    State(api): State<Api>,
    admin: Admin,
    Body(switch): Body<BotSwitch>,
) -> Result<Json<BotState>, ApiError> {
    throw(&api, &admin, None, &switch).await
}

/// The same for one inbox.
#[utoipa::path(put, path = "/inboxes/{id}/bot", params(("id" = String, Path)), request_body = BotSwitch, responses(
    (status = 200, body = BotState), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
pub(super) async fn switch_inbox_bot(
    State(api): State<Api>,
    admin: Admin,
    Path(inbox): Path<String>,
    Body(switch): Body<BotSwitch>,
) -> Result<Json<BotState>, ApiError> {
    let inbox = InboxId(inbox);
    if api.engine.config().inbox(&inbox).is_none() {
        return Err(ApiError::not_found("inbox"));
    }
    throw(&api, &admin, Some(&inbox), &switch).await
}

async fn throw(
    api: &Api,
    admin: &Admin,
    inbox: Option<&InboxId>,
    switch: &BotSwitch,
) -> Result<Json<BotState>, ApiError> {
    if let Some(key) = api.engine.config().bot_held_off_by(inbox).filter(|_| switch.enabled) {
        let detail = format!("The configuration holds the bot off: {key} is false.");
        return Err(ApiError::new(StatusCode::CONFLICT, "held_off", detail).with("key", key.into()));
    }
    api.engine.store().update_bot_switch(&admin.0.actor, inbox, switch.enabled).await?;
    Ok(Json(BotState::new(api, inbox, !switch.enabled)))
}
