//! A colleague answers a customer from a mail program: the answer lies in the Sent folder.

use serde_json::json;

use crate::{
    desk::{messages_of, until},
    letter::Letter,
    on_both_engines,
    shop::{JO, MO, OURS, Shop},
    testing::Fresh,
};

/// Another customer.
const BO: &str = "bo@customers.example";

on_both_engines! {
    async fn an_answer_in_the_sent_folder_stands_in_the_conversation_and_discharges_what_was_owed(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let letter = shop.with_letter(JO, "My lamp", "Where is it?").await;
        let other = shop.with_letter(MO, "An order", "I have just ordered a clock.").await;
        let waits = async |address: &str| -> bool {
            let rows = shop.view("all").await;
            rows.iter().any(|row| row["contact"]["address"] == address && row["due_at"].is_i64())
        };
        assert!(waits(JO).await && waits(MO).await);
        let name = format!("<{}>", letter.name);
        let answer = Letter::new(OURS, "Re: My lamp", "I have just called you.\n\n> Where is it?").to(JO);
        shop.servers.append(OURS, "Sent", &answer.with("In-Reply-To", &name).with("References", &name).raw());
        // Neither what a shop system sends answers anybody, nor a letter that names none of theirs.
        let order = Letter::new(OURS, "Re: An order", "We have your order.").to(MO);
        let order = order.with("In-Reply-To", &format!("<{}>", other.name)).with("Auto-Submitted", "auto-generated");
        shop.servers.append(OURS, "Sent", &order.raw());
        shop.servers.append(OURS, "Sent", &Letter::new(OURS, "News", "We have clocks.").to(MO).raw());
        // Every folder is looked at when something comes into the first.
        shop.with_letter(BO, "Hello", "Anybody there?").await;
        until("nothing is owed to Jo", async || !waits(JO).await).await;
        assert!(waits(MO).await, "what answers nothing discharges nothing");
        let jo = shop.view("all").await.into_iter().find(|row| row["contact"]["address"] == JO).unwrap();
        let opened = shop.open(&jo).await;
        let sent = messages_of(&opened, "outbound");
        assert_eq!(sent.len(), 2, "our own acknowledgement lies in that folder as well: {sent:#?}");
        let by_colleague = sent.iter().find(|message| message["author"]["kind"] == "outside_human").unwrap();
        assert_eq!((&by_colleague["author"]["id"], &by_colleague["unanswerable"]), (&json!(null), &json!(null)));
        assert_eq!(by_colleague["text"].as_str().unwrap(), "I have just called you.");
        assert_eq!(opened["obligations"], json!([]));

        // The customer answers that as anything else, and the same letters under new numbers are no others.
        shop.servers.change_uidvalidity(OURS, "Sent");
        shop.take_in(&Letter::new(JO, "Re: My lamp", "I was out.").with("In-Reply-To", &name)).await;
        shop.take_in(&Letter::new(BO, "Hello", "Still there?")).await;
        let opened = shop.open(&jo).await;
        assert_eq!(messages_of(&opened, "inbound").len(), 2);
        assert_eq!(messages_of(&opened, "outbound").len(), 2);
        assert_eq!(opened["obligations"].as_array().unwrap().len(), 1);
    }
}
