//! Rules that a test breaks on purpose to show that it would notice: built in only with the feature
//! `sabotage`, which no release has. Without it [`breaks`] is a constant `false`.
//!
//! Switched on like a fail point, by its name: `FAILPOINTS=sabotage.mail_token=return`.

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A token counts only with its hash.
    Token,
    /// Only the named server's word about a sender counts.
    NamedServer,
    /// What a machine sent is known as that.
    Machines,
}

/// Whether a test broke this rule.
#[cfg(feature = "sabotage")]
pub(crate) fn breaks(rule: Rule) -> bool {
    let name = match rule {
        Rule::Token => "sabotage.mail_token",
        Rule::NamedServer => "sabotage.mail_named_server",
        Rule::Machines => "sabotage.mail_machines",
    };
    fail::fail_point!(name, |_| true);
    false
}

/// No rule can be broken in this build.
#[cfg(not(feature = "sabotage"))]
pub(crate) const fn breaks(_: Rule) -> bool {
    false
}

// Evaluated by the compiler: no branch of such a build can be another.
#[cfg(not(feature = "sabotage"))]
const _: () = assert!(!breaks(Rule::Token) && !breaks(Rule::NamedServer) && !breaks(Rule::Machines));
