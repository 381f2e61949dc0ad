//! The life of an SMS: in, acknowledged, seen, answered, delivered.

use std::time::Duration;

use rapport_fakes::twilio::{StatusPlan, StatusStep};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    bridge::{Bridge, CUSTOMER, OURS, until},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn an_sms_comes_in_is_acknowledged_once_shown_live_answered_and_delivered(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mut live = bridge.request(Method::GET, "/api/v1/events").send().await.unwrap();
        assert_eq!(live.status(), StatusCode::OK);
        bridge.write("Is the blue tent in stock?").await;
        bridge.write("The one for two").await;
        let mut told = String::new();
        while !told.contains("The one for two") {
            let chunk = tokio::time::timeout(Duration::from_secs(20), live.chunk()).await.expect("it is told live");
            told.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
        assert!(told.contains("event: conversation"), "{told}");

        let shown = bridge.until_phone_shows(1).await;
        assert!(shown[0].body.starts_with("Automated message"), "it says what it is: {}", shown[0].body);
        assert!(shown[0].body.contains("A person will answer you here"), "{}", shown[0].body);
        let opened = bridge.conversation().await;
        assert_eq!(opened["obligations"].as_array().unwrap().len(), 2, "the bot discharges nothing");
        assert!(opened["conversation"]["due_at"].is_i64());

        let reply = bridge.reply("Yes, eleven of them.").await;
        bridge.until_delivery(&reply, "delivered").await;
        let shown = bridge.until_phone_shows(2).await;
        assert_eq!(shown[1].body, "Yes, eleven of them.");
        assert_eq!(shown[1].other, OURS[0]);
        assert!(bridge.conversation().await["conversation"]["due_at"].is_null());

        // The bot stays silent from here on, and after a close the next turn is acknowledged again.
        bridge.write("Thanks!").await;
        let id = bridge.view("all").await[0]["id"].as_str().unwrap().to_owned();
        let (status, problem) = bridge.post(&format!("/api/v1/conversations/{id}/close"), json!({})).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "reply_owed"));
        let seen = bridge.conversation().await["conversation"]["position"].clone();
        let waiver = json!({"reason": "thanks", "seen_position": seen, "close": true});
        assert_eq!(bridge.post(&format!("/api/v1/conversations/{id}/waive"), waiver).await.0, StatusCode::OK);
        assert_eq!(bridge.phone().len(), 2);
        bridge.write("One more question").await;
        let shown = bridge.until_phone_shows(3).await;
        assert!(shown[2].body.starts_with("Automated message"), "{}", shown[2].body);
        assert_eq!(bridge.view("all").await[0]["id"], json!(id), "the same conversation goes on");
        assert_eq!(bridge.providers[0].violations(), Vec::<String>::new());
    }

    async fn stop_is_owed_nothing_and_holds_everything_back_until_start(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        bridge.write("STOP").await;
        let rows = bridge.view("automatic").await;
        assert_eq!(rows.len(), 1);
        assert!(rows[0]["due_at"].is_null(), "nobody owes an answer to it");
        bridge.clock.advance(Duration::from_secs(1));
        bridge.write("Wait, one question").await;
        let row = bridge.view("all").await.remove(0);
        let path = format!("/api/v1/conversations/{}/replies", row["id"].as_str().unwrap());
        let body = json!({"text": "Yes?", "seen_position": row["position"]});
        let (status, problem) = bridge.post(&path, body).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (StatusCode::CONFLICT, "cannot_reply"));
        bridge.clock.advance(Duration::from_secs(1));
        assert!(bridge.providers[0].sent().is_empty(), "nothing leaves before START");
        bridge.write("START").await;
        let reply = bridge.reply("Yes?").await;
        bridge.until_delivery(&reply, "delivered").await;
    }

    async fn one_message_offered_five_times_and_a_hundred_times_at_once_is_one_message(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let sid = bridge.write("Hello").await;
        for _ in 0..5 {
            assert!(bridge.providers[0].deliver(&sid).await.is_success());
        }
        let sid = bridge.providers[0].offer(CUSTOMER, OURS[0], "Anybody?", Vec::new());
        let outcomes = bridge.providers[0].deliver_at_once(&sid, 100).await;
        assert!(outcomes.iter().all(rapport_fakes::twilio::CallOutcome::is_success));
        assert_eq!(bridge.messages("inbound").await.len(), 2);
        assert_eq!(bridge.until_phone_shows(1).await.len(), 1);
    }

    async fn reports_in_any_order_and_twice_end_as_delivered(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let steps = ["delivered", "sent", "queued", "delivered"].map(|status| StatusStep::new(status, None));
        // They come before the provider has even answered the call that sent it.
        bridge.providers[0].set_status_plan(StatusPlan { steps: steps.into(), before_answer: true });
        bridge.write("Hello").await;
        let reply = bridge.reply("Hi").await;
        bridge.until_delivery(&reply, "delivered").await;
    }

    async fn what_is_not_delivered_is_owed_again(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let steps = [StatusStep::new("sent", None), StatusStep::new("undelivered", Some(30005))];
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        bridge.providers[0].set_status_plan(StatusPlan { steps: steps.into(), before_answer: false });
        let reply = bridge.reply("Hi").await;
        bridge.until_delivery(&reply, "failed").await;
        until("the reply is owed again", async || {
            let row = bridge.view("all").await.remove(0);
            row["due_at"].is_i64() && row["trouble"] == "failed"
        })
        .await;
        let message = bridge.messages("outbound").await.pop().unwrap();
        assert!(message["delivery_reason"].as_str().unwrap().contains("30005"), "{message}");
    }
}
