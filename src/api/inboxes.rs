//! How the inboxes fare, for people.

use std::collections::HashMap;

use axum::{Json, extract::State};
use rapport_model::{Health, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    bot::BotState,
    dto::Summary,
    error::{ApiError, Problem},
    session::SignedIn,
};

/// The state of a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthState {
    /// `starting`, `connected`, `degraded`, `reconnecting`, `unauthorized`, `misconfigured` or `stopped`.
    state: String,
    /// What is wrong and what to do.
    reason: Option<String>,
}

impl From<&Health> for HealthState {
    fn from(health: &Health) -> Self {
        Self { state: health.word().to_owned(), reason: health.reason().map(str::to_owned) }
    }
}

/// A time from which messages may be missing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Gap {
    from: i64,
    to: i64,
    reason: String,
}

/// What stands in an inbox's outbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outbox {
    queued: i64,
    failed: i64,
    unconfirmed: i64,
}

/// One inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inbox {
    id: String,
    name: String,
    channel: String,
    brand: String,
    addresses: Vec<String>,
    health: HealthState,
    complete_up_to: Option<i64>,
    gaps: Vec<Gap>,
    outbox: Outbox,
    last_inbound_at: Option<i64>,
    last_error: Option<String>,
    bot: BotState,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inboxes {
    items: Vec<Inbox>,
    /// The conversations in which something did not arrive, or nobody knows, and no person has settled that; the latest
    /// first, at most 50.
    unsettled: Vec<Summary>,
}

/// How the inboxes fare that the reader's teams serve, and those that are everybody's; to an admin all.
#[utoipa::path(get, path = "/inboxes", operation_id = "list_inboxes", responses(
    (status = 200, body = Inboxes), (status = 401, body = Problem)))]
pub(super) async fn list(State(api): State<Api>, who: SignedIn) -> Result<Json<Inboxes>, ApiError> {
    let mut records = api.engine.store().list_inbox_records(who.actor()).await?;
    let off = api.engine.store().list_bots_off().await?;
    let config = api.engine.config();
    let states: HashMap<_, _> =
        api.engine.inboxes().into_iter().map(|status| (status.id.clone(), status)).collect();
    let items = config.inboxes.iter().filter_map(|inbox| {
        let record = records.remove(&inbox.id)?;
        let status = states.get(&inbox.id);
        let health = status.map_or(Health::Starting, |status| status.health.clone());
        Some(Inbox {
            id: inbox.id.to_string(),
            name: inbox.name.clone(),
            channel: inbox.channel().to_string(),
            brand: inbox.brand.clone(),
            addresses: inbox.addresses.iter().map(|address| address.expose().to_owned()).collect(),
            last_error: health.reason().map(str::to_owned),
            health: (&health).into(),
            complete_up_to: record.complete_up_to.map(Timestamp::millis),
            gaps: record
                .gaps
                .into_iter()
                .map(|gap| Gap { from: gap.from.millis(), to: gap.to.millis(), reason: gap.reason })
                .collect(),
            outbox: Outbox { queued: record.queued, failed: record.failed, unconfirmed: record.unconfirmed },
            bot: BotState::new(&api, Some(&inbox.id), off.is_off(Some(&inbox.id))),
            last_inbound_at: status.and_then(|status| status.last_inbound_at).map(Timestamp::millis),
        })
    });
    let unsettled = api.engine.store().list_troubled(who.actor()).await?;
    Ok(Json(Inboxes { items: items.collect(), unsettled: unsettled.iter().map(Into::into).collect() }))
}
