//! An associate's side of a running bridge: signs in, reads and answers over its API, as the inbox does.

use std::{net::SocketAddr, time::Duration};

use rapport::{
    server::Server,
    store::{NewAssociate, Role},
};
use rapport_model::id::TeamId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const PASSWORD: &str = "a password for tests";
/// A story that waits longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(25);

/// One associate, an admin, at one bridge.
pub(crate) struct Desk {
    http: reqwest::Client,
    cookie: String,
    email: String,
    at: Option<SocketAddr>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self { http, cookie: String::new(), email: String::new(), at: None }
    }

    /// From now on this is the bridge: a start gives it another port.
    pub(crate) fn turn_to(&mut self, server: &Server) {
        self.at = Some(server.address());
    }

    /// Takes up an invitation.
    pub(crate) async fn sign_in(&mut self, server: &Server) {
        self.sign_in_as(server, "Ada", Role::Admin, &[]).await;
    }

    /// The same for somebody else; gives their id.
    pub(crate) async fn sign_in_as(
        &mut self,
        server: &Server,
        name: &str,
        role: Role,
        teams: &[&str],
    ) -> String {
        let new = NewAssociate {
            name: name.to_owned(),
            email: format!("{}@shop.example", name.to_lowercase()),
            role,
            teams: teams.iter().map(|team| TeamId::from(*team)).collect(),
        };
        self.email.clone_from(&new.email);
        let invited = server.engine().store().insert_associate(None, new).await.unwrap();
        let path = format!("/api/v1/invitations/{}", invited.token.expose());
        self.come_in(&path, json!({"password": PASSWORD})).await;
        invited.id.to_string()
    }

    /// Signs in anew, when the session has ended.
    pub(crate) async fn sign_in_again(&mut self) {
        let email = self.email.clone();
        self.come_in("/api/v1/session", json!({"email": email, "password": PASSWORD})).await;
    }

    async fn come_in(&mut self, path: &str, body: Value) {
        let answer = self.request(Method::POST, path).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies: Vec<&str> = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap()).collect();
        self.cookie = cookies.join("; ");
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.at.unwrap());
        self.http.request(method, url).header("x-rapport-csrf", "1").header("cookie", &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let key = uuid::Uuid::new_v4().to_string();
        let request = self.request(Method::POST, path).header("idempotency-key", key).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// The rows of a view.
    pub(crate) async fn view(&self, view: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/v1/conversations?view={view}&limit=100")).await;
        page["items"].as_array().unwrap().clone()
    }

    /// The one conversation, with everything.
    pub(crate) async fn conversation(&self) -> Value {
        let rows = self.view("all").await;
        assert_eq!(rows.len(), 1, "{rows:#?}");
        self.open(&rows[0]).await
    }

    /// The conversation of a row, with everything.
    pub(crate) async fn open(&self, row: &Value) -> Value {
        self.get(&format!("/api/v1/conversations/{}", row["id"].as_str().unwrap())).await
    }

    /// The messages of a kind in the one conversation, oldest first.
    pub(crate) async fn messages(&self, kind: &str) -> Vec<Value> {
        messages_of(&self.conversation().await, kind)
    }

    /// Answers what waits on a number of ours; the message as it was taken.
    pub(crate) async fn reply(&self, text: &str) -> Value {
        let row = self.view("all").await.remove(0);
        self.reply_to(&row, text).await
    }

    pub(crate) async fn reply_to(&self, row: &Value, text: &str) -> Value {
        let path = format!("/api/v1/conversations/{}/replies", row["id"].as_str().unwrap());
        let body = json!({"text": text, "seen_position": row["position"]});
        let (status, answer) = self.post(&path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["message"].clone()
    }

    /// Waits until a message has this state.
    pub(crate) async fn until_delivery(&self, message: &Value, state: &str) {
        let conversation = message["conversation_id"].as_str().unwrap();
        let path = format!("/api/v1/conversations/{conversation}");
        until(&format!("the message is {state}"), async || {
            let opened = self.get(&path).await;
            let items = opened["messages"]["items"].as_array().unwrap();
            items.iter().any(|item| item["id"] == message["id"] && item["delivery"] == state)
        })
        .await;
    }
}

/// The messages of a kind in an open conversation, oldest first.
pub(crate) fn messages_of(conversation: &Value, kind: &str) -> Vec<Value> {
    let mut found: Vec<Value> = conversation["messages"]["items"].as_array().unwrap().clone();
    found.retain(|message| message["kind"] == kind);
    found.sort_by_key(|message| message["position"].as_i64());
    found
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "it never came to this: {what}");
}
