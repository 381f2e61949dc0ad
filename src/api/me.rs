//! Signing in and out, and who is signed in.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

use super::{
    Api,
    dto::{self, RoleName},
    error::{ApiError, Problem},
    guard,
    limiter::Limiter,
    request::Body,
    session::{self, SignedIn},
};
use crate::store::{Session, fold_email};

/// Nobody has a longer address to sign in with.
const LONGEST_EMAIL: usize = 254;

/// The address of whoever asks, where it is known.
pub(super) struct Client(pub Option<IpAddr>);

impl FromRequestParts<Api> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        Ok(Self(api.site.client(guard::peer(parts), &parts.headers)))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    email: String,
    password: String,
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Team {
    id: String,
    name: String,
}

/// An inbox by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InboxName {
    id: String,
    name: String,
    channel: String,
    brand: String,
    teams: Vec<String>,
}

/// A colleague.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Colleague {
    id: String,
    name: String,
    teams: Vec<String>,
    active: bool,
}

/// What the inbox may do by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Settings {
    undo_seconds: u64,
}

/// Whoever is signed in, and what they need to find their way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    id: String,
    name: String,
    email: String,
    role: RoleName,
    teams: Vec<String>,
    settings: Settings,
    teams_all: Vec<Team>,
    inboxes: Vec<InboxName>,
    associates: Vec<Colleague>,
    brand_name: String,
    public_url_warning: Option<String>,
}

/// Gathers what a signed-in person is shown first.
pub(super) async fn me(api: &Api, session: &Session) -> Result<Me, ApiError> {
    let config = api.engine.config();
    let associates = api.engine.store().list_associates().await?;
    let brand = config.brands.first().map_or("Rapport", |brand| config.brand_name(&brand.id));
    Ok(Me {
        id: session.actor.id().to_string(),
        name: session.actor.name().to_owned(),
        email: session.email.clone(),
        role: session.actor.role().into(),
        teams: dto::teams(&session.actor),
        settings: Settings { undo_seconds: config.queue.undo.as_secs() },
        teams_all: config
            .teams
            .iter()
            .map(|team| Team { id: team.id.to_string(), name: team.name.clone() })
            .collect(),
        inboxes: config
            .inboxes
            .iter()
            .map(|inbox| InboxName {
                id: inbox.id.to_string(),
                name: inbox.name.clone(),
                channel: inbox.channel().to_string(),
                brand: inbox.brand.clone(),
                teams: inbox.teams.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        associates: associates
            .into_iter()
            .map(|one| Colleague {
                id: one.id.to_string(),
                name: one.name,
                teams: one.teams.iter().map(ToString::to_string).collect(),
                active: one.active,
            })
            .collect(),
        brand_name: brand.to_owned(),
        public_url_warning: None,
    })
}

/// The answer that begins a session.
pub(super) async fn signed_in(
    api: &Api,
    headers: &HeaderMap,
    token: &rapport_model::Secret,
) -> Result<Response, ApiError> {
    let session =
        api.engine.store().find_session(token.expose()).await?.ok_or_else(ApiError::unauthenticated)?;
    let cookies = session::begin(api, headers, token, &fold_email(&session.email));
    Ok((cookies, Json(me(api, &session).await?)).into_response())
}

/// Sign in.
#[utoipa::path(post, path = "/session", security(()), request_body = SignIn, responses(
    (status = 200, body = Me), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn sign_in(
    State(api): State<Api>,
    Client(address): Client,
    headers: HeaderMap,
    Body(sign_in): Body<SignIn>,
) -> Result<Response, ApiError> {
    let email = fold_email(&sign_in.email);
    // Nobody has a longer one, and each that is tried is remembered for a while.
    if email.len() > LONGEST_EMAIL {
        return Err(ApiError::field("email", "this is no e-mail address"));
    }
    let known_device = session::device(&headers).is_some_and(|mark| {
        let expected = api.site.device_mark(&email);
        bool::from(subtle::ConstantTimeEq::ct_eq(mark.as_bytes(), expected.as_bytes()))
    });
    let attempt = Limiter::attempt(&email, known_device, address);
    api.limiter.begin(&attempt, api.engine.store().now()).map_err(|wait| {
        let detail = "Too many attempts. Wait, or ask an admin for a link to set a new password.";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail).after(wait)
    })?;
    let wrong = || {
        let detail = "The address or the password is wrong.";
        ApiError::new(StatusCode::UNAUTHORIZED, "wrong_credentials", detail)
    };
    let credentials = api.engine.store().find_credentials(&email).await?;
    let expected = credentials.as_ref().map(|credentials| credentials.password_hash.clone());
    let right = api.passwords.is_right(sign_in.password, expected).await?;
    let credentials = credentials.filter(|_| right).ok_or_else(wrong)?;
    api.limiter.forgive(&attempt);
    let token = api.engine.store().insert_session(&credentials.id).await?;
    signed_in(&api, &headers, &token).await
}

/// Sign out.
#[utoipa::path(delete, path = "/session", responses((status = 204), (status = 401, body = Problem)))]
pub(super) async fn sign_out(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    api.engine.store().delete_session(&who.0).await?;
    Ok((StatusCode::NO_CONTENT, session::end(&api, &headers)).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/me", responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub(super) async fn get_me(State(api): State<Api>, who: SignedIn) -> Result<Json<Me>, ApiError> {
    me(&api, &who.0).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    current: String,
    new: String,
}

/// Change one's own password. Other sessions end.
#[utoipa::path(post, path = "/me/password", request_body = NewPassword, responses(
    (status = 204), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn change_password(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    Body(change): Body<NewPassword>,
) -> Result<Response, ApiError> {
    let email = fold_email(&who.0.email);
    let attempt = Limiter::attempt(&email, true, None);
    api.limiter.begin(&attempt, api.engine.store().now()).map_err(|wait| {
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts. Wait a while.")
            .after(wait)
    })?;
    let credentials = api.engine.store().find_credentials(&email).await?;
    let expected = credentials.map(|credentials| credentials.password_hash);
    if !api.passwords.is_right(change.current, expected).await? {
        let detail = "The current password is wrong.";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_credentials", detail));
    }
    api.limiter.forgive(&attempt);
    let hash = api.passwords.hash_new("new", change.new, who.actor().name(), &email).await?;
    let token = api.engine.store().update_password(who.actor().id(), &hash).await?;
    Ok((StatusCode::NO_CONTENT, session::begin(&api, &headers, &token, &email)).into_response())
}

#[cfg(test)]
mod tests;
