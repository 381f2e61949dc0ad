//! Rules that a test breaks on purpose, one at a time, to show that it would notice.

/// The rules of one connector, each with its documentation and the name under which a test breaks it:
///
/// ```ignore
/// rapport_sdk::sabotage! {
///     /// A reply has one name, however often it is tried.
///     OneName = "sabotage.pigeon_one_name",
/// }
/// ```
///
/// Gives `Rule` with `name` and, for tests, `broken`; and `breaks(rule)`. They can be broken with the feature
/// `sabotage` of the connector alone, which no release has; without it `breaks` is a constant `false` and every
/// branch that asks is gone. One is switched on by its name: `FAILPOINTS=sabotage.pigeon_one_name=return`.
#[macro_export]
macro_rules! sabotage {
    ($($(#[$meaning:meta])+ $rule:ident = $name:literal,)+) => {
        /// A rule that can be broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rule {
            $($(#[$meaning])+ $rule,)+
        }

        impl Rule {
            /// Under which name a test breaks it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)+
                }
            }

            /// What comes of `measure` where every rule holds, and then where this one is broken. One at a
            /// time in a process.
            #[cfg(feature = "sabotage")]
            pub async fn broken<T>(self, measure: impl AsyncFn() -> T) -> (T, T) {
                let armed = fail::FailScenario::setup();
                let whole = measure().await;
                fail::cfg(self.name(), "return").expect("it is an action that there is");
                let broken = measure().await;
                armed.teardown();
                (whole, broken)
            }
        }

        /// Whether a test broke this rule.
        #[cfg(feature = "sabotage")]
        pub fn breaks(rule: Rule) -> bool {
            fail::fail_point!(rule.name(), |_| true);
            false
        }

        /// No rule can be broken in this build.
        #[cfg(not(feature = "sabotage"))]
        pub const fn breaks(_: Rule) -> bool {
            false
        }

        // Evaluated by the compiler: no branch of such a build can ask for more.
        #[cfg(not(feature = "sabotage"))]
        const _: () = assert!($(!breaks(Rule::$rule))&&+);
    };
}
