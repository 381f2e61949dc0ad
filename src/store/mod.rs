//! The store: the only place with SQL.
//!
//! [`Store`] is one concrete type over SQLite or Postgres. Reads take a connection of the pool;
//! every change is a [`writer::Write`] that the group writer commits together with others. To add
//! one: write a struct with what it needs, implement `Write` (lock what you read with
//! `conversation::get`, change the row in memory, `conversation::save_one`, `tx.tell` an event), and
//! give `Store` a method that submits it. A function that serves a person takes an [`Actor`] and
//! answers within that person's scope; what lies outside looks as if it did not exist.
//!
//! Names: `find_` (an option), `get_` (an error if absent), `list_` (a page), `insert_`, `update_`,
//! `claim_` (under a lease).

mod act;
mod announce;
mod associate;
mod automatic;
mod blobs;
mod bot;
mod chat;
mod conversation;
mod db;
mod decision;
mod delivery;
mod details;
mod dialect;
mod draft;
mod entry;
mod entry_word;
mod error;
#[cfg(test)]
mod fixture;
mod heading;
mod identity;
mod inbox;
mod ingest;
mod invitation;
mod job;
mod leg;
mod letter;
mod log;
mod mark;
mod media;
mod mention;
mod message;
mod migrate;
mod obligation;
mod outbox;
mod owner;
mod page;
mod parked;
mod queue;
mod raw;
mod recipients;
mod removed;
mod reply;
mod routing;
mod rows;
#[cfg(test)]
mod rules;
mod scope;
mod session;
mod set_aside;
mod snooze;
mod subject;
mod summary;
mod sweep;
#[cfg(test)]
pub mod testing;
mod thread;
mod token;
mod transfer;
mod tx;
mod undo;
mod upload;
mod value;
mod writer;

use std::{sync::Arc, time::Duration};

use rapport_model::{
    Clock, Timestamp,
    id::{Cursor, InboxId, OutboxId, Scope},
};
use tokio::sync::watch;

pub use associate::{Associate, AssociateChange, fit_name, fold_email, is_email};
pub use automatic::NewAck;
pub use blobs::{Blobs, StoredBlob};
pub use bot::BotsOff;
pub use chat::{Quoted, Reaction};
pub use conversation::State;
pub use db::Engine;
pub use decision::{Decided, Decision, TAKE_BACK, Undoable, Verdict};
pub use details::{Contact, Details, Handle, Route};
pub use draft::{Draft, NewDraft};
pub use error::{Conflict, StoreError};
pub use heading::{Offer, ReplyHeading};
pub use identity::{
    Card, Difference, Episode, Evidence, Field, LinkCode, MergeId, Preview, Reason, Refused, Rival,
    Suggestion, Warning,
};
pub use inbox::{Gap, InboxRecord};
pub use ingest::{InboxFacts, IngestRequest, Kept, KeptFile, Outcome};
pub use invitation::{Invitation, InvitationKind, Invited, NewAssociate};
pub use job::{Job, JobOutcome};
pub use leg::Leg;
pub use letter::{Letter, LetterHtml, LetterSender};
pub use log::Event;
pub use media::{MediaOutcome, OutgoingFile, PendingMedia};
pub use message::{Delivery, Hidden, Message};
pub use obligation::Obligation;
pub use outbox::{Claimed, INBOX_GONE, SendOutcome};
pub use page::{InvalidPlace, Page, Place};
pub use parked::{Parked, ReadAgain};
pub use queue::{CountTable, Counts, View};
pub use raw::{RawContent, RawForm};
pub use recipients::{Offered, Why};
pub use reply::{NewReply, hash as body_hash};
pub use routing::{
    Absence, Attendance, AwaySpan, KnownAssociate, NewAbsence, Placed, Placement, Routing, RoutingFacts,
    RoutingPerson, Subject, Work,
};
pub use scope::{Actor, Role};
pub use session::{Credentials, Session, SessionId};
pub use snooze::WAKE;
pub use subject::LONGEST_SUBJECT;
pub use summary::Summary;
pub use transfer::NewTransfer;
pub use undo::Undone;
pub use upload::{Attachment, StoredFile};

use db::{Pool, Run as _};
use value::values;
use writer::{Signals, Writer};

/// Where everything is kept.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    writer: Writer,
    signals: Signals,
    clock: Arc<dyn Clock>,
    /// Names this process as the holder of leases: the node, where it has a name, and this boot of it.
    holder: Arc<str>,
    /// Whose leases are this process's to free at its start, as a pattern: those of earlier boots.
    earlier: Option<Arc<str>>,
    inboxes: Arc<[Arc<InboxFacts>]>,
}

