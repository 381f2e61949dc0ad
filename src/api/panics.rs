//! What becomes of a request whose handler panics: an answer, not a cut connection, and a line in the log
//! that holds nothing of what a customer wrote.

use std::any::Any;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use super::error::{ApiError, REQUEST};

/// Answers for a handler that panicked. Nothing was acknowledged: a provider comes again.
pub(super) fn answer(panic: Box<dyn Any + Send>) -> Response {
    let request = REQUEST.try_with(Clone::clone).unwrap_or_default();
    // A text that was put together may quote what was being worked on; one that stands in the source can't.
    let reason = panic.downcast::<&'static str>().map_or("not told, it may quote a text", |text| *text);
    tracing::error!(request, reason, "A request failed: its handler panicked");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side.")
        .into_response()
}
