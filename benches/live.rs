//! From a provider's call to the event in the associates' browsers; and a thousand streams at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{io::AsyncReadExt as _, sync::mpsc, task::JoinSet};

use crate::{
    Bench, bridge,
    database::{self, Engine},
    growth::sign_in,
    load::{self, Client},
    measure::{Times, ms, number, resident},
    reference::fill,
    report::Row,
    sms,
};

/// Those who look, each with a session.
const ASSOCIATES: usize = 10;
/// Customers of the first inbox, whose team all associates belong to.
const CUSTOMERS: usize = 300;
/// Between two messages, so that each one is told alone.
const PAUSE: Duration = Duration::from_millis(20);
/// An event that did not come by then does not come.
const PATIENCE: Duration = Duration::from_mins(1);
/// What a stream may cost the bridge, in KiB.
const MOST_MEMORY: f64 = 64.0;
/// By when an associate sees what came in, in milliseconds; twice that for the slowest in a hundred.
const AT_ONCE: f64 = 100.0;
/// What stands before a message's number in its text.
const MARK: &str = "mark-";

/// What the streams have shown.
struct Seen {
    conversations: AtomicUsize,
    marks: Option<mpsc::UnboundedSender<(usize, Instant)>>,
}

/// Measures one engine.
pub(crate) async fn run(bench: &mut Bench, engine: Engine) -> anyhow::Result<()> {
    println!("webhook to event, {ASSOCIATES} associates, then {} streams, on {engine}", bench.streams);
    let fresh = database::empty(engine).await?;
    fill::fill(&fresh.url, i64::try_from(CUSTOMERS * 3)?, 1).await?;
    let (store, writer) = database::open(&fresh.url).await?;
    let mut cookies = Vec::new();
    for associate in 1..=ASSOCIATES {
        cookies.push(sign_in(&store, associate).await?.1);
    }
    drop(store);
    writer.await?;
    let process = bridge::bridge(&fresh.url, &fresh.folder, &bench.provider).await?;
    latency(bench, engine, &process, &cookies).await?;
    crowd(bench, engine, &process, &cookies).await
}

async fn latency(
    bench: &mut Bench,
    engine: Engine,
    process: &bridge::Process,
    cookies: &[String],
) -> anyhow::Result<()> {
    let (marks, mut shown) = mpsc::unbounded_channel();
    let seen = Arc::new(Seen { conversations: AtomicUsize::new(0), marks: Some(marks) });
    let mut streams = JoinSet::new();
    for cookie in cookies {
        listen(&mut streams, process, cookie, &seen).await?;
    }
    let mut client = Client::connect(process.address).await?;
    let (mut answers, mut events) = (Times::default(), Times::default());
    for n in 0..bench.rounds {
        let text = format!("{MARK}{n} where is my parcel?");
        let request = sms::call(process.address, n % CUSTOMERS * 3, 1_000_000 + n, &text);
        let began = Instant::now();
        client.expect(&request).await?;
        answers.push(began.elapsed());
        for _ in cookies {
            let (mark, at) =
                tokio::time::timeout(PATIENCE, shown.recv()).await?.context("the streams go on")?;
            if mark != n {
                bail!("message {mark} was shown while {n} was waited for");
            }
            events.push(at - began);
        }
        tokio::time::sleep(PAUSE).await;
    }
    for (what, event, answer, limit) in
        [("p50", events.p50(), answers.p50(), AT_ONCE), ("p99", events.p99(), answers.p99(), 2.0 * AT_ONCE)]
    {
        let note = format!("webhook to event at {ASSOCIATES} associates; its answer {:.2} ms", ms(answer));
        let row = Row::ms(format!("sse_{engine}_{what}"), event).of(ms(answer));
        bench.report.add(row.at_most(limit).note(note));
    }
    Ok(())
}

async fn crowd(
    bench: &mut Bench,
    engine: Engine,
    process: &bridge::Process,
    cookies: &[String],
) -> anyhow::Result<()> {
    // What the streams before have left settles first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = resident(process.id())?;
    let seen = Arc::new(Seen { conversations: AtomicUsize::new(0), marks: None });
    let mut streams = JoinSet::new();
    for n in 0..bench.streams {
        listen(&mut streams, process, &cookies[n % cookies.len()], &seen).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let each = (resident(process.id())? - before) * 1024.0 / number(bench.streams);
    let name = |what: &str| format!("sse_{engine}_{}_{what}", bench.streams);
    bench.report.add(
        Row::new(name("memory"), each, "KiB")
            .at_most(MOST_MEMORY)
            .note("resident memory for each open stream"),
    );

    let messages = CUSTOMERS;
    let next = Arc::new(AtomicUsize::new(2_000_000));
    let address = process.address;
    // Each of another customer: what happens in one conversation at once is told once.
    let requests: load::Requests = Arc::new(move |n| {
        sms::call(address, n % CUSTOMERS * 3, n, &format!("Message {n}: do you have it in blue as well?"))
    });
    let expected = messages * bench.streams;
    let began = Instant::now();
    load::run(address, 8, PATIENCE, messages, &next, &requests).await?;
    while seen.conversations.load(Ordering::Relaxed) < expected && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = began.elapsed();
    let told = seen.conversations.load(Ordering::Relaxed);
    bench.report.add(
        Row::new(name("deliveries"), number(told) / took.as_secs_f64(), "1/s")
            .at_least(number(bench.streams) * 5.0)
            .note(format!("{told} of {expected} events, while {messages} messages came in")),
    );
    Ok(())
}

/// Opens a stream and follows it until it is dropped.
async fn listen(
    streams: &mut JoinSet<()>,
    process: &bridge::Process,
    cookie: &str,
    seen: &Arc<Seen>,
) -> anyhow::Result<()> {
    let client = Client::connect(process.address).await?;
    let mut stream = client.into_stream();
    let request = load::get(process.address, "/api/v1/events", cookie);
    tokio::io::AsyncWriteExt::write_all(&mut stream, &request).await?;
    let mut buffer = Vec::with_capacity(8 * 1024);
    while load::find(&buffer, b"event: hello").is_none() {
        if stream.read_buf(&mut buffer).await? == 0 {
            bail!("no stream: {}", String::from_utf8_lossy(&buffer));
        }
    }
    let seen = seen.clone();
    streams.spawn(async move {
        buffer.clear();
        while stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
            let end = buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            for line in buffer[..end].split(|byte| *byte == b'\n') {
                seen.note(line);
            }
            buffer.drain(..end);
        }
    });
    Ok(())
}

impl Seen {
    fn note(&self, line: &[u8]) {
        if line.starts_with(b"event: conversation") {
            self.conversations.fetch_add(1, Ordering::Relaxed);
        }
        let Some(marks) = &self.marks else { return };
        // The newest message of an event stands last, its text may also be the snippet.
        let Some(at) = load::find(line, MARK.as_bytes()) else { return };
        let digits: String = line[at + MARK.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        if let Ok(mark) = digits.parse() {
            // Nobody listens any more once the figures are complete.
            let _ = marks.send((mark, Instant::now()));
        }
    }
}
