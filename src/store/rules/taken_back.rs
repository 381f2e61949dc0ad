//! What taking a reply back must leave behind, worked out beside the store from the rows alone.

use std::collections::HashMap;

use rapport_model::id::{ConversationId, MessageId};

use crate::store::{Store, db::Run as _, value::values};

/// The activities after which a reply that is taken back leaves things as they are.
const DECIDED: [&str; 10] = [
    "\"reopened\"",
    "\"assigned\"",
    "\"transferred\"",
    "\"snoozed\"",
    "\"woken\"",
    "\"closed\"",
    "\"suspected\"",
    "\"not_suspected\"",
    "\"owed\"",
    "\"taken_back\"",
];

/// How a conversation stands, as far as a reply changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stood {
    state: String,
    suspected: bool,
    snoozed_until: Option<i64>,
    closed_at: Option<i64>,
    closed_by: Option<String>,
    assignee: Option<String>,
    thread: String,
}

/// How it stands now.
pub(super) async fn look(store: &Store, conversation: &ConversationId) -> Stood {
    let sql = "SELECT state, suspected, snoozed_until, closed_at, closed_by, assignee_id, thread_id FROM conversations WHERE id = $1";
    let row = store.pool.clone().first(sql, values![conversation]).await.unwrap().unwrap();
    Stood {
        state: row.get("state").unwrap(),
        suspected: row.get("suspected").unwrap(),
        snoozed_until: row.get("snoozed_until").unwrap(),
        closed_at: row.get("closed_at").unwrap(),
        closed_by: row.get("closed_by").unwrap(),
        assignee: row.get("assignee_id").unwrap(),
        thread: row.get("thread_id").unwrap(),
    }
}

/// Looks whether a conversation stands again as it stood before a reply that was just taken back.
pub(super) async fn check(store: &Store, stood: &mut HashMap<MessageId, Stood>, taken: &MessageId) {
    let mut pool = store.pool.clone();
    let Some(before) = stood.remove(taken) else { return };
    let sql = "SELECT conversation_id, position FROM messages WHERE id = $1";
    let row = pool.first(sql, values![taken]).await.unwrap().unwrap();
    let (conversation, position): (ConversationId, i64) =
        (row.parse("conversation_id").unwrap(), row.get("position").unwrap());
    let sql = "SELECT id, kind, author_kind, activity FROM messages WHERE conversation_id = $1 AND position > $2 \
               AND (delivery IS NULL OR delivery <> 'cancelled') ORDER BY position";
    for row in pool.all(sql, values![&conversation, position]).await.unwrap() {
        let kind: String = row.get("kind").unwrap();
        if kind == "outbound" && row.get::<String>("author_kind").unwrap() == "associate" {
            // Whoever takes this one back too is where the first began.
            stood.insert(row.parse("id").unwrap(), before);
            return;
        }
        let activity = row.get::<Option<String>>("activity").unwrap().unwrap_or_default();
        let decided = DECIDED.iter().any(|word| activity.contains(word));
        if kind == "inbound" || decided {
            return;
        }
    }
    let sql = "SELECT count(*) AS n FROM obligations WHERE conversation_id = $1 AND open_state = 'open'";
    let owed: i64 = pool.first(sql, values![&conversation]).await.unwrap().unwrap().get("n").unwrap();
    // What should have woken meanwhile sleeps no more.
    let now = store.now().millis();
    let before = Stood { snoozed_until: before.snoozed_until.filter(|until| *until > now), ..before };
    let expected = match owed {
        0 => before,
        _ => Stood { state: "open".to_owned(), closed_at: None, closed_by: None, ..before },
    };
    assert_eq!(look(store, &conversation).await, expected, "after taking back {taken}");
}
