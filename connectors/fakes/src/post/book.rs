//! The provider's memory: every letter, who is away, and how shops' mailboxes are numbered.
//!
//! All is written down before anybody is told of it, so that mailboxes show after a crash what they showed
//! before, and a shop's mails keep their numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_sdk::model::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    Draft, FakeFile, Refusal, reading,
    writing::{self, Received},
};
use crate::{
    FakeImap,
    imap::FakeMail,
    journal::{self, Journal},
    smtp::AcceptedMail,
};

/// Where a shop's mail lands.
const INBOX: &str = "INBOX";
/// What a machine writes for who is away.
const AWAY: &str = "I am away and read no mail. I answer when I am back.";

/// A person in the head of a letter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name; empty where there is none.
    pub name: String,
    /// The address.
    pub address: String,
}

/// A file of a letter, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterFile {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size: usize,
}

impl LetterFile {
    pub(super) fn of(file: &FakeFile) -> Self {
        Self { name: file.name.clone(), size: file.bytes.len() }
    }
}

/// A letter in a customer's mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Its id here.
    pub id: String,
    /// Whose mailbox it is in.
    pub customer: String,
    /// Whether the customer wrote it.
    pub written_here: bool,
    /// Whether it waits for the shop's server.
    pub waiting: bool,
    /// When it was written or came, in milliseconds since 1970.
    pub at: i64,
    /// Who wrote it, as it says.
    pub from: Person,
    /// To whom.
    pub to: Vec<Person>,
    /// Who got copies.
    pub copies: Vec<Person>,
    /// Its subject.
    pub subject: String,
    /// Its text, quotes included.
    pub text: String,
    /// Whether a machine wrote it, as it says.
    pub automatic: bool,
    /// Its files.
    pub files: Vec<LetterFile>,
    /// Its Message-ID.
    pub name: Option<String>,
    /// Where answers are to go, if not to who wrote it.
    pub answers_to: Option<String>,
    /// What it answers, oldest first.
    pub follows: Vec<String>,
}

/// A letter as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    id: String,
    /// Whose mailbox it is in.
    customer: String,
    way: Way,
    at: i64,
    /// In base64.
    raw: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// From a shop to the customer.
    Came,
    /// To a shop, by its first address.
    Written { shop: String, forged: bool, automatic: bool, delivered: Option<Delivered> },
}

/// Where it lies in the shop's mailbox.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Delivered {
    uid: u32,
    at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Mailbox { address: String, uid_validity: u32 },
    Away { address: String, away: bool },
    Letter(Record),
}

impl journal::Line for Line {
    fn key(&self) -> String {
        match self {
            Self::Mailbox { address, .. } => format!("mailbox {address}"),
            Self::Away { address, .. } => format!("away {address}"),
            Self::Letter(record) => record.id.clone(),
        }
    }
}

/// The memory.
pub(super) struct Book {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    letters: Vec<(Record, Letter)>,
    away: BTreeSet<String>,
    uid_validities: BTreeMap<String, u32>,
    down: bool,
    journal: Option<Journal>,
}

/// An address in the form in which it is compared.
pub(super) fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

impl Book {
    /// A memory that goes on from what its file holds, if it has one.
    pub(super) fn open(memory: Option<&Path>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let mut state = State::default();
        if let Some(path) = memory {
            let (journal, lines) = Journal::open(path)?;
            for line in lines {
                match line {
                    Line::Mailbox { address, uid_validity } => {
                        state.uid_validities.insert(address, uid_validity);
                    }
                    Line::Away { address, away } => state.set_away(address, away),
                    Line::Letter(record) => state.letters.push((record.clone(), record.read())),
                }
            }
            state.journal = Some(journal);
        }
        Ok(Self { clock, state: Mutex::new(state), changes: watch::Sender::new(0) })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let result = self.with(act);
        self.wake();
        result
    }

