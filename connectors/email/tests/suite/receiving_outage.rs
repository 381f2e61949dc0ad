//! long outages, numbers that change, names that are used twice.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rapport_email::Start;
use rapport_sdk::{conformance::MemoryIngress, model::event::InboundMessage};

use crate::mailbox::{self, DAY, Mailbox, NOW, mail};

#[tokio::test]
async fn after_two_weeks_all_five_thousand_mails_come_in_in_their_order() {
    let mailbox = Mailbox::start().await;
    let ingress = Arc::new(MemoryIngress::default());
    let mut running = mailbox.run_with(mailbox.settings(), &ingress);
    running.connected().await;
    running.stop().await.unwrap();
    let minute = Duration::from_mins(4);
    for number in 0..5000_u32 {
        mailbox.fake.deliver_at("INBOX", mail(&format!("{number:04}")), NOW.plus(minute * number));
    }
    mailbox.clock.advance(DAY * 14);
    let mut running = mailbox.run_with(mailbox.settings(), &ingress);
    running.connected().await;
    let expected: Vec<_> = (0..5000).map(|number| format!("{number:04}")).collect();
    assert_eq!(running.texts(), expected);
    assert!(running.ingress.complete_up_to().unwrap() >= NOW.plus(DAY * 14));
}

/// One message a content, as the store keeps them.
fn by_content(messages: &[InboundMessage]) -> HashMap<String, Vec<&InboundMessage>> {
    let mut found: HashMap<String, Vec<&InboundMessage>> = HashMap::new();
    for message in messages {
        found.entry(message.content_key.clone().unwrap()).or_default().push(message);
    }
    found
}

#[tokio::test]
async fn after_all_numbers_changed_what_is_known_is_known_by_its_content_and_the_rest_comes_in() {
    for renumber in [false, true] {
        let mailbox = Mailbox::start().await;
        let ingress = Arc::new(MemoryIngress::default());
        let mut settings = mailbox.settings();
        settings.start = Start::Days(30);
        for number in 0..300_u32 {
            let at = NOW.minus(DAY * 25).plus(Duration::from_hours(2) * number);
            mailbox.fake.deliver_at("INBOX", mail(&format!("{number:03}")), at);
        }
        let mut running = mailbox.run_with(settings.clone(), &ingress);
        running.connected().await;
        assert_eq!(ingress.messages().len(), 300);
        running.stop().await.unwrap();
        mailbox.fake.deliver("INBOX", mail("while all changed"));
        if renumber {
            mailbox.fake.renumber("INBOX", 1);
        } else {
            // The nastiest: the same numbers, and they mean something else.
            mailbox.fake.change_uid_validity("INBOX");
        }
        let mut running = mailbox.run_with(settings, &ingress);
        running.connected().await;
        mailbox.fake.deliver("INBOX", mail("afterwards"));
        mailbox::until(|| running.texts().contains(&"afterwards".to_owned())).await;
        let messages = ingress.messages();
        let contents = by_content(&messages);
        assert_eq!(contents.len(), 302);
        // Only the last days are read again, and under ids that are not the old ones.
        assert!(messages.len() < 302 + 60, "{}", messages.len());
        let again: HashSet<_> = messages.iter().map(|message| message.id.to_string()).collect();
        assert_eq!(again.len(), messages.len());
    }
}

#[tokio::test]
async fn numbers_that_change_while_a_first_reading_goes_on_lose_nothing() {
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.start = Start::Days(30);
    for number in 0..900_u32 {
        let at = NOW.minus(DAY * 20).plus(Duration::from_mins(number.into()));
        mailbox.fake.deliver_at("INBOX", mail(&format!("{number:03}")), at);
    }
    let ingress = Arc::new(MemoryIngress::default());
    ingress.hold();
    let mut running = mailbox.run_with(settings, &ingress);
    mailbox::until(|| ingress.waiting() > 0).await;
    mailbox.fake.change_uid_validity("INBOX");
    ingress.release();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("the last"));
    mailbox::until(|| running.texts().contains(&"the last".to_owned())).await;
    assert_eq!(by_content(&ingress.messages()).len(), 901);
}

#[tokio::test]
async fn two_mails_with_one_name_and_two_contents_are_both_kept() {
    let mailbox = Mailbox::start().await;
    let mut running = mailbox.run();
    running.connected().await;
    let named = |text: &str| {
        let mail = String::from_utf8(mail(text)).unwrap();
        let (before, after) = (mail.find("Message-ID:").unwrap(), mail.find("Date:").unwrap());
        format!("{}Message-ID: <one@customer.example>\r\n{}", &mail[..before], &mail[after..])
    };
    mailbox.fake.deliver("INBOX", named("please cancel"));
    mailbox.fake.deliver("INBOX", named("please do not cancel"));
    running.until_stored(2).await;
    let messages = running.ingress.messages();
    assert_eq!(messages[0].letter.name, messages[1].letter.name);
    assert_ne!(messages[0].content_key, messages[1].content_key);
    assert_ne!(messages[0].id, messages[1].id);
}

#[tokio::test]
async fn the_same_mail_in_two_folders_has_two_ids_and_one_content() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.create("[Gmail]/All Mail");
    let mut settings = mailbox.settings();
    settings.folders.push("[Gmail]/All Mail".to_owned());
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    for folder in ["INBOX", "[Gmail]/All Mail"] {
        let trace = format!("Received: by {}.example\r\n", folder.len());
        mailbox.fake.deliver(folder, [trace.into_bytes(), mail("labelled")].concat());
    }
    running.until_stored(2).await;
    let messages = running.ingress.messages();
    assert_eq!(by_content(&messages).len(), 1);
    assert_ne!(messages[0].id, messages[1].id);
}

#[tokio::test]
async fn a_first_reading_that_is_interrupted_goes_on_where_it_was_and_reads_no_older_mail() {
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.start = Start::Days(14);
    for number in 0..1000_u32 {
        // Old ones between those that are wanted.
        let age = if number % 2 == 0 { DAY * 10 } else { DAY * 40 };
        let at = NOW.minus(age).plus(Duration::from_secs(number.into()));
        mailbox.fake.deliver_at("INBOX", mail(&format!("{number:04}")), at);
    }
    let ingress = Arc::new(MemoryIngress::default());
    let running = mailbox.run_with(settings.clone(), &ingress);
    running.until_stored(100).await;
    running.stop().await.unwrap();
    let had = ingress.messages().len();
    assert!(had < 500, "{had}");
    // A long pause: what was wanted at first is still wanted.
    mailbox.clock.advance(DAY * 30);
    let mut running = mailbox.run_with(settings, &ingress);
    running.connected().await;
    let expected: Vec<_> = (0..500).map(|number| format!("{:04}", number * 2)).collect();
    assert_eq!(running.texts(), expected);
}

#[tokio::test]
async fn what_lies_there_is_stored_in_small_batches_at_first() {
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    for number in 0..100 {
        mailbox.fake.deliver("INBOX", mail(&format!("{number:02}")));
    }
    let ingress = Arc::new(MemoryIngress::default());
    ingress.fail(usize::MAX);
    let running = mailbox.run_with(settings, &ingress);
    // The first batch is offered again and again, and no other before it is stored.
    mailbox::until(|| ingress.times_offered("00") > 1).await;
    assert_eq!((ingress.times_offered("09") > 0, ingress.times_offered("10")), (true, 0));
    ingress.fail(0);
    running.until_stored(100).await;
}
