//! Who asks: the cookie of a session, and the extractors that handlers use.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};
use rapport_model::Secret;

use super::{Api, error::ApiError, guard::Reached};
use crate::store::{Actor, Role, Session};

/// With TLS: bound to this host by the browser.
const SECURE: &str = "__Host-rapport";
/// On this machine alone, where there is no TLS.
const LOCAL: &str = "rapport_session";
const DEVICE: &str = "rapport_device";
const MONTH_SECONDS: u32 = 30 * 24 * 3600;

/// Somebody who is signed in.
pub(super) struct SignedIn(pub Session);

impl SignedIn {
    pub(super) fn actor(&self) -> &Actor {
        &self.0.actor
    }
}

/// Somebody who is signed in and an admin.
pub(super) struct Admin(pub Session);

impl FromRequestParts<Api> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let token = token(api, &parts.headers).ok_or_else(ApiError::unauthenticated)?;
        let store = api.engine.store();
        let session = store.find_session(&token).await?.ok_or_else(ApiError::unauthenticated)?;
        if session.stale {
            let (store, id) = (store.clone(), session.id.clone());
            // Not waited for: whoever only reads must not depend on the writer.
            tokio::spawn(async move {
                if let Err(error) = store.touch_session(&id).await {
                    tracing::warn!(%error, "The use of a session could not be recorded");
                }
            });
        }
        Ok(Self(session))
    }
}

impl FromRequestParts<Api> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let SignedIn(session) = SignedIn::from_request_parts(parts, api).await?;
        if session.actor.role() == Role::Admin {
            Ok(Self(session))
        } else {
            Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", "Only an admin may do this."))
        }
    }
}

fn token(api: &Api, headers: &HeaderMap) -> Option<String> {
    let name = if api.site.reached(headers) == Reached::Secure { SECURE } else { LOCAL };
    cookie(headers, name)
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The mark of a device on which somebody signed in before.
pub(super) fn device(headers: &HeaderMap) -> Option<String> {
    cookie(headers, DEVICE)
}

/// The headers that begin a session in the browser.
pub(super) fn begin(api: &Api, headers: &HeaderMap, token: &Secret, email: &str) -> HeaderMap {
    let secure = api.site.reached(headers) == Reached::Secure;
    let (name, attribute) = if secure { (SECURE, "; Secure") } else { (LOCAL, "") };
    let token = token.expose();
    let mark = api.site.device_mark(email);
    let mut set = HeaderMap::new();
    for cookie in [
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={MONTH_SECONDS}{attribute}"),
        format!("{DEVICE}={mark}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000{attribute}"),
    ] {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            set.append(header::SET_COOKIE, value);
        }
    }
    set
}

/// The headers that end it.
pub(super) fn end(api: &Api, headers: &HeaderMap) -> HeaderMap {
    let secure = api.site.reached(headers) == Reached::Secure;
    let (name, attribute) = if secure { (SECURE, "; Secure") } else { (LOCAL, "") };
    let mut set = HeaderMap::new();
    if let Ok(value) =
        HeaderValue::from_str(&format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{attribute}"))
    {
        set.append(header::SET_COOKIE, value);
    }
    // A shared shop terminal must show nothing of it with the back button.
    set.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    set
}