/// What a store is opened with.
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://...`.
    pub url: String,
    /// The inboxes of the configuration.
    pub inboxes: Vec<Arc<InboxFacts>>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Store {
    /// Connects, checks that commits are durable, brings the schema up to date and starts the writer.
    /// The handle ends when the last clone of the store is dropped and all writes are done.
    pub async fn open(options: StoreOptions) -> Result<(Self, tokio::task::JoinHandle<()>), StoreError> {
        let mut pool = dialect::connect(&options.url).await?;
        dialect::assert_durable(&mut pool).await?;
        migrate::run(&mut pool, &options.url, options.clock.now()).await?;
        for inbox in &options.inboxes {
            pool.execute(
                "INSERT INTO inboxes (id, brand, channel, created_at, fence) VALUES ($1, $2, $3, $4, 0) \
                 ON CONFLICT (id) DO UPDATE SET brand = excluded.brand, channel = excluded.channel",
                values![&inbox.id, &inbox.brand, &inbox.channel, options.clock.now()],
            )
            .await?;
        }
        let last = pool
            .first("SELECT value FROM counters WHERE key = 'events'", Vec::new())
            .await?
            .ok_or(StoreError::Corrupt { column: "counters.value" })?
            .get("value")?;
        let signals = Signals::new(last);
        let inboxes: Arc<[Arc<InboxFacts>]> = options.inboxes.into();
        let (writer, task) =
            Writer::start(pool.clone(), options.clock.clone(), signals.clone(), inboxes.clone());
        let boot: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
        let store = Self {
            // Nobody else has an embedded database open.
            earlier: (pool.engine() == Engine::Sqlite).then(|| "%".into()),
            pool,
            writer,
            signals,
            clock: options.clock,
            holder: boot,
            inboxes,
        };
        Ok((store, task))
    }

    /// Whether [`Store::open`] would find a store that it can use. Makes nothing and changes nothing: an
    /// embedded database has to be there.
    pub async fn try_open(url: &str) -> Result<(), StoreError> {
        let mut pool = dialect::connect_to_read(url).await?;
        if pool.engine() == Engine::Postgres {
            dialect::assert_durable(&mut pool).await?;
        }
        migrate::known(&mut pool).await?;
        pool.close().await;
        Ok(())
    }

    /// Gives the node that this process is a name that its next boots will have, too: then they free
    /// what this one holds when it dies. At most one process may have the name at a time.
    #[must_use]
    pub fn on_node(mut self, name: uuid::Uuid) -> Self {
        let name = name.simple();
        self.holder = format!("{name}/{}", self.holder).into();
        if self.engine() == Engine::Postgres {
            self.earlier = Some(format!("{name}/%").into());
        }
        self
    }

    /// Which database stands below.
    pub fn engine(&self) -> Engine {
        self.pool.engine()
    }

    /// The present instant, by the store's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The inboxes of the configuration.
    pub fn inboxes(&self) -> &[Arc<InboxFacts>] {
        &self.inboxes
    }

    /// Follows the log: the sequence of the last event.
    pub fn watch_log(&self) -> watch::Receiver<i64> {
        self.signals.log.subscribe()
    }

    /// Follows the outbox: changes whenever rows may have become due.
    pub fn watch_outbox(&self) -> watch::Receiver<u64> {
        self.signals.outbox.subscribe()
    }

    /// Follows the jobs: changes whenever some were added.
    pub fn watch_jobs(&self) -> watch::Receiver<u64> {
        self.signals.jobs.subscribe()
    }

    /// Makes whoever waits for due rows or jobs look again: the clock was moved.
    pub fn nudge(&self) {
        self.signals.outbox.send_modify(|count| *count += 1);
        self.signals.jobs.send_modify(|count| *count += 1);
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.pool.clone().first("SELECT value FROM counters WHERE key = 'events'", Vec::new()).await.map(drop)
    }

    /// Commits what a connector brought; `Busy` at once where too much waits.
    pub async fn ingest(&self, request: IngestRequest) -> Result<Vec<Outcome>, StoreError> {
        self.writer.ingest(request).await
    }

    /// The cursor that was last committed under this scope.
    pub async fn find_cursor(&self, inbox: &InboxId, scope: &Scope) -> Result<Option<Cursor>, StoreError> {
        self.pool
            .clone()
            .first("SELECT cursor FROM cursors WHERE inbox_id = $1 AND scope = $2", values![inbox, scope])
            .await?
            .map(|row| row.get("cursor").map(Cursor))
            .transpose()
    }

    /// Claims rows of an inbox that are due, under a lease. `idempotent`: for how long its channel knows a
    /// repeat, where it does.
    pub async fn claim_outbox(
        &self,
        inbox: &Arc<InboxFacts>,
        lease: Duration,
        most: i64,
        idempotent: Option<Duration>,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.writer
            .write(outbox::Claim {
                inbox: inbox.clone(),
                owner: self.holder.to_string(),
                lease,
                most,
                idempotent,
            })
            .await
    }

    /// Records what became of a send.
    pub async fn update_outbox(
        &self,
        inbox: &InboxId,
        id: &OutboxId,
        outcome: SendOutcome,
        idempotent: Option<Duration>,
    ) -> Result<(), StoreError> {
        self.writer
            .write(outbox::Settle {
                inbox: inbox.clone(),
                id: id.clone(),
                owner: self.holder.to_string(),
                outcome,
                idempotent,
            })
            .await
    }

    /// Gives up the leases that ran out. At the start also those that earlier boots of this node held.
    pub async fn expire_outbox(
        &self,
        inbox: &InboxId,
        at_start: bool,
        idempotent: Option<Duration>,
    ) -> Result<usize, StoreError> {
        let earlier = self.earlier.as_ref().filter(|_| at_start).map(ToString::to_string);
        let me = self.holder.to_string();
        self.writer.write(outbox::Expire { inbox: inbox.clone(), me, earlier, idempotent }).await
    }

    /// When the next queued row of an inbox becomes due.
    pub async fn find_next_due(&self, inbox: &InboxId) -> Result<Option<Timestamp>, StoreError> {
        self.pool
            .clone()
            .first(
                "SELECT min(due_at) AS due FROM outbox WHERE inbox_id = $1 AND state = 'queued'",
                values![inbox],
            )
            .await?
            .map_or(Ok(None), |row| row.time_opt("due"))
    }
}
