//! An associate answers, and the customer answers that: what their mail program gets, and how it finds back.

use rapport_fakes::mailserver::Verdict;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    desk::messages_of,
    letter::{Letter, Mail},
    on_both_engines,
    shop::{JO, MO, OURS, Shop},
    testing::Fresh,
};

const REPLY: &str =
    "Dear Jo,\n\nyour lamp left on Monday: <https://shop.example/track?a=1&b=2>.\n.\nFrom us all, Ada — ☺";

/// Whether it is a token of ours: `1.`, an outbox row, and a hash of it.
fn is_our_name(name: &str) -> bool {
    let local =
        name.strip_prefix('<').and_then(|name| name.strip_suffix("@shop.example>")).unwrap_or_default();
    let parts: Vec<&str> = local.split('.').collect();
    matches!(parts[..], ["1", row, hash] if row.len() == 32 && hash.len() == 26)
}

/// A carriage return or a line feed without the other.
fn has_bare_end(raw: &[u8]) -> bool {
    let text = raw.iter().map(|&byte| char::from(byte)).collect::<String>().replace("\r\n", "");
    text.contains(['\r', '\n'])
}

/// Jo wrote, was acknowledged and answered: what Jo wrote, and the reply in Jo's mailbox.
async fn answered(shop: &Shop) -> (Letter, Mail) {
    let letter = shop.with_letter(JO, "AW: My lamp", "Where is it?").await;
    let reply = shop.reply(REPLY).await;
    shop.until_delivery(&reply, "sent").await;
    (letter, shop.mailbox(JO, 2).await.remove(1))
}

