//! One folder: what of it is new, listed piece by piece.

use std::{collections::VecDeque, time::Duration};

use rapport_sdk::{
    Context,
    model::{Timestamp, id::Scope},
};

use super::{
    Stop,
    cursor::{Backlog, Progress},
    memory::Key,
};
use crate::{
    config::Start,
    imap::{Link, Listed, Opened, Refusal, Trouble, uid_set},
};

/// So many mails are listed at once: their sizes are kept until they are fetched.
const LISTED: usize = 500;
const DAY: Duration = Duration::from_hours(24);
/// How far before the last mail that is known a folder is read again when all its UIDs changed.
const OVERLAP: Duration = Duration::from_hours(48);
/// How far back a folder is read whose resume point can't be read: a newer version wrote it.
const FOREIGN: Duration = Duration::from_hours(30 * 24);

/// One folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) is_sent: bool,
    /// How far it was read, as far as that was handed on to be stored.
    pub(super) progress: Option<Progress>,
    /// How it was when it was last opened.
    pub(super) seen: Opened,
    /// Why it can't be read.
    pub(super) problem: Option<Refusal>,
    /// What is new and not listed yet.
    unlisted: VecDeque<u32>,
    /// What is listed and not fetched yet.
    listed: VecDeque<Listed>,
    /// The latest date of a mail that was taken: it is never behind, so that the order of arrival stays.
    clock: Timestamp,
}

/// What a person has to know about a folder that can't be opened.
pub(super) fn complaint(name: &str, refusal: Refusal) -> String {
    match refusal {
        Refusal::Nonexistent => {
            format!(
                "The mailbox has no folder \"{name}\": change folders, or sent_folder, to one that it has."
            )
        }
        Refusal::Forbidden => format!("The folder \"{name}\" may not be read: let this user read it."),
        Refusal::Unavailable => {
            format!("The server can't open the folder \"{name}\" for now; it is tried again.")
        }
        Refusal::Other => format!("The folder \"{name}\" can't be opened: look at it with a mail program."),
    }
}

impl Folder {
    pub(super) fn new(name: &str, is_sent: bool) -> Self {
        Self {
            name: name.to_owned(),
            is_sent,
            progress: None,
            seen: Opened::default(),
            problem: None,
            unlisted: VecDeque::new(),
            listed: VecDeque::new(),
            clock: Timestamp(i64::MIN),
        }
    }

    pub(super) fn key(&self, uid: u32) -> Key {
        (self.name.clone(), self.seen.uid_validity, uid)
    }

    /// Opens the folder and finds what is new in it. Whether its resume point changed by that.
    pub(super) async fn begin(&mut self, ctx: &Context, link: &mut Link, start: Start) -> Result<bool, Stop> {
        self.unlisted.clear();
        self.listed.clear();
        self.clock = Timestamp(i64::MIN);
        self.seen = match link.open(&self.name).await {
            Ok(opened) => opened,
            Err(Trouble::Refused(refusal)) => {
                self.problem = Some(refusal);
                return Ok(false);
            }
            Err(trouble) => return Err(trouble.into()),
        };
        self.problem = None;
        let uid_validity = self.seen.uid_validity;
        let known = match self.progress.take() {
            Some(progress) => Some(progress),
            None => self.stored(ctx).await?,
        };
        let unchanged = known.as_ref().is_some_and(|progress| progress.uid_validity == uid_validity);
        let progress = match known {
            Some(progress) if unchanged => progress,
            known => self.beginning(ctx, link, start, known).await?,
        };
        self.unlisted = self.news(link, &progress).await?.into();
        self.progress = Some(progress);
        Ok(!unchanged)
    }

    async fn stored(&self, ctx: &Context) -> Result<Option<Progress>, Stop> {
        let cursor = ctx.ingress.cursor(&Scope::from(&self.name[..])).await?;
        Ok(cursor.map(|cursor| {
            Progress::read(&cursor).unwrap_or_else(|| {
                // No folder has this UIDVALIDITY (RFC 3501: it is not zero).
                Progress::new(0, 1, None, ctx.clock.now().minus(FOREIGN))
            })
        }))
    }

    /// Where to begin in a folder that was never read, or whose UIDs mean something else now.
    async fn beginning(
        &self,
        ctx: &Context,
        link: &mut Link,
        start: Start,
        known: Option<Progress>,
    ) -> Result<Progress, Stop> {
        let top = self.top(link).await?;
        let (since, latest) = match (known, start) {
            (Some(progress), _) => (Some(progress.oldest_open().minus(OVERLAP)), progress.latest),
            (None, Start::Now) => (None, ctx.clock.now()),
            (None, Start::Days(days)) => {
                let since = ctx.clock.now().minus(DAY.saturating_mul(days));
                (Some(since), since)
            }
        };
        let backlog = since.map(|since| Backlog { since, until: top });
        let next = if backlog.is_some() { 1 } else { top };
        Ok(Progress::new(self.seen.uid_validity, next, backlog, latest))
    }

