//! Where providers call. The request goes to the inbox's connector as it came: signatures cover the raw
//! bytes.

use axum::{
    Router,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rapport_model::id::InboxId;
use rapport_sdk::{WebhookRequest, WebhookRoute};

use super::{Api, error::ApiError};
use crate::failpoints;

pub(super) fn router() -> Router<Api> {
    Router::new()
        .route("/webhooks/{inbox}", get(messages).post(messages))
        .route("/webhooks/{inbox}/status", get(status).post(status))
}

type Call =
    (State<Api>, Result<Path<String>, PathRejection>, Method, Uri, HeaderMap, Result<Bytes, BytesRejection>);

async fn messages(call: Call) -> Response {
    receive(call, WebhookRoute::Messages).await
}

async fn status(call: Call) -> Response {
    receive(call, WebhookRoute::Status).await
}

async fn receive(call: Call, route: WebhookRoute) -> Response {
    let (State(api), inbox, method, uri, headers, body) = call;
    let Ok(Path(inbox)) = inbox else { return ApiError::not_found("inbox").into_response() };
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let limit = api.engine.config().limits.webhook;
            let detail = format!("The body may have {limit} bytes.");
            return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
                .with("limit", limit.into())
                .into_response();
        }
        Err(_) => {
            return ApiError::new(StatusCode::BAD_REQUEST, "unreadable_body", "The body could not be read.")
                .into_response();
        }
    };
    let request = WebhookRequest {
        route,
        method,
        path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers,
        body,
        received_at: api.engine.clock().now(),
    };
    failpoints::pause("webhook.received");
    let Some(answer) = api.engine.webhook(&InboxId(inbox), request).await else {
        return ApiError::not_found("inbox").into_response();
    };
    let mut response = (answer.status, answer.body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if let Some(wait) = answer.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}
