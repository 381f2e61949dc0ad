//! An end and a new start: what was under way, what waited, and what came meanwhile.

use std::time::{Duration, Instant};

use rapport_fakes::twilio::{Fault, Operation};

use crate::{
    bridge::{Bridge, CUSTOMER, OURS, until},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn what_was_offered_while_nobody_was_there_comes_by_the_list_and_is_acknowledged(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        bridge.write("Before").await;
        let last = bridge.get("/api/v1/inboxes").await["items"][0]["last_inbound_at"].clone();
        assert!(last.is_i64(), "{last}");
        bridge.stop().await;
        bridge.start_again().await;
        until("the last arrival is known again", async || {
            bridge.get("/api/v1/inboxes").await["items"][0]["last_inbound_at"] == last
        })
        .await;
        bridge.stop().await;
        for number in 0..30 {
            let text = format!("Meanwhile {number}");
            let (_, outcome) = bridge.providers[0].receive_sms(CUSTOMER, OURS[0], &text, Vec::new()).await;
            assert!(!outcome.is_success(), "nobody is there");
            bridge.clock.advance(Duration::from_secs(1));
        }
        bridge.start_again().await;
        until("all of it is there", async || bridge.messages("inbound").await.len() == 31).await;
        let texts: Vec<String> = bridge
            .messages("inbound")
            .await
            .iter()
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect();
        let expected: Vec<String> =
            std::iter::once("Before".to_owned()).chain((0..30).map(|n| format!("Meanwhile {n}"))).collect();
        assert_eq!(texts, expected, "in the order in which it was written");
        assert!(bridge.phone().len() <= 1, "one turn, one acknowledgement");
    }

    async fn a_reply_that_waits_for_its_next_try_survives_and_is_sent_once(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        bridge.providers[0].fail_next(Operation::Send, Fault::RateLimited { retry_after: 60 });
        let calls = bridge.providers[0].calls(Operation::Send);
        let reply = bridge.reply("Hi").await;
        until("it was tried", async || bridge.providers[0].calls(Operation::Send) > calls).await;
        bridge.until_delivery(&reply, "queued").await;
        bridge.stop().await;
        bridge.clock.advance(Duration::from_secs(61));
        bridge.start_again().await;
        bridge.until_delivery(&reply, "delivered").await;
        assert_eq!(bridge.phone().iter().filter(|message| message.body == "Hi").count(), 1);
    }

    async fn it_stops_within_five_seconds_under_load_and_what_hung_is_unconfirmed_and_not_repeated(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        bridge.providers[0].fail_next(Operation::Send, Fault::ActedThenSilent);
        let reply = bridge.reply("Hi").await;
        bridge.until_delivery(&reply, "sending").await;
        until("the provider has it", async || bridge.phone().len() == 2).await;
        let provider = bridge.providers[0].clone();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let provider = provider.clone();
                tokio::spawn(async move {
                    for number in 0..40 {
                        let (from, text) = (format!("+491704000000{writer}"), format!("Message {number}"));
                        provider.receive_sms(&from, OURS[0], &text, Vec::new()).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let begun = Instant::now();
        bridge.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        for writer in writers {
            writer.await.unwrap();
        }
        // The node comes back under its name: its lease need not run out.
        bridge.start_again().await;
        bridge.until_delivery(&reply, "unconfirmed").await;
        until("all customers are there", async || bridge.view("all").await.len() == 9).await;
        assert_eq!(bridge.phone().iter().filter(|message| message.body == "Hi").count(), 1);
    }
}
