//! Receiving from a mailbox that works.

#![expect(clippy::unwrap_used, reason = "tests")]

mod mailbox;

use mailbox::{Mailbox, mail};

#[tokio::test]
async fn a_mail_is_stored_soon_after_it_came_and_stays_as_it_was() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.deliver("INBOX", mail("before we came"));
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("is the kettle in stock?"));
    running.until_stored(1).await;
    assert_eq!(running.texts(), ["is the kettle in stock?"]);
    assert!(mailbox.fake.mails("INBOX").iter().all(|mail| mail.flags.is_empty()));
    assert!(running.ingress.complete_up_to().is_some());
}
