//! A running bridge with one mailbox on real servers, wires to them that can be cut, and an associate.

use std::{
    collections::BTreeMap,
    fs,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rapport::{
    clock::SystemClock,
    config::{self, Source},
    server::Server,
};
use rapport_fakes::{
    mailserver::{MailServer, PASSWORD, Proxy},
    tls::ROOT,
};
use rapport_model::{Clock, Timestamp};
use serde_json::Value;

use crate::{
    desk::{Desk, messages_of, until},
    letter::{Letter, Mail},
    testing::Fresh,
};

/// The address of our mailbox.
pub(crate) const OURS: &str = "support@shop.example";
/// Another address of it.
pub(crate) const ALSO_OURS: &str = "hello@shop.example";
/// Customers.
pub(crate) const JO: &str = "jo@customers.example";
pub(crate) const MO: &str = "mo@customers.example";

/// The machine's time, as the servers have it, and what a story lets pass beyond it.
#[derive(Debug, Default)]
pub(crate) struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().millis() + self.0.load(Ordering::SeqCst))
    }
}

/// How the bridge hands in mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    StartTls,
    /// The bridge does not know who signed the server's certificate.
    Untrusted,
    /// Every byte counts.
    Clear,
}

pub(crate) struct Shop {
    bridge: Option<Server>,
    pub(crate) servers: MailServer,
    /// Between the bridge and Dovecot.
    pub(crate) imap: Proxy,
    /// Between the bridge and Postfix.
    pub(crate) smtp: Proxy,
    way: Way,
    clock: Arc<Ahead>,
    desk: Desk,
    fresh: Fresh,
}

/// What an associate does and sees there.
impl Deref for Shop {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Shop {
    pub(crate) async fn start(fresh: Fresh) -> Self {
        Self::start_with(fresh, Way::StartTls).await
    }

    pub(crate) async fn start_with(fresh: Fresh, way: Way) -> Self {
        let servers = MailServer::start().await;
        let imap = Proxy::to(servers.imaps_port()).await;
        let smtp = Proxy::to(match way {
            Way::StartTls | Way::Untrusted => servers.submission_port(),
            Way::Clear => servers.clear_submission_port(),
        })
        .await;
        fs::write(fresh.folder.join("ca.pem"), ROOT).unwrap();
        let (clock, desk) = (Arc::default(), Desk::new());
        let mut shop = Self { bridge: None, servers, imap, smtp, way, clock, desk, fresh };
        shop.start_again().await;
        shop.desk.sign_in(shop.bridge.as_ref().unwrap()).await;
        // Only what comes from then on is read.
        shop.until_health("connected").await;
        shop
    }

    pub(crate) async fn start_again(&mut self) {
        let security = if self.way == Way::Clear { "none" } else { "starttls" };
        let folder = self.fresh.folder.display();
        let ca =
            if self.way == Way::Untrusted { String::new() } else { format!("ca = \"{folder}/ca.pem\"\n") };
        let text = format!(
            "data_dir = \"{folder}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[queue]\nundo_seconds = 0\n\
             [inbox.mail]\nname = \"The Shop\"\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\n\
             addresses = [\"{OURS}\", \"{ALSO_OURS}\"]\n\
             [inbox.mail.email]\nsent_folder = \"Sent\"\nappend_sent = true\nplus_addressing = true\n\
             authserv_id = \"mx.shop.example\"\n\
             [inbox.mail.email.imap]\nhost = \"localhost\"\nport = {}\nca = \"{folder}/ca.pem\"\n\
             [inbox.mail.email.smtp]\nhost = \"localhost\"\nport = {}\nsecurity = \"{security}\"\n{ca}\
             [inbox.mail.email.auth]\nuser = \"{OURS}\"\npassword = {{ env = \"MAIL_PASSWORD\" }}\n",
            self.imap.port(),
            self.smtp.port(),
        );
        let env = BTreeMap::from([
            ("RAPPORT__STORE__URL".to_owned(), self.fresh.url.clone()),
            ("MAIL_PASSWORD".to_owned(), PASSWORD.to_owned()),
        ]);
        let loaded = config::load(&Source { file: Some(("story.toml".to_owned(), text)), env });
        let bridge = Server::start(loaded.into_config().unwrap(), self.clock.clone()).await.unwrap();
        self.desk.turn_to(&bridge);
        self.bridge = Some(bridge);
    }

    pub(crate) async fn stop(&mut self) {
        self.bridge.take().unwrap().stop().await;
    }

    /// How the inbox fares.
    pub(crate) async fn health(&self) -> String {
        let inboxes = self.get("/api/v1/inboxes").await;
        inboxes["items"][0]["health"]["state"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn until_health(&self, state: &str) {
        until(&format!("the inbox is {state}"), async || self.health().await == state).await;
    }

    /// Lets time pass for the bridge, and tells it so.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        self.bridge.as_ref().unwrap().engine().store().nudge();
    }

    /// Hands a letter to the shop's mail server, as the sender's does.
    pub(crate) async fn receive(&self, letter: &Letter) {
        self.servers.deliver(&letter.from, &letter.recipient(), &letter.raw()).await;
    }

    /// All that customers wrote, in whatever view it stands: the conversation of each, and the message.
    pub(crate) async fn inbound(&self) -> Vec<Value> {
        let mut found = Vec::new();
        for view in ["all", "automatic", "suspected", "closed"] {
            for row in self.view(view).await {
                found.extend(messages_of(&self.open(&row).await, "inbound"));
            }
        }
        found
    }

    /// Waits until so many messages came in.
    pub(crate) async fn until_inbound(&self, many: usize) -> Vec<Value> {
        until(&format!("{many} messages came in"), async || self.inbound().await.len() >= many).await;
        self.inbound().await
    }

    /// A letter comes in, as the next one after `before`: the message.
    pub(crate) async fn take_in(&self, letter: &Letter) -> Value {
        let before = self.inbound().await;
        self.receive(letter).await;
        let after = self.until_inbound(before.len() + 1).await;
        let is_new = |message: &&Value| before.iter().all(|known| known["id"] != message["id"]);
        after.iter().find(is_new).unwrap().clone()
    }

    /// The mails in somebody's mailbox, once there are so many.
    pub(crate) async fn mailbox(&self, user: &str, many: usize) -> Vec<Mail> {
        let mails = self.servers.until_inbox(user, many).await;
        mails.into_iter().map(Mail).collect()
    }

    /// A customer's letter came in and was acknowledged: what the customer wrote.
    pub(crate) async fn with_letter(&self, from: &str, subject: &str, text: &str) -> Letter {
        let letter = Letter::new(from, subject, text);
        let had = self.servers.inbox(from).len();
        self.take_in(&letter).await;
        self.mailbox(from, had + 1).await;
        letter
    }
}
