//! A few connections that are used again, because many servers limit how often one signs in.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};

use super::connection::Connection;

/// At most so many at once.
const MOST: usize = 3;

/// The connections of one inbox.
pub(super) struct Pool {
    idle: Mutex<Vec<(Connection, Instant)>>,
    pub(super) slots: Semaphore,
    rest: Duration,
}

impl Pool {
    /// An unused connection is closed after `rest`.
    pub(super) fn new(rest: Duration) -> Arc<Self> {
        Arc::new(Self { idle: Mutex::default(), slots: Semaphore::new(MOST), rest })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last.
    pub(super) fn take(&self) -> Option<Connection> {
        self.idle().pop().map(|(connection, _)| connection)
    }

    /// Keeps one for later, and sees to it that it is closed if nobody comes.
    pub(super) fn keep(self: &Arc<Self>, connection: Connection) {
        if !connection.is_fresh() {
            tokio::spawn(connection.quit());
            return;
        }
        self.idle().push((connection, Instant::now()));
        let (pool, rest) = (Arc::downgrade(self), self.rest);
        tokio::spawn(async move {
            tokio::time::sleep(rest).await;
            let Some(pool) = pool.upgrade() else { return };
            for connection in pool.rested() {
                connection.quit().await;
            }
        });
    }

    fn rested(&self) -> Vec<Connection> {
        let mut idle = self.idle();
        let rest = self.rest;
        idle.extract_if(.., |(_, since)| since.elapsed() >= rest).map(|(connection, _)| connection).collect()
    }
}
