//! The playground as its page sees it: a shop that a newcomer tries, stops and starts again.

use std::{collections::BTreeMap, sync::Arc};

use rapport::{
    config::{self, Source},
    server::Server,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{CUSTOMER, until},
    on_both_engines,
    testing::{Fresh, ManualClock},
};

const SHOP: &str = include_str!("../../config/playground.toml");

struct Playground {
    server: Server,
    http: reqwest::Client,
}

impl Playground {
    async fn start(fresh: &Fresh) -> Self {
        let env = BTreeMap::from([
            ("RAPPORT__DATA_DIR".to_owned(), fresh.folder.display().to_string()),
            ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
            ("RAPPORT__SERVER__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ]);
        let source = Source { file: Some(("playground.toml".to_owned(), SHOP.to_owned())), env };
        let config = config::load(&source).into_config().unwrap();
        let server = Server::start(config, Arc::new(ManualClock::default())).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::new();
        Self { server, http }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}/playground/api/{path}", self.server.address());
        self.http.request(method, url)
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.request(Method::POST, path).header("x-rapport-csrf", "1").json(&body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn write(&self, text: &str) -> Value {
        self.post("sms", json!({"from": CUSTOMER, "body": text})).await.1
    }

    async fn phone(&self) -> Vec<String> {
        let state: Value = self.request(Method::GET, "state").send().await.unwrap().json().await.unwrap();
        let messages = state["messages"].as_array().unwrap().iter();
        messages.map(|message| message["body"].as_str().unwrap().to_owned()).collect()
    }
}

on_both_engines! {
    async fn the_phone_shows_after_a_new_start_what_it_showed_before(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        assert_eq!(playground.write("Hello").await["stored"], true);
        until("the bot says that it came", async || playground.phone().await.len() == 2).await;
        let shown = playground.phone().await;
        playground.server.stop().await;
        let playground = Playground::start(&fresh).await;
        assert!(playground.server.sign_ins().is_empty(), "the passwords are told once");
        assert_eq!(playground.phone().await, shown);
    }

    async fn what_is_written_while_the_provider_is_away_comes_in_when_it_is_back(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        let (status, state) = playground.post("fault", json!({"kind": "down"})).await;
        assert_eq!((status, &state["faults"]), (StatusCode::OK, &json!(["down"])));
        assert_eq!(playground.write("Hello").await["stored"], false);
        assert_eq!(playground.phone().await, ["Hello"]);
        let (_, state) = playground.post("fault", json!({"kind": "none"})).await;
        assert_eq!(state["faults"], json!([]));
        until("the bot says that it came", async || playground.phone().await.len() == 2).await;
    }

    async fn what_waited_at_the_provider_survives_a_new_start(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        playground.post("fault", json!({"kind": "down"})).await;
        playground.write("Hello").await;
        playground.server.stop().await;
        let playground = Playground::start(&fresh).await;
        until("the bot says that it came", async || playground.phone().await.len() == 2).await;
    }

    async fn another_sites_page_reads_no_phone_and_writes_for_nobody(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        let sms = json!({"from": CUSTOMER, "body": "Hello"});
        let post = || playground.request(Method::POST, "sms").json(&sms);
        let tries = [
            ("without the header", post()),
            ("a foreign origin", post().header("x-rapport-csrf", "1").header("origin", "https://evil.example")),
            ("a foreign name", playground.request(Method::GET, "state").header("host", "evil.example")),
            ("another site", playground.request(Method::GET, "events").header("sec-fetch-site", "cross-site")),
        ];
        for (name, request) in tries {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{name}");
        }
        assert_eq!(playground.phone().await, [""; 0]);
        let (status, problem) = playground.post("fault", json!({"kind": "sideways"})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["field"], "kind", "{problem}");
    }
}
