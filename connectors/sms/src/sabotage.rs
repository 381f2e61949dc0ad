//! The rule that a test breaks on purpose to show that it would notice: built in only with the feature
//! `sabotage`, which no release has. Without it this is a constant `false`.
//!
//! Switched on by its name: `FAILPOINTS=sabotage.webhook_signature=return`.

/// Whether a test wants every signature to be taken for genuine.
#[cfg(feature = "sabotage")]
pub fn takes_any_signature() -> bool {
    fail::fail_point!("sabotage.webhook_signature", |_| true);
    false
}

/// No signature is taken unseen in this build.
#[cfg(not(feature = "sabotage"))]
pub const fn takes_any_signature() -> bool {
    false
}

// Evaluated by the compiler: no branch of such a build can be another.
#[cfg(not(feature = "sabotage"))]
const _: () = assert!(!takes_any_signature());
