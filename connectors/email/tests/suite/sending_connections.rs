//! Connections: kept private, signed in, used again, and few.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rapport_email::{
    Auth, EmailConnector, Security,
    smtp::{AccessTokens, Sender, SentFolder},
};
use rapport_fakes::{
    smtp::{Fault, Privacy, Stage},
    tls::Certificate,
};
use rapport_sdk::{
    BoxFuture, Connector as _, ConnectorError,
    model::{Secret, outbound::SendError},
};

use crate::post::{PASSWORD, Post, THEIRS, USER, impatient, outgoing};

/// Neither was it sent, nor was anything said that others could read.
async fn is_kept_back(post: &Post, connector: &EmailConnector) {
    let outcome = connector.send(&outgoing("a secret")).await;
    assert!(
        matches!(outcome, Err(SendError::Transient { .. } | SendError::Misconfigured { .. })),
        "{outcome:?}"
    );
    assert_eq!((post.fake.reached(Stage::Auth), post.fake.reached(Stage::Mail)), (0, 0));
    let checked = connector.check().await;
    assert!(matches!(checked, Err(ConnectorError::Misconfigured { .. })), "{checked:?}");
}

#[tokio::test]
async fn without_tls_as_it_was_asked_for_nothing_is_said() {
    let stripped = Post::start().await;
    stripped.fake.strip_starttls(true);
    is_kept_back(&stripped, &stripped.connector()).await;
    let refusing = Post::start().await;
    for _ in 0..2 {
        refusing.fake.fail_next(Stage::StartTls, Fault::reply("502 5.5.1 not implemented"));
    }
    is_kept_back(&refusing, &refusing.connector()).await;
    for privacy in [Privacy::StartTls, Privacy::Tls] {
        let other = Post::start_with(|config| {
            config.privacy = privacy;
            config.certificate = Certificate::Elsewhere;
        })
        .await;
        is_kept_back(&other, &other.connector()).await;
        let unknown = Post::start_with(|config| config.privacy = privacy).await;
        let mut settings = unknown.settings();
        // Signed by nobody of the public ones.
        settings.smtp.roots = None;
        is_kept_back(&unknown, &Post::connector_with(settings)).await;
    }
}

#[tokio::test]
async fn tls_is_not_begun_where_a_server_speaks_none() {
    let plain = Post::start_with(|config| config.privacy = Privacy::None).await;
    let mut settings = plain.settings();
    settings.smtp.security = Security::Tls;
    is_kept_back(&plain, &Post::connector_with(settings)).await;
}

#[tokio::test]
async fn what_stands_in_the_clear_behind_the_answer_to_starttls_is_not_believed() {
    let post = Post::start().await;
    post.fake.fail_next(Stage::StartTls, Fault::Injected(b"250-fake.example\r\n250 AUTH PLAIN\r\n".to_vec()));
    let outcome = post.connector().send(&outgoing("a secret")).await;
    assert!(
        matches!(outcome, Err(SendError::Transient { .. } | SendError::Misconfigured { .. })),
        "{outcome:?}"
    );
    assert_eq!(post.fake.reached(Stage::Auth), 0);
}

