//! The calls that the provider makes: signed forms to the webhook, one try.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use rapport_sdk::http::{ApiClient, Credentials, HttpError};
use url::Url;

use super::{
    CallOutcome, Shared, StatusStep, WebhookAddress,
    ledger::{Record, sid},
};

/// Offers a recorded message; where nobody is there and the account is set up so, once more.
pub(crate) async fn offer(shared: &Shared, message: &str) -> CallOutcome {
    let Some(record) = shared.with(|ledger| ledger.try_to_offer(message)) else {
        return failed("there is no such message");
    };
    let Some(webhook) = shared.webhook(&record.to) else {
        return failed("no webhook is set");
    };
    let fields = fields_of(&record, shared);
    let token = sid("").chars().take(32).collect::<String>();
    let mut outcome = call(shared, &webhook, &fields, None).await;
    if outcome.status.is_none() && shared.config.redeliver {
        outcome = call(shared, &webhook, &fields, Some(&token)).await;
    }
    outcome
}

/// Reports a status to the address that the message was sent with.
pub(crate) async fn report(shared: &Shared, message: &str, step: &StatusStep) -> CallOutcome {
    let now = shared.now();
    let record = shared.with(|ledger| {
        ledger.note_status(message, &step.status, step.error_code, now);
        ledger.find(message).cloned()
    });
    shared.changed();
    let Some(record) = record else { return failed("there is no such message") };
    let Some(called) = record.status_callback.as_deref().and_then(|url| Url::parse(url).ok()) else {
        return failed("the message was sent without StatusCallback");
    };
    let mut fields = vec![
        ("SmsSid".to_owned(), record.sid.clone()),
        ("SmsStatus".to_owned(), step.status.clone()),
        ("MessageStatus".to_owned(), step.status.clone()),
        ("To".to_owned(), record.to.clone()),
        ("MessageSid".to_owned(), record.sid.clone()),
        ("AccountSid".to_owned(), shared.config.account_sid.clone()),
        ("From".to_owned(), record.from.clone()),
        ("ApiVersion".to_owned(), "2010-04-01".to_owned()),
    ];
    fields.extend(step.error_code.map(|code| ("ErrorCode".to_owned(), code.to_string())));
    let webhook = match shared.webhook(&record.from) {
        // Behind a proxy the callback's public address leads through the proxy, too.
        Some(behind) if behind.signed != behind.called.as_str() => through(&behind, &called),
        _ => WebhookAddress { signed: called.to_string(), called },
    };
    call(shared, &webhook, &fields, None).await
}

/// Calls with fields that the caller made up.
pub(crate) async fn raw(shared: &Shared, fields: &[(&str, &str)]) -> CallOutcome {
    let Some(webhook) = shared.webhook("") else { return failed("no webhook is set") };
    let fields: Vec<_> = fields.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    call(shared, &webhook, &fields, None).await
}

/// Makes the reports of the account's plan about one message.
pub(crate) async fn report_all(shared: Arc<Shared>, message: String, steps: Vec<StatusStep>) {
    for step in steps {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(step.after) => {}
        }
        report(&shared, &message, &step).await;
    }
}

fn through(behind: &WebhookAddress, public: &Url) -> WebhookAddress {
    let mut called = behind.called.clone();
    called.set_path(public.path());
    called.set_query(public.query());
    WebhookAddress { called, signed: public.to_string() }
}

fn fields_of(record: &Record, shared: &Shared) -> Vec<(String, String)> {
    let config = &shared.config;
    let mut fields: Vec<(String, String)> = [
        ("ToCountry", "GB"),
        ("SmsMessageSid", &record.sid),
        ("NumMedia", &record.media.len().to_string()),
        ("SmsSid", &record.sid),
        ("SmsStatus", "received"),
        ("Body", &record.body),
        ("FromCountry", "GB"),
        ("To", &record.to),
        ("NumSegments", "1"),
        ("MessageSid", &record.sid),
        ("AccountSid", &config.account_sid),
        ("From", &record.from),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    for (index, (sid, file)) in record.media.iter().enumerate() {
        let url = record.media_url(shared.base.as_str(), &config.account_sid, sid);
        fields.push((format!("MediaUrl{index}"), url));
        fields.push((format!("MediaContentType{index}"), file.content_type.clone()));
    }
    fields
}

async fn call(
    shared: &Shared,
    webhook: &WebhookAddress,
    fields: &[(String, String)],
    repeated: Option<&str>,
) -> CallOutcome {
    match try_call(shared, webhook, fields, repeated).await {
        Ok(outcome) => outcome,
        Err(error) => failed(&error.to_string()),
    }
}

async fn try_call(
    shared: &Shared,
    webhook: &WebhookAddress,
    fields: &[(String, String)],
    repeated: Option<&str>,
) -> Result<CallOutcome, HttpError> {
    let (mut headers, body) = signed_form(shared, &webhook.signed, fields);
    if let Some(token) = repeated.and_then(|token| HeaderValue::from_str(token).ok()) {
        headers.insert("i-twilio-idempotency-token", token);
    }
    let mut origin = webhook.called.clone();
    origin.set_path("");
    origin.set_query(None);
    let path = &webhook.called[url::Position::BeforePath..url::Position::AfterQuery];
    let client = ApiClient::new(origin, shared.config.webhook_timeouts)?;
    let answer = client.post(path, headers, body, Credentials::None).await?;
    let text = answer.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    Ok(CallOutcome { status: Some(answer.status.as_u16()), body: text.into_owned() })
}

/// A form, and the headers that sign it for this URL.
pub(crate) fn signed_form(shared: &Shared, url: &str, fields: &[(String, String)]) -> (HeaderMap, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8");
    headers.insert(http::header::CONTENT_TYPE, form);
    let signed = signed_text(url, fields);
    let signature = match &shared.config.signature_key {
        None => sign::<Hmac<sha1::Sha1>>(&shared.config.auth_token, &signed),
        Some(key) => {
            let settings = HeaderValue::from_static("key=webhooks_sharedkey_fake,algorithm=HMAC_SHA256");
            headers.insert("x-twilio-webhooks-signature-settings", settings);
            sign::<Hmac<sha2::Sha256>>(key, &signed)
        }
    };
    if let Ok(signature) = HeaderValue::from_str(&signature) {
        headers.insert("x-twilio-signature", signature);
    }
    (headers, body)
}

/// The URL with every key and each of its values once, sorted.
fn signed_text(url: &str, fields: &[(String, String)]) -> String {
    let sorted: BTreeSet<_> = fields.iter().collect();
    let mut text = url.to_owned();
    for (key, value) in sorted {
        text.push_str(key);
        text.push_str(value);
    }
    text
}

fn sign<M: Mac + KeyInit>(key: &str, text: &str) -> String {
    let Ok(mut mac) = M::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn failed(reason: &str) -> CallOutcome {
    CallOutcome { status: None, body: reason.to_owned() }
}