    pub(super) fn wake(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Puts into a shop's mailbox what was in it.
    pub(super) fn fill(&self, shop: &str, imap: &FakeImap) {
        let now = self.clock.now();
        self.change(|state| {
            let uid_validity = state.uid_validity(shop, now);
            let mail = |record: &Record| {
                let Delivered { uid, at } = record.delivered()?;
                let at = Timestamp(at);
                Some(FakeMail { uid, raw: record.received(shop, at)?, at, flags: Vec::new() })
            };
            let mut mails: Vec<_> = state.letters.iter().filter_map(|(record, _)| mail(record)).collect();
            mails.sort_by_key(|mail| mail.uid);
            imap.restore(INBOX, uid_validity, mails);
        });
    }

    /// The draft with everything that an answer takes from what it answers, and the shop that it goes to.
    pub(super) fn addressed(&self, draft: &Draft) -> Result<(Draft, String), Refusal> {
        if !writing::is_address(&draft.from) {
            return Err(Refusal::Sender);
        }
        let mut draft = draft.clone();
        if let Some(id) = &draft.answers {
            let customer = folded(&draft.from);
            let answered = self.with(|state| state.find(id, &customer)).ok_or(Refusal::NoLetter)?;
            draft.to = if answered.written_here {
                answered.to.into_iter().next().map(|person| person.address).unwrap_or_default()
            } else {
                answered.answers_to.unwrap_or(answered.from.address)
            };
        }
        let shop = draft.to.clone();
        Ok((draft, shop))
    }

    /// Writes a letter, and delivers it unless the servers are down. Returns its id.
    pub(super) fn write(&self, draft: &Draft, shop: &str, imap: &FakeImap) -> String {
        let now = self.clock.now();
        self.change(|state| {
            let id = state.write(draft, shop, now);
            if !state.down {
                state.deliver_waiting(shop, imap, now);
            }
            id
        })
    }

    /// A server took a mail of a shop for these people. What has come already does not come twice.
    pub(super) fn take_in(&self, mail: &AcceptedMail, shop: &str, imap: &FakeImap) {
        let now = self.clock.now();
        self.change(|state| {
            for to in &mail.to {
                state.take_in(mail, &folded(to), shop, now);
            }
            if !state.down {
                state.deliver_waiting(shop, imap, now);
            }
        });
    }

    pub(super) fn deliver_waiting(&self, shop: &str, imap: &FakeImap) {
        let now = self.clock.now();
        self.change(|state| state.deliver_waiting(shop, imap, now));
    }

    pub(super) fn letters(&self) -> Vec<Letter> {
        self.with(|state| {
            let own = state.letters.iter().filter(|(record, _)| !record.is_forged());
            own.map(|(_, letter)| letter.clone()).collect()
        })
    }

    pub(super) fn file(&self, letter: &str, index: usize) -> Option<FakeFile> {
        let raw = self.with(|state| {
            let found = state.letters.iter().find(|(record, _)| record.id == letter && !record.is_forged());
            found.map(|(record, _)| record.bytes())
        });
        reading::file(&raw?, index)
    }

    pub(super) fn set_away(&self, address: &str, away: bool) {
        let address = folded(address);
        self.change(|state| {
            state.note(&Line::Away { address: address.clone(), away });
            state.set_away(address, away);
        });
    }

    pub(super) fn away(&self) -> Vec<String> {
        self.with(|state| state.away.iter().cloned().collect())
    }

    pub(super) fn set_down(&self, down: bool) {
        self.change(|state| state.down = down);
    }

    pub(super) fn is_down(&self) -> bool {
        self.with(|state| state.down)
    }
}

impl State {
    fn note(&mut self, line: &Line) {
        if let Some(journal) = &mut self.journal {
            journal.note(line);
        }
    }

    fn set_away(&mut self, address: String, away: bool) {
        if away {
            self.away.insert(address);
        } else {
            self.away.remove(&address);
        }
    }

    /// How the mails of this mailbox are numbered: anew where nothing is known of it.
    fn uid_validity(&mut self, name: &str, now: Timestamp) -> u32 {
        if let Some(known) = self.uid_validities.get(name) {
            return *known;
        }
        let uid_validity = u32::try_from(now.millis() / 1000).unwrap_or(1);
        self.uid_validities.insert(name.to_owned(), uid_validity);
        self.note(&Line::Mailbox { address: name.to_owned(), uid_validity });
        uid_validity
    }

