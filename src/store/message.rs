//! Messages as people read them: a timeline in pages, and single ones for the live stream.
//!
//! What lies outside of the reader's scope appears with date, team and associate, and without text.

use std::collections::HashMap;

use rapport_model::{
    Address, Timestamp,
    id::{AssociateId, AttachmentId, ContactId, ConversationId, InboxId, MessageId, TeamId, ThreadId},
    rich::Span,
};

use super::{
    Store,
    chat::{self, Quoted, Reaction},
    db::{Run, built},
    error::StoreError,
    letter::{self, Letter},
    mention,
    page::{Page, Place},
    rows,
    scope::Actor,
    upload::{Attachment, read_attachment},
    value::{Row, Value, values},
};

/// A message in a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// Its place in the order of commits there.
    pub position: i64,
    /// `inbound`, `outbound`, `note` or `activity`.
    pub kind: String,
    /// Who wrote it: a word of [`rapport_model::AuthorKind`].
    pub author_kind: String,
    /// That author's id, where they have one.
    pub author_id: Option<String>,
    /// And their name or address.
    pub author_name: Option<String>,
    /// The leg that it came or left on: what is said on one can't be quoted on another.
    pub thread: Option<ThreadId>,
    /// The inbox that it came or left by.
    pub inbox: Option<InboxId>,
    /// That inbox's channel.
    pub channel: Option<String>,
    /// What was said.
    pub text: String,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// How often its text changed, from 1.
    pub version: i64,
    /// When it last changed.
    pub edited_at: Option<Timestamp>,
    /// When its author took it back: the text is hidden then.
    pub retracted_at: Option<Timestamp>,
    /// What kind of automatic message it is.
    pub automatic: Option<String>,
    /// Why nobody owes an answer to it.
    pub unanswerable: Option<String>,
    /// What was noticed about it.
    pub flags: Vec<String>,
    /// How the text is dressed.
    pub spans: Vec<Span>,
    /// The message that it answers, where its author said so.
    pub quoted: Option<Quoted>,
    /// Whose words they are, where the author passed them on.
    pub forwarded_from: Option<String>,
    /// How people reacted to it.
    pub reactions: Vec<Reaction>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// What it has beside its words, where it is a letter.
    pub letter: Option<Letter>,
    /// What became of it on its way out.
    pub delivery: Option<String>,
    /// Why, where it did not arrive, or waits for another try.
    pub delivery_reason: Option<String>,
    /// When it is tried again, where it waits for that.
    pub next_try_at: Option<Timestamp>,
    /// When a person let it be, where it did not arrive.
    pub set_aside_at: Option<Timestamp>,
    /// How each recipient fares, where there are several: the contact first.
    pub deliveries: Vec<Delivery>,
    /// Until when it can be taken back.
    pub undo_until: Option<Timestamp>,
    /// What happened, for an activity.
    pub activity: Option<serde_json::Value>,
    /// Whom it names, where it is a note.
    pub mentions: Vec<AssociateId>,
    /// Set where the reader may not read it.
    pub hidden: Option<Hidden>,
}

/// What became of a message for one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it goes.
    pub address: Address,
    /// A word of [`rapport_model::DeliveryState`].
    pub state: String,
    /// Why, where it did not arrive, or waits for another try.
    pub reason: Option<String>,
}

/// What a reader learns of a message outside of their scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Which team has the conversation.
    pub team: Option<TeamId>,
    /// Which associate has it.
    pub associate: Option<(AssociateId, String)>,
}

