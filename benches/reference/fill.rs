//! Fills a database by a few large statements: as many customers as wanted, each with a handle, a
//! thread, a conversation and two or three messages.
//!
//! Ids are made from a number, so that one text serves both engines and every row can be named
//! without a look-up. Times and states follow what the store itself would have written.

use std::{
    str::FromStr as _,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

/// How many customers one statement makes.
const CHUNK: i64 = 50_000;
/// The first customer's time.
pub(crate) const BEGIN: i64 = 1_760_000_000_000;
/// What every id of a filled row holds before its number: earlier than ids that are made now.
pub(crate) const STEM: &str = "018f00000000700";

/// Associate 0 is an admin; 1 to 10 belong to the team `advice`.
const ASSOCIATES: &str = "
WITH RECURSIVE k(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM k WHERE i < 10)
INSERT INTO associates (id, name, email, role, created_at)
SELECT 'aso_018f00000000700' || substr(CAST(100000000000000000 + i AS TEXT), 2), 'Associate ' || CAST(i AS TEXT),
  'a' || CAST(i AS TEXT) || '@shop.example', CASE WHEN i = 0 THEN 'admin' ELSE 'associate' END, 1760000000000 FROM k";

const TEAMS: &str = "
INSERT INTO associate_teams (associate_id, team_id) SELECT id, 'advice' FROM associates WHERE role = 'associate'";

/// Numbers and what follows from each, for a range of customers: `$1` to `$2`, one in `$3` is open.
/// Of the open ones every second waits and every fifth is assigned.
macro_rules! of_customers {
    ($statement:literal) => {
        concat!(
            "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $2),
s AS (SELECT i, i % $3 = 0 AS is_open, i / $3 AS o, i % 3 AS place, substr(CAST(100000000000000000 + i AS TEXT), 2) AS h FROM n),
k AS (SELECT i, h, is_open, is_open AND o % 2 = 0 AS waits, is_open AND o % 5 = 0 AS taken,
  CASE place WHEN 0 THEN 'bench-a' WHEN 1 THEN 'bench-b' ELSE 'bench-c' END AS inbox,
  CASE place WHEN 0 THEN '+4915550000001' WHEN 1 THEN '+4915550000002' ELSE '+4915550000003' END AS ours,
  CASE WHEN place = 0 THEN 'advice' WHEN place = 1 THEN 'orders' WHEN is_open AND o % 5 = 0 THEN 'advice' ELSE NULL END AS team,
  'aso_018f00000000700' || substr(CAST(100000000000000001 + (o / 5) % 10 AS TEXT), 2) AS associate,
  '018f00000000700' || h AS id, '+4917' || substr(h, 8) AS address, 1760000000000 + i * 1000 AS t FROM s) ",
            $statement
        )
    };
}

const CUSTOMERS: &[&str] = &[
    of_customers!(
        "INSERT INTO contacts (id, brand, created_at) SELECT 'con_' || id, 'shop', t FROM k"
    ),
    of_customers!(
        "INSERT INTO handles (id, brand, channel, address, trust, shared, can_reply, created_at, last_seen_at)
SELECT 'hdl_' || id, 'shop', 'sms', address, 'proven', FALSE, TRUE, t, t FROM k"
    ),
    of_customers!(
        "INSERT INTO handle_periods (handle_id, contact_id, valid_from) SELECT 'hdl_' || id, 'con_' || id, t FROM k"
    ),
    of_customers!(
        "INSERT INTO conversations (id, brand, contact_id, thread_id, inbox_id, channel, kind, state, team_id, assignee_id,
  episode, turn, human_in_episode, last_position, inbound_position, word_position, waiting_since, due_at, last_at,
  snippet, snippet_author, queue_at, created_at, closed_at, closed_by)
SELECT 'cnv_' || id, 'shop', 'con_' || id, 'thr_' || id, inbox, 'sms', 'private', CASE WHEN is_open THEN 'open' ELSE 'closed' END,
  team, CASE WHEN taken THEN associate ELSE NULL END, 1, 2, TRUE,
  CASE WHEN waits THEN 3 ELSE 2 END, CASE WHEN waits THEN 3 ELSE 1 END, CASE WHEN waits THEN 3 ELSE 2 END,
  CASE WHEN waits THEN t + 200 ELSE NULL END, CASE WHEN waits THEN t + 1800200 ELSE NULL END, t + 200,
  'Thank you, the size 43 of the boots is what I was looking for', 'contact',
  CASE WHEN waits THEN t + 1800200 ELSE 4000000000000000 - (t + 200) END, t,
  CASE WHEN is_open THEN NULL ELSE t + 200 END, CASE WHEN is_open THEN NULL ELSE associate END FROM k"
    ),
    of_customers!(
        "INSERT INTO threads (id, brand, inbox_id, channel, external_id, kind, permanent, our_address, handle_id,
  conversation_id, last_ticket, last_inbound_at, repeats)
SELECT 'thr_' || id, 'shop', inbox, 'sms', ours || '|' || address, 'private', TRUE, ours, 'hdl_' || id,
  'cnv_' || id, 1, t, 0 FROM k"
    ),
    of_customers!(
        "INSERT INTO messages (id, brand, conversation_id, position, contact_id, thread_id, inbox_id, channel, kind, author_kind,
  handle_id, episode, turn, text, at, created_at, version, content_hash, flags)
