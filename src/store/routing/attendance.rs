//! When associates and teams are there, as it is kept: hours, absences with who stands in, how much routing
//! gives somebody, and what they know. Each changes their own hours and absences; an admin everybody's.
//!
//! Hours are kept as the text that the caller found valid; nothing here reads them.

use rapport_model::{
    Timestamp,
    id::{AssociateId, TeamId},
};

use super::hand_back;
use crate::store::{
    Store, associate,
    db::Run as _,
    error::{Conflict, StoreError},
    scope::{Actor, Role},
    tx::{NewEvent, Tx},
    value::{Row, values},
    writer::Write,
};

/// Somebody has no more absences that are not over than this.
const MOST_ABSENCES: i64 = 100;

/// Whose hours or absences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An associate's.
    Associate(AssociateId),
    /// A team's.
    Team(TeamId),
}

impl Subject {
    fn kind(&self) -> &'static str {
        match self {
            Self::Associate(_) => "associate",
            Self::Team(_) => "team",
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Associate(id) => id.as_str(),
            Self::Team(id) => id.as_str(),
        }
    }
}

/// An absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Its id.
    pub id: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who stands in.
    pub stand_in: Option<(AssociateId, String)>,
    /// Why, for colleagues.
    pub reason: String,
}

/// An absence to be entered.
#[derive(Debug, Clone)]
pub struct NewAbsence {
    /// Whose.
    pub subject: Subject,
    /// Since when.
    pub from: Timestamp,
    /// Until when: later.
    pub until: Timestamp,
    /// Who stands in; for an associate only.
    pub stand_in: Option<AssociateId>,
    /// Why, for colleagues.
    pub reason: String,
}

/// What is known of somebody's being there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    /// Their hours, as they were handed in.
    pub hours: Option<String>,
    /// Their absences that are not over, the earliest first.
    pub absences: Vec<Absence>,
    /// What routing gives them.
    pub work: Work,
}

/// What routing gives an associate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// How many waiting conversations at most; `None`: they take from the queue themselves.
    pub capacity: Option<i64>,
    /// What they know: languages and topics.
    pub skills: Vec<String>,
}

impl Store {
    /// When somebody is there. An associate sees their own and their colleagues'; so whoever transfers
    /// something knows to whom.
    pub async fn get_attendance(&self, subject: &Subject) -> Result<Attendance, StoreError> {
        let mut pool = self.pool.clone();
        let hours = pool
            .first(
                "SELECT hours FROM working_hours WHERE subject = $1 AND subject_id = $2",
                values![subject.kind(), subject.id()],
            )
            .await?
            .map(|row| row.get("hours"))
            .transpose()?;
        let absences = pool
            .all(
                "SELECT b.id, b.away_from, b.away_until, b.reason, b.stand_in_id, a.name FROM absences b \
                 LEFT JOIN associates a ON a.id = b.stand_in_id WHERE b.subject = $1 AND b.subject_id = $2 AND b.away_until > $3 \
                 ORDER BY b.away_from, b.id",
                values![subject.kind(), subject.id(), self.now()],
            )
            .await?
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?;
        let work = match subject {
            Subject::Associate(id) => self.get_work(id).await?,
            Subject::Team(_) => Work::default(),
        };
        Ok(Attendance { hours, absences, work })
    }

    async fn get_work(&self, id: &AssociateId) -> Result<Work, StoreError> {
        let mut pool = self.pool.clone();
        let row = pool
            .first("SELECT capacity FROM associates WHERE id = $1", values![id])
            .await?
            .ok_or(StoreError::NotFound("associate"))?;
        let skills = pool
            .all("SELECT skill FROM associate_skills WHERE associate_id = $1 ORDER BY skill", values![id])
            .await?;
        Ok(Work {
            capacity: row.get("capacity")?,
            skills: skills.iter().map(|row| row.get("skill")).collect::<Result<_, _>>()?,
        })
    }

    /// Sets hours that the caller found valid, or with `None` takes them away.
    pub async fn set_hours(
        &self,
        actor: &Actor,
        subject: Subject,
        hours: Option<String>,
    ) -> Result<(), StoreError> {
        self.writer.write(SetHours { actor: actor.clone(), subject, hours }).await
    }

    /// Enters an absence. Gives its id.
    pub async fn insert_absence(&self, actor: &Actor, absence: NewAbsence) -> Result<String, StoreError> {
        self.writer.write(Enter { actor: actor.clone(), absence }).await
    }

    /// Ends an absence before its time, or strikes one that has not begun: what a stand-in has of it is
    /// handed back.
    pub async fn delete_absence(&self, actor: &Actor, id: &str) -> Result<(), StoreError> {
        self.writer.write(Strike { actor: actor.clone(), id: id.to_owned() }).await
    }

    /// Sets how much routing gives somebody, and what they know. For admins.
    pub async fn set_work(&self, actor: &Actor, id: &AssociateId, work: Work) -> Result<(), StoreError> {
        self.writer.write(SetWork { actor: actor.clone(), id: id.clone(), work }).await
    }
}

fn read(row: &Row) -> Result<Absence, StoreError> {
    let stand_in: Option<AssociateId> = row.parse_opt("stand_in_id")?;
    let name: Option<String> = row.get("name")?;
    Ok(Absence {
        id: row.get("id")?,
        from: row.time("away_from")?,
        until: row.time("away_until")?,
        stand_in: stand_in.map(|id| (id, name.unwrap_or_default())),
        reason: row.get("reason")?,
    })
}