/// Who wrote is the conversation's contact, unless the handle was never theirs: somebody else who was let
/// in by a token, or one of a group. Then it is that handle's own contact.
const SELECT: &str = "SELECT m.id, m.conversation_id, m.position, m.kind, m.author_kind, m.associate_id, \
    m.thread_id, m.inbox_id, m.channel, m.text, m.spans, m.forwarded_from, m.reply_to_id, m.at, m.version, m.edited_at, m.retracted_at, m.automatic_kind, m.unanswerable, \
    m.flags, m.delivery, m.delivery_reason, m.set_aside_at, m.undo_until, m.activity, a.name AS associate_name, \
    p.id AS contact_author_id, p.name AS contact_name, h.address, c.team_id, c.assignee_id, c.inbox_id AS conversation_inbox, c.mentioned, m.mentions, s.name AS assignee_name \
    FROM messages m JOIN conversations c ON c.id = m.conversation_id LEFT JOIN associates a ON a.id = m.associate_id \
    LEFT JOIN contacts p ON p.id = CASE WHEN m.handle_id IS NULL OR EXISTS (SELECT 1 FROM handle_periods o \
    WHERE o.handle_id = m.handle_id AND o.contact_id = m.contact_id) THEN m.contact_id ELSE (SELECT o.contact_id \
    FROM handle_periods o WHERE o.handle_id = m.handle_id AND o.valid_from <= m.created_at \
    ORDER BY o.valid_from DESC LIMIT 1) END LEFT JOIN handles h ON h.id = m.handle_id \
    LEFT JOIN associates s ON s.id = c.assignee_id ";

impl Store {
    /// A page of a contact's timeline, ascending; the newest without `before`. `NotFound` for a contact
    /// none of whose conversations is within the actor's scope.
    pub async fn list_timeline(
        &self,
        actor: &Actor,
        contact: &ContactId,
        before: Option<&Place>,
        most: usize,
    ) -> Result<Page<Message>, StoreError> {
        let mut args = values![contact];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql =
            ["SELECT c.id FROM conversations c WHERE c.contact_id = $1 AND ", &scope, " LIMIT 1"].concat();
        if self.pool.clone().rows_of(built(sql), args).await?.is_empty() {
            return Err(StoreError::NotFound("contact"));
        }
        let limit = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
        let end = Place { at: i64::MAX, id: String::new() };
        let before = before.unwrap_or(&end);
        let sql = [
            SELECT,
            "WHERE m.contact_id = $1 AND (m.at, m.id) < ($2, $3) ORDER BY m.at DESC, m.id DESC LIMIT $4",
        ]
        .concat();
        let mut items =
            self.read_messages(Some(actor), sql, values![contact, before.at, &before.id, limit]).await?;
        let more = items.len() > most;
        items.truncate(most);
        items.reverse();
        let first = items.first().filter(|_| more);
        let next = first.map(|oldest| Place { at: oldest.at.millis(), id: oldest.id.to_string() });
        Ok(Page { items, next })
    }

    /// What a conversation got after a position, for whom it is news. The conversation's scope is the
    /// caller's to ask.
    pub async fn list_messages_after(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        position: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let sql = [
            SELECT,
            "WHERE m.conversation_id = $1 AND m.position > $2 AND m.kind <> 'activity' ORDER BY m.position LIMIT 50",
        ]
        .concat();
        self.read_messages(Some(actor), sql, values![conversation, position]).await
    }

    /// One message within the actor's scope.
    pub async fn get_message(&self, actor: &Actor, id: &MessageId) -> Result<Message, StoreError> {
        let sql = [SELECT, "WHERE m.id = $1"].concat();
        self.read_messages(Some(actor), sql, values![id])
            .await?
            .pop()
            .filter(|message| message.hidden.is_none())
            .ok_or(StoreError::NotFound("message"))
    }

