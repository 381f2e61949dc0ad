//! The constraints themselves, by statements that the store would never make: whatever a bug of ours
//! tries, the database refuses it. And for the queries that look for broken rules: each finds its own.

use super::{desk::Desk, invariants};
use crate::{
    on_both_engines,
    store::{State, StoreError, db::Run as _, dialect, testing::Fresh, value::values},
};

/// What must be refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("a reply names its associate", "UPDATE messages SET associate_id = NULL WHERE kind = 'outbound'"),
    (
        "a bot's message has a kind",
        "UPDATE messages SET author_kind = 'bot', associate_id = NULL WHERE kind = 'outbound'",
    ),
    (
        "a bot's message is of an allowed kind",
        "UPDATE messages SET author_kind = 'bot', associate_id = NULL, automatic_kind = 'answer' WHERE kind = 'outbound'",
    ),
    (
        "a person's message has no kind of the bot's",
        "UPDATE messages SET automatic_kind = 'ack' WHERE kind = 'outbound'",
    ),
    (
        "nobody is an author but those who are",
        "UPDATE messages SET author_kind = 'triage' WHERE kind = 'outbound'",
    ),
    (
        "a note is an associate's",
        "UPDATE messages SET author_kind = 'system', associate_id = NULL WHERE kind = 'note'",
    ),
    (
        "what a customer wrote names no associate",
        "UPDATE messages SET associate_id = (SELECT min(id) FROM associates) WHERE kind = 'inbound'",
    ),
    ("an outbound message has a delivery", "UPDATE messages SET delivery = NULL WHERE kind = 'outbound'"),
    ("an inbound one has none", "UPDATE messages SET delivery = 'sent' WHERE kind = 'inbound'"),
    ("a position is taken once", "UPDATE messages SET position = 1"),
    (
        "a close names who closed",
        "UPDATE conversations SET state = 'closed', waiting_since = NULL, due_at = NULL, closed_at = 1",
    ),
    (
        "nothing is closed while it waits",
        "UPDATE conversations SET state = 'closed', closed_at = 1, closed_by = (SELECT min(id) FROM associates)",
    ),
    (
        "nothing is closed over an open obligation",
        "UPDATE conversations SET state = 'closed', waiting_since = NULL, due_at = NULL, closed_at = 1, closed_by = (SELECT min(id) FROM associates)",
    ),
    (
        "nor set aside as automatic",
        "UPDATE conversations SET state = 'automatic', waiting_since = NULL, due_at = NULL",
    ),
    (
        "an obligation does not end by itself",
        "UPDATE obligations SET open_state = NULL, discharged_at = 1 WHERE open_state = 'open'",
    ),
    (
        "a waiver has a reason",
        "UPDATE obligations SET open_state = NULL, discharged_at = 1, waived_by = (SELECT min(id) FROM associates) WHERE open_state = 'open'",
    ),
    (
        "a customer's own message discharges nothing",
        "UPDATE obligations SET open_state = NULL, discharged_at = 1, discharged_by = message_id WHERE open_state = 'open'",
    ),
    (
        "a person's message is a person's",
        "UPDATE human_messages SET author_kind = 'bot', associate_id = NULL",
    ),
    ("a part that is being sent has its lease", "UPDATE outbox SET state = 'sending'"),
    ("a part has a state that we know", "UPDATE outbox SET state = 'lost'"),
    ("a ticket is taken once", "UPDATE outbox SET ticket = 1"),
    (
        "a block has a reason",
        "UPDATE handles SET blocked_at = 1, blocked_by = (SELECT min(id) FROM associates)",
    ),
    ("trust is one of two", "UPDATE handles SET trust = 'guessed'"),
];

/// A conversation with a reply of two parts, a note, and an obligation that is open again.
async fn desk(fresh: Fresh) -> Desk {
    let desk = Desk::open(fresh).await;
    let conversation = desk.shop.receive("advice", "+491", "Hello").await;
    desk.reply(&conversation, "Hi", 2).await;
    let store = &desk.shop.store;
    store
        .insert_note(
            &desk.mara,
            &conversation,
            "hm".to_owned(),
            Vec::new(),
            vec![desk.mara.id().clone()],
            "n".to_owned(),
        )
        .await
        .unwrap();
    desk.shop.receive("advice", "+491", "More").await;
    desk
}

