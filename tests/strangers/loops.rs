//! Machines that answer each other: two bridges, notes of absence in three styles, a report, and our own
//! address as a sender, each over a week.

use std::time::Duration;

use rapport_fakes::smtp::AcceptedMail;

use crate::{
    letter::{Letter, SERVER},
    office::{Office, is_automatic},
    testing::Fresh,
};

/// A week, in steps.
const STEPS: usize = 28;
const STEP: Duration = Duration::from_hours(6);
/// So many automatic mails are an endless loop.
const ENDLESS: usize = 8;

const OURS: &str = "support@shop.example";
const THEIRS: &str = "support@store.example";

/// What answers at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    /// Another bridge.
    Bridge,
    /// Another bridge, behind a gateway that takes out what tells an automatic mail.
    Gateway,
    /// A note of absence as RFC 3834 wants it.
    Marked,
    /// A note of absence as Exchange writes it.
    Exchange,
    /// A note of absence that nothing tells from a person's mail.
    Words,
    /// A mail server that can't deliver.
    Report,
    /// Ourselves: a mailbox that forwards to us what we send.
    Ourselves,
}

/// What a week brought, on our side and the other one.
#[derive(Debug, Default)]
struct Week {
    /// Automatic mails of all bridges.
    automatic: usize,
    /// How often the log says that an automatic mail was withheld to end a loop.
    withheld: usize,
    /// How many mails were taken for those of machines.
    machines: usize,
}

/// Somebody writes once, and then nobody but machines, for a week.
async fn week(other: Other) -> Week {
    let mut ours = Office::open(Fresh::sqlite(), "shop.example").await;
    let is_bridge = matches!(other, Other::Bridge | Other::Gateway);
    let mut theirs =
        if is_bridge { Some(Office::open(Fresh::sqlite(), "store.example").await) } else { None };
    let from = if other == Other::Ourselves { OURS } else { THEIRS };
    let letter = Letter::judged("dmarc=none", from, OURS, "first@store.example", "Where is my lamp?");
    ours.deliver("support", letter.bytes());
    ours.settle().await;
    let (mut seen, mut seen_there, mut number) = (0, 0, 0);
    let mut found = Week::default();
    for _ in 0..STEPS {
        // As long as one answers the other.
        while found.automatic < ENDLESS {
            let sent = ours.sent().split_off(seen);
            let sent_there =
                theirs.as_ref().map_or_else(Vec::new, |theirs| theirs.sent().split_off(seen_there));
            if sent.is_empty() && sent_there.is_empty() {
                break;
            }
            (seen, seen_there) = (seen + sent.len(), seen_there + sent_there.len());
            found.automatic += sent.iter().chain(&sent_there).filter(|mail| is_automatic(mail)).count();
            for mail in &sent {
                number += 1;
                match &theirs {
                    Some(theirs) => drop(theirs.deliver("support", relayed(mail, other))),
                    None => drop(ours.deliver("support", answer(mail, other, number))),
                }
            }
            for mail in &sent_there {
                ours.deliver("support", relayed(mail, other));
            }
            ours.settle().await;
            if let Some(theirs) = &mut theirs {
                theirs.settle().await;
            }
        }
        ours.pass(STEP);
        if let Some(theirs) = &theirs {
            theirs.pass(STEP);
        }
    }
    for office in std::iter::once(&ours).chain(&theirs) {
        found.withheld +=
            office.list("SELECT kind FROM events WHERE kind = 'automatic.withheld'").await.len();
        let machines = "SELECT m.id FROM messages m JOIN handles h ON h.id = m.handle_id \
                        WHERE m.unanswerable = 'automatic_mail' AND h.address NOT LIKE '%@lists.example'";
        found.machines += office.list(machines).await.len();
    }
    println!("{other:?}: {found:?}");
    found
}

