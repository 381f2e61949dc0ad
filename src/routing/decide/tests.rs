//! Each rule of the order, and that nothing else matters.

use super::{super::hours::Span, *};

const NOW: Timestamp = Timestamp(1_780_000_000_000);
const HOUR: i64 = 3_600_000;

fn id(n: u8) -> AssociateId {
    AssociateId::try_from([AssociateId::PREFIX, &format!("{n:032x}")].concat())
        .unwrap_or_else(|_| panic!("an associate's id has another form"))
}

fn away_until(hours: i64) -> Calendar {
    let span = Span { from: Timestamp(NOW.0 - HOUR), until: Timestamp(NOW.0 + hours * HOUR) };
    Calendar { hours: None, absences: vec![span] }
}

fn there(n: u8) -> Person {
    Person { id: id(n), serves: true, calendar: Calendar::default(), stand_in: None }
}

fn away(n: u8, hours: i64) -> Person {
    Person { calendar: away_until(hours), ..there(n) }
}

fn covered(n: u8, by: u8, calendar: Calendar) -> Person {
    let until = Timestamp(NOW.0 + 72 * HOUR);
    Person { stand_in: Some(StandIn { id: id(by), serves: true, calendar, until }), ..away(n, 72) }
}

fn known(person: Person) -> Known {
    Known { person, chosen: false, conversations: 3 }
}

fn member(n: u8, load: i64, skills: &[&str]) -> Member {
    let skills = skills.iter().map(|skill| (*skill).to_owned()).collect();
    Member { id: id(n), calendar: Calendar::default(), load, capacity: 5, skills }
}

fn facts() -> Facts {
    Facts {
        now: NOW,
        back_within: Duration::from_hours(1),
        several_read: false,
        held: false,
        assignee: None,
        stands_in_for: None,
        known: None,
        team: Some("advice".into()),
        named: None,
        wanted: Vec::new(),
        members: Vec::new(),
    }
}

#[test]
fn the_known_associate_gets_it_whatever_others_have_to_do() {
    let facts = Facts { known: Some(known(there(1))), members: vec![member(2, 0, &[])], ..facts() };
    let decision = decide(&facts);
    assert_eq!(decision.assignee, Some(id(1)));
    let why = Reason::Knows { associate: id(1), chosen: false, conversations: 3 };
    assert_eq!(decision.reasons, vec![why]);
}

#[test]
fn who_is_soon_back_gets_it_and_when_is_said() {
    let mut facts = Facts { known: Some(known(away(1, 1))), ..facts() };
    let decision = decide(&facts);
    assert_eq!(decision.assignee, Some(id(1)));
    assert_eq!(decision.back_at, Some(Timestamp(NOW.0 + HOUR)));
    facts.back_within = Duration::from_mins(59);
    assert_eq!(decide(&facts).assignee, None);
}

#[test]
fn a_stand_in_gets_it_and_sees_for_whom_and_until_when() {
    let facts = Facts { known: Some(known(covered(1, 2, Calendar::default()))), ..facts() };
    let decision = decide(&facts);
    assert_eq!(decision.assignee, Some(id(2)));
    let until = Timestamp(NOW.0 + 72 * HOUR);
    assert_eq!(decision.stands_in, Some((id(1), until)));
    assert!(decision.reasons.contains(&Reason::StandsIn { associate: id(2), away: id(1), until }));
}

#[test]
fn without_a_stand_in_who_is_there_it_waits_in_the_teams_queue() {
    for person in [away(1, 72), covered(1, 2, away_until(5))] {
        let decision = decide(&Facts { known: Some(known(person)), ..facts() });
        assert_eq!((decision.assignee, decision.team.as_ref()), (None, Some(&"advice".into())));
        assert_eq!(decision.reasons.last(), Some(&Reason::TeamQueue { team: "advice".into() }));
        assert!(matches!(decision.reasons[0], Reason::Away { absent: true, .. }));
    }
}

