//! Servers that lie, stall and refuse: nothing is lost, nothing is held up, and people are told.

use std::{sync::Arc, time::Duration};

use rapport_email::{Start, receiving::Receiving};
use rapport_fakes::imap::{Cut, Trick};
use rapport_sdk::{conformance::MemoryIngress, model::Health};

use crate::mailbox::{self, DAY, Mailbox, NOW, Running, impatient, mail, until};

/// A mailbox with five mails, the third of which is hard to get, and a run that reads them.
async fn with_trick(trick: Trick) -> (Mailbox, Running) {
    let mailbox = Mailbox::start().await;
    for number in 1..=5 {
        mailbox.fake.deliver("INBOX", mail(&number.to_string()));
    }
    mailbox.fake.trick("INBOX", 3, Some(trick));
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    let running = mailbox.run_with(settings, &Arc::default());
    (mailbox, running)
}

#[tokio::test]
async fn a_mail_that_the_server_never_gives_is_parked_and_holds_up_nothing() {
    for trick in [
        Trick::Answer("BAD Command received in Invalid state."),
        Trick::Answer("NO [SERVERBUG] Internal error occurred."),
        Trick::LeftOut,
        Trick::Empty,
        Trick::Cut,
        Trick::Late(Duration::from_mins(5)),
    ] {
        let (mailbox, mut running) = with_trick(trick.clone()).await;
        running.until_stored(4).await;
        until(|| !running.parked().is_empty()).await;
        mailbox.fake.deliver("INBOX", mail("6"));
        running.until_stored(5).await;
        assert_eq!(running.texts(), ["1", "2", "4", "5", "6"], "{trick:?}");
        let parked = running.parked();
        let validity = 1_700_001_000;
        assert_eq!(parked.len(), 1, "{trick:?}");
        assert_eq!(parked[0].0, format!("INBOX/{validity}/3"));
        running.connected().await;
        assert!(running.ingress.complete_up_to().is_some());
    }
}

#[tokio::test]
async fn a_mail_of_no_bytes_is_parked_at_once_and_the_inbox_is_well() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.deliver("INBOX", Vec::new());
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    let mut patience = impatient();
    patience.retry = DAY;
    let receiving = Receiving::new(Arc::new(settings), None, patience).unwrap();
    let mut running = mailbox.run_receiving(receiving, &Arc::default());
    running.connected().await;
    until(|| running.parked().len() == 1).await;
    assert_eq!(running.parked()[0].1, b"");
    mailbox.fake.deliver("INBOX", mail("next"));
    running.until_stored(1).await;
    running.connected().await;
}

#[tokio::test]
async fn of_a_mail_whose_text_can_not_be_had_the_header_is_parked() {
    let (_mailbox, running) = with_trick(Trick::WholeAnswer("NO broken")).await;
    until(|| !running.parked().is_empty()).await;
    let header = String::from_utf8(running.parked()[0].1.clone()).unwrap();
    assert!(header.starts_with("From: <anna@customer.example>") && header.ends_with("\r\n\r\n"), "{header}");
}

#[tokio::test]
async fn a_mail_that_can_be_had_later_is_stored_and_meanwhile_people_are_told() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.deliver("INBOX", mail("one"));
    mailbox.fake.deliver("INBOX", mail("two"));
    mailbox.fake.trick("INBOX", 1, Some(Trick::Answer("NO not now")));
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    let ingress = Arc::new(MemoryIngress::default());
    let mut running = mailbox.run_with(settings.clone(), &ingress);
    running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    assert_eq!(ingress.complete_up_to(), None);
    // Also after a restart it is not forgotten.
    running.stop().await.unwrap();
    mailbox.fake.trick("INBOX", 1, None);
    let mut running = mailbox.run_with(settings, &ingress);
    running.connected().await;
    assert_eq!(running.texts(), ["two", "one"]);
    assert!(running.parked().is_empty());
}

#[tokio::test]
async fn a_server_that_refuses_every_mail_is_waited_for_and_nothing_is_parked() {
    let mailbox = Mailbox::start().await;
    for number in 0..40 {
        mailbox.fake.deliver("INBOX", mail(&number.to_string()));
        mailbox.fake.trick("INBOX", number + 1, Some(Trick::Answer("NO [UNAVAILABLE] later")));
    }
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    for number in 0..40 {
        mailbox.fake.trick("INBOX", number + 1, None);
    }
    running.connected().await;
    assert_eq!(running.ingress.messages().len(), 40);
    assert!(running.parked().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_removed_while_it_is_fetched_is_no_trouble() {
    let (_mailbox, mut running) = with_trick(Trick::Expunged).await;
    running.connected().await;
    assert_eq!(running.texts(), ["1", "2", "4", "5"]);
    assert!(running.parked().is_empty());
    assert!(running.ingress.complete_up_to().is_some());
}

#[tokio::test]
async fn a_mail_without_a_date_is_read_as_if_it_had_just_come() {
    let (mailbox, mut running) = with_trick(Trick::NoDate).await;
    running.connected().await;
    assert_eq!(running.ingress.messages().len(), 5);
    mailbox.fake.deliver("INBOX", mail("6"));
    running.until_stored(6).await;
}

#[tokio::test]
async fn a_mail_that_is_much_larger_than_was_said_does_not_fill_the_memory() {
    let (mailbox, running) = with_trick(Trick::Larger(64 << 20)).await;
    until(|| !running.parked().is_empty()).await;
    running.until_stored(4).await;
    // It was cut off each time, long before its end.
    assert!(mailbox.fake.bytes_sent() < 200 << 20, "{}", mailbox.fake.bytes_sent());
}

#[tokio::test]
async fn lines_that_nobody_asked_for_are_borne() {
    let mailbox = Mailbox::start().await;
    for (command, line) in [
        ("UID FETCH", "* 1 FETCH (FLAGS (\\Seen $Forwarded))"),
        ("UID SEARCH", "* 3 EXISTS"),
        ("EXAMINE", "* OK [ALERT] The mailbox is nearly full"),
        ("IDLE", "* 0 RECENT"),
        ("CAPABILITY", "* FLAGS (\\Answered)"),
    ] {
        mailbox.fake.interject(command, Some(line));
    }
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("in spite of it"));
    running.until_stored(1).await;
    assert_eq!(mailbox.fake.connections(), 1);
}

#[tokio::test]
async fn an_answer_that_can_not_be_read_ends_a_connection_and_no_more() {
    let mailbox = Mailbox::start().await;
    for lines in [["* 1 FETCH (((((", "OK"], ["* OK [ALERT]ünicode", "OK"], ["\u{fffd}", "OK"]] {
        mailbox.fake.answer_next("EXAMINE", &lines);
    }
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("after it"));
    running.until_stored(1).await;
}

