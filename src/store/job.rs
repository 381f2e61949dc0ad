//! Jobs: work that happens later, claimed under a lease, done once.
//!
//! A finished job keeps its key for a while, so that the same work is not asked for twice.

use std::time::Duration;

use rapport_model::{Timestamp, id::JobId};

use super::{
    Store,
    db::{Run as _, built},
    dialect,
    error::StoreError,
    tx::Tx,
    value::values,
    writer::Write,
};
use crate::failpoints::durable_step;

/// A job that was claimed and is to be done now.
#[derive(Debug, Clone)]
pub struct Job {
    /// The row.
    pub id: JobId,
    /// What to do.
    pub kind: String,
    /// With what.
    pub payload: String,
    /// How often it was tried before.
    pub attempt: u32,
}

/// What became of a job.
#[derive(Debug, Clone)]
pub enum JobOutcome {
    /// Done, or found to be needless, and then why.
    Done(Option<String>),
    /// To be tried again from then on.
    Again(Timestamp, String),
}

impl Store {
    /// Claims jobs that are due.
    pub async fn claim_jobs(&self, lease: Duration, most: i64) -> Result<Vec<Job>, StoreError> {
        self.writer.write(Claim { owner: self.holder.to_string(), lease, most }).await
    }

    /// Records what became of a job.
    pub async fn update_job(&self, id: &JobId, outcome: JobOutcome) -> Result<(), StoreError> {
        self.writer.write(Finish { id: id.clone(), outcome }).await
    }

    /// When the next job that nobody holds becomes due.
    pub async fn find_next_job(&self) -> Result<Option<Timestamp>, StoreError> {
        self.pool
            .clone()
            .first(
                "SELECT min(due_at) AS due FROM jobs WHERE done_at IS NULL AND lease_until IS NULL",
                Vec::new(),
            )
            .await?
            .map_or(Ok(None), |row| row.time_opt("due"))
    }

    /// Frees the jobs that earlier boots of this node held.
    pub async fn free_jobs_at_start(&self) -> Result<(), StoreError> {
        let Some(earlier) = &self.earlier else { return Ok(()) };
        self.pool
            .clone()
            .execute(
                "UPDATE jobs SET lease_owner = NULL, lease_until = NULL \
                 WHERE done_at IS NULL AND lease_owner <> $1 AND lease_owner LIKE $2",
                values![&*self.holder, &**earlier],
            )
            .await
            .map(drop)
    }
}

struct Claim {
    owner: String,
    lease: Duration,
    most: i64,
}

impl Write for Claim {
    type Output = Vec<Job>;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Vec<Job>, StoreError> {
        let (now, until) = (tx.now, tx.now.plus(self.lease));
        let sql = [
            "UPDATE jobs SET lease_owner = $2, lease_until = $3, attempt = attempt + 1 WHERE id IN (\
             SELECT id FROM jobs WHERE done_at IS NULL AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) \
             ORDER BY due_at LIMIT $4",
            dialect::skip_locked(tx.engine()),
            ") RETURNING id, kind, payload, attempt",
        ]
        .concat();
        let rows = tx.rows_of(built(sql), values![now, &self.owner, until, self.most]).await?;
        durable_step!("job.claimed");
        rows.iter()
            .map(|row| {
                Ok(Job {
                    id: row.parse("id")?,
                    kind: row.get("kind")?,
                    payload: row.get("payload")?,
                    attempt: u32::try_from(row.get::<i64>("attempt")? - 1).unwrap_or(u32::MAX),
                })
            })
            .collect()
    }
}

struct Finish {
    id: JobId,
    outcome: JobOutcome,
}

impl Write for Finish {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        durable_step!("job.finish");
        match &self.outcome {
            JobOutcome::Done(why) => finish(tx, &self.id, why.as_deref()).await,
            JobOutcome::Again(at, why) => tx
                .execute(
                    "UPDATE jobs SET due_at = $2, last_error = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1",
                    values![&self.id, *at, why],
                )
                .await
                .map(drop),
        }
    }
}

/// Marks a job done, in the transaction that did it.
pub(super) async fn finish(tx: &mut Tx, id: &JobId, why: Option<&str>) -> Result<(), StoreError> {
    let now = tx.now;
    tx.execute(
        "UPDATE jobs SET done_at = $2, last_error = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1",
        values![id, now, why],
    )
    .await
    .map(drop)
}
