//! What comes more than once, at once, late, changed or taken back.

use std::time::Duration;

use futures_util::future::join_all;
use rapport_model::{
    Clock as _, InboundEvent,
    event::ReachChange::{Back, OptedOut},
};

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{Outcome, db::Run as _, testing::Fresh, value::values},
};

on_both_engines! {
    async fn one_message_that_comes_a_hundred_times_at_once_is_stored_once(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let outcomes = join_all((0..100).map(|_| desk.bring(desk.message("sm1", "+491", "Hello")))).await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Stored).count(), 1);
        assert_eq!(desk.number("SELECT count(*) AS n FROM messages", Vec::new()).await, 1);
        assert_eq!(desk.number("SELECT count(*) AS n FROM raw_payloads", Vec::new()).await, 1);
    }

    async fn a_hundred_first_messages_of_one_sender_at_once_make_one_contact_with_one_conversation(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        join_all((0..100).map(|n| desk.bring(desk.message(&format!("sm{n}"), "+491", &format!("Hello {n}"))))).await;
        for (what, sql) in [
            ("messages", "SELECT count(*) AS n FROM messages"),
            ("obligations", "SELECT count(*) AS n FROM obligations"),
        ] {
            assert_eq!(desk.number(sql, Vec::new()).await, 100, "{what}");
        }
        for (what, sql) in [
            ("contacts", "SELECT count(*) AS n FROM contacts"),
            ("handles", "SELECT count(*) AS n FROM handles"),
            ("threads", "SELECT count(*) AS n FROM threads"),
            ("conversations", "SELECT count(*) AS n FROM conversations WHERE state = 'open'"),
        ] {
            assert_eq!(desk.number(sql, Vec::new()).await, 1, "{what}");
        }
    }

    async fn another_content_under_a_known_id_is_kept_and_flagged_and_owed_once(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("sm1", "+491", "Hello")).await;
        for _ in 0..2 {
            assert_eq!(desk.bring(desk.message("sm1", "+491", "Bye")).await, Outcome::Duplicate);
        }
        let row = desk.row("SELECT text, flags FROM messages", Vec::new()).await;
        assert_eq!(row.get::<String>("text").unwrap(), "Hello");
        assert_eq!(row.get::<String>("flags").unwrap(), "content_differs");
        assert!(desk.number("SELECT count(*) AS n FROM raw_payloads", Vec::new()).await >= 2);
        assert_eq!(desk.number("SELECT count(*) AS n FROM obligations", Vec::new()).await, 1);
    }

    async fn the_same_text_under_another_id_is_kept_and_flagged(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("sm1", "+491", "Hello")).await;
        assert_eq!(desk.bring(desk.message("sm2", "+491", "Hello")).await, Outcome::Stored);
        let sql = "SELECT count(*) AS n FROM messages WHERE flags = 'same_text'";
        assert_eq!(desk.number(sql, Vec::new()).await, 1);
    }

    async fn an_edit_after_the_answer_is_owed_from_its_own_time_and_one_without_a_change_is_not(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("sm1", "+491", "Hello")).await;
        let conversation = desk.shop.receive("advice", "+491", "More").await;
        desk.reply(&conversation, "Hi", 1).await;
        let store = &desk.shop.store;
        store.close(&desk.mara, &conversation).await.unwrap();
        let edit = |text: &str, at| InboundEvent::Edit {
            id: "sm1".into(),
            text: text.to_owned(),
            spans: Vec::new(),
            at,
            whole: None,
        };
        let now = desk.shop.clock.now();
        assert_eq!(desk.bring(edit("Hello", now)).await, Outcome::Duplicate);
        assert_eq!(desk.owed(&conversation).await, 0);
        desk.shop.clock.advance(Duration::from_mins(1));
        let at = desk.shop.clock.now();
        assert_eq!(desk.bring(edit("Hello, and where?", at)).await, Outcome::Stored);
        assert_eq!(desk.owed(&conversation).await, 1);
        let sql = "SELECT waiting_since AS n FROM conversations WHERE id = $1 AND state = 'open'";
        assert_eq!(desk.number(sql, values![&conversation]).await, at.millis());
        let sql = "SELECT text FROM message_versions";
        assert_eq!(desk.row(sql, Vec::new()).await.get::<String>("text").unwrap(), "Hello");
    }

    async fn a_retraction_discharges_nothing(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("sm1", "+491", "Hello")).await;
        let retraction = InboundEvent::Retraction { id: "sm1".into(), at: desk.shop.clock.now() };
        assert_eq!(desk.bring(retraction.clone()).await, Outcome::Stored);
        assert_eq!(desk.bring(retraction).await, Outcome::Duplicate);
        let sql = "SELECT count(*) AS n FROM obligations WHERE open_state = 'open'";
        assert_eq!(desk.number(sql, Vec::new()).await, 1);
    }

    async fn a_stop_that_comes_late_does_not_undo_a_later_start(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(Desk::reach("+491", Back, 20)).await;
        desk.bring(Desk::reach("+491", OptedOut, 10)).await;
        assert_eq!(standing(&desk).await, 0);
    }

    async fn a_start_that_comes_again_does_not_undo_a_later_stop(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        for (change, second) in [(OptedOut, 10), (Back, 20), (OptedOut, 30)] {
            assert_eq!(desk.bring(Desk::reach("+491", change, second)).await, Outcome::Stored);
        }
        for (change, second) in [(OptedOut, 10), (Back, 20), (OptedOut, 30)] {
            assert_eq!(desk.bring(Desk::reach("+491", change, second)).await, Outcome::Duplicate, "{change:?}");
            assert_eq!(standing(&desk).await, 1, "{change:?}");
        }
    }
}

async fn standing(desk: &Desk) -> i64 {
    desk.number("SELECT count(*) AS n FROM opt_outs WHERE ended_at IS NULL", Vec::new()).await
}

/// A claim by "look first, then write", as many bridges have it: what this suite must be able to tell.
#[tokio::test]
async fn a_claim_that_looks_before_it_writes_lets_one_message_in_twice() {
    let desk = Desk::open(Fresh::sqlite()).await;
    let mut pool = desk.shop.store.pool.clone();
    pool.execute("CREATE TABLE naive (id TEXT)", Vec::new()).await.unwrap();
    let barrier = tokio::sync::Barrier::new(20);
    join_all((0..20).map(|_| {
        let (mut pool, barrier) = (pool.clone(), &barrier);
        async move {
            let known = pool.first("SELECT id FROM naive WHERE id = 'sm1'", Vec::new()).await.unwrap();
            barrier.wait().await;
            if known.is_none() {
                pool.execute("INSERT INTO naive (id) VALUES ('sm1')", Vec::new()).await.unwrap();
            }
        }
    }))
    .await;
    assert!(desk.number("SELECT count(*) AS n FROM naive", Vec::new()).await > 1);
}
