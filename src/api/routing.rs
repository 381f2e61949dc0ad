//! Whose a conversation is, and why: whom its customer knows, who stands in, and the decisions so far.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::{
    Timestamp,
    id::{AssociateId, ContactId, ConversationId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    dto::Named,
    error::{ApiError, Problem},
    request::{Body, id},
    session::SignedIn,
};
use crate::{
    routing::Reason,
    store::{Actor, Summary},
};

/// Whom a customer knows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KnownAssociate {
    id: String,
    name: String,
    /// A person chose them; else it is computed.
    chosen: bool,
    /// In how many of the last three conversations they wrote.
    conversations: i64,
}

/// One step of a decision.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Step {
    /// What it is about: `several_read`, `held`, `keeps_it`, `knows`, `back_soon`, `away`, `does_not_serve`,
    /// `stands_in`, `hands_back`, `rule`, `team`, `least_loaded`, `team_queue`, `unassigned`, `overdue`, `left`.
    r#type: &'static str,
    associate: Option<Named>,
    /// For whom somebody stands in.
    away: Option<Named>,
    team: Option<String>,
    /// The rule that named the team.
    rule: Option<String>,
    until: Option<i64>,
    back_at: Option<i64>,
    /// How many conversations waited for them.
    load: Option<i64>,
    conversations: Option<u32>,
    chosen: Option<bool>,
    /// An absence says so; else it is outside of their hours.
    absent: Option<bool>,
    skills: Vec<String>,
}

/// Somebody's place taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandsIn {
    away: Named,
    until: i64,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decided {
    at: i64,
    associate: Option<Named>,
    team: Option<String>,
    stands_in: Option<StandsIn>,
    /// When the associate is back, where they were not there: what a customer can be told.
    back_at: Option<i64>,
    /// Why, step by step.
    why: Vec<Step>,
}

/// Whose a conversation is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Explained {
    known: Option<KnownAssociate>,
    /// The assignee stands in for somebody.
    stands_in: Option<StandsIn>,
    /// The latest first.
    decisions: Vec<Decided>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    /// An associate's id; null leaves it to what is computed.
    #[schema(nullable)]
    associate: Option<String>,
}

/// Why a conversation is with whom it is.
#[utoipa::path(get, path = "/conversations/{id}/routing", operation_id = "explain", params(("id" = String, Path)), responses(
    (status = 200, body = Explained), (status = 404, body = Problem)))]
pub(super) async fn explain(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Explained>, ApiError> {
    let conversation: ConversationId = id(text, "conversation")?;
    let summary = api.engine.store().get_summary(who.actor(), &conversation).await?;
    Ok(Json(explained(&api, who.actor(), &summary).await?))
}

/// The same, for a conversation that is loaded already.
pub(super) async fn explained(api: &Api, actor: &Actor, summary: &Summary) -> Result<Explained, ApiError> {
    let store = api.engine.store();
    let known = store.find_known_associate(actor, &summary.id).await?;
    let decisions = store.list_routings(actor, &summary.id).await?;
    let names = Names(store.list_associates().await?.into_iter().map(|one| (one.id, one.name)).collect());
    let stands_in = |whom: &Option<(AssociateId, Timestamp)>| {
        whom.as_ref().map(|(away, until)| StandsIn { away: names.of(away), until: until.millis() })
    };
    let assignee = summary.assignee.as_ref().map(|(id, _)| id);
    Ok(Explained {
        known: known.map(|known| KnownAssociate {
            id: known.id.to_string(),
            name: known.name,
            chosen: known.chosen,
            conversations: known.conversations,
        }),
        // A person's decision since the last one of ours ends it.
        stands_in: decisions
            .first()
            .filter(|last| last.associate.is_some() && last.associate.as_ref() == assignee)
            .and_then(|last| stands_in(&last.stands_in)),
        decisions: decisions
            .iter()
            .map(|one| Decided {
                at: one.decided_at.millis(),
                associate: one.associate.as_ref().map(|id| names.of(id)),
                team: one.team.as_ref().map(ToString::to_string),
                stands_in: stands_in(&one.stands_in),
                back_at: one.back_at.map(Timestamp::millis),
                why: serde_json::from_str::<Vec<Reason>>(&one.reasons)
                    .unwrap_or_default()
                    .iter()
                    .map(|reason| names.step(reason))
                    .collect(),
            })
            .collect(),
    })
}

/// Choose whom a contact knows, or leave it to what is computed.
#[utoipa::path(put, path = "/contacts/{id}/known-associate", params(("id" = String, Path)), request_body = Choice, responses(
    (status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn choose_known(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(choice): Body<Choice>,
) -> Result<StatusCode, ApiError> {
    let contact: ContactId = id(text, "contact")?;
    let no_such = || ApiError::field("associate", "there is no such associate");
    let associate = choice.associate.map(AssociateId::try_from).transpose().map_err(|_| no_such())?;
    api.engine.store().choose_known_associate(who.actor(), &contact, associate).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is called how.
struct Names(HashMap<AssociateId, String>);

impl Names {
    fn of(&self, id: &AssociateId) -> Named {
        Named { id: id.to_string(), name: self.0.get(id).cloned().unwrap_or_default() }
    }

    fn step(&self, reason: &Reason) -> Step {
        let about = |r#type: &'static str, id: &AssociateId| Step {
            r#type,
            associate: Some(self.of(id)),
            ..Step::default()
        };
        let team = |r#type: &'static str, team: &rapport_model::id::TeamId| Step {
            r#type,
            team: Some(team.to_string()),
            ..Step::default()
        };
        match reason {
            Reason::SeveralRead => Step { r#type: "several_read", ..Step::default() },
            Reason::Held => Step { r#type: "held", ..Step::default() },
            Reason::Unassigned => Step { r#type: "unassigned", ..Step::default() },
            Reason::KeepsIt { associate } => about("keeps_it", associate),
            Reason::DoesNotServe { associate } => about("does_not_serve", associate),
            Reason::HandsBack { associate } => about("hands_back", associate),
            Reason::Left { associate } => about("left", associate),
            Reason::Knows { associate, chosen, conversations } => Step {
                chosen: Some(*chosen),
                conversations: Some(*conversations),
                ..about("knows", associate)
            },
            Reason::BackSoon { associate, back_at } => {
                Step { back_at: Some(back_at.millis()), ..about("back_soon", associate) }
            }
            Reason::Away { associate, absent, back_at } => Step {
                absent: Some(*absent),
                back_at: back_at.map(Timestamp::millis),
                ..about("away", associate)
            },
            Reason::StandsIn { associate, away, until } => Step {
                away: Some(self.of(away)),
                until: Some(until.millis()),
                ..about("stands_in", associate)
            },
            Reason::LeastLoaded { associate, load, skills } => {
                Step { load: Some(*load), skills: skills.clone(), ..about("least_loaded", associate) }
            }
            Reason::Rule { rule, team: of } => Step { rule: Some(rule.clone()), ..team("rule", of) },
            Reason::Team { team: of } => team("team", of),
            Reason::TeamQueue { team: of } => team("team_queue", of),
            Reason::Overdue { associate } => Step {
                r#type: "overdue",
                associate: associate.as_ref().map(|id| self.of(id)),
                ..Step::default()
            },
        }
    }
}
