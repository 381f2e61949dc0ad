//! What a letter has beside its words, as people read it: subject, recipients, what its marks rest on.
//!
//! Its whole text and its HTML are long and seldom wanted, so they are asked for one at a time. The
//! HTML stands here as it came: whoever shows it makes it harmless first.

use std::collections::HashMap;

use rapport_model::{
    Address,
    id::{AttachmentId, HandleId, MessageId},
    letter::Recipient,
};

use super::{
    Store,
    db::{Run, built},
    error::StoreError,
    rows,
    scope::Actor,
    value::{Row, values},
};

/// What stands above a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where it came from; `None` for one that we wrote.
    pub from: Option<LetterSender>,
    /// The subject.
    pub subject: Option<String>,
    /// Whom it was written to, our own addresses among them.
    pub recipients: Vec<Recipient>,
    /// Whether its whole text says more than the message's own.
    pub has_original: bool,
    /// Whether it has an HTML form.
    pub has_html: bool,
    /// What the marks among the message's flags rest on.
    pub evidence: Option<String>,
}

/// The address that a letter came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterSender {
    /// Which handle.
    pub handle: HandleId,
    /// Its address.
    pub address: Address,
    /// Whether it surely wrote this. Else anybody may have.
    pub proven: bool,
}

/// The HTML form of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterHtml {
    /// As it came: untrusted.
    pub html: String,
    /// What stands in its place where it can't be shown.
    pub text: String,
    /// The files that its text may show in place, by the name that it uses (Content-ID, RFC 2392).
    pub files: Vec<(String, AttachmentId, String)>,
}

impl Store {
    /// The HTML of a letter within the actor's scope, with its files and their types.
    pub async fn find_letter_html(
        &self,
        actor: &Actor,
        message: &MessageId,
    ) -> Result<Option<LetterHtml>, StoreError> {
        let columns = "l.html, COALESCE(l.original, m.text) AS text";
        let Some(row) = self.letter(actor, message, columns, "l.html IS NOT NULL").await? else {
            return Ok(None);
        };
        let files = self
            .pool
            .clone()
            .all(
                "SELECT content_id, id, content_type FROM attachments WHERE message_id = $1 \
                 AND content_id IS NOT NULL AND state = 'stored' ORDER BY item, id",
                values![message],
            )
            .await?
            .iter()
            .map(|row| Ok((row.get("content_id")?, row.parse("id")?, row.get("content_type")?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(LetterHtml { html: row.get("html")?, text: row.get("text")?, files }))
    }

    /// The whole text of a letter within the actor's scope, where it says more than the message's own.
    pub async fn find_letter_original(
        &self,
        actor: &Actor,
        message: &MessageId,
    ) -> Result<Option<String>, StoreError> {
        let row = self.letter(actor, message, "l.original", "l.original IS NOT NULL").await?;
        row.map(|row| row.get("original")).transpose()
    }

    /// Columns of one letter that was not taken back.
    async fn letter(
        &self,
        actor: &Actor,
        message: &MessageId,
        columns: &'static str,
        wanted: &'static str,
    ) -> Result<Option<Row>, StoreError> {
        let mut args = values![message];
        let scope = actor.condition(&self.inboxes, &mut args);
        let sql = [
            "SELECT ",
            columns,
            " FROM letters l JOIN messages m ON m.id = l.message_id JOIN conversations c ON c.id = m.conversation_id \
             WHERE l.message_id = $1 AND m.retracted_at IS NULL AND ",
            wanted,
            " AND ",
            &scope,
        ]
        .concat();
        Ok(self.pool.clone().rows_of(built(sql), args).await?.pop())
    }
}

/// What stands above each of these messages, where it is a letter.
pub(super) async fn letters_of(
    db: &mut impl Run,
    messages: Vec<&MessageId>,
) -> Result<HashMap<MessageId, Letter>, StoreError> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let (keys, args) = rows::keys(db.engine(), messages.into_iter().map(|id| values![id]).collect());
    let sql = [
        "SELECT l.message_id, l.subject, l.recipients, l.original IS NOT NULL AS has_original, \
         l.html IS NOT NULL AS has_html, l.evidence, m.kind, m.handle_id, h.address, h.trust FROM letters l \
         JOIN messages m ON m.id = l.message_id LEFT JOIN handles h ON h.id = m.handle_id WHERE l.message_id IN ",
        &keys,
    ]
    .concat();
    db.rows_of(built(sql), args).await?.iter().map(|row| Ok((row.parse("message_id")?, read(row)?))).collect()
}

fn read(row: &Row) -> Result<Letter, StoreError> {
    let recipients: String = row.get("recipients")?;
    let address: Option<String> = row.get("address")?;
    let inbound = row.get::<String>("kind")? == "inbound";
    let from = match (row.parse_opt("handle_id")?, address) {
        (Some(handle), Some(address)) if inbound => Some(LetterSender {
            handle,
            address: Address::new(address),
            proven: row.get::<Option<String>>("trust")?.as_deref() == Some("proven"),
        }),
        _ => None,
    };
    Ok(Letter {
        from,
        subject: row.get("subject")?,
        recipients: serde_json::from_str(&recipients)
            .map_err(|_| StoreError::Corrupt { column: "letters.recipients" })?,
        has_original: row.get("has_original")?,
        has_html: row.get("has_html")?,
        evidence: row.get("evidence")?,
    })
}
