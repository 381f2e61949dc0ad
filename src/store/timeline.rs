//! The timeline: all that was ever said with a contact, page by page, and what opening a conversation
//! shows beside it.
//!
//! What lies outside of the actor's scope appears as date, team and associate, without text.

use std::collections::HashMap;

use rapport_model::{
    DeliveryState, Timestamp,
    id::{AssociateId, AttachmentId, ContactId, ConversationId, HandleId, InboxId, MessageId, TeamId},
};

use super::{
    Store,
    db::{Run as _, built},
    error::StoreError,
    obligation::Obligation,
    scope::Actor,
    value::{Row, Value, values},
};

/// A message as the timeline shows it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Its place in the conversation.
    pub position: i64,
    /// `inbound`, `outbound`, `note` or `activity`.
    pub kind: String,
    /// The kind of its author.
    pub author_kind: String,
    /// The associate who wrote it.
    pub associate: Option<(AssociateId, String)>,
    /// The contact's name, where the contact wrote it.
    pub contact_name: Option<String>,
    /// The inbox that it came or went by.
    pub inbox: Option<InboxId>,
    /// Its channel.
    pub channel: Option<String>,
    /// What was said.
    pub text: String,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// Which version this is, from 1.
    pub version: i64,
    /// When it was last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was taken back by its author.
    pub retracted_at: Option<Timestamp>,
    /// Which kind of automatic message it is, where the bot wrote it.
    pub automatic: Option<String>,
    /// Why nobody owes an answer to it.
    pub unanswerable: Option<String>,
    /// What is remarkable about it.
    pub flags: Vec<String>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// What became of it, where it went out.
    pub delivery: Option<DeliveryState>,
    /// Why, where that is known.
    pub delivery_reason: Option<String>,
    /// Until when its author may take it back.
    pub undo_until: Option<Timestamp>,
    /// What happened, where it is no message: a JSON object.
    pub activity: Option<String>,
    /// Whose it is, where it lies outside of the actor's scope.
    pub hidden: Option<(Option<TeamId>, Option<String>)>,
    /// Scope of its conversation: team, assignee, inbox.
    pub(super) scope: (Option<TeamId>, Option<AssociateId>, InboxId),
}

/// A file as the timeline shows it.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Which one.
    pub id: AttachmentId,
    /// Its name, as its sender gave it.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its length in bytes, once it is here.
    pub size: Option<i64>,
    /// `pending`, `stored` or `failed`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
}

/// A handle as the contact's card shows it.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Which one.
    pub id: HandleId,
    /// On which channel.
    pub channel: String,
    /// The address.
    pub address: String,
    /// `proven` or `claimed`.
    pub trust: String,
    /// Whether it can receive.
    pub can_reply: bool,
    /// Since when it is blocked, and why.
    pub blocked: Option<(Timestamp, String)>,
    /// Since when it receives nothing, by STOP.
    pub opted_out_at: Option<Timestamp>,
    /// Since when it can't be reached.
    pub unreachable_at: Option<Timestamp>,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
}

/// A contact as its card shows it.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Which one.
    pub id: ContactId,
    /// The name, if one is known.
    pub name: Option<String>,
    /// The shop's own id.
    pub external_ref: Option<String>,
    /// Since when we know them.
    pub created_at: Timestamp,
    /// How many conversations there were.
    pub conversations: i64,
    /// Where they can be reached.
    pub handles: Vec<Handle>,
}

/// The place in a timeline before which a page ends.
#[derive(Debug, Clone)]
pub struct Before {
    /// The time of the first message of the page after it.
    pub at: Timestamp,
    /// Its id.
    pub id: MessageId,
}

const MESSAGE: &str = "SELECT m.*, a.name AS associate_name, p.name AS contact_name, c.team_id AS c_team, \
    c.assignee_id AS c_assignee, c.inbox_id AS c_inbox, o.name AS c_assignee_name FROM messages m \
    JOIN conversations c ON c.id = m.conversation_id JOIN contacts p ON p.id = m.contact_id \
    LEFT JOIN associates a ON a.id = m.associate_id LEFT JOIN associates o ON o.id = c.assignee_id ";