#[test]
fn what_a_person_decided_holds_for_the_turn() {
    let facts = Facts { held: true, assignee: Some(away(3, 72)), known: Some(known(there(1))), ..facts() };
    assert_eq!(decide(&facts).assignee, Some(id(3)));
    let nobody = Facts { held: true, known: Some(known(there(1))), ..self::facts() };
    assert_eq!(decide(&nobody).assignee, None);
}

#[test]
fn who_has_it_keeps_it_while_there_and_else_it_is_routed_anew() {
    let mut facts = Facts { assignee: Some(there(3)), known: Some(known(there(1))), ..facts() };
    assert_eq!(decide(&facts).assignee, Some(id(3)));
    facts.assignee = Some(away(3, 72));
    assert_eq!(decide(&facts).assignee, Some(id(1)));
    facts.assignee = Some(Person { serves: false, ..there(3) });
    assert_eq!(decide(&facts).assignee, Some(id(1)));
}

#[test]
fn who_stood_in_hands_it_back_once_the_other_is_there() {
    let facts = Facts {
        assignee: Some(there(2)),
        stands_in_for: Some(id(1)),
        known: Some(known(there(1))),
        ..facts()
    };
    let decision = decide(&facts);
    assert_eq!(decision.assignee, Some(id(1)));
    assert!(decision.reasons.contains(&Reason::HandsBack { associate: id(2) }));
}

#[test]
fn who_stands_in_keeps_it_while_the_other_is_away() {
    let facts = Facts {
        assignee: Some(there(2)),
        stands_in_for: Some(id(1)),
        known: Some(known(covered(1, 2, Calendar::default()))),
        ..facts()
    };
    assert_eq!(decide(&facts).assignee, Some(id(2)));
    let unnamed = Facts { known: Some(known(away(1, 72))), ..facts };
    assert_eq!(decide(&unnamed).assignee, Some(id(2)));
}

#[test]
fn in_the_team_it_goes_to_who_knows_it_and_then_to_who_has_least() {
    let mut facts =
        Facts { members: vec![member(1, 2, &[]), member(2, 1, &[]), member(3, 4, &["fr"])], ..facts() };
    assert_eq!(decide(&facts).assignee, Some(id(2)));
    facts.wanted = vec!["fr".to_owned()];
    assert_eq!(decide(&facts).assignee, Some(id(3)));
    facts.members[2].load = 5;
    assert_eq!(decide(&facts).assignee, Some(id(2)));
    facts.members.iter_mut().for_each(|member| member.calendar = away_until(3));
    let decision = decide(&facts);
    assert_eq!((decision.assignee, decision.team), (None, Some("advice".into())));
}

#[test]
fn a_rule_names_the_team_and_is_named() {
    let facts = Facts { named: Some(("orders".into(), "returns".to_owned())), ..facts() };
    let decision = decide(&facts);
    assert_eq!(decision.team, Some("orders".into()));
    assert_eq!(decision.reasons[0], Reason::Rule { rule: "returns".to_owned(), team: "orders".into() });
}

#[test]
fn a_group_goes_to_a_team_and_to_nobody_alone() {
    let facts = Facts {
        several_read: true,
        known: Some(known(there(1))),
        members: vec![member(2, 0, &[])],
        ..facts()
    };
    let decision = decide(&facts);
    assert_eq!((decision.assignee, decision.team), (None, Some("advice".into())));
}

#[test]
fn without_anything_it_waits_where_all_who_serve_the_inbox_see_it() {
    let decision = decide(&Facts { team: None, ..facts() });
    assert_eq!((decision.assignee, decision.team), (None, None));
    assert_eq!(decision.reasons, vec![Reason::Unassigned]);
}

#[test]
fn a_known_associate_who_does_not_serve_the_inbox_is_passed_over_with_the_reason() {
    let facts = Facts { known: Some(known(Person { serves: false, ..there(1) })), ..facts() };
    let decision = decide(&facts);
    assert_eq!(decision.assignee, None);
    assert_eq!(decision.reasons[0], Reason::DoesNotServe { associate: id(1) });
}
