//! The playground with a letterbox: letters and chats come in from standard input, one JSON object a line,
//! each through the bridge's own ingest. For the tests of the inbox in a browser, that need messages of
//! every kind, also such as no provider would hand on.
//!
//! `cargo run --example letterbox -- config/playground.toml`, then on standard input:
//! `{"from": {"address": "anna@x.example"}, "subject": "My lamp", "text": "Hello", "html": "<b>Hello</b>"}`
//! With `chat` it is a chat's message and no letter, with `reaction` a reaction to one.
//! It answers each line with `Stored ID`, or with `Refused REASON`.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport::{
    clock::SystemClock,
    config::{self, Source},
    server::Server,
    store::{InboxFacts, IngestRequest, Kept, KeptFile},
};
use rapport_model::{
    Address, Author, InboundEvent, Letter, Trust,
    bot::Unanswerable,
    event::{Chat, Content, InboundAttachment, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    letter::{Mark, Recipient},
    rich::Span,
};
use serde::Deserialize;

/// A letter, as a line describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    from: Sender,
    /// Letters of one thread stand in one conversation; without it each begins its own.
    thread: Option<String>,
    subject: Option<String>,
    text: String,
    original: Option<String>,
    html: Option<String>,
    #[serde(default)]
    recipients: Vec<Recipient>,
    #[serde(default)]
    marks: Vec<Mark>,
    evidence: Option<String>,
    /// A machine wrote it.
    #[serde(default)]
    automatic: bool,
    #[serde(default)]
    files: Vec<File>,
    raw: Option<String>,
    chat: Option<Chatted>,
}

/// What makes it a chat's message.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Chatted {
    /// The channel to show.
    channel: Option<String>,
    /// Its id, that others name; else one of its own.
    id: Option<String>,
    group: bool,
    /// What the group is called.
    title: Option<String>,
    spans: Vec<Span>,
    album: Option<String>,
    forwarded_from: Option<String>,
    /// The id of the message that it answers.
    answers: Option<String>,
    /// Not a message, but how its author reacted to the one with this id.
    reacted_to: Option<String>,
    /// A file that can't be had, and why.
    withheld: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    address: String,
    name: Option<String>,
    #[serde(default)]
    proven: bool,
}

impl Sender {
    fn into_author(self) -> Author {
        Author::Contact {
            address: Address::new(self.address),
            name: self.name,
            trust: if self.proven { Trust::Proven } else { Trust::Claimed },
            can_reply: true,
            is_bot: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    content_type: String,
    content_id: Option<String>,
    base64: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("the first argument is the configuration's file")?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("{path} can't be read"))?;
    let env: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT__")).collect();
    let config = match config::load(&Source { file: Some((path, text)), env }).into_config() {
        Ok(config) => config,
        Err(problems) => bail!("the configuration is wrong: {problems:?}"),
    };
    let server = Server::start(config, Arc::new(SystemClock)).await?;
    for sign_in in server.sign_ins() {
        println!("Sign in: {} {}", sign_in.email, sign_in.password);
    }
    let (letters, mut lines) = tokio::sync::mpsc::channel(1);
    // A thread of its own waits for the next line.
    std::thread::spawn(move || {
        std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| letters.blocking_send(line))
    });
    let mut number = 0;
    while let Some(line) = lines.recv().await {
        number += 1;
        match store(&server, &line, number).await {
            Ok(id) => println!("Stored {id}"),
            Err(error) => println!("Refused {error:#}"),
        }
    }
    server.stop().await;
    Ok(())
}

async fn store(server: &Server, line: &str, number: u32) -> anyhow::Result<String> {
    let posted: Posted = serde_json::from_str(line)?;
    let engine = server.engine();
    let mut kept = Kept::default();
    let mut attachments = Vec::new();
    for (item, file) in posted.files.into_iter().enumerate() {
        let blob = engine.blobs().put(STANDARD.decode(file.base64)?.into()).await?;
        let kept_file = KeptFile { blob, content_type: file.content_type.clone(), name: file.name.clone() };
        kept.files.insert((0, item), kept_file);
        attachments.push(InboundAttachment {
            name: Some(file.name),
            content_type: file.content_type,
            content: Content::Here(Vec::new()),
            content_id: file.content_id,
        });
    }
    let id = format!("letter-{number}");
    let raw = posted.raw.unwrap_or_else(|| {
        let subject = posted.subject.as_deref().unwrap_or_default();
        format!("From: {}\r\nSubject: {subject}\r\n\r\n{}", posted.from.address, posted.text)
    });
    let thread = posted.thread.unwrap_or_else(|| id.clone());
    let (at, author) = (engine.clock().now(), posted.from.into_author());
    let is_chat = posted.chat.is_some();
    let chat = posted.chat.unwrap_or_default();
    // An inbox of the playground takes them in, as if it were a mailbox or a bot's.
    let channel = chat.channel.unwrap_or_else(|| "email".to_owned());
    let facts = engine.store().inboxes().first().context("the configuration has no inbox")?;
    let facts = Arc::new(InboxFacts { channel, bot: false, ..InboxFacts::clone(facts) });
    let id = chat.id.unwrap_or(id);
    if let Some(to) = chat.reacted_to {
        let reaction = Some(posted.text);
        let event = InboundEvent::Reaction { id: to.as_str().into(), author, reaction, at };
        engine.store().ingest(IngestRequest::new(facts, vec![event], None, None, kept)).await?;
        return Ok(id);
    }
    if let Some(reason) = chat.withheld {
        attachments.push(InboundAttachment {
            name: Some("film.mp4".to_owned()),
            content_type: "video/mp4".to_owned(),
            content: Content::Withheld(reason),
            content_id: None,
        });
    }
    let message = InboundMessage {
        chat: Chat {
            spans: chat.spans,
            album: chat.album,
            forwarded_from: chat.forwarded_from,
            ..Chat::default()
        },
        id: id.as_str().into(),
        content_key: None,
        thread: ThreadRef {
            id: thread.as_str().into(),
            kind: if chat.group { ThreadKind::Group } else { ThreadKind::Private },
            permanent: false,
            our_address: Address::new("support@birkholt.example"),
            title: chat.title,
        },
        author,
        text: posted.text,
        attachments,
        reply_to: chat.answers.map(|id| id.as_str().into()),
        at,
        addressed: true,
        unanswerable: posted.automatic.then_some(Unanswerable::AutomaticMail),
        letter: if is_chat {
            Letter::default()
        } else {
            Letter {
                subject: posted.subject,
                recipients: posted.recipients,
                original: posted.original,
                html: posted.html,
                marks: posted.marks,
                evidence: posted.evidence,
                ..Letter::default()
            }
        },
        raw: RawPayload { content_type: "message/rfc822".to_owned(), bytes: raw.into_bytes() },
    };
    let event = InboundEvent::Message(Box::new(message));
    engine.store().ingest(IngestRequest::new(facts, vec![event], None, None, kept)).await?;
    Ok(id)
}
