//! Rules that a test breaks on purpose, one at a time, to show that it would notice: built in only with
//! the feature `sabotage`, which no release has. Without it [`breaks`] is a constant `false` and every
//! branch that asks is gone.
//!
//! Switched on by its name: `FAILPOINTS=sabotage.email_one_name=return`.

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A resume point is committed with the mails that it leaves behind, not before them.
    CursorWithMails,
    /// Mails are handed on in the order in which they came.
    OrderOfArrival,
    /// A mail that is read again is known again, by its number or by its content.
    KnownAgain,
    /// A reply has one Message-ID, however often it is tried.
    OneName,
    /// A token counts only with its hash.
    Token,
    /// Only the named server's word about a sender counts.
    NamedServer,
    /// What a machine sent is known as that.
    Machines,
}

impl Rule {
    /// Under which name a test breaks it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CursorWithMails => "sabotage.email_cursor_with_mails",
            Self::OrderOfArrival => "sabotage.email_order_of_arrival",
            Self::KnownAgain => "sabotage.email_known_again",
            Self::OneName => "sabotage.email_one_name",
            Self::Token => "sabotage.email_token",
            Self::NamedServer => "sabotage.email_named_server",
            Self::Machines => "sabotage.email_machines",
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

// Evaluated by the compiler: no branch of such a build can ask for more.
#[cfg(not(feature = "sabotage"))]
const _: () = assert!(
    !breaks(Rule::CursorWithMails)
        && !breaks(Rule::OrderOfArrival)
        && !breaks(Rule::KnownAgain)
        && !breaks(Rule::OneName)
        && !breaks(Rule::Token)
        && !breaks(Rule::NamedServer)
        && !breaks(Rule::Machines)
);
