//! The decision: a pure function from facts to whom a conversation goes, with its reasons as closed data.
//!
//! The order is: who has it and is there; the associate whom the customer knows, whatever their load; a named
//! stand-in; the team, and in it whoever has least to answer; else the queue that everybody sees who serves
//! the inbox. What a customer feels or how they write lowers nobody's place: no fact here says it.

use std::time::Duration;

use rapport_model::{
    Timestamp,
    id::{AssociateId, TeamId},
};
use serde::{Deserialize, Serialize};

use super::hours::Calendar;

/// Everything that a decision looks at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The present instant.
    pub now: Timestamp,
    /// How soon somebody has to be back to keep or get a conversation.
    pub back_within: Duration,
    /// Whether several people read it: then it goes to a team only.
    pub several_read: bool,
    /// Whether a person gave it to somebody, or to nobody, since the customer's turn began.
    pub held: bool,
    /// Who has it.
    pub assignee: Option<Person>,
    /// Whom that one stands in for, where it came to them so.
    pub stands_in_for: Option<AssociateId>,
    /// Whom the customer knows.
    pub known: Option<Known>,
    /// Its team.
    pub team: Option<TeamId>,
    /// The team that rules name, with the rule.
    pub named: Option<(TeamId, String)>,
    /// What whoever answers should know: languages and topics.
    pub wanted: Vec<String>,
    /// The people of the team that it goes to who take what routing gives them.
    pub members: Vec<Member>,
}

/// One associate, as far as routing cares.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub id: AssociateId,
    /// Whether they may answer what comes in on the inbox, and still work here.
    pub serves: bool,
    /// When they are there.
    pub calendar: Calendar,
    /// Who stands in for them now, and until when.
    pub stand_in: Option<StandIn>,
}

/// Who stands in for somebody.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// Who.
    pub id: AssociateId,
    /// Whether they may answer it, and still work here.
    pub serves: bool,
    /// When they are there.
    pub calendar: Calendar,
    /// The end of the absence.
    pub until: Timestamp,
}

/// Whom a customer knows.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub person: Person,
    /// Whether a person or a link chose them; else it was computed.
    pub chosen: bool,
    /// In how many of the last three conversations they wrote.
    pub conversations: u32,
}

/// Somebody of a team.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub id: AssociateId,
    /// When they are there.
    pub calendar: Calendar,
    /// How many conversations wait for an answer of theirs.
    pub load: i64,
    /// How many may at most before routing gives them no more.
    pub capacity: i64,
    /// What they know: languages and topics.
    pub skills: Vec<String>,
}

/// Why: one step of a decision. Ids only, so that it can be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// Several people read it, so it goes to a team and to nobody alone.
    SeveralRead,
    /// A person decided in this turn.
    Held,
    /// Who has it is there.
    KeepsIt {
        /// Who.
        associate: AssociateId,
    },
    /// The customer knows them, and they are there.
    Knows {
        /// Who.
        associate: AssociateId,
        /// Whether that was chosen.
        chosen: bool,
        /// In how many of the last three conversations they wrote.
        conversations: u32,
    },
    /// They are not there and soon back.
    BackSoon {
        /// Who.
        associate: AssociateId,
        /// When.
        back_at: Timestamp,
    },
    /// They are not there.
    Away {
        /// Who.
        associate: AssociateId,
        /// Whether an absence says so; else it is outside their hours.
        absent: bool,
        /// When they are back, as far as is known.
        back_at: Option<Timestamp>,
    },
    /// They do not serve this inbox, or not any more.
    DoesNotServe {
        /// Who.
        associate: AssociateId,
    },
    /// They stand in for somebody.
    StandsIn {
        /// Who.
        associate: AssociateId,
        /// For whom.
        away: AssociateId,
        /// Until when.
        until: Timestamp,
    },
    /// Whoever stood in hands it back.
    HandsBack {
        /// Who stood in.
        associate: AssociateId,
    },
    /// A rule names the team.
    Rule {
        /// The rule's name.
        rule: String,
        /// The team.
        team: TeamId,
    },
    /// The inbox's team.
    Team {
        /// The team.
        team: TeamId,
    },
    /// Of those there, they have least to answer.
    LeastLoaded {
        /// Who.
        associate: AssociateId,
        /// How many conversations waited for them.
        load: i64,
        /// What was asked for and they know.
        skills: Vec<String>,
    },
    /// Nobody there takes it by itself: it waits in the team's queue.
    TeamQueue {
        /// The team.
        team: TeamId,
    },
    /// It waits in the queue of all who serve the inbox.
    Unassigned,
    /// Nobody answered in time: it is in the queue again.
    Overdue {
        /// Who had it.
        associate: Option<AssociateId>,
    },
    /// Who had it does not work here any more.
    Left {
        /// Who.
        associate: AssociateId,
    },
}

/// Whom a conversation goes to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The team.
    pub team: Option<TeamId>,
    /// The associate.
    pub assignee: Option<AssociateId>,
    /// Whom they stand in for, and until when.
    pub stands_in: Option<(AssociateId, Timestamp)>,
    /// When the assignee is back, where they are not there now.
    pub back_at: Option<Timestamp>,
    /// The steps that led there.
    pub reasons: Vec<Reason>,
}