#[tokio::test]
async fn a_server_without_plain_is_signed_in_at_with_login() {
    let post = Post::start_with(|config| config.mechanisms = vec!["CRAM-MD5", "LOGIN"]).await;
    post.connector().send(&outgoing("hi")).await.unwrap();
    assert_eq!(post.only().user.as_deref(), Some(USER));
    let unknown = Post::start_with(|config| config.mechanisms = vec!["CRAM-MD5"]).await;
    let refused = unknown.connector().send(&outgoing("hi")).await;
    assert!(matches!(refused, Err(SendError::Misconfigured { .. })), "{refused:?}");
    assert_eq!(unknown.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_relay_on_this_machine_that_asks_for_no_name_is_used_without() {
    let post = Post::start_with(|config| {
        config.privacy = Privacy::None;
        config.login = None;
    })
    .await;
    post.connector().send(&outgoing("hi")).await.unwrap();
    assert_eq!(post.only().user, None);
}

/// Gives these tokens, the last for ever.
struct Tokens {
    tokens: Vec<&'static str>,
    asked: AtomicUsize,
}

impl AccessTokens for Tokens {
    fn access_token(&self, fresh: bool) -> BoxFuture<'_, Result<Secret, ConnectorError>> {
        Box::pin(async move {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            assert_eq!(fresh, asked > 0);
            Ok(Secret::new(self.tokens[asked.min(self.tokens.len() - 1)]))
        })
    }
}

async fn with_tokens(tokens: &[&'static str]) -> (Post, EmailConnector) {
    let post = Post::start_with(|config| config.mechanisms = vec!["PLAIN", "XOAUTH2"]).await;
    let mut settings = post.settings();
    settings.auth = Auth::XOAuth2 {
        user: USER.to_owned(),
        token_url: "https://login.example/token".parse().unwrap(),
        client_id: "rapport".to_owned(),
        client_secret: None,
        refresh_token: None,
        scope: None,
    };
    let source = Tokens { tokens: tokens.to_vec(), asked: AtomicUsize::new(0) };
    let connector = Post::connector_of(settings, Some(Arc::new(source)), None);
    (post, connector)
}

#[tokio::test]
async fn an_access_token_that_was_withdrawn_is_replaced_once() {
    let (post, connector) = with_tokens(&[PASSWORD]).await;
    connector.send(&outgoing("hi")).await.unwrap();
    assert_eq!(post.only().user.as_deref(), Some(USER));
    let (post, connector) = with_tokens(&["old", PASSWORD]).await;
    connector.send(&outgoing("hi")).await.unwrap();
    post.only();
    let (post, connector) = with_tokens(&["old", "wrong"]).await;
    assert_eq!(connector.send(&outgoing("hi")).await, Err(SendError::Unauthorized));
    assert_eq!(post.fake.reached(Stage::Auth), 2);
}

#[tokio::test]
async fn a_connection_is_used_again_and_closed_when_nobody_needs_it() {
    let post = Post::start().await;
    let mut timeouts = impatient();
    timeouts.rest = Duration::from_millis(100);
    let settings = post.settings();
    let sender = Sender::new(&settings, timeouts, None, None).unwrap();
    let connector = EmailConnector::with_sender(settings, sender);
    for text in ["one", "two", "three"] {
        connector.send(&outgoing(text)).await.unwrap();
    }
    assert_eq!((post.fake.reached(Stage::Connect), post.fake.accepted().len()), (1, 3));
    let mut changes = post.fake.subscribe();
    while post.fake.connections().0 > 0 {
        changes.changed().await.unwrap();
    }
    assert_eq!(post.fake.reached(Stage::Quit), 1);
    assert_eq!(post.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_stale_connection_is_replaced_at_once() {
    let post = Post::start().await;
    let connector = post.connector();
    connector.send(&outgoing("one")).await.unwrap();
    post.fake.kick();
    connector.send(&outgoing("two")).await.unwrap();
    post.fake.fail_next(Stage::Mail, Fault::reply("421 4.4.2 timeout, good-bye"));
    connector.send(&outgoing("three")).await.unwrap();
    post.fake.fail_next(Stage::Data, Fault::Cut);
    connector.send(&outgoing("four")).await.unwrap();
    assert_eq!((post.fake.reached(Stage::Connect), post.fake.accepted().len()), (4, 4));
    // What may have been handed over is not tried again by itself.
    post.fake.fail_next(Stage::Dot, Fault::Cut);
    assert_eq!(connector.send(&outgoing("five")).await, Err(SendError::Unknown));
    assert_eq!(post.fake.reached(Stage::Connect), 4);
}

#[tokio::test]
async fn a_refused_recipient_leaves_the_connection_for_the_next() {
    let post = Post::start().await;
    let connector = post.connector();
    post.fake.fail_next(Stage::Rcpt, Fault::reply("550 5.1.1 unknown"));
    connector.send(&outgoing("one")).await.unwrap_err();
    connector.send(&outgoing("two")).await.unwrap();
    assert_eq!((post.fake.reached(Stage::Connect), post.fake.reached(Stage::Reset)), (1, 1));
    assert_eq!(post.only().to, [THEIRS]);
}

#[tokio::test]
async fn many_mails_share_few_connections() {
    let post = Post::start().await;
    let connector = Arc::new(post.connector());
    let sends: Vec<_> = (0..20)
        .map(|_| {
            let connector = Arc::clone(&connector);
            tokio::spawn(async move { connector.send(&outgoing("hi")).await })
        })
        .collect();
    for send in sends {
        send.await.unwrap().unwrap();
    }
    assert_eq!(post.fake.accepted().len(), 20);
    assert!(post.fake.connections().1 <= 3, "{:?}", post.fake.connections());
    assert_eq!(post.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn taking_leave_badly_changes_nothing() {
    for fault in [Fault::Cut, Fault::Silent, Fault::reply("421 4.0.0 gone")] {
        let post = Post::start().await;
        post.fake.fail_next(Stage::Quit, fault);
        post.connector().check().await.unwrap();
        post.connector().send(&outgoing("hi")).await.unwrap();
        post.only();
    }
}

#[tokio::test]
async fn check_signs_in_and_sends_nothing() {
    let post = Post::start().await;
    post.connector().check().await.unwrap();
    let reached = [Stage::Auth, Stage::Noop, Stage::Quit, Stage::Mail].map(|stage| post.fake.reached(stage));
    assert_eq!(reached, [1, 1, 1, 0]);
    let mut settings = post.settings();
    settings.auth = Auth::Password { user: USER.to_owned(), password: Secret::new("wrong") };
    assert_eq!(Post::connector_with(settings).check().await, Err(ConnectorError::Unauthorized));
    post.fake.fail_next(Stage::Auth, Fault::reply("454 4.7.0 later"));
    let checked = post.connector().check().await;
    assert!(matches!(checked, Err(ConnectorError::Transient { .. })), "{checked:?}");
    post.fake.fail_next(Stage::Hello, Fault::Silent);
    let checked = post.connector().check().await;
    assert!(matches!(checked, Err(ConnectorError::Transient { .. })), "{checked:?}");
    post.fake.fail_next(Stage::Connect, Fault::reply("554 5.7.1 you are listed"));
    let checked = post.connector().check().await;
    assert!(matches!(checked, Err(ConnectorError::Misconfigured { .. })), "{checked:?}");
}

#[tokio::test]
async fn both_servers_are_examined_and_each_is_told_with_its_place_and_what_to_change() {
    let post = Post::start().await;
    let mut settings = post.settings();
    let user = "somebody@shop.example".to_owned();
    settings.auth = Auth::Password { user, password: Secret::new("wrong") };
    let findings = EmailConnector::new(settings).unwrap().examine().await;
    let [receiving, sending] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(receiving.part.as_deref(), Some("receiving from localhost:1"));
    assert!(receiving.wrong.is_some(), "nobody listens there");
    assert_eq!(sending.part, Some(format!("sending through localhost:{}", post.fake.port())));
    let refused =
        "the server refuses the sign-in of somebody@shop.example; see the keys auth.user and auth.password";
    assert_eq!(sending.wrong.as_deref(), Some(refused));
    let fine = EmailConnector::new(post.settings()).unwrap().examine().await;
    assert_eq!(fine[1].wrong, None, "a failure of the one says nothing of the other");
}

#[tokio::test]
async fn a_port_that_is_the_wrong_one_is_hinted_at() {
    let wrong = async |post: &Post, settings| {
        let checked = Post::connector_with(settings).check().await.unwrap_err().to_string();
        assert!(checked.contains("port"), "{checked} at {:?}", post.privacy);
    };
    // No AUTH, as at port 25.
    let relay = Post::start_with(|config| config.mechanisms = Vec::new()).await;
    wrong(&relay, relay.settings()).await;
    // It waits for TLS, and we for its greeting.
    let private = Post::start_with(|config| config.privacy = Privacy::Tls).await;
    let mut settings = private.settings();
    settings.smtp.security = Security::StartTls;
    wrong(&private, settings).await;
}

/// Keeps what is put into it.
#[derive(Default)]
struct Folder(Mutex<Vec<Vec<u8>>>, tokio::sync::Notify);

impl SentFolder for Folder {
    fn append(&self, raw: Vec<u8>) -> BoxFuture<'_, ()> {
        self.0.lock().unwrap().push(raw);
        self.1.notify_one();
        Box::pin(async {})
    }
}

#[tokio::test]
async fn what_was_sent_is_put_into_its_folder_once_where_that_is_wanted() {
    let post = Post::start().await;
    let folder = Arc::new(Folder::default());
    let mut settings = post.settings();
    settings.append_sent = true;
    let connector = Post::connector_of(settings, None, Some(folder.clone()));
    let letter = outgoing("hi");
    post.fake.fail_next(Stage::Rcpt, Fault::reply("451 4.3.0 later"));
    connector.send(&letter).await.unwrap_err();
    connector.send(&letter).await.unwrap();
    connector.send(&letter).await.unwrap();
    folder.1.notified().await;
    assert_eq!(*folder.0.lock().unwrap(), [post.only().bytes]);
    let connector = Post::connector_of(post.settings(), None, Some(folder.clone()));
    connector.send(&outgoing("not wanted")).await.unwrap();
    assert_eq!(folder.0.lock().unwrap().len(), 1);
}
