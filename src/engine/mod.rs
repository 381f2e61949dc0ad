//! The engine: what moves between the connectors and the store.
//!
//! [`ingress`] takes in what connectors bring; [`dispatch`] sends what the outbox holds; [`jobs`] does
//! what was put off; [`supervisor`] keeps the connectors running and knows how they fare; [`reply`]
//! turns a person's words into parts; [`routing`] lets it be decided whose a conversation is; [`parked`]
//! reads again what could not be read; [`pictures`] fetches what a letter shows from elsewhere;
//! [`presence`] knows who is at which conversation. Nothing here decides what a conversation is: that is the
//! store's. Nothing here knows a channel by its name: that is the connector's.
//!
//! Every task ends when the engine's token is cancelled; [`Engine::shutdown`] waits for them.

mod acknowledge;
mod dispatch;
mod ingress;
mod jobs;
pub mod live;
mod media;
mod parked;
mod pictures;
mod presence;
mod reply;
mod retry;
mod routing;
mod sending;
mod status;
mod supervisor;

use std::{collections::BTreeMap, sync::Arc};

use rapport_model::{
    Address, Capabilities, Clock, Health,
    id::{ChannelName, InboxId},
};
use rapport_sdk::{
    Connector, HealthReporter, Ingress, WayIn, WebhookRequest, WebhookResponse, http::SafeFetch,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    config::Config,
    store::{Blobs, InboxFacts, Store},
};

pub use media::MediaLinks;
pub(crate) use media::{INLINE, hex, media_type};
pub use parked::ReadError;
pub use pictures::PictureError;
pub use presence::{Doing, Presence, PresenceChange, Present};
pub use reply::{NewReply, ReplyError, reply_until};
pub use routing::{decide as decide_routing, perform as run_routing_job};
pub use status::InboxStatus;

use ingress::InboxIngress;
use live::Live;
use sending::Sending;

/// A running bridge. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    store: Store,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    links: MediaLinks,
    pictures: SafeFetch,
    live: Live,
    presence: Presence,
    inboxes: BTreeMap<InboxId, Inbox>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

/// One inbox with its connector.
struct Inbox {
    facts: Arc<InboxFacts>,
    connector: Arc<dyn Connector>,
    ingress: Arc<InboxIngress>,
    /// Where its connector tells how receiving fares, and where that is read.
    health: HealthReporter,
    receiving: watch::Receiver<Health>,
    /// What its dispatcher found out of sending.
    sending: Sending,
    /// Both together.
    status: watch::Receiver<Health>,
}

/// What an engine is started with.
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// The open store, which knows the same inboxes.
    pub store: Store,
    /// Its files.
    pub blobs: Blobs,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The connectors, by inbox.
    pub connectors: Vec<(InboxId, Arc<dyn Connector>)>,
    /// Signs the links under which providers fetch files.
    pub links: MediaLinks,
    /// Fetches the pictures that letters show from elsewhere.
    pub pictures: SafeFetch,
}

