//! Who may get a copy of a reply: the people whom this conversation's letters name, and nobody else.
//!
//! They are offered, and none of them is ever added by itself. An address of our own is nobody's.

use std::collections::HashSet;

use rapport_model::{
    Address,
    id::{ConversationId, ThreadId},
    letter::{Recipient, RecipientRole},
};

use super::{
    db::Run,
    entry::{self, Addressee},
    error::{Conflict, StoreError},
    ingest::{InboxFacts, claimed_person},
    tx::Tx,
    value::{Row, values},
};

/// So many letters are looked through, the newest first.
const MOST_LETTERS: i64 = 500;

/// Somebody who can be given a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Where.
    pub address: Address,
    /// The name beside the address, as a letter gave it.
    pub name: Option<String>,
    /// Why they are offered.
    pub why: Why,
}

/// Why somebody is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A letter was written to them.
    To,
    /// They got a copy of one, of a letter that came or of an answer of ours.
    Cc,
    /// They wrote here without being the contact: our token came back with their letter, and who they are
    /// is not proven by that.
    Participant,
}

impl Why {
    /// The word that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::Cc => "cc",
            Self::Participant => "participant",
        }
    }
}

/// Everybody whom the letters of a conversation name on the channel of a thread: the latest named first,
/// each once, without `ours` and without whom the thread itself reaches.
pub(super) async fn list(
    db: &mut impl Run,
    conversation: &ConversationId,
    thread: &ThreadId,
    ours: &[Address],
) -> Result<Vec<Offered>, StoreError> {
    // What machines sent names mailboxes that nobody reads.
    let rows = db
        .all(
            "SELECT l.recipients, m.kind, m.contact_id, s.address AS sender, s.can_reply, sp.contact_id AS sender_contact, \
             sc.name AS sender_name, h.address AS reached, t.our_address FROM threads t JOIN messages m ON m.conversation_id = $1 \
             AND m.channel = t.channel JOIN letters l ON l.message_id = m.id LEFT JOIN handles h ON h.id = t.handle_id \
             LEFT JOIN handles s ON s.id = m.handle_id AND m.kind = 'inbound' \
             LEFT JOIN handle_periods sp ON sp.handle_id = s.id AND sp.valid_to IS NULL \
             LEFT JOIN contacts sc ON sc.id = sp.contact_id \
             WHERE t.id = $2 AND (m.unanswerable IS NULL OR m.unanswerable <> 'automatic_mail') \
             AND (m.delivery IS NULL OR m.delivery <> 'cancelled') ORDER BY m.position DESC LIMIT $3",
            values![conversation, thread, MOST_LETTERS],
        )
        .await?;
    let mut known: HashSet<Address> = ours.iter().cloned().collect();
    if let Some(row) = rows.first() {
        known.insert(Address::new(row.get::<String>("our_address")?));
        known.extend(row.get::<Option<String>>("reached")?.map(Address::new));
    }
    let mut offered = Vec::new();
    let mut offer = |person: Offered| {
        if known.insert(person.address.clone()) {
            offered.push(person);
        }
    };
    // Whoever wrote is named by that, whatever else names them.
    for row in &rows {
        if let Some(participant) = participant(row)? {
            offer(participant);
        }
    }
    for row in &rows {
        let inbound = row.get::<String>("kind")? == "inbound";
        for recipient in read_recipients(&row.get::<String>("recipients")?)? {
            // Whom an answer of ours went to first was the contact of then.
            if inbound || recipient.role == RecipientRole::Cc {
                let why = if recipient.role == RecipientRole::To { Why::To } else { Why::Cc };
                offer(Offered { address: recipient.address, name: recipient.name, why });
            }
        }
    }
    Ok(offered)
}

