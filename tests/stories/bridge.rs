//! A running bridge with one number or two, each at an account of its own, and an associate.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use rapport::{
    config::{self, Source},
    engine::Engine,
    server::Server,
    store::{NewAssociate, Role},
};
use rapport_fakes::{FakeTwilio, FakeTwilioConfig, twilio::PhoneMessage};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::testing::{Fresh, ManualClock};

/// A customer's number.
pub(crate) const CUSTOMER: &str = "+4917010000001";
/// Our numbers: of the inbox "first" and of "second".
pub(crate) const OURS: [&str; 2] = ["+4915550000001", "+4915550000002"];
const PASSWORD: &str = "a password for tests";
const NAMES: [&str; 2] = ["first", "second"];
/// A story that waits longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(25);

pub(crate) struct Bridge {
    server: Option<Server>,
    pub(crate) clock: Arc<ManualClock>,
    /// An account for each inbox.
    pub(crate) providers: [FakeTwilio; 2],
    http: reqwest::Client,
    cookie: String,
    fresh: Fresh,
    /// Where the world calls us, if that is not the server itself.
    public: Option<SocketAddr>,
}

impl Bridge {
    pub(crate) async fn start(fresh: Fresh) -> Self {
        Self::start_behind(fresh, None, false).await
    }

    /// With something between the provider and us, and a provider that calls again where it heard nothing.
    pub(crate) async fn start_behind(fresh: Fresh, public: Option<SocketAddr>, redeliver: bool) -> Self {
        let clock = Arc::new(ManualClock::default());
        let account =
            || FakeTwilio::start(FakeTwilioConfig { redeliver, ..FakeTwilioConfig::new(clock.clone()) });
        let providers = [account().await.unwrap(), account().await.unwrap()];
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let mut bridge = Self { server: None, clock, providers, http, cookie: String::new(), fresh, public };
        bridge.start_again().await;
        bridge.sign_in().await;
        bridge
    }

    /// What is offered to us is called at a new address, as after a move: the port is a new one.
    pub(crate) async fn start_again(&mut self) {
        let mut text = format!(
            "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[queue]\nundo_seconds = 0\n",
            self.fresh.folder.display()
        );
        if let Some(public) = self.public {
            text = text.replace("[queue]", &format!("public_url = \"http://{public}\"\n[queue]"));
        }
        let mut env = BTreeMap::from([("RAPPORT__STORE__URL".to_owned(), self.fresh.url.clone())]);
        for ((name, ours), provider) in NAMES.iter().zip(OURS).zip(&self.providers) {
            let account = (provider.account_sid(), provider.api_base());
            let inbox = format!(
                "[inbox.{name}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{ours}\"]\n\
                 [inbox.{name}.sms]\naccount_sid = \"{}\"\napi_base = \"{}\"\n",
                account.0, account.1,
            );
            text.push_str(&inbox);
            let key = format!("RAPPORT__INBOX__{}__SMS__AUTH_TOKEN", name.to_uppercase());
            env.insert(key, provider.auth_token().to_owned());
        }
        let loaded = config::load(&Source { file: Some(("story.toml".to_owned(), text)), env });
        let server = Server::start(loaded.into_config().unwrap(), self.clock.clone()).await.unwrap();
        for (name, provider) in NAMES.iter().zip(&self.providers) {
            let url = format!("http://{}/webhooks/{name}", self.public.unwrap_or(server.address()));
            provider.set_webhook(Url::parse(&url).unwrap());
        }
        self.server = Some(server);
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address()
    }

    /// Its engine, for what no provider can bring about.
    pub(crate) fn engine(&self) -> &Engine {
        self.server.as_ref().unwrap().engine()
    }

    /// Stops it as a supervisor does.
    pub(crate) async fn stop(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    async fn sign_in(&mut self) {
        let new = NewAssociate {
            name: "Ada".to_owned(),
            email: "ada@shop.example".to_owned(),
            role: Role::Admin,
            teams: Vec::new(),
        };
        let store = self.server.as_ref().unwrap().engine().store();
        let token = store.insert_associate(None, new).await.unwrap().token;
        let path = format!("/api/v1/invitations/{}", token.expose());
        self.come_in(&path, json!({"password": PASSWORD})).await;
    }

    /// Signs in anew, when the session has ended.
    pub(crate) async fn sign_in_again(&mut self) {
        self.come_in("/api/v1/session", json!({"email": "ada@shop.example", "password": PASSWORD})).await;
    }

    async fn come_in(&mut self, path: &str, body: Value) {
        let answer = self.request(Method::POST, path).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies: Vec<&str> = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap()).collect();
        self.cookie = cookies.join("; ");
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.server.as_ref().unwrap().address());
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

    /// A customer writes to the first inbox, and the bridge takes it.
    pub(crate) async fn write(&self, text: &str) -> String {
        let (sid, outcome) = self.providers[0].receive_sms(CUSTOMER, OURS[0], text, Vec::new()).await;
        assert!(outcome.is_success(), "{outcome:?}");
        sid
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
        self.get(&format!("/api/v1/conversations/{}", rows[0]["id"].as_str().unwrap())).await
    }

    /// Its messages of a kind, oldest first.
    pub(crate) async fn messages(&self, kind: &str) -> Vec<Value> {
        let conversation = self.conversation().await;
        let mut found: Vec<Value> = conversation["messages"]["items"].as_array().unwrap().clone();
        found.retain(|message| message["kind"] == kind);
        found.sort_by_key(|message| message["position"].as_i64());
        found
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

    /// Lets time pass, and tells the bridge that it did.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.server.as_ref().unwrap().engine().store().nudge();
    }

    /// What came to the customer's phone, by their account at the first inbox.
    pub(crate) fn phone(&self) -> Vec<PhoneMessage> {
        let mut shown = self.providers[0].phone(CUSTOMER);
        shown.retain(|message| !message.written_here);
        shown
    }

    /// Waits until so many messages came to the phone.
    pub(crate) async fn until_phone_shows(&self, many: usize) -> Vec<PhoneMessage> {
        until(&format!("the phone shows {many}"), async || self.phone().len() >= many).await;
        self.phone()
    }
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
