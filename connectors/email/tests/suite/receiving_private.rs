//! Connecting to a mailbox: never in the clear, never with a wrong certificate, and what refusals mean.

use std::sync::Arc;

use rapport_email::{
    Auth, EmailError, EmailSettings, Security, imap::Patience, oauth::OAuth, receiving::Receiving,
    smtp::AccessTokens,
};
use rapport_fakes::{FakeTokens, smtp::Privacy, tls::Certificate};
use rapport_sdk::{
    ConnectorError,
    model::{Health, Secret},
};

use crate::mailbox::{self, Mailbox, impatient, mail};

async fn refusal(mailbox: &Mailbox, settings: EmailSettings) -> String {
    let mut running = mailbox.run_with(settings, &Arc::default());
    match running.end().await {
        Err(ConnectorError::Misconfigured { reason }) => {
            assert_eq!(*running.health.borrow(), Health::Misconfigured { reason: reason.clone() });
            reason
        }
        other => panic!("{other:?}"),
    }
}

async fn receives(mailbox: &Mailbox) {
    let mut running = mailbox.run();
    running.connected().await;
    mailbox.fake.deliver("INBOX", mail("in private"));
    running.until_stored(1).await;
}

#[tokio::test]
async fn mail_is_received_over_tls_from_the_first_byte_and_after_starttls() {
    for privacy in [Privacy::Tls, Privacy::StartTls] {
        receives(&Mailbox::start_with(|config| config.privacy = privacy).await).await;
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_and_no_password_is_shown() {
    for privacy in [Privacy::Tls, Privacy::StartTls] {
        let mailbox = Mailbox::start_with(|config| {
            config.privacy = privacy;
            config.certificate = Certificate::Elsewhere;
        })
        .await;
        let reason = refusal(&mailbox, mailbox.settings()).await;
        assert!(reason.contains("another name"), "{reason}");
        assert!(!mailbox.fake.commands().contains(&"AUTHENTICATE".to_owned()));
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_whom_we_trust_is_refused() {
    let mailbox = Mailbox::start_with(|config| config.privacy = Privacy::Tls).await;
    let mut settings = mailbox.settings();
    settings.imap.roots = None;
    let reason = refusal(&mailbox, settings).await;
    assert!(reason.contains("see the key ca"), "{reason}");
}

#[tokio::test]
async fn without_starttls_nothing_is_said_in_the_clear() {
    // A server that has none, which is what a client sees also when somebody on the way takes it out.
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.imap.security = Security::StartTls;
    let reason = refusal(&mailbox, settings).await;
    assert!(reason.contains("STARTTLS"), "{reason}");
    assert_eq!(mailbox.fake.commands(), ["CAPABILITY"]);
}

#[tokio::test]
async fn a_refused_starttls_and_a_server_that_takes_us_for_signed_in_are_refused() {
    let mailbox = Mailbox::start_with(|config| config.privacy = Privacy::StartTls).await;
    mailbox.fake.answer_next("STARTTLS", &["NO not now"]);
    assert!(refusal(&mailbox, mailbox.settings()).await.contains("TLS"));
    mailbox.fake.greet_next("* PREAUTH welcome back");
    assert!(refusal(&mailbox, mailbox.settings()).await.contains("signed in"));
    assert!(!mailbox.fake.commands().contains(&"AUTHENTICATE".to_owned()));
}

#[tokio::test]
async fn what_is_said_in_the_clear_behind_starttls_is_not_believed() {
    let mailbox = Mailbox::start_with(|config| config.privacy = Privacy::StartTls).await;
    // Somebody on the way adds an answer that would end the sign-in, and one that lacks every mechanism.
    mailbox.fake.inject_after_starttls("* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nR3 OK\r\n");
    receives(&mailbox).await;
}

#[tokio::test]
async fn a_server_elsewhere_is_not_read_without_tls() {
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.imap.host = "192.0.2.1".to_owned();
    let reason = refusal(&mailbox, settings).await;
    assert!(reason.contains("without TLS"), "{reason}");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_named_so() {
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.imap.security = Security::Tls;
    let reason = refusal(&mailbox, settings).await;
    assert!(reason.contains("security"), "{reason}");
}

#[tokio::test]
async fn a_password_that_is_refused_is_unauthorized_and_a_right_one_of_any_letters_works() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.change_password("another");
    let mut running = mailbox.run();
    assert_eq!(running.end().await, Err(ConnectorError::Unauthorized));
    assert_eq!(*running.health.borrow(), Health::Unauthorized);
    for capabilities in [vec!["AUTH=PLAIN"], vec![]] {
        let mailbox = Mailbox::start_with(|config| config.capabilities = capabilities).await;
        let password = "pä\"ss\\ w{3}ord 密";
        mailbox.fake.change_password(password);
        let mut settings = mailbox.settings();
        settings.auth = Auth::Password { user: "support".to_owned(), password: Secret::new(password) };
        mailbox.run_with(settings, &Arc::default()).connected().await;
    }
}

#[tokio::test]
async fn a_server_that_takes_no_password_is_named_so() {
    let mailbox = Mailbox::start_with(|config| config.capabilities = vec!["LOGINDISABLED"]).await;
    let reason = refusal(&mailbox, mailbox.settings()).await;
    assert!(reason.contains("password"), "{reason}");
    assert_eq!(mailbox.fake.commands(), ["CAPABILITY"]);
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    let mailbox = Mailbox::start().await;
    mailbox.fake.greet_next("* BYE Too many connections from your address");
    mailbox.fake.greet_next("* BYE shutting down");
    mailbox.fake.greet_next("220 this is not IMAP");
    mailbox.fake.answer_next("AUTHENTICATE", &["NO [UNAVAILABLE] Temporary authentication failure"]);
    mailbox.fake.answer_next("AUTHENTICATE", &["NO [ALERT] Too many simultaneous connections. (Failure)"]);
    mailbox.fake.answer_next("EXAMINE", &["NO [OVERQUOTA] Account exceeded command or bandwidth limits."]);
    mailbox.fake.answer_next("EXAMINE", &["NO [SERVERBUG] Internal error occurred."]);
    let mut running = mailbox.run();
    running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    running.connected().await;
    assert_eq!(mailbox.fake.connections(), 8);
}

#[tokio::test]
async fn every_folder_that_is_missing_is_named_and_one_that_is_there_is_read() {
    let mailbox = Mailbox::start().await;
    let mut settings = mailbox.settings();
    settings.folders.push("Nowhere".to_owned());
    let mut running = mailbox.run_with(settings.clone(), &Arc::default());
    let degraded = running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    assert!(format!("{degraded:?}").contains("Nowhere"), "{degraded:?}");
    mailbox.fake.deliver("INBOX", mail("all the same"));
    running.until_stored(1).await;
    assert_eq!(running.ingress.complete_up_to(), None);
    mailbox.fake.create("Nowhere");
    running.connected().await;
    settings.folders = vec!["Neither".to_owned()];
    assert!(refusal(&mailbox, settings).await.contains("Neither"));
}

struct Tokens {
    mailbox: Mailbox,
    server: FakeTokens,
}

impl Tokens {
    async fn start() -> Self {
        let mailbox = Mailbox::start_with(|config| config.capabilities = vec!["AUTH=XOAUTH2", "IDLE"]).await;
        mailbox.fake.change_password("token-1");
        Self { mailbox, server: FakeTokens::start().await.unwrap() }
    }

    fn settings(&self, refresh_token: Option<&str>) -> EmailSettings {
        let mut settings = self.mailbox.settings();
        settings.auth = Auth::XOAuth2 {
            user: "support".to_owned(),
            token_url: self.server.url(),
            client_id: "the bridge".to_owned(),
            client_secret: Some(Secret::new("a secret")),
            refresh_token: refresh_token.map(Secret::new),
            scope: Some("mail".to_owned()),
        };
        settings
    }

    fn receiving(settings: EmailSettings) -> Receiving {
        let tokens: Option<Arc<dyn AccessTokens>> = Some(Arc::new(OAuth::new(&settings).unwrap().unwrap()));
        Receiving::new(Arc::new(settings), tokens, impatient()).unwrap()
    }
}

#[tokio::test]
async fn an_access_token_is_asked_for_once_and_again_when_it_is_refused() {
    let tokens = Tokens::start().await;
    let receiving = Tokens::receiving(tokens.settings(Some("refresh-0")));
    let mut running = tokens.mailbox.run_receiving(receiving, &Arc::default());
    running.connected().await;
    for (name, value) in [
        ("grant_type", "refresh_token"),
        ("refresh_token", "refresh-0"),
        ("client_id", "the bridge"),
        ("client_secret", "a secret"),
        ("scope", "mail"),
    ] {
        assert_eq!(tokens.server.asked()[0].get(name).map(String::as_str), Some(value), "{name}");
    }
    tokens.mailbox.fake.kick();
    mailbox::until(|| tokens.mailbox.fake.connections() == 2).await;
    running.connected().await;
    assert_eq!(tokens.server.asked().len(), 1);
    // Revoked: the next one is got with the refresh token that came with the last.
    tokens.mailbox.fake.change_password("token-2");
    tokens.mailbox.fake.kick();
    mailbox::until(|| tokens.server.asked().len() == 2).await;
    tokens.mailbox.fake.deliver("INBOX", mail("with a new token"));
    running.until_stored(1).await;
    assert_eq!(tokens.server.asked()[1]["refresh_token"], "refresh-1");
}

#[tokio::test]
async fn without_a_refresh_token_the_application_asks_in_its_own_name() {
    let tokens = Tokens::start().await;
    let receiving = Tokens::receiving(tokens.settings(None));
    tokens.mailbox.run_receiving(receiving, &Arc::default()).connected().await;
    assert_eq!(tokens.server.asked()[0]["grant_type"], "client_credentials");
}

#[tokio::test]
async fn a_token_that_runs_out_soon_is_not_kept() {
    let tokens = Tokens::start().await;
    tokens.server.expire_in(100);
    let source = OAuth::new(&tokens.settings(None)).unwrap().unwrap();
    for expected in ["token-1", "token-2"] {
        assert_eq!(source.access_token(false).await.unwrap().expose(), expected);
    }
    tokens.server.expire_in(3600);
    for _ in 0..3 {
        assert_eq!(source.access_token(false).await.unwrap().expose(), "token-3");
    }
}

#[tokio::test]
async fn refusals_of_tokens_tell_what_to_change() {
    let tokens = Tokens::start().await;
    let ask = || async {
        let source = OAuth::new(&tokens.settings(Some("r"))).unwrap().unwrap();
        source.access_token(false).await.map(drop).unwrap_err()
    };
    tokens.server.answer_next(400, "{\"error\":\"invalid_grant\",\"error_description\":\"expired\"}");
    assert_eq!(ask().await, ConnectorError::Unauthorized);
    for (status, error, key) in
        [(401, "invalid_client", "client_id"), (400, "invalid_scope", "scope"), (404, "no json", "token_url")]
    {
        tokens.server.answer_next(status, &format!("{{\"error\":\"{error}\"}}"));
        let error = ask().await;
        assert!(
            matches!(&error, ConnectorError::Misconfigured { reason } if reason.contains(key)),
            "{error:?}"
        );
    }
    for (status, body) in [(503, ""), (429, ""), (200, "no json")] {
        tokens.server.answer_next(status, body);
        assert!(matches!(ask().await, ConnectorError::Transient { .. }));
    }
}

#[tokio::test]
async fn a_refused_token_that_stays_refused_is_unauthorized() {
    let tokens = Tokens::start().await;
    tokens.mailbox.fake.change_password("none of them");
    let receiving = Tokens::receiving(tokens.settings(Some("r")));
    let mut running = tokens.mailbox.run_receiving(receiving, &Arc::default());
    assert_eq!(running.end().await, Err(ConnectorError::Unauthorized));
    assert_eq!(tokens.server.asked().len(), 2);
}

#[tokio::test]
async fn tokens_are_not_asked_for_in_the_clear_elsewhere() {
    let tokens = Tokens::start().await;
    let mut settings = tokens.settings(None);
    if let Auth::XOAuth2 { token_url, .. } = &mut settings.auth {
        *token_url = "http://login.example/token".parse().unwrap();
    }
    assert!(matches!(OAuth::new(&settings), Err(EmailError::TokenUrl)));
    let without = Receiving::new(Arc::new(settings), None, Patience::default());
    assert!(matches!(without, Err(EmailError::AccessTokens)));
}
