//! From a provider's call to its durable answer, beside the reference, connection by connection.
//!
//! Bridge and reference take turns within one run, so that both meet the same disk and the same
//! neighbours. Each has a database of its own with the same customers, who are known to both.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use crate::{
    Bench, bridge,
    database::{self, Engine},
    load::{self, Speed},
    measure::ms,
    reference::fill,
    report::Row,
    sms,
};

/// How many customers write.
const CUSTOMERS: usize = 1000;
/// At most so many messages a turn.
const MOST: usize = 200_000;
/// The least share of the reference's rate at 32 connections.
const LEAST: f64 = 0.5;

/// Measures one engine.
pub(crate) async fn run(bench: &mut Bench, engine: Engine) -> anyhow::Result<()> {
    println!("webhook to durable 2xx on {engine}, bridge and reference in turns");
    let (ours, theirs) = (database::empty(engine).await?, database::empty(engine).await?);
    let customers = i64::try_from(CUSTOMERS)?;
    fill::fill(&ours.url, customers, 1).await?;
    fill::fill(&theirs.url, customers, 1).await?;
    let bridge = bridge::bridge(&ours.url, &ours.folder, &bench.provider).await?;
    let reference = bridge::reference(&theirs.url, CUSTOMERS).await?;
    let next = Arc::new(AtomicUsize::new(1));
    for process in [&bridge, &reference] {
        let requests = sms::messages(process.address, CUSTOMERS, 1);
        load::run(process.address, 32, bench.turn / 4, MOST, &next, &requests).await?;
    }
    for connections in [1, 32, 64] {
        let (mut our, mut their) = (Speed::default(), Speed::default());
        for _ in 0..bench.turns {
            for (process, speed) in [(&bridge, &mut our), (&reference, &mut their)] {
                let requests = sms::messages(process.address, CUSTOMERS, 1);
                speed.add(load::run(process.address, connections, bench.turn, MOST, &next, &requests).await?);
            }
        }
        let name = |what: &str| format!("webhook_{engine}_{connections}_{what}");
        let rate = Row::new(name("rate"), our.rate(), "msg/s")
            .of(their.rate())
            .note(format!("reference {:.0} msg/s", their.rate()));
        let rate = if connections == 32 { rate.at_least(LEAST * their.rate()) } else { rate };
        bench.report.add(rate);
        for (what, ours, theirs) in
            [("p50", our.times.p50(), their.times.p50()), ("p99", our.times.p99(), their.times.p99())]
        {
            let note = format!("reference {:.2} ms", ms(theirs));
            bench.report.add(Row::ms(name(what), ours).of(ms(theirs)).note(note));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(())
}
