//! Receiving from a real Dovecot: what it does when it is killed, restored, or loses a folder.

use std::{collections::HashSet, sync::Arc, time::Duration};

use rapport_email::{Auth, EmailSettings, Security, Start, imap::Patience, receiving::Receiving};
use rapport_fakes::{
    mailserver::{Direction, MailServer, PASSWORD, Proxy, Setup},
    tls::Certificate,
};
use rapport_sdk::{
    ConnectorError,
    conformance::MemoryIngress,
    model::{Health, Secret},
};

use crate::mailbox::{self, NOW, OURS, Running, mail, until};

/// Somebody whom the mail server of the tests lets write from outside.
const THEIRS: &str = "jo@customers.example";

fn settings(user: &str, port: u16, security: Security) -> EmailSettings {
    EmailSettings {
        auth: Auth::Password { user: user.to_owned(), password: Secret::new(PASSWORD) },
        ..mailbox::settings(port, security)
    }
}

fn receiving(settings: EmailSettings) -> Receiving {
    let patience = Patience { silence: Duration::from_secs(5), ..mailbox::impatient() };
    Receiving::new(Arc::new(settings), None, patience).unwrap()
}

fn run(settings: EmailSettings) -> Running {
    mailbox::run(receiving(settings), mailbox::clock(), &Arc::default())
}

#[tokio::test]
async fn a_mail_from_the_world_comes_in_over_tls_and_over_starttls() {
    let server = MailServer::start().await;
    let ways = [(server.imaps_port(), Security::Tls), (server.imap_port(), Security::StartTls)];
    for (index, (port, security)) in ways.into_iter().enumerate() {
        let mut running = run(settings(OURS, port, security));
        running.connected().await;
        let text = format!("question {index}");
        server.deliver(THEIRS, OURS, &mail(&text)).await;
        running.until_stored(1).await;
        assert_eq!(running.texts(), [text]);
    }
    // Nobody marked them as read.
    let flags = server.doveadm(&["fetch", "-u", OURS, "flags", "mailbox", "INBOX"]);
    assert!(!flags.contains("Seen"), "{flags}");
}

#[tokio::test]
async fn a_server_that_is_killed_or_stopped_while_we_idle_is_read_on_when_it_is_back() {
    let mut server = MailServer::start().await;
    let mut running = run(settings(OURS, server.imaps_port(), Security::Tls));
    running.connected().await;
    for index in 1..=2 {
        if index == 1 {
            server.kill_dovecot();
        } else {
            server.stop_dovecot();
        }
        running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
        server.start_dovecot().await;
        server.append(OURS, "INBOX", &mail(&format!("after {index}")));
        running.until_stored(index).await;
    }
    assert_eq!(running.texts(), ["after 1", "after 2"]);
}

#[tokio::test]
async fn a_mailbox_that_is_restored_under_the_same_numbers_doubles_no_content() {
    let server = MailServer::start().await;
    let mut running = run(settings(OURS, server.imaps_port(), Security::Tls));
    running.connected().await;
    for text in ["one", "two"] {
        server.append(OURS, "INBOX", &mail(text));
    }
    running.until_stored(2).await;
    server.change_uidvalidity(OURS, "INBOX");
    server.append(OURS, "INBOX", &mail("three"));
    until(|| running.texts().contains(&"three".to_owned())).await;
    let messages = running.ingress.messages();
    let contents: HashSet<_> = messages.iter().map(|message| message.content_key.clone()).collect();
    assert_eq!(contents.len(), 3);
    let validity = |id: &str| id.split('/').nth(1).unwrap().to_owned();
    let validities: HashSet<_> = messages.iter().map(|message| validity(message.id.as_str())).collect();
    assert_eq!(validities.len(), 2);
}

#[tokio::test]
async fn a_folder_that_is_deleted_under_us_is_told_and_read_when_it_is_back() {
    let server = MailServer::start().await;
    server.create_mailbox(OURS, "Orders");
    // It idles in the first.
    let folders = vec!["Orders".to_owned(), "INBOX".to_owned()];
    let mut running = run(EmailSettings { folders, ..settings(OURS, server.imaps_port(), Security::Tls) });
    running.connected().await;
    server.append(OURS, "Orders", &mail("an order"));
    running.until_stored(1).await;
    server.delete_mailbox(OURS, "Orders");
    let told = running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    assert!(format!("{told:?}").contains("Orders"), "{told:?}");
    server.append(OURS, "INBOX", &mail("meanwhile"));
    running.until_stored(2).await;
    server.create_mailbox(OURS, "Orders");
    server.append(OURS, "Orders", &mail("another order"));
    running.until_stored(3).await;
    assert_eq!(running.texts(), ["an order", "meanwhile", "another order"]);
}

#[tokio::test]
async fn a_refused_password_and_a_certificate_that_ran_out_are_told_apart() {
    let server = MailServer::start().await;
    server.lock_out(OURS).await;
    let check = receiving(settings(OURS, server.imaps_port(), Security::Tls)).check().await;
    assert_eq!(check, Err(ConnectorError::Unauthorized));
    drop(server);
    let setup = Setup { certificate: Certificate::Expired, ..Setup::default() };
    let server = MailServer::start_with(setup).await;
    let check = receiving(settings(OURS, server.imaps_port(), Security::Tls)).check().await;
    let Err(ConnectorError::Misconfigured { reason }) = check else { panic!("{check:?}") };
    assert!(reason.contains("expired"), "{reason}");
}

/// R-03 against a real server, in short.
#[tokio::test]
async fn a_connection_that_is_cut_after_any_byte_loses_nothing_and_doubles_nothing() {
    const TEXTS: [&str; 3] = ["the first", "the second", "the third"];
    let server = MailServer::start().await;
    let session = async |user: &str, cut: Option<u64>| {
        server.fill(user, u64::try_from(NOW.millis() / 1000).unwrap(), TEXTS.map(mail));
        let proxy = Proxy::to(server.imaps_port()).await;
        if let Some(bytes) = cut {
            proxy.cut_after(Direction::Down, bytes);
        }
        let start = Start::Days(1);
        let mut running = run(EmailSettings { start, ..settings(user, proxy.port(), Security::Tls) });
        until(|| proxy.connections() > 1 || *running.health.borrow() == Health::Connected).await;
        proxy.forward();
        running.until_stored(3).await;
        running.connected().await;
        server.append(user, "INBOX", &mail("while it idles"));
        running.until_stored(4).await;
        assert_eq!(running.texts(), [&TEXTS[..], &["while it idles"]].concat(), "{cut:?}");
        assert!(running.parked().is_empty(), "{cut:?}");
        proxy.passed(Direction::Down)
    };
    let whole = session("whole@shop.example", None).await;
    for cut in 0..30 {
        session(&format!("cut{cut}@shop.example"), Some(cut * whole / 30)).await;
    }
}

#[tokio::test]
async fn a_full_mailbox_is_read_to_its_end_in_order() {
    let server = MailServer::start().await;
    let first = u64::try_from(NOW.millis() / 1000).unwrap() - 3 * 24 * 3600;
    server.fill(OURS, first, (0..3000).map(|index| mail(&format!("{index:04}"))));
    let ingress = Arc::new(MemoryIngress::default());
    let start = Start::Days(14);
    let settings = EmailSettings { start, ..settings(OURS, server.imaps_port(), Security::Tls) };
    let mut running = mailbox::run(receiving(settings), mailbox::clock(), &ingress);
    running.connected().await;
    let expected: Vec<_> = (0..3000).map(|index| format!("{index:04}")).collect();
    assert_eq!(running.texts(), expected);
}
