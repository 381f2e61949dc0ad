//! Codes that come back in what somebody writes: redeemed before anything else is decided about the message,
//! so that it goes where it belongs then.

use std::collections::HashMap;

use rapport_model::{Trust, event::ThreadKind, id::MessageId};
use serde_json::json;

use super::{
    IngestRequest,
    people::{self, HandleKey, Person},
    seen::Fresh,
};
use crate::store::{
    conversation,
    db::Run as _,
    error::StoreError,
    identity::{self, Redeemed, Returned},
    tx::Tx,
    value::values,
};

/// Joins whoever brought a code back. Gives the messages whose code joined nothing, each with why.
pub(super) async fn redeem(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
    people: &mut HashMap<HandleKey, Person>,
) -> Result<Vec<(MessageId, &'static str)>, StoreError> {
    let mut refused = Vec::new();
    for item in fresh {
        let request = requests[item.request];
        let incoming = &request.events[item.event];
        let Some(message) = incoming.message() else { continue };
        // What a machine wrote, or what all of a group can read, shows nothing about anybody.
        if message.thread.kind != ThreadKind::Private || message.unanswerable.is_some() {
            continue;
        }
        let inbox = &request.inbox;
        let Some(sender) = people::sender(&inbox.brand, &inbox.channel, &message.author) else { continue };
        let Some(person) = people.get(&sender.key).cloned() else { continue };
        let entry = message.chat.entry.as_deref().unwrap_or_default();
        let text = [entry, message.text.as_str()].join(" ");
        let returned = Returned {
            text: &text,
            message: &incoming.message_id,
            brand: &inbox.brand,
            channel: &inbox.channel,
            handle: &person.handle,
            contact: &person.contact,
            proven: sender.key.trust == Trust::Proven && !message.letter.follows.disproved,
            barred: person.blocked || person.shared,
        };
        match identity::redeem(tx, &returned).await? {
            Redeemed::Nothing => {}
            Redeemed::Refused(why) => refused.push((incoming.message_id.clone(), why)),
            Redeemed::Joined(contact) => {
                for other in people.values_mut().filter(|other| other.contact == person.contact) {
                    other.contact = contact.clone();
                    other.is_new = false;
                }
            }
        }
    }
    Ok(refused)
}

/// Says to associates, beside the message, why its code joined nothing.
pub(super) async fn tell(tx: &mut Tx, refused: Vec<(MessageId, &'static str)>) -> Result<(), StoreError> {
    for (message, why) in refused {
        let row = tx.first("SELECT conversation_id FROM messages WHERE id = $1", values![&message]).await?;
        let Some(row) = row else { continue };
        let before = conversation::get(tx, &row.parse("conversation_id")?).await?;
        let mut after = before.clone();
        let activity = json!({"type": "code_refused", "why": why});
        identity::note_by_itself(tx, &before, &mut after, "conversation.code_refused", activity).await?;
        conversation::save_one(tx, &before, &after).await?;
    }
    Ok(())
}
