//! What a wrong request is told: a problem with a code and a reason, whatever is wrong with it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{ADVICE, Bridge},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn every_refusal_is_a_problem_with_a_code_and_the_requests_id(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mara = &bridge.mara;
        let json = |path: &str, body: &str| {
            mara.request(Method::POST, path).header("content-type", "application/json").body(body.to_owned())
        };
        let get = |path: &str| mara.request(Method::GET, path);
        let sign_in = "/api/v1/session";
        let right = r#"{"email":"a","password":"b"}"#;
        let cases = [
            (get("/api/v1/nowhere"), 404, "not_found"),
            (get("/api/nowhere"), 404, "not_found"),
            (get("/webhooks/nowhere"), 404, "not_found"),
            (get("/webhooks/%FF"), 404, "not_found"),
            (get("/webhooks"), 404, "not_found"),
            (get("/webhooks/advice/more/still"), 404, "not_found"),
            (get("/api"), 404, "not_found"),
            (get("/api/v1"), 404, "not_found"),
            (get("/api/v2/me"), 404, "not_found"),
            (get("/metrics"), 404, "not_found"),
            (get("/healthz/x"), 404, "not_found"),
            (get("/readyz/"), 404, "not_found"),
            (get("/media"), 404, "not_found"),
            (get("/media/%FF"), 404, "not_found"),
            (get("/.env"), 404, "not_found"),
            (get("/assets/none.js"), 404, "not_found"),
            (get("/inbox.php"), 404, "not_found"),
            (mara.request(Method::POST, "/metrics"), 404, "not_found"),
            (get("/api/v1/conversations/nonsense"), 404, "not_found"),
            (get("/api/v1/conversations/%FF"), 404, "not_found"),
            (get("/api/v1/conversations/cnv_%00"), 404, "not_found"),
            (get("/api/v1/conversations?view=nonsense"), 422, "invalid"),
            (get("/api/v1/conversations?admin=1"), 422, "invalid"),
            (get("/api/v1/conversations?limit=0"), 422, "invalid"),
            (get("/api/v1/conversations?limit=ten"), 422, "invalid"),
            (get("/api/v1/conversations?limit=101"), 422, "invalid"),
            (get("/api/v1/conversations?cursor=';--"), 422, "invalid"),
            (get("/api/v1/events?after=x"), 422, "invalid"),
            (mara.request(Method::PUT, sign_in), 405, "method_not_allowed"),
            (mara.request(Method::POST, "/"), 405, "method_not_allowed"),
            (mara.request(Method::POST, "/inbox/mine"), 405, "method_not_allowed"),
            (mara.request(Method::POST, "/healthz"), 405, "method_not_allowed"),
            (mara.request(Method::DELETE, "/readyz"), 405, "method_not_allowed"),
            (mara.request(Method::PUT, "/webhooks/advice"), 405, "method_not_allowed"),
            (mara.request(Method::DELETE, "/webhooks/advice/status"), 405, "method_not_allowed"),
            (mara.request(Method::POST, "/api/openapi.json"), 405, "method_not_allowed"),
            (mara.request(Method::PATCH, "/api/v1/attachments"), 405, "method_not_allowed"),
            (mara.request(Method::POST, "/media/att_1"), 405, "method_not_allowed"),
            (json(sign_in, "{"), 400, "malformed_json"),
            (json(sign_in, ""), 400, "malformed_json"),
            (json(sign_in, &format!("{right} {right}")), 400, "malformed_json"),
            (json(sign_in, r#"{"email":"a"}"#), 422, "invalid"),
            (json(sign_in, r#"["a","b"]"#), 422, "invalid"),
            (json(sign_in, r#" "a""#), 422, "invalid"),
            (json(sign_in, "null"), 422, "invalid"),
            (json(sign_in, "[1,"), 400, "malformed_json"),
            (json(sign_in, r#"{"email":"a\u0000","password":"b"}"#), 422, "invalid"),
            (json(sign_in, r#"{"email":["a"],"password":"b"}"#), 422, "invalid"),
            (json(sign_in, r#"{"email":"a","password":"b","role":"admin"}"#), 422, "invalid"),
            (mara.request(Method::POST, sign_in).body(right), 415, "unsupported_media_type"),
            (mara.request(Method::POST, "/api/v1/attachments").body(right), 415, "unsupported_media_type"),
            (json(sign_in, &format!("{{\"email\":\"{}\"}}", "x".repeat(4 << 20))), 413, "body_too_large"),
        ];
        for (request, status, code) in cases {
            let request = request.build().unwrap();
            let name = format!("{} {}", request.method(), request.url());
            let answer = mara.send(reqwest::RequestBuilder::from_parts(mara.client(), request)).await;
            let problem = answer.json();
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{name} {problem}");
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{name}");
            assert_eq!(problem["status"], status, "{name}");
            assert_eq!(problem["request_id"], answer.headers["x-request-id"].to_str().unwrap(), "{name}");
            for member in ["type", "title", "detail"] {
                assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{name} {problem}");
            }
            assert_eq!(answer.headers.contains_key("allow"), status == 405, "{name} {:?}", answer.headers);
            assert_eq!(problem["errors"].is_array(), status == 422, "{name} {problem}");
            if let Some((_, parameter)) = name.split_once('?') {
                assert_eq!(problem["errors"][0]["field"], parameter.split('=').next().unwrap(), "{problem}");
            }
            assert_eq!(problem["limit"].is_number(), status == 413, "{name} {problem}");
        }
        let broken = mara.request(Method::POST, sign_in).header("content-type", "application/json");
        let broken = mara.send(broken.body(b"{\"email\":\"\xff\",\"password\":\"b\"}".to_vec())).await;
        assert_eq!(broken.code(), "malformed_json");
    }

    async fn a_body_that_is_a_list_or_holds_nul_or_shows_nothing_changes_nothing(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let position = conversation["position"].as_i64().unwrap();
        let path = format!("/api/v1/conversations/{}", conversation["id"].as_str().unwrap());
        let before = bridge.mara.get(&path).await.json();
        let handle = format!("/api/v1/handles/{}/block", before["contact"]["handles"][0]["id"].as_str().unwrap());
        let reply = |text: &str| json!({"text": text, "seen_position": position});
        let waive = |detail: &str| json!({"reason": "other", "detail": detail, "seen_position": position});
        let (replies, notes, draft) = (format!("{path}/replies"), format!("{path}/notes"), format!("{path}/draft"));
        let (waiver, assign) = (format!("{path}/waive"), format!("{path}/assign"));
        let (transfer, presence) = (format!("{path}/transfer"), format!("{path}/presence"));
        let decisions = "/api/v1/decisions".to_owned();
        let nobody = rapport_model::id::AssociateId::new();
        let hand = |associate: Value, team: Value, note: &str| {
            json!({"associate": associate, "team": team, "note": note, "seen_position": position})
        };
        let decide = |mut body: Value| {
            body["conversations"] = json!([{"id": conversation["id"], "seen_position": position}]);
            body
        };
        let mut cases = vec![
            (Method::POST, &replies, json!(["Hi", [], position, false, null]), "body"),
            (Method::POST, &notes, json!(["Hi", []]), "body"),
            (Method::PUT, &draft, json!(["Hi", [], false]), "body"),
            (Method::POST, &waiver, json!(["thanks", null, position, false]), "body"),
            (Method::POST, &handle, json!(["spam"]), "body"),
            (Method::POST, &assign, json!({}), "body"),
            (Method::POST, &assign, json!({"associate": null}), "body"),
            (Method::POST, &assign, json!({"team": "orders"}), "body"),
            (Method::POST, &replies, reply("a\0b"), "text"),
            (Method::POST, &notes, json!({"text": "\0"}), "text"),
            (Method::PUT, &draft, json!({"text": "a\0"}), "text"),
            (Method::POST, &waiver, waive("\0"), "detail"),
            (Method::POST, &waiver, waive("\u{200B}"), "detail"),
            (Method::POST, &waiver, waive(&"x".repeat(501)), "detail"),
            (Method::POST, &handle, json!({"reason": "\u{FEFF}"}), "reason"),
            (Method::POST, &handle, json!({"reason": "a\0"}), "reason"),
            (Method::POST, &notes, json!({"text": "Hm", "mentions": ["Jonas"]}), "mentions"),
            (Method::POST, &notes, json!({"text": "Hm", "mentions": [nobody]}), "mentions"),
            (Method::POST, &notes, json!({"text": "Hm", "mentions": vec!["x"; 21]}), "mentions"),
            (Method::POST, &transfer, hand(json!(null), json!(null), "Hm"), "associate"),
            (Method::POST, &transfer, hand(json!(null), json!("nobody's"), "Hm"), "team"),
            (Method::POST, &transfer, hand(json!(null), json!("orders"), " "), "note"),
            (Method::POST, &presence, json!({"doing": "viewing", "window": ""}), "window"),
            (Method::POST, &decisions, decide(json!({"act": "snooze"})), "until"),
            (Method::POST, &decisions, decide(json!({"act": "snooze", "until": 5})), "until"),
            (Method::POST, &decisions, decide(json!({"act": "snooze", "until": i64::MAX})), "until"),
            (Method::POST, &decisions, decide(json!({"act": "wake", "until": 5})), "until"),
            (Method::POST, &decisions, decide(json!({"act": "close", "team": "orders"})), "team"),
            (Method::POST, &decisions, decide(json!({"act": "assign", "team": "nobody's"})), "team"),
        ];
        for nothing in ["", " \n", "\u{200B}", "\u{2060}\u{FEFF}", "\u{FE0F}\u{E0100} "] {
            cases.push((Method::POST, &replies, reply(nothing), "text"));
            cases.push((Method::POST, &notes, json!({"text": nothing}), "text"));
        }
        for (number, (method, path, body, field)) in cases.into_iter().enumerate() {
            let request = bridge.mara.request(method, path).header("idempotency-key", format!("key{number}"));
            let answer = bridge.mara.send(request.json(&body)).await;
            let said = (answer.status, answer.json()["errors"][0]["field"].clone());
            assert_eq!(said, (StatusCode::UNPROCESSABLE_ENTITY, json!(field)), "{path} {body} {}", answer.json());
        }
        assert_eq!(bridge.mara.get(&path).await.json(), before);
        // A file alone says enough, and what somebody wrote on purpose stays.
        let file = bridge.mara.upload("a.txt", "text/plain", b"hello").await.json()["id"].clone();
        let note = bridge.mara.request(Method::POST, &notes).header("idempotency-key", "file");
        let noted = bridge.mara.send(note.json(&json!({"text": "\u{200B}", "attachments": [file]}))).await;
        assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.json());
        let named = json!({"name": "Jo\0nas"});
        let associate = format!("/api/v1/associates/{}", bridge.jonas.id.as_ref().unwrap());
        let renamed = bridge.ada.send(bridge.ada.request(Method::PATCH, &associate).json(&named)).await;
        assert_eq!(renamed.json()["errors"][0]["field"], "name");
    }

    async fn nobody_has_seen_a_position_that_was_never_given(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let newest = conversation["position"].as_i64().unwrap();
        let path = format!("/api/v1/conversations/{}", conversation["id"].as_str().unwrap());
        let before = bridge.mara.get(&path).await.json();
        for seen in [newest + 1, 99, i64::MAX] {
            for (act, body) in [
                ("replies", json!({"text": "Hi", "seen_position": seen, "close": true})),
                ("waive", json!({"reason": "thanks", "seen_position": seen, "close": true})),
            ] {
                let request = bridge.mara.request(Method::POST, &format!("{path}/{act}")).header("idempotency-key", "one");
                let answer = bridge.mara.send(request.json(&body)).await;
                let problem = answer.json();
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{act} {problem}");
                assert_eq!(problem["errors"][0]["field"], "seen_position", "{act}");
                assert_eq!(problem["newest"], newest, "{act}");
            }
        }
        let before_the_first = json!({"reason": "thanks", "seen_position": -1, "close": true});
        let request = bridge.mara.request(Method::POST, &format!("{path}/waive")).json(&before_the_first);
        assert_eq!(bridge.mara.send(request).await.json()["errors"][0]["field"], "seen_position");
        let note = json!({"text": "x".repeat(20_001)});
        let request = bridge.mara.request(Method::POST, &format!("{path}/notes")).header("idempotency-key", "two");
        assert_eq!(bridge.mara.send(request.json(&note)).await.json()["errors"][0]["field"], "text");
        assert_eq!(bridge.mara.get(&path).await.json(), before);
        // Nothing is kept under the key either.
        let request = bridge.mara.request(Method::POST, &format!("{path}/replies")).header("idempotency-key", "one");
        let sent = bridge.mara.send(request.json(&json!({"text": "Hi", "seen_position": newest}))).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.json());
    }

    async fn an_inbox_that_a_conversation_was_never_held_on_is_named(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let path = format!("/api/v1/conversations/{}/replies", conversation["id"].as_str().unwrap());
        for inbox in ["orders", "nowhere", ""] {
            let body = json!({"text": "Hi", "seen_position": 1, "inbox": inbox});
            let send = |caller: &crate::bridge::Caller, key: &str| {
                caller.request(Method::POST, &path).header("idempotency-key", key).json(&body)
            };
            let refused = bridge.mara.send(send(&bridge.mara, "a")).await;
            let said = (refused.status, refused.json()["errors"][0]["field"].clone());
            assert_eq!(said, (StatusCode::UNPROCESSABLE_ENTITY, json!("inbox")), "{inbox}");
            // Whoever may not see the conversation learns nothing of its inboxes.
            assert_eq!(bridge.jonas.send(send(&bridge.jonas, "b")).await.status, StatusCode::NOT_FOUND);
            for key in ["", "a b", &"x".repeat(65)] {
                let refused = bridge.mara.send(send(&bridge.mara, key)).await.json();
                let reason = refused["errors"][0]["reason"].as_str().unwrap().to_owned();
                assert!(reason.contains("64") && reason.contains("no spaces"), "{reason}");
            }
        }
    }

    async fn a_reply_names_its_key_and_what_its_author_had_seen(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let position = conversation["position"].as_i64().unwrap();
        let path = format!("/api/v1/conversations/{}/replies", conversation["id"].as_str().unwrap());
        let reply = |text: &str, seen: i64| json!({"text": text, "attachments": [], "seen_position": seen, "close": false});
        let send = |key: &'static str, body: Value| {
            let request = bridge.mara.request(Method::POST, &path).header("idempotency-key", key);
            bridge.mara.send(request.json(&body))
        };
        assert_eq!(bridge.mara.post(&path, reply("Hi", position)).await.json()["errors"][0]["field"], "Idempotency-Key");
        let empty = send("a", reply("", position)).await;
        assert_eq!((empty.status, empty.json()["errors"][0]["field"].clone()), (StatusCode::UNPROCESSABLE_ENTITY, json!("text")));
        bridge.receive("+4917010000001", ADVICE, "Are you there?").await;
        let late = send("b", reply("Hi", position)).await;
        assert_eq!((late.status, late.code().as_str()), (StatusCode::CONFLICT, "newer_message"));
        let newer = late.json()["newer"].as_array().unwrap().clone();
        assert!(newer.iter().any(|message| message["text"] == "Are you there?"), "{newer:?}");
        // A 409 keeps nothing under the key.
        let sent = send("b", reply("Yes, hello", position + 1)).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.json());
        let again = send("b", reply("Yes, hello", position + 1)).await;
        assert_eq!(again.json()["message"]["id"], sent.json()["message"]["id"]);
        assert_eq!(send("b", reply("Something else", position + 1)).await.code(), "idempotency_key_reused");
        let close = path.replace("/replies", "/close");
        let undo = format!("/api/v1/messages/{}/undo", sent.json()["message"]["id"].as_str().unwrap());
        let undone = bridge.mara.post(&undo, Value::Null).await;
        assert_eq!((undone.status, undone.json()["text"].clone()), (StatusCode::OK, json!("Yes, hello")));
        assert_eq!(bridge.mara.post(&close, Value::Null).await.code(), "reply_owed");
    }
}

/// Fail points belong to the whole process: one test arms it, on both engines in turn.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_handler_that_panics_answers_and_acknowledges_nothing() {
    for fresh in [Fresh::sqlite(), Fresh::postgres().await] {
        let bridge = Bridge::start(fresh).await;
        let secret = "a customer's words";
        fail::cfg("webhook.received", &format!("1*panic({secret})->off")).unwrap();
        let (sid, outcome) = bridge.provider.receive_sms("+4917010000001", ADVICE, "Hello", Vec::new()).await;
        assert_eq!(outcome.status, Some(500));
        let problem: Value = serde_json::from_str(&outcome.body).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(500), &json!("internal")));
        assert!(problem["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{problem}");
        assert!(!outcome.body.contains(secret), "{}", outcome.body);
        assert_eq!(bridge.ada.get("/api/v1/conversations?view=all").await.json()["items"], json!([]));
        // The provider comes again, and finds the bridge well.
        assert!(bridge.provider.deliver(&sid).await.is_success());
        let page = bridge.ada.get("/api/v1/conversations?view=all").await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    }
}
