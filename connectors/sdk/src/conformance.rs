//! The rules of `docs/connector-spec.md` as tests, number by number.
//!
//! A connector's test implements [`Harness`] over a fake of its provider and writes one line,
//! [`crate::conformance!`]. Each rule is shown to fail by a connector that is wrong in exactly one
//! way: see `tests/conformance.rs`. Add a rule here, there and in the document together.

mod ingress;
mod receiving;
mod running;
mod sending;
mod stage;
mod webhook;

use std::sync::Arc;

use futures_util::future::BoxFuture;
pub use ingress::MemoryIngress;
use rapport_model::{Clock, outbound::Outgoing};
pub use running::{Running, Ticking, until};

use crate::connector::{Connector, Ingress, WebhookRequest};

/// What the provider is made to do with the next part that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Refuses it for now, without having done anything.
    Overloaded,
    /// Refuses it for good.
    Refused,
    /// Does not accept the credentials.
    WrongCredentials,
    /// Takes it, and the answer is lost.
    LostAnswer,
}

/// A fake provider with one account and one customer, as a connector's test supplies it.
///
/// Texts are how the kit recognises messages: each is used once.
pub trait Harness: Send + Sync + 'static {
    /// A new connector for the account, as after a start of the process.
    fn connector(&self) -> Arc<dyn Connector>;

    /// The clock of connector and provider.
    fn clock(&self) -> Arc<dyn Clock>;

    /// From now on the provider finds this connector where it calls; `None`: nobody.
    fn attach(&self, bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>);

    /// The customer writes; returns when the provider has done what it does by itself.
    fn offer(&self, text: &str) -> BoxFuture<'_, ()>;

    /// The provider offers the same message once more.
    fn offer_again(&self, text: &str) -> BoxFuture<'_, ()>;

    /// The provider offers what no connector can read, in every way that it has.
    fn offer_garbage(&self) -> BoxFuture<'_, ()>;

    /// Whether the provider takes this message as received by us.
    fn is_acknowledged(&self, text: &str) -> bool;

    /// A part on its way to the customer.
    fn outgoing(&self, text: &str) -> Outgoing;

    /// Makes the next send fail.
    fn fail_next_send(&self, failure: Failure);

    /// What the provider took from us: its ids and the texts, in order.
    fn sent(&self) -> Vec<(String, String)>;

    /// Everything that a customer or the provider's record shows.
    fn footprint(&self) -> String;

    /// A call of the provider about a new message, and the same with a signature that is wrong;
    /// `None` where the channel is not called.
    fn webhook_requests(&self, text: &str) -> Option<(WebhookRequest, WebhookRequest)>;
}

/// What came of a rule: it holds, or why it does not.
pub type Outcome = Result<(), String>;
/// The test of a rule.
pub type Check = fn(Arc<dyn Harness>) -> BoxFuture<'static, Outcome>;

/// One rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its number in `docs/connector-spec.md`.
    pub number: &'static str,
    /// What it says, in one line: the same line as in the document.
    pub title: &'static str,
    /// Tests it.
    pub check: Check,
}

macro_rules! rules {
    ($($number:literal $title:literal => $check:path;)*) => {
        &[$(Rule {
            number: $number,
            title: $title,
            check: |harness| Box::pin($check(harness)),
        }),*]
    };
}

/// All rules.
pub const RULES: &[Rule] = rules! {
    "C1" "Nothing is acknowledged before ingest returned Ok." => receiving::nothing_is_acknowledged_early;
    "C2" "After an ingest error the same events are given again." => receiving::events_come_again;
    "C3" "A restart from the cursor loses nothing and repeats nothing." => receiving::restart_loses_nothing;
    "C4" "run ends within 5 s of shutdown." => receiving::run_ends;
    "C5" "Garbage never panics and never holds up the next message." => receiving::garbage_is_survived;
    "C6" "External ids are stable." => receiving::ids_are_stable;
    "C7" "Own messages and their echoes are recognised." => receiving::echoes_are_recognised;
    "C8" "The provider's errors map to the right kinds." => sending::errors_are_of_the_right_kinds;
    "C9" "The same key twice is one message at the provider, where the channel says so." => sending::a_key_is_one_message;
    "C10" "Parts go in order, hold the whole text, and return the provider's ids." => sending::parts_go_in_order;
    "C11" "A webhook answers 401 to a wrong signature and stores nothing." => webhook::forged_calls_are_refused;
    "C12" "A webhook answers 2xx only after Ok, and 5xx with Retry-After where ingest fails." => webhook::answers_follow_the_store;
    "C13" "check has no side effect." => sending::check_has_no_effect;
};

/// The rule with this number.
pub fn rule(number: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.number == number).expect("a test names the rules of this file")
}

/// Runs one rule by its number: what [`crate::conformance!`] expands to.
pub async fn assert_rule(number: &str, harness: Arc<dyn Harness>) {
    let rule = rule(number);
    if let Err(reason) = (rule.check)(harness).await {
        panic!("{number} ({}) does not hold: {reason}", rule.title);
    }
}

/// The whole suite for one connector: `rapport_sdk::conformance!(MyHarness::start().await);` with
/// an expression, awaited in each test, that gives a fresh `Arc<impl Harness>`.
#[macro_export]
macro_rules! conformance {
    ($harness:expr) => {
        $crate::conformance!(@tests $harness;
            c1_nothing_is_acknowledged_early "C1",
            c2_events_come_again_after_an_error "C2",
            c3_a_restart_loses_and_repeats_nothing "C3",
            c4_run_ends_within_5_s_of_shutdown "C4",
            c5_garbage_is_survived "C5",
            c6_external_ids_are_stable "C6",
            c7_own_messages_are_recognised "C7",
            c8_errors_are_of_the_right_kinds "C8",
            c9_a_key_is_one_message "C9",
            c10_parts_go_in_order "C10",
            c11_a_forged_call_is_refused "C11",
            c12_a_call_is_answered_after_the_store "C12",
            c13_check_has_no_effect "C13");
    };
    (@tests $harness:expr; $($name:ident $number:literal),*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::conformance::assert_rule($number, $harness).await;
            }
        )*

        #[test]
        fn the_suite_has_every_rule_of_the_kit() {
            let kit: Vec<_> = $crate::conformance::RULES.iter().map(|rule| rule.number).collect();
            assert_eq!(kit, [$($number),*]);
        }
    };
}
