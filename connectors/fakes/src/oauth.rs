//! A server that gives access tokens (RFC 6749), and counts them.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

#[derive(Default)]
struct Memory {
    given: usize,
    asked: Vec<HashMap<String, String>>,
    answers: VecDeque<(u16, String)>,
    expires_in: u64,
}

/// A running fake. It ends when this is dropped.
pub struct FakeTokens {
    memory: Arc<Mutex<Memory>>,
    url: Url,
    _stop: DropGuard,
}

impl FakeTokens {
    /// Starts one on 127.0.0.1, whose tokens are good for an hour.
    pub async fn start() -> io::Result<Self> {
        let memory = Arc::new(Mutex::new(Memory { expires_in: 3600, ..Memory::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/tenant/token", listener.local_addr()?);
        let url = url.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let router = Router::new().route("/tenant/token", post(give)).with_state(Arc::clone(&memory));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
        Ok(Self { memory, url, _stop: stop.drop_guard() })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where tokens are asked for.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// The forms that came, oldest first.
    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        self.with(|memory| memory.asked.clone())
    }

    /// How long the next tokens are good, in seconds.
    pub fn expire_in(&self, seconds: u64) {
        self.with(|memory| memory.expires_in = seconds);
    }

    /// The next request is answered like this. Several wait in a row.
    pub fn answer_next(&self, status: u16, body: &str) {
        self.with(|memory| memory.answers.push_back((status, body.to_owned())));
    }
}

/// The tokens are `token-1`, `token-2` and so on.
async fn give(State(memory): State<Arc<Mutex<Memory>>>, body: String) -> impl IntoResponse {
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    memory.asked.push(url::form_urlencoded::parse(body.as_bytes()).into_owned().collect());
    if let Some((status, body)) = memory.answers.pop_front() {
        return (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), body);
    }
    memory.given += 1;
    let (token, refresh) = (format!("token-{}", memory.given), format!("refresh-{}", memory.given));
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": memory.expires_in, "refresh_token": refresh });
    (StatusCode::OK, body.to_string())
}
