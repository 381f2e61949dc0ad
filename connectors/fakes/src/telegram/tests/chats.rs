//! Groups, topics, businesses, channels, and whether the bot is let in.

use teloxide_core::types::UpdateKind;

use super::*;
use crate::telegram::{Draft, Phone};

/// What the bot hears, as the real library reads it: each of these tests fails where it can't.
async fn heard(fake: &FakeTelegram) -> Vec<Value> {
    let found = done(fake, "getUpdates", json!({})).await;
    for update in found.as_array().unwrap() {
        // The library takes each number for an object here, and so can't read what the API describes.
        if update["deleted_business_messages"].is_object() {
            continue;
        }
        let read: teloxide_core::types::Update = serde_json::from_str(&update.to_string()).unwrap();
        assert!(!matches!(read.kind, UpdateKind::Error(_)), "{update}");
    }
    updates(fake).await
}

fn said(updates: &[Value]) -> Vec<&str> {
    updates.iter().filter_map(|update| update["message"]["text"].as_str()).collect()
}

async fn say(fake: &FakeTelegram, phone: &Phone, text: &str) -> Value {
    done(fake, "sendMessage", json!({"chat_id": phone.chat_id(), "text": text})).await
}

#[tokio::test]
async fn with_privacy_mode_a_bot_hears_in_a_group_only_what_is_meant_for_it() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho").open_group("Hikers");
    let piotr = fake.customer("Piotr Zawadzki").in_group(ines.chat_id());
    let ours = say(&fake, &ines, "Hello all").await["message_id"].as_i64().unwrap();
    let started = heard(&fake).await;
    assert_eq!(started[0]["my_chat_member"]["new_chat_member"]["status"], "member");
    let chatter = piotr.write("nothing for a bot");
    for text in ["/size@shop_bot", "/size", "/size@other_bot", "is it there, @shop_bot?"] {
        piotr.write(text);
    }
    piotr.send(Draft::text("an answer").replying(ours));
    piotr.send(Draft::text("another answer").replying(chatter));
    piotr.edit(chatter, "still nothing for a bot");
    let meant = ["/size@shop_bot", "/size", "is it there, @shop_bot?", "an answer"];
    let found = heard(&fake).await;
    assert_eq!(said(&found), meant);
    assert_eq!(found.len(), meant.len());
    fake.set_privacy(false);
    assert_eq!(done(&fake, "getMe", json!({})).await["can_read_all_group_messages"], true);
    piotr.write("anything");
    fake.set_privacy(true);
    ines.promote_bot();
    piotr.write("to an administrator");
    assert_eq!(said(&heard(&fake).await), ["anything", "to an administrator"]);
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_says_so_twice_and_refuses_its_old_id() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho").open_group("Hikers");
    say(&fake, &ines, "Hello").await;
    heard(&fake).await;
    let new = fake.migrate(ines.chat_id());
    let found = heard(&fake).await;
    assert_eq!(found[0]["message"]["migrate_to_chat_id"], new);
    assert_eq!(found[0]["message"]["chat"]["id"], ines.chat_id());
    assert_eq!(found[1]["message"]["migrate_from_chat_id"], ines.chat_id());
    assert_eq!(found[1]["message"]["message_id"], 1, "the supergroup counts anew");
    let answer = call(&fake, "sendMessage", json!({"chat_id": ines.chat_id(), "text": "x"})).await;
    assert_eq!(answer["error_code"], 400);
    assert_eq!(answer["parameters"], json!({"migrate_to_chat_id": new}));
    say(&fake, &ines.in_group(new), "Hello again").await;
}

#[tokio::test]
async fn a_topic_has_its_number_and_general_has_none() {
    let fake = bot().await;
    fake.set_privacy(false);
    let ines = fake.customer("Ines Carvalho").open_forum("Hikers");
    let thread = fake.topic(ines.chat_id(), "Tents");
    let topic = ines.in_topic(thread);
    heard(&fake).await;
    let general = ines.write("in General");
    ines.send(Draft::text("an answer in General").replying(general));
    topic.write("in Tents");
    let found = heard(&fake).await;
    assert_eq!(found[0]["message"]["message_thread_id"], Value::Null);
    assert_eq!(found[1]["message"]["message_thread_id"], general, "an answer's number is no topic");
    assert_eq!(found[1]["message"]["is_topic_message"], Value::Null);
    assert_eq!(found[2]["message"]["message_thread_id"], thread);
    assert_eq!(found[2]["message"]["is_topic_message"], true);
    assert_eq!(found[2]["message"]["reply_to_message"]["forum_topic_created"]["name"], "Tents");
    let into = |thread: i64| json!({"chat_id": ines.chat_id(), "text": "x", "message_thread_id": thread});
    assert_eq!(done(&fake, "sendMessage", into(thread)).await["message_thread_id"], thread);
    for none in [1, general] {
        assert_eq!(refused(&fake, "sendMessage", into(none)).await, "Bad Request: message thread not found");
    }
    fake.close_topic(ines.chat_id(), thread, true);
    assert_eq!(refused(&fake, "sendMessage", into(thread)).await, "Bad Request: TOPIC_CLOSED");
    fake.close_topic(ines.chat_id(), thread, false);
    done(&fake, "sendMessage", into(thread)).await;
    fake.delete_topic(ines.chat_id(), thread);
    assert_eq!(refused(&fake, "sendMessage", into(thread)).await, "Bad Request: message thread not found");
    heard(&fake).await;
}

