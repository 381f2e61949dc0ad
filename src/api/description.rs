//! What the description of the API says of every operation alike: the session that it wants, and the
//! refusals that come from around the handlers. Each handler describes only what is its own.

use axum::http::StatusCode;
use utoipa::{
    Modify,
    openapi::{
        Components, Content, OpenApi, Ref, RefOr, Response,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use super::error::PROBLEM;

const JSON: &str = "application/json";
const SESSION: &str = "session";

/// Completes every operation.
pub(super) struct Whole;

impl Modify for Whole {
    fn modify(&self, document: &mut OpenApi) {
        let cookie = "Set by signing in. Without TLS, on this machine alone, it is called `rapport_session`.";
        let scheme =
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("__Host-rapport", cookie)));
        document.components.get_or_insert_with(Components::default).add_security_scheme(SESSION, scheme);
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                complete(operation);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    all.into_iter().filter_map(Option::as_mut)
}

fn complete(operation: &mut Operation) {
    let mut refusals = vec![StatusCode::FORBIDDEN];
    // Whoever needs no session says so.
    if operation.security.is_none() {
        operation.security = Some(vec![SecurityRequirement::new(SESSION, Vec::<String>::new())]);
        refusals.push(StatusCode::UNAUTHORIZED);
    }
    if let Some(RefOr::T(body)) = &operation.request_body
        && body.content.contains_key(JSON)
    {
        refusals.extend([
            StatusCode::BAD_REQUEST,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ]);
    }
    for status in refusals {
        operation
            .responses
            .responses
            .entry(status.as_str().to_owned())
            .or_insert_with(|| Response::new("").into());
    }
    for (status, response) in &mut operation.responses.responses {
        let (Ok(status), RefOr::T(response)) = (status.parse::<StatusCode>(), response) else { continue };
        if response.description.is_empty() {
            status.canonical_reason().unwrap_or_default().clone_into(&mut response.description);
        }
        if status.is_client_error() || status.is_server_error() {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.clear();
            response.content.insert(PROBLEM.to_owned(), problem.into());
        }
    }
}
