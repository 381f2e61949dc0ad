//! Who came in by an associate's own word: that associate is the one whom the customer knows from then on.
//!
//! It chooses and proves nothing: no handle is joined by it, and who has a conversation, routing says.

use std::collections::{HashMap, HashSet};

use rapport_model::{Author, event::InboundMessage, event::ThreadKind, id::MessageId};
use serde_json::json;

use super::{IngestRequest, people::Person, seen::Fresh};
use crate::store::{
    conversation::Conversation,
    db::Run as _,
    entry,
    entry_word::{self, Whom},
    error::StoreError,
    tx::Tx,
    value::values,
};

/// Whom the new messages name, by their words.
pub(super) async fn load(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
) -> Result<HashMap<MessageId, Whom>, StoreError> {
    let mut brought: Vec<(MessageId, Vec<String>)> = Vec::new();
    for item in fresh {
        let incoming = &requests[item.request].events[item.event];
        if let Some(message) = incoming.message() {
            let words = words_of(message);
            if !words.is_empty() {
                brought.push((incoming.message_id.clone(), words));
            }
        }
    }
    let wanted: HashSet<String> = brought.iter().flat_map(|(_, words)| words).cloned().collect();
    let mut wanted: Vec<String> = wanted.into_iter().collect();
    wanted.sort_unstable();
    let known: HashMap<String, Whom> = entry_word::list_whom(tx, &wanted).await?.into_iter().collect();
    Ok(brought
        .into_iter()
        .filter_map(|(message, words)| {
            Some((message, words.iter().find_map(|word| known.get(word))?.clone()))
        })
        .collect())
}

/// What a person wrote in private may hold a word: brought along by a link, in the text, or as the subject.
fn words_of(message: &InboundMessage) -> Vec<String> {
    let person = matches!(message.author, Author::Contact { is_bot: false, .. });
    if !person || message.thread.kind != ThreadKind::Private || message.unanswerable.is_some() {
        return Vec::new();
    }
    [message.chat.entry.as_deref(), message.letter.subject.as_deref(), Some(&message.text)]
        .into_iter()
        .flatten()
        .flat_map(entry_word::words_in)
        .collect()
}

/// Makes the associate the one whom the customer chose, and says so in the conversation.
pub(super) async fn apply(
    tx: &mut Tx,
    conversation: &mut Conversation,
    person: &Person,
    whom: &Whom,
) -> Result<(), StoreError> {
    if whom.stands {
        let changed = tx
            .execute(
                "UPDATE contacts SET known_associate_id = $2 \
                 WHERE id = $1 AND (known_associate_id IS NULL OR known_associate_id <> $2)",
                values![&person.contact, &whom.associate],
            )
            .await?;
        if changed == 0 {
            return Ok(());
        }
    }
    let activity = json!({
        "type": if whom.stands { "came_by" } else { "came_by_ended" },
        "associate": {"id": whom.associate, "name": whom.name},
    });
    entry::insert_activity(tx, conversation, None, activity).await?;
    Ok(())
}
