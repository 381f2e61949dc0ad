//! the connection is cut after each byte of a session, and nothing is lost, doubled or half read.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use rapport_email::Start;
use rapport_fakes::imap::Cut;

use crate::mailbox::{self, Mailbox, mail};

/// So many places are tried; a whole session has some more bytes.
const CUTS: u64 = 300;
const TEXTS: [&str; 5] =
    ["the first", "the second\nwith two lines", "the third", "while it idles", "at last"];

/// Signs in, fetches three mails, idles, gets a fourth and a fifth. Returns how many bytes the server sent.
async fn session(cut: Cut) -> u64 {
    let mailbox = Mailbox::start().await;
    for text in &TEXTS[..3] {
        mailbox.fake.deliver("INBOX", mail(text));
    }
    mailbox.fake.cut_next(cut);
    let mut settings = mailbox.settings();
    settings.start = Start::Days(1);
    settings.poll_interval = Duration::from_mins(1);
    let mut patience = mailbox::impatient();
    patience.idle = Duration::from_millis(400);
    let receiving = rapport_email::receiving::Receiving::new(Arc::new(settings), None, patience).unwrap();
    let mut running = mailbox.run_receiving(receiving, &Arc::default());
    running.connected().await;
    running.until_stored(3).await;
    for (index, text) in TEXTS.iter().enumerate().skip(3) {
        mailbox.fake.deliver("INBOX", mail(text));
        running.until_stored(index + 1).await;
    }
    running.connected().await;
    assert_eq!(running.texts(), TEXTS, "{cut:?}");
    let raw: Vec<_> = running.ingress.messages().into_iter().map(|message| message.raw.bytes).collect();
    let there: Vec<_> = mailbox.fake.mails("INBOX").into_iter().map(|mail| mail.raw).collect();
    assert_eq!(raw, there, "{cut:?}");
    assert!(running.parked().is_empty(), "{cut:?}");
    let sent = mailbox.fake.bytes_sent();
    running.stop().await.unwrap();
    sent
}

#[tokio::test]
async fn a_cut_at_any_byte_loses_nothing_and_doubles_nothing() {
    let whole = session(Cut::Never).await;
    assert!(whole > 2 * CUTS, "{whole}");
    let places: Vec<u64> = (0..CUTS).map(|cut| cut * whole / CUTS).collect();
    stream::iter(places).map(|byte| session(Cut::After(byte))).buffer_unordered(16).collect::<Vec<_>>().await;
}

#[tokio::test]
async fn a_connection_that_goes_silent_at_any_byte_loses_nothing() {
    let whole = session(Cut::Never).await;
    let places: Vec<u64> = (0..30).map(|cut| cut * whole / 30).collect();
    stream::iter(places)
        .map(|byte| session(Cut::SilentAfter(byte)))
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await;
}