    /// Messages by id, whole: whoever hands them on asks the scope of their conversation.
    pub async fn load_messages(&self, ids: Vec<&MessageId>) -> Result<Vec<Message>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (keys, args) = rows::keys(self.engine(), ids.into_iter().map(|id| values![id]).collect());
        let sql = [SELECT, "WHERE m.id IN ", &keys, " ORDER BY m.position"].concat();
        self.read_messages(None, sql, args).await
    }

    async fn read_messages(
        &self,
        reader: Option<&Actor>,
        sql: String,
        args: Vec<Value>,
    ) -> Result<Vec<Message>, StoreError> {
        let mut pool = self.pool.clone();
        let rows = pool.rows_of(built(sql), args).await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            let hidden = reader.map_or(Ok(None), |actor| self.hidden(actor, row))?;
            messages.push(read(row, hidden)?);
        }
        let with_text: Vec<&MessageId> = messages
            .iter()
            .filter(|message| message.hidden.is_none() && message.retracted_at.is_none())
            .map(|message| &message.id)
            .collect();
        let mut letters = letter::letters_of(&mut pool, with_text.clone()).await?;
        let mut reactions = chat::reactions_of(&mut pool, with_text.clone()).await?;
        let mut files = attachments_of(&mut pool, with_text).await?;
        let answering = messages.iter().zip(&rows).filter(|(message, _)| message.hidden.is_none());
        let answering =
            answering.filter(|(_, row)| matches!(row.get::<Option<String>>("reply_to_id"), Ok(Some(_))));
        let mut quoted =
            chat::quoted_of(&mut pool, answering.map(|(message, _)| &message.id).collect()).await?;
        for message in &mut messages {
            message.quoted = quoted.remove(&message.id);
            message.reactions = reactions.remove(&message.id).unwrap_or_default();
            message.attachments = files.remove(&message.id).unwrap_or_default();
            message.letter = letters.remove(&message.id);
        }
        let sent: Vec<&MessageId> = messages
            .iter()
            .filter(|message| message.hidden.is_none() && message.delivery.is_some())
            .map(|message| &message.id)
            .collect();
        let mut deliveries = deliveries_of(&mut pool, sent).await?;
        let waiting: Vec<&MessageId> = messages
            .iter()
            .filter(|message| message.hidden.is_none() && message.delivery.as_deref() == Some("queued"))
            .map(|message| &message.id)
            .collect();
        let mut tries = next_tries_of(&mut pool, waiting).await?;
        for message in &mut messages {
            message.next_try_at = tries.remove(&message.id);
            message.deliveries = deliveries.remove(&message.id).unwrap_or_default();
        }
        Ok(messages)
    }

    fn hidden(&self, actor: &Actor, row: &Row) -> Result<Option<Hidden>, StoreError> {
        let team = row.get::<Option<String>>("team_id")?.map(TeamId);
        let assignee: Option<AssociateId> = row.parse_opt("assignee_id")?;
        let inbox = InboxId(row.get("conversation_inbox")?);
        let mentioned = mention::read(&row.get::<String>("mentioned")?)?;
        if mentioned.contains(actor.id())
            || actor.sees(&self.inboxes, team.as_ref(), assignee.as_ref(), &inbox)
        {
            return Ok(None);
        }
        let name: Option<String> = row.get("assignee_name")?;
        Ok(Some(Hidden { team, associate: assignee.map(|id| (id, name.unwrap_or_default())) }))
    }
}

fn read(row: &Row, hidden: Option<Hidden>) -> Result<Message, StoreError> {
    let author_kind: String = row.get("author_kind")?;
    let associate: Option<String> = row.get("associate_id")?;
    let (author_id, author_name) = if author_kind == "contact" {
        let name: Option<String> = row.get("contact_name")?;
        (row.get("contact_author_id")?, name.or(row.get("address")?))
    } else {
        (associate, row.get("associate_name")?)
    };
    let retracted_at = row.time_opt("retracted_at")?;
    let readable = hidden.is_none();
    let shown = readable && retracted_at.is_none();
    let only = |text: Option<String>| text.filter(|_| readable);
    let activity: Option<String> = only(row.get("activity")?);
    let flags: String = row.get("flags")?;
    Ok(Message {
        id: row.parse("id")?,
        conversation: row.parse("conversation_id")?,
        position: row.get("position")?,
        kind: row.get("kind")?,
        author_kind,
        author_id,
        author_name,
        thread: row.parse_opt("thread_id")?,
        inbox: row.get::<Option<String>>("inbox_id")?.map(InboxId),
        channel: row.get("channel")?,
        text: if shown { row.get("text")? } else { String::new() },
        at: row.time("at")?,
        version: row.get("version")?,
        edited_at: row.time_opt("edited_at")?,
        retracted_at,
        automatic: row.get("automatic_kind")?,
        unanswerable: row.get("unanswerable")?,
        flags: flags.split(',').filter(|flag| !flag.is_empty() && readable).map(str::to_owned).collect(),
        spans: match row.get::<Option<String>>("spans")?.filter(|_| shown) {
            None => Vec::new(),
            Some(json) => {
                serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { column: "messages.spans" })?
            }
        },
        quoted: None,
        forwarded_from: row.get::<Option<String>>("forwarded_from")?.filter(|_| shown),
        reactions: Vec::new(),
        attachments: Vec::new(),
        letter: None,
        delivery: row.get("delivery")?,
        delivery_reason: only(row.get("delivery_reason")?),
        next_try_at: None,
        set_aside_at: row.time_opt("set_aside_at")?,
        deliveries: Vec::new(),
        undo_until: row.time_opt("undo_until")?,
        activity: activity
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| StoreError::Corrupt { column: "messages.activity" })?,
        mentions: mention::read(&only(row.get("mentions")?).unwrap_or_default())?,
        hidden,
    })
}

