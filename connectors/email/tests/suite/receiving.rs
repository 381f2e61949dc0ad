//! Receiving from a mailbox that works: what is read, from where on, and in which order.

use std::{sync::Arc, time::Duration};

use rapport_email::{EmailSettings, Start};
use rapport_sdk::{
    ConnectorError,
    conformance::MemoryIngress,
    model::{Author, Health, letter::Mark},
};

use crate::mailbox::{self, DAY, Mailbox, NOW, OURS, THEIRS, ids, mail, mail_between};

/// Looks so seldom that only news by IDLE are noticed.
fn seldom(settings: EmailSettings) -> EmailSettings {
    EmailSettings { poll_interval: Duration::from_hours(1), ..settings }
}

#[tokio::test]
async fn a_mail_is_stored_soon_after_it_came_and_the_mailbox_stays_as_it_was() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.deliver("INBOX", mail("before we came"));
    let mut running = mailbox.run_with(seldom(mailbox.settings()), &Arc::default());
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("is the kettle in stock?"));
    running.until_stored(1).await;
    assert_eq!(running.texts(), ["is the kettle in stock?"]);
    assert!(mailbox.fake.mails("INBOX").iter().all(|mail| mail.flags.is_empty()));
    let reading = ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH", "IDLE"];
    let commands = mailbox.fake.commands();
    assert!(commands.iter().all(|command| reading.contains(&&command[..])), "{commands:?}");
    assert!(running.ingress.complete_up_to().unwrap() >= NOW);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_came_between_two_runs_is_read_once_and_nothing_twice() {
    let mailbox = Mailbox::start().await;
    let ingress = Arc::new(MemoryIngress::default());
    for round in 0..3 {
        mailbox.fake.deliver("INBOX", mail(&format!("while down {round}")));
        let mut running = mailbox.run_with(mailbox.settings(), &ingress);
        running.connected().await;
        mailbox.fake.deliver("INBOX", mail(&format!("while up {round}")));
        // The one before the first run is not ours to answer.
        running.until_stored(1 + 2 * round).await;
        running.stop().await.unwrap();
    }
    let texts: Vec<_> = ingress.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["while up 0", "while down 1", "while up 1", "while down 2", "while up 2"]);
    assert_eq!(ingress.times_offered("while up 0"), 1);
}

#[tokio::test]
async fn a_first_start_reads_the_days_that_it_is_told_to_by_the_time_of_arrival() {
    let mailbox = Mailbox::start().await;
    for (text, age) in [("too old", 15), ("old enough", 13), ("too old and put there late", 20), ("new", 0)] {
        mailbox.fake.deliver_at("INBOX", mail(text), NOW.minus(DAY * age));
    }
    // On the same day as the limit, and some hours before it.
    mailbox.fake.deliver_at(
        "INBOX",
        mail("hours too old"),
        NOW.minus(DAY * 14).minus(Duration::from_hours(3)),
    );
    let mut settings = mailbox.settings();
    settings.start = Start::Days(14);
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    assert_eq!(running.texts(), ["old enough", "new"]);
    // An old mail that somebody moves here later is a new one here.
    mailbox.fake.deliver_at("INBOX", mail("moved here"), NOW.minus(DAY * 400));
    running.until_stored(3).await;
}

#[tokio::test]
async fn several_folders_are_read_in_the_order_of_arrival() {
    let mailbox = Mailbox::start().await;
    let minutes = Duration::from_mins;
    for index in 0..700_u32 {
        let folder = ["INBOX", "Orders", "Sent"][index as usize % 3];
        let (from, to) = if folder == "Sent" { (OURS, THEIRS) } else { (THEIRS, OURS) };
        let at = NOW.minus(DAY).plus(minutes(index.into()));
        mailbox.fake.deliver_at(folder, mail_between(from, to, &format!("{index:04}")), at);
    }
    let mut settings = mailbox.settings();
    settings.start = Start::Days(14);
    settings.folders.push("Orders".to_owned());
    settings.sent_folder = Some("Sent".to_owned());
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    let expected: Vec<_> = (0..700).map(|index| format!("{index:04}")).collect();
    assert_eq!(running.texts(), expected);
    for message in running.ingress.messages() {
        let sent = message.id.as_str().starts_with("Sent/");
        assert_eq!(matches!(message.author, Author::OutsideHuman { .. }), sent);
    }
    // News of a folder that nobody idles in.
    mailbox.fake.deliver("Orders", mail("an order"));
    running.until_stored(701).await;
}

