//! A conversation is handed over: to an associate or a team, with a note that says why, in one transaction.
//! Whoever gets it sees the note before anything else.

use rapport_model::{
    id::{AssociateId, ConversationId, MessageId, TeamId},
    text,
};
use serde_json::json;

use super::{
    Store, act,
    conversation::{self, Conversation},
    db::Run as _,
    decision::{self, Item, Undoable},
    entry,
    error::{Conflict, StoreError},
    mark, mention,
    reply::{conversation_for, hash},
    scope::Actor,
    tx::Tx,
    value::values,
    writer::Write,
};

/// To whom, and with which words.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// What is handed over.
    pub conversation: ConversationId,
    /// To whom; with a team as well, as that team's.
    pub associate: Option<AssociateId>,
    /// To which team.
    pub team: Option<TeamId>,
    /// What whoever gets it has to know.
    pub note: String,
    /// Who else is named in the note.
    pub mentions: Vec<AssociateId>,
    /// The last position that the actor had seen.
    pub seen_position: i64,
    /// The client's key: one press is one transfer.
    pub key: String,
}

impl Store {
    /// Hands a conversation over. Gives the note, and how it can be taken back; where the key was used
    /// before, the same note and no way back.
    pub async fn transfer(
        &self,
        actor: &Actor,
        new: NewTransfer,
    ) -> Result<(MessageId, Option<Undoable>), StoreError> {
        self.writer.write(Transfer { actor: actor.clone(), new }).await
    }
}

struct Transfer {
    actor: Actor,
    new: NewTransfer,
}

impl Write for Transfer {
    type Output = (MessageId, Option<Undoable>);

    async fn apply(&mut self, tx: &mut Tx) -> Result<Self::Output, StoreError> {
        let (actor, new) = (&self.actor, &self.new);
        let ids = |id: Option<&str>| id.unwrap_or_default().to_owned();
        let body_hash = hash(
            &[
                "transfer",
                new.conversation.as_str(),
                &ids(new.associate.as_ref().map(AssociateId::as_str)),
                &ids(new.team.as_ref().map(|team| team.0.as_str())),
                &new.note,
                &mention::written(&new.mentions),
            ],
            &[],
        );
        if let Some(note) = entry::find_key(tx, actor.id(), &new.key, &body_hash).await? {
            return Ok((note, None));
        }
        let before = conversation_for(tx, actor, &new.conversation).await?;
        before.has(new.seen_position)?;
        refuse_unseen(tx, actor, &before, new.seen_position).await?;
        if before.assignee == new.associate && before.team == new.team {
            return Err(Conflict::NotNow("It is theirs already.").into());
        }
        let name = match &new.associate {
            Some(id) => Some(act::active_name(tx, id).await?),
            None => None,
        };
        let mut after = before.clone();
        after.assignee.clone_from(&new.associate);
        after.team.clone_from(&new.team);
        // Whoever hands it over means that it be answered, and there it has to be seen.
        after.suspected = false;
        after.snoozed = None;
        let body = text::storable(&new.note).into_owned();
        let note = entry::insert_inner(tx, &mut after, "note", Some(actor), &body, None).await?;
        mention::name(tx, &mut after, &note, actor, &new.mentions).await?;
        after.show("note", &body, tx.now);
        entry::keep_key(tx, actor.id(), &new.key, &body_hash, &note).await?;
        let mut event = after.event("note.added", Some(&before));
        event.message = Some(note.clone());
        event.actor = Some(actor.id().clone());
        tx.tell(event);
        let assignee = new.associate.as_ref().map(|id| json!({"id": id, "name": name}));
        let activity = json!({"type": "transferred", "assignee": assignee, "team": new.team, "note": note});
        act::note(tx, actor, &before, &mut after, "conversation.transferred", activity).await?;
        conversation::save_one(tx, &before, &after).await?;
        if let Some(receiver) = new.associate.as_ref().filter(|receiver| *receiver != actor.id()) {
            mark::unread(tx, &after, receiver).await?;
        }
        let undo = decision::record(tx, actor, "transfer", &[Item::new(&before, &after, Vec::new())]).await?;
        Ok((note, Some(undo)))
    }
}

/// Refuses where a customer or a colleague wrote after what the actor saw: what they hand over is not what
/// they think it is.
async fn refuse_unseen(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    seen: i64,
) -> Result<(), StoreError> {
    let newer = tx
        .first(
            "SELECT position FROM messages WHERE conversation_id = $1 AND position > $2 AND (\
             (kind = 'inbound' AND (unanswerable IS NULL OR unanswerable <> 'automatic_mail')) OR (kind IN ('outbound', 'note') \
             AND author_kind <> 'bot' AND (delivery IS NULL OR delivery <> 'cancelled') AND (associate_id IS NULL OR associate_id <> $3))) LIMIT 1",
            values![&conversation.id, seen, actor.id()],
        )
        .await?;
    if newer.is_some() { Err(Conflict::NewerMessage.into()) } else { Ok(()) }
}
