//! Drafts: what an associate has begun to write in a conversation. Theirs alone, on every device.

use rapport_model::{
    Address, Timestamp,
    id::{AttachmentId, ConversationId},
    text,
};

use super::{
    Store, conversation::Conversation, db::Run as _, error::StoreError, message::attachments_by_id,
    reply::conversation_for, scope::Actor, tx::Tx, upload::Attachment, value::values, writer::Write,
};

/// Something begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The text so far.
    pub text: String,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// Whether it is to become a note.
    pub note: bool,
    /// What is to stand above it, where the author wrote that.
    pub subject: Option<String>,
    /// Who is to get a copy.
    pub cc: Vec<Address>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is to be kept.
#[derive(Debug, Clone, Default)]
pub struct NewDraft {
    /// The text so far.
    pub text: String,
    /// The files, uploaded before by the same associate.
    pub attachments: Vec<AttachmentId>,
    /// Whether it is to become a note.
    pub note: bool,
    /// What is to stand above it, where the author wrote that.
    pub subject: Option<String>,
    /// Who is to get a copy. Whether they may, the reply is asked.
    pub cc: Vec<Address>,
}

impl Store {
    /// Keeps a draft in place of the one before; `None` throws it away.
    pub async fn update_draft(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        draft: Option<NewDraft>,
    ) -> Result<(), StoreError> {
        self.writer.write(Keep { actor: actor.clone(), conversation: conversation.clone(), draft }).await
    }

    /// The actor's own draft.
    pub async fn find_draft(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
    ) -> Result<Option<Draft>, StoreError> {
        let mut pool = self.pool.clone();
        let row = pool
            .first(
                "SELECT text, attachments, note, subject, cc, updated_at FROM drafts WHERE associate_id = $1 AND conversation_id = $2",
                values![actor.id(), conversation],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let ids: String = row.get("attachments")?;
        let ids: Vec<AttachmentId> =
            ids.split(',').filter_map(|id| AttachmentId::try_from(id.to_owned()).ok()).collect();
        Ok(Some(Draft {
            text: row.get("text")?,
            attachments: attachments_by_id(&mut pool, actor.id(), &ids).await?,
            note: row.get("note")?,
            subject: row.get("subject")?,
            cc: match row.get::<Option<String>>("cc")? {
                Some(json) => {
                    serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { column: "drafts.cc" })?
                }
                None => Vec::new(),
            },
            updated_at: row.time("updated_at")?,
        }))
    }
}

/// The draft became a message: its owner's other tabs are told.
pub(super) async fn use_up(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    note: bool,
) -> Result<(), StoreError> {
    let gone = tx
        .execute(
            "DELETE FROM drafts WHERE associate_id = $1 AND conversation_id = $2 AND note = $3",
            values![actor.id(), &conversation.id, note],
        )
        .await?;
    if gone > 0 {
        tell(tx, actor, conversation);
    }
    Ok(())
}

fn tell(tx: &mut Tx, actor: &Actor, conversation: &Conversation) {
    let mut event = conversation.event("draft.changed", None);
    event.actor = Some(actor.id().clone());
    tx.tell(event);
}

struct Keep {
    actor: Actor,
    conversation: ConversationId,
    draft: Option<NewDraft>,
}

impl Write for Keep {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let conversation = conversation_for(tx, &self.actor, &self.conversation).await?;
        let changed = match &self.draft {
            None => {
                tx.execute(
                    "DELETE FROM drafts WHERE conversation_id = $1 AND associate_id = $2",
                    values![&self.conversation, self.actor.id()],
                )
                .await?
            }
            Some(draft) => {
                let found = attachments_by_id(tx, self.actor.id(), &draft.attachments).await?;
                if found.len() != draft.attachments.len() {
                    return Err(StoreError::NotFound("attachment"));
                }
                let files = draft.attachments.iter().map(AttachmentId::as_str).collect::<Vec<_>>().join(",");
                let cc = (!draft.cc.is_empty())
                    .then(|| serde_json::to_string(&draft.cc).expect("addresses are texts"));
                let now = tx.now;
                tx.execute(
                    "INSERT INTO drafts (conversation_id, associate_id, text, attachments, note, subject, cc, updated_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (conversation_id, associate_id) DO UPDATE SET \
                     text = excluded.text, attachments = excluded.attachments, note = excluded.note, \
                     subject = excluded.subject, cc = excluded.cc, updated_at = excluded.updated_at",
                    values![
                        &self.conversation,
                        self.actor.id(),
                        text::storable(&draft.text).into_owned(),
                        files,
                        draft.note,
                        draft.subject.as_deref().map(|subject| text::storable(subject).into_owned()),
                        cc,
                        now
                    ],
                )
                .await?
            }
        };
        if changed > 0 {
            tell(tx, &self.actor, &conversation);
        }
        Ok(())
    }
}
