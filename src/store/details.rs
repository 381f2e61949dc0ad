//! One conversation opened: who it is with, what is owed, and how it can be answered.

use std::sync::Arc;

use rapport_model::{
    Address, Timestamp,
    id::{AssociateId, ContactId, ConversationId, HandleId, InboxId},
};

use super::{
    Obligation, Store,
    db::{Run as _, built},
    draft::Draft,
    entry,
    error::StoreError,
    identity,
    ingest::InboxFacts,
    message::Message,
    owner,
    page::Page,
    rows,
    scope::Actor,
    summary::Summary,
    value::values,
};

/// A conversation with everything that stands beside it.
#[derive(Debug, Clone)]
pub struct Details {
    /// Its row.
    pub summary: Summary,
    /// With whom.
    pub contact: Contact,
    /// The newest page of that contact's timeline.
    pub messages: Page<Message>,
    /// What is owed in it.
    pub obligations: Vec<Obligation>,
    /// What the reader has begun to write.
    pub draft: Option<Draft>,
    /// Where the next reply goes.
    pub route: Route,
    /// When it was closed, and by whom.
    pub closed: Option<(Timestamp, AssociateId, String)>,
}

/// Somebody outside.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Who.
    pub id: ContactId,
    /// The name that they go by.
    pub name: Option<String>,
    /// The shop's own id for them.
    pub external_ref: Option<String>,
    /// Since when we know them.
    pub created_at: Timestamp,
    /// How many conversations there were.
    pub conversations: i64,
    /// Where they can be reached.
    pub handles: Vec<Handle>,
}

/// An address of a contact.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Which one.
    pub id: HandleId,
    /// On which channel.
    pub channel: String,
    /// The address.
    pub address: Address,
    /// `proven` or `claimed`.
    pub trust: String,
    /// Whether the channel can carry a reply to it.
    pub can_reply: bool,
    /// Since when it is blocked, and why.
    pub blocked: Option<(Timestamp, String)>,
    /// Since when it wants nothing from us.
    pub opted_out_at: Option<Timestamp>,
    /// Since when it can't be reached.
    pub unreachable_at: Option<Timestamp>,
    /// When it last wrote.
    pub last_seen_at: Timestamp,
    /// Whether several people use it.
    pub shared: bool,
    /// Whether an address of somebody else looks like it.
    pub look_alike: bool,
    /// Whether letters of several scripts stand in it.
    pub mixed_scripts: bool,
    /// Until when it was theirs, where it has a new owner by now.
    pub until: Option<Timestamp>,
}

/// Where a reply goes.
#[derive(Debug, Clone)]
pub struct Route {
    /// The inbox that it leaves by.
    pub inbox: InboxId,
    /// That inbox's channel.
    pub channel: String,
    /// To which address.
    pub to: Option<Address>,
    /// From which of ours.
    pub from: Address,
    /// When somebody last wrote on it.
    pub last_inbound_at: Option<Timestamp>,
    /// Why no reply can be sent, if so.
    pub refusal: Option<&'static str>,
}

impl Store {
    /// Opens a conversation within the actor's scope.
    pub async fn get_details(
        &self,
        actor: &Actor,
        id: &ConversationId,
        most: usize,
    ) -> Result<Details, StoreError> {
        let summary = self.get_summary(actor, id).await?;
        let messages = self.list_timeline(actor, &summary.contact, None, most).await?;
        Ok(Details {
            contact: self.get_contact(&summary.contact).await?,
            messages,
            obligations: self.list_obligations(id).await?,
            draft: self.find_draft(actor, id).await?,
            route: self.get_route(id).await?,
            closed: self.find_close(id).await?,
            summary,
        })
    }

    pub(super) async fn get_contact(&self, id: &ContactId) -> Result<Contact, StoreError> {
        let mut pool = self.pool.clone();
        let row = pool
            .first(
                "SELECT p.id, p.name, p.external_ref, p.created_at, \
                 (SELECT count(*) FROM conversations c WHERE c.contact_id = p.id) AS conversations FROM contacts p WHERE p.id = $1",
                values![id],
            )
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        Ok(Contact {
            id: row.parse("id")?,
            name: row.get("name")?,
            external_ref: row.get("external_ref")?,
            created_at: row.time("created_at")?,
            conversations: row.get("conversations")?,
            handles: self.list_handles(id).await?,
        })
    }

