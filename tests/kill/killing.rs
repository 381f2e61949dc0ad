//! `kill -9` at random moments under load, with the accountant; and the controls, in which a rule is
//! broken and the accountant must say so.

use std::{sync::Arc, time::Duration};

use rapport_fakes::{
    FakeTwilio, FakeTwilioConfig,
    twilio::{Fault, Operation},
};

use crate::{
    account::{Account, Books},
    load::{Load, Said},
    on_both_engines,
    process::{Installation, tail},
    testing::Fresh,
};

/// How a run goes.
struct Run {
    kills: usize,
    /// It goes on until so many messages were offered.
    messages: usize,
    /// And so many replies were taken: a slow machine is killed more often for it, not let off.
    replies: usize,
    /// Whether the provider's list can be read: without it, what was acknowledged must do.
    listing: bool,
    /// What is switched on in the binary.
    failpoints: String,
}

/// How long after it was ready the process is killed.
fn moment() -> Duration {
    Duration::from_millis(rand::random_range(20..800))
}

async fn run(fresh: Fresh, run: &Run) -> (Account, Duration) {
    let provider =
        FakeTwilio::start(FakeTwilioConfig::new(Arc::new(rapport::clock::SystemClock))).await.unwrap();
    let at = Arc::new(Installation::new(fresh, &provider).await);
    if !run.listing {
        for _ in 0..10_000 {
            provider.fail_next(Operation::List, Fault::Refused { status: 500, code: 20500 });
        }
    }
    for at in 0..200 {
        provider.fail_next(
            Operation::Send,
            match at % 5 {
                0 => Fault::ActedThenCut,
                1 => Fault::RateLimited { retry_after: 1 },
                _ => Fault::Slow(Duration::from_millis(30)),
            },
        );
    }
    let load = Load::begin(Arc::default(), &at, &provider, Duration::from_millis(60));
    let mut slowest = Duration::ZERO;
    let mut kills = 0;
    while kills < run.kills || load.said.count() < run.messages || load.said.accepted() < run.replies {
        assert!(kills < 600, "so many kills, and the run has not done its share");
        let mut process = at.start(&run.failpoints).await;
        tokio::time::sleep(moment()).await;
        assert!(process.is_alive(), "it ended by itself: {}", tail(&at.log()));
        process.kill();
        slowest = slowest.max(process.ready_after);
        kills += 1;
    }
    provider.clear_faults();
    if !run.listing {
        for _ in 0..10_000 {
            provider.fail_next(Operation::List, Fault::Refused { status: 500, code: 20500 });
        }
    }
    // The last start is undisturbed: what waits is settled, and the process ends when it is asked to.
    let process = at.start(&run.failpoints).await;
    let said: Arc<Said> = load.said.clone();
    load.end().await;
    let books = Books::open(&at.fresh.url).await;
    if run.listing {
        books.wait_until_settled(&said).await;
    }
    let stopped = process.stop().await;
    assert!(stopped < Duration::from_secs(5), "it took {stopped:?} to stop");
    let account = books.account(&said, &provider).await;
    books.assert_sound().await;
    assert_eq!(provider.violations(), Vec::<String>::new());
    println!("{kills} kills, slowest start {slowest:?}, stopped in {stopped:?}: {account:#?}");
    (account, slowest)
}

on_both_engines! {
    async fn twenty_five_kills_under_load_lose_nothing_and_double_nothing(fresh: Fresh) {
        let plan = Run { kills: 25, messages: 2_000, replies: 51, listing: true, failpoints: String::new() };
        let (account, slowest) = run(fresh, &plan).await;
        assert!(account.is_clean(), "{account:#?}");
        assert_eq!((account.missed, account.pending, account.undone), (0, 0, 0), "{account:#?}");
        assert!(account.offered >= 2_000 && account.acknowledged > 200 && account.replies > 50, "{account:#?}");
        assert!(slowest < Duration::from_secs(5), "ready after {slowest:?}");
    }

    async fn what_was_acknowledged_is_there_even_where_the_provider_lists_nothing(fresh: Fresh) {
        let plan = Run { kills: 5, messages: 0, replies: 0, listing: false, failpoints: String::new() };
        let (account, _) = run(fresh, &plan).await;
        assert!(account.is_clean() && account.acknowledged > 20, "{account:#?}");
    }
}

#[cfg(feature = "sabotage")]
mod controls {
    use rapport::sabotage::Rule;

    use super::{Account, Fresh, Run, run};

    async fn run_without(rule: Rule, listing: bool) -> Account {
        let plan =
            Run { kills: 5, messages: 0, replies: 0, listing, failpoints: format!("{}=return", rule.name()) };
        run(Fresh::sqlite(), &plan).await.0
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_acknowledgement_before_the_commit_is_seen_as_a_loss() {
        let account = run_without(Rule::CommitBeforeAck, false).await;
        assert!(account.lost > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_id_that_is_not_looked_at_is_seen_as_a_double() {
        let account = run_without(Rule::Dedupe, true).await;
        assert!(account.doubled > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_blind_retry_is_seen_as_sent_twice() {
        let account = run_without(Rule::NoBlindRetry, true).await;
        assert!(account.sent_twice > 0, "{account:#?}");
    }
}
