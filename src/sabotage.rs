//! Rules that a test breaks on purpose, one at a time, to show that it would notice: built in only with
//! the feature `sabotage`, which no release has. Without it [`breaks`] is a constant `false` and every
//! branch that asks is gone.
//!
//! Switched on like a fail point, by its name: `FAILPOINTS=sabotage.dedupe=return`.

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing is acknowledged before it is committed.
    CommitBeforeAck,
    /// Neither a known id nor a known content is a new message.
    Dedupe,
    /// What may have been sent is not sent again by itself.
    NoBlindRetry,
    /// The bot is silent once a person has written.
    SilenceAfterHuman,
    /// Nothing that the bot writes discharges an obligation.
    OnlyPeopleDischarge,
    /// The HTML of a letter is made harmless before it is shown.
    HarmlessLetters,
    /// Two machines that answer each other are silenced.
    EndsLoops,
    /// Only who is proven joins a record by a code.
    ProvenToJoin,
}

impl Rule {
    /// Every rule, for the test that breaks them all.
    pub const ALL: [Self; 8] = [
        Self::CommitBeforeAck,
        Self::Dedupe,
        Self::NoBlindRetry,
        Self::SilenceAfterHuman,
        Self::OnlyPeopleDischarge,
        Self::HarmlessLetters,
        Self::EndsLoops,
        Self::ProvenToJoin,
    ];

    /// Under which name a test breaks it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommitBeforeAck => "sabotage.commit_before_ack",
            Self::Dedupe => "sabotage.dedupe",
            Self::NoBlindRetry => "sabotage.no_blind_retry",
            Self::SilenceAfterHuman => "sabotage.silence_after_human",
            Self::OnlyPeopleDischarge => "sabotage.only_people_discharge",
            Self::HarmlessLetters => "sabotage.harmless_letters",
            Self::EndsLoops => "sabotage.ends_loops",
            Self::ProvenToJoin => "sabotage.proven_to_join",
        }
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

#[cfg(all(test, not(feature = "sabotage")))]
mod tests {
    use super::*;

    // Evaluated by the compiler: no branch of this build can ask for more.
    const _: () = {
        let mut at = 0;
        while at < Rule::ALL.len() {
            assert!(!breaks(Rule::ALL[at]));
            at += 1;
        }
    };

    #[test]
    fn a_build_without_the_feature_breaks_no_rule_whatever_the_environment_says() {
        assert!(!fail::has_failpoints());
    }
}
