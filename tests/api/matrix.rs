//! Every route of the description against every role: nobody reads or changes what is not theirs, and
//! what is not theirs looks as if it did not exist.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{ADVICE, Answer, Bridge, Caller},
    letters, on_both_engines,
    testing::Fresh,
};

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Open {
    /// Anybody, signed in or not.
    Everybody,
    /// Whoever is signed in, for themselves.
    SignedIn,
    /// Admins.
    Admins,
    /// Whoever has the thing that the path names within their scope.
    InScope,
}
use Open::{Admins, Everybody, InScope, SignedIn};

/// A row for each route: method, path, who, and a body that is right.
pub(crate) fn rows() -> Vec<(&'static str, &'static str, Open, Value)> {
    let none = Value::Null;
    let text = || json!({"text": "Hello", "attachments": []});
    let away = || json!({"from": 3_900_000_000_000_i64, "until": 3_900_000_100_000_i64, "stand_in": null, "reason": "Holiday"});
    vec![
        ("post", "/session", Everybody, json!({"email": "a@b.example", "password": "x"})),
        ("delete", "/session", SignedIn, none.clone()),
        ("get", "/me", SignedIn, none.clone()),
        ("post", "/me/password", SignedIn, json!({"current": "wrong", "new": "another password"})),
        ("get", "/me/ways-in", SignedIn, none.clone()),
        ("put", "/me/ways-in", SignedIn, none.clone()),
        ("delete", "/me/ways-in", SignedIn, none.clone()),
        ("get", "/invitations/{token}", Everybody, none.clone()),
        ("post", "/invitations/{token}", Everybody, json!({"password": "another password"})),
        ("get", "/associates", Admins, none.clone()),
        (
            "post",
            "/associates",
            Admins,
            json!({"name": "Nora", "email": "nora@shop.example", "role": "associate", "teams": []}),
        ),
        ("patch", "/associates/{id}", Admins, json!({"name": "Jo"})),
        ("post", "/associates/{id}/disable", Admins, none.clone()),
        ("post", "/associates/{id}/enable", Admins, none.clone()),
        ("post", "/associates/{id}/reset", Admins, none.clone()),
        ("get", "/me/attendance", SignedIn, none.clone()),
        ("put", "/me/hours", SignedIn, json!({"hours": null})),
        ("post", "/me/absences", SignedIn, away()),
        ("delete", "/absences/{id}", InScope, none.clone()),
        ("get", "/associates/{id}/attendance", Admins, none.clone()),
        ("put", "/associates/{id}/hours", Admins, json!({"hours": null})),
        ("post", "/associates/{id}/absences", Admins, away()),
        ("put", "/associates/{id}/work", Admins, json!({"capacity": 5, "skills": ["fr"]})),
        ("get", "/teams/{id}/attendance", Admins, none.clone()),
        ("put", "/teams/{id}/hours", Admins, json!({"hours": null})),
        ("post", "/teams/{id}/absences", Admins, away()),
        ("get", "/conversations/{id}/routing", InScope, none.clone()),
        ("put", "/contacts/{id}/known-associate", InScope, json!({"associate": null})),
        ("get", "/conversations", SignedIn, none.clone()),
        ("get", "/conversations/{id}", InScope, none.clone()),
        ("get", "/contacts/{id}/timeline", InScope, none.clone()),
        ("get", "/contacts", SignedIn, none.clone()),
        ("get", "/contacts/{id}", InScope, none.clone()),
        ("get", "/contacts/{id}/merge", InScope, none.clone()),
        ("post", "/contacts/{id}/merge", InScope, json!({"with": "{contact}", "reason": "they say so"})),
        ("post", "/contacts/{id}/choose", InScope, json!({"field": "name", "value": "Rosa"})),
        ("post", "/contacts/{id}/apart", InScope, json!({"with": "{contact}"})),
        ("post", "/contacts/{id}/link-code", InScope, none.clone()),
        ("post", "/merges/{id}/undo", InScope, none.clone()),
        ("put", "/handles/{id}/shared", InScope, none.clone()),
        ("delete", "/handles/{id}/shared", InScope, none.clone()),
        (
            "post",
            "/conversations/{id}/replies",
            InScope,
            json!({"text": "Hello", "attachments": [], "seen_position": 1, "close": false}),
        ),
        ("post", "/messages/{id}/undo", InScope, none.clone()),
        ("post", "/messages/{id}/resend", InScope, none.clone()),
        ("post", "/messages/{id}/confirm", InScope, none.clone()),
        ("post", "/messages/{id}/set-aside", InScope, none.clone()),
        ("post", "/conversations/{id}/notes", InScope, text()),
        ("put", "/conversations/{id}/draft", InScope, json!({"text": "x", "attachments": [], "note": false})),
        ("delete", "/conversations/{id}/draft", InScope, none.clone()),
        ("post", "/conversations/{id}/assign", InScope, json!({"associate": null, "team": "advice"})),
        (
            "post",
            "/conversations/{id}/transfer",
            InScope,
            json!({"associate": null, "team": "advice", "note": "They ask for advice.", "seen_position": 1}),
        ),
        ("post", "/conversations/{id}/presence", InScope, json!({"doing": "viewing", "window": "one"})),
        ("post", "/conversations/{id}/close", InScope, none.clone()),
        ("post", "/conversations/{id}/reopen", InScope, none.clone()),
        (
            "post",
            "/conversations/{id}/waive",
            InScope,
            json!({"reason": "thanks", "seen_position": 1, "close": false}),
        ),
        (
            "post",
            "/decisions",
            SignedIn,
            json!({"act": "release", "conversations": [{"id": format!("cnv_{:032}", 0), "seen_position": 1}]}),
        ),
        ("post", "/decisions/{id}/undo", InScope, none.clone()),
        ("post", "/conversations/{id}/read", InScope, json!({"position": 1})),
        ("post", "/handles/{id}/block", InScope, json!({"reason": "spam"})),
        ("post", "/handles/{id}/unblock", InScope, none.clone()),
        ("post", "/handles/{id}/new-owner", InScope, json!({"reason": "a stranger answered"})),
        ("delete", "/handles/{id}/new-owner", InScope, none.clone()),
        ("post", "/attachments", SignedIn, none.clone()),
        ("get", "/attachments/{id}", InScope, none.clone()),
        ("get", "/messages/{id}/html", InScope, none.clone()),
        ("get", "/messages/{id}/image", InScope, none.clone()),
        ("get", "/messages/{id}/original", InScope, none.clone()),
        ("get", "/messages/{id}/raw", InScope, none.clone()),
        ("get", "/messages/{id}/headers", InScope, none.clone()),
        ("get", "/inboxes", SignedIn, none.clone()),
        ("get", "/bot", SignedIn, none.clone()),
        ("put", "/bot", Admins, json!({"enabled": false})),
        ("put", "/inboxes/{id}/bot", Admins, json!({"enabled": false})),
        ("get", "/parked", SignedIn, none.clone()),
        ("get", "/parked/{id}/raw", InScope, none.clone()),
        ("post", "/parked/{id}/read", InScope, none.clone()),
        ("post", "/parked/{id}/set-aside", InScope, json!({"reason": "a test call"})),
        ("get", "/events", SignedIn, none),
    ]
}

