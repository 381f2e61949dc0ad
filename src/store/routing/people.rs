//! Associates as routing sees them: where they belong, what they know and have to do, and when they are there.

use rapport_model::{
    Timestamp,
    id::{AssociateId, TeamId},
};

use crate::store::{
    associate,
    db::{Run, built},
    error::StoreError,
    rows,
    scope::Role,
    value::{Row, Value, values},
};

/// One associate, as far as routing cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingPerson {
    /// Who.
    pub id: AssociateId,
    /// Whether they still work here.
    pub active: bool,
    /// What they may do.
    pub role: Role,
    /// Where they belong.
    pub teams: Vec<TeamId>,
    /// Their own hours, as JSON.
    pub hours: Option<String>,
    /// Their absences that are not over.
    pub absences: Vec<AwaySpan>,
    /// How many waiting conversations routing gives them at most.
    pub capacity: Option<i64>,
    /// How many wait for an answer of theirs.
    pub load: i64,
    /// What they know.
    pub skills: Vec<String>,
}

/// An absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaySpan {
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who stands in.
    pub stand_in: Option<AssociateId>,
}

const SELECT: &str = "SELECT a.id, a.role, a.disabled_at, a.capacity, w.hours, \
    (SELECT string_agg(t.team_id, ',') FROM associate_teams t WHERE t.associate_id = a.id) AS teams, \
    (SELECT string_agg(s.skill, ',') FROM associate_skills s WHERE s.associate_id = a.id) AS skills, \
    (SELECT CAST(COALESCE(sum(q.n), 0) AS BIGINT) FROM queue_counts q WHERE q.assignee_id = a.id AND q.state = 'open' AND q.waiting) AS load \
    FROM associates a LEFT JOIN working_hours w ON w.subject = 'associate' AND w.subject_id = a.id ";

/// Loads people by id.
pub(super) async fn load(
    db: &mut impl Run,
    ids: &[AssociateId],
    now: Timestamp,
) -> Result<Vec<RoutingPerson>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (keys, args) = rows::keys(db.engine(), ids.iter().map(|id| values![id]).collect());
    let sql = [SELECT, "WHERE a.id IN ", &keys].concat();
    read_all(db, sql, args, now).await
}

/// Loads those of a team who take what routing gives them.
pub(super) async fn load_takers(
    db: &mut impl Run,
    team: &TeamId,
    now: Timestamp,
) -> Result<Vec<RoutingPerson>, StoreError> {
    let sql = [
        SELECT,
        "JOIN associate_teams m ON m.associate_id = a.id WHERE m.team_id = $1 AND a.disabled_at IS NULL AND a.capacity IS NOT NULL",
    ]
    .concat();
    read_all(db, sql, values![team], now).await
}

async fn read_all(
    db: &mut impl Run,
    sql: String,
    args: Vec<Value>,
    now: Timestamp,
) -> Result<Vec<RoutingPerson>, StoreError> {
    let rows = db.rows_of(built(sql), args).await?;
    let mut people: Vec<RoutingPerson> = rows.iter().map(read).collect::<Result<_, _>>()?;
    if people.is_empty() {
        return Ok(people);
    }
    let ids = people.iter().map(|person| values!["associate", &person.id]).collect();
    for (id, span) in spans(db, ids, now).await? {
        if let Some(person) = people.iter_mut().find(|person| person.id.as_str() == id) {
            person.absences.push(span);
        }
    }
    Ok(people)
}

/// The absences of some that are not over, with whose each is.
pub(super) async fn spans(
    db: &mut impl Run,
    subjects: Vec<Vec<Value>>,
    now: Timestamp,
) -> Result<Vec<(String, AwaySpan)>, StoreError> {
    let (with, mut args) = rows::pairs(db.engine(), subjects);
    args.push(now.into());
    let placeholder = ["$", &args.len().to_string()].concat();
    let sql = [
        &with,
        "SELECT b.subject_id, b.away_from, b.away_until, b.stand_in_id FROM k JOIN absences b ON b.subject = k.a \
         AND b.subject_id = k.b AND b.away_until > ",
        &placeholder,
        " ORDER BY b.away_from, b.id",
    ]
    .concat();
    db.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| {
            let span = AwaySpan {
                from: row.time("away_from")?,
                until: row.time("away_until")?,
                stand_in: row.parse_opt("stand_in_id")?,
            };
            Ok((row.get("subject_id")?, span))
        })
        .collect()
}

fn read(row: &Row) -> Result<RoutingPerson, StoreError> {
    let skills: Option<String> = row.get("skills")?;
    let mut skills: Vec<String> =
        skills.iter().flat_map(|text| text.split(',')).filter(|s| !s.is_empty()).map(str::to_owned).collect();
    skills.sort();
    Ok(RoutingPerson {
        id: row.parse("id")?,
        active: row.get::<Option<i64>>("disabled_at")?.is_none(),
        role: row.parse("role")?,
        teams: associate::read_teams(row)?,
        hours: row.get("hours")?,
        absences: Vec::new(),
        capacity: row.get("capacity")?,
        load: row.get("load")?,
        skills,
    })
}
