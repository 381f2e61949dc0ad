//! What a person does with a conversation besides writing: assign, close, open again, waive, block.

use rapport_model::{
    DeliveryState,
    id::{AssociateId, ContactId, ConversationId, HandleId, MessageId, TeamId},
};
use serde_json::json;

use super::{
    Store,
    conversation::{self, Conversation, State},
    db::Run as _,
    decision::{self, Item, Undoable},
    entry,
    error::{Conflict, StoreError},
    obligation, owner,
    reply::conversation_for,
    scope::Actor,
    tx::{NewEvent, Tx},
    value::values,
    writer::Write,
};

impl Store {
    /// Gives a conversation to an associate and a team, or to nobody.
    pub async fn assign(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        associate: Option<AssociateId>,
        team: Option<TeamId>,
    ) -> Result<(), StoreError> {
        self.act_on(actor, conversation, Act::Assign { associate, team }).await
    }

    /// Closes it. `ReplyOwed` while a reply is owed.
    pub async fn close(&self, actor: &Actor, conversation: &ConversationId) -> Result<(), StoreError> {
        self.act_on(actor, conversation, Act::Close).await
    }

    /// Opens a closed one again: a new episode.
    pub async fn reopen(&self, actor: &Actor, conversation: &ConversationId) -> Result<(), StoreError> {
        self.act_on(actor, conversation, Act::Reopen).await
    }

    /// Decides that no reply is needed to what was seen, and why; closes it too, where wanted and where
    /// nothing else is owed. Gives how it can be taken back.
    pub async fn waive(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        reason: String,
        seen_position: i64,
        close: bool,
    ) -> Result<Undoable, StoreError> {
        let (actor, conversation) = (actor.clone(), conversation.clone());
        self.writer.write(Waive { actor, conversation, reason, seen_position, close }).await
    }

    async fn act_on(&self, actor: &Actor, conversation: &ConversationId, act: Act) -> Result<(), StoreError> {
        self.writer
            .write(OnConversation { actor: actor.clone(), conversation: conversation.clone(), act })
            .await
    }

    /// Blocks a handle: a standing waiver, with a reason.
    pub async fn block(&self, actor: &Actor, handle: &HandleId, reason: String) -> Result<(), StoreError> {
        self.block_or_not(actor, handle, Some(reason)).await
    }

    /// Ends a block. What comes from now on is owed a reply again.
    pub async fn unblock(&self, actor: &Actor, handle: &HandleId) -> Result<(), StoreError> {
        self.block_or_not(actor, handle, None).await
    }

    async fn block_or_not(
        &self,
        actor: &Actor,
        handle: &HandleId,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        self.writer.write(Block { actor: actor.clone(), handle: handle.clone(), reason }).await
    }

    /// Closes what was sent with "send and close", now that it can't be taken back any more: unless
    /// the message did not leave, or something new is owed.
    pub async fn close_after_sending(
        &self,
        conversation: ConversationId,
        message: MessageId,
        associate: AssociateId,
    ) -> Result<(), StoreError> {
        self.writer.write(CloseAfterSending { conversation, message, associate }).await
    }
}

enum Act {
    Assign { associate: Option<AssociateId>, team: Option<TeamId> },
    Close,
    Reopen,
}

struct OnConversation {
    actor: Actor,
    conversation: ConversationId,
    act: Act,
}

impl Write for OnConversation {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let before = conversation_for(tx, &self.actor, &self.conversation).await?;
        let mut after = before.clone();
        let (kind, activity) = match &self.act {
            Act::Assign { associate, team } => {
                if *associate == before.assignee && *team == before.team {
                    return Ok(());
                }
                ("conversation.assigned", give(tx, &mut after, associate.as_ref(), team.as_ref()).await?)
            }
            Act::Close => {
                close(tx, &mut after, self.actor.id())?;
                ("conversation.closed", json!({"type": "closed"}))
            }
            Act::Reopen => {
                if after.state != State::Closed {
                    return Err(Conflict::Open.into());
                }
                after.reopen();
                ("conversation.reopened", json!({"type": "reopened"}))
            }
        };
        note(tx, &self.actor, &before, &mut after, kind, activity).await?;
        conversation::save_one(tx, &before, &after).await
    }
}

