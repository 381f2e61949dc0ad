//! Access tokens for XOAUTH2 (RFC 6749): got in time, kept until shortly before they run out.

use std::{net::IpAddr, time::Duration};

use rapport_sdk::{
    BoxFuture, ConnectorError,
    http::{Answer, ApiClient, Credentials, Timeouts},
    model::Secret,
};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use crate::{
    config::{Auth, EmailSettings},
    error::EmailError,
    smtp::AccessTokens,
};

/// So long before it runs out a token is no longer used: a sign-in takes a while.
const MARGIN: Duration = Duration::from_mins(2);
/// How long a token is taken to be good whose server does not say.
const UNSAID: u64 = 600;

/// Gets access tokens for one mailbox. Several that ask at once get the same one.
pub struct OAuth {
    client: ApiClient,
    path: String,
    client_id: String,
    client_secret: Option<Secret>,
    scope: Option<String>,
    state: Mutex<State>,
}

struct State {
    /// A server may replace it with every use (RFC 6749 section 6).
    refresh_token: Option<Secret>,
    current: Option<(Secret, Instant)>,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
}

impl OAuth {
    /// `None` where the mailbox has a password.
    pub fn new(settings: &EmailSettings) -> Result<Option<Self>, EmailError> {
        let Auth::XOAuth2 { token_url, client_id, client_secret, refresh_token, scope, .. } = &settings.auth
        else {
            return Ok(None);
        };
        if token_url.scheme() != "https" && !is_loopback(token_url) {
            return Err(EmailError::TokenUrl);
        }
        let base = token_url.join("/").map_err(|_| EmailError::TokenUrl)?;
        let path = &token_url[url::Position::BeforePath..url::Position::AfterQuery];
        let client = ApiClient::new(base, Timeouts::default()).map_err(|_| EmailError::TokenUrl)?;
        Ok(Some(Self {
            client,
            path: path.to_owned(),
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            scope: scope.clone(),
            state: Mutex::new(State { refresh_token: refresh_token.clone(), current: None }),
        }))
    }

    async fn token(&self, fresh: bool) -> Result<Secret, ConnectorError> {
        let mut state = self.state.lock().await;
        if let Some((token, until)) = &state.current
            && !fresh
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        state.current = None;
        let mut form = vec![("client_id", &self.client_id[..])];
        form.extend(self.client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        match &state.refresh_token {
            Some(token) => form.extend([("grant_type", "refresh_token"), ("refresh_token", token.expose())]),
            None => form.push(("grant_type", "client_credentials")),
        }
        let answer = self.client.post_form(&self.path, &form, Credentials::None).await;
        let answer = answer.map_err(|_| transient(None, "can't be reached"))?;
        let granted = granted(&answer)?;
        let said = granted.expires_in.as_ref().and_then(seconds).unwrap_or(UNSAID);
        let good = Duration::from_secs(said.min(7 * 24 * 3600));
        let token = Secret::new(granted.access_token);
        state.current = Some((token.clone(), Instant::now() + good.saturating_sub(MARGIN.max(good / 10))));
        if state.refresh_token.is_some()
            && let Some(next) = granted.refresh_token
        {
            state.refresh_token = Some(Secret::new(next));
        }
        Ok(token)
    }
}

impl AccessTokens for OAuth {
    fn access_token(&self, fresh: bool) -> BoxFuture<'_, Result<Secret, ConnectorError>> {
        Box::pin(self.token(fresh))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A number, or one in quotes as some servers write it.
fn seconds(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn granted(answer: &Answer) -> Result<Granted, ConnectorError> {
    let misconfigured =
        |what: &str| ConnectorError::Misconfigured { reason: format!("Access tokens: {what}.") };
    if answer.status.is_success() {
        return answer.json().ok_or_else(|| transient(None, "gives an answer that can't be read"));
    }
    if answer.status.is_server_error() || answer.status == 429 {
        return Err(transient(answer.retry_after(), "has none for now"));
    }
    Err(match answer.json::<Denied>().map(|denied| denied.error).as_deref() {
        Some("invalid_grant") => ConnectorError::Unauthorized,
        Some("invalid_client" | "unauthorized_client") => {
            misconfigured("client_id and client_secret are not accepted: copy them again from the provider")
        }
        Some("invalid_scope") => misconfigured("the provider does not know the scope: change scope"),
        Some("unsupported_grant_type") => {
            misconfigured("the provider wants a refresh token, or gives none for one: change refresh_token")
        }
        Some("temporarily_unavailable" | "server_error") => transient(None, "has none for now"),
        _ => misconfigured("what answers at token_url gives none: change token_url"),
    })
}

fn transient(retry_after: Option<Duration>, what: &str) -> ConnectorError {
    ConnectorError::Transient { retry_after, reason: format!("The server for access tokens {what}.") }
}
