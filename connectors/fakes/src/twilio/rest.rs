//! The REST API: who calls, whether the description allows it, and what comes of it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use rapport_sdk::{
    http::{ApiClient, Credentials},
    model::Timestamp,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::{
    FakeMedia, Shared, StatusStep, callback,
    fault::{Fault, Operation},
    ledger::{Order, Record},
    spec::{Fields, Spec},
};
use crate::wire::{Door, Listener, Scissors};

struct Api {
    shared: Arc<Shared>,
    spec: Spec,
}

/// Serves until the account ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    let router = Router::new().fallback(answer).with_state(Arc::new(Api { shared, spec: Spec::load() }));
    let service = router.into_make_service_with_connect_info::<Scissors>();
    let Ok(listener) = Listener::new(listener, &Door::default()) else { return };
    tokio::select! {
        _ = axum::serve(listener, service) => {}
        () = stop.cancelled() => {}
    }
}

async fn answer(
    State(api): State<Arc<Api>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = pairs(uri.query().unwrap_or("").as_bytes());
    let form = pairs(&body);
    let Some(rest) = uri.path().strip_prefix("/2010-04-01/Accounts/") else {
        return error(404, 20404, "The requested resource was not found");
    };
    let path: Vec<&str> = rest.split('/').collect();
    let operation = match api.spec.check(method.as_str(), &path, &query, &form) {
        Ok("create message") => Operation::Send,
        Ok("list messages" | "read message") => Operation::List,
        Ok("read account") => Operation::Account,
        Ok(_) => Operation::Media,
        Err(violation) => {
            api.shared.with(|ledger| ledger.violations.push(violation.clone()));
            // What the real API says about the one case that it has a code for.
            let code = if violation.contains("field To is required") { 21604 } else { 20001 };
            return error(400, code, &violation);
        }
    };
    let fault = api.shared.with(|ledger| {
        ledger.count_call(operation);
        ledger.faults.take(operation)
    });
    if fault.is_some() {
        api.shared.changed();
    }
    let account = path[0].trim_end_matches(".json");
    let act = async || {
        if !is_ours(&api.shared, &headers) {
            return error(401, 20003, "Authenticate");
        }
        if account != api.shared.config.account_sid {
            return error(404, 20404, "The requested resource was not found");
        }
        match operation {
            Operation::Send => create(&api.shared, &form).await,
            _ => read(&api.shared, &path, &query),
        }
    };
    let Some(fault) = fault else { return act().await };
    fail(fault, &scissors, act).await
}

async fn fail(fault: Fault, scissors: &Scissors, act: impl AsyncFnOnce() -> Response) -> Response {
    match fault {
        Fault::RateLimited { retry_after } => {
            let mut response = error(429, 20429, "Too Many Requests");
            response.headers_mut().insert(header::RETRY_AFTER, retry_after.into());
            response
        }
        Fault::Refused { status, code } => error(status, code, "Refused on purpose"),
        Fault::ActedThenError => {
            act().await;
            error(500, 20500, "Internal Server Error")
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
            (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], "{\"sid\":").into_response()
        }
        Fault::Unauthorized => error(401, 20003, "Authenticate"),
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            act().await
        }
        Fault::Redirect(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
    }
}

fn is_ours(shared: &Shared, headers: &HeaderMap) -> bool {
    let config = &shared.config;
    let expected = STANDARD.encode(format!("{}:{}", config.account_sid, config.auth_token));
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .is_some_and(|given| given == expected)
}

async fn create(shared: &Arc<Shared>, form: &Fields) -> Response {
    let get = |key: &str| {
        form.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()).filter(|v| !v.is_empty())
    };
    let order = Order {
        from: get("From").or_else(|| shared.config.numbers.first().cloned()).unwrap_or_default(),
        to: get("To").unwrap_or_default(),
        body: get("Body").unwrap_or_default(),
        media_urls: form
            .iter()
            .filter(|(name, _)| name == "MediaUrl")
            .map(|(_, value)| value.clone())
            .collect(),
        status_callback: get("StatusCallback"),
        service: get("MessagingServiceSid"),
    };
    if let Some((code, message)) = wrong_with(&order, get("From").is_some(), &shared.config.numbers) {
        return error(400, code, message);
    }
    let urls = order.media_urls.clone();
    let now = shared.now();
    let Some(sid) = shared.with(|ledger| ledger.bridge_sends(order, now)) else {
        return error(400, 21610, "Attempt to send to unsubscribed recipient");
    };
    shared.changed();
    let plan = shared.plan();
    let fate = deliver(Arc::clone(shared), sid.clone(), urls, plan.steps);
    if plan.before_answer {
        fate.await;
    } else {
        tokio::spawn(fate);
    }
    let mut record = shared.with(|ledger| ledger.find(&sid).map(|r| r.as_json(&shared.config.account_sid)));
    if let Some(record) = &mut record {
        record["status"] = json!("queued");
    }
    (StatusCode::CREATED, axum::Json(record)).into_response()
}

