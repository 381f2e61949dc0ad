//! When an absence is over, who stood in hands back what is still open.

use rapport_model::id::{AssociateId, ConversationId, JobId};
use serde_json::json;

use super::{
    apply::{move_to, name_of, name_of_any},
    keep, people,
};
use crate::store::{
    Store,
    conversation::{self, State},
    db::Run as _,
    error::StoreError,
    job,
    tx::Tx,
    value::values,
    writer::Write,
};

/// So many conversations are handed back in one transaction.
const AT_ONCE: i64 = 100;

impl Store {
    /// Hands back to an associate, unless they are away again, what others have in their place. Gives how
    /// many conversations; the job stays until there are no more.
    pub async fn hand_back(&self, job: &JobId, associate: &AssociateId) -> Result<usize, StoreError> {
        self.writer.write(HandBack { job: job.clone(), associate: associate.clone() }).await
    }
}

/// Asks for it at a time.
pub(super) async fn ask(
    tx: &mut Tx,
    absence: &str,
    associate: &str,
    at: rapport_model::Timestamp,
) -> Result<(), StoreError> {
    let now = tx.now;
    tx.execute(
        "INSERT INTO jobs (id, kind, key, payload, due_at, attempt, created_at) VALUES ($1, 'hand_back', $2, $3, $4, 0, $5) \
         ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at, done_at = NULL, attempt = 0, lease_owner = NULL, lease_until = NULL",
        values![&JobId::new(), ["hand_back:", absence].concat(), associate, at, now],
    )
    .await?;
    tx.wake_jobs = true;
    Ok(())
}

struct HandBack {
    job: JobId,
    associate: AssociateId,
}

impl Write for HandBack {
    type Output = usize;

    async fn apply(&mut self, tx: &mut Tx) -> Result<usize, StoreError> {
        let now = tx.now;
        let found = people::load(tx, std::slice::from_ref(&self.associate), now).await?;
        let is_back = found.first().is_some_and(|person| {
            person.active && !person.absences.iter().any(|span| span.from <= now && now < span.until)
        });
        if !is_back {
            job::finish(tx, &self.job, Some("not back")).await?;
            return Ok(0);
        }
        let rows = tx
            .all(
                "SELECT c.id FROM routings r JOIN conversations c ON c.id = r.conversation_id AND c.assignee_id = r.associate_id \
                 AND c.state = 'open' WHERE r.stands_in_for = $1 AND r.n = (SELECT max(l.n) FROM routings l \
                 WHERE l.conversation_id = r.conversation_id) ORDER BY c.id LIMIT $2",
                values![&self.associate, AT_ONCE],
            )
            .await?;
        let ids: Vec<ConversationId> = rows.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
        let name = name_of(tx, &self.associate).await?;
        for id in &ids {
            let before = conversation::get(tx, id).await?;
            let Some(from) = before.assignee.clone().filter(|_| before.state == State::Open) else {
                continue;
            };
            let mut after = before.clone();
            after.assignee = Some(self.associate.clone());
            let reasons = json!([{"type": "hands_back", "associate": from}]);
            keep(tx, &after, None, None, reasons.to_string()).await?;
            let from_name = name_of_any(tx, &from).await?;
            let activity = json!({
                "type": "handed_back",
                "assignee": {"id": self.associate, "name": name},
                "from": {"id": from, "name": from_name},
                "team": after.team
            });
            move_to(tx, &before, &mut after, activity).await?;
        }
        if ids.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
            job::finish(tx, &self.job, None).await?;
        } else {
            tx.execute(
                "UPDATE jobs SET due_at = $2, lease_owner = NULL, lease_until = NULL WHERE id = $1",
                values![&self.job, now],
            )
            .await?;
            tx.wake_jobs = true;
        }
        Ok(ids.len())
    }
}
