//! `kill -9` at random moments under load, with the accountant; and the controls, in which a rule is
//! broken and the accountant must say so.

use std::{sync::Arc, time::Duration};

use rapport_fakes::{
    FakeTwilio, FakeTwilioConfig,
    twilio::{Fault, Operation},
};

use crate::{
    account::{Account, Books},
    chats::Chats,
    load::{Load, Said},
    on_both_engines,
    post::Post,
    process::{Installation, tail},
    testing::Fresh,
};

/// How a run goes.
struct Run {
    kills: usize,
    /// It goes on until so many messages were offered, and no channel had less than an eighth of them.
    messages: usize,
    /// And so many replies were taken, likewise: a slow machine is killed more often for it, not let off.
    replies: usize,
    /// Whether the provider's list can be read: without it, what was acknowledged must do.
    listing: bool,
    /// What is switched on in the binary.
    failpoints: String,
}

/// Waits until the process is to be killed: a while after it was ready, and every other time only once a
/// letter came in or a mail began to leave. Else a slow machine would never come so far.
async fn moment(kill: usize, books: &Books, post: &Post) {
    match kill % 4 {
        0 => books.wait_for_letter(Duration::from_secs(10)).await,
        2 => post.wait_for_mail(Duration::from_secs(10)).await,
        _ => {}
    }
    tokio::time::sleep(Duration::from_millis(rand::random_range(20..800))).await;
}

async fn run(fresh: Fresh, run: &Run) -> (Account, Duration) {
    let provider =
        FakeTwilio::start(FakeTwilioConfig::new(Arc::new(rapport::clock::SystemClock))).await.unwrap();
    let post = Post::start().await;
    // Where nothing else can fetch what was missed there is nothing to be settled, and chats are fetched.
    let chats = if run.listing { Some(Chats::start().await) } else { None };
    let at = Arc::new(Installation::with(fresh, &provider, &post, chats.as_deref()).await);
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
    post.trouble();
    let said: Arc<Said> = Arc::default();
    let books = Books::open(&at.fresh.url).await;
    if let Some(chats) = &chats {
        let process = at.start("").await;
        chats.until_connected().await;
        said.greet(chats);
        books.wait_until_settled(&said).await;
        process.stop().await;
        chats.trouble();
    }
    let load = Load::begin(said, &at, &provider, &post, chats.as_ref(), Duration::from_millis(60));
    let mut slowest = Duration::ZERO;
    let mut kills = 0;
    let channels = if chats.is_some() { 4 } else { 2 };
    let lacks = |counts: [usize; 4], wanted: usize| {
        let counts = &counts[..channels];
        counts.iter().sum::<usize>() < wanted || counts.iter().any(|count| *count < wanted / 8)
    };
    while kills < run.kills
        || lacks(load.said.count(), run.messages)
        || lacks(load.said.accepted(), run.replies)
    {
        assert!(kills < 600, "so many kills, and the run has not done its share");
        let mut process = at.start(&run.failpoints).await;
        moment(kills, &books, &post).await;
        assert!(process.is_alive(), "it ended by itself: {}", tail(&at.log()));
        process.kill();
        post.draw_line().await;
        slowest = slowest.max(process.ready_after);
        kills += 1;
        if kills == run.kills / 2 {
            post.renumber();
        }
        if let (Some(chats), true) = (&chats, kills.is_multiple_of(5)) {
            chats.drop_connections();
        }
    }
    provider.clear_faults();
    post.server.clear_faults();
    if let Some(chats) = &chats {
        chats.clear_faults();
    }
    if !run.listing {
        for _ in 0..10_000 {
            provider.fail_next(Operation::List, Fault::Refused { status: 500, code: 20500 });
        }
    }
    // The last start is undisturbed: what waits is settled, and the process ends when it is asked to.
    let process = at.start(&run.failpoints).await;
    let said: Arc<Said> = load.said.clone();
    load.end().await;
    if run.listing {
        books.wait_until_settled(&said).await;
    }
    let stopped = process.stop().await;
    assert!(stopped < Duration::from_secs(5), "it took {stopped:?} to stop");
    let account = books.account(&said, &provider, &post, chats.as_deref()).await;
    books.assert_sound().await;
    let of_chats = chats.as_deref().map(Chats::violations).unwrap_or_default();
    assert_eq!([provider.violations(), post.server.violations(), of_chats].concat(), Vec::<String>::new());
    println!("{kills} kills, slowest start {slowest:?}, stopped in {stopped:?}: {account:#?}");
    (account, slowest)
}

on_both_engines! {
    async fn twenty_five_kills_under_load_lose_nothing_and_double_nothing(fresh: Fresh) {
        let plan = Run { kills: 25, messages: 4_000, replies: 80, listing: true, failpoints: String::new() };
        let (account, slowest) = run(fresh, &plan).await;
        assert!(account.is_clean(), "{account:#?}");
        assert_eq!((account.missed, account.pending, account.undone), (0, 0, 0), "{account:#?}");
        assert!(account.offered >= 4_000 && account.chats >= 1_000 && account.chats_sent >= 20, "{account:#?}");
        assert!(account.acknowledged > 200 && account.replies >= 80, "{account:#?}");
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
    use rapport_email::sabotage::Rule as OfLetters;

    use super::{Account, Fresh, Run, run};

    async fn run_without(rule: &str, listing: bool) -> Account {
        let plan = Run { kills: 5, messages: 0, replies: 0, listing, failpoints: format!("{rule}=return") };
        run(Fresh::sqlite(), &plan).await.0
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_acknowledgement_before_the_commit_is_seen_as_a_loss() {
        let account = run_without(Rule::CommitBeforeAck.name(), false).await;
        assert!(account.lost > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_id_that_is_not_looked_at_is_seen_as_a_double() {
        let account = run_without(Rule::Dedupe.name(), true).await;
        assert!(account.doubled > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_blind_retry_is_seen_as_sent_twice() {
        let account = run_without(Rule::NoBlindRetry.name(), true).await;
        assert!(account.sent_twice > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_resume_point_before_its_mails_is_seen_as_a_loss() {
        let account = run_without(OfLetters::CursorWithMails.name(), false).await;
        assert!(account.lost > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mails_handed_on_the_other_way_round_are_seen_as_out_of_order() {
        let account = run_without(OfLetters::OrderOfArrival.name(), true).await;
        assert!(account.out_of_order > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mail_that_is_not_known_again_is_seen_as_a_double() {
        let account = run_without(OfLetters::KnownAgain.name(), true).await;
        assert!(account.doubled > 0, "{account:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mail_with_another_name_at_each_try_is_seen() {
        let account = run_without(OfLetters::OneName.name(), true).await;
        assert!(account.renamed > 0, "{account:#?}");
    }
}
