//! A running bridge with one number or two, each at an account of its own, and an associate.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use rapport::{
    config::{self, Source},
    engine::Engine,
    server::Server,
};
use rapport_fakes::{FakeTwilio, FakeTwilioConfig, twilio::PhoneMessage};
use url::Url;

pub(crate) use crate::desk::until;
use crate::{
    desk::Desk,
    testing::{Fresh, ManualClock},
};

/// A customer's number.
pub(crate) const CUSTOMER: &str = "+4917010000001";
/// Our numbers: of the inbox "first" and of "second".
pub(crate) const OURS: [&str; 2] = ["+4915550000001", "+4915550000002"];
const NAMES: [&str; 2] = ["first", "second"];

pub(crate) struct Bridge {
    server: Option<Server>,
    pub(crate) clock: Arc<ManualClock>,
    /// An account for each inbox.
    pub(crate) providers: [FakeTwilio; 2],
    desk: Desk,
    fresh: Fresh,
    /// Where the world calls us, if that is not the server itself.
    public: Option<SocketAddr>,
}

/// What an associate does and sees there.
impl Deref for Bridge {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for Bridge {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}

impl Bridge {
    pub(crate) async fn start(fresh: Fresh) -> Self {
        Self::start_behind(fresh, None, false).await
    }

    /// With something between the provider and us, and a provider that calls again where it heard nothing.
    pub(crate) async fn start_behind(fresh: Fresh, public: Option<SocketAddr>, redeliver: bool) -> Self {
        let clock = Arc::new(ManualClock::default());
        let account =
            || FakeTwilio::start(FakeTwilioConfig { redeliver, ..FakeTwilioConfig::new(clock.clone()) });
        let providers = [account().await.unwrap(), account().await.unwrap()];
        let mut bridge = Self { server: None, clock, providers, desk: Desk::new(), fresh, public };
        bridge.start_again().await;
        bridge.desk.sign_in(bridge.server.as_ref().unwrap()).await;
        bridge
    }

    /// What is offered to us is called at a new address, as after a move: the port is a new one.
    pub(crate) async fn start_again(&mut self) {
        let mut text = format!(
            "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[queue]\nundo_seconds = 0\n",
            self.fresh.folder.display()
        );
        if let Some(public) = self.public {
            text = text.replace("[queue]", &format!("public_url = \"http://{public}\"\n[queue]"));
        }
        let mut env = BTreeMap::from([("RAPPORT__STORE__URL".to_owned(), self.fresh.url.clone())]);
        for ((name, ours), provider) in NAMES.iter().zip(OURS).zip(&self.providers) {
            let account = (provider.account_sid(), provider.api_base());
            let inbox = format!(
                "[inbox.{name}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{ours}\"]\n\
                 [inbox.{name}.sms]\naccount_sid = \"{}\"\napi_base = \"{}\"\n",
                account.0, account.1,
            );
            text.push_str(&inbox);
            let key = format!("RAPPORT__INBOX__{}__SMS__AUTH_TOKEN", name.to_uppercase());
            env.insert(key, provider.auth_token().to_owned());
        }
        let loaded = config::load(&Source { file: Some(("story.toml".to_owned(), text)), env });
        let server = Server::start(loaded.into_config().unwrap(), self.clock.clone()).await.unwrap();
        for (name, provider) in NAMES.iter().zip(&self.providers) {
            let url = format!("http://{}/webhooks/{name}", self.public.unwrap_or(server.address()));
            provider.set_webhook(Url::parse(&url).unwrap());
        }
        self.desk.turn_to(&server);
        self.server = Some(server);
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address()
    }

    /// Its engine, for what no provider can bring about.
    pub(crate) fn engine(&self) -> &Engine {
        self.server.as_ref().unwrap().engine()
    }

    /// Stops it as a supervisor does.
    pub(crate) async fn stop(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    /// A customer writes to the first inbox, and the bridge takes it.
    pub(crate) async fn write(&self, text: &str) -> String {
        let (sid, outcome) = self.providers[0].receive_sms(CUSTOMER, OURS[0], text, Vec::new()).await;
        assert!(outcome.is_success(), "{outcome:?}");
        sid
    }

    /// Lets time pass, and tells the bridge that it did.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.server.as_ref().unwrap().engine().store().nudge();
    }

    /// What came to the customer's phone, by their account at the first inbox.
    pub(crate) fn phone(&self) -> Vec<PhoneMessage> {
        let mut shown = self.providers[0].phone(CUSTOMER);
        shown.retain(|message| !message.written_here);
        shown
    }

    /// Waits until so many messages came to the phone.
    pub(crate) async fn until_phone_shows(&self, many: usize) -> Vec<PhoneMessage> {
        until(&format!("the phone shows {many}"), async || self.phone().len() >= many).await;
        self.phone()
    }
}
