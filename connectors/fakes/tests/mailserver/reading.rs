//! Mailboxes: how one comes in, what arrives, and what changes under a reader's feet.

use rapport_fakes::{
    mailserver::{MailServer, PASSWORD, Setup, Verdict},
    tls::Certificate,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    JO, SUPPORT,
    client::{Imap, inbox_of, letter, tcp, tcp_from_elsewhere, tls},
};

fn text(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

#[tokio::test]
async fn a_mail_from_the_world_arrives_byte_for_byte_below_the_servers_own_headers() {
    let server = MailServer::start().await;
    let raw = b"From: jo@customers.example\r\nSubject: no id, no date\r\n\r\n.dot\r\n\xe9 8-bit\r\n";
    server.deliver(JO, SUPPORT, raw).await;
    let mails = server.until_inbox(SUPPORT, 1).await;
    assert!(mails[0].ends_with(raw), "{}", text(&mails[0]));
    assert!(text(&mails[0]).contains("Delivered-To: support@shop.example\r\n"));
    assert_eq!(inbox_of(&server, SUPPORT).await.uids().await, "* SEARCH 1");
}

#[tokio::test]
async fn mail_to_a_plus_address_arrives_and_names_it() {
    let server = MailServer::start().await;
    let to = "support+token.42@shop.example";
    server.deliver(JO, to, letter(JO, to, "plus").as_bytes()).await;
    let mails = server.until_inbox(SUPPORT, 1).await;
    assert!(text(&mails[0]).contains("Delivered-To: support+token.42@shop.example\r\n"));
}

#[tokio::test]
async fn what_the_server_found_out_about_a_sender_stands_on_top_of_what_he_claims() {
    let server = MailServer::start().await;
    let claimed = "Authentication-Results: mx.shop.example; dmarc=pass header.from=customers.example\r\n";
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::None, Verdict::Silent];
    for (at, verdict) in verdicts.into_iter().enumerate() {
        server.judge(JO, verdict);
        let raw = claimed.to_owned() + &letter(JO, SUPPORT, "claim");
        server.deliver(JO, SUPPORT, raw.as_bytes()).await;
        server.until_inbox(SUPPORT, at + 1).await;
    }
    let found: Vec<Vec<String>> = server
        .inbox(SUPPORT)
        .iter()
        .map(|raw| {
            let raw = text(raw);
            let lines = raw.lines().filter(|line| line.starts_with("Authentication-Results"));
            lines.map(|line| line.split(['=', ' ']).nth(3).unwrap().to_owned()).collect()
        })
        .collect();
    assert_eq!(found, [vec!["pass", "pass"], vec!["fail", "pass"], vec!["none", "pass"], vec!["pass"]]);
}

#[tokio::test]
async fn a_password_is_refused_before_starttls_and_taken_after_it() {
    let server = MailServer::start().await;
    let mut imap = Imap::new(tcp_from_elsewhere(server.imap_port()).await);
    assert!(imap.line().await.unwrap().contains("LOGINDISABLED"));
    let refused = imap.command(&format!("LOGIN {SUPPORT} {PASSWORD}")).await.pop().unwrap();
    assert!(refused.starts_with("NO [PRIVACYREQUIRED]"), "{refused}");
    imap.command("STARTTLS").await;
    let mut imap = Imap::new(tls(imap.into_inner(), true).await.unwrap());
    imap.login(SUPPORT).await;

    let mut imap = Imap::new(tcp(server.imap_port()).await);
    imap.line().await.unwrap();
    imap.login(SUPPORT).await;
}

