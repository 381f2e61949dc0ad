//! What associates do with each other: a conversation is put off and comes back by itself; a colleague is
//! named and sees it; it is handed over with a note.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    bridge::{Bridge, until},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn what_is_put_off_comes_back_on_time_and_when_the_customer_writes(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        bridge.write("Is the blue tent in stock?").await;
        let row = bridge.view("all").await.remove(0);
        let due = row["due_at"].as_i64().unwrap();
        let snooze = |at: i64, late: bool| {
            json!({"act": "snooze", "until": at, "late": late,
                "conversations": [{"id": row["id"], "seen_position": 9_i64.min(row["position"].as_i64().unwrap())}]})
        };
        let (status, refused) = bridge.post("/api/v1/decisions", snooze(due + 60_000, false)).await;
        assert_eq!((status, refused["results"][0]["verdict"].as_str().unwrap()), (StatusCode::OK, "past_due"));
        assert!(refused["undo"].is_null());
        let (_, decided) = bridge.post("/api/v1/decisions", snooze(due + 60_000, true)).await;
        assert_eq!(decided["results"][0]["verdict"], "done", "{decided}");
        assert!(bridge.view("all").await.is_empty());
        let asleep = bridge.view("snoozed").await.remove(0);
        assert_eq!((&asleep["due_at"], &asleep["waiting_since"]), (&row["due_at"], &row["waiting_since"]));
        bridge.pass(Duration::from_hours(1));
        until("it is back", async || bridge.view("all").await.len() == 1).await;
        let woken = bridge.conversation().await;
        let last = woken["messages"]["items"].as_array().unwrap().iter().rfind(|m| m["kind"] == "activity").unwrap();
        assert_eq!(last["activity"]["type"], "woken");

        let now = bridge.engine().store().now().millis();
        let seen = woken["conversation"]["position"].clone();
        let again = json!({"act": "snooze", "until": now + 86_400_000, "late": true,
            "conversations": [{"id": row["id"], "seen_position": seen}]});
        assert_eq!(bridge.post("/api/v1/decisions", again).await.1["results"][0]["verdict"], "done");
        assert!(bridge.view("all").await.is_empty());
        bridge.write("Hello?").await;
        until("the customer woke it", async || bridge.view("all").await.len() == 1).await;
        assert!(bridge.view("snoozed").await.is_empty());
    }
}
