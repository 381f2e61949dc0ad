//! An inbox whose mail goes to a fake server.

use std::{sync::Arc, time::Duration};

use rapport_email::{
    Auth, EmailConnector, EmailSettings, Security, Server, Start,
    smtp::{AccessTokens, Sender, SentFolder, Timeouts},
};
use rapport_fakes::smtp::{AcceptedMail, FakeSmtp, FakeSmtpConfig, Privacy};
use rapport_sdk::model::{
    Address, Secret,
    id::{InboxId, OutboxId},
    letter::Heading,
    outbound::{Media, Outgoing, Part},
};

pub const OURS: &str = "support@shop.example";
pub const THEIRS: &str = "anna@customer.example";
pub const USER: &str = "support";
pub const PASSWORD: &str = "a password";

pub struct Post {
    pub fake: FakeSmtp,
    pub privacy: Privacy,
}

impl Post {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut FakeSmtpConfig)) -> Self {
        let login = Some((USER.to_owned(), PASSWORD.to_owned()));
        let mut config = FakeSmtpConfig { login, ..FakeSmtpConfig::default() };
        adjust(&mut config);
        let privacy = config.privacy;
        Self { fake: FakeSmtp::start(config).await.unwrap(), privacy }
    }

    pub fn settings(&self) -> EmailSettings {
        let server = |port| Server {
            host: "localhost".to_owned(),
            port,
            security: match self.privacy {
                Privacy::None => Security::None,
                Privacy::StartTls => Security::StartTls,
                Privacy::Tls => Security::Tls,
            },
            roots: Some(rapport_fakes::tls::ROOT.to_owned()),
        };
        EmailSettings {
            inbox: InboxId::from("shop"),
            addresses: vec![Address::new(OURS)],
            name: Some("The Shop".to_owned()),
            elsewhere: Vec::new(),
            imap: server(1),
            smtp: server(self.fake.port()),
            auth: Auth::Password { user: USER.to_owned(), password: Secret::new(PASSWORD) },
            folders: vec!["INBOX".to_owned()],
            sent_folder: None,
            append_sent: false,
            start: Start::Now,
            authserv_id: None,
            plus_addressing: false,
            relays: Vec::new(),
            token_keys: vec![Secret::new("a key of at least thirty-two bytes")],
            largest_mail: 30 << 20,
            largest_files: 20 << 20,
            poll_interval: Duration::from_mins(1),
        }
    }

    pub fn connector(&self) -> EmailConnector {
        Self::connector_with(self.settings())
    }

    pub fn connector_with(settings: EmailSettings) -> EmailConnector {
        Self::connector_of(settings, None, None)
    }

    pub fn connector_of(
        settings: EmailSettings,
        tokens: Option<Arc<dyn AccessTokens>>,
        sent: Option<Arc<dyn SentFolder>>,
    ) -> EmailConnector {
        let sender = Sender::new(&settings, impatient(), tokens, sent).unwrap();
        EmailConnector::with_sender(settings, sender)
    }

    /// The only mail that was accepted.
    pub fn only(&self) -> AcceptedMail {
        let mut mails = self.fake.accepted();
        assert_eq!(mails.len(), 1);
        assert_eq!(self.fake.violations(), Vec::<String>::new());
        mails.remove(0)
    }
}

/// What silence costs in a test.
pub fn impatient() -> Timeouts {
    let short = Duration::from_millis(400);
    Timeouts {
        connect: Duration::from_secs(5),
        reply: short,
        text: short,
        last: short,
        rest: Duration::from_secs(5),
    }
}

pub fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        key: OutboxId::new(),
        attempt: 0,
        thread: "a thread".into(),
        from: Address::new(OURS),
        to: Address::new(THEIRS),
        automatic: false,
        reply_to: None,
        heading: Heading::default(),
        part: Part { text: text.to_owned(), ..Part::default() },
        media: Vec::new(),
    }
}

pub fn file(name: &str, content_type: &str, bytes: &[u8]) -> Media {
    Media {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        link: String::new(),
        bytes: Some(bytes.to_vec()),
    }
}
