//! The pretended provider as bots and customers see it, through HTTP.

mod chats;
mod library;
mod media;
mod memory;
mod polling;
mod pushing;
mod sending;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use rapport_sdk::{
    http::{ApiClient, Credentials, Timeouts},
    model::{Clock, Timestamp},
};
use serde_json::{Value, json};

use super::{FakeTelegram, FakeTelegramConfig};

/// A clock that a test puts forward.
#[derive(Debug, Clone)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

fn noon() -> Hands {
    Hands(Arc::new(AtomicI64::new(1_790_000_000_000)))
}

async fn bot() -> FakeTelegram {
    at(noon()).await
}

async fn at(clock: Hands) -> FakeTelegram {
    FakeTelegram::start(FakeTelegramConfig::new(Arc::new(clock))).await.unwrap()
}

/// Calls a method, and gives the whole answer.
async fn call(fake: &FakeTelegram, method: &str, fields: Value) -> Value {
    let path = format!("/bot{}/{method}", fake.token());
    post(fake, &path, fields).await
}

async fn post(fake: &FakeTelegram, path: &str, fields: Value) -> Value {
    let client = ApiClient::new(fake.api_base(), Timeouts::default()).unwrap();
    let json = http::HeaderValue::from_static("application/json");
    let headers = http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, json)]);
    let answer = client.post(path, headers, fields.to_string(), Credentials::None).await.unwrap();
    let value: Value = answer.json().unwrap();
    if let Some(code) = value["error_code"].as_u64() {
        assert_eq!(code, u64::from(answer.status.as_u16()));
    }
    value
}

/// What a method gives, where it must go well.
async fn done(fake: &FakeTelegram, method: &str, fields: Value) -> Value {
    let answer = call(fake, method, fields).await;
    assert_eq!(answer["ok"], true, "{method}: {answer}");
    answer["result"].clone()
}

/// Why a method is refused.
async fn refused(fake: &FakeTelegram, method: &str, fields: Value) -> String {
    let answer = call(fake, method, fields).await;
    assert_eq!(answer["ok"], false, "{method}: {answer}");
    answer["description"].as_str().unwrap().to_owned()
}

/// The updates that wait, all of them acknowledged.
async fn updates(fake: &FakeTelegram) -> Vec<Value> {
    let found = done(fake, "getUpdates", json!({})).await.as_array().unwrap().clone();
    if let Some(last) = found.last() {
        let next = last["update_id"].as_i64().unwrap() + 1;
        done(fake, "getUpdates", json!({"offset": next, "limit": 1})).await;
    }
    found
}
