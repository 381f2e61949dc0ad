//! R-03 against a real Dovecot and a real store: a connection that is cut after any byte of a session, from
//! the greeting over the fetching of mails to the news that comes while it waits, loses and doubles nothing.
//!
//! It is the bridge's engine with the connector as it is, but for its patience: with pauses of seconds between
//! tries, three hundred cuts would take as many. A session mostly waits for the server to tell of news, so
//! that several mailboxes take turns at the places.

use std::{collections::BTreeMap, fmt::Write as _, str::FromStr as _, sync::Arc, time::Duration};

use futures_util::future::join_all;
use rapport::{
    clock::SystemClock,
    config::{self, Source},
    engine::{Engine, MediaLinks, Setup},
    server::open_store_only,
    store::Blobs,
};
use rapport_email::{
    Auth, EmailConnector, EmailSettings, Security, Server, Start,
    imap::Patience,
    receiving::Receiving,
    smtp::{Sender, Timeouts},
};
use rapport_fakes::mailserver::{Direction, MailServer, PASSWORD, Proxy};
use rapport_model::{Address, Health, Secret, id::InboxId};
use rapport_sdk::{Connector, http::SafeFetch};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use url::Url;

use crate::{desk::until, letter::Letter, testing::Fresh};

/// So many places of a session are tried.
const CUTS: u64 = 300;
/// In so many mailboxes at once.
const MAILBOXES: u64 = 12;
/// Two mails are there when a session begins, and one and one come while it waits.
const A_SESSION: u64 = 4;

/// One of the mailboxes, the inbox that reads it, and the wire between.
struct Mailbox {
    inbox: InboxId,
    address: String,
    wire: Proxy,
    books: SqliteConnection,
    written: u64,
}

impl Mailbox {
    async fn new(number: u64, servers: &MailServer, store: &str) -> Self {
        let wire = Proxy::to(servers.imap_port()).await;
        let books = SqliteConnectOptions::from_str(store).unwrap().busy_timeout(Duration::from_secs(20));
        let books = SqliteConnection::connect_with(&books.create_if_missing(true)).await.unwrap();
        let address = format!("support{number}@shop.example");
        Self { inbox: InboxId(format!("mail{number}")), address, wire, books, written: 0 }
    }

    fn connector(&self) -> Arc<dyn Connector> {
        let server =
            |port| Server { host: "localhost".to_owned(), port, security: Security::None, roots: None };
        let settings = EmailSettings {
            inbox: self.inbox.clone(),
            addresses: vec![Address::new(&*self.address)],
            name: None,
            elsewhere: Vec::new(),
            imap: server(self.wire.port()),
            smtp: server(1),
            auth: Auth::Password { user: self.address.clone(), password: Secret::new(PASSWORD) },
            folders: vec!["INBOX".to_owned()],
            sent_folder: None,
            append_sent: false,
            start: Start::Now,
            authserv_id: None,
            plus_addressing: false,
            relays: Vec::new(),
            token_keys: vec![Secret::new("a key of at least thirty-two bytes")],
            largest_mail: 1 << 20,
            largest_files: 1 << 20,
            poll_interval: Duration::from_mins(1),
        };
        let millis = Duration::from_millis;
        let patience =
            Patience { back_off: (millis(20), millis(100)), retry: millis(20), ..Patience::default() };
        let sender = Sender::new(&settings, Timeouts::default(), None, None).unwrap();
        let receiving = Receiving::new(Arc::new(settings.clone()), None, patience).unwrap();
        Arc::new(EmailConnector::with_sender(settings, sender).and_receiving(receiving))
    }

    async fn until_connected(&self, engine: &Engine, is_so: bool) {
        let health = || engine.inboxes().into_iter().find(|inbox| inbox.id == self.inbox).unwrap().health;
        until("the inbox notices", async || (health() == Health::Connected) == is_so).await;
    }

    async fn write(&mut self, servers: &MailServer) {
        let letter = self.letter(self.written);
        let letter = Letter::new(&format!("jo-{}@customers.example", self.inbox), "A question", &letter);
        servers.deliver(&letter.from, &self.address, &letter.raw()).await;
        self.written += 1;
        servers.until_inbox(&self.address, usize::try_from(self.written).unwrap()).await;
    }

    fn letter(&self, number: u64) -> String {
        format!("letter {number} to {}", self.inbox)
    }

    /// How often each letter was stored.
    async fn stored(&mut self) -> BTreeMap<String, usize> {
        let sql = "SELECT text FROM messages WHERE kind = 'inbound' AND inbox_id = $1";
        let texts = sqlx::query_scalar(sql).bind(self.inbox.as_str()).fetch_all(&mut self.books).await;
        texts.unwrap().into_iter().fold(BTreeMap::new(), |mut counts, text| {
            *counts.entry(text).or_default() += 1;
            counts
        })
    }

    async fn has_all(&mut self) -> bool {
        self.stored().await.len() as u64 >= self.written
    }

