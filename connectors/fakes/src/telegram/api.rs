//! The API: who calls, whether the description allows it, and what comes of it.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequest as _, Multipart, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Shared, changing,
    fault::{Fault, Operation},
    files, reading, sending,
    spec::{Given, Params, Spec, Upload},
    updates, webhook,
};
use crate::wire::{Listener, Scissors};

/// What may be uploaded at once, in bytes.
const LARGEST_UPLOAD: usize = 50 << 20;

/// Why a call is not answered as it wished.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    code: u16,
    description: String,
    parameters: Option<Value>,
}

impl Refusal {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    pub(crate) fn bad(what: impl std::fmt::Display) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    pub(crate) fn forbidden(what: impl std::fmt::Display) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    pub(crate) fn conflict(description: &str) -> Self {
        Self::new(409, description)
    }

    pub(crate) fn too_many(seconds: u64) -> Self {
        let parameters = Some(json!({"retry_after": seconds}));
        Self { parameters, ..Self::new(429, format!("Too Many Requests: retry after {seconds}")) }
    }

    pub(crate) fn migrated(to: i64) -> Self {
        let parameters = Some(json!({"migrate_to_chat_id": to}));
        Self { parameters, ..Self::bad("group chat was upgraded to a supergroup chat") }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(parameters) = self.parameters {
            body["parameters"] = parameters;
        }
        (StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST), axum::Json(body)).into_response()
    }
}

struct Api {
    shared: Arc<Shared>,
    spec: Spec,
}

/// Serves until the provider ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    let Ok(listener) = Listener::new(listener, &shared.door) else { return };
    let api = Arc::new(Api { shared, spec: Spec::load() });
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(api);
    let service = router.into_make_service_with_connect_info::<Scissors>();
    tokio::select! {
        _ = axum::serve(listener, service) => {}
        () = stop.cancelled() => {}
    }
}

async fn answer(
    State(api): State<Arc<Api>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let (is_file, rest) = match path.strip_prefix("/file/bot") {
        Some(rest) => (true, Some(rest)),
        None => (false, path.strip_prefix("/bot")),
    };
    let Some((token, wanted)) = rest.and_then(|rest| rest.split_once('/')) else {
        return Refusal::new(404, "Not Found").into_response();
    };
    if token != api.shared.config.token {
        return Refusal::new(401, "Unauthorized").into_response();
    }
    if is_file {
        // The client library writes the path as one part.
        let path = wanted.replace("%2F", "/");
        let act = async || files::download(&api.shared, &path);
        return with_faults(&api.shared, Operation::Download, None, &scissors, act).await;
    }
    let Some(method) = api.spec.method(wanted) else {
        api.shared.violation(format!("no method is named {wanted}"));
        return Refusal::new(404, "Not Found: method not found").into_response();
    };
    let given = match read(request).await {
        Ok(given) => given,
        Err(refusal) => return refusal.into_response(),
    };
    let params = match api.spec.check(method, given) {
        Ok(params) => params,
        Err(violation) => {
            api.shared.violation(violation.clone());
            return Refusal::bad(violation).into_response();
        }
    };
    let act = async || match act(&api, method, &params).await {
        Ok(result) => axum::Json(json!({"ok": true, "result": result})).into_response(),
        Err(refusal) => refusal.into_response(),
    };
    let chat = params.integer("chat_id");
    with_faults(&api.shared, Operation::of(method), chat, &scissors, act).await
}

/// Does what a method says.
async fn act(api: &Api, method: &str, params: &Params) -> Result<Value, Refusal> {
    let shared = &api.shared;
    let result = match method {
        "getUpdates" => return updates::poll(shared, params).await,
        "getFile" => files::get(shared, params),
        "setWebhook" => webhook::set(shared, params),
        "deleteWebhook" => Ok(webhook::delete(shared, params)),
        "getWebhookInfo" => Ok(webhook::info(shared)),
        "sendChatAction" => changing::typing(shared, params),
        "setMessageReaction" => changing::react(shared, params),
        "editMessageText" => changing::edit(shared, params, true),
        "editMessageCaption" => changing::edit(shared, params, false),
        "deleteMessage" | "deleteMessages" => changing::delete(shared, params),
        _ if method.starts_with("send") => sending::send(shared, method, params),
        _ => reading::read(shared, method, params),
    };
    shared.changed();
    result
}

