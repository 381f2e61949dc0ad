//! The rules of Discord broken on purpose, one at a time: what was whole must be seen to be broken.

#![cfg(feature = "sabotage")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::time::Duration;

use bridge::Bridge;
use rapport_discord::sabotage::Rule;
use rapport_sdk::conformance::{Outcome, rule};

/// What is there of three messages, of which two were refused by the store when they were found. They lie
/// further apart than a look reaches back before its position.
async fn after_a_failed_commit() -> Vec<String> {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    bridge.ada.write_dm("before");
    running.message("before").await;
    let ingress = running.ingress.clone();
    running.stop().await.unwrap();
    bridge.ada.write_dm("while down");
    bridge.clock.advance(Duration::from_secs(30));
    bridge.ada.write_dm("much later");
    ingress.fail(1);
    let mut running = bridge.run(bridge.discord(), &ingress);
    running.message("much later").await;
    running.connected().await;
    running.texts()
}

async fn outcome(number: &str) -> Outcome {
    (rule(number).check)(Bridge::start().await).await
}

#[tokio::test]
async fn a_position_that_is_handed_on_before_its_messages_is_seen_as_a_loss() {
    let (whole, broken) = Rule::CursorWithMessages.broken(after_a_failed_commit).await;
    assert_eq!(whole, ["before", "while down", "much later"]);
    assert_eq!(broken, ["before", "much later"]);
}

#[tokio::test]
async fn a_nonce_that_is_not_enforced_is_seen_as_sent_twice() {
    let (whole, broken) = Rule::EnforcedNonce.broken(async || outcome("C9").await).await;
    assert_eq!((whole, broken), (Ok(()), Err("the second answer differs from the first".to_owned())));
}

#[tokio::test]
async fn our_own_words_are_seen_where_they_come_back_as_a_customers() {
    let (whole, broken) = Rule::OwnMessages.broken(async || outcome("C7").await).await;
    let reason = "our own message came back as a customer's".to_owned();
    assert_eq!((whole, broken), (Ok(()), Err(reason)));
}