SELECT 'msg_018f00000000701' || h, 'shop', 'cnv_' || id, 1, 'con_' || id, 'thr_' || id, inbox, 'sms', 'inbound', 'contact',
  'hdl_' || id, 1, 1, 'Hello, do you have the boots in size 43 in stock? I would like to fetch them on Saturday.', t, t, 1,
  '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef', '' FROM k"
    ),
    of_customers!(
        "INSERT INTO sightings (inbox_id, external_id, message_id, content_hash, trust, at)
SELECT inbox, 'SM' || id, 'msg_018f00000000701' || h, '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef', 'proven', t FROM k"
    ),
    of_customers!(
        "INSERT INTO messages (id, brand, conversation_id, position, contact_id, thread_id, inbox_id, channel, kind, author_kind,
  associate_id, episode, turn, text, at, created_at, version, flags, delivery)
SELECT 'msg_018f00000000702' || h, 'shop', 'cnv_' || id, 2, 'con_' || id, 'thr_' || id, inbox, 'sms', 'outbound', 'associate',
  associate, 1, 1, 'Good morning! Yes, one pair is left. I put it aside for you under your name.', t + 100, t + 100, 1, '', 'delivered' FROM k"
    ),
    of_customers!(
        "INSERT INTO human_messages (message_id, author_kind, associate_id)
SELECT 'msg_018f00000000702' || h, 'associate', associate FROM k"
    ),
    of_customers!(
        "INSERT INTO messages (id, brand, conversation_id, position, contact_id, thread_id, inbox_id, channel, kind, author_kind,
  handle_id, episode, turn, text, at, created_at, version, content_hash, flags)
SELECT 'msg_018f00000000703' || h, 'shop', 'cnv_' || id, 3, 'con_' || id, 'thr_' || id, inbox, 'sms', 'inbound', 'contact',
  'hdl_' || id, 1, 2, 'Thank you, the size 43 of the boots is what I was looking for', t + 200, t + 200, 1,
  '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ee', '' FROM k WHERE waits"
    ),
    of_customers!(
        "INSERT INTO obligations (id, conversation_id, message_id, contact_id, position, opened_at, due_at, open_state)
SELECT 'obl_' || id, 'cnv_' || id, 'msg_018f00000000703' || h, 'con_' || id, 3, t + 200, t + 1800200, 'open' FROM k WHERE waits"
    ),
    of_customers!(
        "INSERT INTO read_marks (associate_id, conversation_id, position) SELECT associate, 'cnv_' || id, 2 FROM k WHERE is_open"
    ),
];

const COUNTS: &str = "
INSERT INTO queue_counts (inbox_id, team_id, assignee_id, state, waiting, n)
SELECT inbox_id, coalesce(team_id, ''), coalesce(assignee_id, ''), state, due_at IS NOT NULL, count(*)
FROM conversations GROUP BY 1, 2, 3, 4, 5";

/// What may be left out while rows are known to be right, and what is done afterwards.
const SQLITE_BEFORE: &str = "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576; PRAGMA temp_store = MEMORY";
const SQLITE_AFTER: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
const POSTGRES_BEFORE: &str = "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'";
const POSTGRES_AFTER: &str = "VACUUM ANALYZE";

/// Makes `many` customers in a database with an empty schema; one in `open_every` has an open
/// conversation, the others a closed one. Gives how long it took.
pub(crate) async fn fill(url: &str, many: i64, open_every: i64) -> anyhow::Result<Duration> {
    let began = Instant::now();
    if url.starts_with("sqlite:") {
        let mut db = SqliteConnectOptions::from_str(url)?.connect().await?;
        sqlite(&mut db, many, open_every).await?;
        db.close().await?;
    } else {
        let mut db = PgConnectOptions::from_str(url)?.connect().await?;
        postgres(&mut db, many, open_every).await?;
        db.close().await?;
    }
    Ok(began.elapsed())
}

async fn sqlite(db: &mut SqliteConnection, many: i64, open_every: i64) -> anyhow::Result<()> {
    db.execute(SQLITE_BEFORE).await?;
    db.execute(ASSOCIATES).await?;
    db.execute(TEAMS).await?;
    for (from, to) in chunks(many) {
        let mut tx = db.begin().await?;
        for sql in CUSTOMERS {
            sqlx::query(*sql).bind(from).bind(to).bind(open_every).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        progress(to, many);
    }
    db.execute(COUNTS).await?;
    db.execute(SQLITE_AFTER).await?;
    Ok(())
}

async fn postgres(db: &mut PgConnection, many: i64, open_every: i64) -> anyhow::Result<()> {
    db.execute(POSTGRES_BEFORE).await?;
    db.execute(ASSOCIATES).await?;
    db.execute(TEAMS).await?;
    for (from, to) in chunks(many) {
        let mut tx = db.begin().await?;
        for sql in CUSTOMERS {
            sqlx::query(*sql).bind(from).bind(to).bind(open_every).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        progress(to, many);
    }
    db.execute(COUNTS).await?;
    db.execute(POSTGRES_AFTER).await?;
    Ok(())
}

fn chunks(many: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..many).step_by(usize::try_from(CHUNK).expect("a small number")).map(move |from| {
        let to = (from + CHUNK).min(many) - 1;
        (from, to)
    })
}

fn progress(to: i64, many: i64) {
    if (to + 1) % (CHUNK * 5) == 0 {
        println!("    {} of {many} conversations are in", to + 1);
    }
}

/// The text of a filled row's number within its id.
pub(crate) fn digits(number: usize) -> String {
    format!("{STEM}{number:017}")
}

/// The address of a filled customer.
pub(crate) fn address(number: usize) -> String {
    format!("+4917{number:010}")
}