/// The ids of one conversation's things.
struct Things {
    conversation: String,
    contact: String,
    message: String,
    letter: String,
    handle: String,
    attachment: String,
    associate: String,
    parked: String,
    decision: String,
    merge: String,
    absence: String,
}

impl Things {
    /// Of a conversation of the team "advice" that Mara answered with a file in a note.
    async fn of(bridge: &Bridge) -> Self {
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let id = conversation["id"].as_str().unwrap().to_owned();
        let opened = bridge.mara.get(&format!("/api/v1/conversations/{id}")).await.json();
        let file = bridge.mara.upload("a.txt", "text/plain", b"hello").await;
        let attachment = file.json()["id"].as_str().unwrap().to_owned();
        let note = bridge
            .mara
            .request(Method::POST, &format!("/api/v1/conversations/{id}/notes"))
            .header("idempotency-key", "note");
        let noted = bridge.mara.send(note.json(&json!({"text": "see", "attachments": [attachment]}))).await;
        assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.json());
        let reply = bridge
            .mara
            .request(Method::POST, &format!("/api/v1/conversations/{id}/replies"))
            .header("idempotency-key", "reply")
            .json(&json!({"text": "Yes?", "attachments": [], "seen_position": 1, "close": false}));
        let replied = bridge.mara.send(reply).await;
        assert_eq!(replied.status, StatusCode::CREATED, "{}", replied.json());
        Self {
            contact: opened["contact"]["id"].as_str().unwrap().to_owned(),
            handle: opened["contact"]["handles"][0]["id"].as_str().unwrap().to_owned(),
            message: replied.json()["message"]["id"].as_str().unwrap().to_owned(),
            letter: letters::Letter::default().arrive(bridge).await,
            associate: bridge.jonas.id.as_ref().unwrap().to_string(),
            parked: Self::park(bridge).await,
            decision: Self::decide(bridge, &id).await,
            merge: Self::merge(bridge, opened["contact"]["id"].as_str().unwrap()).await,
            absence: Self::leave(bridge).await,
            conversation: id,
            attachment,
        }
    }

    /// Something that came to the inbox "advice" and can't be read.
    async fn park(bridge: &Bridge) -> String {
        let account = bridge.provider.account_sid().to_owned();
        let fields = [
            ("MessageSid", "SM1"),
            ("AccountSid", &account),
            ("From", "+4917010000001"),
            ("To", ADVICE),
            ("NumMedia", "many"),
        ];
        assert!(bridge.provider.call_webhook(&fields).await.is_success());
        let listed = bridge.mara.get("/api/v1/parked").await.json();
        listed["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A second record of the same person, which Mara has joined to the first.
    async fn merge(bridge: &Bridge, into: &str) -> String {
        let other = bridge.receive("+4917010000002", ADVICE, "Hello").await;
        let body = json!({"with": other["contact"]["id"], "reason": "they say so"});
        let merged = bridge.mara.post(&format!("/api/v1/contacts/{into}/merge"), body).await;
        assert_eq!(merged.status, StatusCode::CREATED, "{}", merged.json());
        merged.json()["merge"].as_str().unwrap().to_owned()
    }

    /// Something that Mara decided, and took back.
    async fn decide(bridge: &Bridge, conversation: &str) -> String {
        let body = json!({"act": "suspect", "conversations": [{"id": conversation, "seen_position": 2}]});
        let decided = bridge.mara.post("/api/v1/decisions", body).await.json();
        let decision = decided["undo"]["id"].as_str().unwrap().to_owned();
        let undone = bridge.mara.post(&format!("/api/v1/decisions/{decision}/undo"), Value::Null).await;
        assert_eq!(undone.json()["results"][0]["verdict"], "done", "{}", undone.json());
        decision
    }

    /// An absence of Mara's, long after.
    async fn leave(bridge: &Bridge) -> String {
        let body = json!({"from": 3_900_000_000_000_i64, "until": 3_900_000_100_000_i64, "stand_in": null, "reason": ""});
        let entered = bridge.mara.post("/api/v1/me/absences", body).await;
        assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.json());
        entered.json()["absences"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The same ids with another ending: they name nothing.
    fn missing(&self) -> Self {
        let other = |id: &str| format!("{}{}", &id[..id.len() - 8], "00000000");
        Self {
            conversation: other(&self.conversation),
            contact: other(&self.contact),
            message: other(&self.message),
            letter: other(&self.letter),
            handle: other(&self.handle),
            attachment: other(&self.attachment),
            associate: other(&self.associate),
            parked: other(&self.parked),
            decision: other(&self.decision),
            merge: other(&self.merge),
            absence: other(&self.absence),
        }
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with("/messages/")
            && !["/undo", "/resend", "/confirm", "/set-aside"].iter().any(|act| path.ends_with(act))
        {
            return format!("/api/v1{}", path.replace("{id}", &self.letter));
        }
        let id = match path.split('/').nth(1) {
            Some("conversations") => &self.conversation,
            Some("contacts") => &self.contact,
            Some("messages") => &self.message,
            Some("handles") => &self.handle,
            Some("attachments") => &self.attachment,
            Some("parked") => &self.parked,
            Some("decisions") => &self.decision,
            Some("merges") => &self.merge,
            Some("absences") => &self.absence,
            Some("inboxes" | "teams") => "advice",
            _ => &self.associate,
        };
        let with =
            if path == "/contacts/{id}/merge" { format!("?with={}", self.contact) } else { String::new() };
        format!("/api/v1{}{with}", path.replace("{id}", id).replace("{token}", "AAAA"))
    }

    /// A body that names what there is.
    fn body(&self, body: &Value) -> Value {
        serde_json::from_str(&body.to_string().replace("{contact}", &self.contact)).unwrap()
    }
}

async fn call(caller: &Caller, method: &str, path: &str, body: &Value) -> Answer {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let request = caller.request(method, path).header("idempotency-key", "matrix");
    caller.send(if body.is_null() { request } else { request.json(body) }).await
}

#[test]
fn every_route_of_the_description_has_its_row() {
    let document: Value = serde_json::from_str(&rapport::api::openapi_json()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            routes.insert((method.clone(), path.strip_prefix("/api/v1").unwrap().to_owned()));
        }
    }
    let rows: BTreeSet<(String, String)> =
        rows().into_iter().map(|(method, path, _, _)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(routes, rows);
}

#[test]
fn the_description_that_is_checked_in_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let now = rapport::api::openapi_json();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), now, "UPDATE_GOLDEN=1 writes it anew");
}

