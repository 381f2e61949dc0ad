//! When associates and teams are there: one's own hours and absences, and for admins everybody's.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::{
    Timestamp,
    id::{AssociateId, TeamId},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use utoipa::ToSchema;

use super::{
    Api,
    acts::short,
    dto::Named,
    error::{ApiError, Problem},
    request::{Body, id},
    session::{Admin, SignedIn},
};
use crate::{
    routing,
    store::{self, Actor, NewAbsence, Subject},
};

/// Nobody is away longer at one stroke.
const LONGEST_ABSENCE: Duration = Duration::from_hours(2 * 366 * 24);
/// Routing gives nobody more.
const MOST_CAPACITY: i64 = 1000;
/// Nobody has more skills, and none has a longer name.
const MOST_SKILLS: usize = 40;
const LONGEST_SKILL: usize = 40;

/// Working hours, by the clock on the wall of a time zone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    /// An IANA time zone, such as "Europe/Berlin".
    zone: String,
    /// By day, from `mon` to `sun`: intervals such as "09:00-17:00". A day that is not named is closed.
    weekly: BTreeMap<String, Vec<String>>,
    /// Days that differ, such as "2026-12-24", with their intervals: none where it is closed.
    #[serde(default)]
    days: BTreeMap<String, Vec<String>>,
}

/// An absence.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Absence {
    id: String,
    from: i64,
    until: i64,
    stand_in: Option<Named>,
    reason: String,
}

/// When somebody is there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attendance {
    /// Null: always, or as long as their team.
    hours: Option<Hours>,
    /// What is not over, the earliest first.
    absences: Vec<Absence>,
    /// How many waiting conversations routing gives them at most; null: none by itself.
    capacity: Option<i64>,
    /// What they know: languages and topics.
    skills: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetHours {
    #[schema(nullable)]
    hours: Option<Hours>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnterAbsence {
    from: i64,
    until: i64,
    /// Who stands in: an associate's id. For an associate only.
    stand_in: Option<String>,
    /// Why, for colleagues.
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetWork {
    capacity: Option<i64>,
    skills: Vec<String>,
}

/// When one is there oneself.
#[utoipa::path(get, path = "/me/attendance", responses(
    (status = 200, body = Attendance), (status = 401, body = Problem)))]
pub(super) async fn get_mine(State(api): State<Api>, who: SignedIn) -> Result<Json<Attendance>, ApiError> {
    attendance(&api, &mine(&who)).await
}

/// Set one's own hours, or with null take them away.
#[utoipa::path(put, path = "/me/hours", request_body = SetHours, responses(
    (status = 200, body = Attendance), (status = 422, body = Problem)))]
pub(super) async fn set_mine(
    State(api): State<Api>,
    who: SignedIn,
    Body(body): Body<SetHours>,
) -> Result<Json<Attendance>, ApiError> {
    set_hours(&api, who.actor(), mine(&who), body).await
}

/// Enter an absence of one's own.
#[utoipa::path(post, path = "/me/absences", request_body = EnterAbsence, responses(
    (status = 201, body = Attendance), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn enter_mine(
    State(api): State<Api>,
    who: SignedIn,
    Body(body): Body<EnterAbsence>,
) -> Result<(StatusCode, Json<Attendance>), ApiError> {
    enter(&api, who.actor(), mine(&who), body).await
}