/// One changes one's own, an admin everybody's; what one may not change looks as if it did not exist.
async fn require(tx: &mut Tx, actor: &Actor, subject: &Subject) -> Result<(), StoreError> {
    let (may, what) = match subject {
        Subject::Associate(id) => (actor.id() == id || actor.role() == Role::Admin, "associate"),
        Subject::Team(_) => (actor.role() == Role::Admin, "team"),
    };
    if !may {
        return Err(StoreError::NotFound(what));
    }
    if let Subject::Associate(id) = subject {
        tx.first("SELECT id FROM associates WHERE id = $1", values![id])
            .await?
            .ok_or(StoreError::NotFound("associate"))?;
    }
    Ok(())
}

fn tell(tx: &mut Tx, kind: &'static str, actor: &Actor, subject: &Subject) {
    tx.tell(NewEvent {
        kind,
        actor: Some(actor.id().clone()),
        fields: Some(subject.id().to_owned()),
        ..NewEvent::default()
    });
}

struct SetHours {
    actor: Actor,
    subject: Subject,
    hours: Option<String>,
}

impl Write for SetHours {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        require(tx, &self.actor, &self.subject).await?;
        let (kind, id, now) = (self.subject.kind(), self.subject.id(), tx.now);
        match &self.hours {
            Some(hours) => {
                tx.execute(
                    "INSERT INTO working_hours (subject, subject_id, hours, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (subject, subject_id) DO UPDATE SET hours = excluded.hours, changed_at = excluded.changed_at, \
                     changed_by = excluded.changed_by",
                    values![kind, id, hours, now, self.actor.id()],
                )
                .await?;
            }
            None => {
                tx.execute(
                    "DELETE FROM working_hours WHERE subject = $1 AND subject_id = $2",
                    values![kind, id],
                )
                .await?;
            }
        }
        tell(tx, "hours.changed", &self.actor, &self.subject);
        Ok(())
    }
}

struct Enter {
    actor: Actor,
    absence: NewAbsence,
}

impl Write for Enter {
    type Output = String;

    async fn apply(&mut self, tx: &mut Tx) -> Result<String, StoreError> {
        let absence = &self.absence;
        require(tx, &self.actor, &absence.subject).await?;
        if let Some(other) = &absence.stand_in {
            if absence.subject == Subject::Associate(other.clone()) {
                return Err(Conflict::NotNow("Nobody stands in for themselves.").into());
            }
            let row = tx
                .first("SELECT disabled_at FROM associates WHERE id = $1", values![other])
                .await?
                .ok_or(StoreError::NotFound("associate"))?;
            if row.get::<Option<i64>>("disabled_at")?.is_some() {
                return Err(Conflict::NotNow("The stand-in does not work here any more.").into());
            }
        }
        let (kind, id, now) = (absence.subject.kind(), absence.subject.id(), tx.now);
        let row = tx
            .first(
                "SELECT count(*) AS n FROM absences WHERE subject = $1 AND subject_id = $2 AND away_until > $3",
                values![kind, id, now],
            )
            .await?;
        if row.map_or(Ok(0), |row| row.get::<i64>("n"))? >= MOST_ABSENCES {
            return Err(Conflict::NotNow("There are a hundred absences already.").into());
        }
        let new = format!("abs_{}", uuid::Uuid::now_v7().simple());
        tx.execute(
            "INSERT INTO absences (id, subject, subject_id, away_from, away_until, stand_in_id, reason, created_at, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            values![
                &new,
                kind,
                id,
                absence.from,
                absence.until,
                absence.stand_in.as_ref(),
                &absence.reason,
                now,
                self.actor.id()
            ],
        )
        .await?;
        if absence.stand_in.is_some() {
            hand_back::ask(tx, &new, id, absence.until).await?;
        }
        tell(tx, "absence.entered", &self.actor, &absence.subject);
        Ok(new)
    }
}

struct Strike {
    actor: Actor,
    id: String,
}

impl Write for Strike {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let row = tx
            .first("SELECT subject, subject_id, stand_in_id FROM absences WHERE id = $1", values![&self.id])
            .await?
            .ok_or(StoreError::NotFound("absence"))?;
        let subject = if row.get::<String>("subject")? == "team" {
            Subject::Team(TeamId(row.get("subject_id")?))
        } else {
            Subject::Associate(row.parse("subject_id")?)
        };
        require(tx, &self.actor, &subject).await.map_err(|_| StoreError::NotFound("absence"))?;
        tx.execute("DELETE FROM absences WHERE id = $1", values![&self.id]).await?;
        if row.get::<Option<String>>("stand_in_id")?.is_some() {
            let now = tx.now;
            hand_back::ask(tx, &self.id, subject.id(), now).await?;
        }
        tell(tx, "absence.ended", &self.actor, &subject);
        Ok(())
    }
}

struct SetWork {
    actor: Actor,
    id: AssociateId,
    work: Work,
}

impl Write for SetWork {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        associate::require_admin(Some(&self.actor))?;
        let subject = Subject::Associate(self.id.clone());
        require(tx, &self.actor, &subject).await?;
        tx.execute(
            "UPDATE associates SET capacity = $2 WHERE id = $1",
            values![&self.id, self.work.capacity],
        )
        .await?;
        tx.execute("DELETE FROM associate_skills WHERE associate_id = $1", values![&self.id]).await?;
        for skill in &self.work.skills {
            tx.execute(
                "INSERT INTO associate_skills (associate_id, skill) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                values![&self.id, skill],
            )
            .await?;
        }
        tell(tx, "associate.work_changed", &self.actor, &subject);
        Ok(())
    }
}
