//! The links with which somebody sets a first or another password.

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, associates,
    error::{ApiError, Problem},
    me::{self, Me},
    request::Body,
};

/// Whose password a link sets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    name: String,
    email: String,
    /// `invite` or `reset`.
    kind: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accept {
    password: String,
    name: Option<String>,
}

/// What a link is for.
#[utoipa::path(get, path = "/invitations/{token}", security(()), params(("token" = String, Path)), responses(
    (status = 200, body = Invitation), (status = 404, body = Problem)))]
pub(super) async fn look(
    State(api): State<Api>,
    Path(token): Path<String>,
) -> Result<Json<Invitation>, ApiError> {
    let found = api.engine.store().find_invitation(&token).await?;
    let found = found.ok_or_else(|| ApiError::not_found("invitation"))?;
    Ok(Json(Invitation { name: found.name, email: found.email, kind: found.kind.as_str().to_owned() }))
}

/// Use a link: sets the password and signs in.
#[utoipa::path(post, path = "/invitations/{token}", security(()), params(("token" = String, Path)), request_body = Accept, responses(
    (status = 200, body = Me), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn accept(
    State(api): State<Api>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Body(accept): Body<Accept>,
) -> Result<Response, ApiError> {
    // Asked first, so that nobody makes us hash passwords without a link.
    let found = api.engine.store().find_invitation(&token).await?;
    let found = found.ok_or_else(|| ApiError::not_found("invitation"))?;
    let name =
        accept.name.as_deref().filter(|name| !name.trim().is_empty()).map(associates::name).transpose()?;
    let called = name.as_deref().unwrap_or(&found.name);
    let hash = api.passwords.hash_new("password", accept.password, called, &found.email).await?;
    let session = api.engine.store().accept_invitation(&token, hash, name).await?;
    me::signed_in(&api, &headers, &session).await
}
