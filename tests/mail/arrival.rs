//! A letter comes: what of it is shown, whose it is, and that it is acknowledged once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_fakes::mailserver::Verdict;
use reqwest::Method;
use serde_json::json;

use crate::{
    desk::messages_of,
    letter::Letter,
    on_both_engines,
    shop::{ALSO_OURS, JO, MO, OURS, Shop},
    testing::Fresh,
};

const PDF: &[u8] = b"%PDF-1.4\nthe bill\n%%EOF\n";

on_both_engines! {
    async fn a_letter_with_a_file_becomes_a_conversation_and_is_acknowledged_once(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let text = "Grüße! Where is my lamp?\n\nOn Mon, 23 Nov 2026 at 09:00, Mo <mo@customers.example> wrote:\n> Ask the shop.\n";
        let letter = Letter::new(JO, "=?utf-8?Q?Wo_ist_meine_=F0=9F=92=A1=3F?=", text)
            .file("bill.pdf", "application/pdf", &STANDARD.encode(PDF))
            .named("Jo Lindqvist");
        let message = shop.take_in(&letter).await;
        assert_eq!(message["text"], "Grüße! Where is my lamp?");
        assert_eq!((&message["author"]["kind"], &message["author"]["name"]), (&"contact".into(), &"Jo Lindqvist".into()));
        let head = &message["letter"];
        assert_eq!(head["subject"], "Wo ist meine 💡?");
        assert_eq!((&head["from"]["address"], &head["from"]["proven"]), (&JO.into(), &true.into()));
        assert_eq!((&head["recipients"][0]["address"], &head["has_original"]), (&OURS.into(), &true.into()));
        let file = &message["attachments"][0];
        assert_eq!((&file["name"], &file["content_type"]), (&"bill.pdf".into(), &"application/pdf".into()));
        let path = format!("/api/v1/attachments/{}", file["id"].as_str().unwrap());
        let bytes = shop.request(Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, PDF);

        let conversation = shop.conversation().await;
        assert_eq!(conversation["contact"]["name"], "Jo Lindqvist");
        assert_eq!(conversation["obligations"].as_array().unwrap().len(), 1);
        let ack = shop.mailbox(JO, 1).await.remove(0);
        assert_eq!(ack.header("Auto-Submitted").unwrap(), "auto-replied");
        assert_eq!(ack.header("Return-Path").unwrap(), "<>", "nothing answers it by itself");
        assert_eq!(ack.header("In-Reply-To").unwrap(), format!("<{}>", letter.name));
        assert!(ack.text().starts_with("Automated message:"), "{}", ack.text());
        // Neither the same turn nor, once a person has written, the next one is acknowledged again.
        shop.take_in(&Letter::new(JO, "And", "the shade?")).await;
        let reply = shop.reply("It is on its way.").await;
        shop.until_delivery(&reply, "sent").await;
        shop.take_in(&Letter::new(JO, "Good", "Thank you.")).await;
        let last = shop.reply("You are welcome.").await;
        shop.until_delivery(&last, "sent").await;
        let mails = shop.mailbox(JO, 3).await;
        assert_eq!(mails.len(), 3);
        assert!(mails[1..].iter().all(|mail| mail.header("Auto-Submitted").is_none()));
        // Our own mails lie in the Sent folder, from where they are read, and nothing came of that.
        assert_eq!(messages_of(&shop.conversation().await, "outbound").len(), 3);
    }

    async fn whoever_the_server_does_not_vouch_for_is_a_contact_of_their_own(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let letter = Letter::new(JO, "My lamp", "Where is it?");
        let first = shop.take_in(&letter).await;
        assert_eq!(first["letter"]["from"]["proven"], true);
        for (verdict, said) in
            [(Verdict::None, "unproven"), (Verdict::Silent, "silent"), (Verdict::Fail, "forged")]
        {
            shop.servers.judge(JO, verdict);
            let answer =
                Letter::new(JO, "Re: My lamp", said).with("In-Reply-To", &format!("<{}>", letter.name));
            let message = shop.take_in(&answer).await;
            assert_eq!(message["letter"]["from"]["proven"], false, "{said}");
            assert_eq!(message["flags"] == json!(["disproved"]), verdict == Verdict::Fail, "{message}");
            assert_ne!(message["conversation_id"], first["conversation_id"], "{said}: a reference leads nowhere");
        }
        // What a sender writes in such a header himself stands below the server's own.
        let claim = "mx.shop.example; dmarc=pass header.from=customers.example";
        let forged = Letter::new(JO, "Re: My lamp", "vouched for by himself").with("Authentication-Results", claim);
        assert_eq!(shop.take_in(&forged).await["letter"]["from"]["proven"], false);
    }

    async fn a_letter_to_another_of_our_addresses_is_answered_from_there(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        let letter = Letter::new(MO, "Hello", "Do you repair clocks?").to(ALSO_OURS);
        // Another address of the same mailbox, as an alias is.
        shop.servers.deliver(MO, OURS, &letter.raw()).await;
        shop.until_inbound(1).await;
        let reply = shop.reply("We do.").await;
        shop.until_delivery(&reply, "sent").await;
        for mail in shop.mailbox(MO, 2).await {
            assert!(mail.header("From").unwrap().contains(ALSO_OURS), "{mail:?}");
        }
    }
}