/// Gives it in memory to an associate, a team or nobody; gives what the timeline says of it.
pub(super) async fn give(
    tx: &mut Tx,
    conversation: &mut Conversation,
    associate: Option<&AssociateId>,
    team: Option<&TeamId>,
) -> Result<serde_json::Value, StoreError> {
    let name = match associate {
        Some(id) => Some(active_name(tx, id).await?),
        None => None,
    };
    conversation.assignee = associate.cloned();
    conversation.team = team.cloned();
    if associate.is_some() {
        // Whoever gives it to somebody means that it be answered, and there it has to be seen.
        conversation.suspected = false;
        conversation.snoozed = None;
    }
    let assignee = associate.map(|id| json!({"id": id, "name": name}));
    Ok(json!({"type": "assigned", "assignee": assignee, "team": team}))
}

struct Waive {
    actor: Actor,
    conversation: ConversationId,
    reason: String,
    seen_position: i64,
    close: bool,
}

impl Write for Waive {
    type Output = Undoable;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Undoable, StoreError> {
        let (actor, reason) = (&self.actor, &self.reason);
        let before = conversation_for(tx, actor, &self.conversation).await?;
        let mut after = before.clone();
        before.has(self.seen_position)?;
        let waived = obligation::waive(tx, &mut after, actor.id(), reason, self.seen_position).await?;
        if waived.is_empty() {
            return Err(Conflict::NotNow("No reply is owed to what you have seen.").into());
        }
        note_waived(tx, actor, &before, &mut after, reason, self.close).await?;
        conversation::save_one(tx, &before, &after).await?;
        decision::record(tx, actor, "waive", &[Item::new(&before, &after, waived)]).await
    }
}

/// Says in the timeline that a waiver was made; closes too, where that is wanted and nothing is owed.
pub(super) async fn note_waived(
    tx: &mut Tx,
    actor: &Actor,
    before: &Conversation,
    after: &mut Conversation,
    reason: &str,
    and_close: bool,
) -> Result<(), StoreError> {
    let activity = json!({"type": "waived", "reason": reason});
    note(tx, actor, before, after, "conversation.waived", activity).await?;
    if and_close && after.due_at.is_none() && after.state == State::Open {
        close(tx, after, actor.id())?;
        note(tx, actor, before, after, "conversation.closed", json!({"type": "closed"})).await?;
    }
    Ok(())
}

/// Says in the timeline and in the log what a person did.
pub(super) async fn note(
    tx: &mut Tx,
    actor: &Actor,
    before: &Conversation,
    after: &mut Conversation,
    kind: &'static str,
    activity: serde_json::Value,
) -> Result<(), StoreError> {
    let id = entry::insert_activity(tx, after, Some(actor), activity).await?;
    let mut event = after.event(kind, Some(before));
    event.message = Some(id);
    event.actor = Some(actor.id().clone());
    tx.tell(event);
    Ok(())
}

/// Closes in memory; `ReplyOwed` while a reply is owed.
pub(super) fn close(tx: &Tx, conversation: &mut Conversation, by: &AssociateId) -> Result<(), StoreError> {
    if conversation.state == State::Closed {
        return Err(Conflict::Closed.into());
    }
    if conversation.due_at.is_some() {
        return Err(Conflict::ReplyOwed.into());
    }
    conversation.state = State::Closed;
    conversation.snoozed = None;
    conversation.closed_at = Some(tx.now);
    conversation.closed_by = Some(by.clone());
    conversation.turn += 1;
    Ok(())
}

/// The name of somebody who is with us; `NotFound` for anybody else.
pub(super) async fn active_name(tx: &mut Tx, id: &AssociateId) -> Result<String, StoreError> {
    tx.first("SELECT name FROM associates WHERE id = $1 AND disabled_at IS NULL", values![id])
        .await?
        .ok_or(StoreError::NotFound("associate"))?
        .get("name")
}