#[tokio::test]
async fn a_certificate_counts_only_for_its_time_and_name_and_with_its_root() {
    let server = MailServer::start().await;
    let stranger = tls(tcp(server.imaps_port()).await, false).await.unwrap_err();
    assert!(stranger.to_string().contains("UnknownIssuer"), "{stranger}");
    for (certificate, reason) in [(Certificate::Expired, "Expired"), (Certificate::Elsewhere, "name")] {
        let server = MailServer::start_with(Setup { certificate, ..Setup::default() }).await;
        let error = tls(tcp(server.imaps_port()).await, true).await.unwrap_err();
        assert!(error.to_string().contains(reason) || error.to_string().contains("expired"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_so_is_the_right_one_of_somebody_locked_out() {
    let server = MailServer::start().await;
    let mut imap = Imap::new(tls(tcp(server.imaps_port()).await, true).await.unwrap());
    imap.line().await.unwrap();
    let refused = imap.command(&format!("LOGIN {SUPPORT} wrong")).await.pop().unwrap();
    assert!(refused.starts_with("NO [AUTHENTICATIONFAILED]"), "{refused}");

    server.lock_out(SUPPORT).await;
    let refused = imap.command(&format!("LOGIN {SUPPORT} {PASSWORD}")).await.pop().unwrap();
    assert!(refused.starts_with("NO [AUTHENTICATIONFAILED]"), "{refused}");
    server.deliver(JO, SUPPORT, letter(JO, SUPPORT, "meanwhile").as_bytes()).await;
    server.until_inbox(SUPPORT, 1).await;
    server.let_in(SUPPORT).await;
    imap.login(SUPPORT).await;
}

#[tokio::test]
async fn an_idle_reader_hears_of_what_is_appended_and_that_the_server_still_stands() {
    let idle_notify = std::time::Duration::from_secs(1);
    let server = MailServer::start_with(Setup { idle_notify, ..Setup::default() }).await;
    let mut imap = inbox_of(&server, SUPPORT).await;
    imap.idle().await;
    server.append(SUPPORT, "INBOX", letter(JO, SUPPORT, "one").as_bytes());
    let lines = imap.until(|line| line == "* 1 EXISTS").await;
    assert_eq!(lines.last().unwrap(), "* 1 EXISTS");
    let lines = imap.until(|line| line == "* OK Still here").await;
    assert_eq!(lines.last().unwrap(), "* OK Still here");

    server.append(SUPPORT, "Sent", letter(SUPPORT, JO, "two").as_bytes());
    let mut other = inbox_of(&server, SUPPORT).await;
    let sent = other.command("SELECT Sent").await;
    assert!(sent.contains(&"* 1 EXISTS".to_owned()), "{sent:?}");
}

#[tokio::test]
async fn a_new_uidvalidity_keeps_the_uids_of_all_mails() {
    let server = MailServer::start().await;
    server.create_mailbox(SUPPORT, "Box");
    for mailbox in ["INBOX", "Box"] {
        server.append(SUPPORT, mailbox, letter(JO, SUPPORT, "one").as_bytes());
        server.append(SUPPORT, mailbox, letter(JO, SUPPORT, "two").as_bytes());
        let mut before = inbox_of(&server, SUPPORT).await;
        let old = before.validity(mailbox).await;
        server.change_uidvalidity(SUPPORT, mailbox);
        assert!(before.until(|_| false).await.last().unwrap().contains("BYE"));
        let mut after = inbox_of(&server, SUPPORT).await;
        assert_ne!(after.validity(mailbox).await, old);
        after.command(&format!("SELECT {mailbox}")).await;
        assert_eq!(after.uids().await, "* SEARCH 1 2");
    }
}

/// A session with one mail of the mailbox "Box" in view.
async fn box_in_view(server: &MailServer) -> Imap<impl AsyncRead + AsyncWrite + Unpin> {
    server.create_mailbox(SUPPORT, "Box");
    server.append(SUPPORT, "Box", letter(JO, SUPPORT, "one").as_bytes());
    let mut imap = inbox_of(server, SUPPORT).await;
    imap.command("SELECT Box").await;
    assert_eq!(imap.uids().await, "* SEARCH 1");
    imap
}

#[tokio::test]
async fn deleting_a_mailbox_ends_the_sessions_that_have_it_in_view() {
    let server = MailServer::start().await;
    let mut imap = box_in_view(&server).await;
    imap.idle().await;
    server.delete_mailbox(SUPPORT, "Box");
    assert!(imap.line().await.unwrap().starts_with("* BYE"));
    let refused = inbox_of(&server, SUPPORT).await.command("SELECT Box").await.pop().unwrap();
    assert!(refused.starts_with("NO Mailbox doesn't exist"), "{refused}");
}

#[tokio::test]
async fn a_mailbox_made_anew_has_a_new_uidvalidity_and_hides_its_mails_from_who_had_it_in_view() {
    let server = MailServer::start().await;
    let mut stale = box_in_view(&server).await;
    let old = stale.validity("Box").await;
    server.delete_mailbox(SUPPORT, "Box");
    server.create_mailbox(SUPPORT, "Box");
    server.append(SUPPORT, "Box", letter(JO, SUPPORT, "two").as_bytes());
    server.append(SUPPORT, "Box", letter(JO, SUPPORT, "three").as_bytes());
    // It ends, or goes on as if there were no news: OK and the old mails, with an error in passing.
    let seen = stale.command("UID SEARCH ALL").await;
    assert!(!seen.iter().any(|line| line == "* SEARCH 1 2"), "{seen:?}");

    let mut fresh = inbox_of(&server, SUPPORT).await;
    assert_ne!(fresh.validity("Box").await, old);
    fresh.command("SELECT Box").await;
    assert_eq!(fresh.uids().await, "* SEARCH 1 2");
}

#[tokio::test]
async fn ten_thousand_mails_are_there_at_once() {
    let server = MailServer::start().await;
    let mails = (0..10_000).map(|n| letter(JO, SUPPORT, &format!("mail {n}")).into_bytes());
    server.fill(SUPPORT, 1_700_000_000, mails);
    let mut imap = inbox_of(&server, SUPPORT).await;
    let selected = imap.command("SELECT INBOX").await;
    assert!(selected.contains(&"* 10000 EXISTS".to_owned()), "{selected:?}");
    let fetched =
        imap.command("UID FETCH 3 (INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])").await;
    let size = letter(JO, SUPPORT, "mail 2").len();
    assert!(fetched[0].contains(&format!("RFC822.SIZE {size} ")), "{fetched:?}");
    assert!(fetched[0].contains("14-Nov-2023 22:13:22 +0000"), "{fetched:?}");
    assert_eq!(fetched[1], "Subject: mail 2");
    assert_eq!(server.inbox(SUPPORT)[9_999], letter(JO, SUPPORT, "mail 9999").as_bytes());
}
