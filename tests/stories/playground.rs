//! The playground as its page sees it: a shop that a newcomer tries, stops and starts again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

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
    clock: Arc<ManualClock>,
    http: reqwest::Client,
    /// The associate's, once signed in.
    cookie: String,
}

/// The customer's address.
const ADDRESS: &str = "ines@carvalho.example";
const SHOP_ADDRESS: &str = "support@birkholt.example";

impl Playground {
    async fn start(fresh: &Fresh) -> Self {
        let env = BTreeMap::from([
            ("RAPPORT__DATA_DIR".to_owned(), fresh.folder.display().to_string()),
            ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
            ("RAPPORT__SERVER__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ]);
        let source = Source { file: Some(("playground.toml".to_owned(), SHOP.to_owned())), env };
        let config = config::load(&source).into_config().unwrap();
        let clock = Arc::new(ManualClock::default());
        let server = Server::start(config, clock.clone()).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::new();
        let mut playground = Self { server, clock, http, cookie: String::new() };
        if let Some(first) = playground.server.sign_ins().first() {
            let body = json!({"email": first.email, "password": first.password});
            let answer = playground.ask(Method::POST, "session").json(&body).send().await.unwrap();
            let cookies = answer.headers().get_all("set-cookie").iter();
            let cookies: Vec<_> = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap()).collect();
            playground.cookie = cookies.join("; ");
        }
        playground
    }

    /// Stops and starts again; the associate stays signed in.
    async fn start_again(self, fresh: &Fresh) -> Self {
        let cookie = self.cookie;
        self.server.stop().await;
        Self { cookie, ..Self::start(fresh).await }
    }

    /// The associate asks the bridge.
    fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}/api/v1/{path}", self.server.address());
        let key = uuid::Uuid::new_v4().to_string();
        let request = self.http.request(method, url).header("cookie", &self.cookie);
        request.header("x-rapport-csrf", "1").header("idempotency-key", key)
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    async fn view(&self, view: &str) -> Vec<Value> {
        self.get(&format!("conversations?view={view}")).await["items"].as_array().unwrap().clone()
    }

    /// The newest conversation of a view, with everything.
    async fn opened(&self, view: &str) -> Value {
        let rows = self.view(view).await;
        let Some(row) = rows.first() else { return Value::Null };
        self.get(&format!("conversations/{}", row["id"].as_str().unwrap())).await
    }

    /// Its messages of a kind, oldest first.
    async fn messages(&self, kind: &str) -> Vec<Value> {
        let opened = self.opened("all").await;
        let mut found = opened["messages"]["items"].as_array().cloned().unwrap_or_default();
        found.retain(|message| message["kind"] == kind);
        found.sort_by_key(|message| message["position"].as_i64());
        found
    }

    async fn until_heard(&self, many: usize) -> Vec<Value> {
        until(&format!("the inbox shows {many}"), async || self.messages("inbound").await.len() == many)
            .await;
        assert_eq!(self.view("all").await.len(), 1, "in one conversation");
        self.messages("inbound").await
    }

    /// The associate answers, and the time to take it back passes.
    async fn answer(&self, text: &str, files: &[Value]) {
        let row = self.view("all").await.remove(0);
        let body = json!({"text": text, "seen_position": row["position"], "attachments": files});
        let path = format!("conversations/{}/replies", row["id"].as_str().unwrap());
        let answer = self.ask(Method::POST, &path).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
        self.pass(10);
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.server.engine().store().nudge();
    }

    async fn state(&self) -> Value {
        self.request(Method::GET, "state").send().await.unwrap().json().await.unwrap()
    }

    /// What came into the customer's mailbox, oldest first.
    async fn letters(&self) -> Vec<Value> {
        let mut letters = self.state().await["mail"]["letters"].as_array().unwrap().clone();
        letters.retain(|letter| letter["customer"] == ADDRESS && letter["written_here"] == false);
        letters
    }

    async fn until_letters(&self, many: usize) -> Vec<Value> {
        until(&format!("the mailbox shows {many}"), async || self.letters().await.len() == many).await;
        self.letters().await
    }

    async fn mail(&self, subject: &str, text: &str) -> Value {
        self.post("mail", json!({"from": ADDRESS, "subject": subject, "text": text})).await.1
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
        let state = self.state().await;
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
        let letter = json!({"from": ADDRESS, "subject": "Hello", "text": "Hello"});
        let file = playground.request(Method::GET, "mail/0/files/0");
        let post = || playground.request(Method::POST, "sms").json(&sms);
        let tries = [
            ("without the header", post()),
            ("a foreign origin", post().header("x-rapport-csrf", "1").header("origin", "https://evil.example")),
            ("a foreign name", playground.request(Method::GET, "state").header("host", "evil.example")),
            ("a mail of another site", playground.request(Method::POST, "mail").json(&letter)),
            ("a chat of another site", playground.request(Method::POST, "chats/telegram").json(&sms)),
            ("a file for another site", file.header("sec-fetch-site", "cross-site")),
            ("another site", playground.request(Method::GET, "events").header("sec-fetch-site", "cross-site")),
        ];
        for (name, request) in tries {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{name}");
        }
        assert_eq!(playground.phone().await, [""; 0]);
        assert_eq!(playground.state().await["mail"]["letters"], json!([]));
        let (status, problem) = playground.post("fault", json!({"kind": "sideways"})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["field"], "kind", "{problem}");
    }

    async fn chats_go_to_and_fro_and_outlive_a_new_start(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        let chats = async |playground: &Playground| playground.state().await["chats"]["telegram"].clone();
        let private = chats(&playground).await["chats"][0]["id"].clone();
        let write = json!({"customer": "Ines Carvalho", "chat": private, "text": "Does it sleep two?"});
        assert_eq!(playground.post("chats/telegram", write.clone()).await.0, StatusCode::OK);
        let heard = playground.until_heard(1).await;
        assert_eq!(heard[0]["text"], "Does it sleep two?");
        playground.answer("It does, and a dog.", &[]).await;
        let answered = async |playground: &Playground| {
            let messages = chats(playground).await["messages"].as_array().unwrap().clone();
            messages.into_iter().find(|message| message["text"] == "It does, and a dog.")
        };
        until("the phone shows the answer", async || answered(&playground).await.is_some()).await;
        let answer = answered(&playground).await.unwrap();
        assert_eq!((&answer["shop"], &answer["writer"]), (&json!(true), &json!("Birkholt Telegram")));

        let react = json!({
            "customer": "Ines Carvalho", "chat": private, "message": answer["id"], "emoji": "👍",
        });
        let (_, state) = playground.post("chats/telegram/react", react).await;
        let shown = state["chats"]["telegram"]["messages"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(shown["reactions"], json!([{"writer": "Ines Carvalho", "emoji": "👍"}]));
        for (path, wrong) in [
            ("chats/telegram", json!({"customer": "Mallory", "chat": private, "text": "x"})),
            ("chats/telegram", json!({"customer": "Piotr Zawadzki", "chat": private, "text": "x"})),
            ("chats/nowhere", write),
            ("chats/telegram/edit", json!({
                "customer": "Ines Carvalho", "chat": private, "message": answer["id"], "text": "x",
            })),
        ] {
            assert_eq!(playground.post(path, wrong).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        let (_, state) = playground.post("chats/telegram/fault", json!({"kind": "down"})).await;
        assert_eq!(state["chats"]["telegram"]["fault"], "down");
        let shown = chats(&playground).await["messages"].clone();
        let playground = playground.start_again(&fresh).await;
        let again = chats(&playground).await;
        assert_eq!((&again["messages"], &again["fault"]), (&shown, &Value::Null));
    }

    async fn who_has_blocked_the_shop_and_writes_has_let_it_in_again(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        for chat in ["telegram", "discord"] {
            let path = |act: &str| format!("chats/{chat}{act}");
            let chats = playground.state().await["chats"][chat]["chats"].as_array().unwrap().clone();
            let private = chats.iter().find(|one| one["group"] == false && one["members"] == json!(["Ines Carvalho"]));
            let write = json!({"customer": "Ines Carvalho", "chat": private.unwrap()["id"], "text": "Hello?"});
            playground.post(&path(""), write.clone()).await;
            let block = json!({"customer": "Ines Carvalho", "blocked": true});
            let (_, state) = playground.post(&path("/block"), block).await;
            assert_eq!(state["chats"][chat]["blocked"], json!(["Ines Carvalho"]));
            let (_, state) = playground.post(&path(""), write).await;
            assert_eq!(state["chats"][chat]["blocked"], json!([]), "{chat}");
        }
    }

    async fn letters_go_to_and_fro_in_one_conversation_and_outlive_a_new_start(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        let written = playground.mail("Größe of the tent ⛺", "Does it sleep two?").await;
        assert_eq!(written["stored"], true);
        let heard = playground.until_heard(1).await;
        assert_eq!(heard[0]["text"], "Does it sleep two?");
        let said = playground.until_letters(1).await;
        assert_eq!((&said[0]["automatic"], &said[0]["from"]["address"]), (&json!(true), &json!(SHOP_ADDRESS)));
        let handle = playground.opened("all").await["contact"]["handles"][0].clone();
        assert_eq!(handle["trust"], "proven", "the server vouches for the sender: {handle}");

        let form = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"plan.pdf\"\r\n\
                    content-type: application/pdf\r\n\r\n%PDF-1.7\r\n--x--\r\n";
        let upload = playground.ask(Method::POST, "attachments").body(form);
        let file = upload.header("content-type", "multipart/form-data; boundary=x").send().await.unwrap();
        let file: Value = file.json().await.unwrap();
        playground.answer("It does, and a dog.", &[file["id"].clone()]).await;
        let letters = playground.until_letters(2).await;
        let answer = &letters[1];
        assert_eq!(answer["subject"], "Re: Größe of the tent ⛺");
        assert_eq!(answer["text"], "It does, and a dog.");
        assert_eq!(answer["from"], json!({"name": "Birkholt Mail", "address": SHOP_ADDRESS}));
        assert_eq!(answer["automatic"], false);
        assert_eq!(answer["files"], json!([{"name": "plan.pdf", "size": 8}]));
        let first = playground.state().await["mail"]["letters"][0]["name"].clone();
        assert_eq!(answer["follows"][0], first, "it answers the customer's letter");
        let path = format!("mail/{}/files/0", answer["id"].as_str().unwrap());
        let file = playground.request(Method::GET, &path).send().await.unwrap();
        assert!(file.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert_eq!(file.bytes().await.unwrap(), "%PDF-1.7");

        let reply = json!({
            "from": ADDRESS, "subject": "Re: Größe of the tent ⛺", "answers": answer["id"],
            "text": "Good, I take it.\n\nOn Mon, 16 Nov 2026 at 09:14, Birkholt Mail <support@birkholt.example> wrote:\n> It does, and a dog.",
            "files": [{"name": "my dog.txt", "content_type": "text/plain", "bytes": "V29vZg=="}],
        });
        assert_eq!(playground.post("mail", reply).await.0, StatusCode::OK);
        let heard = playground.until_heard(2).await;
        assert_eq!(heard[1]["text"], "Good, I take it.", "what it quotes is folded away");
        assert_eq!(heard[1]["attachments"][0]["name"], "my dog.txt");
        assert_eq!(heard[1]["attachments"][0]["size"], 4);

        let shown = playground.state().await["mail"].clone();
        let playground = playground.start_again(&fresh).await;
        assert_eq!(playground.state().await["mail"], shown);
        assert_eq!(playground.mail("Another", "And the colours?").await["stored"], true);
        let heard = playground.until_heard(3).await;
        let texts: Vec<_> = heard.iter().map(|message| message["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["Does it sleep two?", "Good, I take it.", "And the colours?"], "and none of them twice");
    }

    async fn who_writes_in_a_customers_name_is_suspected_and_not_in_the_customers_mailbox(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        let letter = json!({"from": ADDRESS, "subject": "Refund", "text": "To this account", "forged": true});
        assert_eq!(playground.post("mail", letter).await.0, StatusCode::OK);
        until("it is suspected", async || playground.view("suspected").await.len() == 1).await;
        let handle = playground.opened("suspected").await["contact"]["handles"][0].clone();
        assert_eq!(handle["trust"], "claimed");
        assert_eq!(playground.state().await["mail"]["letters"], json!([]));
        let (status, problem) = playground.post("mail", json!({"from": "a\r\nBcc: b@c", "text": ""})).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("from")));
        let (status, _) = playground.post("mail", json!({"from": ADDRESS, "text": "", "answers": "none"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    async fn what_is_mailed_while_the_servers_are_down_waits_over_a_new_start(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        playground.mail("One", "First").await;
        playground.until_heard(1).await;
        let (_, state) = playground.post("mail/fault", json!({"kind": "down"})).await;
        assert_eq!(state["mail"]["faults"], json!(["down"]));
        assert_eq!(playground.mail("Two", "Second").await["stored"], false);
        assert_eq!(playground.state().await["mail"]["letters"].as_array().unwrap().last().unwrap()["waiting"], true);
        let playground = playground.start_again(&fresh).await;
        playground.until_heard(2).await;
        assert_eq!(playground.state().await["mail"]["faults"], json!([]));
    }

    async fn mail_goes_out_when_the_servers_are_back_and_one_that_was_cut_or_put_off_arrives_once(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        playground.mail("One", "First").await;
        playground.until_letters(1).await;
        for (fault, many) in [("down", 2), ("put_off", 3), ("cut", 4)] {
            let (_, state) = playground.post("mail/fault", json!({"kind": fault})).await;
            assert_eq!(state["mail"]["faults"], json!([fault]));
            if fault == "down" {
                let waits = async || playground.get("inboxes").await.to_string().contains("reconnecting");
                until("the inbox says so", waits).await;
            }
            playground.answer(&format!("While it is {fault}"), &[]).await;
            if fault == "down" {
                playground.post("mail/fault", json!({"kind": "none"})).await;
            }
            until("it has arrived", async || {
                playground.pass(60);
                playground.letters().await.len() == many
            })
            .await;
            assert_eq!(playground.state().await["mail"]["faults"], json!([]), "{fault}");
        }
        let texts: Vec<_> = playground.letters().await.iter().skip(1).map(|letter| letter["text"].clone()).collect();
        assert_eq!(texts, ["While it is down", "While it is put_off", "While it is cut"]);
    }

    async fn a_recipient_that_is_refused_fails_and_one_who_is_away_answers_by_a_machine(fresh: Fresh) {
        let playground = Playground::start(&fresh).await;
        playground.mail("One", "First").await;
        playground.until_letters(1).await;
        playground.post("mail/fault", json!({"kind": "refuse"})).await;
        playground.answer("Into the wall", &[]).await;
        let failed = async || playground.messages("outbound").await.iter().any(|m| m["delivery"] == "failed");
        until("it has failed", failed).await;
        assert_eq!(playground.letters().await.len(), 1);
        playground.post("mail/away", json!({"address": ADDRESS, "away": true})).await;
        assert_eq!(playground.state().await["mail"]["away"], json!([ADDRESS]));
        playground.answer("Are you there?", &[]).await;
        let heard = playground.until_heard(2).await;
        assert!(heard[1]["unanswerable"].is_string() || heard[1]["automatic"] == true, "{}", heard[1]);
    }
}
