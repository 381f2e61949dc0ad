//! The REST API: who calls, whether the description allows it, what was ordered to go wrong, and the answer.
//!
//! What a call does stands in `messages` and `places`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, FromRequest as _, Multipart, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Shared,
    fault::{Fault, Operation},
    message::FakeFile,
    messages, places,
    snowflake::Snowflake,
    spec::{self, Wrong},
    world::Refusal,
};
use crate::wire::{Listener, Scissors};

/// The most that a request may carry.
const LARGEST: usize = 10 * 1024 * 1024;

/// A call that the description allows.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// The parts of the path.
    path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) files: Vec<FakeFile>,
}

impl Call {
    /// A part of the path that is an id.
    pub(crate) fn id(&self, at: usize) -> Snowflake {
        self.path.get(at).and_then(|part| part.parse().ok()).unwrap_or(Snowflake(0))
    }

    /// A part of the path as it stands, without its escapes.
    pub(crate) fn part(&self, at: usize) -> String {
        let escaped = self.path.get(at).map_or("", String::as_str).replace('+', "%2B");
        let pair = format!("part={escaped}");
        url::form_urlencoded::parse(pair.as_bytes()).map(|(_, part)| part.into_owned()).collect()
    }

    /// A parameter of the query.
    pub(crate) fn parameter<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.query.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok())
    }
}

/// Serves until the fake ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    let Ok(listener) = Listener::new(listener, &shared.door) else { return };
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(shared);
    let service = router.into_make_service_with_connect_info::<Scissors>();
    tokio::select! {
        _ = axum::serve(listener, service) => {}
        () = stop.cancelled() => {}
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = pairs(uri.query().unwrap_or(""));
    if let Some(path) = uri.path().strip_prefix("/attachments/") {
        let act = async || places::file(&shared, path, &query);
        return carry_out(&shared, Operation::File, &scissors, act).await;
    }
    if shared.is_banned() {
        return banned();
    }
    let path =
        uri.path().strip_prefix("/api/v10/").or_else(|| uri.path().strip_prefix("/api/")).unwrap_or("");
    let path: Vec<&str> = path.split('/').collect();
    let route = match spec::find(method.as_str(), &path) {
        Ok(route) => route,
        Err(wrong) => return refuse_form(&shared, &format!("{method} {}", uri.path()), wrong),
    };
    let operation = route.operation;
    let act = async || {
        if !is_ours(&shared, operation, &headers) {
            return shared.count_invalid(error(401, 0, "401: Unauthorized"));
        }
        let place = path.get(1).copied().unwrap_or_default();
        let standing = shared.with(|state| state.limits.take(operation, place));
        if let Some(standing) = standing.as_ref().filter(|standing| !standing.allowed) {
            let refused = rate_limited(standing.reset_after, false, true);
            return shared.count_invalid(standing.mark(refused));
        }
        if body.len() > LARGEST {
            return error(413, 40005, "Request entity too large");
        }
        let (body, files) = match read(&headers, body).await {
            Ok(read) => read,
            Err(wrong) => return refuse_form(&shared, uri.path(), wrong),
        };
        if let Err(wrong) = route.check_query(&query).and_then(|()| route.check_body(&body)) {
            return refuse_form(&shared, &format!("{operation:?}"), wrong);
        }
        let path = path.iter().map(|&part| part.to_owned()).collect();
        let call = Call { operation, path, query: query.clone(), body, files };
        let answer = respond(&shared, &call);
        shared.changed();
        match standing {
            Some(standing) => standing.mark(answer),
            None => answer,
        }
    };
    carry_out(&shared, operation, &scissors, act).await
}

/// Whether the bot's token came along; where the gateway is may be asked by anybody.
fn is_ours(shared: &Shared, operation: Operation, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = &shared.config.token;
    operation == Operation::Gateway || given.and_then(|given| given.strip_prefix("Bot ")) == Some(token)
}

/// The body of a request, and its files.
async fn read(headers: &HeaderMap, body: Bytes) -> Result<(Value, Vec<FakeFile>), Wrong> {
    let nonsense = || spec::wrong::<&str>(&[], "JSON_INVALID", "The body can't be read");
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.starts_with("multipart/form-data") {
        let body = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
        return Ok((body.map_err(|_| nonsense())?, Vec::new()));
    }
    let mut request = Request::new(Body::from(body));
    *request.headers_mut() = headers.clone();
    // The body is here already and was judged by its length: the library's own limit would be a second one.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| nonsense())?;
    let (mut fields, mut files) = (Value::Null, Vec::new());
    while let Some(field) = form.next_field().await.map_err(|_| nonsense())? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let content_type = field.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = field.bytes().await.map_err(|_| nonsense())?;
        match file {
            _ if name == "payload_json" => fields = serde_json::from_slice(&bytes).map_err(|_| nonsense())?,
            Some(name) => files.push(FakeFile { name, content_type, bytes }),
            None => return Err(spec::wrong(&[name], "UNKNOWN_FIELD", "Not a part of a form")),
        }
    }
    Ok((fields, files))
}