/// What the receiving server of the other side makes of a mail.
fn relayed(mail: &AcceptedMail, other: Other) -> Vec<u8> {
    const TELLING: [&str; 4] =
        ["auto-submitted:", "x-auto-response-suppress:", "in-reply-to:", "references:"];
    let is_telling = |field: &String| {
        other == Other::Gateway && TELLING.iter().any(|name| field.to_lowercase().starts_with(name))
    };
    let fields: Vec<String> = mail.headers().into_iter().filter(|field| !is_telling(field)).collect();
    let text = String::from_utf8_lossy(&mail.bytes).into_owned();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    format!(
        "Return-Path: <{}>\r\nAuthentication-Results: {SERVER}; dmarc=none\r\nReceived: from relay.example\r\n\tby {SERVER}; \
         Thu, 09 Oct 2025 08:00:01 +0000\r\n{}\r\n\r\n{body}",
        mail.from,
        fields.join("\r\n"),
    )
    .into_bytes()
}

/// What a machine answers, also where it was asked not to.
fn answer(mail: &AcceptedMail, other: Other, number: usize) -> Vec<u8> {
    let (name, answered) = (format!("machine-{number}@store.example"), mail.header("Message-ID").unwrap());
    let answered = answered.trim_matches(['<', '>']);
    let note = |text: &str| Letter::judged("dmarc=none", THEIRS, OURS, &name, text);
    let letter = match other {
        Other::Bridge | Other::Gateway => unreachable!("a bridge answers by itself"),
        Other::Ourselves => return relayed(mail, other),
        Other::Marked => {
            let text = format!("I am away until Monday. Number {number}.");
            note(&text).with("Auto-Submitted", "auto-replied").answering(answered)
        }
        Other::Exchange => {
            let text = format!("I am out of the office until Monday. Number {number}.");
            let letter = note(&text).with("Subject", "Automatic reply: A question");
            let letter =
                letter.with("X-Auto-Response-Suppress", "All").with("Auto-Submitted", "auto-generated");
            letter.with("X-MS-Exchange-Inbox-Rules-Loop", THEIRS)
        }
        Other::Words => note(&format!("Thanks, I shall look at it on Monday. Number {number}.")),
        Other::Report => {
            let report = format!(
                "--b\r\nContent-Type: text/plain\r\n\r\nYour mail was not delivered. Number {number}.\r\n--b\r\n\
                 Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.store.example\r\n\r\n\
                 Final-Recipient: rfc822; {THEIRS}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n\
                 Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{answered}>\r\n\r\n--b--\r\n"
            );
            return format!(
                "Return-Path: <>\r\nAuthentication-Results: {SERVER}; dmarc=none\r\nFrom: MAILER-DAEMON@store.example\r\nTo: {OURS}\r\n\
                 Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <{name}>\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n{report}"
            )
            .into_bytes();
        }
    };
    letter.bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bridges_and_machines_that_say_what_they_are_exchange_one_automatic_mail_in_a_week() {
    for other in [Other::Bridge, Other::Marked, Other::Exchange, Other::Report] {
        let week = week(other).await;
        assert_eq!(week.automatic, 1, "{other:?}: {week:?}");
        assert!(week.machines >= 1, "{other:?}: {week:?}");
        assert_eq!(week.withheld, 0, "nothing had to be withheld: {other:?}: {week:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_from_our_own_address_is_answered_by_nobody() {
    assert_eq!(week(Other::Ourselves).await.automatic, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_that_nothing_tells_from_people_are_ended_with_and_the_log_says_so() {
    for other in [Other::Words, Other::Gateway] {
        let week = week(other).await;
        assert!((1..=2).contains(&week.automatic), "{other:?}: {week:?}");
        assert!(week.withheld >= 1, "{other:?}: {week:?}");
    }
}

/// The same with a rule broken on purpose: it is noticed.
#[cfg(feature = "sabotage")]
mod controls {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_loop_that_nothing_ends_is_noticed() {
        let name = rapport::sabotage::Rule::EndsLoops.name();
        fail::cfg(name, "return").unwrap();
        for other in [Other::Words, Other::Gateway] {
            let week = week(other).await;
            assert!(week.automatic >= ENDLESS && week.withheld == 0, "{week:?}");
        }
        fail::remove(name);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_machine_that_is_taken_for_a_person_is_noticed() {
        fail::cfg("sabotage.email_machines", "return").unwrap();
        let week = week(Other::Exchange).await;
        assert!(week.machines == 0 && week.withheld >= 1, "{week:?}");
        fail::remove("sabotage.email_machines");
    }
}
