//! For load balancers: whether the process lives, and whether it can work.

use std::collections::BTreeMap;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde_json::{Value, json};

use super::Api;

pub(super) fn router() -> Router<Api> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// 200 while the process answers, with how many inboxes are in which state. Everybody may ask: it names
/// no inbox and nothing of customers.
async fn alive(State(api): State<Api>) -> Json<Value> {
    let store = api.engine.store().ping().await.is_ok();
    let mut inboxes = BTreeMap::<_, usize>::new();
    for inbox in api.engine.inboxes() {
        *inboxes.entry(inbox.health.word()).or_default() += 1;
    }
    let well = store && inboxes.keys().all(|state| ["connected", "starting"].contains(state));
    Json(json!({"status": if well { "ok" } else { "degraded" }, "store": store, "inboxes": inboxes}))
}

/// 200 when the store answers, 503 until then.
async fn ready(State(api): State<Api>) -> (StatusCode, Json<Value>) {
    match api.engine.store().ping().await {
        Ok(()) => (StatusCode::OK, Json(json!({"ready": true}))),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({"ready": false, "reason": "the store does not answer"})),
        ),
    }
}
