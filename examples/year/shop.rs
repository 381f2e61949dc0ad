//! The shop as the bridge runs it: the store, its jobs and its sends. The one module here that speaks to the store.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use rapport::{
    config::{self, Config, Source},
    engine::run_routing_job,
    store::{
        Actor, AssociateChange, InboxFacts, IngestRequest, Job, JobOutcome, Kept, NewAbsence, NewAck,
        NewAssociate, NewReply, Role, SendOutcome, Store, StoreError, StoreOptions, Subject, Summary, View,
        body_hash,
    },
};
use rapport_model::{
    Address, Author, Clock, InboundEvent, Letter, Secret, Timestamp, Trust,
    event::{Chat, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    id::{AssociateId, ContactId, ConversationId},
    outbound::Part,
};

use crate::people::{Absence, Associate, CHANNELS};

/// Who is off shift keeps what they can answer within so many minutes.
pub const BACK_WITHIN: i64 = 16 * 60;
/// What the shop promises.
pub const REPLY_WITHIN: Duration = Duration::from_hours(4);
const LEASE: Duration = Duration::from_secs(30);
const TEAM: &str = "advice";

/// A clock that the year moves.
#[derive(Debug)]
pub struct YearClock(AtomicI64);

impl Clock for YearClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// What jobs did that the books want to know.
#[derive(Debug, Default)]
pub struct Done {
    /// Conversations in which the bot spoke.
    pub acknowledged: Vec<ConversationId>,
    /// How many came back to the queue.
    pub raised: usize,
}

/// The bridge of the shop.
pub struct Shop {
    pub clock: Arc<YearClock>,
    store: Store,
    config: Config,
    inboxes: Vec<Arc<InboxFacts>>,
    admin: Actor,
    actors: Vec<Actor>,
    serial: u64,
}

impl Shop {
    pub async fn open(url: &str, now: i64) -> anyhow::Result<Self> {
        let clock = Arc::new(YearClock(AtomicI64::new(now)));
        let inboxes: Vec<_> = CHANNELS.iter().map(|channel| Arc::new(facts(channel))).collect();
        let options = StoreOptions { url: url.to_owned(), inboxes: inboxes.clone(), clock: clock.clone() };
        let (store, _writer) = Store::open(options).await?;
        let admin = associate(&store, "Ada Admin", Role::Admin).await?;
        Ok(Self { clock, store, config: configuration()?, inboxes, admin, actors: Vec::new(), serial: 0 })
    }

    pub fn at(&self, now: i64) {
        self.clock.0.store(now, Ordering::Relaxed);
    }

    /// Somebody begins to work here.
    pub async fn hire(&mut self, one: &Associate) -> anyhow::Result<()> {
        let actor = associate(&self.store, &one.name, Role::Associate).await?;
        let hours = serde_json::to_string(&one.hours())?;
        self.store.set_hours(&self.admin, Subject::Associate(actor.id().clone()), Some(hours)).await?;
        self.actors.push(actor);
        Ok(())
    }

    pub async fn note_absence(&self, one: usize, absence: Absence) -> anyhow::Result<()> {
        let (from, until, stand_in) = absence;
        let absence = NewAbsence {
            subject: Subject::Associate(self.actors[one].id().clone()),
            from: Timestamp(from),
            until: Timestamp(until),
            stand_in: stand_in.map(|other| self.actors[other].id().clone()),
            reason: "away".to_owned(),
        };
        self.store.insert_absence(&self.admin, absence).await?;
        Ok(())
    }

    /// Somebody leaves for good.
    pub async fn dismiss(&self, one: usize) -> anyhow::Result<()> {
        let change = AssociateChange { active: Some(false), ..AssociateChange::default() };
        self.store.update_associate(Some(&self.admin), self.actors[one].id(), change).await?;
        Ok(())
    }

    pub async fn card_of(&self, one: usize) -> anyhow::Result<String> {
        Ok(self.store.insert_entry_word(&self.actors[one]).await?)
    }

    /// A customer writes. Gives the conversation.
    pub async fn receive(
        &mut self,
        channel: usize,
        address: &str,
        thread: &str,
        text: String,
    ) -> anyhow::Result<ConversationId> {
        self.serial += 1;
        let before = self.store.last_event().await?;
        let message = InboundMessage {
            id: format!("m{}", self.serial).as_str().into(),
            content_key: None,
            thread: ThreadRef {
                id: thread.into(),
                kind: ThreadKind::Private,
                permanent: CHANNELS[channel] != "email",
                our_address: Address::new("us"),
                title: None,
            },
            author: Author::Contact {
                address: Address::new(address),
                name: None,
                trust: Trust::Proven,
                can_reply: true,
                is_bot: false,
            },
            text,
            attachments: Vec::new(),
            reply_to: None,
            at: self.clock.now(),
            addressed: true,
            unanswerable: None,
            letter: Letter::default(),
            chat: Chat::default(),
            raw: RawPayload { content_type: "text/plain".to_owned(), bytes: Vec::new() },
        };
        let event = InboundEvent::Message(Box::new(message));
        let request =
            IngestRequest::new(self.inboxes[channel].clone(), vec![event], None, None, Kept::default());
        self.store.ingest(request).await?;
        let events = self.store.list_events(before, 100).await?;
        let received = events.into_iter().find(|event| event.kind == "message.received");
        received.and_then(|event| event.conversation).context("a message came in and no conversation says so")
    }

    /// Does what is due.
    pub async fn work_off(&self) -> anyhow::Result<Done> {
        let mut done = Done::default();
        loop {
            let jobs = self.store.claim_jobs(LEASE, 64).await?;
            if jobs.is_empty() {
                return Ok(done);
            }
            for job in &jobs {
                match job.kind.as_str() {
                    "ack" => done.acknowledged.extend(self.acknowledge(job).await?),
                    "route" | "hand_back" => {
                        run_routing_job(&self.config, &self.store, job).await?;
                    }
                    "overdue" => {
                        done.raised += usize::from(run_routing_job(&self.config, &self.store, job).await?);
                    }
                    _ => self.store.update_job(&job.id, JobOutcome::Done(None)).await?,
                }
            }
        }
    }

    async fn acknowledge(&self, job: &Job) -> anyhow::Result<Option<ConversationId>> {
        let (conversation, turn) =
            job.payload.split_once(' ').context("a job names its conversation and turn")?;
        let conversation = ConversationId::try_from(conversation.to_owned()).ok().context("by its id")?;
        let text = "Automated: your message is here.".to_owned();
        let ack = NewAck {
            job: job.id.clone(),
            conversation: conversation.clone(),
            turn: turn.parse()?,
            parts: vec![Part { text: text.clone(), ..Part::default() }],
            text,
            letter: false,
        };
        let silent = self.store.insert_ack(ack).await?;
        self.send_all().await?;
        Ok(silent.is_none().then_some(conversation))
    }

    /// Carries what is to leave.
    async fn send_all(&self) -> anyhow::Result<()> {
        for inbox in &self.inboxes {
            for row in self.store.claim_outbox(inbox, LEASE, 64, None).await? {
                let outcome = SendOutcome::Sent(row.id.as_str().into());
                self.store.update_outbox(&inbox.id, &row.id, outcome, None).await?;
            }
        }
        Ok(())
    }

    /// What waits for somebody, or with `None` for whoever takes it first.
    pub async fn waiting(&self, one: usize, view: View) -> anyhow::Result<Vec<Summary>> {
        let page = self.store.list_conversations(&self.actors[one], view, None, 5).await?;
        Ok(page.items.into_iter().filter(|summary| summary.due_at.is_some()).collect())
    }

    pub async fn look(&self, conversation: &ConversationId) -> anyhow::Result<Summary> {
        Ok(self.store.get_summary(&self.admin, conversation).await?)
    }

    pub fn who(&self, id: &AssociateId) -> Option<usize> {
        self.actors.iter().position(|actor| actor.id() == id)
    }

    pub async fn take(&self, one: usize, summary: &Summary) -> anyhow::Result<()> {
        let actor = &self.actors[one];
        self.store.assign(actor, &summary.id, Some(actor.id().clone()), summary.team.clone()).await?;
        Ok(())
    }

    pub async fn reply(&mut self, one: usize, summary: &Summary) -> anyhow::Result<()> {
        self.serial += 1;
        let actor = &self.actors[one];
        let leg = self.store.find_leg(actor, &summary.id, None).await?.context("a conversation has a leg")?;
        let text = "Of course.".to_owned();
        let reply = NewReply {
            conversation: summary.id.clone(),
            thread: leg.thread,
            parts: vec![Part { text: text.clone(), ..Part::default() }],
            body_hash: body_hash(&[&text], &[]),
            text,
            spans: Vec::new(),
            answers: None,
            attachments: Vec::new(),
            seen_position: summary.position,
            key: format!("r{}", self.serial),
            close: false,
            undo: Duration::ZERO,
            heading: None,
        };
        self.store.insert_reply(actor, reply).await?;
        self.send_all().await
    }

    pub async fn close(&self, one: usize, conversation: &ConversationId) -> anyhow::Result<bool> {
        match self.store.close(&self.actors[one], conversation).await {
            Ok(()) => Ok(true),
            // The customer wrote meanwhile, or somebody closed it.
            Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn merge(&self, into: &ContactId, from: &ContactId) -> anyhow::Result<()> {
        self.store.merge(&self.admin, into, from, "the same customer".to_owned()).await?;
        Ok(())
    }
}

async fn associate(store: &Store, name: &str, role: Role) -> anyhow::Result<Actor> {
    let email = format!("{}@shop.example", name.to_lowercase().replace(' ', "."));
    let teams = vec![TEAM.into()];
    let invited =
        store.insert_associate(None, NewAssociate { name: name.to_owned(), email, role, teams }).await?;
    let token = store.accept_invitation(invited.token.expose(), Secret::new("unused"), None).await?;
    let session = store.find_session(token.expose()).await?.context("whoever accepts is signed in")?;
    Ok(session.actor)
}

fn facts(channel: &str) -> InboxFacts {
    InboxFacts {
        id: channel.into(),
        brand: "shop".to_owned(),
        channel: channel.to_owned(),
        teams: vec![TEAM.into()],
        sender_group: channel.to_owned(),
        reply_within: REPLY_WITHIN,
        reopen_within: Duration::from_hours(14 * 24),
        bot: true,
    }
}

/// The configuration that routing reads: one team, and how long a known associate may be off shift.
fn configuration() -> anyhow::Result<Config> {
    let mut text =
        format!("[routing]\nback_within_minutes = {BACK_WITHIN}\n[team.{TEAM}]\nname = \"Advice\"\n");
    let mut env = BTreeMap::new();
    for (at, channel) in CHANNELS.iter().enumerate() {
        let _ = write!(
            text,
            "[inbox.{channel}]\naddresses = [\"+4915550000{at:03}\"]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\nteams = [\"{TEAM}\"]\n\
             [inbox.{channel}.sms]\naccount_sid = \"AC{at:032}\"\n"
        );
        let key = format!("RAPPORT__INBOX__{}__SMS__AUTH_TOKEN", channel.to_uppercase());
        env.insert(key, "0123456789abcdef0123456789abcdef".to_owned());
    }
    let loaded = config::load(&Source { file: Some(("year.toml".to_owned(), text)), env });
    loaded.into_config().map_err(|refused| anyhow::anyhow!("{refused}"))
}
