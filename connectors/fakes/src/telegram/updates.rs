//! What the bot has yet to hear: kept for a day, told in order, forgotten once it is acknowledged.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use rapport_sdk::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Shared, api::Refusal, kept::Kept, spec::Params, world::World};

/// An update that nobody fetched is gone after this, in milliseconds.
const KEPT: i64 = 24 * 3_600_000;
/// After so long without an update the next one has a random number, in milliseconds.
const QUIET: i64 = 7 * 24 * 3_600_000;
/// What is told only to who asks for it.
const UNASKED: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// An update.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Queued {
    pub(crate) id: i64,
    pub(crate) body: Value,
    at: i64,
    done: bool,
}

/// Where updates are pushed to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
    pub(crate) max_connections: i64,
    /// The last failure: when, in seconds, and what.
    pub(crate) failed: Option<(i64, String)>,
}

/// What is remembered between calls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    allowed: Vec<String>,
    pub(crate) webhook: Option<Webhook>,
    last_id: i64,
    last_at: i64,
}

/// The updates that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Queued>,
    /// What a test keeps back.
    held: Option<Vec<Queued>>,
    pub(crate) settings: Settings,
    /// Which call of getUpdates waits.
    poller: u64,
    /// Why the one before was ended.
    ended: &'static str,
}

impl Queue {
    pub(crate) fn restore(&mut self, update: Queued) {
        if !update.done {
            self.waiting.push_back(update);
        }
    }

    pub(crate) fn len(&mut self, now: Timestamp) -> usize {
        self.expire(now);
        self.waiting.len()
    }

    pub(crate) fn first(&mut self, now: Timestamp) -> Option<Queued> {
        self.expire(now);
        self.waiting.front().cloned()
    }

    fn expire(&mut self, now: Timestamp) {
        self.waiting.retain(|update| update.at > now.millis() - KEPT);
    }

    fn is_wanted(&self, kind: &str) -> bool {
        let allowed = &self.settings.allowed;
        if allowed.is_empty() { !UNASKED.contains(&kind) } else { allowed.iter().any(|name| name == kind) }
    }

    /// Ends the call that waits, for this reason, and gives the next one its number.
    pub(crate) fn end_poll(&mut self, reason: &'static str) -> u64 {
        self.poller += 1;
        self.ended = reason;
        self.poller
    }
}

impl World {
    /// Tells the bot, if it wants to hear of this kind.
    pub(crate) fn tell(&mut self, kind: &str, what: Value, now: Timestamp) {
        if self.queue.is_wanted(kind) {
            let mut body = serde_json::Map::new();
            body.insert(kind.to_owned(), what);
            self.push(body.into(), now);
        }
    }

    /// Puts an update into the queue whatever it holds, and gives its number.
    pub(crate) fn push(&mut self, mut body: Value, now: Timestamp) -> i64 {
        let settings = &mut self.queue.settings;
        let is_quiet = settings.last_id == 0 || now.millis() - settings.last_at > QUIET;
        let id = body["update_id"].as_i64().unwrap_or_else(|| {
            if is_quiet {
                i64::from(rand::random_range(10_000_000..900_000_000_u32))
            } else {
                settings.last_id + 1
            }
        });
        settings.last_id = id;
        settings.last_at = now.millis();
        body["update_id"] = id.into();
        let update = Queued { id, body, at: now.millis(), done: false };
        self.note(|world| Some(Kept::Settings(world.queue.settings.clone())));
        self.note(|_| Some(Kept::Update(update.clone())));
        match &mut self.queue.held {
            Some(held) => held.push(update),
            None => self.queue.waiting.push_back(update),
        }
        id
    }

    /// Keeps back what comes from now on.
    pub(crate) fn hold(&mut self) {
        self.queue.held.get_or_insert_default();
    }