    async fn list_handles(&self, contact: &ContactId) -> Result<Vec<Handle>, StoreError> {
        let mut pool = self.pool.clone();
        let rows = pool
            .all(
                "SELECT h.id, h.brand, h.channel, h.address, h.trust, h.can_reply, h.blocked_at, h.blocked_reason, h.unreachable_at, h.last_seen_at, h.shared, p.valid_to \
                 FROM handle_periods p JOIN handles h ON h.id = p.handle_id WHERE p.contact_id = $1 ORDER BY h.id",
                values![contact],
            )
            .await?;
        let alike = identity::look_alikes(&mut pool, contact).await?;
        let mut handles = Vec::with_capacity(rows.len());
        for row in &rows {
            let (brand, channel, address): (String, String, String) =
                (row.get("brand")?, row.get("channel")?, row.get("address")?);
            let until = row.time_opt("valid_to")?;
            // How the number stands now is the new owner's affair.
            let theirs = until.is_none();
            let blocked = row.time_opt("blocked_at")?.zip(row.get("blocked_reason")?);
            let seen = row.time("last_seen_at")?;
            let id = row.parse("id")?;
            handles.push(Handle {
                look_alike: alike.contains(&id),
                mixed_scripts: identity::mixes_scripts(&address),
                shared: row.get("shared")?,
                id,
                opted_out_at: if theirs {
                    self.find_opt_out(&brand, &channel, &address).await?
                } else {
                    None
                },
                channel,
                address: Address::new(address),
                trust: row.get("trust")?,
                can_reply: row.get("can_reply")?,
                blocked: blocked.filter(|_| theirs),
                unreachable_at: row.time_opt("unreachable_at")?.filter(|_| theirs),
                last_seen_at: until.map_or(seen, |until| seen.min(until)),
                until,
            });
        }
        Ok(handles)
    }

    /// The first opt-out that stands for an address with any group of our senders on its channel.
    async fn find_opt_out(
        &self,
        brand: &str,
        channel: &str,
        address: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut groups: Vec<&str> = self
            .inboxes
            .iter()
            .filter(|inbox| inbox.brand == brand && inbox.channel == channel)
            .map(|inbox| inbox.sender_group.as_str())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        if groups.is_empty() {
            return Ok(None);
        }
        let mut pool = self.pool.clone();
        let keys = groups.into_iter().map(|group| values![group, address]).collect();
        let (keys, args) = rows::keys(pool.engine(), keys);
        let sql = [
            "SELECT min(since) AS since FROM opt_outs WHERE ended_at IS NULL AND (sender_group, address) IN ",
            &keys,
        ]
        .concat();
        let found = pool.rows_of(built(sql), args).await?;
        found.first().map_or(Ok(None), |row| row.time_opt("since"))
    }

    async fn list_obligations(&self, id: &ConversationId) -> Result<Vec<Obligation>, StoreError> {
        self.pool
            .clone()
            .all(
                "SELECT id, message_id, position, opened_at, due_at FROM obligations \
                 WHERE conversation_id = $1 AND open_state = 'open' ORDER BY position",
                values![id],
            )
            .await?
            .iter()
            .map(|row| {
                Ok(Obligation {
                    id: row.parse("id")?,
                    message: row.parse("message_id")?,
                    position: row.get("position")?,
                    opened_at: row.time("opened_at")?,
                    due_at: row.time("due_at")?,
                })
            })
            .collect()
    }

    async fn get_route(&self, id: &ConversationId) -> Result<Route, StoreError> {
        let mut pool = self.pool.clone();
        let row = pool
            .first(
                "SELECT t.inbox_id, t.channel, t.last_inbound_at, t.our_address, h.address, h.can_reply, h.blocked_at, p.contact_id <> c.contact_id AS moved \
                 FROM conversations c JOIN threads t ON t.id = c.thread_id LEFT JOIN handles h ON h.id = t.handle_id \
                 LEFT JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL WHERE c.id = $1",
                values![id],
            )
            .await?
            .ok_or(StoreError::NotFound("conversation"))?;
        let inbox = InboxId(row.get("inbox_id")?);
        let to: Option<String> = row.get("address")?;
        let facts: Option<&Arc<InboxFacts>> = self.inboxes.iter().find(|facts| facts.id == inbox);
        let refusal = match (&to, facts) {
            (_, None) => Some("This inbox is no longer in the configuration."),
            // In a group the message that is answered decides.
            (None, _) => None,
            (Some(_), _) if row.get("moved")? => Some(owner::MOVED),
            (Some(to), Some(facts)) => {
                let opted_out = pool
                    .first(
                        "SELECT since FROM opt_outs WHERE sender_group = $1 AND address = $2 AND ended_at IS NULL",
                        values![&facts.sender_group, to],
                    )
                    .await?
                    .is_some();
                let blocked = row.get::<Option<i64>>("blocked_at")?.is_some();
                entry::unreachable(row.get("can_reply")?, blocked, opted_out)
            }
        };
        Ok(Route {
            inbox,
            channel: row.get("channel")?,
            to: to.map(Address::new),
            from: Address::new(row.get::<String>("our_address")?),
            last_inbound_at: row.time_opt("last_inbound_at")?,
            refusal,
        })
    }

    async fn find_close(
        &self,
        id: &ConversationId,
    ) -> Result<Option<(Timestamp, AssociateId, String)>, StoreError> {
        self.pool
            .clone()
            .first(
                "SELECT c.closed_at, a.id, a.name FROM conversations c JOIN associates a ON a.id = c.closed_by WHERE c.id = $1",
                values![id],
            )
            .await?
            .map(|row| Ok((row.time("closed_at")?, row.parse("id")?, row.get("name")?)))
            .transpose()
    }
}