#[tokio::test]
async fn who_locks_the_bot_out_is_told_of_and_hears_it_no_more() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    ines.write("Hello");
    heard(&fake).await;
    ines.block_bot();
    let found = heard(&fake).await;
    let change = &found[0]["my_chat_member"];
    assert_eq!(change["old_chat_member"]["status"], "member");
    assert_eq!(change["new_chat_member"]["status"], "kicked");
    let to = |chat: i64| json!({"chat_id": chat, "text": "x"});
    let blocked = "Forbidden: bot was blocked by the user";
    assert_eq!(refused(&fake, "sendMessage", to(ines.chat_id())).await, blocked);
    ines.write("Hello again");
    let found = heard(&fake).await;
    assert_eq!(found[0]["my_chat_member"]["new_chat_member"]["status"], "member", "who writes lets it in");
    assert_eq!(found[1]["message"]["text"], "Hello again");
    done(&fake, "sendMessage", to(ines.chat_id())).await;
    let group = ines.open_supergroup("Hikers");
    group.block_bot();
    let kicked = "Forbidden: bot was kicked from the supergroup chat";
    assert_eq!(refused(&fake, "sendMessage", to(group.chat_id())).await, kicked);
    group.remove_bot();
    let left = "Forbidden: bot is not a member of the supergroup chat";
    assert_eq!(refused(&fake, "sendMessage", to(group.chat_id())).await, left);
    heard(&fake).await;
    group.write("/start");
    assert_eq!(heard(&fake).await, [Value::Null; 0], "whoever is out hears nothing");
}

#[tokio::test]
async fn a_business_is_answered_for_through_its_connection_alone() {
    let fake = bot().await;
    let owner = fake.customer("Olga Owner");
    let connection = owner.connect_business();
    let ines = fake.customer("Ines Carvalho").in_business(&connection);
    let id = ines.write("Hello");
    ines.edit(id, "Hello there");
    ines.owner_writes("I am on it");
    ines.delete(&[id]);
    let found = heard(&fake).await;
    assert_eq!(found[0]["business_connection"]["id"], *connection);
    assert_eq!(found[1]["business_message"]["business_connection_id"], *connection);
    assert_eq!(found[2]["edited_business_message"]["text"], "Hello there");
    assert_eq!(found[3]["business_message"]["from"]["id"], owner.user_id());
    assert_eq!(found[4]["deleted_business_messages"]["message_ids"], json!([id]));
    let without = json!({"chat_id": ines.chat_id(), "text": "x"});
    assert_eq!(call(&fake, "sendMessage", without).await["error_code"], 403);
    let with = json!({"chat_id": ines.chat_id(), "text": "x", "business_connection_id": connection});
    let sent = done(&fake, "sendMessage", with.clone()).await;
    assert_eq!(sent["from"]["id"], owner.user_id());
    assert!(ines.messages().last().unwrap().by_bot);
    fake.set_connection(&connection, false, false);
    refused(&fake, "sendMessage", with).await;
    heard(&fake).await;
}

#[tokio::test]
async fn what_others_said_in_a_group_only_an_administrator_deletes() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho").open_supergroup("Hikers");
    let id = ines.write("/start");
    let gone = json!({"chat_id": ines.chat_id(), "message_id": id});
    let why = refused(&fake, "deleteMessage", gone.clone()).await;
    assert_eq!(why, "Bad Request: message can't be deleted");
    ines.promote_bot();
    done(&fake, "deleteMessage", gone).await;
}

#[tokio::test]
async fn a_channel_posts_without_a_writer() {
    let fake = bot().await;
    let channel = fake.customer("Olga Owner").open_channel("News");
    heard(&fake).await;
    fake.post(channel.chat_id(), "Sale");
    let found = heard(&fake).await;
    assert_eq!(found[0]["channel_post"]["text"], "Sale");
    assert_eq!(found[0]["channel_post"]["from"], Value::Null);
    let chat = done(&fake, "getChat", json!({"chat_id": channel.chat_id()})).await;
    assert_eq!(chat["type"], "channel");
}

#[tokio::test]
async fn an_edit_that_nobody_sees_is_told_too() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let id = ines.write("https://shop.example/shell");
    ines.edit_invisibly(id);
    let found = heard(&fake).await;
    assert_eq!(found[1]["edited_message"]["text"], found[0]["message"]["text"]);
    assert!(found[1]["edited_message"]["edit_date"].is_i64());
}

#[tokio::test]
async fn looking_changes_nothing() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    ines.write("Hello");
    let group = ines.open_group("Hikers");
    let mut changes = fake.subscribe();
    changes.mark_unchanged();
    let again = fake.customer("Ines Carvalho").in_group(group.chat_id());
    assert_eq!((fake.chats().len(), again.messages().len(), fake.waiting_updates()), (2, 1, 3));
    assert!(!changes.has_changed().unwrap(), "whoever watches and looks would look for ever");
    ines.write("there");
    assert!(changes.has_changed().unwrap());
}
