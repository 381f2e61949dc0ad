//! The post: a mailbox, a server for what leaves, and what a customer's letter looks like. It outlives the
//! bridge, and notes which mails came in which of its lives.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rapport_fakes::{
    FakeImap, FakeImapConfig, FakeSmtp, FakeSmtpConfig,
    smtp::{AcceptedMail, Fault, Privacy, Stage},
};

/// Our address.
const OURS: &str = "support@shop.example";
/// The two folders that customers' letters lie in.
const FOLDERS: [&str; 2] = ["INBOX", "Orders"];
const LOGIN: (&str, &str) = ("support", "a password");
/// Where the bridge finds the password.
pub(crate) const PASSWORD: (&str, &str) = ("RAPPORT_TEST_MAIL_PASSWORD", LOGIN.1);

/// Where a letter lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) folder: &'static str,
    pub(crate) uid: u32,
}

/// A mail of the bridge, as the server took it.
pub(crate) struct Left {
    /// Its Message-ID.
    pub(crate) name: String,
    pub(crate) to: String,
    /// What an associate wrote; `None`: the bot did.
    pub(crate) text: Option<String>,
    /// In which life of the bridge it left.
    pub(crate) life: usize,
}

/// The mailbox and the server for what leaves.
pub(crate) struct Post {
    pub(crate) mailbox: FakeImap,
    pub(crate) server: FakeSmtp,
    /// How many mails had left when each life of the bridge ended.
    lives: Mutex<Vec<usize>>,
    /// How often a mail may have left again within one life.
    repeats: AtomicUsize,
}

impl Post {
    pub(crate) async fn start() -> Arc<Self> {
        let login = (LOGIN.0.to_owned(), LOGIN.1.to_owned());
        let mut config = FakeImapConfig::new(Arc::new(rapport::clock::SystemClock));
        config.privacy = Privacy::None;
        config.login = login.clone();
        let mailbox = FakeImap::start(config).await.unwrap();
        for folder in FOLDERS.into_iter().chain(["Sent"]) {
            mailbox.create(folder);
        }
        let config =
            FakeSmtpConfig { privacy: Privacy::None, login: Some(login), ..FakeSmtpConfig::default() };
        let server = FakeSmtp::start(config).await.unwrap();
        Arc::new(Self { mailbox, server, lives: Mutex::default(), repeats: AtomicUsize::default() })
    }

    /// The inbox in the bridge's configuration.
    pub(crate) fn tables(&self) -> String {
        format!(
            "[inbox.mail]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{OURS}\"]\n\
             [inbox.mail.email]\nauthserv_id = \"mx.shop.example\"\nfolders = [\"{}\", \"{}\"]\n\
             sent_folder = \"Sent\"\nappend_sent = true\nstart = 1\n\
             [inbox.mail.email.imap]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             [inbox.mail.email.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             [inbox.mail.email.auth]\nuser = \"{}\"\npassword = {{ env = \"{}\" }}\n",
            FOLDERS[0],
            FOLDERS[1],
            self.mailbox.port(),
            self.server.port(),
            LOGIN.0,
            PASSWORD.0,
        )
    }

    /// The next mails are slow to go, and some are taken without a word about it.
    pub(crate) fn trouble(&self) {
        for at in 0..100 {
            let fault = match at % 10 {
                0 => Fault::ActedThenCut,
                1 => Fault::reply("451 4.3.0 Later"),
                _ => Fault::Slow(Duration::from_millis(30)),
            };
            self.repeats.fetch_add(usize::from(fault == Fault::ActedThenCut), Ordering::SeqCst);
            self.server.fail_next(Stage::Dot, fault);
        }
    }

    /// Once more a mail may leave again without a kill.
    pub(crate) fn expect_repeat(&self) {
        self.repeats.fetch_add(1, Ordering::SeqCst);
    }

    /// How often a mail may have left again within one life.
    pub(crate) fn repeats(&self) -> usize {
        self.repeats.load(Ordering::SeqCst)
    }

    /// Everything in one folder gets another number.
    pub(crate) fn renumber(&self) {
        self.mailbox.change_uid_validity(FOLDERS[1]);
    }

    /// Waits until a mail begins to leave, for so long at most.
    pub(crate) async fn wait_for_mail(&self, longest: Duration) {
        let mut changes = self.server.subscribe();
        let before = self.server.reached(Stage::Body);
        let begins = async {
            while self.server.reached(Stage::Body) == before {
                changes.changed().await.unwrap();
            }
        };
        drop(tokio::time::timeout(longest, begins).await);
    }

    /// The bridge was killed: waits until the server has noticed, and draws a line.
    pub(crate) async fn draw_line(&self) {
        let begun = Instant::now();
        while self.server.connections().0 > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the dead hold no connection");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let count = self.server.accepted().len();
        self.lives.lock().unwrap().push(count);
    }

    /// What left, in its order, after the first so many.
    pub(crate) fn left_after(&self, count: usize) -> Vec<Left> {
        let lives = self.lives.lock().unwrap().clone();
        let mails = self.server.accepted_after(count);
        mails.iter().zip(count..).map(|(mail, at)| left(mail, &lives, at)).collect()
    }

    /// A customer writes; with the name of a mail of ours, it is an answer to that.
    pub(crate) fn deliver(
        &self,
        customer: usize,
        number: usize,
        text: &str,
        answers: Option<&Left>,
    ) -> Place {
        let folder = FOLDERS[usize::from(customer.is_multiple_of(3))];
        // For half of them the receiving server vouches: all that they write is one conversation.
        let vouched = if customer.is_multiple_of(2) {
            "Authentication-Results: mx.shop.example; dmarc=pass header.from=customer.example\r\n"
        } else {
            ""
        };
        let (names, quoted) = answers.map_or_else(Default::default, |mail| {
            let name = &mail.name;
            (
                format!("In-Reply-To: {name}\r\nReferences: {name}\r\n"),
                format!(
                    "\r\nOn Mon, 21 Sep 2026 at 14:00, Shop <{OURS}> wrote:\r\n> {}\r\n",
                    mail.text.as_deref().unwrap_or("We have your message.")
                ),
            )
        });
        let mail = format!(
            "{vouched}From: <{from}>\r\nTo: <{OURS}>\r\nSubject: A question\r\n\
             Message-ID: <{number}@customer.example>\r\n{names}Date: Mon, 21 Sep 2026 14:00:00 +0000\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n{quoted}",
            from = mail_address_of(customer),
        );
        Place { folder, uid: self.mailbox.deliver(folder, mail) }
    }
}

pub(crate) fn mail_address_of(customer: usize) -> String {
    format!("customer{customer}@customer.example")
}

fn left(mail: &AcceptedMail, lives: &[usize], at: usize) -> Left {
    let bytes = String::from_utf8_lossy(&mail.bytes);
    let is_bots = mail.header("Auto-Submitted").is_some();
    let text = bytes.lines().find(|line| line.starts_with("Answer ")).filter(|_| !is_bots);
    Left {
        name: mail.header("Message-ID").unwrap_or_default(),
        to: mail.to.join(","),
        text: text.map(str::to_owned),
        life: lives.partition_point(|end| *end <= at),
    }
}
