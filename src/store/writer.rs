//! The group writer: every change goes through it, and requests that wait together are committed
//! together. One a node, on Postgres too.
//!
//! A group that fails is tried again one by one, so that one bad write does not take others with it.
//! A write that was submitted runs to its end whether or not its caller still waits.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};
use rapport_model::Clock;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    db::Pool,
    dialect,
    error::StoreError,
    ingest::{self, InboxFacts, IngestRequest, Outcome},
    tx::Tx,
};

/// The most requests of one group.
const LARGEST_GROUP: usize = 256;
/// How many requests may wait before the store says that it is busy.
const WAITING_ROOM: usize = 1024;
/// How often a group is tried when it met another node's locks.
const TRIES: usize = 4;

/// One change, to be applied within a group's transaction. May be applied more than once (each time
/// on a fresh transaction), so it must not consume itself.
pub(super) trait Write: Send + 'static {
    type Output: Send + 'static;

    fn apply(&mut self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}

/// What others want to know of commits.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    /// The sequence of the last event.
    pub log: watch::Sender<i64>,
    /// Counts up whenever rows of the outbox may have become due.
    pub outbox: watch::Sender<u64>,
    /// Counts up whenever jobs were added.
    pub jobs: watch::Sender<u64>,
}

impl Signals {
    pub(super) fn new(last: i64) -> Self {
        Self { log: watch::Sender::new(last), outbox: watch::Sender::new(0), jobs: watch::Sender::new(0) }
    }
}

enum Request {
    Ingest(IngestRequest, oneshot::Sender<Result<Vec<Outcome>, StoreError>>),
    Write(Box<dyn AnyWrite>),
}

/// Where writes are handed in.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Request>,
}

impl Writer {
    /// Starts the writer's task. It ends when the last `Writer` is dropped and the queue is empty.
    pub(super) fn start(
        pool: Pool,
        clock: Arc<dyn Clock>,
        signals: Signals,
        inboxes: Arc<[Arc<InboxFacts>]>,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(WAITING_ROOM);
        let task = tokio::spawn(run(Ground { pool, clock, signals, inboxes }, waiting));
        (Self { queue }, task)
    }

    /// Commits what a connector brought; `Busy` at once where too much waits.
    pub(super) async fn ingest(&self, request: IngestRequest) -> Result<Vec<Outcome>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Request::Ingest(request, reply)).map_err(|_| StoreError::Busy)?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Commits one change; waits for its turn.
    pub(super) async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let (reply, answer) = oneshot::channel();
        let submitted = Box::new(Submitted { write, outcome: None, reply });
        self.queue.send(Request::Write(submitted)).await.map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable("the writer has ended".to_owned())
}

enum Applied {
    Done,
    Refused,
}

trait AnyWrite: Send {
    fn apply<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<Applied, StoreError>>;
    fn settle(self: Box<Self>, group: Result<(), StoreError>);
}

struct Submitted<W: Write> {
    write: W,
    outcome: Option<Result<W::Output, StoreError>>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

impl<W: Write> AnyWrite for Submitted<W> {
    fn apply<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<Applied, StoreError>> {
        Box::pin(async move {
            match self.write.apply(tx).await {
                Ok(output) => {
                    self.outcome = Some(Ok(output));
                    Ok(Applied::Done)
                }
                Err(error) if error.is_refusal() => {
                    self.outcome = Some(Err(error));
                    Ok(Applied::Refused)
                }
                Err(error) => Err(error),
            }
        })
    }

