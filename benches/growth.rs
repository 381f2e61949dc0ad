//! What the queue, a conversation and receiving cost among a thousand conversations and a million.
//!
//! Each size has a database of its own, and beside it one of the smallest, asked in turns with it, so
//! that a ratio compares figures of the same moment. One conversation in ten is
//! open, which is far more than a shop should have; half of these wait.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rapport::store::{Actor, Store, View};
use rapport_model::id::{AssociateId, ConversationId};

use crate::{
    Bench, bridge,
    database::{self, Engine},
    load::{self, Client, Speed},
    measure::{Times, ms},
    reference::fill,
    report::Row,
    sms,
    testing::Fresh,
};

/// One in so many conversations is open.
const OPEN_EVERY: usize = 10;
/// As many as the inbox loads at once.
const PAGE: usize = 50;
/// How much more the largest may cost.
const MOST_GROWTH: f64 = 1.5;
/// So many questions warm what is measured after them.
const WARMING: usize = 20;
/// The customers who write while receiving is measured; all of them have an open conversation.
const WRITERS: usize = 100;
/// The connections that bring messages in.
const CONNECTIONS: usize = 32;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Queue(View),
    Open,
}

/// A filled database with people who look at it.
struct Place {
    store: Store,
    many: usize,
    people: [(&'static str, Actor, String); 2],
    process: bridge::Process,
    /// Which conversation is opened next.
    turn: usize,
    _fresh: Fresh,
}

impl Place {
    async fn make(bench: &Bench, engine: Engine, many: usize) -> anyhow::Result<Self> {
        let fresh = database::empty(engine).await?;
        let took = fill::fill(&fresh.url, i64::try_from(many)?, i64::try_from(OPEN_EVERY)?).await?;
        println!("    {many} conversations are in after {:.1} s", took.as_secs_f64());
        let (store, _) = database::open(&fresh.url).await?;
        let people = [("admin", sign_in(&store, 0).await?), ("associate", sign_in(&store, 1).await?)];
        let process = bridge::bridge(&fresh.url, &fresh.folder, &bench.provider).await?;
        let people = people.map(|(who, (actor, cookie))| (who, actor, cookie));
        Ok(Self { store, many, people, process, turn: 0, _fresh: fresh })
    }

    /// An open conversation in the scope of both, another one each time, over the whole range.
    fn conversation(&mut self) -> anyhow::Result<ConversationId> {
        self.turn += 1;
        // Conversations of the first inbox, whose one team the associate belongs to.
        let step = OPEN_EVERY * 3;
        let number = self.turn * 7919 % (self.many / step) * step;
        ConversationId::try_from(["cnv_", &fill::digits(number)].concat()).context("an id")
    }

    async fn ask(&mut self, who: usize, question: Question) -> anyhow::Result<Duration> {
        let id = self.conversation()?;
        let (_, actor, _) = &self.people[who];
        let began = Instant::now();
        match question {
            Question::Queue(view) => {
                let page = self.store.list_conversations(actor, view, None, PAGE).await?;
                let counts = self.store.count_conversations(actor).await?;
                let took = began.elapsed();
                anyhow::ensure!(page.items.len() == PAGE && counts.all > 0, "the page is full");
                Ok(took)
            }
            Question::Open => {
                let details = self.store.get_details(actor, &id, PAGE).await?;
                let took = began.elapsed();
                anyhow::ensure!(!details.messages.items.is_empty(), "something was said");
                Ok(took)
            }
        }
    }

    async fn ask_over_http(
        &mut self,
        who: usize,
        question: Question,
        client: &mut Client,
    ) -> anyhow::Result<Duration> {
        let path = match question {
            Question::Queue(view) => {
                let view = format!("{view:?}").to_lowercase();
                format!("/api/v1/conversations?view={view}&limit={PAGE}")
            }
            Question::Open => format!("/api/v1/conversations/{}", self.conversation()?),
        };
        let request = load::get(self.process.address, &path, &self.people[who].2);
        let began = Instant::now();
        client.expect(&request).await?;
        Ok(began.elapsed())
    }

    /// Messages of as many customers at every size, spread over the whole range.
    async fn receive(&self, turn: Duration, next: &Arc<AtomicUsize>) -> anyhow::Result<Speed> {
        let stride = self.many / OPEN_EVERY / WRITERS * OPEN_EVERY;
        let address = self.process.address;
        let requests = sms::messages(address, WRITERS, stride);
        load::run(address, CONNECTIONS, turn, usize::MAX / 2, next, &requests).await
    }
}

/// A session of a filled associate: who acts, and the cookie of the browser.
pub(crate) async fn sign_in(store: &Store, number: usize) -> anyhow::Result<(Actor, String)> {
    let id = AssociateId::try_from(["aso_", &fill::digits(number)].concat()).context("an id")?;
    let token = store.insert_session(&id).await?;
    let session = store.find_session(token.expose()).await?.context("a session")?;
    Ok((session.actor, ["rapport_session=", token.expose()].concat()))
}

/// Measures one engine at each size; the first is what the others are compared with.
pub(crate) async fn run(bench: &mut Bench, engine: Engine) -> anyhow::Result<()> {
    let sizes = bench.sizes.clone();
    let (first, others) = sizes.split_first().context("at least one size")?;
    println!("queue, opening and receiving among {sizes:?} conversations on {engine}");
    for (at, many) in others.iter().enumerate() {
        // A new one each time: what was received since would make its conversations longer.
        let mut base = Place::make(bench, engine, *first).await?;
        let mut place = Place::make(bench, engine, *many).await?;
        let largest = at + 1 == others.len();
        for who in 0..base.people.len() {
            compare(bench, engine, (&mut base, &mut place), who, largest).await?;
        }
        let next = Arc::new(AtomicUsize::new(1));
        let (mut small, mut large) = (Speed::default(), Speed::default());
        for turn in 0..=bench.turns {
            let (of_small, of_large) =
                (base.receive(bench.turn / 2, &next).await?, place.receive(bench.turn / 2, &next).await?);
            // The first turn warms what is measured after it.
            if turn > 0 {
                small.add(of_small);
                large.add(of_large);
            }
        }
        let row = Row::new(format!("webhook_{engine}_among_{many}_rate"), large.rate(), "msg/s")
            .of(small.rate())
            .note(format!("{:.0} msg/s among {first}, at {CONNECTIONS} connections", small.rate()));
        bench.report.add(row);
    }
    Ok(())
}

/// Asks both databases in turns, by the store and over HTTP.
async fn compare(
    bench: &mut Bench,
    engine: Engine,
    (base, place): (&mut Place, &mut Place),
    who: usize,
    largest: bool,
) -> anyhow::Result<()> {
    let questions = [
        ("queue", "all", Question::Queue(View::All)),
        ("queue", "unassigned", Question::Queue(View::Unassigned)),
        ("queue", "closed", Question::Queue(View::Closed)),
        ("open", "", Question::Open),
    ];
    let mut clients =
        [Client::connect(base.process.address).await?, Client::connect(place.process.address).await?];
    for (what, view, question) in questions {
        if !largest && !matches!(question, Question::Open | Question::Queue(View::All)) {
            continue;
        }
        for http in [false, true] {
            let (mut small, mut large) = (Times::default(), Times::default());
            for round in 0..bench.rounds + WARMING {
                for (place, client, times) in [(&mut *base, 0, &mut small), (&mut *place, 1, &mut large)] {
                    let took = if http {
                        place.ask_over_http(who, question, &mut clients[client]).await?
                    } else {
                        place.ask(who, question).await?
                    };
                    if round >= WARMING {
                        times.push(took);
                    }
                }
            }
            let by = if http { "http" } else { "store" };
            let name = [what, &engine.to_string(), &place.many.to_string(), base.people[who].0, view, by];
            let name = name.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join("_");
            let row = Row::ms(name, large.p50()).of(ms(small.p50())).note(format!(
                "p50; {:.2} ms among {}",
                ms(small.p50()),
                base.many
            ));
            bench.report.add(if largest { row.at_most(MOST_GROWTH * ms(small.p50())) } else { row });
        }
    }
    Ok(())
}
