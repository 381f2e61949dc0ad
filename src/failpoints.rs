//! Named points before and after every durable step, where a test can make the step fail, panic or
//! abort (`FAILPOINTS=name=action`, see the `fail` crate). They are empty unless the feature
//! `failpoints` is on, which no release has.

/// Every point there is. A test compares this list with the source.
pub const POINTS: &[&str] = &[
    "dispatch.after_send",
    "dispatch.before_send",
    "group.after_commit",
    "group.before_commit",
    "group.before_log",
    "ingest.begin",
    "ingest.end",
    "job.claimed",
    "job.finish",
    "outbox.claimed",
    "outbox.settle",
    "reply.inserted",
];

/// Marks a durable step. When the point is switched to `return`, the step fails as a full disk would.
macro_rules! durable_step {
    ($name:literal) => {
        fail::fail_point!($name, |_| Err(
            $crate::store::StoreError::Unavailable("a fail point".to_owned()).into()
        ));
    };
}
pub(crate) use durable_step;

/// A point between two durable steps, where a test can hold a task up, or end the process.
pub(crate) fn pause(name: &str) {
    fail::fail_point!(name);
    // Without the feature the macro is empty.
    let _ = name;
}
