//! The rules of Telegram broken on purpose, one at a time: what was whole must be seen to be broken.

#![cfg(feature = "sabotage")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use bridge::{Bridge, until, update};
use rapport_sdk::{
    conformance::{Harness as _, rule},
    model::Author,
};
use rapport_telegram::{Mode, sabotage::Rule};

/// Two messages of which the first was refused by the store when it came.
async fn after_a_failed_commit() -> Vec<String> {
    let bridge = Bridge::start().await;
    let mut running = bridge.start_bot();
    running.connected().await;
    running.ingress.fail(1);
    bridge.offer("refused once").await;
    until(|| running.ingress.times_offered("refused once") > 0).await;
    bridge.offer("right behind").await;
    running.message("right behind").await;
    running.texts()
}

/// What is kept of our own words and of another bot's: the text, and whether it is known as a machine's.
async fn of_bots() -> Vec<(String, bool)> {
    let bridge = Bridge::start().await;
    for (id, text) in [(bridge.fake.bot_id(), "ours"), (77, "another bot's")] {
        let mut said = update(id, text);
        said["message"]["from"] = serde_json::json!({"id": id, "is_bot": true, "first_name": "Bot"});
        bridge.fake.push_update(said);
    }
    bridge.offer("behind").await;
    let running = bridge.start_bot();
    running.message("behind").await;
    let kept = running.ingress.messages().into_iter();
    kept.map(|message| (message.text, matches!(message.author, Author::Contact { is_bot: true, .. })))
        .collect()
}

fn kept(messages: &[(&str, bool)]) -> Vec<(String, bool)> {
    messages.iter().map(|(text, by_machine)| ((*text).to_owned(), *by_machine)).collect()
}

#[tokio::test]
async fn an_offset_that_moves_before_the_commit_is_seen_as_a_loss() {
    let (whole, broken) = Rule::CommitBeforeOffset.broken(after_a_failed_commit).await;
    assert_eq!(whole, ["refused once", "right behind"]);
    assert_eq!(broken, ["right behind"]);
}

#[tokio::test]
async fn a_secret_that_is_not_looked_at_is_seen() {
    let forged = async || (rule("C11").check)(Bridge::start_in(Mode::Webhook).await).await;
    let (whole, broken) = Rule::Secret.broken(forged).await;
    assert_eq!((whole, broken), (Ok(()), Err("the answer was 200 OK".to_owned())));
}

#[tokio::test]
async fn our_own_words_are_seen_where_they_come_back_as_a_customers() {
    let (whole, broken) = Rule::OwnMessages.broken(of_bots).await;
    assert_eq!(whole, kept(&[("another bot's", true), ("behind", false)]));
    assert_eq!(broken, kept(&[("ours", true), ("another bot's", true), ("behind", false)]));
}

#[tokio::test]
async fn another_bot_that_is_taken_for_a_person_is_seen() {
    let (whole, broken) = Rule::OtherBots.broken(of_bots).await;
    assert_eq!(whole, kept(&[("another bot's", true), ("behind", false)]));
    assert_eq!(broken, kept(&[("another bot's", false), ("behind", false)]));
}
