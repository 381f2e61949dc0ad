//! The hard cases of SMS, as far as they reach beyond the connector: each by its name in the list.

use std::time::Duration;

use bytes::Bytes;
use rapport_fakes::twilio::{FakeMedia, StatusPlan, StatusStep};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{Bridge, CUSTOMER, OURS},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn the_same_sms_with_different_provider_ids_is_kept_twice_flagged_and_acknowledged_once(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        bridge.write("Where is it?").await;
        bridge.until_phone_shows(1).await;
        bridge.write("Where is it?").await;
        let messages = bridge.messages("inbound").await;
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[1]["flags"], json!(["same_text"]));
        assert_eq!(bridge.phone().len(), 1);
    }

    async fn the_same_id_with_another_content_is_kept_flagged_and_answered(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let sid = bridge.write("Hello").await;
        let account = bridge.providers[0].account_sid().to_owned();
        let fields = [
            ("MessageSid", sid.as_str()),
            ("AccountSid", &account),
            ("From", CUSTOMER),
            ("To", OURS[0]),
            ("Body", "Something else"),
            ("NumMedia", "0"),
            ("SmsStatus", "received"),
        ];
        assert!(bridge.providers[0].call_webhook(&fields).await.is_success());
        let messages = bridge.messages("inbound").await;
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["text"], "Hello");
        assert_eq!(messages[0]["flags"], json!(["content_differs"]));
    }

    async fn a_replay_of_a_captured_signed_request_has_no_second_effect(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let sid = bridge.write("Hello").await;
        let reply = bridge.reply("Hi").await;
        bridge.until_delivery(&reply, "delivered").await;
        assert!(bridge.providers[0].deliver(&sid).await.is_success());
        let row = bridge.view("all").await.remove(0);
        assert!(row["due_at"].is_null(), "nothing is owed again");
    }

    async fn short_codes_and_names_are_stored_as_automatic_owed_nothing_and_take_no_reply(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        for sender in ["PARCELS", "262966"] {
            let (_, taken) = bridge.providers[0].receive_sms(sender, OURS[0], "It is here", Vec::new()).await;
            assert!(taken.is_success());
        }
        assert!(bridge.view("all").await.is_empty(), "nobody waits");
        let rows = bridge.view("automatic").await;
        assert_eq!(rows.len(), 2);
        for row in rows {
            let id = row["id"].as_str().unwrap();
            let opened = bridge.get(&format!("/api/v1/conversations/{id}")).await;
            assert!(row["due_at"].is_null());
            assert_eq!(opened["obligations"], json!([]));
            assert_eq!(opened["contact"]["handles"][0]["can_reply"], false);
            assert_eq!(opened["reply"]["can_reply"], false, "the composer says so before anybody writes");
            assert_eq!(opened["reply"]["reason"], "This sender can't receive replies.");
            let body = json!({"text": "Thanks", "seen_position": 1});
            let (status, problem) = bridge.post(&format!("/api/v1/conversations/{id}/replies"), body).await;
            assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "cannot_reply"));
        }
        // Behind these, a customer is acknowledged: so the bot has looked at all of them.
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        assert_eq!(bridge.providers[0].sent().len(), 1, "the bot is silent towards machines");
    }

    async fn what_was_owed_before_stop_stays_owed_until_a_person_waives_it(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        bridge.write("Where is my tent?").await;
        bridge.until_phone_shows(1).await;
        bridge.clock.advance(Duration::from_secs(1));
        bridge.write("STOP").await;
        let row = bridge.view("all").await.remove(0);
        assert!(row["due_at"].is_i64(), "STOP discharges nothing");
        let path = |act: &str| format!("/api/v1/conversations/{}/{act}", row["id"].as_str().unwrap());
        let body = json!({"text": "On its way", "seen_position": row["position"]});
        let (status, problem) = bridge.post(&path("replies"), body).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "cannot_reply"));
        assert!(problem["detail"].as_str().unwrap().contains("opted out"), "{problem}");
        let (status, problem) = bridge.post(&path("close"), json!({})).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "reply_owed"));
        let waiver = json!({"reason": "other", "detail": "told by telephone", "seen_position": row["position"], "close": true});
        assert_eq!(bridge.post(&path("waive"), waiver).await.0, StatusCode::OK);
        let id = row["id"].as_str().unwrap();
        let row = bridge.get(&format!("/api/v1/conversations/{id}")).await["conversation"].clone();
        assert_eq!((&row["state"], &row["due_at"]), (&json!("closed"), &json!(null)));
        assert_eq!(bridge.providers[0].sent().len(), 1, "nothing left after STOP");
    }

    async fn a_number_with_and_without_plus_is_one_handle(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        for from in [CUSTOMER, CUSTOMER.trim_start_matches('+')] {
            let (_, taken) = bridge.providers[0].receive_sms(from, OURS[0], from, Vec::new()).await;
            assert!(taken.is_success());
        }
        assert_eq!(bridge.messages("inbound").await.len(), 2);
        let opened = bridge.conversation().await;
        assert_eq!(opened["contact"]["handles"].as_array().unwrap().len(), 1);
    }

    async fn a_long_message_and_a_short_one_behind_it_stand_in_the_order_of_arrival(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let long = "é".repeat(1600);
        for text in [long.as_str(), "P.S. thanks"] {
            bridge.write(text).await;
        }
        let texts: Vec<_> = bridge.messages("inbound").await.iter().map(|m| m["text"].clone()).collect();
        assert_eq!(texts, [json!(long), json!("P.S. thanks")]);
    }

    async fn any_text_is_stored_as_it_came_and_nul_as_a_replacement(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let odd = ["👩‍👩‍👧‍👦 \u{1f3f3}\u{fe0f}\u{200d}\u{1f308}", "שלום\u{202e}abc\u{202c}", "one\r\ntwo\rthree", "a\0b"];
        for text in odd {
            bridge.write(text).await;
        }
        let file = FakeMedia { content_type: "text/plain".to_owned(), bytes: Bytes::from_static(b"x") };
        let (_, taken) = bridge.providers[0].receive_sms(CUSTOMER, OURS[0], "", vec![file]).await;
        assert!(taken.is_success());
        let texts: Vec<_> = bridge.messages("inbound").await.iter().map(|m| m["text"].clone()).collect();
        assert_eq!(texts, [json!(odd[0]), json!(odd[1]), json!(odd[2]), json!("a\u{fffd}b"), json!("")]);
    }

    async fn a_number_with_a_new_owner_keeps_the_old_messages_with_the_old_contact(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        bridge.write("Where is my tent?").await;
        bridge.until_phone_shows(1).await;
        let reply = bridge.reply("On its way, Ms Berg").await;
        bridge.until_delivery(&reply, "delivered").await;
        bridge.write("Thanks").await;
        let old = bridge.conversation().await;
        let handle = old["contact"]["handles"][0].clone();
        let at = |what: &str| format!("/api/v1/handles/{}/{what}", handle["id"].as_str().unwrap());
        let words = |opened: &Value| -> Vec<Value> {
            let items = opened["messages"]["items"].as_array().unwrap();
            items.iter().filter(|item| item["kind"] != "activity").map(|item| item["text"].clone()).collect()
        };

        for reason in [" ".to_owned(), "x".repeat(501)] {
            let (status, problem) = bridge.post(&at("new-owner"), json!({"reason": reason})).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        }
        let reason = json!({"reason": "They telephoned: the number is not theirs any more."});
        assert_eq!(bridge.post(&at("new-owner"), reason).await.0, StatusCode::NO_CONTENT);
        bridge.write("Hello, do you have boots?").await;
        bridge.until_phone_shows(3).await;

        let rows = bridge.view("all").await;
        assert_eq!(rows.len(), 2, "{rows:#?}");
        let fresh = rows.iter().find(|row| row["id"] != old["conversation"]["id"]).unwrap();
        let new = bridge.get(&format!("/api/v1/conversations/{}", fresh["id"].as_str().unwrap())).await;
        assert_ne!(new["contact"]["id"], old["contact"]["id"]);
        let said = words(&new);
        assert_eq!(said.len(), 2, "what they wrote and that we have it, nothing of before: {said:?}");
        assert!(said.contains(&json!("Hello, do you have boots?")));
        assert!(new["conversation"]["due_at"].is_i64());
        assert_eq!(new["reply"]["can_reply"], true);

        let path = format!("/api/v1/conversations/{}", old["conversation"]["id"].as_str().unwrap());
        let kept = bridge.get(&path).await;
        assert_eq!(words(&kept), words(&old), "the old timeline is as it was");
        assert_eq!(kept["contact"]["id"], old["contact"]["id"]);
        assert_eq!(kept["obligations"], old["obligations"], "what was owed is owed until a person waives it");
        let items = kept["messages"]["items"].as_array().unwrap();
        let line = items.iter().find(|item| item["activity"]["type"] == "new_owner").unwrap();
        assert_eq!(line["activity"]["by"]["name"], "Ada");
        assert!(kept["contact"]["handles"][0]["until"].is_i64());
        assert_eq!(kept["reply"]["can_reply"], false);
        assert!(kept["reply"]["reason"].as_str().unwrap().contains("new owner"));
        let body = json!({"text": "Your tent has arrived", "seen_position": kept["conversation"]["position"]});
        let (status, problem) = bridge.post(&format!("{path}/replies"), body).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "cannot_reply"));
        assert!(problem["detail"].as_str().unwrap().contains("new owner"), "{problem}");

        let answer = bridge.request(Method::DELETE, &at("new-owner")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CONFLICT, "they have written");
        let reply = bridge.reply_to(&new["conversation"], "We have").await;
        bridge.until_delivery(&reply, "delivered").await;
        assert_eq!(bridge.phone().last().unwrap().body, "We have");
    }

    async fn a_part_that_failed_decides_over_one_that_was_delivered(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        // Nothing is reported of itself: the parts are told apart below.
        bridge.providers[0].set_status_plan(StatusPlan { steps: Vec::new(), before_answer: false });
        let reply = bridge.reply(&"long ".repeat(500)).await;
        bridge.until_delivery(&reply, "sent").await;
        let sent = bridge.providers[0].sent();
        let [first, second] = &sent[sent.len() - 2..] else { panic!("two parts: {sent:?}") };
        for (part, step) in [
            (second, StatusStep::new("delivered", None)),
            (first, StatusStep::new("undelivered", Some(30005))),
        ] {
            assert!(bridge.providers[0].report(&part.sid, step).await.is_success());
        }
        bridge.until_delivery(&reply, "failed").await;
        let row = bridge.view("all").await.remove(0);
        assert_eq!(row["trouble"], "failed");
        assert!(row["due_at"].is_i64(), "the worst part decides: it is owed again");
        assert!(bridge.providers[0].report(&second.sid, StatusStep::new("delivered", None)).await.is_success());
        bridge.until_delivery(&reply, "failed").await;
        let message = bridge.messages("outbound").await.pop().unwrap();
        assert!(message["delivery_reason"].as_str().unwrap().contains("30005"), "{message}");
    }
}