struct CloseAfterSending {
    conversation: ConversationId,
    message: MessageId,
    associate: AssociateId,
}

impl Write for CloseAfterSending {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let before = conversation::get(tx, &self.conversation).await?;
        let row = tx
            .first("SELECT delivery FROM messages WHERE id = $1", values![&self.message])
            .await?
            .ok_or(StoreError::NotFound("message"))?;
        let delivery = DeliveryState::parse(&row.get::<String>("delivery")?);
        let stands = !matches!(
            delivery,
            None | Some(DeliveryState::Cancelled | DeliveryState::Failed | DeliveryState::Unconfirmed)
        );
        if !stands || before.state != State::Open || before.due_at.is_some() {
            return Ok(());
        }
        let mut after = before.clone();
        close(tx, &mut after, &self.associate)?;
        let name: Option<String> = tx
            .first("SELECT name FROM associates WHERE id = $1", values![&self.associate])
            .await?
            .map(|row| row.get("name"))
            .transpose()?;
        let activity = json!({"type": "closed", "by": {"id": self.associate, "name": name}});
        let id = entry::insert_activity(tx, &mut after, None, activity).await?;
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("conversation.closed", Some(&before));
        event.message = Some(id);
        event.actor = Some(self.associate.clone());
        tx.tell(event);
        Ok(())
    }
}

struct Block {
    actor: Actor,
    handle: HandleId,
    reason: Option<String>,
}

impl Write for Block {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let row = tx
            .first(
                "SELECT h.brand, p.contact_id, h.blocked_at FROM handles h JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL WHERE h.id = $1",
                values![&self.handle],
            )
            .await?
            .ok_or(StoreError::NotFound("handle"))?;
        let contact: ContactId = row.parse("contact_id")?;
        let conversations = self.conversations(tx, &contact).await?;
        if row.get::<Option<i64>>("blocked_at")?.is_some() == self.reason.is_some() {
            return Ok(());
        }
        let now = tx.now;
        let (at, by) =
            (self.reason.is_some().then_some(now), self.reason.is_some().then_some(self.actor.id()));
        tx.execute(
            "UPDATE handles SET blocked_at = $2, blocked_by = $3, blocked_reason = $4 WHERE id = $1",
            values![&self.handle, at, by, self.reason.clone()],
        )
        .await?;
        for before in conversations {
            self.note_in(tx, before).await?;
        }
        tx.tell(NewEvent {
            kind: if self.reason.is_some() { "handle.blocked" } else { "handle.unblocked" },
            brand: Some(row.get("brand")?),
            contact: Some(contact),
            actor: Some(self.actor.id().clone()),
            ..NewEvent::default()
        });
        Ok(())
    }
}

impl Block {
    /// The contact's conversations that are open and within scope; none at all in scope looks as if
    /// the handle did not exist.
    async fn conversations(&self, tx: &mut Tx, contact: &ContactId) -> Result<Vec<Conversation>, StoreError> {
        let mut seen = owner::conversations_in_scope(tx, &self.actor, contact).await?;
        seen.retain(|c| c.state != State::Closed && c.is_seen_by(&self.actor, &tx.inboxes));
        Ok(seen)
    }

    async fn note_in(&self, tx: &mut Tx, before: Conversation) -> Result<(), StoreError> {
        let mut after = before.clone();
        let activity = match &self.reason {
            Some(reason) => {
                let why = format!("blocked: {reason}");
                let up_to = after.last_position;
                obligation::waive(tx, &mut after, self.actor.id(), &why, up_to).await?;
                json!({"type": "blocked", "reason": reason})
            }
            None => json!({"type": "unblocked"}),
        };
        note(tx, &self.actor, &before, &mut after, "conversation.blocked", activity).await?;
        conversation::save_one(tx, &before, &after).await
    }
}
