//! The queue, a conversation, a timeline.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    dto::{MessagePage, OpenConversation, Summary},
    error::{ApiError, Problem},
    request::{Params, id},
    routing,
    session::SignedIn,
};
use crate::store::{self, Place, View};

const USUAL: usize = 50;
const MOST: usize = 100;

/// Which conversations.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ViewName {
    /// Mine, open, neither suspected nor put off.
    #[default]
    Mine,
    /// Nobody's, open, neither suspected nor put off.
    Unassigned,
    /// All open, neither suspected nor put off.
    All,
    /// Open, and put off until a moment: the next to wake first.
    Snoozed,
    /// Those in whose notes I am named.
    Mentions,
    /// Open, and taken for spam by the server that received it.
    Suspected,
    /// Closed.
    Closed,
    /// No person wrote in them.
    Automatic,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PageOf {
    /// Which conversations.
    #[serde(default)]
    view: ViewName,
    /// Where the page before ended.
    cursor: Option<String>,
    /// At most so many: 50, at most 100.
    limit: Option<usize>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    /// Where the page after begins.
    before: Option<String>,
    /// At most so many: 50, at most 100.
    limit: Option<usize>,
}

/// How much is in each view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    pub mine: i64,
    pub unassigned: i64,
    pub all: i64,
    pub closed: i64,
    pub automatic: i64,
    /// Open and taken for spam: in none of the views of what is open.
    pub suspected: i64,
    /// Open and put off: in none of the views of what is open.
    pub snoozed: i64,
    /// Where the reader is named and has not read it: not how long the view is.
    pub mentions: i64,
    pub mine_waiting: i64,
    pub unassigned_waiting: i64,
    pub all_waiting: i64,
    /// What could not be read, and is owed until it is read again or set aside.
    pub parked: i64,
}

impl From<store::Counts> for Counts {
    fn from(counts: store::Counts) -> Self {
        Self {
            mine: counts.mine,
            unassigned: counts.unassigned,
            all: counts.all,
            closed: counts.closed,
            automatic: counts.automatic,
            suspected: counts.suspected,
            snoozed: counts.snoozed,
            mentions: counts.mentions,
            mine_waiting: counts.mine_waiting,
            unassigned_waiting: counts.unassigned_waiting,
            all_waiting: counts.all_waiting,
            parked: counts.parked,
        }
    }
}

/// A page of a view, with what all views hold.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueuePage {
    items: Vec<Summary>,
    next: Option<String>,
    counts: Counts,
}

/// A page of a view, in queue order.
#[utoipa::path(get, path = "/conversations", operation_id = "list_conversations", params(PageOf), responses(
    (status = 200, body = QueuePage), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn list(
    State(api): State<Api>,
    who: SignedIn,
    Params(page): Params<PageOf>,
) -> Result<Json<QueuePage>, ApiError> {
    let view = match page.view {
        ViewName::Mine => View::Mine,
        ViewName::Unassigned => View::Unassigned,
        ViewName::All => View::All,
        ViewName::Snoozed => View::Snoozed,
        ViewName::Mentions => View::Mentions,
        ViewName::Suspected => View::Suspected,
        ViewName::Closed => View::Closed,
        ViewName::Automatic => View::Automatic,
    };
    let after = place("cursor", page.cursor.as_deref())?;
    let store = api.engine.store();
    let (found, counts) = tokio::try_join!(
        store.list_conversations(who.actor(), view, after.as_ref(), limit(page.limit)?),
        store.count_conversations(who.actor()),
    )?;
    Ok(Json(QueuePage {
        items: found.items.iter().map(Into::into).collect(),
        next: found.next.as_ref().map(ToString::to_string),
        counts: counts.into(),
    }))
}

/// A conversation with everything that stands beside it.
#[utoipa::path(get, path = "/conversations/{id}", operation_id = "open_conversation", params(("id" = String, Path)), responses(
    (status = 200, body = OpenConversation), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn open(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<OpenConversation>, ApiError> {
    let conversation = id(text, "conversation")?;
    let details = api.engine.store().get_details(who.actor(), &conversation, USUAL).await?;
    let capabilities = api.engine.capabilities(&details.route.inbox);
    let offer = api.engine.offer(who.actor(), &conversation, &details.route.inbox).await?;
    let summary = &details.summary;
    let card = match summary.kind.as_str() {
        "private" => Some((&api.engine.store().get_card(who.actor(), &summary.contact).await?).into()),
        _ => None,
    };
    let routing = routing::explained(&api, who.actor(), summary).await?;
    Ok(Json(OpenConversation::new(&details, capabilities, offer, card, routing)))
}

/// An older page of a contact's timeline.
#[utoipa::path(get, path = "/contacts/{id}/timeline", params(("id" = String, Path), Before), responses(
    (status = 200, body = MessagePage), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn timeline(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Params(page): Params<Before>,
) -> Result<Json<MessagePage>, ApiError> {
    let contact = id(text, "contact")?;
    let before = place("before", page.before.as_deref())?;
    let found =
        api.engine.store().list_timeline(who.actor(), &contact, before.as_ref(), limit(page.limit)?).await?;
    Ok(Json((&found).into()))
}

pub(super) fn place(field: &str, text: Option<&str>) -> Result<Option<Place>, ApiError> {
    text.map(|text| text.parse().map_err(|_| ApiError::field(field, "this is not where a page ended")))
        .transpose()
}

pub(super) fn limit(limit: Option<usize>) -> Result<usize, ApiError> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::field("limit", format!("1 to {MOST}")))
    }
}