fn participant(row: &Row) -> Result<Option<Offered>, StoreError> {
    let (Some(sender), Some(contact)) =
        (row.get::<Option<String>>("sender")?, row.get::<Option<String>>("sender_contact")?)
    else {
        return Ok(None);
    };
    if contact == row.get::<String>("contact_id")? || row.get::<Option<bool>>("can_reply")? == Some(false) {
        return Ok(None);
    }
    Ok(Some(Offered { address: Address::new(sender), name: row.get("sender_name")?, why: Why::Participant }))
}

/// Recipients as the `recipients` column lists them.
pub(super) fn read_recipients(json: &str) -> Result<Vec<Recipient>, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt { column: "letters.recipients" })
}

/// Where and to whom a reply goes that is about to be written.
pub(super) struct Place<'a> {
    pub conversation: &'a ConversationId,
    pub thread: &'a ThreadId,
    pub inbox: &'a InboxFacts,
    /// Whom it goes to first.
    pub to: &'a str,
}

/// Finds the people behind addresses that were chosen for a copy, and makes a contact for whom nobody
/// knows yet. Refuses whom no letter named, who is one of us, or who can't be written to.
pub(super) async fn choose(
    tx: &mut Tx,
    place: &Place<'_>,
    chosen: &[Address],
    ours: &[Address],
) -> Result<Vec<Addressee>, StoreError> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let offered = list(tx, place.conversation, place.thread, ours).await?;
    let mut found: Vec<Addressee> = Vec::with_capacity(chosen.len());
    for address in chosen {
        let refuse = |reason: &'static str| Conflict::NoCopy { address: address.clone(), reason };
        if found.iter().any(|other| other.address == address.expose()) {
            continue;
        }
        if ours.contains(address) {
            return Err(refuse("this is an address of our own").into());
        }
        if address.expose() == place.to {
            return Err(refuse("the reply goes there already").into());
        }
        let Some(person) = offered.iter().find(|person| person.address == *address) else {
            return Err(refuse("no letter of this conversation was written to or from there").into());
        };
        found.push(match find(tx, place, address).await? {
            Some((_, Some(reason))) => return Err(refuse(reason).into()),
            Some((addressee, None)) => addressee,
            None => {
                let (handle, contact) =
                    claimed_person(tx, place.inbox, address, person.name.as_deref()).await?;
                Addressee {
                    handle: handle.to_string(),
                    address: address.expose().to_owned(),
                    contact: Some(contact),
                }
            }
        });
    }
    Ok(found)
}

/// Who is known at an address, with why they can't be written to: whoever wrote here from it, else whose
/// it is for sure, else who claimed it.
async fn find(
    tx: &mut Tx,
    place: &Place<'_>,
    address: &Address,
) -> Result<Option<(Addressee, Option<&'static str>)>, StoreError> {
    let inbox = place.inbox;
    let found = tx
        .first(
            "SELECT h.id, h.address, h.can_reply, h.blocked_at, o.since, p.contact_id FROM handles h \
         JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL \
         LEFT JOIN opt_outs o ON o.sender_group = $5 AND o.address = h.address AND o.ended_at IS NULL \
         WHERE h.brand = $1 AND h.channel = $2 AND h.address = $3 ORDER BY CASE WHEN EXISTS (SELECT 1 FROM messages m \
         WHERE m.conversation_id = $4 AND m.handle_id = h.id) THEN 0 ELSE 1 END, CASE h.trust WHEN 'proven' THEN 0 ELSE 1 END LIMIT 1",
            values![&inbox.brand, &inbox.channel, address, place.conversation, &inbox.sender_group],
        )
        .await?;
    let Some(row) = found else { return Ok(None) };
    let blocked = row.get::<Option<i64>>("blocked_at")?.is_some();
    let opted_out = row.get::<Option<i64>>("since")?.is_some();
    let reason = entry::unreachable(row.get("can_reply")?, blocked, opted_out);
    let addressee = Addressee {
        handle: row.get("id")?,
        address: row.get("address")?,
        contact: row.parse_opt("contact_id")?,
    };
    Ok(Some((addressee, reason)))
}