/// Decides.
pub fn decide(facts: &Facts) -> Decision {
    let mut decision = Decision {
        team: facts.team.clone(),
        assignee: None,
        stands_in: None,
        back_at: None,
        reasons: Vec::new(),
    };
    let current = facts.assignee.as_ref();
    if facts.held {
        decision.assignee = current.map(|person| person.id.clone());
        decision.reasons.push(Reason::Held);
        return decision;
    }
    if facts.several_read {
        decision.reasons.push(Reason::SeveralRead);
        // Somebody was put in charge of it by a person.
        decision.assignee = current.filter(|person| person.serves).map(|person| person.id.clone());
        if decision.assignee.is_none() {
            in_the_queue(facts, &mut decision);
        }
        return decision;
    }
    let standing_in = facts.stands_in_for.is_some();
    if let Some(person) = current
        && !standing_in
    {
        let reason = Reason::KeepsIt { associate: person.id.clone() };
        if takes(facts, &mut decision, person, reason) {
            return decision;
        }
    }
    if let Some(known) = &facts.known
        && current.is_none_or(|person| standing_in || person.id != known.person.id)
    {
        if let Some(who) = current.filter(|person| standing_in && person.id != known.person.id) {
            decision.reasons.push(Reason::HandsBack { associate: who.id.clone() });
        }
        let reason = Reason::Knows {
            associate: known.person.id.clone(),
            chosen: known.chosen,
            conversations: known.conversations,
        };
        if takes(facts, &mut decision, &known.person, reason) {
            decision.reasons.retain(|reason| {
                // It is handed back only if it really goes there.
                !matches!(reason, Reason::HandsBack { .. })
                    || decision.assignee != current.map(|p| p.id.clone())
            });
            return decision;
        }
        decision.reasons.retain(|reason| !matches!(reason, Reason::HandsBack { .. }));
    }
    let away = [facts.known.as_ref().map(|known| &known.person), current];
    for person in away.into_iter().flatten() {
        if stand_in(facts, &mut decision, person) {
            return decision;
        }
    }
    if let Some(person) = current
        && standing_in
        && takes(facts, &mut decision, person, Reason::KeepsIt { associate: person.id.clone() })
    {
        return decision;
    }
    in_the_queue(facts, &mut decision);
    if let Some(member) = least_loaded(facts) {
        decision.reasons.push(Reason::LeastLoaded {
            associate: member.id.clone(),
            load: member.load,
            skills: shared(facts, member).cloned().collect(),
        });
        decision.reasons.retain(|reason| !matches!(reason, Reason::TeamQueue { .. } | Reason::Unassigned));
        decision.assignee = Some(member.id.clone());
    }
    decision
}

/// Gives it to somebody if they are there or soon back; says why not otherwise.
fn takes(facts: &Facts, decision: &mut Decision, person: &Person, reason: Reason) -> bool {
    let associate = person.id.clone();
    if !person.serves {
        decision.reasons.push(Reason::DoesNotServe { associate });
        return false;
    }
    let back_at = person.calendar.back_at(facts.now);
    match back_at {
        Some(back_at) if back_at <= facts.now => decision.reasons.push(reason),
        Some(back_at) if back_at.since(facts.now) <= facts.back_within => {
            decision.reasons.extend([reason, Reason::BackSoon { associate, back_at }]);
            decision.back_at = Some(back_at);
        }
        _ => {
            let absent = person.calendar.absent_until(facts.now).is_some();
            decision.reasons.push(Reason::Away { associate, absent, back_at });
            return false;
        }
    }
    decision.assignee = Some(person.id.clone());
    true
}

/// Gives it to who stands in for somebody away, if that one is there.
fn stand_in(facts: &Facts, decision: &mut Decision, away: &Person) -> bool {
    let Some(other) = away.stand_in.as_ref().filter(|_| away.serves) else { return false };
    if !other.serves {
        decision.reasons.push(Reason::DoesNotServe { associate: other.id.clone() });
        return false;
    }
    if !other.calendar.is_there(facts.now) {
        decision.reasons.push(Reason::Away {
            associate: other.id.clone(),
            absent: other.calendar.absent_until(facts.now).is_some(),
            back_at: other.calendar.back_at(facts.now),
        });
        return false;
    }
    decision.reasons.push(Reason::StandsIn {
        associate: other.id.clone(),
        away: away.id.clone(),
        until: other.until,
    });
    decision.assignee = Some(other.id.clone());
    decision.stands_in = Some((away.id.clone(), other.until));
    true
}

fn in_the_queue(facts: &Facts, decision: &mut Decision) {
    match (&facts.named, &facts.team) {
        (Some((team, rule)), _) => {
            decision.team = Some(team.clone());
            decision.reasons.push(Reason::Rule { rule: rule.clone(), team: team.clone() });
        }
        (None, Some(team)) => decision.reasons.push(Reason::Team { team: team.clone() }),
        (None, None) => {}
    }
    decision.reasons.push(match &decision.team {
        Some(team) => Reason::TeamQueue { team: team.clone() },
        None => Reason::Unassigned,
    });
}

/// Of those who are there and may take more: who knows most of what is wanted, then who has least to
/// answer, then the one who is here longest.
fn least_loaded(facts: &Facts) -> Option<&Member> {
    facts
        .members
        .iter()
        .filter(|member| member.load < member.capacity && member.calendar.is_there(facts.now))
        .min_by_key(|member| {
            (std::cmp::Reverse(shared(facts, member).count()), member.load, member.id.as_str())
        })
}

fn shared<'a>(facts: &'a Facts, member: &'a Member) -> impl Iterator<Item = &'a String> {
    facts.wanted.iter().filter(|skill| member.skills.contains(skill))
}

#[cfg(test)]
#[path = "decide/tests.rs"]
mod tests;