on_both_engines! {
    async fn whatever_breaks_a_rule_is_refused_by_the_database_itself(fresh: Fresh) {
        let desk = desk(fresh).await;
        let pool = desk.shop.store.pool.clone();
        for (rule, statement) in REFUSED {
            let mut tx = dialect::begin(&pool).await.unwrap();
            // A foreign key speaks at the commit.
            let outcome = match tx.execute(statement, Vec::new()).await {
                Ok(_) => tx.commit().await,
                Err(error) => Err(error),
            };
            let error = outcome.expect_err(rule);
            assert!(error.is_constraint(), "{rule}: {error}");
        }
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn a_second_acknowledgement_in_a_turn_and_a_second_question_in_an_episode_are_refused_by_the_database_itself(fresh: Fresh) {
        let desk = desk(fresh).await;
        let mut pool = desk.shop.store.pool.clone();
        let insert = "INSERT INTO messages (id, brand, conversation_id, position, contact_id, kind, author_kind, automatic_kind, \
             episode, turn, text, at, created_at, version, flags, delivery) SELECT $1, brand, conversation_id, $2, contact_id, \
             'outbound', 'bot', $3, episode, 7, '', at, created_at, 1, '', 'queued' FROM messages WHERE position = 1";
        pool.execute(insert, values!["msg_1", 91_i64, "ack"]).await.unwrap();
        for kind in ["ack", "clarifying_question"] {
            let error = pool.execute(insert, values!["msg_2", 92_i64, kind]).await.expect_err(kind);
            assert!(error.is_constraint(), "{error}");
        }
        // A question in a turn that was not acknowledged, and none in the turns behind it.
        let asked = "INSERT INTO messages (id, brand, conversation_id, position, contact_id, kind, author_kind, automatic_kind, \
             episode, turn, text, at, created_at, version, flags, delivery) SELECT $1, brand, conversation_id, $2, contact_id, \
             'outbound', 'bot', 'clarifying_question', episode, $2, '', at, created_at, 1, '', 'queued' FROM messages WHERE position = 1";
        pool.execute(asked, values!["msg_3", 93_i64]).await.unwrap();
        let error = pool.execute(asked, values!["msg_4", 94_i64]).await.expect_err("once an episode");
        assert!(error.is_constraint(), "{error}");
        pool.execute("UPDATE messages SET episode = 8 WHERE id = 'msg_3'", Vec::new()).await.unwrap();
        pool.execute(asked, values!["msg_4", 94_i64]).await.expect("the episode alone stood against it");
        assert!(matches!(State::try_from("asleep".to_owned()), Err(())));
        assert!(!StoreError::Busy.is_constraint());
    }
}

/// Statements that break one rule each where no constraint is in the way: the query must find it.
const BREAKS: &[(&str, &str)] = &[
    ("is open", "UPDATE conversations SET state = 'closed'"),
    ("waits since", "UPDATE conversations SET due_at = 5"),
    ("counts what is not there", "UPDATE queue_counts SET n = 7 WHERE n > 0"),
    ("is counted", "DELETE FROM queue_counts"),
    ("stands apart", "UPDATE conversations SET suspected = TRUE"),
    ("a band of its own", "UPDATE conversations SET snoozed_until = 9"),
    ("a job that wakes it", "UPDATE conversations SET snoozed_until = 9"),
    ("named is what it is", "UPDATE mentions SET queue_at = 1"),
    ("is counted for them", "UPDATE mention_counts SET n = 7"),
    ("log is dense", "DELETE FROM events WHERE seq = 2"),
    ("one acknowledgement in a turn", "UPDATE messages SET automatic_kind = 'help_text', turn = 1"),
    ("the bot is silent", "UPDATE messages SET author_kind = 'bot' WHERE kind = 'note'"),
    ("two automatic messages", "UPDATE messages SET automatic_kind = 'ack', created_at = 9"),
    ("discharges", "UPDATE obligations SET discharged_by = message_id WHERE open_state IS NULL"),
    ("a later message of a person answers", "UPDATE obligations SET open_state = 'open'"),
    ("positions are dense", "UPDATE messages SET position = 40 WHERE position = 2"),
    ("in particular by nothing", "UPDATE obligations SET answered_to = 'somebody', discharged_by = NULL"),
    ("parts in the outbox", "DELETE FROM deliveries"),
    ("tickets in the order", "UPDATE outbox SET ticket = 100 - ticket"),
    ("does not know of", "UPDATE threads SET last_ticket = 0"),
    ("sent one at a time", "UPDATE outbox SET state = 'sending'"),
    ("has spoken", "UPDATE conversations SET human_in_episode = 0"),
    ("a sighting has its message", "DELETE FROM sightings"),
    ("a handle has one owner", "DELETE FROM handle_periods"),
    (
        "at most one period of a handle is open",
        "INSERT INTO handle_periods (handle_id, contact_id, valid_from) SELECT handle_id, contact_id, 9 FROM handle_periods",
    ),
    ("a contact whose it is or was", "UPDATE handle_periods SET contact_id = 'somebody'"),
    (
        "standing opt-outs",
        "INSERT INTO opt_outs (sender_group, address, since, ended_at) VALUES ('g', 'a', 9, 1)",
    ),
    ("in the order in which they came", "UPDATE messages SET position = 50 - position"),
];

#[tokio::test]
async fn each_query_finds_the_rule_that_it_looks_for_broken() {
    let rules: Vec<_> = invariants::rules().collect();
    assert_eq!(BREAKS.len(), rules.len(), "each has its control");
    for (at, (part, statement)) in BREAKS.iter().enumerate() {
        let part = part.split('|').next_back().unwrap();
        let desk = desk(Fresh::sqlite()).await;
        // A connection on which no constraint is in the way.
        let options: sqlx::sqlite::SqliteConnectOptions = desk.shop.url().parse().unwrap();
        let options = options.foreign_keys(false).pragma("ignore_check_constraints", "ON");
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        for text in [
            "DROP INDEX messages_one_ack_a_turn",
            "DROP INDEX messages_automatic",
            "DROP INDEX handle_periods_open",
            statement,
        ] {
            sqlx::query(text).execute(&pool).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let found = invariants::broken(&desk.shop.store).await;
        assert!(rules[at].0.contains(part), "{part} is not rule {at}: {}", rules[at].0);
        assert!(found.iter().any(|found| found.contains(part)), "{part}: {found:#?}");
    }
}
