//! Updates that are pushed to an address.

use std::sync::Mutex;

use axum::{Router, routing::post};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;

use super::*;

/// An address that refuses the first call, and what it was called with: the secret and the text.
async fn listener() -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let calls: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let kept = Arc::clone(&calls);
    let take = async move |headers: HeaderMap, update: axum::Json<Value>| {
        let secret =
            headers.get("x-telegram-bot-api-secret-token").map(|value| value.to_str().unwrap().to_owned());
        let mut calls = kept.lock().unwrap();
        calls.push((
            secret.unwrap_or_default(),
            update["message"]["text"].as_str().unwrap_or_default().to_owned(),
        ));
        if calls.len() == 1 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take))).await });
    (url, calls)
}

#[tokio::test]
async fn an_update_is_pushed_until_it_is_taken_and_nobody_may_poll_meanwhile() {
    let config = FakeTelegramConfig::new(Arc::new(noon()));
    let pause = std::time::Duration::from_millis(5);
    let fake = FakeTelegram::start(FakeTelegramConfig { webhook_pause: pause, ..config }).await.unwrap();
    let (url, calls) = listener().await;
    let ines = fake.customer("Ines Carvalho");
    ines.write("one");
    let hook = json!({"url": url, "secret_token": "secret_1", "allowed_updates": ["message"]});
    done(&fake, "setWebhook", hook).await;
    let why = refused(&fake, "getUpdates", json!({})).await;
    assert!(why.starts_with("Conflict: can't use getUpdates method while webhook is active"), "{why}");
    ines.write("two");
    let mut changes = fake.subscribe();
    while fake.waiting_updates() > 0 {
        changes.changed().await.unwrap();
    }
    let own = |text: &str| ("secret_1".to_owned(), text.to_owned());
    assert_eq!(*calls.lock().unwrap(), [own("one"), own("one"), own("two")]);
    let info = done(&fake, "getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["pending_update_count"]), (&json!(url), &json!(0)));
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 502");
    done(&fake, "deleteWebhook", json!({})).await;
    ines.write("three");
    assert_eq!(updates(&fake).await[0]["message"]["text"], "three");
    let why = refused(&fake, "setWebhook", json!({"url": url, "secret_token": "no spaces"})).await;
    assert_eq!(why, "Bad Request: secret token contains unallowed characters");
}
