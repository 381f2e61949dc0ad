//! Payloads of the provider beside the events that they become.
//!
//! `golden/NAME.form` and `NAME.status` are bodies of calls, `NAME.json` is a record of the list;
//! `NAME.events` is what comes of it. `UPDATE_GOLDEN=1` writes the latter anew: read the difference.

use std::{fmt::Write as _, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Method};
use rapport_sdk::{
    Connector as _, Webhook as _, WebhookRequest, WebhookRoute,
    conformance::MemoryIngress,
    model::{
        Author, InboundEvent, Secret, Timestamp,
        event::{Content, InboundMessage, RawPayload},
        id::InboxId,
    },
};
use rapport_sms::{SmsConnector, SmsSettings};

const AT: Timestamp = Timestamp(1_790_000_000_000);

fn connector() -> SmsConnector {
    SmsConnector::new(SmsSettings::twilio(
        InboxId::from("shop"),
        "AC0123456789abcdef0123456789abcdef",
        Secret::new("12345"),
        rapport_sms::TWILIO_API.parse().unwrap(),
        "https://shop.example".parse().unwrap(),
    ))
    .unwrap()
}

/// Signs a form for the address of a route.
fn sign(path: &str, body: &str) -> String {
    let mut fields: Vec<(String, String)> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    fields.sort();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(b"12345").unwrap();
    mac.update(format!("https://shop.example{path}").as_bytes());
    for (key, value) in fields {
        mac.update(key.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

async fn called(route: WebhookRoute, body: String) -> Vec<InboundEvent> {
    let path = if route == WebhookRoute::Status { "/webhooks/shop/status" } else { "/webhooks/shop" };
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    headers.insert("x-twilio-signature", sign(path, &body).parse().unwrap());
    let ingress = MemoryIngress::default();
    let request = WebhookRequest {
        route,
        method: Method::POST,
        path_and_query: path.to_owned(),
        headers,
        body: body.into(),
        received_at: AT,
    };
    let answer = connector().receive(request, &ingress).await;
    assert_eq!(
        (answer.status.as_u16(), answer.content_type, &*answer.body),
        (200, "text/xml", "<Response/>")
    );
    ingress.stored()
}

/// An event with everything that its own `Debug` hides.
fn shown(event: &InboundEvent) -> String {
    match event {
        InboundEvent::Message(message) => shown_message(message),
        InboundEvent::Receipt { id, state, reason, at } => {
            format!(
                "receipt\n  id: {id}\n  state: {}\n  reason: {reason:?}\n  at: {}\n",
                state.as_str(),
                at.0
            )
        }
        InboundEvent::Reach { address, change, at } => {
            format!("reach\n  address: {}\n  change: {change:?}\n  at: {}\n", address.expose(), at.0)
        }
        other => format!("{other:#?}\n"),
    }
}

fn shown_message(message: &InboundMessage) -> String {
    let Author::Contact { address, name, trust, can_reply, is_bot } = &message.author else {
        panic!("not a contact's message")
    };
    let mut text = format!(
        "message\n  id: {}\n  thread: {} {:?}, permanent: {}, ours: {}\n  author: {}, name: {name:?}, \
         {trust:?}, can_reply: {can_reply}, is_bot: {is_bot}\n  text: {:?}\n",
        message.id,
        message.thread.id,
        message.thread.kind,
        message.thread.permanent,
        message.thread.our_address.expose(),
        address.expose(),
        message.text,
    );
    for file in &message.attachments {
        let Content::ByReference(reference) = &file.content else { panic!("no reference") };
        writeln!(text, "  file: {} {:?} {reference}", file.content_type, file.name).unwrap();
    }
    writeln!(
        text,
        "  at: {}, addressed: {}, unanswerable: {:?}, reply_to: {:?}, content_key: {:?}\n  raw: {:?}",
        message.at.0,
        message.addressed,
        message.unanswerable,
        message.reply_to,
        message.content_key,
        message.raw,
    )
    .unwrap();
    text
}

#[tokio::test]
async fn every_payload_becomes_the_events_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut checked = 0;
    for path in paths {
        let payload = fs::read_to_string(&path).unwrap().trim_end().to_owned();
        let events = match path.extension().unwrap().to_str().unwrap() {
            "form" => called(WebhookRoute::Messages, payload).await,
            "status" => called(WebhookRoute::Status, payload).await,
            "json" => {
                let raw = RawPayload { content_type: "application/json".to_owned(), bytes: payload.into() };
                connector().read_again(&raw, AT)
            }
            _ => continue,
        };
        let now: String = events.iter().map(shown).collect();
        let beside = path.with_extension("events");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&beside, &now).unwrap();
        }
        let known = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(known, now, "{}", beside.display());
        checked += 1;
    }
    assert!(checked >= 7);
}
