//! The jobs of routing: gathers the facts, lets the pure part decide, and hands the decision to the store,
//! which takes it only where the facts still hold.

use rapport_model::id::{AssociateId, ConversationId};

use crate::{
    config::Config,
    routing::{self, Decision, Setting, TeamFacts, rules},
    store::{Job, JobOutcome, Placement, RoutingFacts, State, Store, StoreError},
};

/// Does a job of routing: `route`, `overdue` or `hand_back`. Gives whether it moved something.
pub async fn perform(config: &Config, store: &Store, job: &Job) -> Result<bool, StoreError> {
    match job.kind.as_str() {
        "route" => route(config, store, job).await,
        "overdue" => overdue(store, job).await,
        _ => hand_back(store, job).await,
    }
}

/// Decides whose a conversation is to be, once in each turn of the customer.
async fn route(config: &Config, store: &Store, job: &Job) -> Result<bool, StoreError> {
    let Some((conversation, turn)) = read(&job.payload) else {
        return needless(store, job, "unreadable").await;
    };
    let found = store.get_routing_facts(&conversation).await?;
    if found.turn != turn || found.state != State::Open || found.suspected {
        return needless(store, job, "it is not waiting any more").await;
    }
    let decision = decide(config, store, &found).await?;
    let placement = Placement {
        job: Some(job.id.clone()),
        conversation,
        seen: (found.turn, found.assignee, found.team),
        reasons: serde_json::to_string(&decision.reasons).unwrap_or_else(|_| "[]".to_owned()),
        team: decision.team,
        assignee: decision.assignee,
        stands_in: decision.stands_in,
        back_at: decision.back_at,
    };
    store.place(placement).await.map(|_| true)
}

async fn needless(store: &Store, job: &Job, why: &str) -> Result<bool, StoreError> {
    store.update_job(&job.id, JobOutcome::Done(Some(why.to_owned()))).await.map(|()| false)
}

/// Decides about a conversation as its facts stand, and changes nothing.
pub async fn decide(config: &Config, store: &Store, found: &RoutingFacts) -> Result<Decision, StoreError> {
    let inbox = config.inbox(&found.inbox);
    let reading = rules::read(
        &config.routing.rules,
        rules::Subject {
            inbox: &found.inbox,
            brand: &found.brand,
            language: inbox.map_or("", |inbox| &inbox.language),
            subject: found.subject.as_deref(),
            text: &found.text,
        },
    );
    let setting = Setting {
        back_within: config.routing.back_within,
        serving: inbox.map(|inbox| inbox.teams.clone()).unwrap_or_default(),
        named: reading.team,
        wanted: reading.wanted,
    };
    let team = match setting.named.as_ref().map(|(team, _)| team).or(found.team.as_ref()) {
        Some(id) => {
            let (takers, hours, away) = store.list_takers(id).await?;
            Some(TeamFacts { id: id.clone(), takers, hours, away })
        }
        None => None,
    };
    Ok(routing::decide(&routing::gather(found, setting, team.as_ref())))
}

/// Brings back to its queue what nobody answered in time.
async fn overdue(store: &Store, job: &Job) -> Result<bool, StoreError> {
    match ConversationId::try_from(job.payload.clone()) {
        Ok(conversation) => store.raise_overdue(&job.id, &conversation).await,
        Err(_) => needless(store, job, "unreadable").await,
    }
}

/// Gives back to who was away what others have in their place.
async fn hand_back(store: &Store, job: &Job) -> Result<bool, StoreError> {
    match AssociateId::try_from(job.payload.clone()) {
        Ok(associate) => store.hand_back(&job.id, &associate).await.map(|moved| moved > 0),
        Err(_) => needless(store, job, "unreadable").await,
    }
}

fn read(payload: &str) -> Option<(ConversationId, i64)> {
    let (conversation, turn) = payload.split_once(' ')?;
    Some((ConversationId::try_from(conversation.to_owned()).ok()?, turn.parse().ok()?))
}
