//! Files that a channel gave only a reference to: fetched by a job after the acknowledgement.

use rapport_model::id::{AttachmentId, InboxId, JobId};

use super::{
    Actor, Store, blobs::StoredBlob, conversation, db::Run as _, error::StoreError, job, tx::Tx,
    value::values, writer::Write,
};

/// A file that is still to be fetched.
#[derive(Debug, Clone)]
pub struct PendingMedia {
    /// Which one.
    pub id: AttachmentId,
    /// Whose connector understands the reference.
    pub inbox: InboxId,
    /// Where it is, in that connector's words.
    pub reference: String,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum MediaOutcome {
    /// It is here.
    Stored {
        /// The bytes, durable.
        blob: StoredBlob,
        /// Its type, as its bytes show or the provider says.
        content_type: String,
        /// The provider's name for it, where the message had none.
        name: Option<String>,
    },
    /// It can't be had, and why.
    Failed(String),
}

/// A stored file that goes out.
#[derive(Debug, Clone)]
pub struct OutgoingFile {
    /// Which one.
    pub id: AttachmentId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// Where its bytes are.
    pub blob_key: String,
}

impl Store {
    /// The file of a job, unless it was fetched already.
    pub async fn find_pending_media(&self, id: &AttachmentId) -> Result<Option<PendingMedia>, StoreError> {
        let row = self
            .pool
            .clone()
            .first(
                "SELECT id, inbox_id, reference FROM attachments WHERE id = $1 AND state = 'pending' AND reference IS NOT NULL",
                values![id],
            )
            .await?;
        row.map(|row| {
            Ok(PendingMedia {
                id: row.parse("id")?,
                inbox: InboxId(row.get("inbox_id")?),
                reference: row.get("reference")?,
            })
        })
        .transpose()
    }

    /// Records what became of a file, and that its job is done.
    pub async fn update_media(
        &self,
        job: &JobId,
        id: &AttachmentId,
        outcome: MediaOutcome,
    ) -> Result<(), StoreError> {
        self.writer.write(Settle { job: job.clone(), id: id.clone(), outcome }).await
    }

    /// Stored files by id, in the order of the ids; those that are not there, or that somebody else than
    /// a given person uploaded, are left out.
    pub async fn list_outgoing_files(
        &self,
        uploader: Option<&Actor>,
        ids: &[AttachmentId],
    ) -> Result<Vec<OutgoingFile>, StoreError> {
        let mut files = Vec::with_capacity(ids.len());
        for id in ids {
            let row = self
                .pool
                .clone()
                .first(
                    "SELECT id, name, content_type, size, blob_key FROM attachments WHERE id = $1 AND state = 'stored' \
                     AND ($2 = '' OR uploaded_by = $2)",
                    values![id, uploader.map_or("", |actor| actor.id().as_str())],
                )
                .await?;
            if let Some(row) = row {
                files.push(OutgoingFile {
                    id: row.parse("id")?,
                    name: row.get("name")?,
                    content_type: row.get("content_type")?,
                    size: u64::try_from(row.get::<Option<i64>>("size")?.unwrap_or(0)).unwrap_or(0),
                    blob_key: row.get("blob_key")?,
                });
            }
        }
        Ok(files)
    }
}

struct Settle {
    job: JobId,
    id: AttachmentId,
    outcome: MediaOutcome,
}

impl Write for Settle {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        match &self.outcome {
            MediaOutcome::Stored { blob, content_type, name } => {
                let size = i64::try_from(blob.size).unwrap_or(i64::MAX);
                tx.execute(
                    "UPDATE attachments SET state = 'stored', size = $2, sha256 = $3, blob_key = $4, content_type = $5, \
                     name = CASE WHEN name = '' THEN $6 ELSE name END WHERE id = $1 AND state = 'pending'",
                    values![&self.id, size, &blob.sha256, &blob.key, content_type, name.clone().unwrap_or_default()],
                )
                .await?;
            }
            MediaOutcome::Failed(reason) => {
                tx.execute(
                    "UPDATE attachments SET state = 'failed', reason = $2 WHERE id = $1 AND state = 'pending'",
                    values![&self.id, reason],
                )
                .await?;
            }
        }
        job::finish(tx, &self.job, None).await?;
        let row = tx
            .first(
                "SELECT m.id, m.conversation_id FROM attachments a JOIN messages m ON m.id = a.message_id WHERE a.id = $1",
                values![&self.id],
            )
            .await?;
        if let Some(row) = row {
            let conversation = conversation::get(tx, &row.parse("conversation_id")?).await?;
            let mut event = conversation.event("message.attachment", None);
            event.message = row.parse_opt("id")?;
            tx.tell(event);
        }
        Ok(())
    }
}