#[tokio::test]
async fn an_empty_answer_that_follows_a_complaint_is_not_believed() {
    let mailbox = Mailbox::start().await;
    let mut running = mailbox.run();
    running.connected().await;
    mailbox
        .fake
        .answer_next("UID SEARCH", &["* NO Internal error occurred.", "* SEARCH", "OK Search completed"]);
    mailbox.fake.deliver("INBOX", mail("still there"));
    running.until_stored(1).await;
}

#[tokio::test]
async fn a_folder_that_is_deleted_under_us_is_told_and_read_when_it_is_back() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.create("Orders");
    let mut settings = mailbox.settings();
    settings.folders.push("Orders".to_owned());
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    mailbox.fake.deliver("Orders", mail("an order"));
    running.until_stored(1).await;
    mailbox.fake.delete("Orders");
    running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    mailbox.fake.deliver("INBOX", mail("meanwhile"));
    running.until_stored(2).await;
    // The same name, and another folder: its first mail has the number of one that is known.
    mailbox.fake.deliver("Orders", mail("another order"));
    running.until_stored(3).await;
    running.connected().await;
    assert_eq!(running.texts(), ["an order", "meanwhile", "another order"]);
}

#[tokio::test]
async fn a_connection_that_stalls_is_given_up() {
    let mailbox = Mailbox::start().await;
    for number in 0..3 {
        mailbox.fake.deliver("INBOX", mail(&number.to_string()));
    }
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    // In the greeting, the sign-in, the listing, and in the middle of the second mail.
    for bytes in [0, 10, 200, 500, 1500] {
        mailbox.fake.cut_next(Cut::SilentAfter(bytes));
    }
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    assert_eq!(running.texts(), ["0", "1", "2"]);
    assert_eq!(mailbox.fake.connections(), 6);
}

#[tokio::test]
async fn a_connection_that_is_forgotten_while_we_idle_is_noticed_by_the_end_of_idle() {
    let mailbox = Mailbox::start().await;
    let mut patience = mailbox::impatient();
    patience.idle = Duration::from_millis(300);
    mailbox.fake.cut_next(Cut::SilentAfter(700));
    let mut settings = mailbox.settings();
    settings.poll_interval = Duration::from_mins(1);
    let settings = Arc::new(settings);
    let receiving = rapport_email::receiving::Receiving::new(settings, None, patience).unwrap();
    let mut running = mailbox.run_receiving(receiving, &Arc::default());
    running.connected().await;
    until(|| mailbox.fake.connections() == 2).await;
    mailbox.fake.deliver("INBOX", mail("unheard"));
    running.until_stored(1).await;
}

#[tokio::test]
async fn a_slow_server_is_waited_for_as_long_as_it_sends() {
    let mailbox = Mailbox::start().await;
    for number in 1..=8 {
        mailbox.fake.deliver("INBOX", mail(&number.to_string()));
        // All together longer than a silence may be, each by itself shorter.
        mailbox.fake.trick("INBOX", number, Some(Trick::Late(Duration::from_millis(200))));
    }
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    let mut running = mailbox.run_with(settings, &Arc::default());
    running.connected().await;
    assert_eq!(running.ingress.messages().len(), 8);
    assert_eq!(mailbox.fake.connections(), 1);
}

#[tokio::test]
async fn a_store_that_refuses_gets_the_same_mails_again_over_the_same_connection() {
    let mailbox = Mailbox::start().await;
    let mut running = mailbox.run();
    running.connected().await;
    running.ingress.fail(3);
    mailbox.fake.deliver("INBOX", mail("refused"));
    mailbox.fake.deliver("INBOX", mail("behind it"));
    running.until_stored(2).await;
    assert_eq!(running.texts(), ["refused", "behind it"]);
    assert!(running.ingress.times_offered("refused") >= 4);
    running.connected().await;
    assert_eq!(mailbox.fake.connections(), 1);
}

#[tokio::test]
async fn a_date_in_the_future_does_not_hide_what_comes_later() {
    let mailbox = Mailbox::start().await;
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver_at("INBOX", mail("from the year 2036"), NOW.plus(DAY * 3650));
    running.until_stored(1).await;
    mailbox.fake.deliver("INBOX", mail("of today"));
    running.until_stored(2).await;
    // All numbers change: what is read again begins before today.
    mailbox.fake.renumber("INBOX", 500);
    mailbox.fake.kick();
    mailbox.fake.deliver("INBOX", mail("after the change"));
    until(|| running.texts().contains(&"after the change".to_owned())).await;
}
