//! Reads one channel: what is new in its history, and what became of single messages.
//!
//! The position of a channel follows what its history told and nothing else. Each look reaches back a
//! little, because a history may show a message after a later one.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rapport_sdk::model::{
    Address, Author, InboundEvent, Timestamp, Trust,
    event::{InboundMessage, ReachChange},
};
use serde_json::value::RawValue;

use super::{Stop, condition::Trouble, desk::Desk};
use crate::{
    api::{Api, Failure},
    gateway::Reaction,
    message::{self, Reading, Record},
    place::{Place, PlaceKind, message_id},
    sabotage::{self, Rule},
    snowflake::Snowflake,
};

/// The most messages of a page.
const PAGE: usize = 100;
/// How far a look reaches back before the position.
const OVERLAP: Duration = Duration::from_secs(5);
/// How often, and how long apart, a message that was told of is looked for.
const TRIES: (u32, Duration) = (4, Duration::from_millis(250));
/// More than any overlap brings.
const MOST_SEEN: usize = 20_000;
/// The bits of an application that may read texts in servers.
const MAY_READ: u64 = (1 << 18) | (1 << 19);
/// What stands for a kind of message that is not known yet.
const UNKNOWN_KIND: &str = "(A kind of message that can be seen at Discord only.)";

/// What became of a message that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It may be another now.
    Changed(Snowflake),
    /// They were taken back.
    Deleted(Vec<Snowflake>),
    /// Somebody reacted to it.
    Reacted(Snowflake, Reaction),
}

/// What this run has brought in: spares the store the repetitions of the overlap.
#[derive(Default)]
pub struct Seen(Mutex<Versions>);

/// Messages with their versions, and in the order in which they came.
#[derive(Default)]
struct Versions {
    set: HashSet<(Snowflake, i64)>,
    order: VecDeque<(Snowflake, i64)>,
}

impl Seen {
    /// Whether this version of a message is in; 0 is the first.
    fn has(&self, message: Snowflake, version: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).set.contains(&(message, version))
    }

    fn note(&self, message: Snowflake, version: i64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.set.insert((message, version)) {
            seen.order.push_back((message, version));
        }
        if seen.order.len() > MOST_SEEN
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.set.remove(&oldest);
        }
    }
}

/// A page of a history as events.
#[derive(Default)]
struct Page {
    events: Vec<InboundEvent>,
    /// The last message of it that may be passed.
    last: Option<Snowflake>,
    ids: Vec<Snowflake>,
    full: bool,
    /// Who wrote in the support channel, by which name, in which message.
    writers: Vec<(Snowflake, Option<String>, Snowflake)>,
    /// Who is back after we could not reach them.
    back: Vec<String>,
}

impl Desk {
    /// Brings in what a channel has and we have not; `expected` was told of and has to be there.
    pub(super) async fn read_history(&self, place: &Place, expected: Option<Snowflake>) -> Result<(), Stop> {
        for _ in 0..TRIES.0 {
            self.read_pages(place).await?;
            if expected.is_none_or(|message| self.seen.has(message, 0)) {
                return Ok(());
            }
            tokio::time::sleep(TRIES.1).await;
        }
        // Deleted at once, or late: the next look at everything finds it.
        Ok(())
    }

    async fn read_pages(&self, place: &Place) -> Result<(), Stop> {
        let scope = place.channel.to_string();
        let position = self.position(place.channel).await?;
        let mut after = position.map_or(self.since, |position| {
            Snowflake::before(position.at().minus(OVERLAP)).max(self.since).min(position)
        });
        loop {
            let path = format!("/channels/{}/messages", place.channel);
            let query = [("after", after.to_string()), ("limit", PAGE.to_string())];
            let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
            let records: Vec<Box<RawValue>> = self.api.get_with(&path, &query).await?;
            let page = self.read_page(place, &records).await?;
            let ahead = page.last.filter(|last| position.is_none_or(|position| *last > position));
            if ahead.is_some() || !page.events.is_empty() {
                let cursor = ahead.map(|last| (scope.as_str(), last.to_string()));
                if sabotage::breaks(Rule::CursorWithMessages) {
                    self.commit(Vec::new(), cursor.clone()).await?;
                }
                self.commit(page.events, cursor).await?;
            }
            for id in &page.ids {
                self.seen.note(*id, 0);
            }
            for scope in page.back {
                self.commit(Vec::new(), Some((&scope, String::new()))).await?;
            }
            for (user, name, message) in page.writers {
                self.welcome(place.channel, user, name.as_deref(), message).await?;
            }
            match page.last.filter(|_| page.full) {
                Some(last) if last > after => after = last,
                _ => return Ok(()),
            }
        }
    }

    async fn read_page(&self, place: &Place, records: &[Box<RawValue>]) -> Result<Page, Stop> {
        let mut page = Page { full: records.len() >= PAGE, ..Page::default() };
        let mut sorted: Vec<(Snowflake, &str, Option<Record>)> = Vec::new();
        for json in records.iter().map(|record| record.get()) {
            let record = serde_json::from_str::<Record>(json).ok();
            match record.as_ref().map(|record| record.id).or_else(|| message::id_of(json)) {
                Some(id) => sorted.push((id, json, record)),
                None => page.events.push(message::unreadable(json, place, self.us, self.ctx.clock.now())),
            }
        }
        // The order of a page is the server's own affair.
        sorted.sort_by_key(|(id, ..)| *id);
        for (id, json, record) in sorted {
            if !self.seen.has(id, 0) {
                let reading = if let Some(record) = &record {
                    message::read(record, json, place, self.us)
                } else {
                    page.events.push(message::unreadable(json, place, self.us, self.ctx.clock.now()));
                    Reading::Nothing
                };
                match reading {
                    Reading::Nothing => {}
                    Reading::Message(message) => self.take(place, id, *message, &mut page).await?,
                    Reading::Blank(message) => {
                        if place.is_in_guild() && !self.may_read().await? {
                            // It is read when Discord shows it: nobody is served by an empty text.
                            page.full = false;
                            return Ok(page);
                        }
                        let message = InboundMessage { text: UNKNOWN_KIND.to_owned(), ..*message };
                        self.take(place, id, message, &mut page).await?;
                    }
                }
            }
            page.ids.push(id);
            page.last = Some(id);
        }
        Ok(page)
    }

