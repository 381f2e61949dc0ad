//! What was offered, acknowledged, stored, answered and sent, compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
    time::{Duration, Instant},
};

use rapport_fakes::FakeTwilio;
use sqlx::{
    PgPool, Row as _, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{
    chats::{Chats, Sent},
    letters::Progress,
    load::{Channel, Offered, Said},
    post::Post,
    queries::RULES,
};

/// How long nothing may be stuck: a lease has to run out.
const LONGEST: Duration = Duration::from_mins(1);
/// After so long without any change, what is put off is let to be due.
const IDLE: Duration = Duration::from_secs(1);

/// The books of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) offered: usize,
    /// So many of them by e-mail.
    pub(crate) letters: usize,
    /// And so many in chats.
    pub(crate) chats: usize,
    /// By an answer to the provider, or by a resume point behind it.
    pub(crate) acknowledged: usize,
    pub(crate) stored: usize,
    /// Acknowledged and not stored.
    pub(crate) lost: usize,
    /// Offered, also while nobody was there, and not stored.
    pub(crate) missed: usize,
    /// Which channels, customers and texts those are.
    pub(crate) missing: Vec<String>,
    /// Stored more than once.
    pub(crate) doubled: usize,
    /// Stored and never offered.
    pub(crate) phantom: usize,
    /// Acknowledged one after the other and stored the other way round: of SMS those of a customer, of
    /// letters those in one conversation.
    pub(crate) out_of_order: usize,
    pub(crate) replies: usize,
    /// So many of them by e-mail.
    pub(crate) letter_replies: usize,
    /// Accepted and not stored.
    pub(crate) replies_lost: usize,
    pub(crate) replies_doubled: usize,
    /// Of those that left in chats, the bot's words too.
    pub(crate) chats_sent: usize,
    /// At a provider more than once; of letters see below.
    pub(crate) sent_twice: usize,
    /// Mails that left more than once under one Message-ID, so that who gets them sees one.
    pub(crate) letters_left_again: usize,
    /// How often that was without a kill or a cut to explain it.
    pub(crate) letters_left_again_wrongly: usize,
    /// Mails that left under a second Message-ID.
    pub(crate) renamed: usize,
    /// Said to be sent, and not at the provider; or at the provider and not stored.
    pub(crate) sent_wrong: usize,
    pub(crate) unconfirmed: usize,
    /// Neither sent nor settled.
    pub(crate) pending: usize,
    /// What those wait for.
    pub(crate) waiting: Vec<String>,
    /// Jobs that nobody did or holds (on Postgres a dead process holds them until its lease ends).
    pub(crate) undone: usize,
    /// Contacts that have more than one open conversation, handles with two contacts.
    pub(crate) split: usize,
    pub(crate) broken: Vec<String>,
}

impl Account {
    /// Whether anything was lost, doubled, invented or mixed up.
    pub(crate) fn is_clean(&self) -> bool {
        let wrong = self.lost
            + self.doubled
            + self.phantom
            + self.out_of_order
            + self.replies_lost
            + self.replies_doubled
            + self.sent_twice
            + self.letters_left_again_wrongly
            + self.renamed
            + self.sent_wrong
            + self.split;
        wrong == 0 && self.broken.is_empty()
    }
}

