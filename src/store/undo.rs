//! Taking a reply back while it has not left. What it discharged is owed again, and its conversation
//! stands as it stood before: closed again where it had opened it, nobody's where it had taken it.
//!
//! What others did since is not undone with it: where the customer wrote, or a person decided, that stays.

use rapport_model::{
    Address, DeliveryState, Timestamp,
    id::{AssociateId, AttachmentId, ConversationId, InboxId, MessageId, ThreadId},
    letter::RecipientRole,
};
use serde_json::json;

use super::{
    Store,
    conversation::{self, Conversation, State},
    db::Run as _,
    delivery, entry,
    error::{Conflict, StoreError},
    heading,
    reply::{Found, OnMessage},
    scope::Actor,
    snooze,
    tx::Tx,
    value::values,
    writer::Write,
};

/// What was taken back.
#[derive(Debug, Clone)]
pub struct Undone {
    /// Where.
    pub conversation: ConversationId,
    /// What was written.
    pub text: String,
    /// Its files, free to be used again.
    pub attachments: Vec<AttachmentId>,
    /// What stood above it, where it was a letter.
    pub subject: Option<String>,
    /// Who was to get a copy.
    pub cc: Vec<Address>,
}

impl Store {
    /// Takes a reply back: all of it, or `TooLate` as soon as one part has left the queue.
    pub async fn undo(&self, actor: &Actor, message: &MessageId) -> Result<Undone, StoreError> {
        self.writer.write(Undo { act: OnMessage::new(actor, message) }).await
    }
}

struct Undo {
    act: OnMessage,
}

impl Write for Undo {
    type Output = Undone;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Undone, StoreError> {
        let found = self.act.find(tx).await?;
        if !found.by_actor {
            return Err(Conflict::NotNow("Only who wrote it can take it back.").into());
        }
        let heading = heading::of_message(tx, &self.act.message).await?;
        let cc = heading.recipients.into_iter().filter(|recipient| recipient.role == RecipientRole::Cc);
        let mut undone = Undone {
            conversation: found.conversation.id.clone(),
            text: found.text.clone(),
            attachments: Vec::new(),
            subject: heading.subject,
            cc: cc.map(|recipient| recipient.address).collect(),
        };
        let parts = self.act.parts(tx).await?;
        if !parts.is_empty() && parts.iter().all(|part| part.state == DeliveryState::Cancelled) {
            // Asked twice, for want of the first answer. Its files are free already.
            return Ok(undone);
        }
        if parts.iter().any(|part| part.state != DeliveryState::Queued || part.perhaps_sent) {
            return Err(Conflict::TooLate.into());
        }
        tx.execute("UPDATE outbox SET state = 'cancelled' WHERE message_id = $1", values![&self.act.message])
            .await?;
        delivery::settle(tx, &self.act.message, None).await?;
        let attachments = tx
            .all(
                "UPDATE attachments SET message_id = NULL WHERE message_id = $1 RETURNING id, item",
                values![&self.act.message],
            )
            .await?;
        let mut attachments: Vec<(i64, AttachmentId)> = attachments
            .iter()
            .map(|row| Ok((row.get("item")?, row.parse("id")?)))
            .collect::<Result<_, StoreError>>()?;
        attachments.sort();
        tx.execute("DELETE FROM jobs WHERE key = $1", values![format!("close:{}", self.act.message)]).await?;
        let before = conversation::get(tx, &found.conversation.id).await?;
        let mut after = before.clone();
        self.put_back(tx, &found, &mut after).await?;
        entry::show_latest(tx, &mut after).await?;
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("message.undone", Some(&before));
        event.message = Some(self.act.message.clone());
        event.actor = Some(self.act.actor.id().clone());
        tx.tell(event);
        undone.attachments = attachments.into_iter().map(|(_, id)| id).collect();
        Ok(undone)
    }
}

impl Undo {
    async fn put_back(
        &self,
        tx: &mut Tx,
        found: &Found,
        conversation: &mut Conversation,
    ) -> Result<(), StoreError> {
        let message = &self.act.message;
        if let Some((next, position)) = later_words(tx, found).await? {
            // That one holds it open now. Taken back too, it leads to where this one began, whoever wrote
            // it; but not past what others did between the two.
            if Since::look(tx, found, Some(position)).await?.quiet() {
                tx.execute(
                    "UPDATE human_messages SET undo_to = (SELECT undo_to FROM human_messages WHERE message_id = $1) WHERE message_id = $2",
                    values![message, &next],
                )
                .await?;
            }
            return Ok(());
        }
        let Some(stood) = Before::find(tx, message).await? else { return Ok(()) };
        let since = Since::look(tx, found, None).await?;
        if stood.assignee.is_none() && !since.assigned {
            conversation.assignee = None;
        }
        if since.customer_wrote {
            return Ok(());
        }
        if let Some((until, by)) = stood.snoozed.filter(|(until, _)| *until > tx.now)
            && !since.assigned
            && !since.judged
        {
            snooze::put_off(tx, conversation, until, &by).await?;
        }
        if stood.suspected && !since.assigned && !since.judged {
            conversation.suspected = true;
        }
        conversation.thread = stood.thread;
        conversation.inbox = stood.inbox;
        conversation.channel = stood.channel;
        let as_it_was = match conversation.state {
            State::Closed => since.closed_by_itself,
            State::Open | State::Automatic => conversation.due_at.is_none() && !since.reopened,
        };
        if as_it_was {
            conversation.state = stood.state;
            conversation.closed_at = stood.closed_at;
            conversation.closed_by = stood.closed_by;
        }
        Ok(())
    }
}

