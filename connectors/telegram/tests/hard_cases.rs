//! What Telegram does that breaks bridges: how updates come.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::{sync::Arc, time::Duration};

use bridge::{Bridge, HOUR, START, until};
use rapport_fakes::telegram::{Fault, Operation};
use rapport_sdk::{
    ConnectorError,
    conformance::MemoryIngress,
    model::{Address, Health, InboundEvent, Secret, Timestamp},
};
use rapport_telegram::Mode;
use serde_json::json;

#[tokio::test]
async fn two_programs_that_poll_one_bot_are_told_apart_from_other_trouble_and_polling_goes_on() {
    let bridge = Bridge::start().await;
    let conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot instance \
                    is running";
    let conflict = || Fault::Refused { code: 409, description: conflict.to_owned() };
    bridge.fake.fail_next(Operation::Updates, conflict());
    let bot = bridge.bot_with(|settings| settings.address = Address::new("@other_bot"));
    let mut running = bridge.run(bot, &Arc::default());
    let both = |health: &Health| {
        let reason = health.reason().unwrap_or_default();
        reason.contains("Another program polls this bot") && reason.contains("names @other_bot")
    };
    running.until_health(both).await;
    let mut states = running.health.clone();
    states.mark_unchanged();
    for text in ["still here", "and here"] {
        bridge.ann().write(text);
        running.message(text).await;
        bridge.fake.fail_next(Operation::Updates, conflict());
    }
    // The question that is open ends with this, and the next one meets the last conflict.
    bridge.ann().write("now");
    running.message("now").await;
    until(|| bridge.fake.next_fault(Operation::Updates).is_none()).await;
    // That is dealt with before the question is put that brings this.
    bridge.ann().write("and now");
    running.message("and now").await;
    assert!(!states.has_changed().unwrap(), "one sentence that stays: {:?}", *states.borrow());
    bridge.clock.advance(Duration::from_mins(1));
    bridge.ann().write("later");
    let alone = |health: &Health| health.reason().is_some_and(|reason| !reason.contains("Another program"));
    running.until_health(alone).await;
}

#[tokio::test]
async fn a_webhook_that_is_still_set_is_taken_away_and_what_waits_for_it_is_not_lost() {
    let bridge = Bridge::start().await;
    let called = bridge.bot_with(|settings| settings.mode = Mode::Webhook);
    let mut before = bridge.run(called, &Arc::default());
    before.connected().await;
    before.stop().await.unwrap();
    rapport_sdk::conformance::Harness::attach(&*bridge, None);
    bridge.ann().write("waits");
    let mut running = bridge.start_bot();
    running.message("waits").await;
    running.connected().await;
    // Somebody sets it again.
    let called = bridge.bot_with(|settings| settings.mode = Mode::Webhook);
    let mut again = bridge.run(called, &Arc::default());
    again.connected().await;
    rapport_sdk::conformance::Harness::attach(&*bridge, None);
    again.stop().await.unwrap();
    bridge.ann().write("waits too");
    running.message("waits too").await;
}

#[tokio::test]
async fn a_crash_between_fetch_and_commit_loses_nothing_and_repeats_nothing() {
    let bridge = Bridge::start().await;
    let ingress = Arc::new(MemoryIngress::default());
    let mut running = bridge.run(bridge.bot(), &ingress);
    running.connected().await;
    ingress.hold();
    bridge.ann().write("one");
    bridge.ann().write("two");
    until(|| ingress.waiting() > 0).await;
    running.crash();
    until(|| ingress.waiting() == 0).await;
    ingress.release();
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("two").await;
    assert_eq!(running.texts(), ["one", "two"]);
}

#[tokio::test]
async fn an_update_that_can_not_be_read_is_parked_with_what_came_and_holds_up_nothing() {
    let bridge = Bridge::start().await;
    let number = bridge.fake.push_update(json!({"message": {"message_id": "seven"}}));
    bridge.ann().write("behind it");
    let running = bridge.start_bot();
    running.message("behind it").await;
    let (id, raw) = running
        .event(|event| match event {
            InboundEvent::Unreadable { id, raw, .. } => Some((id, raw)),
            _ => None,
        })
        .await;
    assert_eq!(id.as_str(), format!("update {number}"));
    assert!(String::from_utf8(raw.bytes).unwrap().contains("seven"));
    until(|| bridge.fake.waiting_updates() == 0).await;
}

#[tokio::test]
async fn after_more_than_a_day_away_the_gap_is_told() {
    let bridge = Bridge::start().await;
    let ingress = Arc::new(MemoryIngress::default());
    let mut running = bridge.run(bridge.bot(), &ingress);
    running.connected().await;
    running.stop().await.unwrap();
    bridge.ann().write("too old by then");
    bridge.clock.advance(30 * HOUR);
    bridge.ann().write("kept");
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("kept").await;
    let (from, to) = running
        .event(|event| match event {
            InboundEvent::Gap { from, to, .. } => Some((from, to)),
            _ => None,
        })
        .await;
    assert!(from.millis() - START < 10_000, "{from:?}");
    let lost = to.since(from);
    assert!(lost > 5 * HOUR && lost < 7 * HOUR, "{lost:?}");
    assert_eq!(running.texts(), ["kept"]);
    running.stop().await.unwrap();
    // Told once.
    bridge.ann().write("later");
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("later").await;
    let gaps = ingress.stored().into_iter().filter(|event| matches!(event, InboundEvent::Gap { .. }));
    assert_eq!(gaps.count(), 1);
}