fn respond(shared: &Shared, call: &Call) -> Response {
    let outcome = match call.operation {
        Operation::Send
        | Operation::Edit
        | Operation::Delete
        | Operation::React
        | Operation::Unreact
        | Operation::History
        | Operation::Message
        | Operation::Typing => messages::respond(shared, call),
        _ => places::respond(shared, call),
    };
    match outcome {
        Ok(Value::Null) => StatusCode::NO_CONTENT.into_response(),
        Ok(body) if call.operation == Operation::StartThread => {
            (StatusCode::CREATED, axum::Json(body)).into_response()
        }
        Ok(body) => axum::Json(body).into_response(),
        Err(Problem::Refused(Refusal(status, code, message))) => {
            let response = error(status, code, message);
            if status == 403 { shared.count_invalid(response) } else { response }
        }
        Err(Problem::Form(wrong)) => refuse_form(shared, &format!("{:?}", call.operation), wrong),
    }
}

/// Why a call that the description allows is refused.
pub(crate) enum Problem {
    Refused(Refusal),
    Form(Wrong),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Does it, or what was ordered instead.
async fn carry_out(
    shared: &Shared,
    operation: Operation,
    scissors: &Scissors,
    act: impl AsyncFnOnce() -> Response,
) -> Response {
    let fault = shared.with(|state| {
        *state.calls.entry(operation).or_default() += 1;
        if state.api_down { Some(Fault::Cut) } else { state.faults.take(operation) }
    });
    if fault.is_some() {
        shared.changed();
    }
    match fault {
        None => act().await,
        Some(fault) => fail(shared, fault, scissors, act).await,
    }
}

async fn fail(
    shared: &Shared,
    fault: Fault,
    scissors: &Scissors,
    act: impl AsyncFnOnce() -> Response,
) -> Response {
    match fault {
        Fault::RateLimited { after, global, headers } => {
            shared.count_invalid(rate_limited(after, global, headers))
        }
        Fault::Banned => banned(),
        Fault::Refused { status, code } => error(status, code, "Refused on purpose"),
        Fault::Html(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, axum::response::Html("<html><body>Bad gateway</body></html>")).into_response()
        }
        Fault::ActedThenError => {
            act().await;
            error(500, 0, "500: Internal Server Error")
        }
        Fault::ActedThenCut => {
            act().await;
            scissors.cut();
            std::future::pending().await
        }
        Fault::ActedThenSilent => {
            act().await;
            std::future::pending().await
        }
        Fault::ActedThenNonsense => {
            let status = act().await.status();
            (status, [(header::CONTENT_TYPE, "application/json")], "{\"id\":").into_response()
        }
        Fault::ActedThenHalf => half(act().await).await,
        Fault::ActedThenOdd => odd(act().await).await,
        Fault::Cut => {
            scissors.cut();
            std::future::pending().await
        }
        Fault::Silent => std::future::pending().await,
        Fault::Unauthorized => error(401, 0, "401: Unauthorized"),
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            act().await
        }
    }
}

async fn bytes_of(response: Response) -> (http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// The answer up to its middle.
async fn half(response: Response) -> Response {
    let (mut parts, bytes) = bytes_of(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    let first = bytes.slice(..bytes.len() / 2);
    let pieces = [Ok(first), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    Response::from_parts(parts, Body::from_stream(futures_util::stream::iter(pieces)))
}

/// The answer as no strict reader takes it.
async fn odd(response: Response) -> Response {
    let (mut parts, bytes) = bytes_of(response).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("pinned");
        fields.insert("flags".to_owned(), json!("0"));
        fields.insert("components".to_owned(), Value::Null);
    }
    Response::from_parts(parts, Body::from(body.to_string()))
}

/// The answer of the network in front to who called wrongly too often.
fn banned() -> Response {
    let page = "<html><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head>\
                <body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>";
    let mut response = (StatusCode::TOO_MANY_REQUESTS, axum::response::Html(page)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("3600"));
    response
}

/// Too many calls: the headers name the limit.
fn rate_limited(after: Duration, global: bool, headers: bool) -> Response {
    let body = json!({
        "message": "You are being rate limited.", "retry_after": after.as_secs_f64(), "global": global,
    });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
    let given = response.headers_mut();
    if !headers {
        return response;
    }
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            given.insert(name, value);
        }
    };
    set("retry-after", after.as_secs_f64().ceil().to_string());
    set("x-ratelimit-reset-after", format!("{:.3}", after.as_secs_f64()));
    set("x-ratelimit-scope", if global { "global" } else { "user" }.to_owned());
    if global {
        set("x-ratelimit-global", "true".to_owned());
    } else {
        set("x-ratelimit-limit", "5".to_owned());
        set("x-ratelimit-remaining", "0".to_owned());
        set("x-ratelimit-bucket", "pretended".to_owned());
    }
    response
}

fn refuse_form(shared: &Shared, call: &str, wrong: Wrong) -> Response {
    let (response, what) = match wrong {
        Wrong::Unknown => (error(404, 0, "404: Not Found"), "no such call".to_owned()),
        Wrong::Method => (error(405, 0, "405: Method Not Allowed"), "no such method".to_owned()),
        Wrong::Form { what, errors } => {
            let body = json!({"code": 50035, "message": "Invalid Form Body", "errors": errors});
            ((StatusCode::BAD_REQUEST, axum::Json(body)).into_response(), what)
        }
    };
    shared.with(|state| state.violations.push(format!("{call}: {what}")));
    response
}

fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// An error as the API words it.
pub(crate) fn error(status: u16, code: u32, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(json!({"code": code, "message": message}))).into_response()
}