    fn find(&self, id: &str, customer: &str) -> Option<Letter> {
        let mut letters = self.letters.iter().map(|(_, letter)| letter);
        letters.find(|letter| letter.id == id && letter.customer == customer).cloned()
    }

    fn add(&mut self, record: Record) {
        let letter = record.read();
        let line = Line::Letter(record);
        self.note(&line);
        if let Line::Letter(record) = line {
            self.letters.push((record, letter));
        }
    }

    fn write(&mut self, draft: &Draft, shop: &str, now: Timestamp) -> String {
        let id = format!("{:016x}", rand::random::<u64>());
        let customer = folded(&draft.from);
        let answered = draft.answers.as_ref().and_then(|answered| self.find(answered, &customer));
        let follows =
            answered.map(|letter| letter.follows.into_iter().chain(letter.name).collect::<Vec<_>>());
        let raw = writing::letter(draft, &id, &follows.unwrap_or_default(), now);
        let way = Way::Written {
            shop: shop.to_owned(),
            forged: draft.forged,
            automatic: draft.automatic,
            delivered: None,
        };
        self.add(Record { id: id.clone(), customer, way, at: now.millis(), raw: STANDARD.encode(raw) });
        id
    }

    fn take_in(&mut self, mail: &AcceptedMail, customer: &str, shop: &str, now: Timestamp) {
        let id = format!("{:016x}", rand::random::<u64>());
        let raw = STANDARD.encode(&mail.bytes);
        let record =
            Record { id: id.clone(), customer: customer.to_owned(), way: Way::Came, at: now.millis(), raw };
        let letter = record.read();
        let came =
            |known: &Letter| !known.written_here && known.customer == customer && known.name == letter.name;
        if letter.name.is_some() && self.letters.iter().any(|(_, known)| came(known)) {
            return;
        }
        self.add(record);
        if self.away.contains(customer) && !letter.automatic {
            let answer = Draft {
                from: customer.to_owned(),
                to: letter.answers_to.unwrap_or(letter.from.address),
                subject: format!("Out of office: {}", letter.subject),
                text: AWAY.to_owned(),
                answers: Some(id),
                automatic: true,
                ..Draft::default()
            };
            self.write(&answer, shop, now);
        }
    }

    /// Puts what waits for a shop into its mailbox, in its order.
    fn deliver_waiting(&mut self, shop: &str, imap: &FakeImap, now: Timestamp) {
        let State { letters, journal, .. } = self;
        for (record, letter) in letters.iter_mut().filter(|(_, letter)| letter.waiting) {
            let Some(raw) = record.received(shop, now) else { continue };
            let uid = imap.deliver_at(INBOX, raw, now);
            if let Way::Written { delivered, .. } = &mut record.way {
                *delivered = Some(Delivered { uid, at: now.millis() });
            }
            letter.waiting = false;
            if let Some(journal) = journal {
                journal.note(&Line::Letter(record.clone()));
            }
        }
    }
}

impl Record {
    fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.raw).unwrap_or_default()
    }

    fn is_forged(&self) -> bool {
        matches!(self.way, Way::Written { forged: true, .. })
    }

    fn delivered(&self) -> Option<Delivered> {
        match self.way {
            Way::Written { delivered, .. } => delivered,
            Way::Came => None,
        }
    }

    /// What a mail program shows of it.
    fn read(&self) -> Letter {
        Letter {
            id: self.id.clone(),
            customer: self.customer.clone(),
            written_here: matches!(self.way, Way::Written { .. }),
            waiting: matches!(self.way, Way::Written { delivered: None, .. }),
            at: self.at,
            ..reading::letter(&self.bytes())
        }
    }

    /// Its bytes in the mailbox of this shop, where it came at this time; `None`: it goes to another.
    fn received(&self, to: &str, at: Timestamp) -> Option<Vec<u8>> {
        let Way::Written { shop, forged, automatic, .. } = &self.way else { return None };
        (shop == to).then(|| {
            writing::received(&Received {
                from: &self.customer,
                shop,
                forged: *forged,
                automatic: *automatic,
                raw: &self.bytes(),
                at,
            })
        })
    }
}
