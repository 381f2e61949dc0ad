//! An inbox whose mail is read from a fake mailbox.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part of it")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rapport_email::{Auth, EmailSettings, Security, Server, Start, imap::Patience, receiving::Receiving};
use rapport_fakes::{
    imap::{FakeImap, FakeImapConfig},
    smtp::Privacy,
};
use rapport_sdk::{
    ConnectorError, Context, HealthReporter,
    conformance::MemoryIngress,
    model::{
        Address, Clock, Health, InboundEvent, Secret, Timestamp,
        event::InboundMessage,
        id::{InboxId, Scope},
    },
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub const OURS: &str = "support@shop.example";
pub const THEIRS: &str = "anna@customer.example";
/// 2026-09-21T14:13:20Z
pub const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub const DAY: Duration = Duration::from_hours(24);

/// A clock that goes on by a millisecond with each look at it, and by days when it is told to.
pub struct Ticking(AtomicI64);

impl Ticking {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

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
    Arc::new(Ticking(AtomicI64::new(NOW.millis())))
}

/// Runs the receiving side.
pub fn run(receiving: Receiving, clock: Arc<dyn Clock>, ingress: &Arc<MemoryIngress>) -> Running {
    let (reporter, health) = HealthReporter::new();
    let shutdown = CancellationToken::new();
    let context = Context { ingress: ingress.clone(), health: reporter, clock, shutdown: shutdown.clone() };
    let task = tokio::spawn(async move { receiving.run(context).await });
    Running { ingress: Arc::clone(ingress), health, shutdown, task: Some(task) }
}

/// Receiving that runs until it is dropped.
pub struct Running {
    pub ingress: Arc<MemoryIngress>,
    pub health: watch::Receiver<Health>,
    pub shutdown: CancellationToken,
    task: Option<JoinHandle<Result<(), ConnectorError>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Running {
    /// Waits until it fares like this.
    pub async fn until_health(&mut self, wanted: impl Fn(&Health) -> bool) -> Health {
        let waiting = self.health.wait_for(|health| wanted(health));
        let found = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        match found {
            Ok(Ok(health)) => health.clone(),
            other => panic!("it does not fare so: {other:?}"),
        }
    }

    /// Waits until the folders were read to their end.
    pub async fn connected(&mut self) {
        self.until_health(|health| *health == Health::Connected).await;
    }

    /// Waits until so many messages are stored.
    pub async fn until_stored(&self, count: usize) {
        until(|| self.ingress.messages().len() >= count).await;
    }

    /// Ends it, and waits until it has ended.
    pub async fn stop(mut self) -> Result<(), ConnectorError> {
        self.shutdown.cancel();
        self.end().await
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) -> Result<(), ConnectorError> {
        let task = self.task.take().expect("it ends once");
        tokio::time::timeout(Duration::from_secs(20), task).await.expect("it does not end").unwrap()
    }

    /// The texts that are stored, in their order.
    pub fn texts(&self) -> Vec<String> {
        self.ingress.messages().into_iter().map(|message| message.text).collect()
    }

    /// What is parked: the ids, and what there is of each.
    pub fn parked(&self) -> Vec<(String, Vec<u8>)> {
        let parked = |event| match event {
            InboundEvent::Unreadable { id, raw, .. } => Some((id.to_string(), raw.bytes)),
            _ => None,
        };
        self.ingress.stored().into_iter().filter_map(parked).collect()
    }

    /// The resume point of a folder.
    pub async fn cursor(&self, folder: &str) -> Option<String> {
        use rapport_sdk::Ingress as _;
        let cursor = self.ingress.cursor(&Scope::from(folder)).await.unwrap();
        cursor.map(|cursor| cursor.as_str().to_owned())
    }
}

/// Waits for something that has to happen.
pub async fn until(happened: impl Fn() -> bool) {
    let wait = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it did not happen");
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