impl Message {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let associate: Option<AssociateId> = row.parse_opt("associate_id")?;
        let delivery: Option<String> = row.get("delivery")?;
        let flags: String = row.get("flags")?;
        Ok(Self {
            id: row.parse("id")?,
            conversation: row.parse("conversation_id")?,
            position: row.get("position")?,
            kind: row.get("kind")?,
            author_kind: row.get("author_kind")?,
            associate: associate.zip(row.get::<Option<String>>("associate_name")?),
            contact_name: row.get("contact_name")?,
            inbox: row.get::<Option<String>>("inbox_id")?.map(InboxId),
            channel: row.get("channel")?,
            text: row.get("text")?,
            at: row.time("at")?,
            version: row.get("version")?,
            edited_at: row.time_opt("edited_at")?,
            retracted_at: row.time_opt("retracted_at")?,
            automatic: row.get("automatic_kind")?,
            unanswerable: row.get("unanswerable")?,
            flags: flags.split(',').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
            attachments: Vec::new(),
            delivery: delivery.as_deref().and_then(DeliveryState::parse),
            delivery_reason: row.get("delivery_reason")?,
            undo_until: row.time_opt("undo_until")?,
            activity: row.get("activity")?,
            hidden: None,
            scope: (
                row.get::<Option<String>>("c_team")?.map(TeamId),
                row.parse_opt("c_assignee")?,
                InboxId(row.get("c_inbox")?),
            ),
        })
    }

    /// Takes out what the actor may not read.
    fn hide(&mut self, row: &Row) -> Result<(), StoreError> {
        self.hidden = Some((self.scope.0.clone(), row.get("c_assignee_name")?));
        self.text.clear();
        self.activity = self.activity.take().map(|_| "{\"type\":\"hidden\"}".to_owned());
        self.delivery_reason = None;
        self.flags.clear();
        Ok(())
    }
}

impl Store {
    /// A page of a contact's timeline, the latest last; `None` where the actor sees no conversation of
    /// that contact. The flag says whether there is more before it.
    pub async fn list_timeline(
        &self,
        actor: &Actor,
        contact: &ContactId,
        before: Option<&Before>,
        limit: i64,
    ) -> Result<Option<(Vec<Message>, bool)>, StoreError> {
        let mut pool = self.pool.clone();
        let mut args = values![contact];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = ["SELECT 1 AS seen FROM conversations c WHERE c.contact_id = $1 AND ", &scope, " LIMIT 1"]
            .concat();
        if pool.rows_of(built(sql), args).await?.is_empty() {
            return Ok(None);
        }
        let (at, id) = match before {
            Some(before) => (before.at.millis(), before.id.as_str()),
            None => (i64::MAX, ""),
        };
        let sql = [
            MESSAGE,
            "WHERE m.contact_id = $1 AND (m.at, m.id) < ($2, $3) ORDER BY m.at DESC, m.id DESC LIMIT $4",
        ]
        .concat();
        let rows = pool.rows_of(built(sql), values![contact, at, id, limit + 1]).await?;
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        let mut messages = Vec::with_capacity(rows.len().min(limit));
        for row in rows.iter().take(limit) {
            let mut message = Message::read(row)?;
            let (team, assignee, inbox) = &message.scope;
            if !actor.sees(&self.inboxes, team.as_ref(), assignee.as_ref(), inbox) {
                message.hide(row)?;
            }
            messages.push(message);
        }
        // The provider's time decides, then the position: within one millisecond ids may not tell.
        messages.sort_by_key(|message| (message.at, message.conversation.clone(), message.position));
        self.attach(&mut messages).await?;
        Ok(Some((messages, more)))
    }

    /// Messages by their ids, without a look at scope: for the live tail and for what an act of the
    /// actor's own gave.
    pub(crate) async fn messages(&self, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (list, args) = id_list(ids);
        let sql = [MESSAGE, "WHERE m.id IN (", &list, ") ORDER BY m.position"].concat();
        let rows = self.pool.clone().rows_of(built(sql), args).await?;
        let mut messages: Vec<Message> = rows.iter().map(Message::read).collect::<Result<_, _>>()?;
        self.attach(&mut messages).await?;
        Ok(messages)
    }

    /// What was said in a conversation after a position by a customer or a person of ours.
    pub async fn list_words_after(
        &self,
        conversation: &ConversationId,
        position: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let sql = [
            MESSAGE,
            "WHERE m.conversation_id = $1 AND m.position > $2 AND m.kind IN ('inbound', 'outbound') \
             AND m.author_kind <> 'bot' AND (m.delivery IS NULL OR m.delivery <> 'cancelled') ORDER BY m.position LIMIT 20",
        ]
        .concat();
        let rows = self.pool.clone().rows_of(built(sql), values![conversation, position]).await?;
        let mut messages: Vec<Message> = rows.iter().map(Message::read).collect::<Result<_, _>>()?;
        self.attach(&mut messages).await?;
        Ok(messages)
    }

    async fn attach(&self, messages: &mut [Message]) -> Result<(), StoreError> {
        let shown: Vec<MessageId> =
            messages.iter().filter(|m| m.hidden.is_none()).map(|m| m.id.clone()).collect();
        if shown.is_empty() {
            return Ok(());
        }
        let (list, args) = id_list(&shown);
        let sql = ["SELECT * FROM attachments WHERE message_id IN (", &list, ") ORDER BY message_id, item"]
            .concat();
        let mut files: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
        for row in self.pool.clone().rows_of(built(sql), args).await? {
            files.entry(row.parse("message_id")?).or_default().push(Attachment::read(&row)?);
        }
        for message in messages {
            message.attachments = files.remove(&message.id).unwrap_or_default();
        }
        Ok(())
    }