#[tokio::test]
async fn a_short_absence_is_no_gap_and_the_inbox_says_up_to_when_it_is_complete() {
    let bridge = Bridge::start().await;
    let ingress = Arc::new(MemoryIngress::default());
    let mut running = bridge.run(bridge.bot(), &ingress);
    running.connected().await;
    let before = ingress.complete_up_to().unwrap();
    running.stop().await.unwrap();
    bridge.clock.advance(23 * HOUR);
    bridge.ann().write("kept");
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("kept").await;
    until(|| ingress.complete_up_to().unwrap().since(before) >= 23 * HOUR).await;
    assert!(!ingress.stored().iter().any(|event| matches!(event, InboundEvent::Gap { .. })));
}

#[tokio::test]
async fn after_a_quiet_week_the_numbers_begin_anew_below_the_last_one_and_nothing_is_lost() {
    let bridge = Bridge::start().await;
    let ingress = Arc::new(MemoryIngress::default());
    let high = json!({"update_id": 900_000_000, "message": bridge::update(1, "high")["message"]});
    bridge.fake.push_update(high);
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("high").await;
    until(|| bridge.fake.waiting_updates() == 0).await;
    bridge.clock.advance(8 * 24 * HOUR);
    bridge.fake.push_update(bridge::update(5, "low"));
    running.message("low").await;
    until(|| bridge.fake.waiting_updates() == 0).await;
    // The same over a restart, after which the number of the last question is still there.
    running.stop().await.unwrap();
    bridge.clock.advance(8 * 24 * HOUR);
    bridge.fake.push_update(bridge::update(2, "lower"));
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("lower").await;
}

#[tokio::test]
async fn the_kinds_of_updates_are_asked_for_every_time() {
    let bridge = Bridge::start().await;
    let ann = bridge.ann();
    let first = ann.write("hello");
    let mut running = bridge.start_bot();
    running.connected().await;
    // Reactions are told to those alone who ask for them.
    ann.react(first, &["❤"]);
    let reaction = running
        .event(|event| match event {
            InboundEvent::Reaction { id, reaction, .. } => Some((id, reaction)),
            _ => None,
        })
        .await;
    assert_eq!(
        (reaction.0.to_string(), reaction.1.as_deref()),
        (format!("{}/{first}", ann.chat_id()), Some("❤"))
    );
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_that_is_not_accepted_ends_the_run_and_is_not_tried_again_and_again() {
    let bridge = Bridge::start().await;
    let wrong = Secret::new("7000000001:AAWrongWrongWrongWrongWrongWrongWrong");
    let bot = bridge.bot_with(|settings| settings.token = wrong);
    let mut running = bridge.run(bot, &Arc::default());
    let ended = tokio::time::timeout(Duration::from_secs(5), running.end()).await.unwrap();
    assert_eq!(ended, Err(ConnectorError::Unauthorized));
    assert_eq!(*running.health.borrow(), Health::Unauthorized);
}

async fn passes(fault: Fault) {
    let bridge = Bridge::start().await;
    bridge.fake.fail_next(Operation::Updates, fault);
    let mut running = bridge.start_bot();
    running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    bridge.ann().write("after it");
    running.message("after it").await;
}

#[tokio::test]
async fn trouble_on_the_way_is_told_and_passes() {
    tokio::join!(
        passes(Fault::Html(502)),
        passes(Fault::Cut),
        passes(Fault::ActedThenHalf),
        passes(Fault::ActedThenNonsense),
        passes(Fault::RateLimited { retry_after: 0 }),
    );
}

#[tokio::test]
async fn where_telegram_says_when_to_come_again_it_is_not_asked_before() {
    let bridge = Bridge::start().await;
    let mut running = bridge.start_bot();
    running.connected().await;
    // More than what a first failure waits by itself.
    let begun = std::time::Instant::now();
    bridge.fake.fail_next(Operation::Updates, Fault::RateLimited { retry_after: 2 });
    bridge.ann().write("what is being waited for");
    running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    bridge.ann().write("after it");
    running.message("after it").await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn it_ends_at_once_where_telegram_is_silent() {
    let bridge = Bridge::start().await;
    bridge.fake.fail_next(Operation::Updates, Fault::Silent);
    let running = bridge.start_bot();
    until(|| bridge.fake.calls(Operation::Updates) > 0).await;
    tokio::time::timeout(Duration::from_secs(5), running.stop()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_name_that_is_not_the_tokens_is_told() {
    let bridge = Bridge::start().await;
    let bot = bridge.bot_with(|settings| settings.address = rapport_sdk::model::Address::new("@other_bot"));
    let told = "The token is that of @shop_bot, and addresses names @other_bot: write [\"@shop_bot\"].";
    let checked = rapport_sdk::Connector::check(&*bot).await;
    assert_eq!(checked, Err(ConnectorError::Misconfigured { reason: told.to_owned() }));
    let mut running = bridge.run(bot, &Arc::default());
    running.says(told).await;
}

#[tokio::test]
async fn more_than_one_answer_holds_comes_in_order() {
    let bridge = Bridge::start().await;
    let ann = bridge.ann();
    let written: Vec<String> = (0..230).map(|number| format!("number {number}")).collect();
    for text in &written {
        ann.write(text);
    }
    let running = bridge.start_bot();
    running.message("number 229").await;
    assert_eq!(running.texts(), written);
    let last = running.ingress.messages().pop().unwrap();
    assert!(running.ingress.complete_up_to() > Some(Timestamp(START)));
    assert_eq!(last.at.millis() % 1000, 0, "Telegram counts in seconds");
}
