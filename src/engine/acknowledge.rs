//! The acknowledgement: renders the retailer's template and offers it to the store, which decides
//! whether the bot may speak.

use rapport_model::id::ConversationId;

use super::{
    Engine,
    reply::{ReplyError, Words},
};
use crate::store::{Job, JobOutcome, NewAck, StoreError};

/// Does an acknowledgement's job.
pub(super) async fn run(engine: &Engine, job: &Job) -> Result<(), StoreError> {
    let silent = |why: &str| JobOutcome::Done(Some(why.to_owned()));
    let Some((conversation, turn)) = read(&job.payload) else {
        return engine.store().update_job(&job.id, silent("unreadable")).await;
    };
    let Some(inbox_id) = engine.store().find_inbox_of(&conversation).await? else {
        return engine.store().update_job(&job.id, silent("the conversation is gone")).await;
    };
    let config = engine.config();
    let Some(inbox) = config.inbox(&inbox_id).filter(|inbox| config.bot_enabled && inbox.bot_enabled) else {
        return engine.store().update_job(&job.id, silent("the bot is off")).await;
    };
    let Some(template) = config.templates.get(&inbox.language) else {
        return engine.store().update_job(&job.id, silent("no template in this language")).await;
    };
    let text = template.render_ack(config.brand_name(&inbox.brand));
    let parts = match engine.plan(None, &inbox_id, &Words::plain(&text)).await {
        Ok(parts) => parts,
        Err(ReplyError::Store(error @ StoreError::Unavailable(_))) => return Err(error),
        Err(_) => return engine.store().update_job(&job.id, silent("the channel can't carry it")).await,
    };
    let letter = engine.capabilities(&inbox_id).is_some_and(|can| can.letters);
    let ack = NewAck { job: job.id.clone(), conversation: conversation.clone(), turn, text, parts, letter };
    if let Some(reason) = engine.store().insert_ack(ack).await? {
        tracing::debug!(conversation.id = %conversation, reason, "The bot stays silent");
    }
    Ok(())
}

fn read(payload: &str) -> Option<(ConversationId, i64)> {
    let (conversation, turn) = payload.split_once(' ')?;
    Some((ConversationId::try_from(conversation.to_owned()).ok()?, turn.parse().ok()?))
}
