//! Random sequences of all that can happen, on both engines, every rule looked at after every step.

use proptest::test_runner::{Config, TestRunner};

use super::{
    invariants::{broken, differences},
    step::steps,
    world::World,
};
use crate::store::{Engine, testing::Fresh};

/// So many sequences, each of at most so many steps. `PROPTEST_CASES` asks for others.
fn runner(cases: u32) -> TestRunner {
    let usual = Config::default();
    // The library reads the variable itself: without it the number is this one.
    let asked = if usual.cases == 256 { cases } else { usual.cases };
    TestRunner::new(Config { cases: asked, max_shrink_iters: 400, failure_persistence: None, ..usual })
}

fn run_on(engine: Engine, cases: u32, most: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tested = runner(cases).run(&steps(most), |sequence| {
        runtime.block_on(async {
            let fresh = match engine {
                Engine::Sqlite => Fresh::sqlite(),
                Engine::Postgres => Fresh::postgres().await,
            };
            let mut world = World::open(fresh).await;
            for (at, step) in sequence.iter().enumerate() {
                world.take(step).await;
                let mut found = broken(&world.shop.store).await;
                found.extend(differences(&mut world).await);
                if !found.is_empty() {
                    let reason = format!("after step {at}, {step:?}: {found:#?}");
                    return Err(proptest::test_runner::TestCaseError::fail(reason));
                }
            }
            Ok(())
        })
    });
    if let Err(error) = tested {
        panic!("{error}");
    }
}

#[test]
fn no_sequence_of_events_breaks_a_rule_on_sqlite() {
    run_on(Engine::Sqlite, 24, 60);
}

#[test]
fn no_sequence_of_events_breaks_a_rule_on_postgres() {
    run_on(Engine::Postgres, 6, 60);
}