fn wrong_with(order: &Order, has_from: bool, numbers: &[String]) -> Option<(u32, &'static str)> {
    let is_number = |text: &str| {
        text.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let is_web = |text: &String| Url::parse(text).is_ok_and(|url| url.scheme().starts_with("http"));
    if !has_from && order.service.is_none() {
        return Some((21603, "A 'From' phone number is required"));
    }
    if !is_number(&order.to) {
        return Some((21211, "The 'To' number is not a valid phone number"));
    }
    if !numbers.is_empty() && !numbers.contains(&order.from) {
        return Some((21606, "The 'From' phone number is not a valid number of this account"));
    }
    if order.body.is_empty() && order.media_urls.is_empty() {
        return Some((21619, "A text message body or media urls must be specified"));
    }
    if order.body.encode_utf16().count() > 1600 {
        return Some((21617, "The concatenated message body exceeds the 1600 character limit"));
    }
    if order.media_urls.len() > 10 || !order.media_urls.iter().all(is_web) {
        return Some((21620, "Invalid media URL(s)"));
    }
    if !order.status_callback.iter().all(is_web) {
        return Some((21609, "Invalid 'StatusCallback' URL"));
    }
    None
}

/// Fetches the files, as the provider does after it has answered, and reports.
async fn deliver(shared: Arc<Shared>, sid: String, urls: Vec<String>, steps: Vec<StatusStep>) {
    for url in urls {
        let Some(file) = fetch(&url).await else {
            let failed = vec![StatusStep::new("failed", Some(11200))];
            return callback::report_all(shared, sid, failed).await;
        };
        shared.with(|ledger| ledger.note_media(&sid, file));
    }
    shared.changed();
    callback::report_all(shared, sid, steps).await;
}

async fn fetch(url: &str) -> Option<FakeMedia> {
    let url = Url::parse(url).ok()?;
    let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
    let mut origin = url;
    origin.set_path("");
    origin.set_query(None);
    let client = ApiClient::new(origin, rapport_sdk::http::Timeouts::default()).ok()?;
    let answer = client.get(&path, &[], Credentials::None).await.ok()?;
    let content_type = answer.headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_owned();
    let bytes = answer.body.filter(|_| answer.status.is_success())?;
    Some(FakeMedia { content_type, bytes })
}

fn read(shared: &Shared, path: &[&str], query: &Fields) -> Response {
    let account = &shared.config.account_sid;
    let missing = || error(404, 20404, "The requested resource was not found");
    match path {
        [_] => axum::Json(json!({
            "sid": account, "status": "active", "type": "Full", "friendly_name": "Fake",
            "uri": format!("/2010-04-01/Accounts/{account}.json"),
        }))
        .into_response(),
        [_, "Messages.json"] => list(shared, query),
        [_, "Messages", file] => {
            let sid = file.trim_end_matches(".json");
            match shared.with(|ledger| ledger.find(sid).map(|record| record.as_json(account))) {
                Some(record) => axum::Json(record).into_response(),
                None => missing(),
            }
        }
        [_, "Messages", sid, "Media.json"] => match shared.with(|ledger| ledger.find(sid).cloned()) {
            Some(record) => axum::Json(json!({
                "media_list": media_of(&record, account), "next_page_uri": null, "page": 0, "page_size": 50,
            }))
            .into_response(),
            None => missing(),
        },
        [_, "Messages", sid, "Media", media] => match shared.with(|ledger| ledger.media(sid, media)) {
            Some(file) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response(),
            None => missing(),
        },
        _ => missing(),
    }
}

fn media_of(record: &Record, account: &str) -> Vec<Value> {
    let of_file = |(sid, file): &(String, FakeMedia)| {
        json!({
            "account_sid": account,
            "content_type": file.content_type,
            "parent_sid": record.sid,
            "sid": sid,
            "uri": format!("{}.json", record.media_url("", account, sid)),
        })
    };
    record.media.iter().map(of_file).collect()
}

/// A page of messages, newest first. A token names the last message of the page before.
fn list(shared: &Shared, query: &Fields) -> Response {
    let get = |key: &str| query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let account = &shared.config.account_sid;
    let size = get("PageSize").and_then(|size| size.parse().ok()).unwrap_or(50_usize).clamp(1, 1000);
    let page: usize = get("Page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let (after, before) = (get("DateSent>").and_then(instant), get("DateSent<").and_then(instant));
    let fits = |record: &Record| {
        // The API knows whole seconds.
        let second = Timestamp(record.at.millis().div_euclid(1000) * 1000);
        get("To").is_none_or(|to| record.to == to)
            && get("From").is_none_or(|from| record.from == from)
            && after.is_none_or(|after| second >= after)
            && before.is_none_or(|before| second <= before)
    };
    let (messages, more) = shared.with(|ledger| {
        let mut found: Vec<&Record> = ledger.records().filter(|record| fits(record)).collect();
        found.sort_by_key(|record| record.at);
        found.reverse();
        let start = get("PageToken")
            .and_then(|token| found.iter().position(|record| Some(&*record.sid) == token.strip_prefix("PA")))
            .map_or(0, |last| last + 1);
        let rest = found.get(start..).unwrap_or_default();
        let shown: Vec<Value> = rest.iter().take(size).map(|record| record.as_json(account)).collect();
        let more = (rest.len() > size).then(|| rest[size - 1].sid.clone());
        (shown, more)
    });
    let next = more.map(|last| {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        let kept = query.iter().filter(|(name, _)| !matches!(name.as_str(), "Page" | "PageToken"));
        next.extend_pairs(kept);
        next.append_pair("Page", &(page + 1).to_string()).append_pair("PageToken", &format!("PA{last}"));
        format!("/2010-04-01/Accounts/{account}/Messages.json?{}", next.finish())
    });
    axum::Json(json!({
        "messages": messages, "next_page_uri": next, "page": page, "page_size": size,
        "uri": format!("/2010-04-01/Accounts/{account}/Messages.json"),
    }))
    .into_response()
}

/// A date of a filter: a day or an instant.
fn instant(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())?;
    Some(Timestamp(at.as_millisecond()))
}

fn pairs(bytes: &[u8]) -> Fields {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

/// An error as the API words it.
fn error(status: u16, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code, "message": message, "status": status,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}
