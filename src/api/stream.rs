//! The live stream of one browser (Server-Sent Events): what changes within its associate's scope, from
//! a sequence on. A stream ends with its session; one that lags too far behind is told to load again.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use rapport_model::id::ConversationId;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::{
    Api,
    bot::BotState,
    dto::{Draft, LiveConversation},
    error::{ApiError, Problem},
    presence::PresentPeople,
    queue::Counts,
    request::Params,
    session::SignedIn,
};
use crate::{
    engine::live::{Change, Sight, Subscription, What},
    store::{Session, StoreError},
};

/// How far back a stream can be picked up.
const WINDOW: Duration = Duration::from_hours(24);
/// A gap with more events than this is loaded again faster than it is replayed.
const LONGEST_REPLAY: i64 = 2000;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// The last sequence that the client has seen.
    after: Option<i64>,
}

/// What changes, as it changes: events hello, conversation, gone, counts, read, draft, presence, inbox, bot and reset.
#[utoipa::path(get, path = "/events", params(After), responses(
    (status = 200, description = "A stream of events", content_type = "text/event-stream"), (status = 422, body = Problem)))]
pub(super) async fn events(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    Params(query): Params<After>,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let after: Option<i64> = last.or(query.after);
    // Listen first, then look where the log ends: nothing falls between.
    let subscription = api.engine.live().subscribe();
    let now = api.engine.store().last_event().await?;
    let mut state =
        Reader { api, session: who.0, subscription, seen: now, counts: None, ready: VecDeque::new() };
    match after.filter(|after| *after != now) {
        Some(after) => state.catch_up(after, now).await?,
        None => state.ready.push_back(hello(now)),
    }
    Ok(Sse::new(state.into_stream()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// One stream under way.
struct Reader {
    api: Api,
    session: Session,
    subscription: Subscription,
    /// What came up to here was told, or stood before the stream began.
    seen: i64,
    counts: Option<Counts>,
    ready: VecDeque<Event>,
}

impl Reader {
    /// Replays what the client missed, where that is still to be had.
    async fn catch_up(&mut self, after: i64, now: i64) -> Result<(), StoreError> {
        let store = self.api.engine.store();
        let oldest = store.find_event_since(store.now().minus(WINDOW)).await?;
        let within = oldest.is_none_or(|oldest| after.saturating_add(1) >= oldest);
        if after < 0 || after > now || now - after > LONGEST_REPLAY || !within {
            self.ready.push_back(hello(now));
            self.ready.push_back(reset());
            return Ok(());
        }
        // Names the place from which the replay goes on: whoever breaks off in it comes back there.
        self.ready.push_back(hello(after));
        self.seen = after;
        for change in self.api.engine.live().replay(after, now).await? {
            self.tell(&change).await?;
        }
        self.seen = now;
        Ok(())
    }

    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut reader| async move {
            loop {
                if let Some(event) = reader.ready.pop_front() {
                    return Some((Ok(event), reader));
                }
                if !reader.wait().await {
                    return None;
                }
            }
        })
    }

    /// Waits for the next thing to tell; false when the stream is over.
    async fn wait(&mut self) -> bool {
        let ending = self.api.engine.shutdown_token().clone();
        tokio::select! {
            change = self.subscription.changes.recv() => match change {
                Ok(change) => {
                    if let What::Associate(who) = &change.what
                        && who == self.session.actor.id()
                        && !self.look_again().await
                    {
                        return false;
                    }
                    self.tell(&change).await.is_ok()
                }
                Err(RecvError::Lagged(_)) => {
                    self.ready.push_back(reset());
                    true
                }
                Err(RecvError::Closed) => false,
            },
            changed = self.subscription.counts.changed() => {
                let table = self.subscription.counts.borrow_and_update().clone();
                let counts: Counts = table.of(&self.session.actor, self.api.engine.store().inboxes()).into();
                if self.counts != Some(counts) {
                    self.counts = Some(counts);
                    self.ready.push_back(event("counts", None, &json!(counts)));
                }
                changed.is_ok()
            }
            changed = self.subscription.sessions.changed() => {
                let sessions = self.subscription.sessions.borrow_and_update().clone();
                // One that began while the sessions were being read is not among them yet.
                changed.is_ok() && (sessions.contains(&self.session.id) || self.look_again().await)
            }
            () = ending.cancelled() => false,
        }
    }

    /// Asks again who this is: role and teams may have changed, or the session ended.
    async fn look_again(&mut self) -> bool {
        match self.api.engine.store().find_session_by_id(&self.session.id).await {
            Ok(Some(session)) => {
                if session.actor != self.session.actor {
                    self.session = session;
                    // Another scope: what is on the screen may not be theirs any more.
                    self.ready.push_back(reset());
                }
                true
            }
            Ok(None) => false,
            // The sessions in force are told again soon.
            Err(_) => true,
        }
    }

    async fn tell(&mut self, change: &Arc<Change>) -> Result<(), StoreError> {
        if change.seq.is_some_and(|seq| seq <= self.seen) {
            return Ok(());
        }
        let inboxes = self.api.engine.store().inboxes();
        let actor = &self.session.actor;
        let told = match &change.what {
            What::Conversation(row) => match row.sight(actor, inboxes) {
                Sight::Shown => {
                    let text = change.frame.get_or_init(|| {
                        let row = LiveConversation::from(&**row);
                        serde_json::to_vec(&row).unwrap_or_default().into()
                    });
                    let mut event =
                        Event::default().event("conversation").data(String::from_utf8_lossy(text));
                    if let Some(seq) = change.seq {
                        event = event.id(seq.to_string());
                    }
                    Some(event)
                }
                Sight::Gone => Some(event("gone", change.seq, &json!({"id": row.summary.id}))),
                Sight::Nothing => None,
            },
            What::Read(who, conversation) if who == actor.id() => {
                Some(self.own_mark(conversation, change.seq).await?)
            }
            What::Draft(who, conversation) if who == actor.id() => {
                Some(self.own_draft(conversation, change.seq).await?)
            }
            What::Read(..) | What::Draft(..) | What::Associate(_) => None,
            What::Bot(Some(id), _) if !actor.serves(inboxes, id) => None,
            What::Bot(inbox, off) => {
                let bot = BotState::new(&self.api, inbox.as_ref(), *off);
                Some(event("bot", change.seq, &json!({"inbox": inbox, "bot": bot})))
            }
            What::Presence(now) if !now.summary.visible_to(actor, inboxes) => None,
            What::Presence(now) => {
                let people = PresentPeople::new(&now.summary.id, &now.people);
                Some(event("presence", None, &json!(people)))
            }
            What::Inbox(id, _) if !actor.serves(inboxes, id) => None,
            What::Inbox(id, health) => {
                let health = json!({"state": health.word(), "reason": health.reason()});
                Some(event("inbox", None, &json!({"id": id, "health": health})))
            }
        };
        self.ready.extend(told);
        self.seen = self.seen.max(change.seq.unwrap_or(0));
        Ok(())
    }

    async fn own_mark(&self, conversation: &ConversationId, seq: Option<i64>) -> Result<Event, StoreError> {
        let position =
            self.api.engine.store().find_read_mark(&self.session.actor, conversation).await?.unwrap_or(0);
        Ok(event("read", seq, &json!({"conversation": conversation, "position": position})))
    }

    async fn own_draft(&self, conversation: &ConversationId, seq: Option<i64>) -> Result<Event, StoreError> {
        let draft = self.api.engine.store().find_draft(&self.session.actor, conversation).await?;
        let draft = draft.as_ref().map(Draft::from);
        Ok(event("draft", seq, &json!({"conversation": conversation, "draft": draft})))
    }
}

fn hello(seq: i64) -> Event {
    event("hello", Some(seq), &json!({"seq": seq}))
}

fn reset() -> Event {
    Event::default().event("reset").data("{}")
}

fn event(name: &'static str, seq: Option<i64>, data: &serde_json::Value) -> Event {
    let event = Event::default().event(name).data(data.to_string());
    match seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    }
}
