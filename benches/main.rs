//! `make bench`: measures what is promised, beside a reference in the same run, and writes
//! `target/bench/report.json`.
//!
//! Each module measures one thing and adds its rows to the report; a row that misses its limit makes
//! the run fail. `--quick` does the same with small numbers, to see that it works; words select parts,
//! and numbers how many conversations there are: `scripts/bench.sh --quick growth sqlite 1000 50000`.

mod bridge;
mod channels;
mod database;
mod growth;
mod imap;
mod letters;
mod live;
mod load;
mod measure;
mod process;
mod read;
mod reference;
mod report;
mod sms;
#[path = "../src/store/testing.rs"]
#[expect(dead_code, reason = "the store's tests use more of it")]
mod testing;
mod webhook;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rapport::clock::SystemClock;
use rapport_fakes::{FakeTwilio, FakeTwilioConfig};

use database::Engine;
use measure::ms;
use report::Report;

/// What every part of the bench needs.
struct Bench {
    report: Report,
    /// The pretended provider, which takes what the bridge sends.
    provider: FakeTwilio,
    /// How long one turn of a load lasts, and how many there are.
    turn: Duration,
    turns: usize,
    /// How often each question is asked of each database.
    rounds: usize,
    /// How many conversations the databases hold.
    sizes: Vec<usize>,
    /// How many streams are open at once.
    streams: usize,
    /// How many messages are taken in before memory is looked at again.
    messages: usize,
    /// How many mails lie in the mailbox of a first start.
    mails: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [flag, url, address, customers] = arguments.as_slice()
        && flag == "--reference"
    {
        runtime.block_on(reference::serve(url, address.parse()?, customers.parse()?))?;
        return Ok(ExitCode::SUCCESS);
    }
    runtime.block_on(measure_all(&arguments))
}

async fn measure_all(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    let sizes: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let engines = [Engine::Sqlite, Engine::Postgres];
    let wants_engine = |engine: &Engine| {
        let named = |engine: &Engine| words.contains(&engine.to_string().as_str());
        named(engine) || !engines.iter().any(named)
    };
    let parts = ["webhook", "sse", "growth", "process", "imap", "read", "channel"];
    let wants = |part: &str| words.contains(&part) || !parts.iter().any(|part| words.contains(part));

    let folder = database::folder();
    let before = measure::fsync_p50(&folder)?;
    println!("fsync of the data folder before: p50 {:.2} ms", ms(before));
    let mut bench = Bench {
        report: Report::default(),
        provider: provider().await?,
        turn: if quick { Duration::from_millis(700) } else { Duration::from_secs(4) },
        turns: if quick { 1 } else { 3 },
        rounds: if quick { 100 } else { 400 },
        sizes: if !sizes.is_empty() {
            sizes
        } else if quick {
            vec![1000, 10_000]
        } else {
            vec![1000, 10_000, 100_000, 1_000_000]
        },
        streams: if quick { 100 } else { 1000 },
        messages: if quick { 2000 } else { 100_000 },
        mails: if quick { 1000 } else { 10_000 },
    };
    for engine in engines.into_iter().filter(wants_engine) {
        if wants("webhook") {
            webhook::run(&mut bench, engine).await?;
        }
        if wants("sse") {
            live::run(&mut bench, engine).await?;
        }
        if wants("process") {
            process::run(&mut bench, engine).await?;
        }
        if wants("growth") {
            growth::run(&mut bench, engine).await?;
        }
    }
    if wants("process") {
        process::size(&mut bench)?;
    }
    if wants("imap") {
        imap::run(&mut bench).await?;
    }
    if wants("channel") {
        channels::run(&mut bench).await?;
    }
    if wants("read") {
        read::run(&mut bench)?;
    }
    let after = measure::fsync_p50(&folder)?;
    let file = report_file()?;
    let missed = bench.report.finish(&file)?;
    println!("\nfsync of the data folder: p50 {:.2} ms before, {:.2} ms after", ms(before), ms(after));
    println!("The report is {}.", file.display());
    let minutes = began.elapsed().as_secs() / 60;
    if missed.is_empty() {
        println!("Every limit is kept; it took {minutes} minutes.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} rows miss their limit, after {minutes} minutes: {}.", missed.len(), missed.join(", "));
    Ok(ExitCode::FAILURE)
}

async fn provider() -> anyhow::Result<FakeTwilio> {
    let mut config = FakeTwilioConfig::new(Arc::new(SystemClock));
    sms::ACCOUNT.clone_into(&mut config.account_sid);
    sms::TOKEN.clone_into(&mut config.auth_token);
    FakeTwilio::start(config).await.context("the pretended provider can't be started")
}

fn report_file() -> anyhow::Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join("report.json"))
}
