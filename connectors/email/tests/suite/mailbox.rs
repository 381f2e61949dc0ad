//! An inbox whose mail is read from a fake mailbox.

use std::{sync::Arc, time::Duration};

use rapport_email::{Auth, EmailSettings, Security, Server, Start, imap::Patience, receiving::Receiving};
use rapport_fakes::{
    imap::{FakeImap, FakeImapConfig},
    smtp::Privacy,
};
use rapport_sdk::{
    conformance::MemoryIngress,
    model::{Address, Clock, Secret, Timestamp, event::InboundMessage, id::InboxId},
};

pub use rapport_sdk::conformance::{Running, Ticking, until};

pub const OURS: &str = "support@shop.example";
pub const THEIRS: &str = "anna@customer.example";
/// 2026-09-21T14:13:20Z
pub const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub const DAY: Duration = Duration::from_hours(24);

/// What silence costs in a test.
pub fn impatient() -> Patience {
    let millis = Duration::from_millis;
    Patience {
        connect: Duration::from_secs(2),
        silence: millis(700),
        answer: Duration::from_secs(20),
        idle: Duration::from_secs(30),
        back_off: (millis(5), millis(40)),
        throttled: millis(300),
        retry: millis(20),
    }
}

pub struct Mailbox {
    pub fake: FakeImap,
    pub clock: Arc<Ticking>,
    pub privacy: Privacy,
}

impl Mailbox {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut FakeImapConfig)) -> Self {
        let clock = clock();
        let mut config = FakeImapConfig::new(clock.clone());
        config.privacy = Privacy::None;
        adjust(&mut config);
        let privacy = config.privacy;
        Self { fake: FakeImap::start(config).await.unwrap(), clock, privacy }
    }

    pub fn settings(&self) -> EmailSettings {
        let security = match self.privacy {
            Privacy::None => Security::None,
            Privacy::StartTls => Security::StartTls,
            Privacy::Tls => Security::Tls,
        };
        settings(self.fake.port(), security)
    }

    pub fn run(&self) -> Running {
        self.run_with(self.settings(), &Arc::default())
    }

    pub fn run_with(&self, settings: EmailSettings, ingress: &Arc<MemoryIngress>) -> Running {
        self.run_receiving(receiving(settings), ingress)
    }

    pub fn run_receiving(&self, receiving: Receiving, ingress: &Arc<MemoryIngress>) -> Running {
        run(receiving, self.clock.clone(), ingress)
    }
}

/// An inbox whose mailbox is at this port.
pub fn settings(port: u16, security: Security) -> EmailSettings {
    let roots = Some(rapport_fakes::tls::ROOT.to_owned());
    let server = |port| Server { host: "localhost".to_owned(), port, security, roots: roots.clone() };
    EmailSettings {
        inbox: InboxId::from("shop"),
        addresses: vec![Address::new(OURS)],
        name: None,
        elsewhere: Vec::new(),
        imap: server(port),
        smtp: server(1),
        auth: Auth::Password { user: "support".to_owned(), password: Secret::new("a password") },
        folders: vec!["INBOX".to_owned()],
        sent_folder: None,
        append_sent: false,
        start: Start::Now,
        authserv_id: None,
        plus_addressing: false,
        relays: Vec::new(),
        token_keys: vec![Secret::new("a key of at least thirty-two bytes")],
        largest_mail: 1 << 20,
        largest_files: 20 << 20,
        poll_interval: Duration::from_millis(150),
    }
}

/// A clock of the tests' own time.
pub fn clock() -> Arc<Ticking> {
    Ticking::at(NOW)
}

/// Runs the receiving side.
pub fn run(receiving: Receiving, clock: Arc<dyn Clock>, ingress: &Arc<MemoryIngress>) -> Running {
    Running::start(clock, ingress, |context| async move { receiving.run(context).await })
}

/// A mail of a customer.
pub fn mail(text: &str) -> Vec<u8> {
    mail_between(THEIRS, OURS, text)
}

pub fn receiving(settings: EmailSettings) -> Receiving {
    Receiving::new(Arc::new(settings), None, impatient()).unwrap()
}

pub fn mail_between(from: &str, to: &str, text: &str) -> Vec<u8> {
    let lines = text.replace('\n', "\r\n");
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: A question\r\nMessage-ID: <{}@customer.example>\r\n\
         Date: Mon, 21 Sep 2026 14:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{lines}\r\n",
        text.bytes().take(40).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(),
    )
    .into_bytes()
}

/// The ids of messages: none may be there twice.
pub fn ids(messages: &[InboundMessage]) -> Vec<String> {
    messages.iter().map(|message| message.id.to_string()).collect()
}
