//! Random sequences of all that can happen, on both engines, every rule looked at after every step.

use proptest::test_runner::{Config, TestRunner};

use super::{
    invariants::{broken, differences},
    step::steps,
    world::World,
};
use crate::store::{Engine, testing::Fresh};

/// How much is done to find a shorter sequence that fails as well.
const SHRINKING: u32 = 400;

/// So many sequences, each of at most so many steps. `PROPTEST_CASES` asks for others.
fn runner(cases: u32, max_shrink_iters: u32) -> TestRunner {
    let usual = Config::default();
    // The library reads the variable itself: without it the number is this one.
    let asked = if usual.cases == 256 { cases } else { usual.cases };
    TestRunner::new(Config { cases: asked, max_shrink_iters, failure_persistence: None, ..usual })
}

fn run_on(engine: Engine, cases: u32, most: usize, shrinking: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tested = runner(cases, shrinking).run(&steps(most), |sequence| {
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
    run_on(Engine::Sqlite, 24, 60, SHRINKING);
}

#[test]
fn no_sequence_of_events_breaks_a_rule_on_postgres() {
    run_on(Engine::Postgres, 6, 60, SHRINKING);
}

/// The same with a rule broken on purpose, in a process of its own: it must fail, and say why.
#[cfg(feature = "sabotage")]
mod controls {
    use super::{Engine, run_on};
    use crate::sabotage::Rule;

    #[test]
    #[ignore = "its controls run it, each with a rule broken"]
    fn a_sequence_with_a_rule_broken() {
        let _armed = crate::failpoints::arm();
        // That it fails is enough: nobody reads the sequence.
        run_on(Engine::Sqlite, 60, 60, 0);
    }

    fn output_without(rule: Rule) -> String {
        let name = "store::rules::sequences::controls::a_sequence_with_a_rule_broken";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--ignored", "--nocapture"])
            .env("FAILPOINTS", format!("{}=return", rule.name()))
            .output()
            .unwrap();
        assert!(!output.status.success(), "nobody noticed that {rule:?} was broken");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    #[test]
    fn a_bot_that_speaks_after_a_person_is_noticed() {
        let output = output_without(Rule::SilenceAfterHuman);
        assert!(output.contains("a person has"), "{output}");
    }

    #[test]
    fn a_known_id_that_is_taken_for_a_new_message_is_noticed() {
        let output = output_without(Rule::Dedupe);
        assert!(output.contains("owed: "), "{output}");
    }

    #[test]
    fn an_acknowledgement_that_discharges_is_refused_by_the_database() {
        let output = output_without(Rule::OnlyPeopleDischarge);
        assert!(output.contains("FOREIGN KEY constraint failed"), "{output}");
    }
}
