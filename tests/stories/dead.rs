//! A provider that takes connections and never answers: it holds up none of the other three channels.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use rapport::{
    clock::SystemClock,
    config::{self, Source},
    server::Server,
};
use rapport_fakes::{
    FakeDiscord, FakeDiscordConfig, FakeImap, FakeImapConfig, FakeSmtp, FakeSmtpConfig, FakeTelegram,
    FakeTelegramConfig, FakeTwilio, FakeTwilioConfig, mailserver::Proxy, smtp::Privacy,
};
use serde_json::Value;
use url::Url;

use crate::{
    bridge::OURS,
    desk::{Desk, until},
    on_both_engines,
    testing::Fresh,
};

const CHANNELS: [&str; 4] = ["sms", "mail", "tg", "dc"];
const MAILBOX: &str = "support@shop.example";
/// One more than leave an inbox at once.
const WAITING: usize = 17;

/// A shop with an inbox on each channel, and a wire to each provider that can go dead.
struct Shop {
    server: Server,
    desk: Desk,
    sms: FakeTwilio,
    mailbox: FakeImap,
    post: FakeSmtp,
    telegram: FakeTelegram,
    discord: FakeDiscord,
    /// Those of each channel, in the order of [`CHANNELS`].
    wires: [Vec<Proxy>; 4],
    _fresh: Fresh,
}

impl Deref for Shop {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

/// An address behind a wire, and the wire.
async fn wired(mut url: Url) -> (Url, Vec<Proxy>) {
    let wire = Proxy::to(url.port().unwrap()).await;
    url.set_port(Some(wire.port())).unwrap();
    (url, vec![wire])
}

impl Shop {
    async fn open(fresh: Fresh) -> Self {
        let clock = Arc::new(SystemClock);
        let sms = FakeTwilio::start(FakeTwilioConfig::new(clock.clone())).await.unwrap();
        let telegram = FakeTelegram::start(FakeTelegramConfig::new(clock.clone())).await.unwrap();
        let discord = FakeDiscord::start(FakeDiscordConfig::new(clock.clone())).await.unwrap();
        let login = ("support".to_owned(), "a password".to_owned());
        let mut config = FakeImapConfig::new(clock.clone());
        (config.privacy, config.login) = (Privacy::None, login.clone());
        let mailbox = FakeImap::start(config).await.unwrap();
        let config =
            FakeSmtpConfig { privacy: Privacy::None, login: Some(login), ..FakeSmtpConfig::default() };
        let post = FakeSmtp::start(config).await.unwrap();
        let (to_sms, of_sms) = wired(sms.api_base()).await;
        let (to_telegram, of_telegram) = wired(telegram.api_base()).await;
        let (to_discord, of_discord) = wired(discord.api_base()).await;
        let of_mail = vec![Proxy::to(mailbox.port()).await, Proxy::to(post.port()).await];
        let inbox = |id: &str, address: &str, account: &str| {
            format!(
                "[inbox.{id}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{address}\"]\n\
                 bot.enabled = false\n{account}\n"
            )
        };
        let text = [
            format!(
                "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[queue]\nundo_seconds = 0\n",
                fresh.folder.display()
            ),
            inbox(
                "sms",
                OURS[0],
                &format!("sms.account_sid = \"{}\"\nsms.api_base = \"{to_sms}\"", sms.account_sid()),
            ),
            inbox("tg", "@shop_bot", &format!("telegram.api_base = \"{to_telegram}\"")),
            inbox("dc", &discord.bot().to_string(), &format!("discord.api_base = \"{to_discord}\"")),
            inbox(
                "mail",
                MAILBOX,
                &format!(
                    "[inbox.mail.email]\nstart = 1\nauthserv_id = \"mx.shop.example\"\n\
                     auth = {{ user = \"support\", password = {{ env = \"MAIL\" }} }}\n\
                     imap = {{ host = \"127.0.0.1\", port = {}, security = \"none\" }}\n\
                     smtp = {{ host = \"127.0.0.1\", port = {}, security = \"none\" }}",
                    of_mail[0].port(),
                    of_mail[1].port(),
                ),
            ),
        ]
        .concat();
        let env = BTreeMap::from([
            ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
            ("RAPPORT__INBOX__SMS__SMS__AUTH_TOKEN".to_owned(), sms.auth_token().to_owned()),
            ("RAPPORT__INBOX__TG__TELEGRAM__TOKEN".to_owned(), telegram.token().to_owned()),
            ("RAPPORT__INBOX__DC__DISCORD__TOKEN".to_owned(), discord.token().to_owned()),
            ("MAIL".to_owned(), "a password".to_owned()),
        ]);
        let loaded = config::load(&Source { file: Some(("story.toml".to_owned(), text)), env });
        let server = Server::start(loaded.into_config().unwrap(), clock).await.unwrap();
        sms.set_webhook(format!("http://{}/webhooks/sms", server.address()).parse().unwrap());
        let mut desk = Desk::new();
        desk.turn_to(&server);
        desk.sign_in(&server).await;
        let wires = [of_sms, of_mail, of_telegram, of_discord];
        let shop = Self { server, desk, sms, mailbox, post, telegram, discord, wires, _fresh: fresh };
        until("all inboxes are connected", async || {
            CHANNELS.len()
                == shop.inboxes().await.iter().filter(|it| it["health"]["state"] == "connected").count()
        })
        .await;
        shop
    }

