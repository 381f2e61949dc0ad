//! What a chat's messages show beside their words: which message one answers, and how people reacted.

use std::collections::HashMap;

use rapport_model::id::MessageId;

use super::{
    db::{Run, built},
    error::StoreError,
    rows,
    value::{Row, values},
};

/// So much is shown of a message that another one answers, in characters.
const GLIMPSE: usize = 140;

/// The message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Which one.
    pub id: MessageId,
    /// Who wrote it: a word of [`rapport_model::AuthorKind`].
    pub author_kind: String,
    /// Their name, where they have one.
    pub author_name: Option<String>,
    /// How it begins; empty where it was taken back, or is a file.
    pub text: String,
}

/// How somebody reacted to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Usually one emoji.
    pub reaction: String,
    /// Who, by name or address.
    pub name: Option<String>,
}

/// The messages that these answer, by the answering one.
pub(super) async fn quoted_of(
    db: &mut impl Run,
    answering: Vec<&MessageId>,
) -> Result<HashMap<MessageId, Quoted>, StoreError> {
    if answering.is_empty() {
        return Ok(HashMap::new());
    }
    let (keys, args) = rows::keys(db.engine(), answering.into_iter().map(|id| values![id]).collect());
    let sql = [
        "SELECT m.id AS answering, q.id, q.author_kind, q.retracted_at, q.text, a.name AS associate_name, \
         COALESCE(p.name, h.address) AS contact_name FROM messages m \
         JOIN messages q ON q.id = m.reply_to_id AND q.conversation_id = m.conversation_id \
         LEFT JOIN associates a ON a.id = q.associate_id LEFT JOIN handles h ON h.id = q.handle_id \
         LEFT JOIN handle_periods o ON o.handle_id = q.handle_id AND o.valid_to IS NULL \
         LEFT JOIN contacts p ON p.id = o.contact_id WHERE m.id IN ",
        &keys,
    ]
    .concat();
    db.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| Ok((row.parse("answering")?, read_quoted(row)?)))
        .collect()
}

fn read_quoted(row: &Row) -> Result<Quoted, StoreError> {
    let author_kind: String = row.get("author_kind")?;
    let name = if author_kind == "contact" { "contact_name" } else { "associate_name" };
    let text: String = row.get("text")?;
    let is_hidden = row.time_opt("retracted_at")?.is_some();
    Ok(Quoted {
        id: row.parse("id")?,
        author_name: row.get(name)?,
        author_kind,
        text: if is_hidden { String::new() } else { text.chars().take(GLIMPSE).collect() },
    })
}

/// The reactions that stand, oldest first.
pub(super) async fn reactions_of(
    db: &mut impl Run,
    messages: Vec<&MessageId>,
) -> Result<HashMap<MessageId, Vec<Reaction>>, StoreError> {
    let mut found: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let (keys, args) = rows::keys(db.engine(), messages.into_iter().map(|id| values![id]).collect());
    let sql = [
        "SELECT r.message_id, r.reaction, COALESCE(p.name, h.address) AS name FROM reactions r \
         JOIN handles h ON h.id = r.handle_id LEFT JOIN handle_periods o ON o.handle_id = r.handle_id AND o.valid_to IS NULL \
         LEFT JOIN contacts p ON p.id = o.contact_id WHERE r.reaction IS NOT NULL AND r.message_id IN ",
        &keys,
        " ORDER BY r.message_id, r.at, r.handle_id",
    ]
    .concat();
    for row in db.rows_of(built(sql), args).await? {
        found
            .entry(row.parse("message_id")?)
            .or_default()
            .push(Reaction { reaction: row.get("reaction")?, name: row.get("name")? });
    }
    Ok(found)
}