async fn with_faults(
    shared: &Shared,
    operation: Operation,
    chat: Option<i64>,
    scissors: &Scissors,
    act: impl AsyncFnOnce() -> Response,
) -> Response {
    let fault = shared.with(|world| {
        *world.calls.entry(operation).or_default() += 1;
        if world.down {
            return Some(Fault::Cut);
        }
        let of_chat = chat.and_then(|chat| world.chat_faults.take((operation, chat)));
        of_chat.or_else(|| world.faults.take(operation))
    });
    let Some(fault) = fault else { return act().await };
    shared.changed();
    match fault {
        Fault::RateLimited { retry_after } => Refusal::too_many(retry_after).into_response(),
        Fault::Refused { code, description } => Refusal::new(code, description).into_response(),
        Fault::Html(status) => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        Fault::ActedThenError => {
            act().await;
            Refusal::new(500, "Internal Server Error").into_response()
        }
        Fault::ActedThenCut => {
            act().await;
            scissors.cut();
            std::future::pending().await
        }
        Fault::Cut => {
            scissors.cut();
            std::future::pending().await
        }
        Fault::ActedThenSilent => {
            act().await;
            std::future::pending().await
        }
        Fault::Silent => std::future::pending().await,
        Fault::ActedThenNonsense => {
            act().await;
            ([(header::CONTENT_TYPE, "application/json")], "{\"ok\":true,\"result\":").into_response()
        }
        Fault::ActedThenHalf => half(act().await).await,
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            act().await
        }
    }
}

/// An answer whose connection ends in its middle.
async fn half(whole: Response) -> Response {
    let (head, body) = whole.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let first = bytes.slice(..bytes.len() / 2);
    let parts = [Ok(first), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    Response::from_parts(head, Body::from_stream(stream::iter(parts)))
}

/// The fields of a request, in each of the forms that the API takes.
async fn read(request: Request) -> Result<Vec<(String, Given)>, Refusal> {
    let too_large = || Refusal::new(413, "Request Entity Too Large");
    let unreadable =
        |error: &dyn std::fmt::Display| Refusal::bad(format!("can't parse the request: {error}"));
    let (head, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 2 * LARGEST_UPLOAD).await.map_err(|_| too_large())?;
    if bytes.len() > LARGEST_UPLOAD + (1 << 16) {
        return Err(too_large());
    }
    let texts = |bytes: &[u8]| {
        let pairs = url::form_urlencoded::parse(bytes).into_owned();
        pairs.map(|(name, value)| (name, Given::Value(value.into()))).collect::<Vec<_>>()
    };
    let mut given = texts(head.uri.query().unwrap_or("").as_bytes());
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match content_type.unwrap_or("").split(';').next().unwrap_or("") {
        "application/json" if bytes.is_empty() => {}
        "application/json" => match serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))? {
            Value::Object(fields) => {
                given.extend(fields.into_iter().map(|(name, value)| (name, Given::Value(value))));
            }
            // The client library writes a method without fields so.
            Value::Null => {}
            _ => return Err(unreadable(&"it is no object")),
        },
        "application/x-www-form-urlencoded" => given.extend(texts(&bytes)),
        "multipart/form-data" => {
            let request = Request::from_parts(head, Body::from(bytes));
            let mut form = Multipart::from_request(request, &()).await.map_err(|error| unreadable(&error))?;
            while let Some(part) = form.next_field().await.map_err(|error| unreadable(&error))? {
                let name = part.name().unwrap_or("").to_owned();
                let file = part.file_name().map(str::to_owned);
                let content_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
                let bytes = part.bytes().await.map_err(|error| unreadable(&error))?;
                given.push((name, value_of(file, content_type, bytes)));
            }
        }
        _ => {}
    }
    Ok(given)
}

fn value_of(file: Option<String>, content_type: String, bytes: Bytes) -> Given {
    match file {
        Some(name) => Given::File(Upload { name, content_type, bytes }),
        None => Given::Value(String::from_utf8_lossy(&bytes).into()),
    }
}
