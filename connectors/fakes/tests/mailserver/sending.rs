//! Handing in: the ways, what is refused, and what comes back later.

use rapport_fakes::mailserver::{MailServer, PASSWORD, Times};

use super::{
    JO, SUPPORT,
    client::{Way, letter, send, taken},
};

async fn mails(server: &MailServer, user: &str, many: usize) -> Vec<String> {
    let mails = server.until_inbox(user, many).await;
    mails.iter().map(|raw| String::from_utf8_lossy(raw).into_owned()).collect()
}

#[tokio::test]
async fn a_letter_reaches_a_customers_mailbox_in_each_way() {
    let server = MailServer::start().await;
    for (at, way) in [Way::StartTls, Way::Tls, Way::Clear].into_iter().enumerate() {
        let raw = letter(SUPPORT, JO, &format!("way-{at}"));
        taken(&send(&server, way, PASSWORD, JO, &raw).await);
        let mails = mails(&server, JO, at + 1).await;
        assert!(mails[at].contains(&raw), "{}", mails[at]);
        // Only what the world hands in is judged.
        assert!(!mails[at].contains("Authentication-Results"));
    }
    assert_eq!(server.attempts(JO), 3);
}

#[tokio::test]
async fn a_wrong_password_is_refused_with_535_and_taken_when_it_is_right_again() {
    let server = MailServer::start().await;
    let raw = letter(SUPPORT, JO, "password");
    let refused = send(&server, Way::StartTls, "wrong", JO, &raw).await.unwrap();
    assert!(refused.starts_with("535 5.7.8"), "{refused}");
    server.lock_out(SUPPORT).await;
    let refused = send(&server, Way::Tls, PASSWORD, JO, &raw).await.unwrap();
    assert!(refused.starts_with("535 5.7.8"), "{refused}");
    server.let_in(SUPPORT).await;
    taken(&send(&server, Way::Tls, PASSWORD, JO, &raw).await);
}

#[tokio::test]
async fn a_mail_with_a_bare_end_of_line_is_refused_where_users_hand_in() {
    let server = MailServer::start().await;
    let raw = letter(SUPPORT, JO, "bare").replace("Good day!", "Good\nday!");
    for way in [Way::StartTls, Way::Tls, Way::Clear] {
        let refused = send(&server, way, PASSWORD, JO, &raw).await.unwrap();
        assert!(refused.starts_with('5'), "{refused}");
    }
    server
        .deliver(JO, SUPPORT, letter(JO, SUPPORT, "bare").replace("Good day!", "Good\nday!").as_bytes())
        .await;
}

#[tokio::test]
async fn a_greylisted_recipient_is_taken_at_the_second_try() {
    let server = MailServer::start().await;
    server.greylist(JO);
    let raw = letter(SUPPORT, JO, "grey");
    let refused = send(&server, Way::StartTls, PASSWORD, JO, &raw).await.unwrap();
    assert!(refused.starts_with("450 4.2.0"), "{refused}");
    taken(&send(&server, Way::StartTls, PASSWORD, JO, &raw).await);
    mails(&server, JO, 1).await;
    assert_eq!(server.attempts(JO), 2);
}

#[tokio::test]
async fn a_recipient_is_refused_with_the_reply_that_the_test_chose() {
    let server = MailServer::start().await;
    let raw = letter(SUPPORT, JO, "refused");
    for reply in [
        "421 4.7.0 Too many messages",
        "450 4.2.1 Mailbox busy",
        "451 4.3.0 Try again later",
        "452 4.2.2 Mailbox full",
        "535 5.7.8 Sign in again",
        "550 5.1.1 No such user",
        "552 5.2.2 Mailbox full",
    ] {
        server.refuse(JO, reply, Times::Always);
        let refused = send(&server, Way::StartTls, PASSWORD, JO, &raw).await.unwrap();
        assert!(refused.starts_with(&reply[..9]), "{refused}");
        assert!(refused.ends_with(&reply[10..]), "{refused}");
    }
    server.allow(JO);
    taken(&send(&server, Way::StartTls, PASSWORD, JO, &raw).await);
}

#[tokio::test]
async fn an_accepted_mail_to_an_unknown_name_comes_back_as_a_genuine_report() {
    let server = MailServer::start().await;
    let to = "unknown.person@customers.example";
    taken(&send(&server, Way::StartTls, PASSWORD, to, &letter(SUPPORT, to, "lost")).await);
    let report = mails(&server, SUPPORT, 1).await.remove(0);
    for wanted in [
        "Return-Path: <>\r\n",
        "Content-Type: multipart/report; report-type=delivery-status;",
        "Final-Recipient: rfc822; unknown.person@customers.example\r\n",
        "Action: failed\r\n",
        "Status: 5.1.1\r\n",
        "Message-ID: <lost@letters.example>\r\n",
    ] {
        assert!(report.contains(wanted), "{wanted} in {report}");
    }
}

#[tokio::test]
async fn a_mail_that_waits_is_reported_as_delayed_and_arrives_when_its_server_is_back() {
    let server = MailServer::start().await;
    let to = "mo@slow.example";
    taken(&send(&server, Way::StartTls, PASSWORD, to, &letter(SUPPORT, to, "late")).await);
    let report = mails(&server, SUPPORT, 1).await.remove(0);
    assert!(report.contains("Action: delayed\r\n"), "{report}");
    assert!(server.inbox(to).is_empty());
    let back = server.open_slow_domain().await;
    let arrived = mails(&server, to, 1).await;
    assert!(arrived[0].contains("Subject: late\r\n"), "{}", arrived[0]);
    assert_eq!(back.connections(), 1);
}

#[tokio::test]
async fn somebody_on_holiday_answers_genuinely_and_once() {
    let server = MailServer::start().await;
    server.vacation(JO, "I am \"away\" until Monday.");
    for subject in ["first", "second"] {
        taken(&send(&server, Way::StartTls, PASSWORD, JO, &letter(SUPPORT, JO, subject)).await);
    }
    mails(&server, JO, 2).await;
    // What comes after them both shows that there is no second answer.
    server.deliver("mo@customers.example", SUPPORT, b"Subject: end\r\n\r\nend\r\n").await;
    let answers = mails(&server, SUPPORT, 2).await;
    let answer = answers.iter().find(|mail| mail.contains("Monday")).unwrap();
    for wanted in [
        "Auto-Submitted: auto-replied (vacation)\r\n",
        "In-Reply-To: <first@letters.example>\r\n",
        "From: <jo@customers.example>\r\n",
        "I am \"away\" until Monday.",
        "dmarc=pass header.from=customers.example\r\n",
    ] {
        assert!(answer.contains(wanted), "{wanted} in {answer}");
    }
    assert!(answers.iter().any(|mail| mail.contains("Subject: end\r\n")), "{answers:#?}");
}
