//! The channels beside each other: how fast each brings messages from its provider to durable storage, what
//! idle inboxes cost, and what a channel whose provider is a black hole costs the others.
//!
//! The providers are the pretended ones, in this process; the bridge is the built binary, on SQLite.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use rapport::clock::SystemClock;
use rapport_fakes::{
    FakeDiscord, FakeDiscordConfig, FakeImap, FakeImapConfig, FakeSmtp, FakeSmtpConfig, FakeTelegram,
    FakeTelegramConfig, FakeTwilio, FakeTwilioConfig, smtp::Privacy,
};
use url::Url;

use crate::{
    Bench,
    bridge::{self, Process},
    measure::{ms, number, resident},
    reference::count::Reader,
    report::Row,
    testing::Fresh,
};

/// So many customers write on each channel.
const CUSTOMERS: usize = 200;
/// So many SMS are under way at once.
const AT_ONCE: usize = 32;
/// What twenty idle inboxes may cost, in MiB.
const MOST_IDLE: f64 = 20.0;
/// So many inboxes of each channel are idle.
const IDLE_EACH: usize = 5;
/// How much slower the others may be beside a black hole, in percent.
const MOST_SLOWER: f64 = 10.0;
const PAIRS: usize = 5;
const OURS: &str = "support@shop.example";
const NUMBER: &str = "+4915550000009";
const LOGIN: (&str, &str) = ("support", "a password");
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(3);

/// A channel with a pretended provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Sms,
    Email,
    Telegram,
    Discord,
}

impl Channel {
    const ALL: [Self; 4] = [Self::Sms, Self::Email, Self::Telegram, Self::Discord];

    fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Telegram => "telegram",
            Self::Discord => "discord",
        }
    }
}

/// All of the providers.
struct Providers {
    sms: FakeTwilio,
    mailbox: FakeImap,
    post: FakeSmtp,
    telegram: FakeTelegram,
    discord: FakeDiscord,
}

