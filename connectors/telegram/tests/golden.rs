//! Updates beside the events that they become.
//!
//! `golden/NAME.json` is an update as Telegram sends it, `NAME.events` is what comes of it.
//! `UPDATE_GOLDEN=1` writes the latter anew: read the difference.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fmt::Write as _, fs, path::Path};

use rapport_sdk::{
    Connector as _,
    model::{
        Address, Author, InboundEvent, Secret, Timestamp,
        event::{Content, InboundMessage, RawPayload},
        id::InboxId,
    },
};
use rapport_telegram::{TELEGRAM_API, TelegramConnector, TelegramSettings};

const AT: Timestamp = Timestamp(1_790_000_001_000);

fn connector() -> TelegramConnector {
    TelegramConnector::new(TelegramSettings::new(
        InboxId::from("shop"),
        Address::new("@shop_bot"),
        Secret::new("123456:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao"),
        "https://shop.example".parse().unwrap(),
        TELEGRAM_API.parse().unwrap(),
    ))
    .unwrap()
}

/// An event with everything that its own `Debug` hides.
fn shown(event: &InboundEvent) -> String {
    match event {
        InboundEvent::Message(message) => format!("message\n{}", shown_message(message)),
        InboundEvent::Edit { id, text, spans, at, whole } => format!(
            "edit\n  id: {id}\n  text: {text:?}\n  spans: {spans:?}\n  at: {}\nwhole\n{}",
            at.0,
            whole.as_deref().map(shown_message).unwrap_or_default()
        ),
        InboundEvent::Reach { address, change, at } => {
            format!("reach\n  address: {}\n  change: {change:?}\n  at: {}\n", address.expose(), at.0)
        }
        InboundEvent::Reaction { id, author, reaction, at } => {
            format!(
                "reaction\n  id: {id}\n  {}\n  reaction: {reaction:?}\n  at: {}\n",
                shown_author(author),
                at.0
            )
        }
        other => format!("{other:#?}\n"),
    }
}

fn shown_author(author: &Author) -> String {
    match author {
        Author::Contact { address, name, trust, can_reply, is_bot } => format!(
            "author: {}, name: {name:?}, {trust:?}, can_reply: {can_reply}, is_bot: {is_bot}",
            address.expose()
        ),
        Author::OutsideHuman { to } => format!("author: one of our people, to {}", to.expose()),
        Author::Us => "author: us".to_owned(),
    }
}

fn shown_message(message: &InboundMessage) -> String {
    let mut text = format!(
        "  id: {}\n  thread: {} {:?}, permanent: {}, ours: {}\n  {}\n  text: {:?}\n",
        message.id,
        message.thread.id,
        message.thread.kind,
        message.thread.permanent,
        message.thread.our_address.expose(),
        shown_author(&message.author),
        message.text,
    );
    for span in &message.chat.spans {
        writeln!(text, "  span: {}..{} {:?}", span.from, span.to, span.style).unwrap();
    }
    for file in &message.attachments {
        let content = match &file.content {
            Content::ByReference(reference) => reference.clone(),
            other => format!("{other:?}"),
        };
        writeln!(text, "  file: {} {:?} {content}", file.content_type, file.name).unwrap();
    }
    writeln!(
        text,
        "  album: {:?}, entry: {:?}, forwarded_from: {:?}\n  at: {}, addressed: {}, unanswerable: {:?}, \
         reply_to: {:?}, content_key: {:?}\n  raw: {:?}",
        message.chat.album,
        message.chat.entry,
        message.chat.forwarded_from,
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

#[test]
fn every_update_becomes_the_events_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    for path in &paths {
        let update = fs::read_to_string(path).unwrap().trim_end().to_owned();
        let raw = RawPayload { content_type: "application/json".to_owned(), bytes: update.into() };
        let events = connector().read_again(&raw, AT);
        let mut now: String = events.iter().map(shown).collect();
        if now.is_empty() {
            now.push_str("nothing\n");
        }
        let beside = path.with_extension("events");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&beside, &now).unwrap();
        }
        let known = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(known, now, "{}", beside.display());
    }
    assert!(paths.len() >= 50);
}
