//! The process itself: how soon it is ready, what it holds in memory, how large it is.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use crate::{
    Bench, bridge,
    database::{self, Engine},
    load,
    measure::{Times, ms, number, resident},
    reference::fill,
    report::Row,
    sms,
    testing::Fresh,
};

/// What an idle bridge may hold, in MiB.
const MOST_IDLE: f64 = 60.0;
/// By when a start on an empty store is ready, in milliseconds.
const READY: f64 = 500.0;
/// How large the binary may be, in MiB.
const MOST_SIZE: f64 = 40.0;
/// By how much a bridge may grow while it works.
const MOST_GROWTH: f64 = 3.0;
const STARTS: usize = 7;
const CUSTOMERS: usize = 1000;

/// Measures one engine.
pub(crate) async fn run(bench: &mut Bench, engine: Engine) -> anyhow::Result<()> {
    println!("start and memory on {engine}");
    let mut starts = Times::default();
    let mut idle = 0.0;
    for n in 0..STARTS {
        let fresh = match engine {
            Engine::Sqlite => Fresh::sqlite(),
            Engine::Postgres => Fresh::postgres().await.emptied().await,
        };
        // What making a database leaves to the server's disk is no part of the start.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let process = bridge::bridge(&fresh.url, &fresh.folder, &bench.provider).await?;
        starts.push(process.started);
        if n + 1 == STARTS {
            tokio::time::sleep(Duration::from_secs(3)).await;
            idle = resident(process.id())?;
        }
    }
    let note = format!(
        "median of {STARTS} starts on an empty store; the slowest {:.0} ms",
        ms(starts.percentile(100))
    );
    bench.report.add(Row::ms(format!("cold_{engine}_start"), starts.p50()).at_most(READY).note(note));
    bench.report.add(
        Row::new(format!("memory_{engine}_idle"), idle, "MiB").at_most(MOST_IDLE).note("3 s after the start"),
    );

    let fresh = database::empty(engine).await?;
    fill::fill(&fresh.url, i64::try_from(CUSTOMERS)?, 1).await?;
    let process = bridge::bridge(&fresh.url, &fresh.folder, &bench.provider).await?;
    let requests = sms::messages(process.address, CUSTOMERS, 1);
    let next = Arc::new(AtomicUsize::new(1));
    let most = bench.messages;
    let speed = load::run(process.address, 64, Duration::from_mins(10), most, &next, &requests).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.report.add(
        Row::new(format!("memory_{engine}_after_{most}"), resident(process.id())?, "MiB")
            .of(idle)
            .at_most(MOST_GROWTH * MOST_IDLE)
            .note(format!("after {} messages at {:.0} a second", speed.times.len(), speed.rate())),
    );
    Ok(())
}

/// Measures the binary.
pub(crate) fn size(bench: &mut Bench) -> anyhow::Result<()> {
    let bytes = usize::try_from(std::fs::metadata(bridge::BINARY)?.len())?;
    bench.report.add(
        Row::new("size_binary", number(bytes) / 1024.0 / 1024.0, "MiB")
            .at_most(MOST_SIZE)
            .note("as built for the bench: a release without link-time optimisation, the inbox within"),
    );
    Ok(())
}
