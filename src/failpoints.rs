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
    "webhook.received",
];

/// Marks a durable step. When the point is switched to `return`, the step fails as a full disk would.
macro_rules! durable_step {
    ($name:literal) => {
        fail::fail_point!($name, |how| {
            $crate::failpoints::end_process_if(how.as_deref());
            Err($crate::store::StoreError::Unavailable("a fail point".to_owned()).into())
        });
    };
}
pub(crate) use durable_step;

/// `return(abort)` ends the process at once, as a kill would at exactly that point.
pub fn end_process_if(how: Option<&str>) {
    if how == Some("abort") {
        std::process::abort();
    }
}

/// Reads which points are switched on. They stay so as long as the value lives.
#[cfg(feature = "failpoints")]
pub fn arm() -> impl Sized {
    fail::FailScenario::setup()
}

/// There are no points in this build.
#[cfg(not(feature = "failpoints"))]
pub fn arm() -> impl Sized {}

/// A point between two durable steps, where a test can hold a task up, or end the process.
pub(crate) fn pause(name: &str) {
    fail::fail_point!(name, |how: Option<String>| end_process_if(how.as_deref()));
    // Without the feature the macro is empty.
    let _ = name;
}
