//! Associates, for admins: invite, change, disable, reset.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::{Timestamp, id::TeamId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    dto::RoleName,
    error::{ApiError, Problem},
    request::{Body, id},
    session::Admin,
};
use crate::store::{self, AssociateChange, Invited, NewAssociate, fit_name, is_email};

/// Somebody who answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Associate {
    id: String,
    name: String,
    email: String,
    role: RoleName,
    teams: Vec<String>,
    active: bool,
    invited_at: Option<i64>,
    last_seen_at: Option<i64>,
}

impl From<store::Associate> for Associate {
    fn from(one: store::Associate) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name,
            email: one.email,
            role: one.role.into(),
            teams: one.teams.iter().map(ToString::to_string).collect(),
            active: one.active,
            invited_at: one.invited_at.map(Timestamp::millis),
            last_seen_at: one.last_seen_at.map(Timestamp::millis),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Associates {
    items: Vec<Associate>,
}

/// A link that works once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Link {
    associate: Associate,
    /// The address to open.
    #[serde(rename = "link")]
    url: String,
    expires_at: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Invite {
    name: String,
    email: String,
    role: RoleName,
    teams: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    role: Option<RoleName>,
    teams: Option<Vec<String>>,
}

/// Everybody.
#[utoipa::path(get, path = "/associates", operation_id = "list_associates", responses(
    (status = 200, body = Associates), (status = 403, body = Problem)))]
pub(super) async fn list(State(api): State<Api>, _admin: Admin) -> Result<Json<Associates>, ApiError> {
    let items = api.engine.store().list_associates().await?;
    Ok(Json(Associates { items: items.into_iter().map(Into::into).collect() }))
}

/// Invite somebody.
#[utoipa::path(post, path = "/associates", request_body = Invite, responses(
    (status = 201, body = Link), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn invite(
    State(api): State<Api>,
    admin: Admin,
    Body(invite): Body<Invite>,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    let new = NewAssociate {
        name: name(&invite.name)?,
        email: email(&invite.email)?,
        role: invite.role.into(),
        teams: teams(&api, invite.teams, &[])?,
    };
    let invited = api.engine.store().insert_associate(Some(&admin.0.actor), new).await?;
    Ok((StatusCode::CREATED, link(&api, invited).await?))
}

/// Change name, role or teams.
#[utoipa::path(patch, path = "/associates/{id}", params(("id" = String, Path)), request_body = Change, responses(
    (status = 200, body = Associate), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn update(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Associate>, ApiError> {
    let teams = match change.teams {
        Some(list) => {
            let held = api.engine.store().get_associate(&id(text.clone(), "associate")?).await?.teams;
            Some(teams(&api, list, &held)?)
        }
        None => None,
    };
    let change = AssociateChange {
        name: change.name.as_deref().map(name).transpose()?,
        role: change.role.map(Into::into),
        teams,
        active: None,
    };
    apply(&api, &admin, text, change).await
}

/// End somebody's access: sessions and streams end within 5 s.
#[utoipa::path(post, path = "/associates/{id}/disable", params(("id" = String, Path)), responses(
    (status = 200, body = Associate), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn disable(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
) -> Result<Json<Associate>, ApiError> {
    apply(&api, &admin, text, AssociateChange { active: Some(false), ..Default::default() }).await
}

/// Let somebody in again.
#[utoipa::path(post, path = "/associates/{id}/enable", params(("id" = String, Path)), responses(
    (status = 200, body = Associate), (status = 404, body = Problem)))]
pub(super) async fn enable(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
) -> Result<Json<Associate>, ApiError> {
    apply(&api, &admin, text, AssociateChange { active: Some(true), ..Default::default() }).await
}

/// Make a link for a new password.
#[utoipa::path(post, path = "/associates/{id}/reset", params(("id" = String, Path)), responses(
    (status = 200, body = Link), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn reset(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
) -> Result<Json<Link>, ApiError> {
    let who = id(text, "associate")?;
    let invited = api.engine.store().insert_reset(Some(&admin.0.actor), &who).await?;
    link(&api, invited).await
}

async fn apply(
    api: &Api,
    admin: &Admin,
    text: String,
    change: AssociateChange,
) -> Result<Json<Associate>, ApiError> {
    let who = id(text, "associate")?;
    Ok(Json(api.engine.store().update_associate(Some(&admin.0.actor), &who, change).await?.into()))
}

async fn link(api: &Api, invited: Invited) -> Result<Json<Link>, ApiError> {
    let associate = api.engine.store().get_associate(&invited.id).await?;
    let base = api.site.public_url().as_str().trim_end_matches('/');
    Ok(Json(Link {
        associate: associate.into(),
        url: format!("{base}/invitation/{}", invited.token.expose()),
        expires_at: invited.expires_at.millis(),
    }))
}

/// A name as it may be kept.
pub(super) fn name(text: &str) -> Result<String, ApiError> {
    fit_name(text).map_err(|reason| ApiError::field("name", reason))
}

fn email(text: &str) -> Result<String, ApiError> {
    let email = text.trim();
    if is_email(email) {
        Ok(email.to_owned())
    } else {
        Err(ApiError::field("email", "this is no e-mail address"))
    }
}

/// Teams of the configuration, or those that the associate holds already: one that was removed since
/// must not stand in the way of another change.
fn teams(api: &Api, list: Vec<String>, held: &[TeamId]) -> Result<Vec<TeamId>, ApiError> {
    list.into_iter()
        .map(|team| {
            let team = TeamId(team);
            if held.contains(&team) || api.engine.config().teams.iter().any(|known| known.id == team) {
                Ok(team)
            } else {
                Err(ApiError::field("teams", format!("there is no team \"{team}\" in the configuration")))
            }
        })
        .collect()
}