    /// The card of a contact. Its handles are those that are its own now.
    pub async fn find_contact(&self, contact: &ContactId) -> Result<Option<Contact>, StoreError> {
        let mut pool = self.pool.clone();
        let row = pool
            .first(
                "SELECT p.*, (SELECT count(*) FROM conversations c WHERE c.contact_id = p.id) AS conversations \
                 FROM contacts p WHERE p.id = $1",
                values![contact],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let handles = pool
            .all(
                "SELECT h.* FROM handle_periods o JOIN handles h ON h.id = o.handle_id \
                 WHERE o.contact_id = $1 AND o.valid_to IS NULL ORDER BY h.last_seen_at DESC",
                values![contact],
            )
            .await?;
        let mut list = Vec::with_capacity(handles.len());
        for handle in &handles {
            let mut handle = Handle::read(handle)?;
            handle.opted_out_at = self.opted_out(&handle.channel, &handle.address).await?;
            list.push(handle);
        }
        Ok(Some(Contact {
            id: row.parse("id")?,
            name: row.get("name")?,
            external_ref: row.get("external_ref")?,
            created_at: row.time("created_at")?,
            conversations: row.get("conversations")?,
            handles: list,
        }))
    }

    /// Since when an address receives nothing on the inboxes of a channel.
    async fn opted_out(&self, channel: &str, address: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut groups: Vec<&str> =
            self.inboxes.iter().filter(|f| f.channel == channel).map(|f| f.sender_group.as_str()).collect();
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            let row = self
                .pool
                .clone()
                .first(
                    "SELECT since FROM opt_outs WHERE sender_group = $1 AND address = $2 AND ended_at IS NULL",
                    values![group, address],
                )
                .await?;
            if let Some(row) = row {
                return Ok(Some(row.time("since")?));
            }
        }
        Ok(None)
    }

    /// What is owed in a conversation, the oldest first.
    pub async fn list_obligations(
        &self,
        conversation: &ConversationId,
    ) -> Result<Vec<Obligation>, StoreError> {
        self.pool
            .clone()
            .all(
                "SELECT * FROM obligations WHERE conversation_id = $1 AND open_state = 'open' ORDER BY position",
                values![conversation],
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

    /// When a conversation was closed, and by whom.
    pub async fn find_close(
        &self,
        conversation: &ConversationId,
    ) -> Result<Option<(Timestamp, AssociateId, String)>, StoreError> {
        self.pool
            .clone()
            .first(
                "SELECT c.closed_at, a.id, a.name FROM conversations c JOIN associates a ON a.id = c.closed_by WHERE c.id = $1",
                values![conversation],
            )
            .await?
            .map(|row| Ok((row.time("closed_at")?, row.parse("id")?, row.get("name")?)))
            .transpose()
    }

    /// Which of our addresses a reply leaves from, and whom it reaches.
    pub async fn find_route(
        &self,
        conversation: &ConversationId,
    ) -> Result<Option<(String, Option<Handle>)>, StoreError> {
        let row = self
            .pool
            .clone()
            .first(
                "SELECT t.our_address, h.* FROM conversations c JOIN threads t ON t.id = c.thread_id \
                 LEFT JOIN handles h ON h.id = t.handle_id WHERE c.id = $1",
                values![conversation],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let ours: String = row.get("our_address")?;
        if row.get::<Option<String>>("id")?.is_none() {
            return Ok(Some((ours, None)));
        }
        let mut handle = Handle::read(&row)?;
        handle.opted_out_at = self.opted_out(&handle.channel, &handle.address).await?;
        Ok(Some((ours, Some(handle))))
    }
}

impl Attachment {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parse("id")?,
            name: row.get("name")?,
            content_type: row.get("content_type")?,
            size: row.get("size")?,
            state: row.get("state")?,
            reason: row.get("reason")?,
        })
    }
}

impl Handle {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let blocked_at = row.time_opt("blocked_at")?;
        Ok(Self {
            id: row.parse("id")?,
            channel: row.get("channel")?,
            address: row.get("address")?,
            trust: row.get("trust")?,
            can_reply: row.get("can_reply")?,
            blocked: blocked_at.zip(row.get::<Option<String>>("blocked_reason")?),
            opted_out_at: None,
            unreachable_at: row.time_opt("unreachable_at")?,
            last_seen_at: row.time("last_seen_at")?,
        })
    }
}

/// A list of placeholders for ids, and their values.
fn id_list(ids: &[MessageId]) -> (String, Vec<Value>) {
    let list: Vec<String> = (1..=ids.len()).map(|n| format!("${n}")).collect();
    (list.join(", "), ids.iter().map(Value::from).collect())
}
