//! When the bot is silent: switched off while the bridge runs, and towards our own numbers.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{Bridge, OURS, until},
    on_both_engines,
    testing::Fresh,
};

/// Throws a switch, and gives how it stands then.
async fn switch(bridge: &Bridge, path: &str, enabled: bool) -> Value {
    let request = bridge.request(Method::PUT, &format!("/api/v1{path}")).json(&json!({"enabled": enabled}));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// A customer writes to one of our numbers.
async fn write(bridge: &Bridge, inbox: usize, from: &str) {
    let (_, taken) = bridge.providers[inbox].receive_sms(from, OURS[inbox], "Hello", Vec::new()).await;
    assert!(taken.is_success(), "{taken:?}");
}

/// What came to a phone from one of our numbers.
fn shown(bridge: &Bridge, inbox: usize, phone: &str) -> Vec<String> {
    let messages = bridge.providers[inbox].phone(phone).into_iter();
    messages.filter(|message| !message.written_here).map(|message| message.body).collect()
}

async fn until_acknowledged(bridge: &Bridge, inbox: usize, phone: &str) {
    until("the bot has spoken", async || !shown(bridge, inbox, phone).is_empty()).await;
    assert!(shown(bridge, inbox, phone)[0].starts_with("Automated message"));
}

on_both_engines! {
    async fn with_the_bot_off_nobody_is_acknowledged_all_else_works_and_back_on_the_next_one_is(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        let on = json!({"enabled": true, "held_off_by": null});
        let off = json!({"enabled": false, "held_off_by": null});
        assert_eq!(bridge.get("/api/v1/bot").await, on);
        let mut live = bridge.request(Method::GET, "/api/v1/events").send().await.unwrap();

        assert_eq!(switch(&bridge, "/inboxes/first/bot", false).await, off);
        let mut told = String::new();
        while !told.contains("event: bot") {
            let chunk = tokio::time::timeout(Duration::from_secs(20), live.chunk()).await.expect("it is told live");
            told.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
        assert!(told.contains(&json!({"inbox": "first", "bot": off}).to_string()), "{told}");
        let inboxes = bridge.get("/api/v1/inboxes").await;
        assert_eq!((&inboxes["items"][0]["bot"], &inboxes["items"][1]["bot"]), (&off, &on));

        write(&bridge, 0, "+4917020000001").await;
        // Behind it, a customer of the other inbox is acknowledged: the bot has looked at both.
        write(&bridge, 1, "+4917020000002").await;
        until_acknowledged(&bridge, 1, "+4917020000002").await;
        let rows = bridge.view("all").await;
        let row = rows.iter().find(|row| row["inbox"] == "first").unwrap();
        assert!(row["due_at"].is_i64(), "the reply is owed as ever");
        let reply = bridge.reply_to(row, "Yes?").await;
        bridge.until_delivery(&reply, "delivered").await;
        assert_eq!(shown(&bridge, 0, "+4917020000001"), ["Yes?"]);

        // For all of them, and it outlives an end and a new start.
        switch(&bridge, "/bot", false).await;
        bridge.stop().await;
        bridge.start_again().await;
        assert_eq!(bridge.get("/api/v1/bot").await, off);
        switch(&bridge, "/inboxes/first/bot", true).await;
        write(&bridge, 0, "+4917020000003").await;
        write(&bridge, 1, "+4917020000004").await;
        let rows = bridge.view("all").await;
        let row = rows.iter().find(|row| row["contact"]["address"] == "+4917020000004").unwrap();
        let reply = bridge.reply_to(row, "Hi").await;
        bridge.until_delivery(&reply, "delivered").await;
        switch(&bridge, "/bot", true).await;
        for inbox in [0, 1] {
            let phone = format!("+491703000000{inbox}");
            write(&bridge, inbox, &phone).await;
            until_acknowledged(&bridge, inbox, &phone).await;
        }
        assert!(shown(&bridge, 0, "+4917020000003").is_empty(), "what was not said is not made up for");
        assert_eq!(shown(&bridge, 1, "+4917020000004"), ["Hi"]);
    }

    async fn two_numbers_of_ours_that_write_to_each_other_are_no_customers_and_hear_no_bot(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        write(&bridge, 0, OURS[1]).await;
        write(&bridge, 1, OURS[0]).await;
        write(&bridge, 0, OURS[0]).await;
        assert!(bridge.view("all").await.is_empty(), "nobody waits");
        let rows = bridge.view("automatic").await;
        assert_eq!(rows.len(), 2, "nothing of it is lost: one for each of the two");
        assert!(rows.iter().all(|row| row["due_at"].is_null()), "{rows:#?}");
        // Behind these, a customer is acknowledged: the bot has looked at all of them.
        for inbox in [0, 1] {
            let phone = format!("+491703000000{inbox}");
            write(&bridge, inbox, &phone).await;
            until_acknowledged(&bridge, inbox, &phone).await;
            assert_eq!(bridge.providers[inbox].sent().len(), 1, "the bot is silent towards ourselves");
        }
    }
}