    fn settle(self: Box<Self>, group: Result<(), StoreError>) {
        let outcome = match group {
            Ok(()) => self.outcome.unwrap_or_else(|| Err(ended())),
            Err(error) => Err(error),
        };
        // The caller may be gone; the write is done all the same.
        drop(self.reply.send(outcome));
    }
}

/// What every group's transaction stands on.
struct Ground {
    pool: Pool,
    clock: Arc<dyn Clock>,
    signals: Signals,
    inboxes: Arc<[Arc<InboxFacts>]>,
}

async fn run(ground: Ground, mut waiting: mpsc::Receiver<Request>) {
    let mut group = Vec::with_capacity(LARGEST_GROUP);
    while waiting.recv_many(&mut group, LARGEST_GROUP).await > 0 {
        let commit = commit(&ground, std::mem::take(&mut group));
        // A panic takes its own group along: it is rolled back, and its callers are told. Without a
        // writer nothing could be stored until somebody starts the process again.
        if AssertUnwindSafe(commit).catch_unwind().await.is_err() {
            tracing::error!("A group of writes panicked and was rolled back");
        }
    }
}

async fn commit(ground: &Ground, mut group: Vec<Request>) {
    match attempt(ground, &mut group).await {
        Ok(outcomes) => settle(group, outcomes),
        Err(StoreError::Unavailable(reason)) => {
            for request in group {
                fail(request, StoreError::Unavailable(reason.clone()));
            }
        }
        Err(error) if group.len() == 1 => group.into_iter().for_each(|request| {
            fail(request, StoreError::Unavailable(error.to_string()));
        }),
        Err(error) => {
            tracing::warn!(%error, group.size = group.len(), "A group failed and is tried one by one");
            for request in group {
                let mut single = vec![request];
                match attempt(ground, &mut single).await {
                    Ok(outcomes) => settle(single, outcomes),
                    Err(error) => {
                        if let Some(request) = single.pop() {
                            fail(request, error);
                        }
                    }
                }
            }
        }
    }
}

/// Tries a group again while it only met another node's locks.
async fn attempt(ground: &Ground, group: &mut [Request]) -> Result<Vec<Vec<Outcome>>, StoreError> {
    let mut tries = 1;
    loop {
        match attempt_once(ground, group).await {
            Err(error) if tries < TRIES && dialect::is_lock_conflict(&error) => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn attempt_once(ground: &Ground, group: &mut [Request]) -> Result<Vec<Vec<Outcome>>, StoreError> {
    let mut tx = Tx::new(dialect::begin(&ground.pool).await?, ground.clock.now(), ground.inboxes.clone());
    let alone = group.len() == 1;
    let batches: Vec<&IngestRequest> = group
        .iter()
        .filter_map(|request| match request {
            Request::Ingest(request, _) => Some(request),
            Request::Write(_) => None,
        })
        .collect();
    let outcomes = if batches.is_empty() { Vec::new() } else { ingest::apply(&mut tx, &batches).await? };
    for request in group {
        let Request::Write(write) = request else { continue };
        if alone {
            if let Applied::Refused = write.apply(&mut tx).await? {
                tx.rollback().await?;
                return Ok(outcomes);
            }
        } else {
            let mark = tx.savepoint().await?;
            match write.apply(&mut tx).await? {
                Applied::Done => tx.release().await?,
                Applied::Refused => tx.back_to(mark).await?,
            }
        }
    }
    let (outbox, jobs) = (tx.wake_outbox, tx.wake_jobs);
    if let Some(last) = tx.commit().await? {
        ground.signals.log.send_replace(last);
    }
    if outbox {
        ground.signals.outbox.send_modify(|count| *count += 1);
    }
    if jobs {
        ground.signals.jobs.send_modify(|count| *count += 1);
    }
    Ok(outcomes)
}

fn settle(group: Vec<Request>, outcomes: Vec<Vec<Outcome>>) {
    let mut outcomes = outcomes.into_iter();
    for request in group {
        match request {
            Request::Ingest(_, reply) => {
                let outcome = outcomes.next().ok_or_else(ended);
                drop(reply.send(outcome));
            }
            Request::Write(write) => write.settle(Ok(())),
        }
    }
}

fn fail(request: Request, error: StoreError) {
    match request {
        Request::Ingest(_, reply) => drop(reply.send(Err(error))),
        Request::Write(write) => write.settle(Err(error)),
    }
}
