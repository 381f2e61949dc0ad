//! A conversation's row, whole: every change loads it under a lock, changes it here and saves it, so
//! that its counters, its place in the queue and its events never differ from its state.

use std::{collections::HashMap, sync::Arc};

use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, ConversationId, InboxId, TeamId, ThreadId},
};

use super::{
    db::{Run, built},
    dialect,
    error::{Conflict, StoreError},
    ingest::InboxFacts,
    mention, routing,
    rows::{self, Rows},
    scope::Actor,
    tx::{CountKey, NewEvent, Tx},
    value::{Row, Value, values},
};

/// Later than any due time and still exact in JavaScript: what nobody waits for stands behind what
/// somebody waits for, the latest first.
const BEHIND_ALL_WAITS: i64 = 4_000_000_000_000_000;

/// Where the band begins in which open conversations stand that are suspected: beyond the places of all
/// others, in the same order among themselves, and its last place still exact in JavaScript. So one key
/// and its indexes serve the view of these as well as the views without them.
pub(super) const SUSPECTED_FROM: i64 = 4_500_000_000_000_000;

/// The word under which the counters keep an open conversation that is suspected.
pub(super) const SUSPECTED: &str = "suspected";

/// Where the band begins in which open conversations stand that are put off: behind all others, before what
/// is suspected, and the next to wake first.
pub(super) const SNOOZED_FROM: i64 = 4_100_000_000_000_000;

/// No wake is later in its band: what stands there is never among the suspected.
const LAST_WAKE: i64 = 300_000_000_000_000;

/// The word under which the counters keep an open conversation that is put off.
pub(super) const SNOOZED: &str = "snoozed";

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Somebody may owe something.
    Open,
    /// Nothing in it yet that a person wrote.
    Automatic,
    /// A person closed it.
    Closed,
}

impl State {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Automatic => "automatic",
            Self::Closed => "closed",
        }
    }
}

impl TryFrom<String> for State {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        [Self::Open, Self::Automatic, Self::Closed].into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// One matter of a contact's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversation {
    pub id: ConversationId,
    pub brand: String,
    pub contact: ContactId,
    pub thread: ThreadId,
    pub inbox: InboxId,
    pub channel: String,
    pub kind: String,
    pub state: State,
    pub team: Option<TeamId>,
    pub assignee: Option<AssociateId>,
    pub continues: Option<ConversationId>,
    pub episode: i64,
    pub turn: i64,
    pub human_in_episode: bool,
    pub last_position: i64,
    pub inbound_position: i64,
    pub word_position: i64,
    pub waiting_since: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub last_at: Timestamp,
    pub snippet: String,
    pub snippet_author: String,
    pub trouble: Option<String>,
    /// The receiving server took all that came for spam, and no person has said otherwise. Owed as
    /// anything else; only listed apart.
    pub suspected: bool,
    /// Until when it is put off, for everybody, and by whom. Means something while it is open.
    pub snoozed: Option<(Timestamp, AssociateId)>,
    /// Who is named in its notes, and sees it by that.
    pub mentioned: Vec<AssociateId>,
    /// Since when it is raised: nobody answered in time. As long as somebody waits.
    pub raised_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<AssociateId>,
}

const COLUMNS: &[&str] = &[
    "id",
    "brand",
    "contact_id",
    "thread_id",
    "inbox_id",
    "channel",
    "kind",
    "state",
    "team_id",
    "assignee_id",
    "continues_id",
    "episode",
    "turn",
    "human_in_episode",
    "last_position",
    "inbound_position",
    "word_position",
    "waiting_since",
    "due_at",
    "last_at",
    "snippet",
    "snippet_author",
    "trouble",
    "suspected",
    "snoozed_until",
    "snoozed_by",
    "mentioned",
    "raised_at",
    "queue_at",
    "created_at",
    "closed_at",
    "closed_by",
];

