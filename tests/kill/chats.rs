//! The chats: a pretended Telegram and Discord with customers in private. They outlive the bridge, and keep
//! what nobody has fetched yet; so whatever a customer wrote there counts as acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rapport_fakes::{FakeDiscord, FakeDiscordConfig, FakeTelegram, FakeTelegramConfig, discord, telegram};

use crate::load::Channel;

/// Where the bridge finds the tokens.
const TELEGRAM_TOKEN: &str = "RAPPORT_TEST_TELEGRAM_TOKEN";
const DISCORD_TOKEN: &str = "RAPPORT_TEST_DISCORD_TOKEN";

/// Both of them.
pub(crate) struct Chats {
    telegram: FakeTelegram,
    discord: FakeDiscord,
    /// Whose each direct channel of Discord is.
    direct: Mutex<BTreeMap<String, String>>,
}

/// A message of the bridge, at its provider.
pub(crate) struct Sent {
    pub(crate) channel: Channel,
    /// The customer, as the bridge addresses them.
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Chats {
    pub(crate) async fn start() -> Arc<Self> {
        let clock = Arc::new(rapport::clock::SystemClock);
        let telegram = FakeTelegram::start(FakeTelegramConfig::new(clock.clone())).await.unwrap();
        let discord = FakeDiscord::start(FakeDiscordConfig::new(clock)).await.unwrap();
        Arc::new(Self { telegram, discord, direct: Mutex::default() })
    }

    /// The inboxes in the bridge's configuration.
    pub(crate) fn tables(&self) -> String {
        format!(
            "[inbox.tg]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"@shop_bot\"]\n\
             [inbox.tg.telegram]\ntoken = {{ env = \"{TELEGRAM_TOKEN}\" }}\napi_base = \"{}\"\n\
             [inbox.dc]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{}\"]\n\
             [inbox.dc.discord]\ntoken = {{ env = \"{DISCORD_TOKEN}\" }}\napi_base = \"{}\"\ndirect_messages = true\n",
            self.telegram.api_base(),
            self.discord.bot(),
            self.discord.api_base(),
        )
    }

    /// What the process finds in its surroundings.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        [(TELEGRAM_TOKEN, self.telegram.token().to_owned()), (DISCORD_TOKEN, self.discord.token().to_owned())]
    }

    /// The next messages are slow to go, and some are taken without a word about it.
    pub(crate) fn trouble(&self) {
        let slow = Duration::from_millis(30);
        for at in 0..100 {
            let (first, second) = match at % 5 {
                0 => (telegram::Fault::ActedThenCut, discord::Fault::ActedThenCut),
                1 => {
                    let after = Duration::from_secs(1);
                    let limited = discord::Fault::RateLimited { after, global: false, headers: true };
                    (telegram::Fault::RateLimited { retry_after: 1 }, limited)
                }
                _ => (telegram::Fault::Slow(slow), discord::Fault::Slow(slow)),
            };
            self.telegram.fail_next(telegram::Operation::Send, first);
            self.discord.fail_next(discord::Operation::Send, second);
        }
    }

    pub(crate) fn clear_faults(&self) {
        self.telegram.clear_faults();
        self.discord.clear_faults();
    }

    /// Waits until the bridge listens at the gateway.
    pub(crate) async fn until_connected(&self) {
        let begun = Instant::now();
        while self.discord.connected() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the bridge listens at the gateway");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All gateway connections end without a word.
    pub(crate) fn drop_connections(&self) {
        self.discord.drop_all();
    }

    /// A customer writes.
    pub(crate) fn write(&self, channel: Channel, customer: usize, text: &str) {
        let name = format!("Customer {customer}");
        if channel == Channel::Telegram {
            self.telegram.customer(&name).write(text);
        } else {
            let customer = self.discord.customer(&name);
            let (channel, user) = (customer.dm().to_string(), customer.id().to_string());
            self.direct.lock().unwrap().insert(channel, user);
            customer.write_dm(text);
        }
    }

    /// What left.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        let on_telegram = self.telegram.sent().into_iter().map(|message| Sent {
            channel: Channel::Telegram,
            to: message.chat.to_string(),
            text: message.text,
        });
        let direct = self.direct.lock().unwrap().clone();
        let on_discord = self.discord.sent().into_iter().map(|message| Sent {
            channel: Channel::Discord,
            to: direct.get(&message.channel.to_string()).cloned().unwrap_or_default(),
            text: message.content,
        });
        on_telegram.chain(on_discord).collect()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        [self.telegram.violations(), self.discord.violations()].concat()
    }
}