    async fn take(
        &self,
        place: &Place,
        id: Snowflake,
        message: InboundMessage,
        page: &mut Page,
    ) -> Result<(), Stop> {
        if let Author::Contact { address, name, is_bot: false, .. } = &message.author {
            let user = address.expose().parse().ok();
            match (&place.kind, user) {
                (PlaceKind::Support, Some(user)) => page.writers.push((user, name.clone(), id)),
                (PlaceKind::Direct, Some(user)) => {
                    let scope = unreachable_scope(user);
                    if self.cursor(&scope).await?.is_some_and(|since| !since.is_empty()) {
                        let change = ReachChange::Back;
                        page.events.push(InboundEvent::Reach {
                            address: address.clone(),
                            change,
                            at: message.at,
                        });
                        page.back.push(scope);
                    }
                }
                _ => {}
            }
        }
        page.events.push(InboundEvent::Message(Box::new(message)));
        Ok(())
    }

    /// Whether the application may read texts in servers; notes it where it may not.
    pub(super) async fn may_read(&self) -> Result<bool, Stop> {
        let may_read = may_read(&self.api).await?;
        let reason = "Discord withholds what is written in the server: turn on Message Content Intent at the \
            developer portal, page Bot. What was written meanwhile is read then.";
        self.condition.trouble(Trouble::Withheld, (!may_read).then(|| reason.to_owned()));
        Ok(may_read)
    }

    /// Brings in what became of messages, in the order in which it was told.
    pub(super) async fn do_acts(&self, place: &Place, acts: &[Act]) -> Result<(), Stop> {
        let mut events = Vec::new();
        let mut changed = Vec::new();
        for act in acts {
            match act {
                Act::Changed(message) => {
                    let path = format!("/channels/{}/messages/{message}", place.channel);
                    let json = match self.api.get::<Box<RawValue>>(&path).await {
                        Ok(json) => json,
                        Err(failure) if failure.is_gone() => continue,
                        Err(failure) => return Err(failure.into()),
                    };
                    let record = serde_json::from_str::<Record>(json.get()).ok();
                    let Some(record) = record else { continue };
                    let version = record.edited_at().map_or(0, Timestamp::millis);
                    if version != 0 && !self.seen.has(*message, version) {
                        events.extend(message::edit(&record, json.get(), place, self.us));
                        changed.push((*message, version));
                    }
                }
                Act::Deleted(messages) => {
                    let at = self.ctx.clock.now();
                    let ids = messages.iter().map(|message| message_id(place.channel, *message));
                    events.extend(ids.map(|id| InboundEvent::Retraction { id, at }));
                }
                Act::Reacted(message, reaction) if reaction.user != self.us.user => {
                    events.push(InboundEvent::Reaction {
                        id: message_id(place.channel, *message),
                        author: Author::Contact {
                            address: Address::new(reaction.user.to_string()),
                            name: reaction.name.clone(),
                            trust: Trust::Proven,
                            can_reply: true,
                            is_bot: reaction.is_bot,
                        },
                        reaction: reaction.emoji.clone(),
                        at: self.ctx.clock.now(),
                    });
                }
                Act::Reacted(..) => {}
            }
        }
        if !events.is_empty() {
            self.commit(events, None).await?;
        }
        for (message, version) in changed {
            self.seen.note(message, version);
        }
        Ok(())
    }

    /// Somebody can't be written to in private any more.
    pub async fn note_unreachable(&self, user: Snowflake) -> Result<(), Stop> {
        let now = self.ctx.clock.now();
        let change = ReachChange::Unreachable;
        let event = InboundEvent::Reach { address: Address::new(user.to_string()), change, at: now };
        let scope = unreachable_scope(user);
        Ok(self.commit(vec![event], Some((&scope, now.millis().to_string()))).await?)
    }

    /// What a channel that can't be read means.
    pub(super) fn lost(&self, place: &Place, failure: Failure) -> Result<(), Stop> {
        let readable = "Give the bot View Channel and Read Message History in";
        match (failure.is_gone(), &place.kind) {
            (true, PlaceKind::Support) => {
                self.condition.trouble(Trouble::Support, Some(format!("{readable} support_channel.")));
                Ok(())
            }
            // A thread that was deleted, or one that we may not see any more.
            (true, _) => Ok(()),
            (false, _) => Err(failure.into()),
        }
    }
}

/// Whether the application may read texts in servers.
pub async fn may_read(api: &Api) -> Result<bool, Failure> {
    #[derive(serde::Deserialize)]
    struct Application {
        #[serde(default)]
        flags: u64,
    }
    let application: Application = api.get("/applications/@me").await?;
    Ok(application.flags & MAY_READ != 0)
}

fn unreachable_scope(user: Snowflake) -> String {
    format!("unreachable/{user}")
}