impl Conversation {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parse("id")?,
            brand: row.get("brand")?,
            contact: row.parse("contact_id")?,
            thread: row.parse("thread_id")?,
            inbox: InboxId(row.get("inbox_id")?),
            channel: row.get("channel")?,
            kind: row.get("kind")?,
            state: row.parse("state")?,
            team: row.get::<Option<String>>("team_id")?.map(TeamId),
            assignee: row.parse_opt("assignee_id")?,
            continues: row.parse_opt("continues_id")?,
            episode: row.get("episode")?,
            turn: row.get("turn")?,
            human_in_episode: row.get("human_in_episode")?,
            last_position: row.get("last_position")?,
            inbound_position: row.get("inbound_position")?,
            word_position: row.get("word_position")?,
            waiting_since: row.time_opt("waiting_since")?,
            due_at: row.time_opt("due_at")?,
            last_at: row.time("last_at")?,
            snippet: row.get("snippet")?,
            snippet_author: row.get("snippet_author")?,
            trouble: row.get("trouble")?,
            suspected: row.get("suspected")?,
            snoozed: row.time_opt("snoozed_until")?.zip(row.parse_opt("snoozed_by")?),
            mentioned: mention::read(&row.get::<String>("mentioned")?)?,
            raised_at: row.time_opt("raised_at")?,
            created_at: row.time("created_at")?,
            closed_at: row.time_opt("closed_at")?,
            closed_by: row.parse_opt("closed_by")?,
        })
    }

    fn values(&self) -> Vec<Value> {
        values![
            &self.id,
            &self.brand,
            &self.contact,
            &self.thread,
            &self.inbox,
            &self.channel,
            &self.kind,
            self.state.as_str(),
            self.team.as_ref(),
            self.assignee.as_ref(),
            self.continues.as_ref(),
            self.episode,
            self.turn,
            self.human_in_episode,
            self.last_position,
            self.inbound_position,
            self.word_position,
            self.waiting_since,
            self.due_at,
            self.last_at,
            &self.snippet,
            &self.snippet_author,
            self.trouble.clone(),
            self.suspected,
            self.snoozed_until(),
            self.snoozed_until().and(self.snoozed.as_ref()).map(|(_, by)| by),
            mention::written(&self.mentioned),
            self.raised_at.filter(|_| self.due_at.is_some()),
            self.queue_at(),
            self.created_at,
            self.closed_at,
            self.closed_by.as_ref(),
        ]
    }

    /// The key of every list.
    pub(super) fn queue_at(&self) -> i64 {
        let place = match (self.state, self.due_at) {
            // A sender's clock may be wrong by any span, and is not to lift its letter out of its band.
            (State::Open, Some(due)) => due.millis().min(BEHIND_ALL_WAITS),
            (State::Closed, _) => BEHIND_ALL_WAITS - self.closed_at.unwrap_or(self.last_at).millis(),
            _ => BEHIND_ALL_WAITS - self.last_at.millis(),
        };
        match self.snoozed_until() {
            _ if self.stands_apart() => SUSPECTED_FROM + place,
            Some(until) => SNOOZED_FROM + until.millis().clamp(0, LAST_WAKE),
            None => place,
        }
    }

    /// Until when it is put off. One that is not open is not.
    pub(super) fn snoozed_until(&self) -> Option<Timestamp> {
        self.snoozed.as_ref().filter(|_| self.state == State::Open).map(|(until, _)| *until)
    }

    /// Whether it is within an actor's scope.
    pub(super) fn is_seen_by(&self, actor: &Actor, inboxes: &[Arc<InboxFacts>]) -> bool {
        self.mentioned.contains(actor.id())
            || actor.sees(inboxes, self.team.as_ref(), self.assignee.as_ref(), &self.inbox)
    }

    /// Whether it is listed as suspected, and in none of the other views of what is open.
    fn stands_apart(&self) -> bool {
        self.suspected && self.state == State::Open
    }

    pub(super) fn count_key(&self) -> CountKey {
        CountKey {
            inbox: self.inbox.0.clone(),
            team: self.team.as_ref().map(|t| t.0.clone()).unwrap_or_default(),
            assignee: self.assignee.as_ref().map(ToString::to_string).unwrap_or_default(),
            state: if self.stands_apart() {
                SUSPECTED
            } else if self.snoozed_until().is_some() {
                SNOOZED
            } else {
                self.state.as_str()
            },
            waiting: self.due_at.is_some(),
        }
    }

    /// Refuses a position that was never given: nobody can have seen it.
    pub(super) fn has(&self, position: i64) -> Result<(), StoreError> {
        if position > self.last_position {
            return Err(Conflict::NotThere(self.last_position).into());
        }
        Ok(())
    }

    /// The next position, taken.
    pub(super) fn next_position(&mut self) -> i64 {
        self.last_position += 1;
        self.last_position
    }

    /// Adds an obligation to the wait; the earliest decides. What is owed anew wakes it.
    pub(super) fn owe(&mut self, since: Timestamp, due: Timestamp) {
        self.snoozed = None;
        self.waiting_since = Some(self.waiting_since.map_or(since, |other| other.min(since)));
        self.due_at = Some(self.due_at.map_or(due, |other| other.min(due)));
    }

    /// Takes its close back: the episode goes on.
    pub(super) fn open_again(&mut self) {
        self.state = State::Open;
        self.closed_at = None;
        self.closed_by = None;
    }

    /// Opens it again: a new episode begins.
    pub(super) fn reopen(&mut self) {
        self.open_again();
        self.episode += 1;
        self.turn += 1;
        self.human_in_episode = false;
    }

    /// What a list shows of the latest message.
    pub(super) fn show(&mut self, author: &str, text: &str, at: Timestamp) {
        const LONGEST_SNIPPET: usize = 140;
        self.snippet =
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_SNIPPET).collect();
        author.clone_into(&mut self.snippet_author);
        self.last_at = self.last_at.max(at);
    }

    /// An event about it, with scope before and after.
    pub(super) fn event(&self, kind: &'static str, before: Option<&Self>) -> NewEvent {
        let before = before.unwrap_or(self);
        NewEvent {
            kind,
            brand: Some(self.brand.clone()),
            inbox: Some(self.inbox.clone()),
            contact: Some(self.contact.clone()),
            conversation: Some(self.id.clone()),
            team: (before.team.clone(), self.team.clone()),
            assignee: (before.assignee.clone(), self.assignee.clone()),
            ..NewEvent::default()
        }
    }
}

