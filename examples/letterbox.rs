//! The playground with a letterbox: letters come in from standard input, one JSON object a line, each
//! through the bridge's own ingest. For the tests of the inbox in a browser, that need letters of every
//! kind, also such as no mail server would hand on.
//!
//! `cargo run --example letterbox -- config/playground.toml`, then on standard input:
//! `{"from": {"address": "anna@x.example"}, "subject": "My lamp", "text": "Hello", "html": "<b>Hello</b>"}`
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    address: String,
    name: Option<String>,
    #[serde(default)]
    proven: bool,
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
    let message = InboundMessage {
        chat: Chat::default(),
        id: id.as_str().into(),
        content_key: None,
        thread: ThreadRef {
            id: thread.as_str().into(),
            kind: ThreadKind::Private,
            permanent: false,
            our_address: Address::new("support@birkholt.example"),
        },
        author: Author::Contact {
            address: Address::new(posted.from.address),
            name: posted.from.name,
            trust: if posted.from.proven { Trust::Proven } else { Trust::Claimed },
            can_reply: true,
            is_bot: false,
        },
        text: posted.text,
        attachments,
        reply_to: None,
        at: engine.clock().now(),
        addressed: true,
        unanswerable: posted.automatic.then_some(Unanswerable::AutomaticMail),
        letter: Letter {
            subject: posted.subject,
            recipients: posted.recipients,
            original: posted.original,
            html: posted.html,
            marks: posted.marks,
            evidence: posted.evidence,
            ..Letter::default()
        },
        raw: RawPayload { content_type: "message/rfc822".to_owned(), bytes: raw.into_bytes() },
    };
    // An inbox of the playground takes them in, as if it were a mailbox.
    let facts = engine.store().inboxes().first().context("the configuration has no inbox")?;
    let facts = Arc::new(InboxFacts { channel: "email".to_owned(), bot: false, ..InboxFacts::clone(facts) });
    let event = InboundEvent::Message(Box::new(message));
    engine.store().ingest(IngestRequest::new(facts, vec![event], None, None, kept)).await?;
    Ok(id)
}
