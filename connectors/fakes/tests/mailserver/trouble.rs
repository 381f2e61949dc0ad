//! Outages: servers that die, stop and come back, several at once, and that none stays behind.

use std::{io::ErrorKind, net::TcpListener};

use rapport_fakes::mailserver::{Direction, MailServer, PASSWORD, Proxy};

use super::{
    JO, SUPPORT,
    client::{Imap, Way, inbox_of, letter, send, taken, tcp},
};

#[tokio::test]
async fn a_killed_dovecot_says_nothing_and_has_all_mails_when_it_is_back() {
    let mut server = MailServer::start().await;
    server.append(SUPPORT, "INBOX", letter(JO, SUPPORT, "kept").as_bytes());
    let mut imap = inbox_of(&server, SUPPORT).await;
    imap.idle().await;
    server.kill_dovecot();
    assert_eq!(imap.line().await, None);
    assert!(TcpListener::bind(("127.0.0.1", server.imaps_port())).is_ok());
    server.start_dovecot().await;
    assert_eq!(inbox_of(&server, SUPPORT).await.uids().await, "* SEARCH 1");
}

#[tokio::test]
async fn a_stopped_dovecot_and_a_kick_say_goodbye() {
    let mut server = MailServer::start().await;
    let mut imap = inbox_of(&server, SUPPORT).await;
    imap.idle().await;
    server.kick(SUPPORT);
    assert!(imap.line().await.unwrap().starts_with("* BYE"));
    let mut imap = inbox_of(&server, SUPPORT).await;
    imap.idle().await;
    server.stop_dovecot();
    assert!(imap.line().await.unwrap().starts_with("* BYE"));
    server.start_dovecot().await;
    inbox_of(&server, SUPPORT).await;
}

#[tokio::test]
async fn with_dovecot_away_mail_waits_and_a_password_is_refused_for_the_time_being() {
    let mut server = MailServer::start().await;
    server.stop_dovecot();
    server.deliver(JO, SUPPORT, letter(JO, SUPPORT, "queued").as_bytes()).await;
    let raw = letter(SUPPORT, JO, "away");
    let refused = send(&server, Way::StartTls, PASSWORD, JO, &raw).await;
    // Postfix does not even greet, or it says 454.
    assert!(refused.as_ref().map_or(true, |reply| reply.starts_with("454")), "{refused:?}");
    server.start_dovecot().await;
    server.until_inbox(SUPPORT, 1).await;
    taken(&send(&server, Way::StartTls, PASSWORD, JO, &raw).await);
}

#[tokio::test]
async fn a_stopped_postfix_refuses_connections_and_comes_back() {
    let mut server = MailServer::start().await;
    server.stop_postfix();
    let raw = letter(SUPPORT, JO, "away");
    let refused = send(&server, Way::StartTls, PASSWORD, JO, &raw).await.unwrap_err();
    // Whoever comes while the socket closes is reset.
    assert!(matches!(refused.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset), "{refused}");
    server.start_postfix().await;
    taken(&send(&server, Way::StartTls, PASSWORD, JO, &raw).await);
    server.until_inbox(JO, 1).await;
}

#[tokio::test]
async fn a_wire_is_cut_within_the_greeting() {
    let server = MailServer::start().await;
    let proxy = Proxy::to(server.imap_port()).await;
    proxy.cut_after(Direction::Down, 10);
    let mut imap = Imap::new(tcp(proxy.port()).await);
    assert_eq!(imap.line().await.unwrap(), "* OK [CAPA");
    assert_eq!(imap.line().await, None);
}

#[tokio::test]
async fn two_servers_stand_side_by_side_and_have_mails_of_their_own() {
    let (one, other) = tokio::join!(MailServer::start(), MailServer::start());
    one.deliver(JO, SUPPORT, letter(JO, SUPPORT, "one").as_bytes()).await;
    one.until_inbox(SUPPORT, 1).await;
    assert!(other.inbox(SUPPORT).is_empty());
    drop(one);
    other.deliver(JO, SUPPORT, letter(JO, SUPPORT, "other").as_bytes()).await;
    other.until_inbox(SUPPORT, 1).await;
}

#[tokio::test]
async fn nothing_stays_behind_when_a_test_panics() {
    let (send_ports, ports) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async move {
        let server = MailServer::start().await;
        let _ = send_ports.send([server.imap_port(), server.smtp_port(), server.submissions_port()]);
        panic!("as a test that fails does");
    });
    let ports = ports.await.unwrap();
    assert!(test.await.unwrap_err().is_panic());
    for port in ports {
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "something listens at {port}");
    }
}
