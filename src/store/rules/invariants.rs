//! Looks for broken rules after a step: by the queries, and against what the world remembers.

use std::collections::BTreeMap;

use rapport_model::DeliveryState;

use super::{queries::RULES, world::World};
use crate::store::{Store, db::Run as _};

/// Holds where one thing comes after the other: of two that come at once either may be first.
const ARRIVAL: (&str, &str) = (
    "messages of a thread stand in the order in which they came",
    "SELECT a.id AS id FROM messages a JOIN messages b ON b.conversation_id = a.conversation_id \
     AND b.thread_id = a.thread_id AND b.position > a.position WHERE a.kind = 'inbound' AND b.kind = 'inbound' \
     AND b.id < a.id",
);

/// Every rule with its query.
pub(super) fn rules() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    RULES.iter().chain(std::iter::once(&ARRIVAL))
}

/// Finds every broken rule.
pub(super) async fn broken(store: &Store) -> Vec<String> {
    let mut pool = store.pool.clone();
    let mut found = Vec::new();
    for (rule, query) in rules() {
        let rows = pool.all(query, Vec::new()).await.unwrap_or_else(|error| panic!("{rule}: {error}"));
        if let Some(row) = rows.first() {
            found.push(format!("{rule}: {}", row.get::<String>("id").unwrap()));
        }
    }
    found
}

/// Compares the store with what the world remembers.
pub(super) async fn differences(world: &mut World) -> Vec<String> {
    let mut pool = world.shop.store.pool.clone();
    let mut found = Vec::new();
    let rows = pool
        .all(
            "SELECT s.external_id, o.message_id AS owed, o.opened_at FROM sightings s \
             LEFT JOIN obligations o ON o.message_id = s.message_id",
            Vec::new(),
        )
        .await
        .unwrap();
    let mut owed: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let id: String = row.get("external_id").unwrap();
        let count = owed.entry(id.clone()).or_default();
        if row.get::<Option<String>>("owed").unwrap().is_none() {
            continue;
        }
        *count += 1;
        let at: i64 = row.get("opened_at").unwrap();
        let first = *world.opened.entry(id.clone()).or_insert(at);
        if first != at && !world.edited.contains(&id) {
            found.push(format!("the obligation of {id} lost its original time"));
        }
    }
    let expected: BTreeMap<String, usize> =
        world.owed.iter().map(|(id, owed)| (id.clone(), usize::from(*owed))).collect();
    if owed != expected {
        found.push(format!("owed: {owed:?} instead of {expected:?}"));
    }
    let rows = pool
        .all(
            "SELECT o.message_id, o.recipient, o.state, m.delivery, d.state AS of_recipient FROM outbox o \
             JOIN messages m ON m.id = o.message_id JOIN deliveries d ON d.message_id = m.id AND d.recipient = o.recipient",
            Vec::new(),
        )
        .await
        .unwrap();
    let mut messages: BTreeMap<String, (String, Vec<DeliveryState>)> = BTreeMap::new();
    let mut recipients: BTreeMap<(String, String), (String, Vec<DeliveryState>)> = BTreeMap::new();
    for row in &rows {
        let state = DeliveryState::parse(&row.get::<String>("state").unwrap()).unwrap();
        let (message, recipient): (String, String) =
            (row.get("message_id").unwrap(), row.get("recipient").unwrap());
        let (delivery, own) = (row.get("delivery").unwrap(), row.get("of_recipient").unwrap());
        messages.entry(message.clone()).or_insert_with(|| (delivery, Vec::new())).1.push(state);
        recipients.entry((message, recipient)).or_insert_with(|| (own, Vec::new())).1.push(state);
    }
    for (told, states) in messages.values().chain(recipients.values()) {
        let worst = DeliveryState::of_message(states.iter().copied()).unwrap().as_str();
        if worst != told {
            found.push(format!("parts {states:?} are told as {told}"));
        }
    }
    found
}