impl Engine {
    /// Starts every task of the bridge. Must be called within a Tokio runtime.
    pub fn start(setup: Setup) -> Self {
        let mut connectors: BTreeMap<InboxId, Arc<dyn Connector>> = setup.connectors.into_iter().collect();
        let (mut inboxes, mut together) = (BTreeMap::new(), Vec::new());
        for facts in setup.store.inboxes() {
            let (Some(connector), Some(inbox)) =
                (connectors.remove(&facts.id), setup.config.inbox(&facts.id))
            else {
                continue;
            };
            let (health, receiving) = HealthReporter::new();
            let (sender, status) = watch::channel(Health::Starting);
            let ours = addresses(&setup.config, &inbox.channel());
            let ingress = InboxIngress::new(setup.store.clone(), setup.blobs.clone(), facts.clone(), ours);
            inboxes.insert(
                facts.id.clone(),
                Inbox {
                    facts: facts.clone(),
                    connector,
                    ingress: Arc::new(ingress),
                    health,
                    receiving,
                    sending: Sending::default(),
                    status,
                },
            );
            together.push((facts.id.clone(), sender));
        }
        let engine = Self {
            inner: Arc::new(Inner {
                config: setup.config,
                live: Live::new(setup.store.clone()),
                presence: Presence::default(),
                store: setup.store,
                blobs: setup.blobs,
                clock: setup.clock,
                links: setup.links,
                pictures: setup.pictures,
                inboxes,
                shutdown: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        };
        for inbox in engine.inner.inboxes.keys() {
            engine.inner.tasks.spawn(dispatch::run(engine.clone(), inbox.clone()));
            engine.inner.tasks.spawn(supervisor::run(engine.clone(), inbox.clone()));
            let log = status::log(engine.clone(), inbox.clone());
            engine.inner.tasks.spawn(engine.inner.shutdown.clone().run_until_cancelled_owned(log));
        }
        for (inbox, sender) in together {
            let follow = status::follow(engine.clone(), inbox, sender);
            engine.inner.tasks.spawn(engine.inner.shutdown.clone().run_until_cancelled_owned(follow));
        }
        engine
            .inner
            .tasks
            .spawn(engine.inner.shutdown.clone().run_until_cancelled_owned(status::recall(engine.clone())));
        engine.inner.tasks.spawn(jobs::run(engine.clone()));
        let forget = presence::forget(engine.clone());
        engine.inner.tasks.spawn(engine.inner.shutdown.clone().run_until_cancelled_owned(forget));
        engine.inner.live.start(&engine.inner.tasks, &engine.inner.shutdown, engine.watch_health());
        engine
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The files.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<Config> {
        &self.inner.config
    }

    /// The only clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The links under which providers fetch files.
    pub fn links(&self) -> &MediaLinks {
        &self.inner.links
    }

    /// The live bus.
    pub fn live(&self) -> &Live {
        &self.inner.live
    }

    /// Who is at which conversation.
    fn presence(&self) -> &Presence {
        &self.inner.presence
    }

    /// Cancelled when the engine ends.
    pub fn shutdown_token(&self) -> &CancellationToken {
        &self.inner.shutdown
    }

    /// What an inbox can carry: what its channel can, and of files no larger ones than we take ourselves.
    pub fn capabilities(&self, inbox: &InboxId) -> Option<Capabilities> {
        let mut can = self.inner.inboxes.get(inbox)?.connector.capabilities();
        let ours = u64::try_from(self.config().limits.attachment).unwrap_or(u64::MAX);
        can.attachment_limit = can.attachment_limit.map(|limit| limit.min(ours));
        Some(can)
    }

    /// The way in on an inbox for a customer who brings this word; `None` where there is none now.
    pub fn way_in(&self, inbox: &InboxId, word: &str) -> Option<WayIn> {
        self.inner.inboxes.get(inbox)?.connector.way_in(word)
    }

    /// Our own addresses on an inbox's channel.
    fn own_addresses(&self, inbox: &InboxId) -> Vec<Address> {
        let inbox = self.config().inbox(inbox);
        inbox.map_or_else(Vec::new, |inbox| addresses(self.config(), &inbox.channel()))
    }

    /// Hands a provider's call to its connector; `None` where no inbox of that name takes calls.
    pub async fn webhook(&self, inbox: &InboxId, request: WebhookRequest) -> Option<WebhookResponse> {
        let inbox = self.inner.inboxes.get(inbox)?;
        let webhook = inbox.connector.webhook()?;
        let ingress: &dyn Ingress = inbox.ingress.as_ref();
        Some(webhook.receive(request, ingress).await)
    }

    /// Stops every task and waits for them until a deadline: what is being sent meanwhile and does not
    /// end is `unconfirmed` at the next start.
    pub async fn shutdown(&self, deadline: Instant) {
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout_at(deadline, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("Some tasks did not end in time");
        }
    }

    fn inbox(&self, id: &InboxId) -> Option<&Inbox> {
        self.inner.inboxes.get(id)
    }
}

/// Our own addresses on a channel, of every inbox: what one of our numbers writes to another is no
/// customer's.
fn addresses(config: &Config, channel: &ChannelName) -> Vec<Address> {
    let inboxes = config.inboxes.iter().filter(|inbox| inbox.channel() == *channel);
    inboxes.flat_map(|inbox| inbox.addresses.iter().cloned()).collect()
}

/// The address under which a provider calls an inbox.
pub fn webhook_url(public_url: &Url, inbox: &InboxId) -> String {
    format!("{}/webhooks/{inbox}", public_url.as_str().trim_end_matches('/'))
}
