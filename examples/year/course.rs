//! Lets the year happen, one thing after the other: customers write, associates who are there answer, people come
//! and go; and looks after each new conversation whether it is with whom its customer knows.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rapport::store::{Summary, View};
use rapport_model::id::{ContactId, ConversationId};

use crate::{
    Year,
    books::{Books, Who, Word},
    people::{Associate, BEGIN, Customer, DAY, HOUR, MINUTE, days_until},
    shop::{BACK_WITHIN, Shop},
};

/// How often associates look at what waits.
const TICK: i64 = 10 * MINUTE;
/// Between two matters of a customer, in days, on average.
const BETWEEN: f64 = 45.0;
/// How many associates leave in a year, each followed by somebody new.
const LEAVING: usize = 4;

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A customer begins a matter, or answers.
    Writes(usize),
    /// A customer adds something to what was not answered yet.
    Adds(usize),
    /// Associates look at what waits.
    Tick,
    /// One leaves, and somebody new comes.
    Leaves(usize),
}

/// Where a customer stands.
struct Standing {
    who: Customer,
    /// The contact that each of their addresses belongs to.
    contacts: Vec<Option<ContactId>>,
    handle: usize,
    matter: u32,
    turns: u32,
    /// The conversation that waits for an answer.
    waits: Option<ConversationId>,
}

struct Course {
    shop: Shop,
    books: Books,
    customers: Vec<Standing>,
    agenda: BTreeMap<(i64, u64), Happening>,
    serial: u64,
    owed: BTreeSet<ConversationId>,
    random: StdRng,
    now: i64,
}

/// The whole year.
pub async fn run(year: &Year, url: &str) -> anyhow::Result<Books> {
    let mut random = StdRng::seed_from_u64(year.seed);
    let end = BEGIN + year.days * DAY;
    let mut shop = Shop::open(url, BEGIN).await?;
    let mut books = Books { end, ..Books::default() };
    for n in 0..year.associates {
        let mut one = Associate::new(n)?;
        one.leave(n, year.associates, year.days, &mut random);
        shop.hire(&one).await?;
        books.associates.push(one);
    }
    for (n, one) in books.associates.iter().enumerate() {
        for absence in &one.absences {
            shop.note_absence(n, *absence).await?;
        }
    }
    let customers =
        (0..year.customers).map(|n| Standing::new(Customer::new(n, year.associates, &mut random))).collect();
    let mut course = Course {
        shop,
        books,
        customers,
        agenda: BTreeMap::new(),
        serial: 0,
        owed: BTreeSet::new(),
        random,
        now: BEGIN,
    };
    for customer in 0..year.customers {
        let at = BEGIN + days_until(BETWEEN, &mut course.random) * DAY + course.time_of_day();
        course.plan(at, Happening::Writes(customer));
    }
    for leaver in 0..LEAVING.min(year.associates) {
        let at = BEGIN + course.random.random_range(0..year.days.max(1)) * DAY + 20 * HOUR;
        course.plan(at, Happening::Leaves(leaver));
    }
    course.plan(BEGIN, Happening::Tick);
    course.go(end).await?;
    Ok(course.books)
}

impl Standing {
    fn new(who: Customer) -> Self {
        let contacts = vec![None; who.handles.len()];
        Self { who, contacts, handle: 0, matter: 0, turns: 0, waits: None }
    }
}

impl Course {
    fn plan(&mut self, at: i64, what: Happening) {
        self.serial += 1;
        self.agenda.insert((at, self.serial), what);
    }

    /// Mostly by day, some in the night.
    fn time_of_day(&mut self) -> i64 {
        let hours = if self.random.random_range(0..5) == 0 { 0..24 } else { 8..22 };
        self.random.random_range(hours) * HOUR + self.random.random_range(0..60) * MINUTE
    }

    async fn go(&mut self, end: i64) -> anyhow::Result<()> {
        let mut told = 0;
        while let Some(((at, _), what)) = self.agenda.pop_first() {
            if at >= end {
                break;
            }
            self.now = at;
            self.shop.at(at);
            let month = (at - BEGIN) / (30 * DAY);
            if month > told {
                told = month;
                eprintln!(
                    "day {}: {} conversations, {} wait",
                    month * 30,
                    self.books.talks.len(),
                    self.owed.len()
                );
            }
            match what {
                Happening::Writes(customer) => self.begin_or_answer(customer).await?,
                Happening::Adds(customer) if self.customers[customer].waits.is_some() => {
                    self.write(customer).await?;
                }
                Happening::Adds(_) => {}
                Happening::Tick => {
                    self.tick().await?;
                    self.plan(at + TICK, Happening::Tick);
                }
                Happening::Leaves(one) => self.change_hands(one).await?,
            }
        }
        Ok(())
    }

    async fn begin_or_answer(&mut self, customer: usize) -> anyhow::Result<()> {
        let standing = &mut self.customers[customer];
        let another = if standing.turns == 0 { 3 } else { 7 };
        if self.random.random_range(0..another) == 0 {
            standing.handle = self.random.random_range(0..standing.who.handles.len());
        }
        if standing.turns == 0 {
            standing.matter += 1;
            standing.turns = self.random.random_range(1..=3);
        }
        self.write(customer).await?;
        if self.random.random_range(0..3) == 0 {
            let at = self.now + self.random.random_range(2..10) * MINUTE;
            self.plan(at, Happening::Adds(customer));
        }
        Ok(())
    }

