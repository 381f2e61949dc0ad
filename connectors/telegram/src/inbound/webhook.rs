//! Updates by call: Telegram posts each to us, with a secret that only it and we know.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE};
use rapport_sdk::{
    Batch, Context, IngestError, Ingress, WebhookRequest, WebhookResponse, WebhookRoute, model::Timestamp,
};
use serde::de::IgnoredAny;
use sha2::Sha256;

use super::{Inbound, Resume, Session, Stop};
use crate::{
    api::WebhookInfo,
    reading::{self, KINDS},
    sabotage::{self, Rule},
};

/// The header with the secret (<https://core.telegram.org/bots/api#setwebhook>).
const SECRET: &str = "x-telegram-bot-api-secret-token";
/// For how long a call that failed is worth telling.
const FAILURE_SHOWS: Duration = Duration::from_mins(15);

impl Inbound {
    /// Sets the webhook where that was not done yet, and looks whether calls arrive.
    pub(super) async fn watch(&self, ctx: &Context, session: &mut Session) -> Result<Duration, Stop> {
        self.look(ctx, session).await?;
        let resume = match session.resume {
            Some(resume) => resume,
            None => self.resume(ctx).await?,
        };
        let now = ctx.clock.now();
        let url = self.settings.webhook_url().map(String::from).unwrap_or_default();
        let mut info = self.api.webhook_info().await?;
        if !session.prepared || info.url != url {
            let webhook = serde_json::json!({
                "url": url,
                "secret_token": URL_SAFE_NO_PAD.encode(self.secret().finalize().into_bytes()),
                "allowed_updates": KINDS,
                "drop_pending_updates": false,
            });
            self.api.tell("setWebhook", &webhook).await?;
            session.prepared = true;
            info = self.api.webhook_info().await?;
        }
        let is_all = info.pending_update_count == 0;
        let mut batch = Batch { complete_up_to: is_all.then_some(now), ..Batch::default() };
        if is_all {
            let next = Resume { offset: None, asked: Some(now) };
            batch.events.extend(resume.gap(now));
            batch.cursor = Some(next.cursor());
            ctx.ingress.ingest(batch).await?;
            session.resume = Some(next);
        }
        ctx.health.report(self.health(session, failing(&info, now), now));
        Ok(self.settings.look)
    }

    /// Answers a call.
    pub async fn receive(&self, request: WebhookRequest, ingress: &dyn Ingress) -> WebhookResponse {
        if !self.is_telegram(&request.headers) {
            return answer(StatusCode::UNAUTHORIZED, "the secret token is missing or wrong");
        }
        if request.route != WebhookRoute::Messages {
            return answer(StatusCode::NOT_FOUND, "Telegram reports on nothing here");
        }
        if request.method != Method::POST {
            return answer(StatusCode::METHOD_NOT_ALLOWED, "updates are posted");
        }
        if !is_json(&request.headers) {
            return answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, "an update is application/json");
        }
        let update = String::from_utf8_lossy(&request.body);
        if serde_json::from_str::<IgnoredAny>(&update).is_err() {
            return answer(StatusCode::BAD_REQUEST, "the body is no JSON");
        }
        if reading::number(&update).is_none() {
            return answer(StatusCode::BAD_REQUEST, "update_id is missing");
        }
        let read = reading::read(&update, &self.ours, request.received_at);
        if !read.events.is_empty() {
            let batch = Batch { events: read.events, ..Batch::default() };
            if let Err(IngestError::Unavailable { retry_after }) = ingress.ingest(batch).await {
                let later = answer(StatusCode::SERVICE_UNAVAILABLE, "not stored for now, please come again");
                return WebhookResponse { retry_after: Some(retry_after), ..later };
            }
        }
        self.apply(read.changes);
        answer(StatusCode::OK, "")
    }

    /// Whether a call shows the secret. It is judged in constant time.
    fn is_telegram(&self, headers: &HeaderMap) -> bool {
        if sabotage::breaks(Rule::Secret) {
            return true;
        }
        let mut shown = headers.get_all(SECRET).iter();
        let (Some(secret), None) = (shown.next(), shown.next()) else { return false };
        URL_SAFE_NO_PAD
            .decode(secret.as_bytes())
            .is_ok_and(|secret| self.secret().verify_slice(&secret).is_ok())
    }

    /// The secret of our calls. It comes of the token, so that every node knows it without being told.
    fn secret(&self) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.settings.token.expose().as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(b"rapport webhook\0");
        mac.update(self.settings.inbox.as_str().as_bytes());
        mac
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// What Telegram says about calls that did not arrive, where that is fresh.
fn failing(info: &WebhookInfo, now: Timestamp) -> Option<String> {
    let at = Timestamp(info.last_error_date?.saturating_mul(1000));
    if now.since(at) > FAILURE_SHOWS {
        return None;
    }
    let words: String = info.last_error_message.iter().flat_map(|words| words.chars()).take(120).collect();
    Some(format!(
        "Telegram's calls do not all arrive ({words}; {} wait): look at server.public_url, its certificate and \
         what stands before the bridge.",
        info.pending_update_count
    ))
}

fn answer(status: StatusCode, body: &str) -> WebhookResponse {
    WebhookResponse { status, content_type: "text/plain", body: body.to_owned(), retry_after: None }
}
