//! What could not be read: owed, seen, read again after a fix, or set aside by a person.

use std::time::Duration;

use rapport::store::{IngestRequest, Kept, Outcome};
use rapport_model::{Clock as _, InboundEvent, event::RawPayload};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{Bridge, CUSTOMER, OURS},
    on_both_engines,
    testing::Fresh,
};

/// What a call of the provider says, signed and well-formed.
fn fields<'a>(bridge: &'a Bridge, sid: &'a str, files: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("MessageSid", sid),
        ("AccountSid", bridge.providers[0].account_sid()),
        ("From", CUSTOMER),
        ("To", OURS[0]),
        ("Body", "Where is my tent?"),
        ("NumMedia", files),
        ("SmsStatus", "received"),
    ]
}

/// Parks what an older version of the connector could not read, and this one can.
async fn park_as_before_the_fix(bridge: &Bridge, sid: &str) -> Outcome {
    let (_, form) = bridge.providers[0].signed_form("http://unused.example", &fields(bridge, sid, "0"));
    let event = InboundEvent::Unreadable {
        id: sid.into(),
        raw: RawPayload {
            content_type: "application/x-www-form-urlencoded".to_owned(),
            bytes: form.into_bytes(),
        },
        reason: "A field that an older version did not know.".to_owned(),
        at: bridge.clock.now(),
    };
    let store = bridge.engine().store();
    let facts = store.inboxes()[0].clone();
    let request = IngestRequest::new(facts, vec![event], None, None, Kept::default());
    store.ingest(request).await.unwrap()[0]
}

async fn parked(bridge: &Bridge) -> Vec<Value> {
    bridge.get("/api/v1/parked").await["items"].as_array().unwrap().clone()
}

/// How many are owed, by the counters that everybody sees.
async fn owed(bridge: &Bridge) -> Value {
    bridge.get("/api/v1/conversations?view=all").await["counts"]["parked"].clone()
}

fn path(item: &Value, act: &str) -> String {
    format!("/api/v1/parked/{}/{act}", item["id"].as_str().unwrap())
}

