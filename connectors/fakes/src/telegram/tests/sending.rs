//! What the bot says, and why the provider refuses it.

use super::*;
use crate::telegram::{Draft, Fault, Operation};

#[tokio::test]
async fn a_bot_does_not_speak_first() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let to = |chat: i64| json!({"chat_id": chat, "text": "Hello"});
    let first = "Forbidden: bot can't initiate conversation with a user";
    assert_eq!(refused(&fake, "sendMessage", to(ines.chat_id())).await, first);
    assert_eq!(refused(&fake, "sendMessage", to(1)).await, "Bad Request: chat not found");
    ines.write("Hello");
    done(&fake, "sendMessage", to(ines.chat_id())).await;
    ines.deactivate();
    let gone = "Forbidden: user is deactivated";
    assert_eq!(refused(&fake, "sendMessage", to(ines.chat_id())).await, gone);
}

#[tokio::test]
async fn texts_have_their_limits_and_entities_their_bounds_in_utf16() {
    let fake = bot().await;
    let chat = fake.customer("Ines Carvalho");
    chat.write("Hello");
    let chat = chat.chat_id();
    let text = |text: &str| json!({"chat_id": chat, "text": text});
    assert_eq!(refused(&fake, "sendMessage", text(" ")).await, "Bad Request: message text is empty");
    done(&fake, "sendMessage", text(&"😀".repeat(2048))).await;
    let long = refused(&fake, "sendMessage", text(&format!("{}x", "😀".repeat(2048)))).await;
    assert_eq!(long, "Bad Request: message is too long");
    let dressed = |offset: i64, length: i64| {
        let entity = json!({"type": "bold", "offset": offset, "length": length});
        json!({"chat_id": chat, "text": "a😀b", "entities": [entity]})
    };
    done(&fake, "sendMessage", dressed(1, 2)).await;
    done(&fake, "sendMessage", dressed(0, 4)).await;
    for (offset, length, reason) in
        [(1, 1, "ends in a middle"), (2, 2, "begins in a middle"), (3, 2, "after the end")]
    {
        let why = refused(&fake, "sendMessage", dressed(offset, length)).await;
        assert!(why.contains(reason), "{why}");
    }
}

#[tokio::test]
async fn a_request_that_is_not_described_is_refused_and_remembered() {
    let fake = bot().await;
    let why = refused(&fake, "sendMessage", json!({"chat_id": 1})).await;
    assert_eq!(why, "Bad Request: sendMessage: the field text is required");
    refused(&fake, "sendMesage", json!({})).await;
    refused(&fake, "getUpdates", json!({"allowed_updates": ["messages"]})).await;
    assert_eq!(fake.violations().len(), 3);
}

#[tokio::test]
async fn an_answer_needs_its_message_and_a_quote_its_words() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let id = ines.write("Blue 😀 or green?");
    let answer = |reply: Value| json!({"chat_id": ines.chat_id(), "text": "x", "reply_parameters": reply});
    let sent = done(&fake, "sendMessage", answer(json!({"message_id": id, "quote": "green"}))).await;
    assert_eq!(sent["quote"], json!({"text": "green", "position": 11, "is_manual": true}));
    assert_eq!(sent["reply_to_message"]["message_id"], id);
    refused(&fake, "sendMessage", answer(json!({"message_id": id, "quote": "red"}))).await;
    ines.delete(&[id]);
    let why = refused(&fake, "sendMessage", answer(json!({"message_id": id}))).await;
    assert_eq!(why, "Bad Request: message to be replied not found");
    let anyway = json!({"message_id": id, "allow_sending_without_reply": true});
    assert_eq!(done(&fake, "sendMessage", answer(anyway)).await["reply_to_message"], Value::Null);
}