    async fn inboxes(&self) -> Vec<Value> {
        self.get("/api/v1/inboxes").await["items"].as_array().unwrap().clone()
    }

    /// A customer writes for the first time.
    async fn write(&self, channel: &str, customer: usize) {
        let (name, text) = (format!("Customer {customer}"), said(channel, customer));
        match channel {
            "sms" => {
                let from = format!("+491702{customer:06}");
                assert!(self.sms.receive_sms(&from, OURS[0], &text, Vec::new()).await.1.is_success());
            }
            "mail" => {
                let mail = format!(
                    "Authentication-Results: mx.shop.example; dmarc=pass header.from=customer.example\r\n\
                     From: <c{customer}@customer.example>\r\nTo: <{MAILBOX}>\r\nSubject: Hello\r\n\
                     Message-ID: <{customer}@customer.example>\r\n\
                     Date: Mon, 21 Sep 2026 14:00:00 +0000\r\n\r\n{text}\r\n"
                );
                self.mailbox.deliver("INBOX", mail);
            }
            "tg" => _ = self.telegram.customer(&name).write(&text),
            _ => _ = self.discord.customer(&name).write_dm(&text),
        }
    }

    /// The conversations in which these customers have written, once they are there.
    async fn until_there(&self, channel: &str, customers: std::ops::Range<usize>) -> Vec<Value> {
        let mut found = Vec::new();
        until(&format!("what was written by {channel} is there"), async || {
            let rows = self.view("all").await.into_iter();
            let is_one = |row: &Value| customers.clone().any(|one| row["snippet"] == said(channel, one));
            found = rows.filter(is_one).collect();
            found.len() == customers.len()
        })
        .await;
        found
    }

    /// Waits until an answer is at its provider.
    async fn until_gone(&self, reply: &Value, channel: &str, dead: &str) {
        let path = format!("/api/v1/conversations/{}", reply["conversation_id"].as_str().unwrap());
        until(&format!("an answer goes by {channel} while {dead} is dead"), async || {
            let opened = self.get(&path).await;
            let items = opened["messages"]["items"].as_array().unwrap();
            let gone = |item: &&Value| item["delivery"] == "sent" || item["delivery"] == "delivered";
            items.iter().filter(gone).any(|item| item["id"] == reply["id"])
        })
        .await;
    }
}

fn said(channel: &str, customer: usize) -> String {
    format!("{customer} asks by {channel}")
}

on_both_engines! {
    async fn a_provider_that_never_answers_holds_up_none_of_the_other_three_channels(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        for (round, (dead, wires)) in CHANNELS.iter().zip(&shop.wires).enumerate() {
            let customers = round * 100..round * 100 + WAITING;
            for customer in customers.clone() {
                shop.write(dead, customer).await;
            }
            let rows = shop.until_there(dead, customers).await;
            wires.iter().for_each(Proxy::stall);
            let mut hung = Vec::new();
            for row in &rows {
                hung.push(shop.reply_to(row, "This goes nowhere").await);
            }
            until("as many are on their way as leave at once", async || {
                shop.inboxes().await.iter().any(|it| it["id"] == *dead && it["outbox"]["queued"] == 1)
            })
            .await;
            let others = CHANNELS.iter().filter(|channel| *channel != dead);
            for channel in others.clone() {
                shop.write(channel, round * 100 + 50).await;
            }
            for channel in others {
                let row = shop.until_there(channel, round * 100 + 50..round * 100 + 51).await.remove(0);
                let reply = shop.reply_to(&row, "Hello").await;
                shop.until_gone(&reply, channel, dead).await;
            }
            for (row, reply) in rows.iter().zip(&hung) {
                let opened = shop.open(row).await;
                let items = opened["messages"]["items"].as_array().unwrap();
                let sent = |item: &Value| item["id"] == reply["id"] && item["delivery"] == "sent";
                assert!(!items.iter().any(sent), "{dead} is dead");
            }
            // In the next round it has to work again.
            wires.iter().for_each(Proxy::forward);
        }
        let said = [shop.sms.violations(), shop.telegram.violations(), shop.discord.violations()].concat();
        assert_eq!([said, shop.post.violations()].concat(), Vec::<String>::new());
        shop.server.stop().await;
    }
}
