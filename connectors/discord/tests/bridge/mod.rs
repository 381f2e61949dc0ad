//! A fake Discord and connectors for it.

#![allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "each test file uses its own part of it"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    time::Duration,
};

use rapport_discord::{DiscordConnector, DiscordSettings, GoOn};
use rapport_fakes::discord::{Customer, FakeDiscord, FakeDiscordConfig, Fault, Operation, Snowflake};
use rapport_sdk::{
    BoxFuture, Connector, Ingress, WebhookRequest,
    conformance::{Failure, Harness, MemoryIngress},
    http::Timeouts,
    model::{
        Address, Clock, Secret, Timestamp,
        id::{InboxId, OutboxId, Scope},
        letter::Heading,
        outbound::{Outgoing, Part},
    },
};

pub use rapport_sdk::conformance::{Running, Ticking, until};

type Attached = Mutex<Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>>;

/// A fake server with one customer.
pub struct Bridge {
    pub fake: FakeDiscord,
    pub clock: Arc<Ticking>,
    pub ada: Customer,
    attached: Attached,
    offered: Mutex<HashMap<String, Snowflake>>,
}

impl Bridge {
    pub async fn start() -> Arc<Self> {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut FakeDiscordConfig)) -> Arc<Self> {
        let clock = Ticking::at(Timestamp(1_790_000_000_000));
        let mut config = FakeDiscordConfig::new(clock.clone());
        // A new process knows nothing of the last one's session.
        config.identify_pace = Duration::ZERO;
        adjust(&mut config);
        let fake = FakeDiscord::start(config).await.unwrap();
        let ada = fake.customer("Ada");
        Arc::new(Self { fake, clock, ada, attached: Mutex::default(), offered: Mutex::default() })
    }

    pub fn settings(&self) -> DiscordSettings {
        let token = Secret::new(self.fake.token());
        let mut settings = DiscordSettings::new(InboxId::from("shop"), token, self.fake.api_base());
        settings.address = Some(Address::new(self.fake.bot().to_string()));
        settings.support_channel = Some(self.fake.support().to_string());
        settings.go_on = Some(GoOn { before: "Automated: _".to_owned(), after: ", Shop & Co".to_owned() });
        settings.forum_channel = Some(self.fake.forum().to_string());
        settings.timeouts = Timeouts { connect: Duration::from_secs(1), total: Duration::from_secs(2) };
        settings
    }

    pub fn discord(&self) -> Arc<DiscordConnector> {
        self.with(|_| {})
    }

    pub fn with(&self, change: impl FnOnce(&mut DiscordSettings)) -> Arc<DiscordConnector> {
        let mut settings = self.settings();
        change(&mut settings);
        Arc::new(DiscordConnector::new(settings).unwrap())
    }

    /// Runs a connector.
    pub fn run(&self, connector: Arc<dyn Connector>, ingress: &Arc<MemoryIngress>) -> Running {
        Running::connector(connector, self.clock.clone(), ingress)
    }

    /// Runs the connector of the settings until it is connected.
    pub async fn up(&self) -> (Arc<DiscordConnector>, Running) {
        let connector = self.discord();
        let mut running = self.run(connector.clone(), &Arc::new(MemoryIngress::default()));
        running.connected().await;
        (connector, running)
    }

    /// A part for this thread and person.
    pub fn part(&self, thread: &str, to: Snowflake, text: &str) -> Outgoing {
        Outgoing {
            key: OutboxId::new(),
            attempt: 0,
            thread: thread.into(),
            from: Address::new(self.fake.bot().to_string()),
            to: Address::new(to.to_string()),
            automatic: false,
            reply_to: None,
            heading: Heading::default(),
            part: Part { text: text.to_owned(), ..Part::default() },
            media: Vec::new(),
        }
    }
}

impl Harness for Bridge {
    fn connector(&self) -> Arc<dyn Connector> {
        self.discord()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn attach(&self, bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>) {
        *self.attached.lock().unwrap() = bridge;
    }

    fn offer(&self, text: &str) -> BoxFuture<'_, ()> {
        let id = self.ada.write_dm(text);
        self.offered.lock().unwrap().insert(text.to_owned(), id);
        Box::pin(std::future::ready(()))
    }

    fn offer_again(&self, text: &str) -> BoxFuture<'_, ()> {
        let message = self.offered.lock().unwrap()[text];
        // An update without a change: the message is looked at again.
        self.fake.unfurl(self.ada.dm(), message, false);
        Box::pin(std::future::ready(()))
    }

    fn offer_garbage(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            for garbage in ["", "\0", "**", "<@", "```", "\u{202e}\u{200d}", "[]()", "> ", "\\"] {
                self.ada.write_dm(garbage);
            }
            self.fake.webhook_writes(self.fake.support(), Snowflake(7), "\0", "\u{feff}");
            self.ada.post(self.fake.forum(), "", "\\");
            self.ada.react(self.ada.dm(), Snowflake(1), "x");
        })
    }

    fn is_acknowledged(&self, text: &str) -> bool {
        let Some(message) = self.offered.lock().unwrap().get(text).copied() else { return false };
        let Some((_, ingress)) = self.attached.lock().unwrap().clone() else { return false };
        let scope = Scope(self.ada.dm().to_string());
        let mut cursor = ingress.cursor(&scope);
        // The ingress of the kit answers at once.
        let context = &mut std::task::Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(cursor)) = std::future::Future::poll(cursor.as_mut(), context) else {
            return false;
        };
        cursor.is_some_and(|cursor| cursor.as_str().parse::<u64>().unwrap() >= message.0)
    }

    fn outgoing(&self, text: &str) -> Outgoing {
        self.part(&format!("channel/{}", self.ada.dm()), self.ada.id(), text)
    }

    fn fail_next_send(&self, failure: Failure) {
        let fault = match failure {
            Failure::Overloaded => {
                Fault::RateLimited { after: Duration::from_millis(50), global: false, headers: true }
            }
            Failure::Refused => Fault::Refused { status: 403, code: 50007 },
            Failure::WrongCredentials => Fault::Unauthorized,
            Failure::LostAnswer => Fault::ActedThenCut,
        };
        self.fake.fail_next(Operation::Send, fault);
    }

    fn sent(&self) -> Vec<(String, String)> {
        let sent = self.fake.sent().into_iter();
        sent.map(|sent| (format!("{}/{}", sent.channel, sent.id), sent.content)).collect()
    }

    fn footprint(&self) -> String {
        format!("{:?} {:?}", self.fake.sent(), self.ada.places())
    }

    fn webhook_requests(&self, _: &str) -> Option<(WebhookRequest, WebhookRequest)> {
        None
    }
}
