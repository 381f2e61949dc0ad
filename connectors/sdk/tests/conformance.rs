//! The kit tested: a right connector passes all rules, a wrong one fails exactly its own, and the
//! document and the kit have the same rules.

#![expect(clippy::unwrap_used, reason = "tests")]

mod control;

use control::{Channel, Wrong};
use rapport_sdk::conformance::RULES;

/// The numbers of the rules that a connector fails.
async fn failing(wrong: Wrong) -> Vec<&'static str> {
    let mut failing = Vec::new();
    for rule in RULES {
        if (rule.check)(Channel::new(wrong)).await.is_err() {
            failing.push(rule.number);
        }
    }
    failing
}

#[tokio::test(start_paused = true)]
async fn a_right_connector_passes_every_rule() {
    assert_eq!(failing(Wrong::Nothing).await, Vec::<&str>::new());
}

macro_rules! controls {
    ($($name:ident: $wrong:ident fails $number:literal;)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                assert_eq!(failing(Wrong::$wrong).await, [$number]);
            }
        )*

        #[test]
        fn every_rule_has_a_connector_that_fails_it() {
            let shown = [$($number),*];
            let rules: Vec<_> = RULES.iter().map(|rule| rule.number).collect();
            assert_eq!(rules, shown);
        }
    };
}

controls! {
    a_connector_that_acknowledges_first_fails_only_c1: AcknowledgesFirst fails "C1";
    a_connector_that_drops_on_an_error_fails_only_c2: DropsOnError fails "C2";
    a_connector_that_starts_at_the_end_fails_only_c3: StartsAtTheEnd fails "C3";
    a_connector_that_never_ends_fails_only_c4: NeverEnds fails "C4";
    a_connector_that_panics_over_garbage_fails_only_c5: PanicsOverGarbage fails "C5";
    a_connector_that_invents_ids_fails_only_c6: InventsIds fails "C6";
    a_connector_that_takes_echoes_for_customers_fails_only_c7: TakesEchoesForCustomers fails "C7";
    a_connector_that_calls_unknown_transient_fails_only_c8: CallsUnknownTransient fails "C8";
    a_connector_that_forgets_keys_fails_only_c9: ForgetsKeys fails "C9";
    a_connector_that_reverses_parts_fails_only_c10: ReversesParts fails "C10";
    a_connector_that_believes_forgeries_fails_only_c11: BelievesForgeries fails "C11";
    a_connector_that_thanks_without_storing_fails_only_c12: ThanksWithoutStoring fails "C12";
    a_connector_that_checks_by_writing_fails_only_c13: ChecksByWriting fails "C13";
}

#[test]
fn the_document_numbers_the_same_rules_as_the_kit() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connector-spec.md");
    let document = std::fs::read_to_string(path).unwrap();
    let written: Vec<_> = document
        .lines()
        .filter_map(|line| line.strip_prefix("### C"))
        .map(|line| format!("C{line}"))
        .collect();
    let kit: Vec<_> = RULES.iter().map(|rule| format!("{} {}", rule.number, rule.title)).collect();
    assert_eq!(written, kit);
}