/// End an absence, one's own or as an admin anybody's: who stood in hands back.
#[utoipa::path(delete, path = "/absences/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = Problem)))]
pub(super) async fn end(
    State(api): State<Api>,
    who: SignedIn,
    Path(absence): Path<String>,
) -> Result<StatusCode, ApiError> {
    api.engine.store().delete_absence(who.actor(), &absence).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// When an associate is there.
#[utoipa::path(get, path = "/associates/{id}/attendance", params(("id" = String, Path)), responses(
    (status = 200, body = Attendance), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn get_associates(
    State(api): State<Api>,
    _admin: Admin,
    Path(text): Path<String>,
) -> Result<Json<Attendance>, ApiError> {
    attendance(&api, &Subject::Associate(id(text, "associate")?)).await
}

/// Set an associate's hours.
#[utoipa::path(put, path = "/associates/{id}/hours", params(("id" = String, Path)), request_body = SetHours, responses(
    (status = 200, body = Attendance), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn set_associates(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
    Body(body): Body<SetHours>,
) -> Result<Json<Attendance>, ApiError> {
    set_hours(&api, &admin.0.actor, Subject::Associate(id(text, "associate")?), body).await
}

/// Enter an associate's absence.
#[utoipa::path(post, path = "/associates/{id}/absences", params(("id" = String, Path)), request_body = EnterAbsence, responses(
    (status = 201, body = Attendance), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn enter_associates(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
    Body(body): Body<EnterAbsence>,
) -> Result<(StatusCode, Json<Attendance>), ApiError> {
    enter(&api, &admin.0.actor, Subject::Associate(id(text, "associate")?), body).await
}

/// Set how much routing gives an associate, and what they know.
#[utoipa::path(put, path = "/associates/{id}/work", params(("id" = String, Path)), request_body = SetWork, responses(
    (status = 200, body = Attendance), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn set_work(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
    Body(body): Body<SetWork>,
) -> Result<Json<Attendance>, ApiError> {
    let who: AssociateId = id(text, "associate")?;
    if body.capacity.is_some_and(|most| !(0..=MOST_CAPACITY).contains(&most)) {
        return Err(ApiError::field("capacity", format!("a number from 0 to {MOST_CAPACITY}, or null")));
    }
    let work = store::Work { capacity: body.capacity, skills: skills(body.skills)? };
    api.engine.store().set_work(&admin.0.actor, &who, work).await?;
    attendance(&api, &Subject::Associate(who)).await
}

/// When a team is there.
#[utoipa::path(get, path = "/teams/{id}/attendance", params(("id" = String, Path)), responses(
    (status = 200, body = Attendance), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn get_teams(
    State(api): State<Api>,
    _admin: Admin,
    Path(text): Path<String>,
) -> Result<Json<Attendance>, ApiError> {
    attendance(&api, &team(&api, text)?).await
}

/// Set a team's hours: those of its people who have none of their own.
#[utoipa::path(put, path = "/teams/{id}/hours", params(("id" = String, Path)), request_body = SetHours, responses(
    (status = 200, body = Attendance), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn set_teams(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
    Body(body): Body<SetHours>,
) -> Result<Json<Attendance>, ApiError> {
    let team = team(&api, text)?;
    set_hours(&api, &admin.0.actor, team, body).await
}

/// Close a team for a time.
#[utoipa::path(post, path = "/teams/{id}/absences", params(("id" = String, Path)), request_body = EnterAbsence, responses(
    (status = 201, body = Attendance), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn enter_teams(
    State(api): State<Api>,
    admin: Admin,
    Path(text): Path<String>,
    Body(body): Body<EnterAbsence>,
) -> Result<(StatusCode, Json<Attendance>), ApiError> {
    let team = team(&api, text)?;
    if body.stand_in.is_some() {
        return Err(ApiError::field("stand_in", "nobody stands in for a team"));
    }
    enter(&api, &admin.0.actor, team, body).await
}

fn mine(who: &SignedIn) -> Subject {
    Subject::Associate(who.actor().id().clone())
}

/// A team of the configuration.
fn team(api: &Api, text: String) -> Result<Subject, ApiError> {
    let team = TeamId(text);
    if api.engine.config().teams.iter().any(|known| known.id == team) {
        Ok(Subject::Team(team))
    } else {
        Err(ApiError::not_found("team"))
    }
}

async fn attendance(api: &Api, subject: &Subject) -> Result<Json<Attendance>, ApiError> {
    let found = api.engine.store().get_attendance(subject).await?;
    Ok(Json(Attendance {
        hours: found.hours.and_then(|text| serde_json::from_str(&text).ok()),
        absences: found
            .absences
            .into_iter()
            .map(|absence| Absence {
                id: absence.id,
                from: absence.from.millis(),
                until: absence.until.millis(),
                stand_in: absence.stand_in.map(|(id, name)| Named { id: id.to_string(), name }),
                reason: absence.reason,
            })
            .collect(),
        capacity: found.work.capacity,
        skills: found.work.skills,
    }))
}

async fn set_hours(
    api: &Api,
    actor: &Actor,
    subject: Subject,
    body: SetHours,
) -> Result<Json<Attendance>, ApiError> {
    let hours = body.hours.map(|hours| {
        let form = routing::HoursForm { zone: hours.zone, weekly: hours.weekly, days: hours.days };
        let problem = |problem: routing::HoursProblem| {
            ApiError::field(&format!("hours.{}", problem.field), problem.reason)
        };
        routing::Hours::try_from(&form).map_err(problem)?;
        Ok::<_, ApiError>(serde_json::to_string(&form).unwrap_or_default())
    });
    api.engine.store().set_hours(actor, subject.clone(), hours.transpose()?).await?;
    attendance(api, &subject).await
}

async fn enter(
    api: &Api,
    actor: &Actor,
    subject: Subject,
    body: EnterAbsence,
) -> Result<(StatusCode, Json<Attendance>), ApiError> {
    let (from, until) = (Timestamp(body.from), Timestamp(body.until));
    if body.from < 0 {
        return Err(ApiError::field("from", "an instant, as milliseconds since 1970"));
    }
    if until <= from {
        return Err(ApiError::field("until", "an absence ends after it begins"));
    }
    if until <= api.engine.store().now() {
        return Err(ApiError::field("until", "this absence is over already"));
    }
    if until.since(from) > LONGEST_ABSENCE {
        return Err(ApiError::field("until", "at most two years"));
    }
    let reason = body.reason.trim();
    short("reason", reason)?;
    let stand_in = match body.stand_in {
        Some(text) => {
            let Ok(other) = AssociateId::try_from(text) else {
                return Err(ApiError::field("stand_in", "there is no such associate"));
            };
            if subject == Subject::Associate(other.clone()) {
                return Err(ApiError::field("stand_in", "nobody stands in for themselves"));
            }
            let found = api.engine.store().get_associate(&other).await;
            if !found.is_ok_and(|one| one.active) {
                return Err(ApiError::field("stand_in", "there is no such associate"));
            }
            Some(other)
        }
        None => None,
    };
    let absence = NewAbsence { subject: subject.clone(), from, until, stand_in, reason: reason.to_owned() };
    api.engine.store().insert_absence(actor, absence).await?;
    Ok((StatusCode::CREATED, attendance(api, &subject).await?))
}

/// Skills are compared as they are written in rules: in small letters, without blanks around them.
fn skills(list: Vec<String>) -> Result<Vec<String>, ApiError> {
    if list.len() > MOST_SKILLS {
        return Err(ApiError::field("skills", format!("at most {MOST_SKILLS}")));
    }
    let mut kept: Vec<String> = Vec::new();
    for skill in list {
        let skill = skill.trim().to_lowercase();
        if skill.is_empty() || skill.chars().count() > LONGEST_SKILL || skill.contains([',', '\n']) {
            let reason = format!("each is a word of at most {LONGEST_SKILL} characters without a comma");
            return Err(ApiError::field("skills", reason));
        }
        if !kept.contains(&skill) {
            kept.push(skill);
        }
    }
    Ok(kept)
}
