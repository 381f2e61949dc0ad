//! One look at all folders: what is new, in the order in which it came, in batches.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use rapport_sdk::{
    Context,
    model::{Health, Timestamp},
};
use tokio::sync::mpsc::{Sender, channel};

use super::{
    Receiving, Stop,
    cursor::HeldBack,
    folder::{Folder, complaint},
    hard::Had,
    memory::Memory,
    storing::{self, Chunk, Item},
};
use crate::{
    imap::{Link, Listed, Refusal, Trouble, Wanted},
    inbound::Fetched,
};

/// So many mails are fetched and stored together at first, and twice as many each time: so a process that
/// never lives long, because its machine runs out of memory, gets on too.
const FIRST_MAILS: usize = 10;
/// The most mails, and bytes of them, that are fetched and stored together.
const MOST_MAILS: usize = 200;
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// So much of a mail is fetched that is larger than what is read.
pub(super) const BEGINNING: u32 = 256 * 1024;
/// So many mails of a folder are held back at once.
const MOST_HELD_BACK: usize = 100;
/// So many mails one after the other are held back before the server as a whole is taken to be ill.
const MOST_REFUSED: usize = 3;

/// What a look found.
pub(super) struct Looked {
    pub(super) health: Health,
    /// When mails that are held back are to be asked for again.
    pub(super) retry: Option<Duration>,
}

/// Looks at all folders, and returns when all that was found is stored.
pub(super) async fn look(
    receiving: &Receiving,
    ctx: &Context,
    link: &mut Link,
    folders: &mut [Folder],
    memory: &mut Memory,
) -> Result<Looked, Stop> {
    // One batch waits while one is read, one is stored and one is fetched: that bounds the memory.
    let (fetched, to_read) = channel(1);
    let (read, to_store) = channel(1);
    let mut round = Round {
        receiving,
        ctx,
        link,
        folders,
        memory,
        out: fetched,
        now: ctx.clock.now(),
        most: FIRST_MAILS,
    };
    let looking = async move { round.run().await };
    let reading = storing::read(&receiving.translator, to_read, read);
    let storing = storing::store(receiving, ctx, to_store);
    // Also after a failure what was fetched whole is stored.
    let (looked, (), ()) = tokio::join!(looking, reading, storing);
    looked
}

pub(super) struct Round<'a> {
    pub(super) receiving: &'a Receiving,
    ctx: &'a Context,
    pub(super) link: &'a mut Link,
    pub(super) folders: &'a mut [Folder],
    pub(super) memory: &'a mut Memory,
    out: Sender<Chunk>,
    pub(super) now: Timestamp,
    /// How many mails the next batch has at most.
    most: usize,
}

/// A mail in its turn: its folder, when it came, and what the folder says about it.
struct Turn {
    folder: usize,
    at: Timestamp,
    mail: Listed,
}

