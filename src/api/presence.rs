//! Who is at a conversation just now: told by each browser while its associate has one open.

use axum::{
    Json,
    extract::{Path, State},
};
use rapport_model::id::ConversationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    error::{ApiError, Problem},
    request::{Body, id},
    session::SignedIn,
};
use crate::engine::{self, Doing};

/// A window names itself as it likes, within this.
const LONGEST_WINDOW: usize = 40;

/// What somebody does at a conversation.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PresenceDoing {
    /// Has it before them.
    Viewing,
    /// Writes a reply.
    Replying,
    /// Left it.
    Gone,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Beat {
    doing: PresenceDoing,
    /// Names the window among those of the same person, in 1 to 40 characters.
    window: String,
}

/// Somebody at a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresentPerson {
    id: String,
    name: String,
    /// `viewing` or `replying`.
    doing: String,
}

/// Who is at a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresentPeople {
    conversation: String,
    /// The reader among them.
    people: Vec<PresentPerson>,
}

impl PresentPeople {
    pub(super) fn new(conversation: &ConversationId, people: &[engine::Present]) -> Self {
        Self {
            conversation: conversation.to_string(),
            people: people
                .iter()
                .map(|one| PresentPerson {
                    id: one.id.to_string(),
                    name: one.name.clone(),
                    doing: one.doing.as_str().to_owned(),
                })
                .collect(),
        }
    }
}

/// Say what you do at a conversation, at once and then every ten seconds: after fifteen you have gone. Gives who is
/// there.
#[utoipa::path(post, path = "/conversations/{id}/presence", operation_id = "note_presence", params(("id" = String, Path)),
    request_body = Beat, responses((status = 200, body = PresentPeople), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn beat(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(beat): Body<Beat>,
) -> Result<Json<PresentPeople>, ApiError> {
    let conversation: ConversationId = id(text, "conversation")?;
    if beat.window.is_empty() || beat.window.chars().count() > LONGEST_WINDOW {
        return Err(ApiError::field("window", format!("1 to {LONGEST_WINDOW} characters")));
    }
    let doing = match beat.doing {
        PresenceDoing::Viewing => Some(Doing::Viewing),
        PresenceDoing::Replying => Some(Doing::Replying),
        PresenceDoing::Gone => None,
    };
    let people = api.engine.note_presence(who.actor(), &conversation, &beat.window, doing).await?;
    Ok(Json(PresentPeople::new(&conversation, &people)))
}