/// Loads conversations by id and locks them, in the order of their ids so that two nodes never wait
/// for each other.
pub(super) async fn load(
    tx: &mut Tx,
    ids: Vec<&ConversationId>,
) -> Result<HashMap<ConversationId, Conversation>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (source, args) = rows::keys(tx.engine(), ids.into_iter().map(|id| values![id]).collect());
    let lock = dialect::for_update(tx.engine());
    let sql = built(["SELECT * FROM conversations WHERE id IN ", &source, " ORDER BY id", lock].concat());
    read_all(&tx.rows_of(sql, args).await?)
}

/// Loads the open conversations of each contact, locked, without those on an address that several people use.
pub(super) async fn load_open_of_contacts(
    tx: &mut Tx,
    contacts: Vec<&ContactId>,
) -> Result<HashMap<ConversationId, Conversation>, StoreError> {
    if contacts.is_empty() {
        return Ok(HashMap::new());
    }
    let (source, args) = rows::keys(tx.engine(), contacts.into_iter().map(|id| values![id]).collect());
    let lock = dialect::for_update(tx.engine());
    let sql = built(
        [
            "SELECT * FROM conversations WHERE contact_id IN ",
            &source,
            " AND state IN ('open', 'automatic') AND kind = 'private' AND NOT EXISTS (SELECT 1 FROM threads t \
             JOIN handles h ON h.id = t.handle_id AND h.shared WHERE t.id = conversations.thread_id) ORDER BY id",
            lock,
        ]
        .concat(),
    );
    read_all(&tx.rows_of(sql, args).await?)
}

fn read_all(rows: &[Row]) -> Result<HashMap<ConversationId, Conversation>, StoreError> {
    rows.iter().map(|row| Conversation::read(row).map(|c| (c.id.clone(), c))).collect()
}

/// Loads one and locks it.
pub(super) async fn get(tx: &mut Tx, id: &ConversationId) -> Result<Conversation, StoreError> {
    load(tx, vec![id]).await?.remove(id).ok_or(StoreError::NotFound("conversation"))
}

/// Saves conversations, new and changed, together with the counters of the views.
pub(super) async fn save(
    tx: &mut Tx,
    changes: &[(Option<Conversation>, &Conversation)],
) -> Result<(), StoreError> {
    let mut rows = Rows::new("conversations", COLUMNS);
    for (before, after) in changes {
        let old = before.as_ref().map(Conversation::count_key);
        let new = after.count_key();
        if old.as_ref() != Some(&new) {
            if let Some(old) = old {
                tx.count(old, -1);
            }
            tx.count(new, 1);
        }
        rows.push(after.values());
    }
    rows.insert_with(tx, UPSERT).await?;
    for (before, after) in changes {
        mention::follow(tx, before.as_ref(), after).await?;
    }
    routing::watch(tx, changes).await
}

/// Saves one.
pub(super) async fn save_one(
    tx: &mut Tx,
    before: &Conversation,
    after: &Conversation,
) -> Result<(), StoreError> {
    save(tx, &[(Some(before.clone()), after)]).await
}

const UPSERT: &str = "ON CONFLICT (id) DO UPDATE SET contact_id = excluded.contact_id, thread_id = excluded.thread_id, \
    inbox_id = excluded.inbox_id, channel = excluded.channel, state = excluded.state, team_id = excluded.team_id, \
    assignee_id = excluded.assignee_id, continues_id = excluded.continues_id, episode = excluded.episode, \
    turn = excluded.turn, human_in_episode = excluded.human_in_episode, last_position = excluded.last_position, \
    inbound_position = excluded.inbound_position, word_position = excluded.word_position, \
    waiting_since = excluded.waiting_since, due_at = excluded.due_at, last_at = excluded.last_at, \
    snippet = excluded.snippet, snippet_author = excluded.snippet_author, trouble = excluded.trouble, \
    suspected = excluded.suspected, snoozed_until = excluded.snoozed_until, snoozed_by = excluded.snoozed_by, \
    mentioned = excluded.mentioned, raised_at = excluded.raised_at, queue_at = excluded.queue_at, closed_at = excluded.closed_at, closed_by = excluded.closed_by";

/// The contact's latest conversation: what a new one continues.
pub(super) async fn last_of_contact(
    tx: &mut Tx,
    contact: &ContactId,
) -> Result<Option<ConversationId>, StoreError> {
    tx.first(
        "SELECT id FROM conversations \
         WHERE contact_id = $1 AND kind = 'private' ORDER BY created_at DESC, id DESC LIMIT 1",
        values![contact],
    )
    .await?
    .map(|row| row.parse("id"))
    .transpose()
}
