//! Sending, step by step, to a server that fails at each of them.

use std::time::Duration;

use rapport_fakes::smtp::{Fault, Privacy, Stage};
use rapport_sdk::{Connector as _, model::outbound::SendError};

use crate::post::{OURS, Post, THEIRS, USER, file, outgoing};

const TRANSIENT: Result<(), SendError> =
    Err(SendError::Transient { retry_after: None, reason: String::new() });
const UNAUTHORIZED: Result<(), SendError> = Err(SendError::Unauthorized);
const UNKNOWN: Result<(), SendError> = Err(SendError::Unknown);
/// The steps of a mail up to the answer that settles it.
const STEPS: [Stage; 9] = [
    Stage::Connect,
    Stage::Hello,
    Stage::StartTls,
    Stage::Auth,
    Stage::Mail,
    Stage::Rcpt,
    Stage::Data,
    Stage::Body,
    Stage::Dot,
];

/// The kind alone, without what is said of it.
fn kind<T>(outcome: Result<T, SendError>) -> Result<(), SendError> {
    match outcome {
        Err(SendError::Transient { retry_after, .. }) => {
            Err(SendError::Transient { retry_after, reason: String::new() })
        }
        other => other.map(drop),
    }
}

/// What comes of a send when a step fails, and how many mails the server took.
async fn outcome(stage: Stage, fault: Fault) -> (Result<(), SendError>, usize) {
    let post = Post::start().await;
    post.fake.fail_next(stage, fault);
    let sent = post.connector().send(&outgoing(&"a line of text\n".repeat(100))).await;
    assert!(!post.fake.fault_waits(stage), "{stage:?} was reached");
    assert_eq!(post.fake.violations(), Vec::<String>::new());
    (kind(sent), post.fake.accepted().len())
}

#[tokio::test]
async fn an_answer_arrives_through_tls_of_either_kind_and_without_on_this_machine() {
    for privacy in [Privacy::StartTls, Privacy::Tls, Privacy::None] {
        let post = Post::start_with(|config| config.privacy = privacy).await;
        let outgoing = outgoing("Dear Anna,\n\nyour parcel left today.\n");
        let receipt = post.connector().send(&outgoing).await.unwrap();
        let mail = post.only();
        assert_eq!((&mail.from[..], &mail.to[..]), (OURS, &[THEIRS.to_owned()][..]));
        assert_eq!((mail.user.as_deref(), mail.private), (Some(USER), privacy != Privacy::None));
        assert_eq!(mail.header("Message-ID"), Some(format!("<{}>", receipt.id)));
        let read = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
        assert_eq!(read.body_text(0).unwrap().trim_end(), "Dear Anna,\r\n\r\nyour parcel left today.");
    }
}

#[tokio::test]
async fn a_refusal_for_now_is_not_sent_at_any_step() {
    for stage in STEPS {
        for code in [421, 450, 451, 452, 454] {
            // While the text comes, an answer is one only where the connection ends with it.
            let refused = outcome(stage, Fault::reply(&format!("{code} 4.3.0 not now"))).await;
            let allowed = if stage == Stage::Body { [TRANSIENT, UNKNOWN] } else { [TRANSIENT, TRANSIENT] };
            assert!(allowed.contains(&refused.0), "{code} at {stage:?}: {refused:?}");
            assert_eq!(refused.1, 0);
        }
    }
}

#[tokio::test]
async fn a_refusal_for_good_says_why_and_wrong_credentials_are_told_apart() {
    for stage in [Stage::Connect, Stage::Hello, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot] {
        for code in [500, 501, 550, 551, 552, 553, 554] {
            let (refused, accepted) = outcome(stage, Fault::reply(&format!("{code} <{THEIRS}> no"))).await;
            let Err(SendError::Rejected { code: words }) = refused else {
                panic!("{code} at {stage:?}: {refused:?}")
            };
            assert!(words.starts_with(&format!("{code}: ")) && !words.contains('@'), "{words}");
            assert_eq!(accepted, 0);
        }
        for code in [530, 535] {
            let refused = outcome(stage, Fault::reply(&format!("{code} 5.7.8 no"))).await;
            assert_eq!(refused, (UNAUTHORIZED, 0), "{code} at {stage:?}");
        }
    }
    for code in [500, 501, 504, 534, 535, 538, 550, 554] {
        assert_eq!(outcome(Stage::Auth, Fault::reply(&format!("{code} no"))).await, (UNAUTHORIZED, 0));
    }
    let refused = outcome(Stage::StartTls, Fault::reply("554 5.7.3 no")).await;
    assert!(matches!(refused, (Err(SendError::Misconfigured { .. }), 0)), "{refused:?}");
}

#[tokio::test]
async fn what_breaks_before_the_final_dot_was_not_sent() {
    for stage in STEPS.into_iter().filter(|&stage| !matches!(stage, Stage::Body | Stage::Dot)) {
        for fault in
            [Fault::Cut, Fault::Silent, Fault::ActedThenCut, Fault::ActedThenSilent, Fault::ActedThenNonsense]
        {
            assert_eq!(outcome(stage, fault.clone()).await, (TRANSIENT, 0), "{fault:?} at {stage:?}");
        }
    }
}