#[tokio::test]
async fn a_server_without_idle_is_looked_at_every_so_often() {
    let without = ["AUTH=PLAIN"].to_vec();
    let mailbox = Mailbox::start_with(|config| config.capabilities = without).await;
    let mut running = mailbox.run();
    running.connected().await;
    for index in 1..4 {
        mailbox.fake.deliver("INBOX", mail(&format!("news {index}")));
        running.until_stored(index).await;
    }
    assert!(!mailbox.fake.commands().contains(&"IDLE".to_owned()));
}

#[tokio::test]
async fn a_server_that_offers_idle_and_refuses_it_is_looked_at_every_so_often() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.answer_next("IDLE", &["NO not today"]);
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("news"));
    running.until_stored(1).await;
    assert_eq!(mailbox.fake.connections(), 1);
}

#[tokio::test]
async fn keep_alives_are_no_news_and_do_not_move_the_end_of_idle() {
    let often = Duration::from_millis(20);
    let mailbox = Mailbox::start_with(|config| config.keep_alive = often).await;
    let mut patience = mailbox::impatient();
    patience.idle = Duration::from_millis(200);
    let settings = Arc::new(seldom(mailbox.settings()));
    let receiving = rapport_email::receiving::Receiving::new(settings, None, patience).unwrap();
    let mut running = mailbox.run_receiving(receiving, &Arc::default());
    running.connected().await;
    let idles = || mailbox.fake.commands().iter().filter(|command| *command == "IDLE").count();
    mailbox::until(|| idles() >= 3).await;
    // Had a keep-alive ended it, there would be one for each.
    assert!(idles() < 8, "{}", idles());
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_next_number_is_read_all_the_same() {
    let mailbox = Mailbox::start_with(|config| config.tells_uid_next = false).await;
    mailbox.fake.deliver("INBOX", mail("before"));
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("after"));
    running.until_stored(1).await;
    assert_eq!(running.texts(), ["after"]);
}

#[tokio::test]
async fn of_a_very_large_mail_the_beginning_is_shown() {
    let mailbox = Mailbox::start().await;
    let mut running = mailbox.run();
    running.connected().await;
    let large = format!("what I want to say comes first\n{}", "and so on\n".repeat(200_000));
    mailbox.fake.deliver("INBOX", mail(&large));
    mailbox.fake.deliver("INBOX", mail("behind it"));
    running.until_stored(2).await;
    let messages = running.ingress.messages();
    assert!(messages[0].text.starts_with("what I want to say comes first"));
    assert_eq!(messages[0].letter.marks, [Mark::Damaged]);
    assert!(messages[0].raw.bytes.len() <= 256 * 1024);
    assert!(mailbox.fake.bytes_sent() < 400_000);
    assert_eq!(messages[1].text, "behind it");
}

#[tokio::test]
async fn folder_names_in_any_script_are_found() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.create("Entw&APw-rfe & Co".replace("& ", "&- ").as_str());
    let mut settings = mailbox.settings();
    settings.folders = vec!["Entwürfe & Co".to_owned()];
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    mailbox.fake.deliver("Entw&APw-rfe &- Co", mail("da"));
    running.until_stored(1).await;
    assert!(ids(&running.ingress.messages())[0].starts_with("Entwürfe & Co/"));
}

#[tokio::test]
async fn it_ends_at_any_moment_when_it_is_told_to() {
    let mailbox = Mailbox::start().await;
    // While it connects, idles, and waits for the store.
    mailbox.run().stop().await.unwrap();
    let mut running = mailbox.run();
    running.connected().await;
    let health = running.health.clone();
    running.stop().await.unwrap();
    assert_eq!(*health.borrow(), Health::Stopped);
    let mut running = mailbox.run();
    running.connected().await;
    running.ingress.hold();
    mailbox.fake.deliver("INBOX", mail("held"));
    mailbox::until(|| running.ingress.waiting() > 0).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn check_opens_every_folder_and_changes_nothing() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.deliver("INBOX", mail("unseen"));
    let receiving = mailbox::receiving(mailbox.settings());
    receiving.check().await.unwrap();
    assert!(mailbox.fake.mails("INBOX")[0].flags.is_empty());
    mailbox::until(|| mailbox.fake.open_connections() == 0).await;
    let mut settings = mailbox.settings();
    settings.sent_folder = Some("Gesendet".to_owned());
    let Err(ConnectorError::Misconfigured { reason }) = mailbox::receiving(settings).check().await else {
        panic!("a missing folder is not found");
    };
    assert!(reason.contains("\"Gesendet\""), "{reason}");
}