    /// Lets go what was kept back: these first, in this order, then the rest, numbered anew.
    pub(crate) fn release(&mut self, order: &[usize]) {
        let held = self.queue.held.take().unwrap_or_default();
        let mut ids: Vec<i64> = held.iter().map(|update| update.id).collect();
        ids.sort_unstable();
        let rest = (0..held.len()).filter(|index| !order.contains(index));
        let sorted = order.iter().copied().chain(rest).filter_map(|index| held.get(index).cloned());
        for (mut update, id) in sorted.zip(ids) {
            update.id = id;
            update.body["update_id"] = id.into();
            self.note(|_| Some(Kept::Update(update.clone())));
            self.queue.waiting.push_back(update);
        }
    }

    /// What is told from now on: an empty list stands for all that is told unasked.
    pub(crate) fn allow(&mut self, params: &Params) {
        if let Some(allowed) = params.list("allowed_updates") {
            self.queue.settings.allowed =
                allowed.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect();
            self.note(|world| Some(Kept::Settings(world.queue.settings.clone())));
        }
    }

    pub(crate) fn allowed(&self) -> &[String] {
        &self.queue.settings.allowed
    }

    /// Forgets the updates for which this holds.
    pub(crate) fn acknowledge(&mut self, is_done: impl Fn(usize, &Queued) -> bool) {
        let (mut done, mut kept) = (Vec::new(), VecDeque::new());
        for (index, update) in std::mem::take(&mut self.queue.waiting).into_iter().enumerate() {
            if is_done(index, &update) { done.push(update) } else { kept.push_back(update) }
        }
        self.queue.waiting = kept;
        for mut update in done {
            update.done = true;
            update.body = Value::Null;
            self.note(|_| Some(Kept::Update(update)));
        }
    }

    pub(crate) fn set_webhook(&mut self, webhook: Option<Webhook>) {
        self.queue.settings.webhook = webhook;
        self.note(|world| Some(Kept::Settings(world.queue.settings.clone())));
    }

    /// What waits from this number on, after all before it was acknowledged.
    fn take(&mut self, offset: i64, limit: usize, now: Timestamp) -> Vec<Value> {
        let count = self.queue.len(now);
        let highest = self.queue.waiting.iter().map(|update| update.id).max().unwrap_or(0);
        if offset < 0 {
            let kept = usize::try_from(-offset).unwrap_or(0);
            self.acknowledge(|index, _| index + kept < count);
        } else if offset <= highest + 10 {
            // A number far beyond the last one is of a time before the numbers began anew: it says nothing.
            self.acknowledge(|_, update| update.id < offset);
        }
        self.queue.waiting.iter().take(limit).map(|update| update.body.clone()).collect()
    }
}

/// `getUpdates`: answers once there is something, or after the time that the caller gives.
pub(crate) async fn poll(shared: &Arc<Shared>, params: &Params) -> Result<Value, Refusal> {
    const WEBHOOK: &str = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to \
                           delete the webhook first";
    const OTHER: &str = "Conflict: terminated by other getUpdates request; make sure that only one bot \
                         instance is running";
    let offset = params.integer("offset").unwrap_or(0);
    let limit = params.integer("limit").filter(|limit| (1..=100).contains(limit)).unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let timeout = params.integer("timeout").unwrap_or(0).clamp(0, 50);
    let mut changes = shared.changes();
    let me = shared.with(|world| {
        if world.queue.settings.webhook.is_some() {
            return Err(Refusal::conflict(WEBHOOK));
        }
        world.allow(params);
        Ok(world.queue.end_poll(OTHER))
    })?;
    shared.changed();
    let now = || shared.now();
    let wait = async {
        let mut first = true;
        loop {
            changes.mark_unchanged();
            let found = shared.with(|world| {
                if world.queue.poller != me {
                    return Err(Refusal::conflict(world.queue.ended));
                }
                if world.down {
                    return Ok(None);
                }
                // What is acknowledged is so once: numbers may begin anew while the call waits.
                Ok(Some(world.take(if first { offset } else { 0 }, limit, now())))
            })?;
            let Some(found) = found else { return Ok(json!([])) };
            if !found.is_empty() {
                return Ok(json!(found));
            }
            first = false;
            if changes.changed().await.is_err() {
                return Ok(json!([]));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(timeout.unsigned_abs()), wait).await.unwrap_or(Ok(json!([])))
}
