//! What comes by itself: reports of the real server about a reply, and the answer of somebody on holiday.

use serde_json::{Value, json};

use crate::{
    desk::{messages_of, until},
    letter::Letter,
    on_both_engines,
    shop::{JO, MO, Shop},
    testing::Fresh,
};

/// Whom the server takes mail for, and then can't deliver to.
const LOST: &str = "unknown.person@customers.example";
/// Whose server is away.
const SLOW: &str = "sam@slow.example";

fn has_flag(message: &Value, flag: &str) -> bool {
    message["flags"].as_array().unwrap().iter().any(|known| known == flag)
}

/// A letter of somebody who has no mailbox, whatever is acknowledged.
async fn letter_of(shop: &Shop, from: &str) -> Value {
    shop.take_in(&Letter::new(from, "My lamp", "Where is it?")).await;
    until("the acknowledgement left", async || {
        shop.messages("outbound").await.first().is_some_and(|ack| ack["delivery"] == "sent")
    })
    .await;
    shop.conversation().await["obligations"][0].clone()
}

on_both_engines! {
    async fn a_report_of_the_server_fails_the_reply_with_the_reason_and_what_it_answered_is_owed_again(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let owed = letter_of(&shop, LOST).await;
        let reply = shop.reply("On its way.").await;
        assert_eq!(shop.conversation().await["obligations"], json!([]));
        shop.until_delivery(&reply, "failed").await;
        let conversation = shop.conversation().await;
        let failed = messages_of(&conversation, "outbound").remove(1);
        assert_eq!(failed["delivery_reason"], "The mailbox does not exist (5.1.1)");
        assert_eq!(conversation["obligations"], json!([owed]), "with its original time");
        assert_eq!(conversation["conversation"]["trouble"], "failed");
        // The report stands beside what it reports, owes nothing and is answered by nobody.
        let report = messages_of(&conversation, "inbound").remove(1);
        assert!(has_flag(&report, "bounce"), "{report}");
        assert_eq!(report["unanswerable"], "automatic_mail");
        assert!(shop.view("automatic").await.is_empty());
        assert_eq!(messages_of(&conversation, "outbound").len(), 2, "an acknowledgement and the reply");
        // The acknowledgement failed as well; it went without a return path, so nothing came of that.
        assert_eq!(shop.servers.inbox(crate::shop::OURS).len(), 2);
    }

    async fn a_report_of_delay_is_shown_and_the_letter_arrives_when_the_server_is_back(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        letter_of(&shop, SLOW).await;
        let reply = shop.reply("On its way.").await;
        shop.until_delivery(&reply, "delayed").await;
        let conversation = shop.conversation().await;
        assert_eq!(conversation["obligations"], json!([]), "it may still arrive");
        let reason = messages_of(&conversation, "outbound")[1]["delivery_reason"].clone();
        assert!(reason.as_str().is_some_and(|reason| !reason.is_empty()), "{reason}");
        let _back = shop.servers.open_slow_domain().await;
        let mails = shop.mailbox(SLOW, 2).await;
        assert!(mails.iter().any(|mail| mail.text() == "On its way."), "{mails:?}");
    }

    async fn an_answer_from_a_holiday_is_kept_and_begins_nothing(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        shop.servers.vacation(JO, "I am away until Monday.");
        shop.with_letter(JO, "My lamp", "Where is it?").await;
        let reply = shop.reply("On its way.").await;
        let answers = shop.until_inbound(2).await;
        let vacation = answers.iter().find(|message| message["text"] == "I am away until Monday.").unwrap();
        assert_eq!(vacation["conversation_id"], reply["conversation_id"], "beside what it answers");
        assert!(has_flag(vacation, "out_of_office"), "{vacation}");
        assert_eq!(vacation["unanswerable"], "automatic_mail");
        let conversation = shop.conversation().await;
        assert_eq!(conversation["obligations"], json!([]));
        assert!(shop.view("automatic").await.is_empty());
        // Whoever comes later is acknowledged: what had been owed to the machine would have left before.
        shop.with_letter(MO, "Hello", "Are you there?").await;
        assert_eq!(shop.servers.inbox(JO).len(), 2, "the acknowledgement and the reply");
        assert_eq!(shop.inbound().await.len(), 3);
    }
}
