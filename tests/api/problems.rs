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
            (get("/api/v1/conversations/nonsense"), 404, "not_found"),
            (get("/api/v1/conversations/%FF"), 404, "not_found"),
            (get("/api/v1/conversations/cnv_%00"), 404, "not_found"),
            (get("/api/v1/conversations?view=nonsense"), 422, "invalid"),
            (get("/api/v1/conversations?admin=1"), 422, "invalid"),
            (get("/api/v1/conversations?limit=0"), 422, "invalid"),
            (get("/api/v1/conversations?limit=101"), 422, "invalid"),
            (get("/api/v1/conversations?cursor=';--"), 422, "invalid"),
            (get("/api/v1/events?after=x"), 422, "invalid"),
            (mara.request(Method::PUT, sign_in), 405, "method_not_allowed"),
            (mara.request(Method::POST, "/"), 405, "method_not_allowed"),
            (json(sign_in, "{"), 400, "malformed_json"),
            (json(sign_in, ""), 400, "malformed_json"),
            (json(sign_in, &format!("{right} {right}")), 400, "malformed_json"),
            (json(sign_in, r#"{"email":"a"}"#), 422, "invalid"),
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
            assert_eq!(problem["errors"].is_array(), status == 422, "{name} {problem}");
            assert_eq!(problem["limit"].is_number(), status == 413, "{name} {problem}");
        }
        let broken = mara.request(Method::POST, sign_in).header("content-type", "application/json");
        let broken = mara.send(broken.body(b"{\"email\":\"\xff\",\"password\":\"b\"}".to_vec())).await;
        assert_eq!(broken.code(), "malformed_json");
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
        let sent = send("b", reply("Yes, hello", 99)).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.json());
        let again = send("b", reply("Yes, hello", 99)).await;
        assert_eq!(again.json()["message"]["id"], sent.json()["message"]["id"]);
        assert_eq!(send("b", reply("Something else", 99)).await.code(), "idempotency_key_reused");
        let close = path.replace("/replies", "/close");
        let undo = format!("/api/v1/messages/{}/undo", sent.json()["message"]["id"].as_str().unwrap());
        let undone = bridge.mara.post(&undo, Value::Null).await;
        assert_eq!((undone.status, undone.json()["text"].clone()), (StatusCode::OK, json!("Yes, hello")));
        assert_eq!(bridge.mara.post(&close, Value::Null).await.code(), "reply_owed");
    }
}
