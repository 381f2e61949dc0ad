//! Leases: what a process held when it died is free at once for the next boot of its node, and for
//! another node only when its time is over.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{
        Engine, Store, StoreOptions,
        fixture::{Shop, inbox},
        testing::Fresh,
        value::values,
    },
};

const LEASE: Duration = Duration::from_mins(2);

/// A desk whose store is on a node, with an inbox where the bot may speak.
async fn on_node(fresh: Fresh, name: Uuid) -> Desk {
    let mut facts = Arc::unwrap_or_clone(inbox("advice", &["advice"]));
    facts.bot = true;
    let mut shop = Shop::open_with(fresh, vec![Arc::new(facts)]).await;
    shop.store = shop.store.clone().on_node(name);
    Desk::at(shop).await
}

/// Another process with the same database.
async fn boot(desk: &Desk, name: Uuid) -> Store {
    let options = StoreOptions {
        url: desk.shop.url().to_owned(),
        inboxes: desk.shop.store.inboxes().to_vec(),
        clock: desk.shop.clock.clone(),
    };
    Store::open(options).await.unwrap().0.on_node(name)
}

on_both_engines! {
    async fn a_job_that_an_earlier_boot_of_the_node_held_is_free_at_once_after_the_start(fresh: Fresh) {
        let name = Uuid::new_v4();
        let desk = on_node(fresh, name).await;
        desk.shop.receive("advice", "+491", "Hello").await;
        assert_eq!(desk.shop.store.claim_other_jobs(LEASE, 8).await.unwrap().len(), 1, "the acknowledgement");
        // The process dies here.
        if desk.shop.store.engine() == Engine::Postgres {
            let other = boot(&desk, Uuid::new_v4()).await;
            other.free_jobs_at_start().await.unwrap();
            assert!(other.claim_other_jobs(LEASE, 8).await.unwrap().is_empty(), "another node waits for the lease");
        }
        let next = boot(&desk, name).await;
        assert!(next.claim_other_jobs(LEASE, 8).await.unwrap().is_empty());
        next.free_jobs_at_start().await.unwrap();
        let jobs = next.claim_other_jobs(LEASE, 8).await.unwrap();
        assert_eq!(jobs.iter().map(|job| &*job.kind).collect::<Vec<_>>(), ["ack"]);
        // What it holds itself it does not take from itself.
        next.free_jobs_at_start().await.unwrap();
        assert!(next.claim_other_jobs(LEASE, 8).await.unwrap().is_empty());
    }

    async fn a_send_that_an_earlier_boot_of_the_node_held_is_unconfirmed_at_once_after_the_start(fresh: Fresh) {
        let name = Uuid::new_v4();
        let desk = on_node(fresh, name).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 1).await;
        assert_eq!(desk.claim().await.len(), 1);
        if desk.shop.store.engine() == Engine::Postgres {
            let other = boot(&desk, Uuid::new_v4()).await;
            assert_eq!(other.expire_outbox(&"advice".into(), true, None).await.unwrap(), 0);
        }
        let next = boot(&desk, name).await;
        assert_eq!(next.expire_outbox(&"advice".into(), false, None).await.unwrap(), 0, "only at the start");
        assert_eq!(next.expire_outbox(&"advice".into(), true, None).await.unwrap(), 1);
        assert_eq!(desk.parts(&message).await, ["unconfirmed"]);
        let sql = "SELECT count(*) AS n FROM outbox WHERE lease_owner IS NOT NULL";
        assert_eq!(desk.number(sql, values![]).await, 0);
    }
}
