//! What the parts of a run share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rapport_sdk::{
    Batch, Context, IngestError,
    model::{
        InboundEvent, Timestamp,
        id::{Cursor, Scope},
    },
};

use super::{condition::Condition, directory::Directory, history::Seen};
use crate::{api::Api, config::DiscordSettings, place::Us, snowflake::Snowflake};

/// The scope of the moment from which on this inbox brings in what was written.
const SINCE: &str = "since";
/// The scope of the moment up to which all is in.
const COMPLETE: &str = "complete";
/// How far the very first look reaches back.
const FIRST_LOOK: Duration = Duration::from_hours(1);
/// How many channels are read at once.
const HANDS: usize = 8;

/// One run: who we are, where events go, what is known of channels.
pub struct Desk {
    /// How the inbox is set up.
    pub settings: DiscordSettings,
    /// The API.
    pub api: Arc<Api>,
    /// Where events go, and the clock.
    pub ctx: Context,
    /// Who we are.
    pub us: Us,
    /// How the inbox fares.
    pub condition: Condition,
    /// The channels.
    pub directory: Directory,
    /// What this run has brought in.
    pub(super) seen: Seen,
    /// What is older is not brought in.
    pub(super) since: Snowflake,
    /// How many channels may be read at once.
    pub(super) hands: tokio::sync::Semaphore,
    /// One private thread is made at a time.
    pub(super) making: tokio::sync::Mutex<()>,
    /// Cursors as they were last read or committed.
    cursors: Mutex<HashMap<String, Option<String>>>,
}

impl Desk {
    /// A new run.
    pub fn new(settings: DiscordSettings, api: Arc<Api>, ctx: Context, us: Us) -> Self {
        let condition = Condition::new(ctx.health.clone());
        let directory = Directory::default();
        Self {
            settings,
            api,
            ctx,
            us,
            condition,
            directory,
            seen: Seen::default(),
            since: Snowflake(0),
            hands: tokio::sync::Semaphore::new(HANDS),
            making: tokio::sync::Mutex::default(),
            cursors: Mutex::default(),
        }
    }

    /// The same, with the moment from which on this inbox brings in what was written.
    pub(super) async fn with_since(mut self) -> Result<Self, IngestError> {
        let since = if let Some(since) = self.moment(SINCE).await? {
            since
        } else {
            let since = self.ctx.clock.now().minus(FIRST_LOOK);
            self.commit(Vec::new(), Some((SINCE, since.millis().to_string()))).await?;
            since
        };
        self.since = Snowflake::before(since);
        Ok(self)
    }

    async fn moment(&self, scope: &str) -> Result<Option<Timestamp>, IngestError> {
        Ok(self.cursor(scope).await?.and_then(|millis| millis.parse().ok()).map(Timestamp))
    }

    /// Up to when all is in.
    pub(super) async fn complete_up_to(&self) -> Result<Option<Timestamp>, IngestError> {
        self.moment(COMPLETE).await
    }

    /// All that was there at this moment is in.
    pub(super) async fn complete(&self, at: Timestamp) -> Result<(), super::Stop> {
        let cursor = at.millis().to_string();
        let known = self.complete_up_to().await?;
        let batch = Batch {
            events: self.gap(known, at).into_iter().collect(),
            cursor: Some((Scope::from(COMPLETE), Cursor(cursor.clone()))),
            complete_up_to: Some(at),
        };
        self.ctx.ingress.ingest(batch).await?;
        self.remember(COMPLETE, Some(cursor));
        self.condition.complete();
        Ok(())
    }

    /// What no look can find after a long absence.
    fn gap(&self, known: Option<Timestamp>, at: Timestamp) -> Option<InboundEvent> {
        let from = known.filter(|known| at.since(*known) > self.settings.listing_interval * 3)?;
        let reason = "Discord lists no private channel: who wrote there for the first time while the bot was away \
            is seen when they write again.";
        let gap = InboundEvent::Gap { from, to: at, reason: reason.to_owned() };
        self.settings.direct_messages.then_some(gap)
    }

    /// What was last committed under this scope.
    pub async fn cursor(&self, scope: &str) -> Result<Option<String>, IngestError> {
        if let Some(known) = self.cursors.lock().unwrap_or_else(PoisonError::into_inner).get(scope) {
            return Ok(known.clone());
        }
        let cursor = self.ctx.ingress.cursor(&Scope::from(scope)).await?.map(|cursor| cursor.0);
        self.remember(scope, cursor.clone());
        Ok(cursor)
    }

    /// The message up to which a channel is in.
    pub async fn position(&self, channel: Snowflake) -> Result<Option<Snowflake>, IngestError> {
        Ok(self.cursor(&channel.to_string()).await?.and_then(|cursor| cursor.parse().ok()))
    }

    /// Commits events and a cursor together.
    pub async fn commit(
        &self,
        events: Vec<InboundEvent>,
        cursor: Option<(&str, String)>,
    ) -> Result<(), IngestError> {
        let batch = Batch {
            events,
            cursor: cursor.as_ref().map(|(scope, cursor)| (Scope::from(*scope), Cursor(cursor.clone()))),
            complete_up_to: None,
        };
        self.ctx.ingress.ingest(batch).await?;
        if let Some((scope, cursor)) = cursor {
            self.remember(scope, Some(cursor));
        }
        Ok(())
    }

    pub(super) fn remember(&self, scope: &str, cursor: Option<String>) {
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.to_owned(), cursor);
    }
}
