//! Updates that are pushed: one after the other to an address, each until it is taken.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, header};
use rapport_sdk::http::{ApiClient, Credentials, HttpError};
use serde_json::{Value, json};
use url::Url;

use super::{
    Shared,
    api::Refusal,
    spec::Params,
    updates::{Queued, Webhook},
};

/// `setWebhook`; an empty address takes it away.
pub(crate) fn set(shared: &Shared, params: &Params) -> Result<Value, Refusal> {
    let url = params.text("url").unwrap_or_default();
    if url.is_empty() {
        return Ok(delete(shared, params));
    }
    // The real API takes https alone; here everything stays on this machine.
    if !Url::parse(url).is_ok_and(|url| url.scheme().starts_with("http")) {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let secret = params.text("secret_token").map(str::to_owned);
    let is_secret = |text: &String| {
        (1..=256).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    if !secret.iter().all(is_secret) {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    let webhook = Webhook {
        url: url.to_owned(),
        secret,
        max_connections: params.integer("max_connections").unwrap_or(40),
        failed: None,
    };
    shared.with(|world| {
        world.allow(params);
        world.queue.end_poll("Conflict: terminated by setWebhook request");
        if params.is_set("drop_pending_updates") {
            world.acknowledge(|_, _| true);
        }
        world.set_webhook(Some(webhook));
    });
    Ok(json!(true))
}

pub(crate) fn delete(shared: &Shared, params: &Params) -> Value {
    shared.with(|world| {
        if params.is_set("drop_pending_updates") {
            world.acknowledge(|_, _| true);
        }
        world.set_webhook(None);
    });
    json!(true)
}

pub(crate) fn info(shared: &Shared) -> Value {
    let now = shared.now();
    shared.with(|world| {
        let pending = world.queue.len(now);
        let mut info = json!({"url": "", "has_custom_certificate": false, "pending_update_count": pending});
        if let Some(webhook) = &world.queue.settings.webhook {
            info["url"] = webhook.url.as_str().into();
            info["max_connections"] = webhook.max_connections.into();
            info["ip_address"] = "127.0.0.1".into();
            if let Some((at, message)) = &webhook.failed {
                info["last_error_date"] = (*at).into();
                info["last_error_message"] = message.as_str().into();
            }
        }
        if !world.allowed().is_empty() {
            info["allowed_updates"] = json!(world.allowed());
        }
        info
    })
}

/// Pushes while a webhook is set, until the provider ends.
pub(crate) async fn push(shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    let work = async {
        let mut changes = shared.changes();
        loop {
            changes.mark_unchanged();
            let now = shared.now();
            let next = shared.with(|world| {
                let webhook = world.queue.settings.webhook.clone().filter(|_| !world.down)?;
                Some((webhook, world.queue.first(now)?))
            });
            let Some((webhook, update)) = next else {
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            };
            if let Err(reason) = deliver(&shared, &webhook, &update).await {
                let failed = Some((now.millis() / 1000, reason));
                shared.with(|world| {
                    // Another one may have been set meanwhile.
                    if world.queue.settings.webhook.as_ref().is_some_and(|set| set.url == webhook.url) {
                        world.set_webhook(Some(Webhook { failed, ..webhook }));
                    }
                });
                tokio::time::sleep(shared.config.webhook_pause).await;
            } else {
                shared.with(|world| world.acknowledge(|_, waiting| waiting.id == update.id));
            }
            shared.changed();
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

async fn deliver(shared: &Shared, webhook: &Webhook, update: &Queued) -> Result<(), String> {
    let status = call(shared, webhook, update).await.map_err(|error| error.to_string())?;
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(format!("Wrong response from the webhook: {status}"))
    }
}

async fn call(shared: &Shared, webhook: &Webhook, update: &Queued) -> Result<u16, HttpError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let secret = webhook.secret.as_deref().and_then(|secret| HeaderValue::from_str(secret).ok());
    if let Some(secret) = secret {
        headers.insert("x-telegram-bot-api-secret-token", secret);
    }
    shared.post(&webhook.url, headers, update.body.to_string()).await
}

impl Shared {
    /// Posts, and gives the status of the answer.
    async fn post(&self, url: &str, headers: HeaderMap, body: String) -> Result<u16, HttpError> {
        // What was no address was refused when it was set.
        let Ok(url) = Url::parse(url) else { return Ok(404) };
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let mut origin = url;
        origin.set_path("");
        origin.set_query(None);
        let client = ApiClient::new(origin, self.config.webhook_timeouts)?;
        let answer = client.post(&path, headers, body, Credentials::None).await?;
        Ok(answer.status.as_u16())
    }
}

/// How long the provider waits before it offers an update again.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
