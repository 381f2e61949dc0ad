//! The server does not take what leaves: for now, for good, or without saying so.

use std::time::Duration;

use rapport_fakes::mailserver::{Direction, Times};
use serde_json::{Value, json};

use crate::{
    desk::{messages_of, until},
    letter::Letter,
    on_both_engines,
    shop::{JO, MO, Shop, Way},
    testing::Fresh,
};

/// A reply as the associate sees it now.
async fn shown(shop: &Shop, reply: &Value) -> Value {
    let sent = messages_of(
        &shop.get(&format!("/api/v1/conversations/{}", reply["conversation_id"].as_str().unwrap())).await,
        "outbound",
    );
    sent.into_iter().find(|message| message["id"] == reply["id"]).unwrap()
}

/// Waits until a recipient was named to the server so often, and the reply waits for its next try.
async fn until_refused(shop: &Shop, reply: &Value, attempts: usize) {
    until(&format!("attempt {attempts} was refused"), async || {
        shop.servers.attempts(JO) == attempts && shown(shop, reply).await["delivery"] == "queued"
    })
    .await;
}

on_both_engines! {
    async fn a_server_that_refuses_for_now_is_asked_again_and_the_associate_sees_why_it_takes_time(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        shop.with_letter(JO, "My lamp", "Where is it?").await;
        let before = shop.servers.attempts(JO);
        shop.servers.refuse(JO, "451 4.3.0 Try again later", Times::Only(3));
        let reply = shop.reply("On its way.").await;
        for attempt in 1..=3 {
            until_refused(&shop, &reply, before + attempt).await;
            let shown = shown(&shop, &reply).await;
            assert_eq!(shown["delivery_reason"], "the mail server put it off, 451 4.3.0");
            assert!(shown["next_try_at"].as_i64() > shown["at"].as_i64(), "{shown}");
            let inbox = shop.get("/api/v1/inboxes").await["items"][0].clone();
            assert_eq!(inbox["outbox"]["queued"], 1);
            let lasting = attempt == 3;
            assert_eq!(inbox["health"]["state"], if lasting { "degraded" } else { "connected" });
            let reason = "Replies wait: the mail server put it off, 451 4.3.0.";
            assert_eq!(inbox["health"]["reason"], if lasting { json!(reason) } else { json!(null) });
            shop.pass(Duration::from_secs(18));
        }
        shop.until_delivery(&reply, "sent").await;
        shop.until_health("connected").await;
        assert_eq!(shown(&shop, &reply).await["next_try_at"], json!(null));
        assert_eq!(shop.servers.attempts(JO), before + 4);
        assert_eq!(shown(&shop, &reply).await["delivery_reason"], json!(null));
        assert_eq!(shop.mailbox(JO, 2).await.len(), 2, "the acknowledgement and the reply");
    }

    async fn a_greylisted_recipient_has_the_reply_once_the_time_is_over_and_not_before(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        shop.with_letter(JO, "My lamp", "Where is it?").await;
        shop.servers.greylist(JO);
        let reply = shop.reply("On its way.").await;
        until_refused(&shop, &reply, 2).await;
        let waits = shown(&shop, &reply).await;
        assert!(waits["delivery_reason"].as_str().unwrap().starts_with("the mail server put it off (greylisting)"), "{waits}");
        let apart = waits["next_try_at"].as_i64().unwrap() - waits["at"].as_i64().unwrap();
        assert!((290_000..330_000).contains(&apart), "{apart}");
        shop.pass(Duration::from_mins(4));
        // Whoever comes later is acknowledged: the outbox was looked through.
        shop.with_letter(MO, "Hello", "Anybody there?").await;
        assert_eq!(shop.servers.attempts(JO), 2, "a server that greylists counts what comes too early");
        shop.pass(Duration::from_mins(2));
        shop.until_delivery(&reply, "sent").await;
        let mails = shop.mailbox(JO, 2).await;
        assert_eq!((mails.len(), mails[1].text().as_str()), (2, "On its way."));
        assert_eq!(shop.servers.attempts(JO), 3);
    }

    async fn a_server_that_nobody_vouches_for_is_told_of_for_as_long_as_replies_wait_for_it(fresh: Fresh) {
        let shop = Shop::start_with(fresh, Way::Untrusted).await;
        shop.receive(&Letter::new(JO, "My lamp", "Where is it?")).await;
        shop.until_inbound(1).await;
        let reply = shop.reply("On its way.").await;
        shop.until_health("misconfigured").await;
        let inbox = shop.get("/api/v1/inboxes").await["items"][0].clone();
        let reason = inbox["health"]["reason"].as_str().unwrap();
        assert!(reason.starts_with("Replies wait: the server's certificate is signed by nobody"), "{reason}");
        until("the reply says why it waits", async || {
            let reply = shown(&shop, &reply).await;
            reply["delivery"] == "queued" && reply["next_try_at"].is_i64() && reply["delivery_reason"].is_string()
        })
        .await;
        // That the mailbox can be read makes nothing better.
        shop.receive(&Letter::new(MO, "Hello", "Anybody there?")).await;
        shop.until_inbound(2).await;
        assert_eq!(shop.health().await, "misconfigured");
    }

    async fn a_recipient_who_is_refused_for_good_fails_at_once_with_the_servers_reason(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        shop.with_letter(JO, "My lamp", "Where is it?").await;
        let owed = shop.conversation().await["obligations"].clone();
        shop.servers.refuse(JO, "550 5.1.1 No such user here", Times::Always);
        let reply = shop.reply("On its way.").await;
        shop.until_delivery(&reply, "failed").await;
        let reason = shown(&shop, &reply).await["delivery_reason"].clone();
        assert!(reason.as_str().unwrap().contains("550 5.1.1"), "{reason}");
        assert_eq!(shop.conversation().await["obligations"], owed);
        assert_eq!(shop.servers.attempts(JO), 2, "nothing is tried again by itself");
        assert_eq!(shop.get("/api/v1/inboxes").await["items"][0]["outbox"]["failed"], 1);
    }

    async fn a_reply_whose_answer_is_lost_behind_the_final_dot_goes_again_under_the_same_name(fresh: Fresh) {
        let shop = Shop::start_with(fresh, Way::Clear).await;
        shop.with_letter(JO, "My lamp", "Where is it?").await;
        let before = shop.smtp.passed(Direction::Up);
        let first = shop.reply("It left on Monday.").await;
        shop.until_delivery(&first, "sent").await;
        let after = shop.smtp.passed(Direction::Up);
        // As long as the first, over the same connection, to its last byte.
        shop.smtp.cut_after(Direction::Up, after + (after - before));
        let connections = shop.smtp.connections();
        let second = shop.reply("It left on Friday.").await;
        shop.until_delivery(&second, "sent").await;
        assert_eq!(shop.smtp.connections(), connections + 1, "it was cut once");
        let mails = shop.mailbox(JO, 4).await;
        let name = |text: &str| -> Vec<_> {
            let those = mails.iter().filter(|mail| mail.text() == text);
            those.map(|mail| mail.header("Message-ID").unwrap()).collect()
        };
        assert_eq!(name("It left on Monday.").len(), 1);
        let twice = name("It left on Friday.");
        assert_eq!(twice.len(), 2, "the server had taken the first");
        assert_eq!(twice[0], twice[1], "mail programs show one of them");
        assert_eq!(messages_of(&shop.conversation().await, "outbound").len(), 3);
    }
}
