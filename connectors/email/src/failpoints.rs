//! Named points around the steps that can't be taken back, where a test can make one fail, panic or end the
//! process (`FAILPOINTS=name=action`, see the `fail` crate). Without the feature `failpoints`, which no
//! release has, they are empty.

/// Every point there is. A test compares this list with the source.
pub const POINTS: &[&str] = &[
    "email.accepted",
    "email.after_dot",
    "email.before_commit",
    "email.before_dot",
    "email.between_cursors",
];

/// Whether the step that follows is to fail. `return(abort)` ends the process at once, as a kill would.
#[cfg(feature = "failpoints")]
pub(crate) fn fails(name: &str) -> bool {
    fail::fail_point!(name, |how: Option<String>| {
        if how.as_deref() == Some("abort") {
            std::process::abort();
        }
        true
    });
    false
}

/// Nothing fails by itself in this build.
#[cfg(not(feature = "failpoints"))]
pub(crate) const fn fails(_: &str) -> bool {
    false
}

/// A point at which nothing can fail: a test holds the task up here, or ends it, or the process.
pub(crate) fn pause(name: &str) {
    let _ = fails(name);
}