/// The next message by a person that was not taken back.
async fn later_words(tx: &mut Tx, found: &Found) -> Result<Option<(MessageId, i64)>, StoreError> {
    tx.first(
        "SELECT m.id, m.position FROM messages m JOIN human_messages h ON h.message_id = m.id \
         WHERE m.conversation_id = $1 AND m.position > $2 AND m.delivery <> 'cancelled' ORDER BY m.position LIMIT 1",
        values![&found.conversation.id, found.position],
    )
    .await?
    .map(|row| Ok((row.parse("id")?, row.get("position")?)))
    .transpose()
}

/// What happened in a conversation after a message.
#[derive(Default)]
struct Since {
    customer_wrote: bool,
    assigned: bool,
    reopened: bool,
    closed: bool,
    /// A person said whether it is to be answered, or took such a word back.
    judged: bool,
    /// Closed by "send and close", not by a person's own act.
    closed_by_itself: bool,
}

impl Since {
    /// Up to the position `until`, or to now.
    async fn look(tx: &mut Tx, found: &Found, until: Option<i64>) -> Result<Self, StoreError> {
        let rows = tx
            .all(
                "SELECT kind, author_kind, activity FROM messages WHERE conversation_id = $1 AND position > $2 \
                 AND position < $3 AND kind IN ('inbound', 'activity') ORDER BY position",
                values![&found.conversation.id, found.position, until.unwrap_or(i64::MAX)],
            )
            .await?;
        let mut since = Self::default();
        for row in &rows {
            if row.get::<String>("kind")? == "inbound" {
                since.customer_wrote = true;
                continue;
            }
            let activity: String = row.get("activity")?;
            let activity: serde_json::Value = serde_json::from_str(&activity).unwrap_or_default();
            match activity["type"].as_str().unwrap_or_default() {
                "assigned" | "transferred" => since.assigned = true,
                "reopened" => since.reopened = true,
                "suspected" | "not_suspected" | "owed" | "snoozed" | "woken" | "taken_back" => {
                    since.judged = true;
                }
                "closed" => {
                    since.closed = true;
                    since.closed_by_itself = row.get::<String>("author_kind")? == "system";
                }
                _ => {}
            }
        }
        Ok(since)
    }

    fn quiet(&self) -> bool {
        !(self.customer_wrote || self.assigned || self.reopened || self.closed || self.judged)
    }
}

/// What of a conversation a reply changes, as it stood before.
pub(super) struct Before {
    state: State,
    suspected: bool,
    snoozed: Option<(Timestamp, AssociateId)>,
    closed_at: Option<Timestamp>,
    closed_by: Option<AssociateId>,
    assignee: Option<AssociateId>,
    thread: ThreadId,
    inbox: InboxId,
    channel: String,
}

impl Before {
    pub(super) fn of(conversation: &Conversation) -> Self {
        Self {
            state: conversation.state,
            suspected: conversation.suspected,
            snoozed: conversation.snoozed.clone().filter(|_| conversation.state == State::Open),
            closed_at: conversation.closed_at,
            closed_by: conversation.closed_by.clone(),
            assignee: conversation.assignee.clone(),
            thread: conversation.thread.clone(),
            inbox: conversation.inbox.clone(),
            channel: conversation.channel.clone(),
        }
    }

    /// Keeps it with the message that changes it.
    pub(super) async fn keep(&self, tx: &mut Tx, message: &MessageId) -> Result<(), StoreError> {
        let text = json!({
            "state": self.state.as_str(),
            "suspected": self.suspected,
            "snoozed_until": self.snoozed.as_ref().map(|(until, _)| until.millis()),
            "snoozed_by": self.snoozed.as_ref().map(|(_, by)| by),
            "closed_at": self.closed_at.map(Timestamp::millis),
            "closed_by": self.closed_by,
            "assignee": self.assignee,
            "thread": self.thread,
            "inbox": self.inbox,
            "channel": self.channel,
        });
        tx.execute(
            "UPDATE human_messages SET undo_to = $2 WHERE message_id = $1",
            values![message, text.to_string()],
        )
        .await
        .map(drop)
    }

    /// `None` for a message that is older than what is kept here.
    async fn find(tx: &mut Tx, message: &MessageId) -> Result<Option<Self>, StoreError> {
        let row =
            tx.first("SELECT undo_to FROM human_messages WHERE message_id = $1", values![message]).await?;
        let Some(text) = row.map(|row| row.get::<Option<String>>("undo_to")).transpose()?.flatten() else {
            return Ok(None);
        };
        Self::parse(&text).ok_or(StoreError::Corrupt { column: "human_messages.undo_to" }).map(Some)
    }

    fn parse(text: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(Self {
            state: text("state")?.try_into().ok()?,
            suspected: value["suspected"].as_bool().unwrap_or_default(),
            snoozed: value["snoozed_until"]
                .as_i64()
                .map(Timestamp)
                .zip(text("snoozed_by").and_then(|id| id.try_into().ok())),
            closed_at: value["closed_at"].as_i64().map(Timestamp),
            closed_by: text("closed_by").and_then(|id| id.try_into().ok()),
            assignee: text("assignee").and_then(|id| id.try_into().ok()),
            thread: text("thread")?.try_into().ok()?,
            inbox: InboxId(text("inbox")?),
            channel: text("channel")?,
        })
    }
}
