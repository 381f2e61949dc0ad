//! A whole bridge with a pretended provider, two teams, and a caller for each role.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use rapport::{
    config::{self, Source},
    server::Server,
    store::{NewAssociate, Role, Store},
};
use rapport_fakes::{FakeTwilio, FakeTwilioConfig};
use rapport_model::id::AssociateId;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use url::Url;

use crate::testing::{Fresh, ManualClock};

/// What everybody here signs in with.
pub(crate) const PASSWORD: &str = "a password for tests";
/// The number of the inbox that the team "advice" serves.
pub(crate) const ADVICE: &str = "+4915550000001";
/// And of the one that "orders" serves.
pub(crate) const ORDERS: &str = "+4915550000002";

pub(crate) struct Bridge {
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) provider: FakeTwilio,
    /// An admin.
    pub(crate) ada: Caller,
    /// Of the team "advice".
    pub(crate) mara: Caller,
    /// Of the team "orders".
    pub(crate) jonas: Caller,
    _fresh: Fresh,
}

/// Somebody with a browser: keeps its cookies.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: Option<AssociateId>,
    url: String,
    http: reqwest::Client,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The problem without what differs from request to request.
    pub(crate) fn problem(&self) -> Value {
        let mut body = self.json();
        body.as_object_mut().map(|body| body.remove("request_id"));
        body
    }
}

impl Bridge {
    pub(crate) async fn start(fresh: Fresh) -> Self {
        Self::start_with(fresh, "").await
    }

    /// The same with tables of the caller's in its configuration.
    pub(crate) async fn start_with(fresh: Fresh, more: &str) -> Self {
        let clock = Arc::new(ManualClock::default());
        let provider = FakeTwilio::start(FakeTwilioConfig::new(clock.clone())).await.unwrap();
        let inbox = |id: &str, number: &str| {
            format!(
                "[inbox.{id}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{number}\"]\nteams = [\"{id}\"]\n\
                 [inbox.{id}.sms]\naccount_sid = \"{}\"\napi_base = \"{}\"\n",
                provider.account_sid(),
                provider.api_base(),
            )
        };
        let text = format!(
            "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[limits]\nattachment_mib = 1\n[bot]\nenabled = false\n\
             [team.advice]\nname = \"Advice\"\n[team.orders]\nname = \"Orders\"\n{}{}{more}",
            fresh.folder.display(),
            inbox("advice", ADVICE),
            inbox("orders", ORDERS),
        );
        let token = provider.auth_token().to_owned();
        let env = BTreeMap::from([
            ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
            ("RAPPORT__INBOX__ADVICE__SMS__AUTH_TOKEN".to_owned(), token.clone()),
            ("RAPPORT__INBOX__ORDERS__SMS__AUTH_TOKEN".to_owned(), token),
            ("MAIL_PASSWORD".to_owned(), "a password".to_owned()),
        ]);
        let loaded = config::load(&Source { file: Some(("test.toml".to_owned(), text)), env });
        let config = loaded.into_config().unwrap();
        let server = Server::start(config, clock.clone()).await.unwrap();
        let url = server.public_url().as_str().trim_end_matches('/').to_owned();
        provider.set_webhook(Url::parse(&format!("{url}/webhooks/advice")).unwrap());
        for (id, number) in [("advice", ADVICE), ("orders", ORDERS)] {
            provider.set_webhook_for(number, Url::parse(&format!("{url}/webhooks/{id}")).unwrap());
        }
        let store = server.engine().store().clone();
        let ada = Caller::signed_in(&store, &url, "Ada", Role::Admin, &[]).await;
        let mara = Caller::signed_in(&store, &url, "Mara", Role::Associate, &["advice"]).await;
        let jonas = Caller::signed_in(&store, &url, "Jonas", Role::Associate, &["orders"]).await;
        Self { server, clock, provider, ada, mara, jonas, _fresh: fresh }
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::new(self.server.public_url().as_str().trim_end_matches('/'))
    }

    /// A customer writes to one of our numbers; gives the conversation, as the admin sees it.
    pub(crate) async fn receive(&self, from: &str, to: &str, text: &str) -> Value {
        let (_, outcome) = self.provider.receive_sms(from, to, text, Vec::new()).await;
        assert!(outcome.is_success(), "the bridge took the message");
        let page = self.ada.get("/api/v1/conversations?view=all&limit=100").await.json();
        let items = page["items"].as_array().unwrap();
        items.iter().find(|item| item["contact"]["address"] == from).unwrap().clone()
    }
}

impl Caller {
    fn new(url: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        Self { id: None, url: url.to_owned(), http, cookies: Arc::default() }
    }

    /// Invited through the store, signed in through the API.
    async fn signed_in(store: &Store, url: &str, name: &str, role: Role, teams: &[&str]) -> Self {
        let new = NewAssociate {
            name: name.to_owned(),
            email: format!("{}@shop.example", name.to_lowercase()),
            role,
            teams: teams.iter().map(|team| (*team).into()).collect(),
        };
        let invited = store.insert_associate(None, new).await.unwrap();
        let mut caller = Self::new(url);
        caller.id = Some(invited.id);
        let path = format!("/api/v1/invitations/{}", invited.token.expose());
        let answer = caller.post(&path, json!({"password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        caller
    }

    /// The cookie of that name, as the browser would send it.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn client(&self) -> reqwest::Client {
        self.http.clone()
    }

    /// A request with this browser's cookies and nothing else.
    pub(crate) fn bare(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.request(method, format!("{}{path}", self.url));
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// A request as our own page makes it.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.bare(method, path).header("x-rapport-csrf", "1")
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.set_cookie(name, value);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Uploads a file, as a browser's form does.
    pub(crate) async fn upload(&self, name: &str, kind: &str, bytes: &[u8]) -> Answer {
        let name = name.replace('"', "%22");
        let head = format!(
            "--frame\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: {kind}\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--frame--\r\n"].concat();
        let request = self.request(Method::POST, "/api/v1/attachments");
        self.send(request.header("content-type", "multipart/form-data; boundary=frame").body(body)).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/session", json!({"email": email, "password": password})).await
    }
}