/// A look into the database, beside the bridge.
pub(crate) enum Books {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Books {
    pub(crate) async fn open(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).unwrap().busy_timeout(Duration::from_secs(20));
            Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
        } else {
            Self::Postgres(PgPoolOptions::new().max_connections(1).connect(url).await.unwrap())
        }
    }

    /// The first column, text, of every row.
    pub(crate) async fn list(&self, sql: &'static str) -> Vec<String> {
        match self {
            Self::Sqlite(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Two columns, text, of every row.
    pub(crate) async fn pairs(&self, sql: &'static str) -> Vec<(String, String)> {
        match self {
            Self::Sqlite(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        }
    }

    /// Whether the engine finds its own pages and indexes in order.
    pub(crate) async fn assert_sound(&self) {
        match self {
            Self::Sqlite(_) => assert_eq!(self.list("PRAGMA integrity_check").await, ["ok"]),
            Self::Postgres(pool) => {
                sqlx::query("CREATE EXTENSION IF NOT EXISTS amcheck").execute(pool).await.unwrap();
                let check = "SELECT c.relname::text, bt_index_check(c.oid, true)::text FROM pg_class c \
                     JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE a.amname = 'btree' AND n.nspname = 'public' AND c.relkind = 'i'";
                let checked = sqlx::query(check).fetch_all(pool).await.unwrap();
                assert!(checked.len() > 20, "every index was looked at");
            }
        }
    }

    /// A quarter of an hour goes by for what is tried again later: so far apart do tries grow where the
    /// process is killed at one send again and again.
    async fn let_time_pass(&self) {
        self.list("UPDATE outbox SET due_at = created_at WHERE state = 'queued' RETURNING id").await;
        self.list(
            "UPDATE jobs SET due_at = created_at WHERE done_at IS NULL AND lease_until IS NULL AND kind <> 'overdue' RETURNING id",
        )
        .await;
    }

    /// Waits until all that was offered is stored, and nothing waits to be sent or has an unknown end.
    pub(crate) async fn wait_until_settled(&self, said: &Said) {
        let (mut since, mut before) = (Instant::now(), (0, 0, 0));
        loop {
            let stored: BTreeSet<String> =
                self.list("SELECT text FROM messages WHERE kind = 'inbound'").await.into_iter().collect();
            let missing = said.offered.lock().unwrap().iter().filter(|o| !stored.contains(&o.text)).count();
            let pending = self.list("SELECT id FROM outbox WHERE state IN ('queued', 'sending')").await.len();
            let jobs = self
                .list(
                    "SELECT id FROM jobs WHERE done_at IS NULL AND lease_until IS NULL AND kind <> 'overdue'",
                )
                .await
                .len();
            let left = (missing, pending, jobs);
            if left == (0, 0, 0) {
                return;
            }
            if left != before {
                (since, before) = (Instant::now(), left);
            }
            if since.elapsed() > LONGEST {
                // The account says what it is.
                return;
            }
            if since.elapsed() > IDLE {
                self.let_time_pass().await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Counts.
    pub(crate) async fn account(
        &self,
        said: &Said,
        provider: &FakeTwilio,
        post: &Post,
        chats: Option<&Chats>,
    ) -> Account {
        let mut account = Account::default();
        self.count_inbound(said, &mut account).await;
        let of_sms = provider.sent().into_iter();
        let of_sms = of_sms.map(|message| Sent { channel: Channel::Sms, to: message.to, text: message.body });
        let sent = of_sms.chain(chats.map(Chats::sent).unwrap_or_default()).collect();
        self.count_outbound(said, sent, &mut account).await;
        let offered = said.offered.lock().unwrap().clone();
        self.count_letters(&offered, post, &mut account).await;
        account.split = self
            .list(
                "SELECT contact_id FROM conversations WHERE state = 'open' AND channel <> 'email' \
                 GROUP BY contact_id HAVING count(*) > 1 \
                 UNION ALL SELECT address FROM handles GROUP BY channel, address, trust HAVING count(*) > 1",
            )
            .await
            .len();
        account.undone = self
            .list("SELECT id FROM jobs WHERE done_at IS NULL AND lease_until IS NULL AND kind <> 'overdue'")
            .await
            .len();
        account.waiting = self
            .list(
                "SELECT inbox_id || ': ' || state || ' after ' || CAST(attempt AS TEXT) || ', ' || COALESCE(reason, 'no reason') \
                 FROM outbox WHERE state IN ('queued', 'sending')",
            )
            .await;
        for (rule, query) in RULES {
            if let Some(row) = self.list(query).await.first() {
                account.broken.push(format!("{rule}: {row}"));
            }
        }
        account
    }

    async fn count_inbound(&self, said: &Said, account: &mut Account) {
        let offered = said.offered.lock().unwrap().clone();
        // First: what is committed meanwhile is no loss.
        let progress = Progress::read(self).await;
        let rows = self
            .pairs("SELECT text, conversation_id FROM messages WHERE kind = 'inbound' ORDER BY conversation_id, position")
            .await;
        let mut place: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, (text, _)) in rows.iter().enumerate() {
            place.entry(text).or_default().push(at);
        }
        let is_acknowledged = |message: &Offered| {
            message.acknowledged || message.place.as_ref().is_some_and(|place| progress.is_past(place))
        };
        account.offered = offered.len();
        let chats = [Channel::Telegram, Channel::Discord];
        account.chats = offered.iter().filter(|message| chats.contains(&message.channel)).count();
        account.acknowledged = offered.iter().filter(|message| is_acknowledged(message)).count();
        account.stored = rows.len();
        account.doubled = place.values().filter(|at| at.len() > 1).count();
        let known: BTreeSet<&str> = offered.iter().map(|message| message.text.as_str()).collect();
        account.phantom = place.keys().filter(|text| !known.contains(**text)).count();
        // Our own mails lie in the mailbox too: they are nobody's.
        account.phantom +=
            self.list("SELECT id FROM messages WHERE author_kind = 'outside_human'").await.len();
        let mut last: BTreeMap<(Channel, usize, &str), usize> = BTreeMap::new();
        for message in &offered {
            let Some(at) = place.get(message.text.as_str()).map(|at| at[0]) else {
                account.missed += 1;
                let (channel, customer) = (message.channel.name(), message.customer);
                account.missing.push(format!("{channel} {customer}: {}", message.text));
                account.lost += usize::from(is_acknowledged(message));
                continue;
            };
            if is_acknowledged(message) {
                let conversation = message.place.as_ref().map_or("", |_| rows[at].1.as_str());
                let before = last.insert((message.channel, message.customer, conversation), at);
                account.out_of_order += usize::from(before.is_some_and(|before| before > at));
            }
        }
    }

    /// Everything but letters.
    async fn count_outbound(&self, said: &Said, all: Vec<Sent>, account: &mut Account) {
        let written = said.written.lock().unwrap().clone();
        let texts = self
            .list("SELECT text FROM messages WHERE author_kind = 'associate' AND kind = 'outbound'")
            .await;
        let mut stored: BTreeMap<&str, usize> = BTreeMap::new();
        for text in &texts {
            *stored.entry(text).or_default() += 1;
        }
        account.replies = texts.len();
        account.replies_lost = written
            .iter()
            .filter(|reply| reply.accepted && !stored.contains_key(reply.text.as_str()))
            .count();
        account.replies_doubled = stored.values().filter(|count| **count > 1).count();
        let rows = self
            .pairs(
                "SELECT text, delivery FROM messages WHERE author_kind = 'associate' AND kind = 'outbound' \
                 AND channel <> 'email'",
            )
            .await;
        let mut sent: BTreeMap<(String, String), usize> = BTreeMap::new();
        for message in all {
            account.chats_sent += usize::from(message.channel != Channel::Sms);
            let is_reply = message.text.starts_with("Answer ");
            // An acknowledgement is the same text for everybody: told apart by whom it goes to.
            let key = if is_reply { message.text } else { "bot".to_owned() };
            *sent.entry((key, if is_reply { String::new() } else { message.to })).or_default() += 1;
        }
        for (text, delivery) in &rows {
            let at_provider = sent.get(&(text.clone(), String::new())).copied().unwrap_or(0);
            account.sent_twice += usize::from(at_provider > 1);
            match delivery.as_str() {
                "unconfirmed" => account.unconfirmed += 1,
                "queued" | "sending" => account.pending += 1,
                "sent" | "delayed" | "delivered" | "read" => {
                    account.sent_wrong += usize::from(at_provider != 1);
                }
                _ => account.sent_wrong += 1,
            }
        }
        let unknown = sent.keys().filter(|(text, _)| text != "bot" && !stored.contains_key(text.as_str()));
        account.sent_wrong += unknown.count();
        let asked = self
            .pairs("SELECT recipient, CAST(count(*) AS TEXT) FROM outbox WHERE automatic AND state <> 'cancelled' GROUP BY recipient")
            .await;
        let asked: BTreeMap<String, usize> =
            asked.into_iter().map(|(to, count)| (to, count.parse().unwrap())).collect();
        for ((text, to), count) in &sent {
            let most = asked.get(to).copied().unwrap_or(0).min(2);
            account.sent_twice += usize::from(text == "bot" && *count > most);
        }
    }
}