async fn close(shop: &Shop, row: &Value) {
    let id = row["id"].as_str().unwrap();
    let waiver = json!({"reason": "thanks", "seen_position": row["position"], "close": true});
    let (status, answer) = shop.post(&format!("/api/v1/conversations/{id}/waive"), waiver).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

on_both_engines! {
    async fn a_reply_reaches_the_customer_as_an_ordinary_letter_and_is_recorded_once(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let (letter, mail) = answered(&shop).await;
        assert_eq!(mail.header("From").unwrap(), format!("The Shop <{OURS}>"));
        assert_eq!(mail.header("To").unwrap(), JO);
        assert_eq!(mail.header("Subject").unwrap(), "Re: My lamp");
        assert_eq!(mail.header("In-Reply-To").unwrap(), format!("<{}>", letter.name));
        assert_eq!(mail.header("References").unwrap(), format!("<{}>", letter.name));
        assert!(is_our_name(&mail.header("Message-ID").unwrap()), "{mail:?}");
        let wanted = mail.header("Reply-To").unwrap();
        assert!(wanted.contains("support+r") && wanted.contains("@shop.example"), "{wanted}");
        assert_eq!(mail.header("Return-Path").unwrap(), format!("<{OURS}>"), "a report comes back");
        for absent in ["List-Unsubscribe", "Auto-Submitted", "Precedence", "Cc", "Bcc", "Sender"] {
            assert_eq!(mail.header(absent), None, "{absent}");
        }
        assert!(mail.header("Content-Type").unwrap().starts_with("multipart/alternative"), "{mail:?}");
        assert_eq!(mail.text(), REPLY);
        let html = mail.html().unwrap();
        for wanted in ["Dear Jo,", "https://shop.example/track?a=1&amp;b=2", "Ada — ☺"] {
            assert!(html.contains(wanted), "{wanted} in {html}");
        }
        // A bare line feed would not have been taken: the server refuses it.
        assert!(!has_bare_end(&mail.0));

        let conversation = shop.conversation().await;
        assert_eq!(conversation["obligations"], json!([]), "nothing is owed any more");
        let sent = messages_of(&conversation, "outbound");
        let states: Vec<_> = sent.iter().map(|message| (&message["author"]["kind"], &message["delivery"])).collect();
        assert_eq!(states, [(&json!("bot"), &json!("sent")), (&json!("associate"), &json!("sent"))]);
        assert_eq!(sent[1]["letter"]["subject"], "Re: My lamp");
        assert_eq!(shop.get("/api/v1/inboxes").await["items"][0]["outbox"], json!({"queued": 0, "failed": 0, "unconfirmed": 0}));
    }

    async fn every_kind_of_answer_of_the_customer_joins_the_conversation_with_its_new_words_alone(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let (_, mail) = answered(&shop).await;
        let plus = Letter::answering(&mail, JO, "By the address.").without("In-Reply-To").without("References");
        assert!(plus.recipient().starts_with("support+r"), "{plus:?}");
        let by_name = Letter::answering(&mail, JO, "By the name.").to(OURS).without("References");
        let of_references = Letter::answering(&mail, JO, "By what it refers to.").to(OURS).without("In-Reply-To");
        // Nobody vouches for these: of a proven sender any letter would join, while the conversation is open.
        shop.servers.judge(JO, Verdict::None);
        for (answer, text) in [(by_name, "By the name."), (of_references, "By what it refers to."), (plus, "By the address.")] {
            let message = shop.take_in(&answer).await;
            assert_eq!((&message["text"], &message["letter"]["has_original"]), (&text.into(), &true.into()));
            let path = format!("/api/v1/messages/{}/original", message["id"].as_str().unwrap());
            let original = shop.get(&path).await;
            assert!(original["text"].as_str().unwrap().contains("> Dear Jo,"), "{original}");
            assert_eq!(message["letter"]["recipients"][0]["address"], OURS, "nobody sees our token");
        }
        shop.servers.judge(JO, Verdict::Pass);
        shop.take_in(&Letter::new(JO, "One more thing", "A fresh letter.")).await;
        let conversation = shop.conversation().await;
        assert_eq!(messages_of(&conversation, "inbound").len(), 5);
        assert_eq!(conversation["contact"]["conversations_count"], 1);
        // The next reply answers the last letter, in the thread to which that belongs.
        let reply = shop.reply("Noted.").await;
        shop.until_delivery(&reply, "sent").await;
        assert_eq!(shop.mailbox(JO, 3).await[2].header("Subject").unwrap(), "Re: One more thing");
    }

    async fn after_the_end_a_fresh_letter_begins_anew_and_an_answer_opens_again(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let (_, mail) = answered(&shop).await;
        let row = shop.view("all").await.remove(0);
        let (status, _) = shop.post(&format!("/api/v1/conversations/{}/close", row["id"].as_str().unwrap()), json!({})).await;
        assert_eq!(status, StatusCode::OK);
        let fresh_one = shop.take_in(&Letter::new(JO, "A table", "Have you tables, too?")).await;
        assert_ne!(fresh_one["conversation_id"], row["id"]);
        close(&shop, &shop.view("all").await[0]).await;
        let answer = shop.take_in(&Letter::answering(&mail, JO, "It is here.")).await;
        assert_eq!(answer["conversation_id"], row["id"]);
        assert_eq!(shop.view("all").await.len(), 1);
        assert_eq!(shop.view("closed").await.len(), 1);
    }

    async fn a_token_that_comes_back_proves_whom_no_server_vouched_for_and_leads_nobody_else_in_unseen(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        shop.servers.judge(JO, Verdict::None);
        let (_, mail) = answered(&shop).await;
        let trust = async || shop.conversation().await["contact"]["handles"][0]["trust"].clone();
        assert_eq!(trust().await, "claimed");
        let other = shop.take_in(&Letter::answering(&mail, MO, "I live there, too.")).await;
        assert_eq!(other["author"]["name"], MO);
        assert!(other["flags"].as_array().unwrap().iter().any(|flag| flag == "unverified_participant"), "{other}");
        shop.take_in(&Letter::answering(&mail, JO, "It is me.")).await;
        assert_eq!(trust().await, "proven");
        let reply = shop.reply("Thank you, Jo.").await;
        shop.until_delivery(&reply, "sent").await;
        shop.mailbox(JO, 3).await;
        assert!(shop.servers.inbox(MO).is_empty(), "nothing of it goes to somebody who came along");
    }
}
