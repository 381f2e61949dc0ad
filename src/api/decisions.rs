//! What a person decides about many conversations at one stroke, and takes back. Each conversation gets its
//! own answer: what can't be decided about one holds up no other.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
};
use rapport_model::{
    Timestamp,
    id::{ConversationId, DecisionId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    acts::{WaiveReason, known_team, position, why},
    dto::Summary,
    error::{ApiError, Problem},
    request::{Body, by_fields, id},
    session::SignedIn,
};
use crate::store::{self, Decision, Verdict};

/// The most conversations of one decision.
const MOST: usize = 200;
/// The longest that something is put off.
const LONGEST_SNOOZE: Duration = Duration::from_hours(24 * 366);

/// What is decided.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DecisionAct {
    /// No reply is needed, for a reason.
    Waive,
    /// It is done with; not where a reply is owed.
    Close,
    /// It is no spam.
    Release,
    /// It is spam, or looks like it: listed apart, and owed as before.
    Suspect,
    /// A machine wrote it, and it needs an answer.
    Owe,
    /// It is somebody's, a team's or nobody's.
    Assign,
    /// It is put off until a moment, for everybody; what is owed stays owed, with its time.
    Snooze,
    /// It is not put off any more.
    Wake,
}

/// A conversation, with what the person has seen of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenConversation {
    id: String,
    /// The last position that they had seen.
    seen_position: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDecision {
    act: DecisionAct,
    /// 1 to 200, each once.
    #[serde(deserialize_with = "by_fields")]
    conversations: Vec<SeenConversation>,
    /// Why no reply is needed: for a waiver alone.
    reason: Option<WaiveReason>,
    /// Why in words: for a waiver alone.
    detail: Option<String>,
    /// Close them too: for a waiver alone.
    #[serde(default)]
    close: bool,
    /// Whose it is to be; null: nobody's. For `assign` alone.
    associate: Option<String>,
    /// Which team's it is to be; null: as it was. For `assign` alone.
    team: Option<String>,
    /// Until when, in the future and within a year: for `snooze` alone.
    until: Option<i64>,
    /// Also where a reply is due before that, and will be late: for `snooze` alone.
    #[serde(default)]
    late: bool,
}

/// How a decision can be taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Undoable {
    /// Names it for `/decisions/{id}/undo`.
    id: String,
    /// Until when, by the person who made it.
    until: i64,
}

impl From<store::Undoable> for Undoable {
    fn from(undo: store::Undoable) -> Self {
        Self { id: undo.id.to_string(), until: undo.until.millis() }
    }
}

/// What became of it in one conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerdictOn {
    id: String,
    /// `done`, or why nothing was changed: `nothing_owed`, `reply_owed`, `past_due`, `newer_message`,
    /// `answered`, `changed`, `unchanged` or `not_found`.
    verdict: String,
    /// As it is now; null where it is not found.
    conversation: Option<Summary>,
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decided {
    /// Null where nothing was changed.
    undo: Option<Undoable>,
    /// In the order of the request.
    results: Vec<VerdictOn>,
}

/// What became of taking a decision back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionUndone {
    results: Vec<VerdictOn>,
}

/// Decide about conversations, all in one transaction, each with its own verdict.
#[utoipa::path(post, path = "/decisions", request_body = NewDecision, responses(
    (status = 200, body = Decided), (status = 422, body = Problem)))]
pub(super) async fn decide(
    State(api): State<Api>,
    who: SignedIn,
    Body(new): Body<NewDecision>,
) -> Result<Json<Decided>, ApiError> {
    let decision = decision(&api, &new)?;
    let about = about(new.conversations)?;
    let decided = api.engine.store().decide(who.actor(), decision, about).await?;
    Ok(Json(Decided {
        undo: decided.undo.map(Into::into),
        results: results(&api, &who, decided.verdicts).await?,
    }))
}

