//! The live stream: to each what is in scope, nothing else, and no longer than the session lasts.

use std::time::Duration;

use rapport_fakes::twilio::{Fault, Operation};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{ADVICE, Bridge, Caller, ORDERS},
    on_both_engines,
    testing::Fresh,
};

/// A test that waits longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open stream.
struct Stream {
    response: reqwest::Response,
    text: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: Option<i64>,
    data: Value,
}

impl Stream {
    async fn open(caller: &Caller, path: &str) -> Self {
        let response = caller.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// Open, and sure to hear all that comes from now on.
    async fn listening(caller: &Caller) -> Self {
        let mut stream = Self::open(caller, "/api/v1/events").await;
        stream.until("hello").await;
        stream
    }

    /// The next event; `None` when the stream ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
                };
                if let Some(name) = field("event") {
                    return Some(Event {
                        name: name.to_owned(),
                        id: field("id").map(|id| id.parse().unwrap()),
                        data: serde_json::from_str(field("data").unwrap()).unwrap(),
                    });
                }
            }
            let chunk =
                tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk.ok().flatten()?).unwrap());
        }
    }

    /// The next event of a name; what comes before it is given too.
    async fn until(&mut self, name: &str) -> (Event, Vec<Event>) {
        let mut before = Vec::new();
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return (event, before);
            }
            before.push(event);
        }
    }
}

/// What somebody does at a conversation, in one window of theirs.
async fn beat(caller: &Caller, row: &Value, doing: &str) -> StatusCode {
    let path = format!("/api/v1/conversations/{}/presence", row["id"].as_str().unwrap());
    caller.post(&path, json!({"doing": doing, "window": "one"})).await.status
}

