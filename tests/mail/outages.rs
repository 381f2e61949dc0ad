//! A mailbox that is restored under other numbers, and a Dovecot that dies: nothing is lost, nothing comes
//! twice, and the inbox says how it fares.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_fakes::mailserver::Direction;

use crate::{
    desk::until,
    letter::{Letter, Mail},
    on_both_engines,
    shop::{JO, OURS, Shop},
    testing::Fresh,
};

/// A letter of a customer of its own, so that each is acknowledged by itself.
fn letter(number: usize) -> Letter {
    Letter::new(&format!("customer{number}@customers.example"), "A question", &format!("Letter {number}."))
}

/// What was taken in, counted by its text: each of `letter(0..many)` once, and acknowledged once.
async fn account(shop: &Shop, many: usize) -> Result<(), String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for message in shop.inbound().await {
        *counts.entry(message["text"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> =
        (0..many).map(|number| (format!("Letter {number}."), 1)).collect();
    if counts != expected {
        return Err(format!("{many} letters were taken in as {counts:#?}"));
    }
    for number in 0..many {
        // Beside those the mailbox may hold what Postfix reports of its waiting for Dovecot.
        let from = letter(number).from;
        let acks = || {
            let mails = shop.servers.inbox(&from).into_iter().map(Mail);
            mails.filter(|mail| mail.header("From").is_some_and(|from| from.contains(OURS))).count()
        };
        until("the acknowledgement came", async || acks() > 0).await;
        let acks = acks();
        if acks != 1 {
            return Err(format!("letter {number} was acknowledged {acks} times"));
        }
    }
    let page = shop.get("/api/v1/conversations?view=all&limit=1").await;
    let waiting = page["counts"]["all_waiting"].as_u64().unwrap();
    if waiting != many as u64 {
        return Err(format!("{waiting} replies are owed for {many} letters"));
    }
    Ok(())
}

/// Letters come before a restored backup, while the mailbox has it, and after it: twice, once with the
/// bridge away.
async fn restored_twice(shop: &mut Shop) -> usize {
    for number in 0..4 {
        shop.receive(&letter(number)).await;
    }
    shop.until_inbound(4).await;
    shop.servers.change_uidvalidity(OURS, "INBOX");
    for number in 4..6 {
        shop.receive(&letter(number)).await;
    }
    until("what came behind the change is there", async || {
        shop.inbound().await.iter().any(|message| message["text"] == "Letter 5.")
    })
    .await;
    shop.stop().await;
    shop.servers.change_uidvalidity(OURS, "INBOX");
    for number in 6..9 {
        shop.receive(&letter(number)).await;
    }
    shop.servers.until_inbox(OURS, 9).await;
    shop.start_again().await;
    shop.until_health("connected").await;
    9
}

on_both_engines! {
    async fn a_mailbox_that_is_numbered_anew_loses_nothing_and_doubles_nothing(fresh: Fresh) {
        let mut shop = Shop::start(fresh).await;
        let many = restored_twice(&mut shop).await;
        shop.until_inbound(many).await;
        account(&shop, many).await.unwrap();
    }

    async fn a_dovecot_that_dies_while_we_wait_or_fetch_is_read_on_where_we_were(fresh: Fresh) {
        let mut shop = Shop::start(fresh).await;
        shop.receive(&letter(0)).await;
        shop.until_inbound(1).await;

        shop.servers.kill_dovecot();
        shop.until_health("reconnecting").await;
        // Postfix keeps what comes until there is a Dovecot again.
        for number in 1..3 {
            shop.receive(&letter(number)).await;
        }
        shop.servers.start_dovecot().await;
        shop.until_inbound(3).await;
        shop.until_health("connected").await;

        // It dies in the midst of a mail: what stands behind the first bytes of it is not passed on.
        let large = STANDARD.encode(vec![7; 1 << 21]);
        shop.imap.stall_after(Direction::Down, 500_000);
        shop.receive(&letter(3)).await;
        shop.receive(&letter(4).file("plan.bin", "application/octet-stream", &large)).await;
        until("part of the mail was fetched", async || shop.imap.has_stalled()).await;
        shop.servers.kill_dovecot();
        shop.imap.forward();
        shop.until_health("reconnecting").await;
        shop.receive(&letter(5)).await;
        shop.servers.start_dovecot().await;
        shop.until_inbound(6).await;
        shop.until_health("connected").await;
        account(&shop, 6).await.unwrap();
        let inbound = shop.inbound().await;
        let with_file = inbound.iter().find(|message| message["text"] == "Letter 4.").unwrap();
        assert_eq!(with_file["attachments"][0]["size"], 1 << 21);
    }

    async fn a_dead_wire_is_noticed_by_nobody_and_costs_nothing_when_it_lives_again(fresh: Fresh) {
        let shop = Shop::start(fresh).await;
        shop.imap.stall();
        shop.receive(&letter(0)).await;
        shop.servers.until_inbox(OURS, 1).await;
        shop.imap.close();
        shop.until_health("reconnecting").await;
        shop.imap.forward();
        shop.until_inbound(1).await;
        shop.until_health("connected").await;
        account(&shop, 1).await.unwrap();
        assert_eq!(shop.servers.inbox(JO).len(), 0);
    }
}

/// The control: where known letters are taken for new ones, the account of a restored mailbox says so.
#[cfg(feature = "sabotage")]
#[tokio::test]
async fn without_the_rule_against_doubles_a_mailbox_that_is_numbered_anew_comes_twice() {
    let mut shop = Shop::start(Fresh::sqlite()).await;
    fail::cfg(rapport::sabotage::Rule::Dedupe.name(), "return").unwrap();
    let many = restored_twice(&mut shop).await;
    shop.until_inbound(many + 1).await;
    assert!(account(&shop, many).await.is_err());
    fail::remove(rapport::sabotage::Rule::Dedupe.name());
}
