//! One group of messages as rows: what receiving leaves in the tables, and nothing that it asks.

use std::{collections::BTreeMap, str::FromStr as _};

use rapport::clock::SystemClock;
use rapport_model::Clock as _;
use sqlx::{
    PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Arrival,
    fill::{BEGIN, digits},
    table::{Cell, Transact},
};

const HASH: &str = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ed";
/// Until a reply is due.
const REPLY_WITHIN: i64 = 1_800_000;

/// A filled database, and the position that each customer's conversation has come to.
pub(super) struct Database {
    pool: Pool,
    positions: Vec<i64>,
    serial: u64,
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$(Cell::from($cell)),*] };
}

impl Database {
    /// With the pragmas and settings that the store has.
    pub(super) async fn open(url: &str, customers: usize) -> anyhow::Result<Self> {
        let pool = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .statement_cache_capacity(512)
                .pragma("cache_size", "-8192");
            Pool::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?)
        } else {
            let options = PgConnectOptions::from_str(url)?
                .statement_cache_capacity(512)
                .options([("synchronous_commit", "on"), ("jit", "off")]);
            Pool::Postgres(PgPoolOptions::new().max_connections(1).connect_with(options).await?)
        };
        Ok(Self { pool, positions: vec![3; customers], serial: 0 })
    }

    /// Stores a group by one transaction.
    pub(super) async fn commit(&mut self, arrivals: Vec<Arrival>) -> anyhow::Result<()> {
        let now = SystemClock.now().millis();
        let many = i64::try_from(arrivals.len())?;
        let mut tx = match &self.pool {
            Pool::Sqlite(pool) => Transact::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(pool) => Transact::Postgres(pool.begin().await?),
        };
        let mut group = Group::default();
        for arrival in arrivals {
            self.serial += 1;
            let message = format!("msg_019f{:08x}7000{:016x}", now & 0xffff_ffff, self.serial);
            let customer = arrival.from.get(5..).and_then(|n| n.parse::<usize>().ok()).unwrap_or_default();
            let position = self.positions.get_mut(customer).expect("one of the filled customers");
            *position += 1;
            group.add(&arrival, &message, customer, *position, now);
        }
        group.write(&mut tx, many).await?;
        tx.commit().await?;
        Ok(())
    }
}

#[derive(Default)]
struct Group {
    sightings: Vec<Vec<Cell>>,
    messages: Vec<Vec<Cell>>,
    raws: Vec<Vec<Cell>>,
    obligations: Vec<Vec<Cell>>,
    events: Vec<Vec<Cell>>,
    // An upsert takes each key once: the last message of a customer decides.
    handles: BTreeMap<usize, Vec<Cell>>,
    threads: BTreeMap<usize, Vec<Cell>>,
    conversations: BTreeMap<usize, Vec<Cell>>,
}

impl Group {
    fn add(&mut self, arrival: &Arrival, message: &str, customer: usize, position: i64, now: i64) {
        let id = digits(customer);
        let name = |prefix: &str| [prefix, &id].concat();
        let (conversation, contact) = (name("cnv_"), name("con_"));
        let (thread, handle) = (name("thr_"), name("hdl_"));
        let inbox = arrival.inbox.as_str();
        let due = now + REPLY_WITHIN;
        let none = || Cell::Text(None);
        self.sightings.push(row![inbox, arrival.sid.as_str(), message, HASH, "proven", now]);
        self.messages.push(row![
            message,
            "shop",
            conversation.as_str(),
            position,
            contact.as_str(),
            thread.as_str(),
            inbox,
            "sms",
            "inbound",
            "contact",
            handle.as_str(),
            1_i64,
            2_i64,
            arrival.text.as_str(),
            now,
            now,
            1_i64,
            HASH,
            "",
        ]);
        self.raws.push(row![
            message.replacen("msg_", "raw_", 1),
            inbox,
            arrival.sid.as_str(),
            "application/x-www-form-urlencoded",
            arrival.raw.clone(),
            now,
        ]);
        self.obligations.push(row![
            message.replacen("msg_", "obl_", 1),
            conversation.as_str(),
            message,
            contact.as_str(),
            position,
            now,
            due,
            "open",
        ]);
        self.events.push(row![
            now,
            "message.received",
            "shop",
            inbox,
            contact.as_str(),
            conversation.as_str(),
            message
        ]);
        self.handles.insert(
            customer,
            row![handle.as_str(), "shop", "sms", arrival.from.as_str(), "proven", false, true, now, now,],
        );
        let ours = match inbox {
            "bench-a" => "+4915550000001",
            "bench-b" => "+4915550000002",
            _ => "+4915550000003",
        };
        let external = [ours, "|", &arrival.from].concat();
        self.threads.insert(
            customer,
            row![
                thread.as_str(),
                "shop",
                inbox,
                "sms",
                external,
                "private",
                true,
                ours,
                handle.as_str(),
                conversation.as_str(),
                1_i64,
                now,
                HASH,
                now,
                1_i64,
            ],
        );
        let began = BEGIN + i64::try_from(customer).unwrap_or_default() * 1000;
        self.conversations.insert(
            customer,
            vec![
                conversation.into(),
                "shop".into(),
                contact.into(),
                thread.into(),
                inbox.into(),
                "sms".into(),
                "private".into(),
                "open".into(),
                none(),
                none(),
                1_i64.into(),
                2_i64.into(),
                true.into(),
                position.into(),
                position.into(),
                position.into(),
                now.into(),
                due.into(),
                now.into(),
                arrival.text.as_str().into(),
                "contact".into(),
                due.into(),
                began.into(),
            ],
        );
    }