on_both_engines! {
    async fn who_is_at_a_conversation_is_told_to_who_may_see_it_until_they_leave_or_are_silent(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let row = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let other = bridge.receive("+4917010000002", ADVICE, "Hello").await;
        let mut ada = Stream::listening(&bridge.ada).await;
        let mut jonas = Stream::listening(&bridge.jonas).await;
        for doing in ["viewing", "replying"] {
            assert_eq!(beat(&bridge.mara, &row, doing).await, StatusCode::OK);
            let told = ada.until("presence").await.0;
            assert_eq!((told.id, &told.data["conversation"]), (None, &row["id"]));
            let expected = json!([{"id": bridge.mara.id, "name": "Mara", "doing": doing}]);
            assert_eq!(told.data["people"], expected);
        }
        // The same window goes on to another one: it has left the first.
        assert_eq!(beat(&bridge.mara, &other, "viewing").await, StatusCode::OK);
        let first = [ada.until("presence").await.0, ada.until("presence").await.0];
        let of = |row: &Value| first.iter().find(|told| told.data["conversation"] == row["id"]).unwrap().data["people"].clone();
        assert_eq!((of(&row), of(&other)[0]["doing"].clone()), (json!([]), json!("viewing")));
        assert_eq!(beat(&bridge.mara, &other, "gone").await, StatusCode::OK);
        assert_eq!(ada.until("presence").await.0.data["people"], json!([]));
        // Silence is leaving.
        assert_eq!(beat(&bridge.mara, &row, "viewing").await, StatusCode::OK);
        assert_eq!(ada.until("presence").await.0.data["people"].as_array().unwrap().len(), 1);
        bridge.clock.advance(Duration::from_secs(14));
        assert_eq!(beat(&bridge.ada, &other, "viewing").await, StatusCode::OK);
        assert_eq!(ada.until("presence").await.0.data["conversation"], other["id"]);
        bridge.clock.advance(Duration::from_secs(2));
        let gone = ada.until("presence").await.0;
        assert_eq!((&gone.data["conversation"], &gone.data["people"]), (&row["id"], &json!([])));
        // The other team heard nothing of it, and takes no part.
        assert_eq!(beat(&bridge.jonas, &row, "viewing").await, StatusCode::NOT_FOUND);
        assert_eq!(beat(&bridge.jonas, &row, "gone").await, StatusCode::NOT_FOUND);
        bridge.receive("+4917010000003", ORDERS, "the end").await;
        let before = jonas.until("conversation").await.1;
        assert!(before.iter().all(|event| event.name != "presence"), "{before:?}");
    }

    async fn each_team_hears_of_its_own_and_of_nothing_else(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mut mara = Stream::open(&bridge.mara, "/api/v1/events").await;
        let mut jonas = Stream::open(&bridge.jonas, "/api/v1/events").await;
        assert_eq!(mara.next().await.unwrap().name, "hello");
        assert_eq!(jonas.next().await.unwrap().name, "hello");
        for turn in 0..5 {
            bridge.receive(&format!("+49170100000{turn}0"), ADVICE, "for advice only").await;
            bridge.receive(&format!("+49170100000{turn}1"), ORDERS, "for orders only").await;
        }
        // The last one is the sign that all before it has been told.
        let last = bridge.receive("+4917019999991", ORDERS, "the last").await;
        let mut heard = Vec::new();
        loop {
            let (event, before) = jonas.until("conversation").await;
            heard.extend(before);
            let done = event.data["conversation"]["id"] == last["id"];
            heard.push(event);
            if done { break }
        }
        let text = format!("{heard:?}");
        assert!(!text.contains("for advice only") && text.contains("for orders only"), "{text}");
        for event in heard.iter().filter(|event| event.name == "counts") {
            assert!(event.data["all"].as_i64().unwrap() <= 6, "{event:?}");
        }
        assert!(heard.iter().all(|event| event.name != "gone"), "{text}");
        let own = mara.until("conversation").await.0;
        assert_eq!(own.data["messages"][0]["text"], "for advice only");
        assert_eq!(own.data["conversation"]["read_position"], Value::Null);
    }

    async fn what_leaves_somebodys_scope_is_gone_and_appears_with_who_got_it(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let mut mara = Stream::listening(&bridge.mara).await;
        let mut jonas = Stream::listening(&bridge.jonas).await;
        let path = format!("/api/v1/conversations/{}/assign", conversation["id"].as_str().unwrap());
        bridge.mara.post(&path, json!({"associate": null, "team": "orders"})).await;
        let (gone, before) = mara.until("gone").await;
        assert_eq!(gone.data, json!({"id": conversation["id"]}));
        assert!(before.iter().all(|event| event.data["conversation"]["team"] != "orders"), "{before:?}");
        assert_eq!(jonas.until("conversation").await.0.data["conversation"]["team"], "orders");
    }

    async fn marks_and_drafts_are_told_to_their_owner_alone(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let mut mara = Stream::listening(&bridge.mara).await;
        let mut ada = Stream::listening(&bridge.ada).await;
        let path = format!("/api/v1/conversations/{}", conversation["id"].as_str().unwrap());
        bridge.mara.post(&format!("{path}/read"), json!({"position": 1})).await;
        let draft = bridge.mara.request(Method::PUT, &format!("{path}/draft"));
        bridge.mara.send(draft.json(&json!({"text": "a secret draft", "attachments": [], "note": false}))).await;
        assert_eq!(mara.until("read").await.0.data["position"], 1);
        assert_eq!(mara.until("draft").await.0.data["draft"]["text"], "a secret draft");
        bridge.receive("+4917010000002", ADVICE, "the sign").await;
        let (_, before) = ada.until("conversation").await;
        assert!(before.iter().all(|event| event.name != "draft" && event.name != "read"), "{before:?}");
    }

    async fn a_stream_that_comes_back_hears_what_it_missed_and_a_long_absence_loads_again(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mut first = Stream::open(&bridge.mara, "/api/v1/events").await;
        let seen = first.until("hello").await.0.id.unwrap();
        drop(first);
        bridge.receive("+4917010000001", ADVICE, "missed one").await;
        bridge.receive("+4917010000002", ORDERS, "not yours").await;
        let mut back = Stream::open(&bridge.mara, &format!("/api/v1/events?after={seen}")).await;
        // Breaking off right here must not skip what was missed.
        assert_eq!(back.until("hello").await.0.id, Some(seen));
        let missed = back.until("conversation").await.0;
        assert_eq!(missed.data["messages"][0]["text"], "missed one");
        assert!(missed.id.unwrap() > seen);
        for after in ["999999", "-5", "9223372036854775807", "-9223372036854775808"] {
            let mut lost = Stream::open(&bridge.mara, &format!("/api/v1/events?after={after}")).await;
            assert_eq!(lost.next().await.unwrap().name, "hello");
            assert_eq!(lost.next().await.unwrap().name, "reset", "{after}");
        }
        bridge.clock.advance(Duration::from_hours(25));
        bridge.ada.sign_in("ada@shop.example", crate::bridge::PASSWORD).await;
        bridge.receive("+4917010000003", ADVICE, "a day later").await;
        let mut old = Stream::open(&bridge.ada, &format!("/api/v1/events?after={seen}")).await;
        assert_eq!(old.next().await.unwrap().name, "hello");
        assert_eq!(old.next().await.unwrap().name, "reset");
    }

    async fn the_stream_of_whoever_is_disabled_or_signs_out_ends(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mut mara = Stream::listening(&bridge.mara).await;
        let mut jonas = Stream::listening(&bridge.jonas).await;
        let path = format!("/api/v1/associates/{}/disable", bridge.mara.id.as_ref().unwrap());
        bridge.ada.post(&path, Value::Null).await;
        while mara.next().await.is_some() {}
        bridge.jonas.send(bridge.jonas.request(Method::DELETE, "/api/v1/session")).await;
        while jonas.next().await.is_some() {}
    }

    async fn how_an_inbox_fares_is_told_to_those_who_serve_it(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let mut mara = Stream::listening(&bridge.mara).await;
        let mut jonas = Stream::listening(&bridge.jonas).await;
        bridge.provider.fail_next(Operation::Send, Fault::Unauthorized);
        let path = format!("/api/v1/conversations/{}/replies", conversation["id"].as_str().unwrap());
        let reply = bridge.mara.request(Method::POST, &path).header("idempotency-key", "one");
        let body = json!({"text": "Hi", "seen_position": conversation["position"]});
        assert_eq!(bridge.mara.send(reply.json(&body)).await.status, StatusCode::CREATED);
        bridge.clock.advance(Duration::from_secs(10));
        bridge.server.engine().store().nudge();
        loop {
            let told = mara.until("inbox").await.0;
            assert_eq!(told.data["id"], "advice");
            if told.data["health"]["state"] == "unauthorized" { break }
        }
        bridge.receive("+4917010000002", ORDERS, "the sign").await;
        let (_, before) = jonas.until("conversation").await;
        assert!(before.iter().all(|event| event.name != "inbox" || event.data["id"] == "orders"), "{before:?}");
    }

    async fn another_team_changes_what_a_stream_shows(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mut mara = Stream::listening(&bridge.mara).await;
        let path = format!("/api/v1/associates/{}", bridge.mara.id.as_ref().unwrap());
        let change = bridge.ada.request(Method::PATCH, &path).json(&json!({"teams": ["orders"]}));
        assert_eq!(bridge.ada.send(change).await.status, StatusCode::OK);
        mara.until("reset").await;
        bridge.receive("+4917010000001", ADVICE, "no longer hers").await;
        bridge.receive("+4917010000002", ORDERS, "hers now").await;
        assert_eq!(mara.until("conversation").await.0.data["messages"][0]["text"], "hers now");
    }
}
