//! What the bot is told, when, and what happens to what it does not fetch.

use std::time::Duration;

use super::*;

fn texts(updates: &Value) -> Vec<&str> {
    updates.as_array().unwrap().iter().map(|update| update["message"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_update_comes_again_until_a_higher_number_is_asked_for() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    ines.write("one");
    ines.write("two");
    let first = done(&fake, "getUpdates", json!({})).await;
    assert_eq!(texts(&first), ["one", "two"]);
    assert_eq!(done(&fake, "getUpdates", json!({})).await, first);
    let second = first[1]["update_id"].as_i64().unwrap();
    assert_eq!(texts(&done(&fake, "getUpdates", json!({"offset": second})).await), ["two"]);
    assert_eq!(texts(&done(&fake, "getUpdates", json!({})).await), ["two"], "the first is acknowledged");
    assert_eq!(done(&fake, "getUpdates", json!({"offset": second + 1})).await, json!([]));
    assert_eq!(fake.waiting_updates(), 0);
    for text in ["three", "four", "five"] {
        ines.write(text);
    }
    assert_eq!(texts(&done(&fake, "getUpdates", json!({"limit": 1})).await), ["three"]);
    assert_eq!(texts(&done(&fake, "getUpdates", json!({"offset": -1})).await), ["five"]);
    assert_eq!(fake.waiting_updates(), 1, "what was before the last is forgotten");
}

#[tokio::test]
async fn a_long_poll_waits_for_a_customer() {
    let fake = bot().await;
    let waiting = {
        let fake = fake.clone();
        tokio::spawn(async move { done(&fake, "getUpdates", json!({"timeout": 30})).await })
    };
    let mut changes = fake.subscribe();
    while fake.calls(super::super::Operation::Updates) == 0 {
        changes.changed().await.unwrap();
    }
    fake.customer("Ines Carvalho").write("there");
    assert_eq!(texts(&waiting.await.unwrap()), ["there"]);
}

#[tokio::test]
async fn a_second_poller_ends_the_first() {
    let fake = bot().await;
    let waiting = {
        let fake = fake.clone();
        tokio::spawn(async move { call(&fake, "getUpdates", json!({"timeout": 30})).await })
    };
    let mut changes = fake.subscribe();
    while fake.calls(super::super::Operation::Updates) == 0 {
        changes.changed().await.unwrap();
    }
    done(&fake, "getUpdates", json!({})).await;
    let ended = waiting.await.unwrap();
    assert_eq!(ended["error_code"], 409);
    let reason =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    assert_eq!(ended["description"], reason);
}

#[tokio::test]
async fn what_nobody_fetched_is_gone_after_a_day_and_numbers_begin_anew_after_a_week() {
    let clock = noon();
    let fake = at(clock.clone()).await;
    let ines = fake.customer("Ines Carvalho");
    ines.write("early");
    clock.forward(13 * 3600);
    ines.write("late");
    clock.forward(12 * 3600);
    let found = done(&fake, "getUpdates", json!({})).await;
    assert_eq!(texts(&found), ["late"]);
    let last = found[0]["update_id"].as_i64().unwrap();
    ines.write("next");
    assert_eq!(updates(&fake).await[1]["update_id"], last + 1);
    clock.forward(8 * 24 * 3600);
    ines.write("anew");
    // Whoever still asks with the old number gets it, unless it is just below by chance.
    let anew = done(&fake, "getUpdates", json!({})).await;
    assert_ne!(anew[0]["update_id"], last + 2);
    let far = anew[0]["update_id"].as_i64().unwrap() + 1_000_000;
    assert_eq!(texts(&done(&fake, "getUpdates", json!({"offset": far})).await), ["anew"]);
}

#[tokio::test]
async fn the_kinds_that_were_asked_for_last_are_told_until_others_are() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let id = ines.write("one");
    ines.react(id, &["👍"]);
    let kinds = |updates: &[Value]| {
        let kind =
            |update: &Value| update.as_object().unwrap().keys().find(|key| *key != "update_id").cloned();
        updates.iter().filter_map(kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&updates(&fake).await), ["message"], "reactions are told only to who asks");
    done(&fake, "getUpdates", json!({"allowed_updates": ["message_reaction"]})).await;
    ines.react(id, &["❤"]);
    ines.write("two");
    assert_eq!(kinds(&updates(&fake).await), ["message_reaction"]);
    done(&fake, "getUpdates", json!({"allowed_updates": []})).await;
    ines.write("three");
    ines.edit(id, "one, edited");
    assert_eq!(kinds(&updates(&fake).await), ["message", "edited_message"]);
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized() {
    let fake = bot().await;
    let answer = post(&fake, "/bot1:wrong/getMe", json!({})).await;
    assert_eq!(answer, json!({"ok": false, "error_code": 401, "description": "Unauthorized"}));
}

#[tokio::test]
async fn an_update_that_nobody_can_read_has_a_number_all_the_same() {
    let fake = bot().await;
    let id = fake.push_update(json!({"message": {"nonsense": true}}));
    let found = updates(&fake).await;
    assert_eq!(found, [json!({"update_id": id, "message": {"nonsense": true}})]);
}

#[tokio::test]
async fn while_it_is_away_connections_are_refused_and_then_it_is_where_it_was() {
    let fake = bot().await;
    done(&fake, "getMe", json!({})).await;
    let is_open = async || tokio::net::TcpStream::connect(fake.address()).await.is_ok();
    for away in [true, false] {
        fake.take_down(away);
        let moved = async {
            while is_open().await == away {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), moved).await.expect("the door is moved");
    }
    done(&fake, "getMe", json!({})).await;
}