    async fn write(mut self, tx: &mut Transact, many: i64) -> sqlx::Result<()> {
        tx.insert(
            "INSERT INTO sightings (inbox_id, external_id, message_id, content_hash, trust, at)",
            "",
            self.sightings,
        )
        .await?;
        tx.insert(
            "INSERT INTO handles (id, brand, channel, address, trust, shared, can_reply, created_at, last_seen_at)",
            "ON CONFLICT (brand, channel, address, trust) DO UPDATE SET last_seen_at = excluded.last_seen_at",
            self.handles.into_values().collect(),
        )
        .await?;
        tx.insert(
            "INSERT INTO conversations (id, brand, contact_id, thread_id, inbox_id, channel, kind, state, team_id, \
             assignee_id, episode, turn, human_in_episode, last_position, inbound_position, word_position, \
             waiting_since, due_at, last_at, snippet, snippet_author, queue_at, created_at)",
            "ON CONFLICT (id) DO UPDATE SET last_position = excluded.last_position, \
             inbound_position = excluded.inbound_position, word_position = excluded.word_position, \
             waiting_since = coalesce(conversations.waiting_since, excluded.waiting_since), \
             due_at = coalesce(conversations.due_at, excluded.due_at), last_at = excluded.last_at, \
             snippet = excluded.snippet, queue_at = coalesce(conversations.due_at, excluded.due_at)",
            self.conversations.into_values().collect(),
        )
        .await?;
        tx.insert(
            "INSERT INTO threads (id, brand, inbox_id, channel, external_id, kind, permanent, our_address, handle_id, \
             conversation_id, last_ticket, last_inbound_at, repeat_hash, repeat_since, repeats)",
            "ON CONFLICT (id) DO UPDATE SET last_inbound_at = excluded.last_inbound_at, \
             repeat_hash = excluded.repeat_hash, repeat_since = excluded.repeat_since, repeats = excluded.repeats",
            self.threads.into_values().collect(),
        )
        .await?;
        tx.insert(
            "INSERT INTO messages (id, brand, conversation_id, position, contact_id, thread_id, inbox_id, channel, kind, \
             author_kind, handle_id, episode, turn, text, at, created_at, version, content_hash, flags)",
            "",
            self.messages,
        )
        .await?;
        tx.insert(
            "INSERT INTO raw_payloads (id, inbox_id, external_id, content_type, bytes, received_at)",
            "",
            self.raws,
        )
        .await?;
        tx.insert(
            "INSERT INTO obligations (id, conversation_id, message_id, contact_id, position, opened_at, due_at, open_state)",
            "",
            self.obligations,
        )
        .await?;
        let first = tx.take_sequence(many).await? - many + 1;
        for (seq, event) in (first..).zip(&mut self.events) {
            event.insert(0, seq.into());
        }
        tx.insert(
            "INSERT INTO events (seq, at, kind, brand, inbox_id, contact_id, conversation_id, message_id)",
            "",
            self.events,
        )
        .await
    }
}