#[tokio::test]
async fn what_breaks_from_the_final_dot_on_is_unknown() {
    for (fault, accepted) in [
        (Fault::Cut, 0),
        (Fault::Silent, 0),
        (Fault::ActedThenCut, 1),
        (Fault::ActedThenSilent, 1),
        (Fault::ActedThenNonsense, 1),
        (Fault::reply("354 go on"), 0),
    ] {
        assert_eq!(outcome(Stage::Dot, fault.clone()).await, (UNKNOWN, accepted), "{fault:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_inside_of_a_long_text_is_not_sent() {
    for fault in [Fault::Cut, Fault::Silent, Fault::reply("421 4.3.2 restarting")] {
        let post = Post::start().await;
        post.fake.fail_next(Stage::Body, fault.clone());
        let mut outgoing = outgoing("see the film");
        // More than the buffers between the two hold.
        outgoing.media = vec![file("film.bin", "application/octet-stream", &vec![7; 16 << 20])];
        let outcome = post.connector().send(&outgoing).await;
        assert_eq!(kind(outcome), TRANSIENT, "{fault:?}");
        assert_eq!(post.fake.accepted(), []);
        post.connector().send(&outgoing).await.unwrap();
        assert_eq!(post.fake.accepted().len(), 1);
    }
}

#[tokio::test]
async fn after_an_unknown_outcome_the_same_bytes_go_again() {
    let post = Post::start().await;
    let mut outgoing = outgoing("only once, please");
    outgoing.media = vec![file("a.png", "image/png", b"png"), file("b.pdf", "application/pdf", b"pdf")];
    post.fake.fail_next(Stage::Dot, Fault::ActedThenCut);
    assert_eq!(post.connector().send(&outgoing).await, Err(SendError::Unknown));
    outgoing.attempt = 1;
    // Another process, as after a restart.
    let receipt = post.connector().send(&outgoing).await.unwrap();
    let mails = post.fake.accepted();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].bytes, mails[1].bytes);
    assert_eq!(mails[1].header("Message-ID"), Some(format!("<{}>", receipt.id)));
}

#[tokio::test]
async fn one_key_is_handed_in_once_by_one_process() {
    let post = Post::start().await;
    let (connector, outgoing) = (post.connector(), outgoing("only once"));
    let first = connector.send(&outgoing).await.unwrap();
    assert_eq!(connector.send(&outgoing).await.unwrap(), first);
    post.only();
}

#[tokio::test]
async fn a_slow_mail_goes_on_when_its_caller_stops_waiting_and_the_next_caller_waits_for_it() {
    let post = Post::start().await;
    let (connector, outgoing) = (post.connector(), outgoing("a large one"));
    post.fake.fail_next(Stage::Dot, Fault::Slow(Duration::from_millis(150)));
    let mut changes = post.fake.subscribe();
    let sending = connector.send(&outgoing);
    tokio::select! {
        biased;
        outcome = sending => panic!("{outcome:?}"),
        () = async {
            while post.fake.reached(Stage::Dot) == 0 {
                changes.changed().await.unwrap();
            }
        } => {}
    }
    connector.send(&outgoing).await.unwrap();
    post.only();
}

#[tokio::test]
async fn greylisting_says_when_to_come_again() {
    let post = Post::start().await;
    post.fake.greylist(true);
    let (connector, outgoing) = (post.connector(), outgoing("hi"));
    let retry_after = Some(Duration::from_secs(90));
    let outcome = kind(connector.send(&outgoing).await);
    assert_eq!(outcome, Err(SendError::Transient { retry_after, reason: String::new() }));
    connector.send(&outgoing).await.unwrap();
    post.only();
}

#[tokio::test]
async fn a_refusal_in_another_charset_is_a_refusal() {
    let latin = Fault::Reply(b"550 5.1.1 Empf\xe4nger unbekannt".to_vec());
    let (refused, _) = outcome(Stage::Rcpt, latin).await;
    let code = "550 5.1.1: this mailbox does not exist".to_owned();
    assert_eq!(refused, Err(SendError::Rejected { code }));
    // Of several lines, too.
    let lines = Fault::reply("552-5.2.2 the mailbox\r\n552-5.2.2 of this person\r\n552 5.2.2 is full");
    let (refused, _) = outcome(Stage::Rcpt, lines).await;
    let code = "552 5.2.2: the recipient's mailbox is full".to_owned();
    assert_eq!(refused, Err(SendError::Rejected { code }));
}

#[tokio::test]
async fn what_is_larger_than_the_server_takes_is_refused_before_it_is_sent() {
    let post = Post::start_with(|config| config.largest = Some(100_000)).await;
    let mut outgoing = outgoing("too big");
    outgoing.media = vec![file("a.bin", "application/octet-stream", &[0; 100_000])];
    let refused = post.connector().send(&outgoing).await.unwrap_err();
    assert!(matches!(refused, SendError::Rejected { code } if code.contains("takes 100000")));
    assert_eq!(post.fake.reached(Stage::Mail), 0);
    let mut settings = post.settings();
    settings.largest_files = 99_999;
    let refused = Post::connector_with(settings).send(&outgoing).await.unwrap_err();
    assert!(matches!(refused, SendError::Rejected { code } if code.contains("99999")));
}

#[tokio::test]
async fn nothing_is_sent_where_nobody_listens() {
    let post = Post::start().await;
    let mut settings = post.settings();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    settings.smtp.port = free.local_addr().unwrap().port();
    drop(free);
    assert_eq!(kind(Post::connector_with(settings).send(&outgoing("hi")).await), TRANSIENT);
}
