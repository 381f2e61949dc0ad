//! What comes in, by question or by call. Nothing is acknowledged before it is durable: the next question
//! acknowledges what came by the last one, a 2xx what came by a call.

mod polling;
mod webhook;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::RngExt as _;
use rapport_sdk::{
    ConnectorError, Context, IngestError,
    model::{
        Health, InboundEvent, Timestamp,
        id::{Cursor, Scope},
    },
};

use crate::{
    api::{Api, CallError},
    config::{Groups, Mode, TelegramSettings},
    reading::Ourselves,
    standing::{Change, Standing},
    wire::User,
};

/// How long Telegram keeps an update for us (<https://core.telegram.org/bots/api#getting-updates>).
const KEPT: Duration = Duration::from_hours(24);
/// The scope of the one resume point.
const UPDATES: &str = "updates";
/// For how long another program that asks in our place is worth telling: the two of us take turns, so between two
/// of its questions one of ours is answered.
const RIVAL_SHOWS: Duration = Duration::from_mins(1);
/// The first and the longest wait after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(2));

/// The receiving side of one inbox.
pub struct Inbound {
    api: Arc<Api>,
    settings: TelegramSettings,
    ours: Ourselves,
    standing: Mutex<Standing>,
}

/// Why a turn ended early.
#[derive(Debug)]
enum Stop {
    /// Telegram, and what it said.
    Call(CallError),
    /// Nothing was stored.
    Store(Duration),
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<IngestError> for Stop {
    fn from(IngestError::Unavailable { retry_after }: IngestError) -> Self {
        Self::Store(retry_after)
    }
}

/// The resume point: what is to be acknowledged, and when we last knew that all is here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Resume {
    /// The number to ask from: one above the last that was stored. None where all is acknowledged.
    offset: Option<i64>,
    /// When the last question was put that was answered.
    asked: Option<Timestamp>,
}

impl Resume {
    fn read(cursor: &Cursor) -> Self {
        let mut words = cursor.as_str().split(' ').map(|word| word.parse().ok());
        Self { offset: words.next().flatten(), asked: words.next().flatten().map(Timestamp) }
    }

    fn cursor(self) -> (Scope, Cursor) {
        let offset = self.offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
        let asked = self.asked.map_or(0, Timestamp::millis);
        (Scope::from(UPDATES), Cursor(format!("{offset} {asked}")))
    }

    /// What Telegram has thrown away meanwhile.
    fn gap(self, now: Timestamp) -> Option<InboundEvent> {
        let from = self.asked.filter(|asked| now.since(*asked) > KEPT)?;
        Some(InboundEvent::Gap {
            from,
            to: now.minus(KEPT),
            reason: "Telegram keeps messages for 24 hours, and has no list of older ones.".to_owned(),
        })
    }
}

impl Inbound {
    /// The receiving side of an inbox with these settings.
    pub fn new(api: Arc<Api>, settings: TelegramSettings, ours: Ourselves) -> Self {
        Self { api, settings, ours, standing: Mutex::default() }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, changes: Vec<Change>) {
        let mut standing = self.standing();
        for change in changes {
            standing.apply(change);
        }
    }

    /// Receives until shutdown.
    pub async fn run(&self, ctx: &Context) -> Result<(), ConnectorError> {
        let result = tokio::select! {
            () = ctx.shutdown.cancelled() => Ok(()),
            result = self.receive_for_ever(ctx) => result,
        };
        if result.is_ok() {
            ctx.health.report(Health::Stopped);
        }
        result
    }