/// The deliveries of those messages that go to several people.
async fn deliveries_of(
    db: &mut impl Run,
    messages: Vec<&MessageId>,
) -> Result<HashMap<MessageId, Vec<Delivery>>, StoreError> {
    let mut found: HashMap<MessageId, Vec<Delivery>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let (keys, args) = rows::keys(db.engine(), messages.into_iter().map(|id| values![id]).collect());
    let sql = [
        "SELECT d.message_id, d.recipient, d.state, d.reason FROM deliveries d WHERE EXISTS (SELECT 1 FROM deliveries c \
         WHERE c.message_id = d.message_id AND c.recipient <> d.recipient) AND d.message_id IN ",
        &keys,
        " ORDER BY CASE WHEN d.contact_id IS NULL THEN 0 ELSE 1 END, d.recipient",
    ]
    .concat();
    for row in db.rows_of(built(sql), args).await? {
        found.entry(row.parse("message_id")?).or_default().push(Delivery {
            address: Address::new(row.get::<String>("recipient")?),
            state: row.get("state")?,
            reason: row.get("reason")?,
        });
    }
    Ok(found)
}

/// When those messages are tried again that were tried in vain.
async fn next_tries_of(
    db: &mut impl Run,
    messages: Vec<&MessageId>,
) -> Result<HashMap<MessageId, Timestamp>, StoreError> {
    let mut found = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let (keys, args) = rows::keys(db.engine(), messages.into_iter().map(|id| values![id]).collect());
    let sql = [
        "SELECT message_id, min(due_at) AS due FROM outbox WHERE state = 'queued' AND attempt > 0 AND message_id IN ",
        &keys,
        " GROUP BY message_id",
    ]
    .concat();
    for row in db.rows_of(built(sql), args).await? {
        found.insert(row.parse("message_id")?, row.time("due")?);
    }
    Ok(found)
}

async fn attachments_of(
    db: &mut impl Run,
    messages: Vec<&MessageId>,
) -> Result<HashMap<MessageId, Vec<Attachment>>, StoreError> {
    let mut found: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let (keys, args) = rows::keys(db.engine(), messages.into_iter().map(|id| values![id]).collect());
    let sql = [
        "SELECT id, message_id, name, content_type, size, state, reason FROM attachments WHERE message_id IN ",
        &keys,
        " ORDER BY message_id, item, id",
    ]
    .concat();
    for row in db.rows_of(built(sql), args).await? {
        found.entry(row.parse("message_id")?).or_default().push(read_attachment(&row)?);
    }
    Ok(found)
}

/// Files by id, in the order of the ids.
pub(super) async fn attachments_by_id(
    db: &mut impl Run,
    owner: &AssociateId,
    ids: &[AttachmentId],
) -> Result<Vec<Attachment>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let row = db
            .first(
                "SELECT id, name, content_type, size, state, reason FROM attachments WHERE id = $1 AND uploaded_by = $2 AND message_id IS NULL",
                values![id, owner],
            )
            .await?;
        if let Some(row) = row {
            found.push(read_attachment(&row)?);
        }
    }
    Ok(found)
}
