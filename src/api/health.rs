//! For load balancers: whether the process lives, and whether it can work.

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde_json::{Value, json};

use super::Api;

pub(super) fn router() -> Router<Api> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// 200 while the process answers, with what is not as it should be. Says nothing of customers.
async fn alive(State(api): State<Api>) -> Json<Value> {
    let store = api.engine.store().ping().await.is_ok();
    let inboxes: serde_json::Map<String, Value> = api
        .engine
        .inboxes()
        .into_iter()
        .map(|inbox| (inbox.id.to_string(), json!(inbox.health.word())))
        .collect();
    let well = store && inboxes.values().all(|state| state == "connected" || state == "starting");
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
