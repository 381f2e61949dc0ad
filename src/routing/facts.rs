//! Brings what the store knows of a conversation into the form that is decided on.

use std::time::Duration;

use rapport_model::id::{AssociateId, TeamId};

use super::{
    decide::{Facts, Known, Member, Person, StandIn},
    hours::{Calendar, Hours, HoursForm, Span},
};
use crate::store::{AwaySpan, Role, RoutingFacts, RoutingPerson};

/// What routing is set up with, and what rules say about this conversation.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// How soon somebody has to be back to keep or get a conversation.
    pub back_within: Duration,
    /// The teams that serve the inbox; none means everybody.
    pub serving: Vec<TeamId>,
    /// The team that rules name, with the rule.
    pub named: Option<(TeamId, String)>,
    /// What whoever answers should know.
    pub wanted: Vec<String>,
}

/// The team that a conversation goes to, with those of its people who take what routing gives them.
#[derive(Debug, Clone)]
pub struct TeamFacts {
    /// Which team.
    pub id: TeamId,
    /// Who takes.
    pub takers: Vec<RoutingPerson>,
    /// Its hours, as they are kept.
    pub hours: Option<String>,
    /// When it is closed.
    pub away: Vec<AwaySpan>,
}

/// Puts the facts together.
pub fn gather(found: &RoutingFacts, setting: Setting, team: Option<&TeamFacts>) -> Facts {
    let person = |id: &AssociateId| found.people.iter().find(|person| person.id == *id);
    let whole = |id: &AssociateId| {
        person(id).map(|one| Person {
            id: one.id.clone(),
            serves: serves(one, &setting.serving),
            calendar: calendar(one, team),
            stand_in: current_stand_in(one, found).and_then(|(other, until)| {
                person(&other).map(|other| StandIn {
                    id: other.id.clone(),
                    serves: serves(other, &setting.serving),
                    calendar: calendar(other, team),
                    until,
                })
            }),
        })
    };
    let known = found.known.as_ref().and_then(|known| {
        Some(Known {
            person: whole(&known.id)?,
            chosen: known.chosen,
            conversations: u32::try_from(known.conversations).unwrap_or(0),
        })
    });
    let takers = team.map_or(&[][..], |team| &team.takers);
    Facts {
        now: found.now,
        back_within: setting.back_within,
        several_read: found.several_read,
        held: found.held,
        assignee: found.assignee.as_ref().and_then(whole),
        stands_in_for: found.stands_in_for.clone(),
        known,
        team: found.team.clone(),
        members: takers
            .iter()
            .filter(|taker| taker.active)
            .filter_map(|taker| {
                Some(Member {
                    id: taker.id.clone(),
                    calendar: calendar(taker, team),
                    load: taker.load,
                    capacity: taker.capacity?,
                    skills: taker.skills.clone(),
                })
            })
            .collect(),
        named: setting.named,
        wanted: setting.wanted,
    }
}

/// Whether somebody may be given what comes in on an inbox.
fn serves(person: &RoutingPerson, serving: &[TeamId]) -> bool {
    let of_it = serving.is_empty() || person.teams.iter().any(|team| serving.contains(team));
    person.active && (of_it || person.role == Role::Admin)
}

/// Who stands in at the instant of the facts, and until when.
fn current_stand_in(
    person: &RoutingPerson,
    found: &RoutingFacts,
) -> Option<(AssociateId, rapport_model::Timestamp)> {
    let now = found.now;
    let covering = person.absences.iter().filter(|span| span.from <= now && now < span.until);
    covering.filter_map(|span| Some((span.stand_in.clone()?, span.until))).max_by_key(|(_, until)| *until)
}

/// When somebody is there: their own hours, else their team's, else always; less their absences and the days
/// on which their team is closed.
fn calendar(person: &RoutingPerson, team: Option<&TeamFacts>) -> Calendar {
    let team = team.filter(|team| person.teams.contains(&team.id));
    let hours = person.hours.as_ref().or(team.and_then(|team| team.hours.as_ref()));
    let away = person.absences.iter().chain(team.map_or(&[][..], |team| &team.away));
    Calendar {
        hours: hours.and_then(|text| read(text)),
        absences: away.map(|span| Span { from: span.from, until: span.until }).collect(),
    }
}

/// Hours as they are kept. They were valid when they came in; what can't be read any more holds nobody back.
fn read(text: &str) -> Option<Hours> {
    let form: HoursForm = serde_json::from_str(text).ok()?;
    Hours::try_from(&form).ok()
}
