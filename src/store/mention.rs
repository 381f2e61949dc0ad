//! Who is named in the notes of a conversation: they see it by that, wherever it is, and have it in a view
//! of their own, counted there until they have read the note.
//!
//! The names stand in the conversation's row, where scope is decided. The rows of `mentions` follow that
//! row, so that what a person sees by being named is read from one index in queue order.

use rapport_model::id::{AssociateId, ConversationId, MessageId};

use super::{
    conversation::Conversation,
    db::Run as _,
    error::{Conflict, StoreError},
    scope::Actor,
    tx::Tx,
    value::values,
};

/// So many people can be named in the notes of one conversation.
const MOST_NAMED: usize = 100;

/// Reads the names of a conversation's or a message's column.
pub(super) fn read(column: &str) -> Result<Vec<AssociateId>, StoreError> {
    column
        .split(',')
        .filter(|id| !id.is_empty())
        .map(|id| {
            AssociateId::try_from(id.to_owned()).map_err(|_| StoreError::Corrupt { column: "mentioned" })
        })
        .collect()
}

/// The column of these names.
pub(super) fn written(ids: &[AssociateId]) -> String {
    ids.iter().map(AssociateId::as_str).collect::<Vec<_>>().join(",")
}

/// Refuses names of people who are not there, or not with us any more: the note would reach nobody.
pub(super) async fn refuse_strangers(tx: &mut Tx, ids: &[AssociateId]) -> Result<(), StoreError> {
    for id in ids {
        tx.first("SELECT id FROM associates WHERE id = $1 AND disabled_at IS NULL", values![id])
            .await?
            .ok_or(StoreError::NotFound("colleague"))?;
    }
    Ok(())
}

/// Names people in a note that was just written at the end of a conversation. They see it from now on.
pub(super) async fn name(
    tx: &mut Tx,
    conversation: &mut Conversation,
    note: &MessageId,
    author: &Actor,
    ids: &[AssociateId],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    refuse_strangers(tx, ids).await?;
    tx.execute("UPDATE messages SET mentions = $2 WHERE id = $1", values![note, written(ids)]).await?;
    for id in ids {
        // Nobody has to be told what they wrote themselves.
        tx.execute(
            "INSERT INTO mentions (associate_id, conversation_id, position, unread, state, assignee_id, queue_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (associate_id, conversation_id) DO UPDATE \
             SET position = excluded.position, unread = excluded.unread",
            values![
                id,
                &conversation.id,
                conversation.last_position,
                id != author.id(),
                conversation.state.as_str(),
                conversation.assignee.as_ref(),
                conversation.queue_at()
            ],
        )
        .await?;
        if !conversation.mentioned.contains(id) {
            conversation.mentioned.push(id.clone());
        }
    }
    if conversation.mentioned.len() > MOST_NAMED {
        return Err(Conflict::NotNow("Too many people are named in the notes of this conversation.").into());
    }
    Ok(())
}

/// Keeps what lists and counters of those who are named go by in line with a conversation that is saved.
pub(super) async fn follow(
    tx: &mut Tx,
    before: Option<&Conversation>,
    after: &Conversation,
) -> Result<(), StoreError> {
    if after.mentioned.is_empty() {
        return Ok(());
    }
    for id in before.map_or(&[][..], |before| &before.mentioned) {
        if let Some(before) = before {
            tx.count_for(id, before.count_key(), -1);
        }
    }
    for id in &after.mentioned {
        tx.count_for(id, after.count_key(), 1);
    }
    tx.execute(
        "UPDATE mentions SET state = $2, assignee_id = $3, queue_at = $4 WHERE conversation_id = $1",
        values![&after.id, after.state.as_str(), after.assignee.as_ref(), after.queue_at()],
    )
    .await
    .map(drop)
}

/// The reader's mark moved: whether they have read where they are named.
pub(super) async fn read_up_to(
    tx: &mut Tx,
    reader: &AssociateId,
    conversation: &ConversationId,
    position: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mentions SET unread = (position > $3) WHERE associate_id = $1 AND conversation_id = $2",
        values![reader, conversation, position],
    )
    .await
    .map(drop)
}

/// Somebody who leaves lets go of closed conversations, all at once and past their rows: the same for those
/// who are named in them.
pub(super) async fn let_go_of_closed(tx: &mut Tx, leaver: &AssociateId) -> Result<(), StoreError> {
    let rows = tx
        .all(
            "SELECT n.associate_id, c.inbox_id, c.team_id, count(*) AS many FROM mentions n \
             JOIN conversations c ON c.id = n.conversation_id WHERE c.assignee_id = $1 AND c.state = 'closed' \
             GROUP BY n.associate_id, c.inbox_id, c.team_id",
            values![leaver],
        )
        .await?;
    for row in &rows {
        let key = |assignee: &str| {
            Ok::<_, StoreError>(super::tx::CountKey {
                inbox: row.get("inbox_id")?,
                team: row.get::<Option<String>>("team_id")?.unwrap_or_default(),
                assignee: assignee.to_owned(),
                state: super::State::Closed.as_str(),
                waiting: false,
            })
        };
        let (named, many) = (row.parse("associate_id")?, row.get::<i64>("many")?);
        tx.count_for(&named, key(leaver.as_str())?, -many);
        tx.count_for(&named, key("")?, many);
    }
    tx.execute(
        "UPDATE mentions SET assignee_id = NULL WHERE conversation_id IN \
         (SELECT id FROM conversations WHERE assignee_id = $1 AND state = 'closed')",
        values![leaver],
    )
    .await
    .map(drop)
}
