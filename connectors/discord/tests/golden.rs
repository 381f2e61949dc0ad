//! Payloads of Discord beside the events that they become, and parts beside the messages that they become.
//!
//! `golden/PLACE.NAME.json` is a message as the API tells it, with what comes of it in `.events`;
//! `golden/NAME.part` is a part, with the body that is posted for it in `.body`. `UPDATE_GOLDEN=1` writes
//! what came of it anew: read the difference.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::{fmt::Write as _, fs, path::Path};

use bridge::Bridge;
use rapport_sdk::{
    Connector as _,
    model::{
        Author, InboundEvent, Timestamp,
        event::{Content, InboundMessage, RawPayload},
        outbound::{Outgoing, Part},
        rich::Span,
    },
};

const AT: Timestamp = Timestamp(1_790_000_000_000);

/// The raw form of a message that stood in this kind of place.
fn raw(kind: &str, json: &str) -> RawPayload {
    let kind = match kind {
        "direct" => r#""direct""#,
        "support" => r#""support""#,
        "customer" => r#"{"customer":{"user":"80351110224678912"}}"#,
        "post" => r#"{"post":{"owner":"80351110224678912","title":"Torn *jacket*","private":false}}"#,
        other => panic!("{other} is no place"),
    };
    let place =
        format!(r#"[{{"channel":"1300000000000000001","kind":{kind}}},{{"user":"7","application":"8"}}]"#);
    let place = url::form_urlencoded::byte_serialize(place.as_bytes()).collect::<String>();
    RawPayload { content_type: format!("application/json; place={place}"), bytes: json.as_bytes().to_vec() }
}

/// An event with everything that its own `Debug` hides.
fn shown(event: &InboundEvent) -> String {
    match event {
        InboundEvent::Message(message) => shown_message(message),
        InboundEvent::Unreadable { id, reason, at, .. } => {
            format!("unreadable\n  id: {id}\n  reason: {reason}\n  at: {}\n", at.0)
        }
        other => format!("{other:#?}\n"),
    }
}

fn shown_message(message: &InboundMessage) -> String {
    let Author::Contact { address, name, trust, is_bot, .. } = &message.author else {
        panic!("not a contact's message")
    };
    let mut text = format!(
        "message\n  id: {}\n  thread: {} {:?}, permanent: {}\n  author: {}, {name:?}, {trust:?}, is_bot: {is_bot}\n  \
         text: {:?}\n",
        message.id,
        message.thread.id,
        message.thread.kind,
        message.thread.permanent,
        address.expose(),
        message.text,
    );
    for span in &message.chat.spans {
        writeln!(text, "  span: {}", serde_json::to_string(span).unwrap()).unwrap();
    }
    for file in &message.attachments {
        let Content::ByReference(reference) = &file.content else { panic!("no reference") };
        writeln!(text, "  file: {} {:?} {reference}", file.content_type, file.name).unwrap();
    }
    writeln!(
        text,
        "  at: {}, addressed: {}, reply_to: {:?}, forwarded_from: {:?}",
        message.at.0, message.addressed, message.reply_to, message.chat.forwarded_from,
    )
    .unwrap();
    text
}

#[tokio::test]
async fn every_payload_becomes_the_events_beside_it_and_every_part_the_message() {
    #[derive(serde::Deserialize)]
    struct Written {
        text: String,
        #[serde(default)]
        spans: Vec<Span>,
    }
    let bridge = Bridge::start().await;
    let connector = bridge.discord();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut checked = 0;
    for path in paths {
        let payload = fs::read_to_string(&path).unwrap().trim_end().to_owned();
        let (now, beside) = match path.extension().unwrap().to_str().unwrap() {
            "json" => {
                let place = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
                let events = connector.read_again(&raw(place, &payload), AT);
                (events.iter().map(shown).collect::<String>(), "events")
            }
            "part" => {
                let Written { text, spans } = serde_json::from_str(&payload).unwrap();
                let part = Part { text, spans, ..Part::default() };
                let outgoing = bridge.part(&format!("channel/{}", bridge.ada.dm()), bridge.ada.id(), "");
                connector.send(&Outgoing { part, ..outgoing }).await.unwrap();
                let sent = bridge.fake.sent().pop().unwrap();
                (format!("{}\nallowed_mentions: {}\n", sent.content, sent.allowed_mentions.unwrap()), "body")
            }
            _ => continue,
        };
        let beside = path.with_extension(beside);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&beside, &now).unwrap();
        }
        assert_eq!(fs::read_to_string(&beside).unwrap_or_default(), now, "{}", beside.display());
        checked += 1;
    }
    assert!(checked >= 14);
}
