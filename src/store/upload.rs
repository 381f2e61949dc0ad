//! Files as people see them. The bytes lie among the blobs under a random name; the name that somebody
//! gave a file is shown and never used as a path.

use rapport_model::{id::AttachmentId, text};

use super::{
    Store, StoredBlob,
    db::{Run as _, built},
    error::StoreError,
    rows::Rows,
    scope::Actor,
    tx::Tx,
    value::{Row, values},
    writer::Write,
};

/// A file of a message, or one that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Which one.
    pub id: AttachmentId,
    /// Its name, as it came.
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

/// A file that is here, and where.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// What it is.
    pub file: Attachment,
    /// The name of its bytes.
    pub blob_key: String,
}

pub(super) fn read_attachment(row: &Row) -> Result<Attachment, StoreError> {
    Ok(Attachment {
        id: row.parse("id")?,
        name: row.get("name")?,
        content_type: row.get("content_type")?,
        size: row.get("size")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
    })
}

impl Store {
    /// Records a file that an associate uploaded; its bytes are durable already.
    pub async fn insert_upload(
        &self,
        actor: &Actor,
        name: &str,
        content_type: &str,
        blob: StoredBlob,
    ) -> Result<Attachment, StoreError> {
        let file = Attachment {
            id: AttachmentId::new(),
            name: text::storable(name).into_owned(),
            content_type: content_type.to_owned(),
            size: i64::try_from(blob.size).ok(),
            state: "stored".to_owned(),
            reason: None,
        };
        self.writer.write(Upload { actor: actor.clone(), file: file.clone(), blob }).await?;
        Ok(file)
    }

    /// The actor's own files that wait to be sent, in the order of the ids.
    pub async fn list_uploads(
        &self,
        actor: &Actor,
        ids: &[AttachmentId],
    ) -> Result<Vec<Attachment>, StoreError> {
        super::message::attachments_by_id(&mut self.pool.clone(), actor.id(), ids).await
    }

    /// A file that is here: of a message within the actor's scope, or uploaded by the actor and not
    /// sent yet. Those of a message that was taken back are gone.
    pub async fn find_file(
        &self,
        actor: &Actor,
        id: &AttachmentId,
    ) -> Result<Option<StoredFile>, StoreError> {
        let mut args = values![id, actor.id()];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = [
            "SELECT f.id, f.name, f.content_type, f.size, f.state, f.reason, f.blob_key FROM attachments f \
             LEFT JOIN messages m ON m.id = f.message_id LEFT JOIN conversations c ON c.id = m.conversation_id \
             WHERE f.id = $1 AND f.state = 'stored' AND \
             ((f.message_id IS NULL AND f.uploaded_by = $2) OR (c.id IS NOT NULL AND m.retracted_at IS NULL AND ",
            &scope,
            "))",
        ]
        .concat();
        let rows = self.pool.clone().rows_of(built(sql), args).await?;
        rows.first()
            .map(|row| Ok(StoredFile { file: read_attachment(row)?, blob_key: row.get("blob_key")? }))
            .transpose()
    }
}

struct Upload {
    actor: Actor,
    file: Attachment,
    blob: StoredBlob,
}

impl Write for Upload {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut rows = Rows::new(
            "attachments",
            &[
                "id",
                "uploaded_by",
                "item",
                "name",
                "content_type",
                "size",
                "sha256",
                "blob_key",
                "state",
                "created_at",
            ],
        );
        rows.push(values![
            &self.file.id,
            self.actor.id(),
            0_i64,
            &self.file.name,
            &self.file.content_type,
            self.file.size,
            &self.blob.sha256,
            &self.blob.key,
            "stored",
            tx.now,
        ]);
        rows.insert(tx).await
    }
}