on_both_engines! {
    async fn what_is_too_large_for_its_row_is_read_again_too(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let (_, form) = bridge.providers[0].signed_form("http://unused.example", &fields(&bridge, "SM1", "0"));
        let key = bridge.engine().blobs().put(form.into()).await.unwrap().key;
        let content_type = "application/x-www-form-urlencoded".to_owned();
        let event = InboundEvent::Unreadable {
            id: "SM1".into(),
            raw: RawPayload { content_type: content_type.clone(), bytes: Vec::new() },
            reason: "A field that an older version did not know.".to_owned(),
            at: bridge.clock.now(),
        };
        let store = bridge.engine().store();
        let mut kept = Kept::default();
        kept.raws.insert(0, key);
        let request = IngestRequest::new(store.inboxes()[0].clone(), vec![event], None, None, kept);
        store.ingest(request).await.unwrap();
        let item = parked(&bridge).await.remove(0);
        assert_eq!((&item["content_type"], &item["text"]), (&json!(content_type), &Value::Null));
        let (status, answer) = bridge.post(&path(&item, "read"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(bridge.messages("inbound").await[0]["text"], "Where is my tent?");
    }

    async fn what_is_read_again_after_a_fix_stands_and_is_owed_since_it_came_and_once(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let came = bridge.clock.now().millis();
        assert_eq!(park_as_before_the_fix(&bridge, "SM1").await, Outcome::Parked);
        bridge.clock.advance(Duration::from_hours(1));
        bridge.write("Hello?").await;
        let item = parked(&bridge).await.remove(0);
        assert_eq!((&item["inbox"], &item["at"], owed(&bridge).await), (&json!("first"), &json!(came), json!(1)));
        assert!(item["due_at"].as_i64().unwrap() > came);
        assert!(item["text"].as_str().unwrap().contains("tent"), "people see what came");

        let (status, answer) = bridge.post(&path(&item, "read"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let opened = bridge.conversation().await;
        assert_eq!(opened["conversation"]["id"], answer["conversation"]["id"]);
        assert_eq!(opened["conversation"]["waiting_since"], json!(came), "since it came, not since it was read");
        assert_eq!(opened["conversation"]["due_at"], item["due_at"]);
        assert_eq!(opened["obligations"].as_array().unwrap().len(), 2);
        let messages = bridge.messages("inbound").await;
        let message = messages.iter().find(|message| message["text"] == "Where is my tent?").unwrap();
        assert_eq!(message["at"], json!(came), "its place in the timeline is the one that it had");
        assert_eq!((parked(&bridge).await.len(), owed(&bridge).await), (0, json!(0)));

        let (status, problem) = bridge.post(&path(&item, "read"), json!({})).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "not_now"));
        let (status, _) = bridge.post(&path(&item, "set-aside"), json!({"reason": "late"})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        // Nor is it parked or stored again when it comes once more, in either form.
        assert_eq!(park_as_before_the_fix(&bridge, "SM1").await, Outcome::Duplicate);
        assert!(bridge.providers[0].call_webhook(&fields(&bridge, "SM1", "0")).await.is_success());
        assert_eq!((bridge.messages("inbound").await.len(), parked(&bridge).await.len()), (2, 0));
    }

    async fn what_still_can_not_be_read_says_why_and_stays(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        assert!(bridge.providers[0].call_webhook(&fields(&bridge, "SM1", "many")).await.is_success());
        let item = parked(&bridge).await.remove(0);
        let (status, problem) = bridge.post(&path(&item, "read"), json!({})).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "unreadable"));
        assert_eq!(problem["detail"], item["reason"]);
        assert_eq!(parked(&bridge).await, [item]);
        assert!(bridge.view("all").await.is_empty());
    }

    async fn a_person_sets_it_aside_with_a_reason_and_nothing_else_ends_it(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        assert!(bridge.providers[0].call_webhook(&fields(&bridge, "SM1", "many")).await.is_success());
        bridge.clock.advance(Duration::from_hours(24 * 400));
        bridge.stop().await;
        bridge.start_again().await;
        bridge.sign_in_again().await;
        // What has had its time is swept at the start, beside everything else.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(owed(&bridge).await, json!(1), "time does not end it, nor an end of the process");
        let item = parked(&bridge).await.remove(0);
        assert!(item["text"].is_string(), "what came is kept as long as it is owed");
        let (status, _) = bridge.post(&path(&item, "set-aside"), json!({"reason": " "})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let aside = bridge.request(Method::POST, &path(&item, "set-aside")).json(&json!({"reason": "a test call"}));
        assert_eq!(aside.send().await.unwrap().status(), StatusCode::NO_CONTENT);
        assert_eq!((parked(&bridge).await.len(), owed(&bridge).await), (0, json!(0)));
        let (status, _) = bridge.post(&path(&item, "read"), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT);
    }

    async fn what_comes_by_another_way_in_readable_form_settles_it(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        assert!(bridge.providers[0].call_webhook(&fields(&bridge, "SM1", "many")).await.is_success());
        assert_eq!(owed(&bridge).await, json!(1));
        assert!(bridge.providers[0].call_webhook(&fields(&bridge, "SM1", "0")).await.is_success());
        assert_eq!((bridge.messages("inbound").await.len(), owed(&bridge).await), (1, json!(0)));
    }

    async fn two_who_press_at_once_make_one_message(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        park_as_before_the_fix(&bridge, "SM1").await;
        let item = parked(&bridge).await.remove(0);
        let address = path(&item, "read");
        let press = || bridge.post(&address, json!({}));
        let (one, two, three) = tokio::join!(press(), press(), press());
        let mut answers = [one.0, two.0, three.0];
        answers.sort();
        assert_eq!(answers, [StatusCode::OK, StatusCode::CONFLICT, StatusCode::CONFLICT]);
        assert_eq!(bridge.messages("inbound").await.len(), 1);
        assert_eq!(bridge.conversation().await["obligations"].as_array().unwrap().len(), 1);
    }
}
