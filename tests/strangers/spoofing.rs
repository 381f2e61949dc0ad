//! Ten thousand mails in other people's names, with genuine ones among them: none of the former is
//! believed, none of the latter is lost, and nothing of a conversation leaves to a stranger.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    findings::{self, Findings},
    forgery::{Allowed, Attempt, Forger, Victim},
    letter::Letter,
    office::Office,
    testing::Fresh,
};

/// How many customers have a conversation.
const VICTIMS: usize = 40;
/// Every so many has somebody who gets a copy.
const COPY_EVERY: usize = 5;
/// In so many conversations of each way of forging an associate answers.
const ANSWERED: usize = 8;

/// Customers who wrote and were answered.
async fn conversations(office: &mut Office) -> Vec<Victim> {
    let mut places = Vec::new();
    for at in 0..VICTIMS {
        let name = format!("question-{at}@customers.example");
        let letter =
            Letter::proven(&address(at), "support@shop.example", &name, &format!("About {}.", secret(at)));
        let letter = letter.with("Subject", &format!("A question of {}", address(at)));
        let letter = if at % COPY_EVERY == 0 { letter.with("Cc", &copied(at)) } else { letter };
        places.push(office.deliver("support", letter.bytes()));
    }
    office.settle().await;
    let stored = findings::stored(office).await;
    for (at, place) in places.iter().enumerate() {
        let copy = copied(at);
        let cc: &[&str] = if at % COPY_EVERY == 0 { &[&copy] } else { &[] };
        let text = format!("This is the answer about {}.", secret(at));
        let status = office.reply(&stored[place].conversation, &text, cc).await;
        assert!(status.is_success(), "{status}");
    }
    office.settle().await;
    let sent = office.sent();
    let to = |address: &str| {
        let mail = sent.iter().rfind(|mail| mail.to == [address]).unwrap();
        let name = mail.header("Message-ID").unwrap().trim_matches(['<', '>']).to_owned();
        (name, mail.header("Reply-To").unwrap())
    };
    let victim = |(at, place): (usize, &(String, u32))| {
        let (ours, plus) = to(&address(at));
        Victim {
            address: address(at),
            conversation: stored[place].conversation.clone(),
            theirs: vec![format!("question-{at}@customers.example")],
            ours,
            plus: plus.trim_matches(['<', '>']).rsplit('<').next().unwrap().to_owned(),
            copy: (at % COPY_EVERY == 0).then(|| (copied(at), to(&copied(at)).0)),
            secret: secret(at),
        }
    };
    places.iter().enumerate().map(victim).collect()
}

fn address(at: usize) -> String {
    format!("customer{at}@customers.example")
}

fn copied(at: usize) -> String {
    format!("friend{at}@friends.example")
}

fn secret(at: usize) -> String {
    format!("secret-{at}-of-the-conversation")
}

/// Lets so many forged mails come in, answers, and says what came of it.
async fn assault(fresh: Fresh, many: usize) -> Findings {
    let mut office = Office::open(fresh, "shop.example").await;
    let victims = conversations(&mut office).await;
    let before = findings::people(&office).await;
    let earlier = office.sent().len();

    let attempts = Forger::new(&victims, 0x5eed).attempts(many);
    let delivered: Vec<((String, u32), &Attempt)> = attempts
        .iter()
        .map(|attempt| (office.deliver(attempt.inbox, attempt.raw.clone()), attempt))
        .collect();
    office.settle().await;

    let mut findings = Findings::default();
    let stored = findings::stored(&office).await;
    findings.judge_places(&delivered, &stored, &victims);
    let replies = answer(&office, &delivered, &stored, &victims).await;
    office.settle().await;
    findings.judge_people(&before, &findings::people(&office).await);
    let sent = office.sent();
    findings.judge_mails(&sent[earlier..], &victims, &replies);
    let proven = office.list("SELECT address FROM handles WHERE trust = 'proven'").await;
    findings.judge_automatic(&sent, &proven.into_iter().collect());

    // What is not there can't be wrong: the mails were taken in, and the genuine ones among them.
    let genuine = delivered.iter().filter(|(_, attempt)| matches!(attempt.allowed, Allowed::Own(_))).count();
    assert!(genuine >= many / 30, "{genuine}");
    assert!(stored.len() >= many * 9 / 10, "{} of {many}", stored.len());
    let joined = delivered.iter().filter(|(place, attempt)| {
        let participant = |place: &findings::Place| place.flags.contains("unverified_participant");
        attempt.allowed == Allowed::Participant && stored.get(place).is_some_and(participant)
    });
    let (joined, replies) = (joined.count(), replies.len());
    println!("{many} forged, {joined} of them with a genuine token, {genuine} genuine; {replies} replies");
    assert!(joined >= many / 10, "{joined}");
    assert_eq!(office.smtp.violations(), Vec::<String>::new());
    findings
}

/// An associate answers in every conversation of a customer, and in some that forged mails began. Gives
/// whom each reply, by its words, was written to.
async fn answer(
    office: &Office,
    delivered: &[((String, u32), &Attempt)],
    stored: &findings::Stored,
    victims: &[Victim],
) -> BTreeMap<String, String> {
    let mut replies = BTreeMap::new();
    for (at, victim) in victims.iter().enumerate() {
        let words = format!("reply-to-customer-{at}-");
        let text = format!("{words} about {}.", victim.secret);
        let status = office.reply(&victim.conversation, &text, &[]).await;
        assert!(status.is_success(), "{}: {status}", victim.address);
        replies.insert(words, victim.address.clone());
    }
    let own: BTreeSet<&str> = victims.iter().map(|victim| victim.conversation.as_str()).collect();
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (place, attempt)) in delivered.iter().enumerate() {
        let Some(found) = stored.get(place).filter(|found| !own.contains(found.conversation.as_str())) else {
            continue;
        };
        let count = answered.entry(attempt.family).or_default();
        if *count == ANSWERED {
            continue;
        }
        *count += 1;
        let words = format!("reply-to-forged-{number}-");
        // Nobody can be written to at some of these addresses.
        if office.reply(&found.conversation, &words, &[]).await.is_success() {
            replies.insert(words, found.address.clone());
        }
    }
    replies
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_mails_in_other_peoples_names_none_is_believed_on_sqlite() {
    assert_eq!(assault(Fresh::sqlite(), 10_000).await, Findings::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_thousand_mails_in_other_peoples_names_none_is_believed_on_postgres() {
    assert_eq!(assault(Fresh::postgres().await, 2_000).await, Findings::default());
}

/// The same with a rule broken on purpose: it is noticed.
#[cfg(feature = "sabotage")]
mod controls {
    use super::*;

    async fn with(rule: &str) -> Findings {
        fail::cfg(rule, "return").unwrap();
        let findings = assault(Fresh::sqlite(), 600).await;
        fail::remove(rule);
        findings
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_without_its_hash_is_noticed() {
        let attached = with("sabotage.email_token").await.attached;
        assert!(attached.iter().any(|about| about.starts_with("the token of a real row")), "{attached:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_anybody_can_be_is_noticed() {
        let attached = with("sabotage.email_named_server").await.attached;
        assert!(attached.iter().any(|about| about.starts_with("forged results")), "{attached:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bot_that_writes_to_an_address_again_and_again_is_noticed() {
        let name = rapport::sabotage::Rule::EndsLoops.name();
        assert_ne!(with(name).await.pestered, BTreeSet::new());
    }
}