    async fn write(&mut self, customer: usize) -> anyhow::Result<()> {
        let standing = &mut self.customers[customer];
        let (handle, matter) = (standing.handle, standing.matter);
        let (channel, address) = standing.who.handles[handle].clone();
        let card = standing.who.card.take().filter(|one| self.books.associates[*one].works(self.now));
        self.serial += 1;
        let mut text = format!("Question {}", self.serial);
        if let Some(one) = card {
            text = format!("{text}, I am to ask for {}", self.shop.card_of(one).await?);
        }
        let thread = if crate::people::CHANNELS[channel] == "email" {
            format!("{address}/{matter}")
        } else {
            address.clone()
        };
        let id = self.shop.receive(channel, &address, &thread, text).await?;
        self.work_off().await?;
        let summary = self.shop.look(&id).await?;
        if let Some(one) = card {
            self.books.chosen.insert(summary.contact.clone(), one);
        }
        self.customers[customer].contacts[handle] = Some(summary.contact.clone());
        if self.books.open(&id, customer, &summary.contact, self.now) {
            self.check(&id, &summary);
        }
        self.books.say(&id, Word { at: self.now, who: Who::Customer, channel });
        self.customers[customer].waits = Some(id.clone());
        self.owed.insert(id);
        Ok(())
    }

    /// Whether a conversation that has just begun is with whom its customer knows.
    fn check(&mut self, id: &ConversationId, summary: &Summary) {
        let Some(known) = self.books.known(&summary.contact, id, self.now) else { return };
        let there = self.books.associates[known].is_there_within(self.now, BACK_WITHIN * MINUTE);
        let has_it = summary.assignee.as_ref().and_then(|(who, _)| self.shop.who(who));
        if let Some(talk) = self.books.talks.get_mut(id) {
            talk.known = Some((known, there));
        }
        if there && has_it != Some(known) {
            self.books.wrongs.push(format!(
                "at {}: {id} is with {has_it:?}, and its customer knows {known}, who is there in time",
                self.now
            ));
        }
    }

    async fn work_off(&mut self) -> anyhow::Result<()> {
        let done = self.shop.work_off().await?;
        self.books.raised += done.raised;
        for id in done.acknowledged {
            self.books.say(&id, Word { at: self.now, who: Who::Bot, channel: 0 });
        }
        Ok(())
    }

    async fn tick(&mut self) -> anyhow::Result<()> {
        self.work_off().await?;
        let many = self.books.associates.len();
        let first = self.random.random_range(0..many);
        for one in (0..many).map(|n| (first + n) % many) {
            if self.owed.is_empty() {
                break;
            }
            if !self.books.associates[one].is_there(self.now) {
                continue;
            }
            let mine = self.shop.waiting(one, View::Mine).await?;
            for summary in mine.iter().take(3) {
                self.answer(one, summary).await?;
            }
            if mine.is_empty()
                && let Some(summary) = self.shop.waiting(one, View::Unassigned).await?.first()
            {
                self.shop.take(one, summary).await?;
                let taken = self.shop.look(&summary.id).await?;
                self.answer(one, &taken).await?;
            }
        }
        if (self.now - BEGIN) % DAY == 0 {
            self.look_for_the_forgotten().await?;
        }
        Ok(())
    }

    /// Whoever waits is in somebody's list, or in the queue of a team.
    async fn look_for_the_forgotten(&mut self) -> anyhow::Result<()> {
        for id in self.owed.clone() {
            let summary = self.shop.look(&id).await?;
            let held = match &summary.assignee {
                Some((who, _)) => {
                    self.shop.who(who).is_some_and(|one| self.books.associates[one].works(self.now))
                }
                None => summary.team.is_some(),
            };
            if !held || summary.due_at.is_none() {
                self.books.wrongs.push(format!("at {}: {id} waits in nobody's queue", self.now));
            }
        }
        Ok(())
    }

    async fn answer(&mut self, one: usize, summary: &Summary) -> anyhow::Result<()> {
        self.shop.reply(one, summary).await?;
        let id = &summary.id;
        self.owed.remove(id);
        let Some(talk) = self.books.talks.get(id) else { return Ok(()) };
        let (customer, channel) = (talk.customer, talk.words.last().map_or(0, |word| word.channel));
        self.books.say(id, Word { at: self.now, who: Who::Associate(one), channel });
        if self.customers[customer].waits.as_ref() != Some(id) {
            return Ok(());
        }
        self.customers[customer].waits = None;
        self.customers[customer].turns -= 1;
        if self.customers[customer].turns > 0 {
            let at = self.now + self.random.random_range(30..1_800) * MINUTE;
            self.plan(at, Happening::Writes(customer));
        } else {
            let at = self.now - self.now.rem_euclid(DAY)
                + days_until(BETWEEN, &mut self.random) * DAY
                + self.time_of_day();
            self.plan(at, Happening::Writes(customer));
            if self.random.random_range(0..10) > 0 {
                self.shop.close(one, id).await?;
            }
        }
        self.join(customer).await
    }

    /// An associate sees that two records are one customer, more often than not.
    async fn join(&mut self, customer: usize) -> anyhow::Result<()> {
        let mut contacts = self.customers[customer].contacts.iter().flatten().cloned();
        let Some(into) = contacts.next() else { return Ok(()) };
        let Some(from) = contacts.find(|other| *other != into) else { return Ok(()) };
        if self.random.random_range(0..10) > 6 {
            return Ok(());
        }
        self.shop.merge(&into, &from).await?;
        self.books.merge(&into, &from);
        for contact in self.customers[customer].contacts.iter_mut().flatten() {
            if *contact == from {
                contact.clone_from(&into);
            }
        }
        Ok(())
    }

    async fn change_hands(&mut self, one: usize) -> anyhow::Result<()> {
        self.books.associates[one].until = Some(self.now);
        self.shop.dismiss(one).await?;
        let new = Associate::new(self.books.associates.len())?;
        self.shop.hire(&new).await?;
        self.books.associates.push(new);
        self.work_off().await
    }
}
