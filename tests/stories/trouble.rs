//! What goes wrong at the provider: busy, silent, cut off, dead.

use std::time::Duration;

use bytes::Bytes;
use rapport_fakes::twilio::{FakeMedia, Fault, Operation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    bridge::{Bridge, CUSTOMER, OURS, until},
    on_both_engines,
    testing::Fresh,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// A bridge with a customer who wrote and was acknowledged.
async fn with_customer(fresh: Fresh) -> Bridge {
    let bridge = Bridge::start(fresh).await;
    bridge.write("Hello").await;
    bridge.until_phone_shows(1).await;
    bridge
}

async fn act(bridge: &Bridge, message: &Value, what: &str) -> StatusCode {
    bridge.post(&format!("/api/v1/messages/{}/{what}", message["id"].as_str().unwrap()), json!({})).await.0
}

on_both_engines! {
    async fn a_call_cut_after_it_was_accepted_is_unconfirmed_and_a_person_decides(fresh: Fresh) {
        let bridge = with_customer(fresh).await;
        for fault in [Fault::ActedThenCut, Fault::ActedThenError, Fault::ActedThenNonsense] {
            bridge.providers[0].fail_next(Operation::Send, fault);
        }
        let calls = bridge.providers[0].calls(Operation::Send);
        let mut replies = Vec::new();
        for text in ["one", "two", "three"] {
            let reply = bridge.reply(text).await;
            bridge.until_delivery(&reply, "unconfirmed").await;
            replies.push(reply);
        }
        assert_eq!(bridge.view("all").await[0]["trouble"], "unconfirmed", "it shows as work of its own");
        for _ in 0..3 {
            bridge.pass(Duration::from_hours(1));
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        assert_eq!(bridge.providers[0].calls(Operation::Send), calls + 3, "nothing is sent again by itself");
        assert_eq!(act(&bridge, &replies[0], "confirm").await, StatusCode::OK);
        bridge.until_delivery(&replies[0], "sent").await;
        assert_eq!(act(&bridge, &replies[0], "confirm").await, StatusCode::CONFLICT);
        assert_eq!(act(&bridge, &replies[1], "resend").await, StatusCode::OK);
        bridge.until_delivery(&replies[1], "delivered").await;
        assert_eq!(bridge.providers[0].calls(Operation::Send), calls + 4, "once, because a person wanted it");
    }

    async fn a_provider_that_is_busy_is_asked_again_not_before_it_allows_it(fresh: Fresh) {
        let bridge = with_customer(fresh).await;
        bridge.providers[0].fail_next(Operation::Send, Fault::RateLimited { retry_after: 34 });
        let calls = bridge.providers[0].calls(Operation::Send);
        let reply = bridge.reply("Hi").await;
        until("it was tried", async || bridge.providers[0].calls(Operation::Send) > calls).await;
        bridge.until_delivery(&reply, "queued").await;
        bridge.pass(Duration::from_secs(33));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(bridge.providers[0].calls(Operation::Send), calls + 1);
        bridge.pass(Duration::from_secs(2));
        bridge.until_delivery(&reply, "delivered").await;
        assert_eq!(bridge.providers[0].calls(Operation::Send), calls + 2);
    }

    async fn a_refused_number_fails_at_once_with_the_providers_code(fresh: Fresh) {
        let bridge = with_customer(fresh).await;
        bridge.providers[0].fail_next(Operation::Send, Fault::Refused { status: 400, code: 21614 });
        let reply = bridge.reply("Hi").await;
        bridge.until_delivery(&reply, "failed").await;
        assert!(bridge.view("all").await[0]["due_at"].is_i64(), "it is owed again");
        let message = bridge.messages("outbound").await.pop().unwrap();
        assert!(message["delivery_reason"].as_str().unwrap().contains("21614"), "{message}");
    }

    async fn a_file_is_fetched_after_the_answer_and_its_bytes_say_what_it_is(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let lie = FakeMedia { content_type: "text/html".to_owned(), bytes: Bytes::from_static(PNG) };
        bridge.providers[0].fail_next(Operation::Media, Fault::Slow(Duration::from_millis(300)));
        let (_, outcome) = bridge.providers[0].receive_sms(CUSTOMER, OURS[0], "", vec![lie]).await;
        assert!(outcome.is_success());
        let shown = bridge.messages("inbound").await.remove(0);
        assert_eq!(shown["attachments"][0]["state"], "pending", "the message did not wait for it");
        until("the file is there", async || {
            bridge.messages("inbound").await[0]["attachments"][0]["state"] == "stored"
        })
        .await;
        let shown = bridge.messages("inbound").await.remove(0);
        assert_eq!(shown["attachments"][0]["content_type"], "image/png");
        assert_eq!(shown["attachments"][0]["name"], "image.png", "it came without a name");

        let gone = FakeMedia { content_type: "image/png".to_owned(), bytes: Bytes::from_static(PNG) };
        let sid = bridge.providers[0].offer(CUSTOMER, OURS[0], "look", vec![gone]);
        // The call names the file, and then it is gone.
        bridge.providers[0].fail_next(Operation::Media, Fault::Refused { status: 404, code: 20404 });
        assert!(bridge.providers[0].deliver(&sid).await.is_success());
        until("it failed with a reason", async || {
            let file = bridge.messages("inbound").await[1]["attachments"][0].clone();
            file["state"] == "failed" && file["reason"].as_str().is_some_and(|reason| !reason.is_empty())
        })
        .await;
    }

    async fn what_a_customer_calls_an_image_and_is_none_is_only_a_file(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let file = |kind: &str, bytes: &'static [u8]| FakeMedia {
            content_type: kind.to_owned(),
            bytes: Bytes::from_static(bytes),
        };
        let files =
            vec![file("image/png", b"<svg onload=alert(1)>"), file("image/png", b""), file("not a type", b"x")];
        bridge.providers[0].receive_sms(CUSTOMER, OURS[0], "", files).await;
        let attachments = async || bridge.messages("inbound").await[0]["attachments"].as_array().unwrap().clone();
        until("they are there", async || attachments().await.iter().all(|file| file["state"] == "stored")).await;
        for file in attachments().await {
            assert_eq!((&file["content_type"], &file["inline"]), (&json!("application/octet-stream"), &json!(false)));
            let path = format!("/api/v1/attachments/{}?inline=1", file["id"].as_str().unwrap());
            let served = bridge.request(reqwest::Method::GET, &path).send().await.unwrap();
            assert_eq!(served.headers()["content-disposition"], "attachment; filename=\"file\"; filename*=UTF-8''file");
        }
    }

    async fn a_dead_channel_holds_up_no_other(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        for _ in 0..40 {
            bridge.providers[0].fail_next(Operation::Send, Fault::Silent);
            bridge.providers[0].fail_next(Operation::List, Fault::Silent);
        }
        for customer in 0..20 {
            let from = format!("+49170200000{customer:02}");
            let (_, taken) = bridge.providers[0].receive_sms(&from, OURS[0], "Hello", Vec::new()).await;
            assert!(taken.is_success());
        }
        for row in bridge.view("all").await {
            bridge.reply_to(&row, "Hi").await;
        }
        // Every send of the first inbox hangs now, more of them than are sent at once.
        let (_, taken) = bridge.providers[1].receive_sms("+4917030000001", OURS[1], "Hello", Vec::new()).await;
        assert!(taken.is_success());
        let rows = bridge.view("all").await;
        let row = rows.iter().find(|row| row["inbox"] == "second").unwrap();
        let reply = bridge.reply_to(row, "Hi there").await;
        bridge.until_delivery(&reply, "delivered").await;
    }
}

#[tokio::test]
async fn a_database_that_cuts_its_connections_loses_nothing_and_is_written_to_again() {
    use sqlx::{Connection as _, Executor as _};
    let fresh = Fresh::postgres().await;
    let mut admin = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
    let bridge = with_customer(fresh).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut all = vec!["Hello".to_owned()];
    let mut refused = 0;
    for number in 0..30 {
        let text = format!("Message {number}");
        let writing = bridge.providers[0].receive_sms(CUSTOMER, OURS[0], &text, Vec::new());
        let (cut, (_, outcome)) = tokio::join!(admin.execute(cut), writing);
        cut.unwrap();
        assert!(outcome.is_success() || outcome.status == Some(503), "{outcome:?}");
        refused += usize::from(!outcome.is_success());
        all.push(text);
    }
    until("what was refused comes by the list", async || {
        bridge.pass(Duration::from_secs(1));
        bridge.messages("inbound").await.len() == all.len()
    })
    .await;
    let mut texts: Vec<_> =
        bridge.messages("inbound").await.iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    all.sort();
    assert_eq!(texts, all, "each once, though {refused} were refused");
    let reply = bridge.reply("Answer").await;
    bridge.until_delivery(&reply, "delivered").await;
}