#[tokio::test]
async fn what_the_bot_sent_can_be_edited_reacted_to_and_deleted() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let theirs = ines.write("Hello");
    let chat = ines.chat_id();
    let ours =
        done(&fake, "sendMessage", json!({"chat_id": chat, "text": "Helo"})).await["message_id"].clone();
    let edit = |id: &Value, text: &str| json!({"chat_id": chat, "message_id": id, "text": text});
    let edited = done(&fake, "editMessageText", edit(&ours, "Hello")).await;
    assert!(edited["edit_date"].is_i64());
    assert!(
        refused(&fake, "editMessageText", edit(&ours, "Hello")).await.contains("message is not modified")
    );
    let foreign = refused(&fake, "editMessageText", edit(&json!(theirs), "x")).await;
    assert_eq!(foreign, "Bad Request: message can't be edited");
    let heart = json!([{"type": "emoji", "emoji": "❤"}]);
    done(&fake, "setMessageReaction", json!({"chat_id": chat, "message_id": theirs, "reaction": heart}))
        .await;
    done(&fake, "sendChatAction", json!({"chat_id": chat, "action": "typing"})).await;
    assert_eq!(fake.typing(), [(chat, "typing".to_owned())]);
    let shown = ines.messages();
    assert_eq!(shown[0].reactions, [("Shop".to_owned(), "❤".to_owned())]);
    assert_eq!((shown[1].text.as_str(), shown[1].edited), ("Hello", true));
    done(&fake, "deleteMessage", json!({"chat_id": chat, "message_id": ours})).await;
    assert_eq!(ines.messages().len(), 1);
    let again = refused(&fake, "deleteMessage", json!({"chat_id": chat, "message_id": ours})).await;
    assert_eq!(again, "Bad Request: message to delete not found");
}

#[tokio::test]
async fn who_speaks_too_fast_is_told_for_how_long_to_wait() {
    let clock = noon();
    let fake = at(clock.clone()).await;
    fake.set_limits(true);
    let ines = fake.customer("Ines Carvalho");
    ines.write("Hello");
    let group = ines.open_group("Hikers");
    let text = |chat: i64| json!({"chat_id": chat, "text": "x"});
    done(&fake, "sendMessage", text(ines.chat_id())).await;
    let answer = call(&fake, "sendMessage", text(ines.chat_id())).await;
    assert_eq!(answer["error_code"], 429);
    assert_eq!(answer["parameters"], json!({"retry_after": 1}));
    for _ in 0..20 {
        done(&fake, "sendMessage", text(group.chat_id())).await;
    }
    clock.forward(1);
    done(&fake, "sendMessage", text(ines.chat_id())).await;
    let answer = call(&fake, "sendMessage", text(group.chat_id())).await;
    assert_eq!(answer["parameters"], json!({"retry_after": 59}));
}

#[tokio::test]
async fn a_call_fails_as_it_was_ordered_and_is_done_only_where_that_says_so() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let piotr = fake.customer("Piotr Zawadzki");
    ines.send(Draft::text("Hello"));
    piotr.write("Hello");
    let text = |phone: &crate::telegram::Phone, text: &str| json!({"chat_id": phone.chat_id(), "text": text});
    fake.fail_next_in(ines.chat_id(), Operation::Send, Fault::RateLimited { retry_after: 34 });
    done(&fake, "sendMessage", text(&piotr, "not concerned")).await;
    let answer = call(&fake, "sendMessage", text(&ines, "a")).await;
    assert_eq!(answer["parameters"], json!({"retry_after": 34}));
    fake.fail_next(Operation::Send, Fault::refused("Forbidden: bot was kicked from the supergroup chat"));
    assert_eq!(call(&fake, "sendMessage", text(&ines, "b")).await["error_code"], 403);
    fake.fail_next(Operation::Send, Fault::ActedThenError);
    assert_eq!(call(&fake, "sendMessage", text(&ines, "c")).await["error_code"], 500);
    let library = super::library::library(&fake);
    let faults = [
        (Fault::Html(502), false),
        (Fault::Cut, false),
        (Fault::ActedThenCut, true),
        (Fault::ActedThenHalf, true),
        (Fault::ActedThenNonsense, true),
    ];
    for (fault, acted) in faults {
        // A page of a gateway makes the client library wait ten seconds.
        let status = matches!(fault, Fault::Html(_)).then_some(Fault::Html(200)).unwrap_or(fault.clone());
        let before = fake.sent().len();
        fake.fail_next(Operation::Send, status);
        let chat = teloxide_core::types::ChatId(ines.chat_id());
        let sent = teloxide_core::prelude::Requester::send_message(&library, chat, "d").await;
        assert!(sent.is_err(), "{fault:?}");
        assert_eq!(fake.sent().len() - before, usize::from(acted), "{fault:?}");
    }
    assert_eq!(fake.next_fault(Operation::Send), None);
    let texts: Vec<_> = ines.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["Hello", "c", "d", "d", "d"]);
}