impl Providers {
    async fn start() -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock);
        let login = (LOGIN.0.to_owned(), LOGIN.1.to_owned());
        let mut mailbox = FakeImapConfig::new(clock.clone());
        mailbox.privacy = Privacy::None;
        mailbox.login = login.clone();
        let post = FakeSmtpConfig { privacy: Privacy::None, login: Some(login), ..FakeSmtpConfig::default() };
        let providers = Self {
            sms: FakeTwilio::start(FakeTwilioConfig::new(clock.clone())).await?,
            mailbox: FakeImap::start(mailbox).await?,
            post: FakeSmtp::start(post).await?,
            telegram: FakeTelegram::start(FakeTelegramConfig::new(clock.clone())).await?,
            discord: FakeDiscord::start(FakeDiscordConfig::new(clock)).await?,
        };
        providers.mailbox.create("INBOX");
        Ok(providers)
    }

    /// An inbox as it stands in the configuration. `discord`: where its API is.
    fn inbox(&self, channel: Channel, id: &str, discord: &Url) -> anyhow::Result<String> {
        let mut text = String::new();
        let address = match channel {
            Channel::Sms => NUMBER,
            Channel::Email => OURS,
            Channel::Telegram => "@shop_bot",
            Channel::Discord => "1",
        };
        writeln!(
            text,
            "[inbox.{id}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{address}\"]\n\
             teams = [\"advice\"]\n[inbox.{id}.{}]",
            channel.name()
        )?;
        match channel {
            Channel::Sms => writeln!(
                text,
                "account_sid = \"{}\"\nauth_token = {{ env = \"BENCH_SMS\" }}\napi_base = \"{}\"",
                self.sms.account_sid(),
                self.sms.api_base()
            )?,
            Channel::Email => writeln!(
                text,
                "authserv_id = \"mx.shop.example\"\nstart = 1\n\
                 [inbox.{id}.email.imap]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
                 [inbox.{id}.email.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
                 [inbox.{id}.email.auth]\nuser = \"{}\"\npassword = {{ env = \"BENCH_MAIL\" }}",
                self.mailbox.port(),
                self.post.port(),
                LOGIN.0
            )?,
            Channel::Telegram => writeln!(
                text,
                "token = {{ env = \"BENCH_TELEGRAM\" }}\napi_base = \"{}\"",
                self.telegram.api_base()
            )?,
            Channel::Discord => {
                writeln!(text, "token = {{ env = \"BENCH_DISCORD\" }}\napi_base = \"{discord}\"")?;
            }
        }
        Ok(text)
    }

    /// Starts a bridge with these inboxes.
    async fn bridge(&self, fresh: &Fresh, inboxes: &str) -> anyhow::Result<Process> {
        let environment = [
            ("BENCH_SMS", self.sms.auth_token()),
            ("BENCH_MAIL", LOGIN.1),
            ("BENCH_TELEGRAM", self.telegram.token()),
            ("BENCH_DISCORD", self.discord.token()),
        ];
        let process = bridge::of_inbox(&fresh.url, &fresh.folder, inboxes, &environment).await?;
        let webhook = format!("http://{}/webhooks/{}", process.address, Channel::Sms.name());
        self.sms.set_webhook(webhook.parse()?);
        Ok(process)
    }

    /// Customers write the messages of these numbers, in turn. A mail of a number that was written before is the
    /// same mail, and stored once.
    async fn write(&self, channel: Channel, numbers: Range<usize>) {
        match channel {
            Channel::Sms => {
                let send = async |number: usize| {
                    let from = format!("+4917{:08}", number % CUSTOMERS);
                    self.sms.receive_sms(&from, NUMBER, &words(number), Vec::new()).await
                };
                futures_util::stream::iter(numbers)
                    .for_each_concurrent(AT_ONCE, |number| async move { drop(send(number).await) })
                    .await;
            }
            Channel::Email => {
                for number in numbers {
                    let customer = number % CUSTOMERS;
                    let mail = format!(
                        "Authentication-Results: mx.shop.example; dmarc=pass header.from=customer.example\r\n\
                         From: <customer{customer}@customer.example>\r\nTo: <{OURS}>\r\nSubject: Boots\r\n\
                         Message-ID: <{number}@customer.example>\r\nDate: Mon, 21 Sep 2026 14:00:00 +0000\r\n\
                         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
                        words(number)
                    );
                    self.mailbox.deliver("INBOX", mail);
                }
            }
            Channel::Telegram => {
                let phones: Vec<_> =
                    (0..CUSTOMERS).map(|n| self.telegram.customer(&format!("Customer {n}"))).collect();
                for number in numbers {
                    phones[number % CUSTOMERS].write(&words(number));
                }
            }
            Channel::Discord => {
                let apps: Vec<_> =
                    (0..CUSTOMERS).map(|n| self.discord.customer(&format!("Customer {n}"))).collect();
                for number in numbers {
                    apps[number % CUSTOMERS].write_dm(&words(number));
                    // An app's hand is slower than this loop: the gateway is to have its turn.
                    if number.is_multiple_of(AT_ONCE) {
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }

    /// Lets customers write on some channels of a bridge at once, and waits until all of it is stored.
    async fn take_in(&self, fresh: &Fresh, channels: &[Channel], each: usize) -> anyhow::Result<Duration> {
        let mut reader = Reader::open(&fresh.url).await?;
        // One message first: whoever connects late is connected then.
        for channel in channels {
            self.write(*channel, 0..1).await;
        }
        wait(&mut reader, channels.len()).await?;
        let began = Instant::now();
        let writing =
            futures_util::future::join_all(channels.iter().map(|channel| self.write(*channel, 1..each + 1)));
        let (_, stored) = tokio::join!(writing, wait(&mut reader, channels.len() * (each + 1)));
        stored?;
        let took = began.elapsed();
        reader.close().await?;
        Ok(took)
    }
}

fn words(number: usize) -> String {
    format!("Message {number}: I would like to know when the boots in size 43 are in stock again.")
}

async fn wait(reader: &mut Reader, messages: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let came = reader.taken_in().await?;
        if came >= messages {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{came} messages of {messages} came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A server that takes connections and never says a word.
fn black_hole() -> anyhow::Result<(TcpListener, Url)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}/", listener.local_addr()?).parse()?;
    Ok((listener, url))
}

/// Memory as a disk, where there is one: else the disk of the bench.
fn in_memory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}

/// Measures all of it.
pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let each = bench.mails / 2;
    println!("each channel with {each} messages, from its provider to durable storage, on SQLite");
    let mut rates = Vec::new();
    for channel in Channel::ALL {
        let providers = Providers::start().await?;
        let fresh = Fresh::sqlite();
        let inbox = providers.inbox(channel, channel.name(), &providers.discord.api_base())?;
        let process = providers.bridge(&fresh, &inbox).await?;
        let took = providers.take_in(&fresh, &[channel], each).await?;
        drop(process);
        rates.push((channel, number(each) / took.as_secs_f64()));
    }
    let first = rates[0].1;
    for (channel, rate) in rates {
        let row = Row::new(format!("channel_{}_rate", channel.name()), rate, "msg/s").of(first);
        bench.report.add(row.note("the ratio is by SMS, which is called and does not ask"));
    }
    idle(bench).await?;
    beside_a_black_hole(bench, each / 2).await
}

/// What inboxes cost that nobody writes to.
async fn idle(bench: &mut Bench) -> anyhow::Result<()> {
    println!("{} idle inboxes beside none", IDLE_EACH * Channel::ALL.len());
    let providers = Providers::start().await?;
    let mut text = String::new();
    for channel in Channel::ALL {
        for number in 0..IDLE_EACH {
            let id = format!("{}{number}", channel.name());
            text += &providers.inbox(channel, &id, &providers.discord.api_base())?;
        }
    }
    // One address is one inbox's: each gets one of its own.
    let mut inboxes = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = if line.starts_with("addresses = ") {
            line.replace(OURS, &format!("support{number}@shop.example"))
                .replace(NUMBER, &format!("+49155500{number:05}"))
                .replace("@shop_bot", &format!("@shop{number}_bot"))
                .replace("\"1\"", &format!("\"1{number}\""))
        } else {
            line.to_owned()
        };
        writeln!(inboxes, "{line}")?;
    }
    let mut held = Vec::new();
    for inboxes in ["", &inboxes] {
        let fresh = Fresh::sqlite();
        let process = providers.bridge(&fresh, inboxes).await?;
        tokio::time::sleep(Duration::from_secs(8)).await;
        held.push(resident(process.id())?);
    }
    let (none, all) = (held[0], held[1]);
    let note = format!("{all:.1} MiB with them, {none:.1} without, 8 s after the start");
    let row = Row::new("channels_idle_memory", all - none, "MiB").of(none).at_most(MOST_IDLE);
    bench.report.add(row.note(note));
    Ok(())
}

/// One channel's provider takes connections and never answers: what that costs the others.
async fn beside_a_black_hole(bench: &mut Bench, each: usize) -> anyhow::Result<()> {
    println!("three channels beside one in a black hole, {PAIRS} pairs in turns");
    let others = [Channel::Sms, Channel::Email, Channel::Telegram];
    let (hole, nowhere) = black_hole()?;
    let mut slower = Vec::new();
    for _ in 0..PAIRS {
        let mut took = Vec::new();
        for dead in [false, true] {
            let providers = Providers::start().await?;
            let fresh = Fresh::sqlite_below(&in_memory());
            let discord = if dead { nowhere.clone() } else { providers.discord.api_base() };
            let mut inboxes = String::new();
            for channel in Channel::ALL {
                inboxes += &providers.inbox(channel, channel.name(), &discord)?;
            }
            let process = providers.bridge(&fresh, &inboxes).await?;
            took.push(providers.take_in(&fresh, &others, each).await?);
            drop(process);
        }
        slower.push((ms(took[1]) / ms(took[0]) - 1.0) * 100.0);
    }
    drop(hole);
    slower.sort_by(f64::total_cmp);
    let median = *slower.get(PAIRS / 2).context("pairs were measured")?;
    let row = Row::new("channels_beside_a_black_hole", median, "% more").at_most(MOST_SLOWER);
    bench.report.add(row.note(format!(
        "median of {PAIRS} pairs, from {:.1} to {:.1}",
        slower[0],
        slower[PAIRS - 1]
    )));
    Ok(())
}
