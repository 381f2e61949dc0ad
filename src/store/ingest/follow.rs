//! What a letter continues, and how far that is to be believed.
//!
//! Two things attach a letter to a thread: our own unguessable token that comes back with it, from
//! whomever; or a reference to a letter of the very same sender, unless the sender is surely not who
//! they say. A subject never does.

use std::collections::HashMap;

use rapport_model::{
    Author, Trust,
    event::InboundMessage,
    id::{ContactId, HandleId, OutboxId},
};

use super::{InboxFacts, IngestRequest, people::Person, seen::Fresh};
use crate::store::{
    db::{Run as _, built},
    error::StoreError,
    rows,
    tx::Tx,
    value::{Value, values},
};

/// A thread by its inbox and its external id.
pub(super) type ThreadKey = (String, String);

/// A part of ours whose token came back.
#[derive(Debug, Clone)]
struct Minted {
    brand: String,
    thread: ThreadKey,
    recipient: String,
    /// Whom it went to.
    person: Person,
    claimed: bool,
}

/// A letter that another one names.
#[derive(Debug, Clone)]
struct Named {
    thread: ThreadKey,
    contact: ContactId,
    handle: HandleId,
}

/// All that the letters of a group refer to, as far as it is known.
#[derive(Default)]
pub(super) struct Known {
    minted: HashMap<OutboxId, Minted>,
    named: HashMap<(String, String), Vec<Named>>,
}

/// Looks up what the new messages of a group refer to.
pub(super) async fn load(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
) -> Result<Known, StoreError> {
    let mut known = Known::default();
    let (mut tokens, mut names) = (Vec::new(), Vec::new());
    for item in fresh {
        let request = requests[item.request];
        let Some(message) = request.events[item.event].message() else { continue };
        let follows = &message.letter.follows;
        tokens.extend(follows.token.iter().map(|token| values![token]));
        names.extend(follows.references.iter().map(|name| values![&request.inbox.id, name]));
    }
    if !tokens.is_empty() {
        known.load_minted(tx, tokens).await?;
    }
    if !names.is_empty() {
        known.load_named(tx, names).await?;
    }
    Ok(known)
}

impl Known {
    async fn load_minted(&mut self, tx: &mut Tx, tokens: Vec<Vec<Value>>) -> Result<(), StoreError> {
        let (source, args) = rows::keys(tx.engine(), tokens);
        let sql = [
            "SELECT o.id, o.recipient, t.brand, t.inbox_id, t.external_id, d.handle_id, h.trust, h.shared, h.blocked_at, p.contact_id \
             FROM outbox o JOIN threads t ON t.id = o.thread_id \
             JOIN deliveries d ON d.message_id = o.message_id AND d.recipient = o.recipient \
             JOIN handles h ON h.id = d.handle_id JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL \
             WHERE o.id IN ",
            &source,
        ]
        .concat();
        for row in tx.rows_of(built(sql), args).await? {
            let minted = Minted {
                brand: row.get("brand")?,
                thread: (row.get("inbox_id")?, row.get("external_id")?),
                recipient: row.get("recipient")?,
                person: Person {
                    handle: row.parse("handle_id")?,
                    contact: row.parse("contact_id")?,
                    blocked: row.get::<Option<i64>>("blocked_at")?.is_some(),
                    shared: row.get("shared")?,
                    is_new: false,
                },
                claimed: row.get::<String>("trust")? == Trust::Claimed.as_str(),
            };
            self.minted.insert(row.parse("id")?, minted);
        }
        Ok(())
    }

    async fn load_named(&mut self, tx: &mut Tx, names: Vec<Vec<Value>>) -> Result<(), StoreError> {
        let (pairs, args) = rows::pairs(tx.engine(), names);
        let sql = [
            &pairs,
            "SELECT DISTINCT l.inbox_id, l.name, t.external_id, t.inbox_id AS thread_inbox, m.handle_id, p.contact_id \
             FROM k CROSS JOIN letters l JOIN messages m ON m.id = l.message_id AND m.kind = 'inbound' \
             JOIN threads t ON t.id = m.thread_id JOIN handle_periods p ON p.handle_id = m.handle_id AND p.valid_to IS NULL \
             WHERE l.inbox_id = k.a AND l.name = k.b",
        ]
        .concat();
        for row in tx.rows_of(built(sql), args).await? {
            let named = Named {
                thread: (row.get("thread_inbox")?, row.get("external_id")?),
                contact: row.parse("contact_id")?,
                handle: row.parse("handle_id")?,
            };
            self.named.entry((row.get("inbox_id")?, row.get("name")?)).or_default().push(named);
        }
        Ok(())
    }

    /// The threads that may be followed.
    pub(super) fn threads(&self) -> impl Iterator<Item = &ThreadKey> {
        let named = self.named.values().flatten().map(|named| &named.thread);
        self.minted.values().map(|minted| &minted.thread).chain(named)
    }

    /// Whoever writes from the address that our token was minted for is who it was minted for.
    pub(super) fn proven_by_token(&self, inbox: &InboxFacts, message: &InboundMessage) -> Option<Person> {
        let minted = self.minted_for(inbox, message)?;
        let Author::Contact { address, trust: Trust::Claimed, .. } = &message.author else { return None };
        let theirs = address.expose() == minted.recipient && !message.letter.follows.disproved;
        theirs.then(|| minted.person.clone())
    }

    fn minted_for(&self, inbox: &InboxFacts, message: &InboundMessage) -> Option<&Minted> {
        let token = message.letter.follows.token.as_ref()?;
        self.minted.get(token).filter(|minted| minted.brand == inbox.brand)
    }

    /// Turns the claimed handles whose token came back into proven ones, where no other is that already.
    pub(super) async fn prove(
        &self,
        tx: &mut Tx,
        inbox: &InboxFacts,
        message: &InboundMessage,
    ) -> Result<(), StoreError> {
        let Some(minted) = self.minted_for(inbox, message).filter(|minted| minted.claimed) else {
            return Ok(());
        };
        tx.execute(
            "UPDATE handles SET trust = 'proven' WHERE id = $1 AND trust = 'claimed' AND NOT EXISTS (SELECT 1 FROM handles o \
             WHERE o.brand = handles.brand AND o.channel = handles.channel AND o.address = handles.address AND o.trust = 'proven')",
            values![&minted.person.handle],
        )
        .await
        .map(drop)
    }

    /// The thread that a message of this person continues.
    pub(super) fn thread_of(
        &self,
        inbox: &InboxFacts,
        message: &InboundMessage,
        person: &Person,
    ) -> Option<ThreadKey> {
        if let Some(minted) = self.minted_for(inbox, message) {
            return Some(minted.thread.clone());
        }
        let follows = &message.letter.follows;
        if follows.disproved {
            return None;
        }
        follows.references.iter().find_map(|name| {
            let candidates = self.named.get(&(inbox.id.0.clone(), name.0.clone()))?;
            let own = |named: &&Named| named.contact == person.contact && named.handle == person.handle;
            candidates.iter().rev().find(own).map(|named| named.thread.clone())
        })
    }

    /// Notes a letter of the group under its name, for those that come after it.
    pub(super) fn note(
        &mut self,
        inbox: &InboxFacts,
        message: &InboundMessage,
        person: &Person,
        thread: &ThreadKey,
    ) {
        if let Some(name) = &message.letter.name {
            self.named.entry((inbox.id.0.clone(), name.0.clone())).or_default().push(Named {
                thread: thread.clone(),
                contact: person.contact.clone(),
                handle: person.handle.clone(),
            });
        }
    }
}