/// Take a decision back, within ten minutes and by the person who made it, wherever nothing newer happened.
#[utoipa::path(post, path = "/decisions/{id}/undo", operation_id = "undo_decision", params(("id" = String, Path)), responses(
    (status = 200, body = DecisionUndone), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn take_back(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<DecisionUndone>, ApiError> {
    let decision: DecisionId = id(text, "decision")?;
    let verdicts = api.engine.store().take_back(who.actor(), &decision).await?;
    Ok(Json(DecisionUndone { results: results(&api, &who, verdicts).await? }))
}

fn decision(api: &Api, new: &NewDecision) -> Result<Decision, ApiError> {
    use DecisionAct::{Assign, Close, Owe, Release, Snooze, Suspect, Waive, Wake};
    let act = new.act;
    let given = [
        ("reason", new.reason.is_some(), matches!(act, Waive)),
        ("detail", new.detail.is_some(), matches!(act, Waive)),
        ("close", new.close, matches!(act, Waive)),
        ("associate", new.associate.is_some(), matches!(act, Assign)),
        ("team", new.team.is_some(), matches!(act, Assign)),
        ("until", new.until.is_some(), matches!(act, Snooze)),
        ("late", new.late, matches!(act, Snooze)),
    ];
    if let Some((field, ..)) = given.into_iter().find(|(_, given, fits)| *given && !fits) {
        return Err(ApiError::field(field, "this is for another act"));
    }
    Ok(match act {
        Waive => {
            let Some(reason) = new.reason else {
                return Err(ApiError::field("reason", "say why no reply is needed"));
            };
            Decision::Waive { reason: why(reason, new.detail.as_deref())?, close: new.close }
        }
        Close => Decision::Close,
        Release => Decision::Release,
        Suspect => Decision::Suspect,
        Owe => Decision::Owe,
        Assign => Decision::Assign {
            associate: new.associate.clone().map(|text| id(text, "associate")).transpose()?,
            team: known_team(api, new.team.clone())?,
        },
        Snooze => Decision::Snooze { until: until(api, new.until)?, late: new.late },
        Wake => Decision::Wake,
    })
}

/// A moment until which something can be put off.
fn until(api: &Api, until: Option<i64>) -> Result<Timestamp, ApiError> {
    let now = api.engine.store().now();
    let until = Timestamp(until.ok_or_else(|| ApiError::field("until", "say until when"))?);
    if until <= now || until > now.plus(LONGEST_SNOOZE) {
        return Err(ApiError::field("until", "a moment in the future and within a year"));
    }
    Ok(until)
}

fn about(named: Vec<SeenConversation>) -> Result<Vec<(ConversationId, i64)>, ApiError> {
    let field = |reason: String| ApiError::field("conversations", reason);
    if named.is_empty() || named.len() > MOST {
        return Err(field(format!("1 to {MOST} conversations")));
    }
    let mut seen = BTreeSet::new();
    let mut about = Vec::with_capacity(named.len());
    for one in named {
        let id = ConversationId::try_from(one.id).map_err(|error| field(error.to_string()))?;
        if !seen.insert(id.clone()) {
            return Err(field("each conversation once".to_owned()));
        }
        about.push((id, position(one.seen_position)?));
    }
    Ok(about)
}

/// Each with its conversation as it is now.
async fn results(
    api: &Api,
    who: &SignedIn,
    verdicts: Vec<(ConversationId, Verdict)>,
) -> Result<Vec<VerdictOn>, ApiError> {
    let found = verdicts.iter().filter(|(_, verdict)| *verdict != Verdict::NotFound).map(|(id, _)| id);
    let mut rows = api.engine.store().get_summaries_after_act(who.actor(), found.collect()).await?;
    Ok(verdicts
        .into_iter()
        .map(|(id, verdict)| VerdictOn {
            conversation: rows.remove(&id).as_ref().map(Into::into),
            id: id.to_string(),
            verdict: verdict.as_str().to_owned(),
        })
        .collect())
}
