//! The log's sequence: no reader can skip a number, because it is taken as the last act before the commit.
//!
//! The control takes its number first, as most would: then a reader sees a later one before it.

use std::sync::Arc;

use futures_util::future::join_all;

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{Store, StoreOptions, db::Run as _, dialect, testing::Fresh, value::values},
};

/// Reads as the live stream does: what is beyond the last number that was seen, until all is there.
/// Gives the numbers in the order in which they were seen.
async fn tail(mut pool: crate::store::db::Pool, query: &'static str, until: usize) -> Vec<i64> {
    let mut seen: Vec<i64> = Vec::new();
    for _ in 0..20_000 {
        let last = seen.last().copied().unwrap_or(0);
        let rows = pool.all(query, values![last]).await.unwrap();
        seen.extend(rows.iter().map(|row| row.get::<i64>("seq").unwrap()));
        if seen.len() >= until || seen.last().is_some_and(|last| usize::try_from(*last).unwrap() >= until) {
            break;
        }
        tokio::task::yield_now().await;
    }
    seen
}

on_both_engines! {
    async fn a_reader_of_the_log_sees_every_number_while_two_nodes_write(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let shop = &desk.shop;
        let options = StoreOptions {
            url: shop.url().to_owned(),
            inboxes: shop.store.inboxes().to_vec(),
            clock: Arc::new(crate::clock::SystemClock),
        };
        let (second, _) = Store::open(options).await.unwrap();
        let reading = tokio::spawn(tail(
            shop.store.pool.clone(),
            "SELECT seq FROM events WHERE seq > $1 ORDER BY seq",
            200,
        ));
        let writes = (0..200).map(|number| {
            let event = desk.message(&format!("sm{number}"), &format!("+49{}", number % 17), "Hello");
            let store = if number % 2 == 0 { &shop.store } else { &second };
            let facts = store.inboxes()[0].clone();
            let request = crate::store::IngestRequest::new(facts, vec![event], None, None, crate::store::Kept::default());
            async move { store.ingest(request).await.unwrap() }
        });
        join_all(writes).await;
        let seen = reading.await.unwrap();
        assert_eq!(seen, (1..=200).collect::<Vec<i64>>(), "none was skipped");
    }
}

/// On Postgres, because SQLite has one writer and could not even do it wrong.
#[tokio::test]
async fn a_number_that_is_taken_first_is_skipped_by_a_reader() {
    let desk = Desk::open(Fresh::postgres().await).await;
    let mut pool = desk.shop.store.pool.clone();
    pool.execute("CREATE SEQUENCE naive_seq", Vec::new()).await.unwrap();
    pool.execute("CREATE TABLE naive (seq BIGINT PRIMARY KEY)", Vec::new()).await.unwrap();
    let insert = "INSERT INTO naive (seq) VALUES (nextval('naive_seq'))";
    let mut slow = dialect::begin(&pool).await.unwrap();
    slow.execute(insert, Vec::new()).await.unwrap();
    let mut quick = dialect::begin(&pool).await.unwrap();
    quick.execute(insert, Vec::new()).await.unwrap();
    quick.commit().await.unwrap();
    let query = "SELECT seq FROM naive WHERE seq > $1 ORDER BY seq";
    let first = tail(pool.clone(), query, 2).await;
    slow.commit().await.unwrap();
    let last = *first.last().unwrap();
    assert_eq!(first, [2], "the reader goes on from 2");
    let rows = pool.all(query, values![last]).await.unwrap();
    assert!(rows.is_empty(), "and never sees 1");
}