on_both_engines! {
    async fn nobody_gets_at_what_is_not_theirs(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let things = Things::of(&bridge).await;
        let missing = things.missing();
        let before = bridge.ada.get(&things.path("/conversations/{id}")).await.json();
        for (method, path, open, body) in rows() {
            let body = things.body(&body);
            let here = things.path(path);
            if open != Everybody {
                let answer = call(&bridge.stranger(), method, &here, &body).await;
                assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"), "{method} {path}");
                // A cookie that is none.
                let forged = bridge.stranger();
                forged.set_cookie("rapport_session", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
                assert_eq!(call(&forged, method, &here, &body).await.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            }
            match open {
                Admins => {
                    let answer = call(&bridge.mara, method, &here, &body).await;
                    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{method} {path}");
                }
                InScope => {
                    // To the other team it looks, to the letter, as what does not exist.
                    let foreign = call(&bridge.jonas, method, &here, &body).await;
                    let absent = call(&bridge.jonas, method, &missing.path(path), &body).await;
                    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{method} {path} {}", foreign.json());
                    assert_eq!(foreign.problem(), absent.problem(), "{method} {path}");
                }
                Everybody | SignedIn => {}
            }
        }
        let after = bridge.ada.get(&things.path("/conversations/{id}")).await.json();
        assert_eq!(before, after, "nothing of it changed anything");
    }

    async fn who_has_it_in_scope_gets_at_it(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let things = Things::of(&bridge).await;
        for (method, path, open, body) in rows() {
            // These two end what the others need; the stream does not end by itself.
            if path == "/session" || path == "/events" || path.starts_with("/invitations") {
                continue;
            }
            let callers: Vec<&Caller> = match open {
                Admins => vec![&bridge.ada],
                _ => vec![&bridge.mara, &bridge.ada],
            };
            for caller in callers {
                let answer = call(caller, method, &things.path(path), &things.body(&body)).await;
                let refused = [StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
                assert!(!refused.contains(&answer.status), "{method} {path}: {}", answer.json());
                assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.json());
                if answer.status == StatusCode::NOT_FOUND {
                    // What only its author may take back, and what the one before has ended.
                    let once = ["/messages/{id}/undo", "/decisions/{id}/undo", "/absences/{id}"];
                    assert!(once.contains(&path), "{path}");
                    assert_eq!(caller.id, bridge.ada.id, "{}", answer.json());
                }
                if answer.status == StatusCode::UNAUTHORIZED {
                    assert_eq!((path, answer.code().as_str()), ("/me/password", "wrong_credentials"));
                }
            }
        }
    }

    async fn lists_hold_what_is_in_scope_and_no_more(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        Things::of(&bridge).await;
        for view in ["mine", "unassigned", "all", "snoozed", "mentions", "suspected", "closed", "automatic"] {
            let page = bridge.jonas.get(&format!("/api/v1/conversations?view={view}")).await.json();
            assert_eq!(page["items"], json!([]), "{view}");
            let counts: i64 = page["counts"].as_object().unwrap().values().filter_map(Value::as_i64).sum();
            assert_eq!(counts, 0, "{view}");
        }
        for (caller, expected) in
            [(&bridge.ada, vec!["advice", "orders"]), (&bridge.mara, vec!["advice"]), (&bridge.jonas, vec!["orders"])]
        {
            let page = caller.get("/api/v1/inboxes").await.json();
            let ids: Vec<&str> =
                page["items"].as_array().unwrap().iter().map(|inbox| inbox["id"].as_str().unwrap()).collect();
            assert_eq!(ids, expected);
            assert_eq!(page["items"][0]["outbox"]["queued"], i64::from(expected[0] == "advice"));
        }
        assert_eq!(bridge.jonas.get("/api/v1/parked").await.json()["items"], json!([]));
        let seen = bridge.mara.get("/api/v1/conversations?view=all").await.json();
        assert_eq!(seen["counts"]["parked"], 1);
        assert_eq!(seen["items"].as_array().unwrap().len(), 3);
    }
}