    /// One session from its greeting to the news that comes while it waits: how many bytes the server sent
    /// up to the first news, and whether it was cut.
    async fn session(&mut self, servers: &MailServer, engine: &Engine, cut: Option<u64>) -> (u64, bool) {
        self.wire.close();
        self.until_connected(engine, false).await;
        self.write(servers).await;
        self.write(servers).await;
        let before = self.wire.connections();
        match cut {
            Some(bytes) => self.wire.cut_after(Direction::Down, bytes),
            None => self.wire.forward(),
        }
        let is_cut = |wire: &Proxy| {
            let is_at_it = cut.is_some_and(|bytes| wire.passed(Direction::Down) >= bytes);
            wire.connections() > before + 1 || (wire.connections() > before && is_at_it)
        };
        let mut bytes = 0;
        for _ in 0..2 {
            until("it was cut, or has all", async || is_cut(&self.wire) || self.has_all().await).await;
            bytes = self.wire.passed(Direction::Down);
            self.write(servers).await;
        }
        // Behind the last news stands more than what is still under way at the one before.
        until("it was cut, or has all", async || is_cut(&self.wire) || self.has_all().await).await;
        let was_cut = is_cut(&self.wire);
        self.wire.forward();
        until("all letters are stored", async || self.has_all().await).await;
        self.until_connected(engine, true).await;
        (bytes, was_cut)
    }
}

/// The engine with an inbox for each mailbox, and a store of its own.
async fn engine(fresh: &Fresh, mailboxes: &[Mailbox]) -> Engine {
    let mut text = format!("data_dir = \"{}\"\n[bot]\nenabled = false\n", fresh.folder.display());
    for Mailbox { inbox, address, .. } in mailboxes {
        let at = format!("inbox.{inbox}.email");
        write!(
            text,
            "[inbox.{inbox}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{address}\"]\n[{at}]\n\
             [{at}.imap]\nhost = \"localhost\"\n[{at}.smtp]\nhost = \"localhost\"\n\
             [{at}.auth]\nuser = \"{address}\"\npassword = {{ env = \"MAIL_PASSWORD\" }}\n"
        )
        .unwrap();
    }
    let env = BTreeMap::from([
        ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
        ("MAIL_PASSWORD".to_owned(), PASSWORD.to_owned()),
    ]);
    let config =
        config::load(&Source { file: Some(("story.toml".to_owned(), text)), env }).into_config().unwrap();
    let clock = Arc::new(SystemClock);
    let (store, _) = open_store_only(&config, clock.clone()).await.unwrap();
    Engine::start(Setup {
        config: Arc::new(config),
        store,
        blobs: Blobs::open(&fresh.folder.join("files")).unwrap(),
        clock,
        connectors: mailboxes.iter().map(|mailbox| (mailbox.inbox.clone(), mailbox.connector())).collect(),
        links: MediaLinks::new(Secret::new("a key"), Url::parse("http://localhost").unwrap()),
        pictures: SafeFetch::new(None, rapport_sdk::http::Timeouts::default()).unwrap(),
    })
}

#[tokio::test]
async fn three_hundred_cuts_of_a_session_lose_nothing_and_double_nothing() {
    let (fresh, servers) = (Fresh::sqlite(), MailServer::start().await);
    let numbers = 0..MAILBOXES;
    let mut mailboxes = join_all(numbers.map(|number| Mailbox::new(number, &servers, &fresh.url))).await;
    let engine = engine(&fresh, &mailboxes).await;
    join_all(mailboxes.iter().map(|mailbox| mailbox.until_connected(&engine, true))).await;

    let (whole, was_cut) = mailboxes[0].session(&servers, &engine, None).await;
    assert!(!was_cut, "by itself it takes one connection");
    assert!(whole > 2 * CUTS, "{whole}");
    let sweep = mailboxes.iter_mut().zip(0..).map(async |(mailbox, first)| {
        let mut cut = 0;
        for place in (first..CUTS).step_by(usize::try_from(MAILBOXES).unwrap()) {
            let (_, was_cut) = mailbox.session(&servers, &engine, Some(place * whole / CUTS)).await;
            cut += u64::from(was_cut);
        }
        cut
    });
    let cut: u64 = join_all(sweep).await.into_iter().sum();

    let (mut written, mut lost, mut doubled) = (0, 0, 0);
    for mailbox in &mut mailboxes {
        let stored = mailbox.stored().await;
        written += mailbox.written;
        lost += (0..mailbox.written).filter(|&number| !stored.contains_key(&mailbox.letter(number))).count();
        doubled += stored.values().filter(|&&times| times > 1).count();
    }
    let parked = "SELECT count(*) FROM parked";
    let parked: i64 = sqlx::query_scalar(parked).fetch_one(&mut mailboxes[0].books).await.unwrap();
    println!(
        "{CUTS} places in {whole} bytes, {cut} sessions cut: {written} letters, {lost} lost, {doubled} doubled, {parked} parked"
    );
    assert_eq!((cut, written, lost, doubled, parked), (CUTS, (CUTS + 1) * A_SESSION, 0, 0, 0));
    engine.shutdown(tokio::time::Instant::now() + Duration::from_secs(4)).await;
}
