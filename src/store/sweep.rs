//! What has had its time goes: raw forms, receipts, finished jobs, used keys, ended sessions, old
//! events, and files that nothing points to. Never a message, and never what is still owed.

use std::time::Duration;

use rapport_model::Timestamp;

use super::{Blobs, Store, db::Run as _, error::StoreError, value::values};

const DAY: Duration = Duration::from_hours(24);

impl Store {
    /// Removes what is older than its time. `raw` and `events` say how long those are kept.
    pub async fn sweep(&self, blobs: &Blobs, raw: Duration, events: Duration) -> Result<(), StoreError> {
        let now = self.now();
        let mut pool = self.pool.clone();
        let before: [(&'static str, Timestamp); 8] = [
            // A parked one keeps its raw form until a person has settled it.
            (
                "DELETE FROM raw_payloads WHERE received_at < $1 AND NOT EXISTS (SELECT 1 FROM parked p \
                 WHERE p.inbox_id = raw_payloads.inbox_id AND p.external_id = raw_payloads.external_id AND p.settled_at IS NULL)",
                now.minus(raw),
            ),
            ("DELETE FROM receipts WHERE at < $1", now.minus(30 * DAY)),
            ("DELETE FROM jobs WHERE done_at < $1", now.minus(30 * DAY)),
            ("DELETE FROM idempotency_keys WHERE created_at < $1", now.minus(DAY)),
            // It can be taken back for minutes; that it was decided stands in the timeline.
            ("DELETE FROM decisions WHERE decided_at < $1", now.minus(DAY)),
            ("DELETE FROM sessions WHERE expires_at < $1", now),
            ("DELETE FROM events WHERE at < $1", now.minus(events)),
            (
                "DELETE FROM attachments WHERE message_id IS NULL AND created_at < $1 AND NOT EXISTS (\
              SELECT 1 FROM drafts d WHERE d.attachments LIKE '%' || attachments.id || '%')",
                now.minus(7 * DAY),
            ),
        ];
        for (statement, moment) in before {
            pool.execute(statement, values![moment]).await?;
        }
        // Younger files may belong to a row that is about to be committed.
        for key in blobs.list_before(now.minus(DAY)).await? {
            let used = pool
                .first(
                    "SELECT 1 AS used FROM attachments WHERE blob_key = $1 UNION ALL SELECT 1 FROM raw_payloads WHERE blob_key = $1",
                    values![&key],
                )
                .await?;
            if used.is_none() {
                blobs.delete(&key).await?;
            }
        }
        Ok(())
    }
}
