//! Handles and the contacts to whom they belong now: found, or made.

use std::collections::{BTreeMap, HashMap};

use rapport_model::{
    Address, Author, Timestamp, Trust,
    id::{ContactId, HandleId},
};

use super::InboxFacts;
use crate::store::{
    db::{Run as _, built},
    error::StoreError,
    identity::skeleton,
    rows::{self, Rows},
    tx::{NewEvent, Tx},
    value::values,
};

/// What makes a handle: brand, channel, address and trust.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct HandleKey {
    pub brand: String,
    pub channel: String,
    pub address: String,
    pub trust: Trust,
}

/// A handle with its present owner.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub handle: HandleId,
    pub contact: ContactId,
    pub blocked: bool,
    /// Several people use it.
    pub shared: bool,
    /// Made by this very group: nothing else can be known of it.
    pub is_new: bool,
}

/// What the channel says of an author.
pub(super) struct Sender<'a> {
    pub key: HandleKey,
    pub name: Option<&'a str>,
    pub can_reply: bool,
    /// When they wrote in private: whoever does can be reached there again.
    pub wrote_at: Option<Timestamp>,
}

/// The sender of an event by a contact.
pub(super) fn sender<'a>(brand: &str, channel: &str, author: &'a Author) -> Option<Sender<'a>> {
    let Author::Contact { address, name, trust, can_reply, .. } = author else { return None };
    Some(Sender {
        key: HandleKey {
            brand: brand.to_owned(),
            channel: channel.to_owned(),
            address: address.expose().to_owned(),
            trust: *trust,
        },
        name: name.as_deref(),
        can_reply: *can_reply,
        wrote_at: None,
    })
}

/// Finds or makes the handles and contacts of these senders.
pub(super) async fn find_or_make(
    tx: &mut Tx,
    senders: Vec<Sender<'_>>,
) -> Result<HashMap<HandleKey, Person>, StoreError> {
    // Sorted, so that two nodes take their locks in the same order; each key once, as an upsert wants.
    let mut wanted: BTreeMap<HandleKey, Sender<'_>> = BTreeMap::new();
    for mut sender in senders {
        let before = wanted.get(&sender.key).and_then(|known| known.wrote_at);
        sender.wrote_at = sender.wrote_at.max(before);
        wanted.insert(sender.key.clone(), sender);
    }
    let mut rows = Rows::new(
        "handles",
        &[
            "id",
            "brand",
            "channel",
            "address",
            "trust",
            "shared",
            "can_reply",
            "created_at",
            "last_seen_at",
            "skeleton",
        ],
    );
    let mut made = HashMap::new();
    for (key, sender) in &wanted {
        let id = HandleId::new();
        rows.push(values![
            &id,
            &key.brand,
            &key.channel,
            &key.address,
            key.trust,
            false,
            sender.can_reply,
            tx.now,
            tx.now,
            skeleton(&key.address)
        ]);
        made.insert(id, key);
    }
    let found = rows
        .insert_with(
            tx,
            "ON CONFLICT (brand, channel, address, trust) DO UPDATE \
             SET last_seen_at = excluded.last_seen_at, can_reply = excluded.can_reply \
             RETURNING id, brand, channel, address, trust, shared, blocked_at, unreachable_at",
        )
        .await?;
    let mut people = HashMap::with_capacity(found.len());
    let mut known = Vec::new();
    for row in &found {
        let handle: HandleId = row.parse("id")?;
        let trust = if row.get::<String>("trust")? == Trust::Proven.as_str() {
            Trust::Proven
        } else {
            Trust::Claimed
        };
        let key = HandleKey {
            brand: row.get("brand")?,
            channel: row.get("channel")?,
            address: row.get("address")?,
            trust,
        };
        if let Some(since) = row.time_opt("unreachable_at")?
            && wanted.get(&key).and_then(|sender| sender.wrote_at) > Some(since)
        {
            can_be_reached(tx, &handle, &key.brand).await?;
        }
        let is_new = made.contains_key(&handle);
        if !is_new {
            known.push(values![&handle]);
        }
        let blocked = row.get::<Option<i64>>("blocked_at")?.is_some();
        let shared = row.get("shared")?;
        people.insert(key, Person { handle, contact: ContactId::new(), blocked, shared, is_new });
    }
    let owners = owners(tx, known).await?;
    let mut contacts = Rows::new("contacts", &["id", "brand", "name", "created_at"]);
    let mut periods = Rows::new("handle_periods", &["handle_id", "contact_id", "valid_from"]);
    for (key, person) in &mut people {
        if let Some(owner) = owners.get(&person.handle) {
            person.contact = owner.clone();
        } else {
            let name = wanted.get(key).and_then(|sender| sender.name);
            contacts.push(values![&person.contact, &key.brand, name, tx.now]);
            periods.push(values![&person.handle, &person.contact, tx.now]);
        }
    }
    contacts.insert(tx).await?;
    periods.insert(tx).await?;
    Ok(people)
}

/// They wrote after we could not reach them.
async fn can_be_reached(tx: &mut Tx, handle: &HandleId, brand: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE handles SET unreachable_at = NULL WHERE id = $1", values![handle]).await?;
    tx.tell(NewEvent { kind: "handle.back", brand: Some(brand.to_owned()), ..NewEvent::default() });
    Ok(())
}

/// Whoever uses an address that a letter named: found, or made, as somebody who merely claims it.
pub(in crate::store) async fn claimed_person(
    tx: &mut Tx,
    inbox: &InboxFacts,
    address: &Address,
    name: Option<&str>,
) -> Result<(HandleId, ContactId), StoreError> {
    let key = HandleKey {
        brand: inbox.brand.clone(),
        channel: inbox.channel.clone(),
        address: address.expose().to_owned(),
        trust: Trust::Claimed,
    };
    let people = find_or_make(tx, vec![Sender { key, name, can_reply: true, wrote_at: None }]).await?;
    let person = people.into_values().next().ok_or(StoreError::NotFound("handle"))?;
    Ok((person.handle, person.contact))
}

async fn owners(
    tx: &mut Tx,
    handles: Vec<Vec<crate::store::value::Value>>,
) -> Result<HashMap<HandleId, ContactId>, StoreError> {
    if handles.is_empty() {
        return Ok(HashMap::new());
    }
    let (source, args) = rows::keys(tx.engine(), handles);
    let sql = [
        "SELECT handle_id, contact_id FROM handle_periods WHERE valid_to IS NULL AND handle_id IN ",
        &source,
    ]
    .concat();
    tx.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| Ok((row.parse("handle_id")?, row.parse("contact_id")?)))
        .collect()
}