    /// Above every UID of now.
    async fn top(&self, link: &mut Link) -> Result<u32, Trouble> {
        match self.seen.uid_next {
            Some(next) => Ok(next),
            None if self.seen.exists == 0 => Ok(1),
            None => Ok(link.search("UID *").await?.last().map_or(1, |last| last.saturating_add(1))),
        }
    }

    async fn news(&self, link: &mut Link, progress: &Progress) -> Result<Vec<u32>, Trouble> {
        // Some servers refuse any UID in an empty folder.
        if self.seen.exists == 0 {
            return Ok(Vec::new());
        }
        let mut uids = Vec::new();
        let mut from = progress.next;
        if let Some(Backlog { since, until }) = progress.backlog {
            if from < until {
                let criteria = format!("UID {from}:{} SINCE {}", until - 1, day(since.minus(DAY)));
                uids = link.search(&criteria).await?;
                uids.retain(|uid| (from..until).contains(uid));
            }
            from = from.max(until);
        }
        if self.seen.uid_next.is_none_or(|next| next > from) {
            // Where there is none above, `*` is the last one below.
            let found = link.search(&format!("UID {from}:*")).await?;
            uids.extend(found.into_iter().filter(|uid| *uid >= from));
        }
        Ok(uids)
    }

    /// When the next mail came; `None` where there is none. A mail without a date counts as just come.
    pub(super) async fn peek(
        &mut self,
        link: &mut Link,
        plain: bool,
        now: Timestamp,
    ) -> Result<Option<(Timestamp, &Listed)>, Trouble> {
        while self.listed.is_empty() && !self.unlisted.is_empty() {
            let piece: Vec<u32> = self.unlisted.drain(..LISTED.min(self.unlisted.len())).collect();
            self.list(link, &piece, plain).await?;
        }
        let clock = self.clock;
        Ok(self.listed.front().map(|mail| (mail.at.unwrap_or(now).max(clock), mail)))
    }

    /// Takes the mail that was looked at.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Listed> {
        let mail = self.listed.pop_front()?;
        self.clock = self.clock.max(mail.at.unwrap_or(now));
        Some(mail)
    }

    async fn list(&mut self, link: &mut Link, uids: &[u32], plain: bool) -> Result<(), Trouble> {
        link.turn_to(&self.name, self.seen.uid_validity).await?;
        let mut mails = link.list(uids, plain).await?;
        let missing = |mails: &[Listed]| -> Vec<u32> {
            uids.iter()
                .copied()
                .filter(|uid| mails.binary_search_by_key(uid, |mail| mail.uid).is_err())
                .collect()
        };
        let mut absent = missing(&mails);
        if !absent.is_empty() {
            // They were there a moment ago: removed meanwhile, or left out.
            mails.extend(link.list(&absent, plain).await.unwrap_or_default());
            mails.sort_by_key(|mail| mail.uid);
            absent = missing(&mails);
        }
        if !absent.is_empty() {
            // Those that are still there are asked for all the same, whatever they are.
            let there = self.existing(link, &absent).await?;
            mails.extend(there.into_iter().map(|uid| Listed {
                uid,
                size: None,
                at: None,
                flags: Vec::new(),
            }));
            mails.sort_by_key(|mail| mail.uid);
        }
        if let Some(Backlog { since, until }) = self.progress.as_ref().and_then(|progress| progress.backlog) {
            mails.retain(|mail| mail.uid >= until || mail.at.is_none_or(|at| at >= since));
        }
        self.listed.extend(mails);
        Ok(())
    }

    /// Which of these mails are still there. The folder is opened again: in one that was deleted under
    /// us Dovecot finds nothing and says OK.
    pub(super) async fn existing(&self, link: &mut Link, uids: &[u32]) -> Result<Vec<u32>, Trouble> {
        let opened = link.open(&self.name).await?;
        if opened.uid_validity != self.seen.uid_validity {
            return Err(Trouble::Moved);
        }
        if opened.exists == 0 {
            return Ok(Vec::new());
        }
        let mut there = link.search(&format!("UID {}", uid_set(uids))).await?;
        there.retain(|uid| uids.contains(uid));
        Ok(there)
    }

    /// Ends a first reading once all of it was handed on. Whether the resume point changed by that.
    pub(super) async fn end_backlog(&mut self, link: &mut Link) -> Result<bool, Trouble> {
        let Some(progress) = self.progress.as_mut() else { return Ok(false) };
        let Some(backlog) = progress.backlog else { return Ok(false) };
        if link.open(&self.name).await?.uid_validity != progress.uid_validity {
            return Err(Trouble::Moved);
        }
        progress.backlog = None;
        progress.next = progress.next.max(backlog.until);
        Ok(true)
    }
}

/// A date as a search writes it (RFC 3501 section 9).
fn day(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis().max(0)).unwrap_or_default();
    at.strftime("%-d-%b-%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_a_search_wants_it() {
        assert_eq!(day(Timestamp(1_767_268_800_000)), "1-Jan-2026");
        assert_eq!(day(Timestamp(i64::MIN)), "1-Jan-1970");
    }
}