    async fn receive_for_ever(&self, ctx: &Context) -> Result<(), ConnectorError> {
        let mut failures = 0;
        let mut session = Session::default();
        loop {
            let turn = match self.settings.mode {
                Mode::Poll => self.poll(ctx, &mut session).await,
                Mode::Webhook => self.watch(ctx, &mut session).await,
            };
            let wait = match turn {
                Ok(pause) => {
                    failures = 0;
                    pause
                }
                Err(stop) => {
                    failures += 1;
                    session.settled = false;
                    self.trouble(ctx, &mut session, stop)?.max(back_off(failures))
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Looks at who we are, where it is time for that.
    async fn look(&self, ctx: &Context, session: &mut Session) -> Result<(), Stop> {
        let now = ctx.clock.now();
        if session.looked.is_none_or(|looked| now.since(looked) >= self.settings.look) {
            session.me = Some(self.api.me().await?);
            session.looked = Some(now);
        }
        Ok(())
    }

    /// What to write where the inbox's address is not the token's bot.
    pub fn misnamed(&self, me: &User) -> Option<String> {
        let name = me.username.as_deref().unwrap_or_default();
        let written = self.settings.address.expose();
        (!name.eq_ignore_ascii_case(written.trim_start_matches('@'))).then(|| {
            format!("The token is that of @{name}, and addresses names {written}: write [\"@{name}\"].")
        })
    }

    /// Reports a failure and says how long to wait at least; an error where no waiting mends it.
    fn trouble(&self, ctx: &Context, session: &mut Session, stop: Stop) -> Result<Duration, ConnectorError> {
        if let Stop::Call(CallError::Refused(refusal)) = &stop
            && refusal.is_conflict()
            && !refusal.is_about_a_webhook()
        {
            let now = ctx.clock.now();
            session.rival = Some(now);
            ctx.health.report(self.health(session, None, now));
            return Ok(Duration::ZERO);
        }
        trouble(ctx, stop)
    }

    /// How it fares where updates come: what a person should set right.
    fn health(&self, session: &Session, further: Option<String>, now: Timestamp) -> Health {
        let mut reasons: Vec<String> = further.into_iter().collect();
        if session.rival.is_some_and(|seen| now.since(seen) < RIVAL_SHOWS) {
            reasons.push(
                "Another program polls this bot: stop it, or ask BotFather for a new token (/revoke). Until then \
                 messages may go there."
                    .to_owned(),
            );
        }
        if let Some(me) = &session.me {
            reasons.extend(self.misnamed(me));
            if self.settings.groups == Groups::All && me.can_read_all_group_messages == Some(false) {
                reasons.push(
                    "The bot sees no more of a group than what is meant for it: send /setprivacy to BotFather, \
                     choose Disable, and add the bot to the group again; or make it an administrator there."
                        .to_owned(),
                );
            }
        }
        reasons.extend(self.standing().reasons().map(str::to_owned));
        if reasons.is_empty() { Health::Connected } else { Health::Degraded { reason: reasons.join(" ") } }
    }
}

/// What one run remembers.
#[derive(Debug, Default)]
struct Session {
    /// Whether the way by which updates come was set up.
    prepared: bool,
    /// Whether the last question was answered, so that the next one may wait at Telegram.
    settled: bool,
    /// The resume point, once it was read.
    resume: Option<Resume>,
    /// Who we are.
    me: Option<User>,
    /// When that was asked.
    looked: Option<Timestamp>,
    /// When another program last asked in our place.
    rival: Option<Timestamp>,
}

/// The same where nothing is remembered of it.
fn trouble(ctx: &Context, stop: Stop) -> Result<Duration, ConnectorError> {
    let error = match stop {
        Stop::Store(retry_after) => {
            ctx.health.report(Health::Degraded {
                reason: "What came in could not be stored; it is fetched again.".to_owned(),
            });
            return Ok(retry_after);
        }
        Stop::Call(CallError::Refused(refusal)) if refusal.is_about_a_webhook() => {
            ctx.health.report(Health::Reconnecting {
                reason: "Another program has set a webhook for this bot: it is taken away.".to_owned(),
            });
            return Ok(Duration::ZERO);
        }
        Stop::Call(error) => ConnectorError::from(error),
    };
    match &error {
        ConnectorError::Transient { retry_after, reason } => {
            ctx.health.report(Health::Reconnecting { reason: reason.clone() });
            return Ok(retry_after.unwrap_or_default());
        }
        ConnectorError::Unauthorized => ctx.health.report(Health::Unauthorized),
        ConnectorError::Misconfigured { reason } => {
            ctx.health.report(Health::Misconfigured { reason: reason.clone() });
        }
    }
    Err(error)
}

/// Doubles with every failure up to a bound, less a part that chance decides: of two programs that poll
/// one bot, both would otherwise come back at the same time for ever.
fn back_off(failures: u32) -> Duration {
    let (first, longest) = BACK_OFF;
    let full = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(16))).min(longest);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_point_is_read_back_and_one_that_can_not_be_read_asks_for_all() {
        for resume in [
            Resume { offset: Some(7), asked: Some(Timestamp(1_790_000_000_000)) },
            Resume { offset: None, asked: Some(Timestamp(5)) },
        ] {
            assert_eq!(Resume::read(&resume.cursor().1), resume);
        }
        assert_eq!(Resume::read(&"nonsense".into()), Resume::default());
    }

    #[test]
    fn a_gap_is_what_is_older_than_a_day_and_newer_than_the_last_answer() {
        let hour = 3_600_000;
        let asked = Resume { offset: None, asked: Some(Timestamp(0)) };
        assert_eq!(asked.gap(Timestamp(24 * hour)), None);
        let gap = asked.gap(Timestamp(30 * hour));
        assert!(matches!(gap, Some(InboundEvent::Gap { from: Timestamp(0), to, .. }) if to.0 == 6 * hour));
        assert_eq!(Resume::default().gap(Timestamp(30 * hour)), None, "there was nothing before");
    }
}
