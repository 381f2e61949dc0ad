//! The hard cases of SMS, as far as they reach beyond the connector: each by its name in the list.

use std::time::Duration;

use bytes::Bytes;
use rapport_fakes::twilio::FakeMedia;
use reqwest::StatusCode;
use serde_json::json;

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
}