impl Round<'_> {
    async fn run(&mut self) -> Result<Looked, Stop> {
        for index in 0..self.folders.len() {
            let folder = &mut self.folders[index];
            if folder.begin(self.ctx, self.link, self.receiving.settings.start).await? {
                self.hand_on(Vec::new(), [index].into()).await?;
            }
        }
        if self.folders.iter().all(|folder| folder.problem.is_some()) {
            let passing = |folder: &Folder| folder.problem == Some(Refusal::Unavailable);
            if self.folders.iter().any(passing) {
                return Err(Trouble::Refused(Refusal::Unavailable).into());
            }
            return Err(Trouble::Misconfigured(self.complaints().trim_end_matches('.').to_owned()).into());
        }
        while let Some(turns) = self.next_batch().await? {
            self.fetch(turns).await?;
        }
        self.try_held_back().await?;
        if self.has_room() {
            for index in 0..self.folders.len() {
                if self.folders[index].problem.is_none() && self.folders[index].end_backlog(self.link).await?
                {
                    self.hand_on(Vec::new(), [index].into()).await?;
                }
            }
        }
        let problems = self.complaints();
        let held_back: usize = self.held_back().count();
        if problems.is_empty() && held_back == 0 {
            let chunk = Chunk { complete_up_to: Some(self.now), ..Chunk::default() };
            self.send(chunk).await?;
        }
        let health = match (&problems[..], held_back) {
            ("", 0) => Health::Connected,
            ("", count) => Health::Degraded {
                reason: format!(
                    "The server does not give {count} of the mails that it lists; they are asked for again."
                ),
            },
            (problems, _) => Health::Degraded { reason: problems.to_owned() },
        };
        let retry = self.held_back().map(|key| self.memory.until_due(&key)).min();
        Ok(Looked { health, retry })
    }

    fn complaints(&self) -> String {
        let complaint = |folder: &Folder| Some(complaint(&folder.name, folder.problem?));
        self.folders.iter().filter_map(complaint).collect::<Vec<_>>().join(" ")
    }

    fn held_back(&self) -> impl Iterator<Item = super::memory::Key> {
        self.folders.iter().flat_map(|folder| {
            let progress = folder.progress.iter().filter(|_| folder.problem.is_none());
            progress.flat_map(|progress| &progress.held_back).map(|held| folder.key(held.uid))
        })
    }

    fn has_room(&self) -> bool {
        let full = |folder: &Folder| {
            folder.progress.as_ref().is_some_and(|progress| progress.held_back.len() >= MOST_HELD_BACK)
        };
        !self.folders.iter().any(full)
    }

    /// The next mails of all folders in the order of their arrival; `None` at the end.
    async fn next_batch(&mut self) -> Result<Option<Vec<Turn>>, Trouble> {
        let mut turns: Vec<Turn> = Vec::new();
        let mut bytes = 0;
        while turns.len() < self.most && self.has_room() {
            let Some((folder, at, size, losses)) = self.next().await? else { break };
            // A mail at which the connection broke is fetched alone, to be sure that it is the one.
            if !turns.is_empty() && (losses > 0 || bytes + size > MOST_BYTES) {
                break;
            }
            let Some(mail) = self.folders[folder].take(self.now) else { break };
            turns.push(Turn { folder, at, mail });
            bytes += size;
            if losses > 0 {
                break;
            }
        }
        self.most = (self.most * 2).min(MOST_MAILS);
        Ok((!turns.is_empty()).then_some(turns))
    }

    /// The folder whose next mail came first, when that was, how much of it is fetched, and how often that failed.
    async fn next(&mut self) -> Result<Option<(usize, Timestamp, u64, u32)>, Trouble> {
        let mut first: Option<(usize, Timestamp, u64, u32)> = None;
        for (index, folder) in self.folders.iter_mut().enumerate() {
            if folder.problem.is_some() {
                continue;
            }
            let plain = self.memory.plain;
            let peeked = folder.peek(self.link, plain, self.now).await;
            if matches!(peeked, Err(Trouble::Lost(_))) {
                self.memory.plain = true;
            }
            let Some((at, mail)) = peeked? else { continue };
            if first.is_none_or(|(_, earliest, ..)| at < earliest) {
                let (uid, size) = (mail.uid, mail.bytes());
                let size = if size > self.receiving.settings.largest_mail { BEGINNING.into() } else { size };
                first = Some((index, at, size, self.memory.losses(&folder.key(uid))));
            }
        }
        Ok(first)
    }

    /// Fetches a batch and hands it on, also where that ends early: as far as it came without a hole.
    async fn fetch(&mut self, turns: Vec<Turn>) -> Result<(), Stop> {
        let mut had: HashMap<(usize, u32), Vec<u8>> = HashMap::new();
        let mut trouble = None;
        let touched: BTreeSet<usize> = turns.iter().map(|turn| turn.folder).collect();
        for index in touched {
            let mails: Vec<&Listed> =
                turns.iter().filter(|turn| turn.folder == index).map(|turn| &turn.mail).collect();
            if let Err(error) = self.fetch_of(index, &mails, &mut had).await {
                if matches!(error, Trouble::Lost(_))
                    && let Some(next) = mails.iter().find(|mail| !had.contains_key(&(index, mail.uid)))
                {
                    self.memory.lose(self.folders[index].key(next.uid));
                }
                trouble = Some(error);
                break;
            }
        }
        let mut items = Vec::with_capacity(turns.len());
        let mut moved = BTreeSet::new();
        let mut refused = 0;
        for Turn { folder: index, at, mail } in turns {
            let key = self.folders[index].key(mail.uid);
            let raw = match had.remove(&(index, mail.uid)) {
                Some(raw) => Some(raw),
                // Twice the connection broke at this mail, once when it was alone: the others go on.
                None if trouble.is_some() && self.memory.losses(&key) < 2 => break,
                None if trouble.is_some() => None,
                None => match self.have(index, &mail, self.wanted(&mail)).await {
                    Ok(Had::Mail(raw)) => Some(raw),
                    Ok(Had::Gone) => {
                        self.pass(index, &mail, at);
                        moved.insert(index);
                        continue;
                    }
                    Ok(Had::Withheld) => {
                        refused += 1;
                        if refused > MOST_REFUSED << self.memory.refusals.min(8) {
                            self.memory.refusals += 1;
                            trouble = Some(Trouble::Refused(Refusal::Unavailable));
                            break;
                        }
                        None
                    }
                    Err(error) => {
                        trouble = Some(error);
                        break;
                    }
                },
            };
            match raw {
                Some(raw) => {
                    refused = 0;
                    self.memory.forget(&key);
                    items.push(Item::Mail(self.fetched(index, &mail, at, raw)));
                }
                None => self.hold_back(index, mail.uid, 1, at),
            }
            self.pass(index, &mail, at);
            moved.insert(index);
        }
        if !moved.is_empty() {
            self.hand_on(items, moved).await?;
        }
        trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    async fn fetch_of(
        &mut self,
        index: usize,
        mails: &[&Listed],
        had: &mut HashMap<(usize, u32), Vec<u8>>,
    ) -> Result<(), Trouble> {
        let folder = &self.folders[index];
        self.link.turn_to(&folder.name, folder.seen.uid_validity).await?;
        let largest = self.receiving.settings.largest_mail;
        let (large, whole): (Vec<&Listed>, Vec<&Listed>) =
            mails.iter().partition(|mail| mail.bytes() > largest);
        let mut take = |uid, raw| {
            had.insert((index, uid), raw);
        };
        // How it ended is of no interest: what is missing is asked for by itself.
        if !whole.is_empty() {
            self.link.fetch(&whole, Wanted::All, &mut take).await?;
        }
        for mail in large {
            self.link.fetch(&[mail], Wanted::Beginning(BEGINNING), &mut take).await?;
        }
        Ok(())
    }

    pub(super) fn wanted(&self, mail: &Listed) -> Wanted {
        if mail.bytes() > self.receiving.settings.largest_mail {
            Wanted::Beginning(BEGINNING)
        } else {
            Wanted::All
        }
    }

    pub(super) fn fetched(&self, index: usize, mail: &Listed, at: Timestamp, raw: Vec<u8>) -> Fetched {
        let folder = &self.folders[index];
        Fetched {
            folder: folder.name.clone(),
            is_sent: folder.is_sent,
            uid_validity: folder.seen.uid_validity,
            uid: mail.uid,
            internal_date: mail.at.unwrap_or(at),
            flags: mail.flags.clone(),
            complete: self.wanted(mail) == Wanted::All,
            raw,
        }
    }

    fn pass(&mut self, index: usize, mail: &Listed, at: Timestamp) {
        let now = self.now;
        if let Some(progress) = &mut self.folders[index].progress {
            progress.pass(mail.uid, mail.at.unwrap_or(at), now);
        }
    }

    fn hold_back(&mut self, index: usize, uid: u32, tries: u32, at: Timestamp) {
        let key = self.folders[index].key(uid);
        self.put_off(key, tries);
        if let Some(progress) = &mut self.folders[index].progress {
            progress.held_back.push(HeldBack { uid, tries, at });
        }
    }

    /// Hands mails on, with the resume points of these folders.
    pub(super) async fn hand_on(
        &mut self,
        mails: Vec<Item>,
        folders: BTreeSet<usize>,
    ) -> Result<(), Trouble> {
        let cursor = |index: usize| {
            let folder = &self.folders[index];
            folder.progress.as_ref().map(|progress| progress.write(&folder.name))
        };
        let cursors = folders.into_iter().filter_map(cursor).collect();
        self.send(Chunk { mails, cursors, complete_up_to: None }).await
    }

    async fn send(&mut self, chunk: Chunk) -> Result<(), Trouble> {
        self.out.send(chunk).await.map_err(|_| Trouble::Lost("reading mails has ended"))
    }
}
