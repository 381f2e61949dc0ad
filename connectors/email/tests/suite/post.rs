//! An inbox whose mail goes to a fake server.

use std::{sync::Arc, time::Duration};

use rapport_email::{
    EmailConnector, EmailSettings, Security, Server,
    smtp::{AccessTokens, Sender, SentFolder, Timeouts},
};
use rapport_fakes::smtp::{AcceptedMail, FakeSmtp, FakeSmtpConfig, Privacy};
use rapport_sdk::model::{
    Address,
    id::OutboxId,
    letter::Heading,
    outbound::{Media, Outgoing, Part},
};

use crate::mailbox;
pub use crate::mailbox::{OURS, THEIRS};

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
        let security = match self.privacy {
            Privacy::None => Security::None,
            Privacy::StartTls => Security::StartTls,
            Privacy::Tls => Security::Tls,
        };
        let settings = mailbox::settings(1, security);
        EmailSettings {
            name: Some("The Shop".to_owned()),
            smtp: Server { port: self.fake.port(), ..settings.smtp.clone() },
            ..settings
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
