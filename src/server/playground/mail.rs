//! Customers' mailboxes: the routes of the page that write, answer, and hand out files, and what goes wrong
//! with the mail servers.

use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Path},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use rapport_fakes::{
    FakePost, FakePostConfig,
    post::{Draft, FakeFile, Refusal},
    smtp::{Fault, Stage},
};
use rapport_model::{Clock, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CUSTOMERS, File, Playground, StartError};
use crate::{
    api::{Api, ApiError, Body, served},
    config::{Config, Inbox},
    registry::ProvidedMailServer,
};

/// A letter with its files in base64, in bytes: a large photograph.
const LARGEST_LETTER: usize = 8 << 20;
/// A subject that no mail program would let pass.
const LONGEST_SUBJECT: usize = 250;
/// A longer text is no letter of a customer who tries something, in characters.
const LONGEST_TEXT: usize = 100_000;

/// The pretended provider of e-mail, and the shops that have a mailbox there.
#[derive(Clone)]
pub(super) struct Mail {
    pub(super) post: FakePost,
    /// The names of the inboxes and all their addresses.
    shops: Vec<(String, Vec<String>)>,
}

impl Mail {
    /// Starts it with a mailbox for each inbox that leaves its account to the playground.
    pub(super) async fn start(
        config: &Config,
        inboxes: &[&Inbox],
        clock: std::sync::Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let shop = |inbox: &&Inbox| {
            let addresses = inbox.addresses.iter().map(|address| address.expose().to_owned());
            (inbox.name.clone(), addresses.collect::<Vec<_>>())
        };
        let shops: Vec<_> = inboxes.iter().map(shop).collect();
        let post = FakePostConfig {
            clock,
            memory: Some(config.data_dir.join("playground").join("mail.jsonl")),
            shops: shops.iter().map(|(_, addresses)| addresses.clone()).collect(),
        };
        let post = FakePost::start(post).await.map_err(|error| StartError::Playground(error.to_string()))?;
        Ok(Self { post, shops })
    }

    /// The server of this inbox.
    pub(super) fn server(&self, inbox: &Inbox) -> Option<ProvidedMailServer> {
        let mailbox = self.post.mailbox(inbox.addresses.first()?.expose())?;
        Some(ProvidedMailServer {
            imap_port: mailbox.imap_port,
            smtp_port: mailbox.smtp_port,
            password: Secret::new(mailbox.password),
            authserv_id: mailbox.authserv_id,
        })
    }

    pub(super) fn router() -> Router<Api> {
        Router::new()
            .route("/playground/api/mail", post(write).layer(DefaultBodyLimit::max(LARGEST_LETTER)))
            .route("/playground/api/mail/fault", post(set_fault))
            .route("/playground/api/mail/away", post(set_away))
            .route("/playground/api/mail/{letter}/files/{index}", get(file))
    }

    /// What goes wrong just now, by the name that the page knows.
    fn fault(&self) -> Option<&'static str> {
        if self.post.is_down() {
            return Some("down");
        }
        let waits = |fault: &FaultKind| fault.step().is_some_and(|(stage, _)| self.post.fault_waits(stage));
        [FaultKind::Refuse, FaultKind::PutOff, FaultKind::Cut].into_iter().find(waits).map(FaultKind::name)
    }

    pub(super) fn state(&self) -> Value {
        let shops = self
            .shops
            .iter()
            .filter_map(|(name, addresses)| Some(json!({"name": name, "address": addresses.first()?})));
        json!({
            "shops": shops.collect::<Vec<_>>(),
            "letters": self.post.letters(),
            "away": self.post.away(),
            "faults": self.fault().into_iter().collect::<Vec<_>>(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    from: String,
    #[serde(default)]
    subject: String,
    text: String,
    /// The id of the letter that this one answers.
    #[serde(default)]
    answers: Option<String>,
    /// Somebody else writes in the customer's name.
    #[serde(default)]
    forged: bool,
    #[serde(default)]
    files: Vec<File>,
}

fn read(file: File) -> Result<FakeFile, ApiError> {
    let bytes = file.decoded()?;
    Ok(FakeFile { name: file.name, content_type: file.content_type, bytes })
}

/// A customer writes, or answers what came. While the servers are down the letter waits.
async fn write(
    Extension(playground): Extension<Playground>,
    Body(letter): Body<Write>,
) -> Result<Json<Value>, ApiError> {
    let too_long = |field: &str| Err(ApiError::field(field, "It is too long.".to_owned()));
    if letter.subject.chars().count() > LONGEST_SUBJECT {
        return too_long("subject");
    }
    if letter.text.chars().count() > LONGEST_TEXT {
        return too_long("text");
    }
    let mail = &playground.mail;
    let known = CUSTOMERS.iter().find(|customer| customer.address.eq_ignore_ascii_case(letter.from.trim()));
    let draft = Draft {
        name: known.map(|customer| customer.name.to_owned()).unwrap_or_default(),
        from: letter.from.trim().to_owned(),
        to: mail.shops.first().and_then(|(_, addresses)| addresses.first()).cloned().unwrap_or_default(),
        subject: letter.subject,
        text: letter.text,
        answers: letter.answers,
        files: letter.files.into_iter().map(read).collect::<Result<_, _>>()?,
        forged: letter.forged,
        automatic: false,
    };
    let id = mail.post.write(&draft).map_err(|refusal| match refusal {
        Refusal::Sender => ApiError::field("from", "It is no e-mail address.".to_owned()),
        Refusal::NoLetter => ApiError::not_found("letter"),
        Refusal::NoShop => {
            let detail = "No inbox has a mailbox at the playground's provider.";
            ApiError::new(StatusCode::CONFLICT, "no_inbox", detail)
        }
    })?;
    Ok(Json(json!({"id": id, "stored": !mail.post.is_down()})))
}

/// A file of a letter in a customer's mailbox.
async fn file(
    Extension(playground): Extension<Playground>,
    Path((letter, index)): Path<(String, usize)>,
) -> Result<Response, ApiError> {
    let file = playground.mail.post.file(&letter, index).ok_or_else(|| ApiError::not_found("file"))?;
    Ok(served(file.bytes.into(), &file.content_type, &file.name, false))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAway {
    address: String,
    away: bool,
}

async fn set_away(Extension(playground): Extension<Playground>, Body(set): Body<SetAway>) -> Json<Value> {
    playground.mail.post.set_away(&set.address, set.away);
    Json(playground.state())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFault {
    kind: FaultKind,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultKind {
    /// No server is reached.
    Down,
    /// The next recipient is refused for good.
    Refuse,
    /// The next recipient is put off, as servers do with senders that they don't know.
    PutOff,
    /// The next mail is taken, and the line is cut before that is said.
    Cut,
    None,
}

impl FaultKind {
    fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Refuse => "refuse",
            Self::PutOff => "put_off",
            Self::Cut => "cut",
            Self::None => "none",
        }
    }

    /// The step of the dialogue at which it shows. No two share one, so that one that waits is known by it.
    fn step(self) -> Option<(Stage, Fault)> {
        match self {
            Self::Refuse => Some((Stage::Rcpt, Fault::reply("550 5.1.1 There is no such mailbox here"))),
            Self::PutOff => Some((Stage::Mail, Fault::reply("451 4.7.1 Greylisted, try again in 5 seconds"))),
            Self::Cut => Some((Stage::Dot, Fault::ActedThenCut)),
            Self::Down | Self::None => None,
        }
    }
}

async fn set_fault(Extension(playground): Extension<Playground>, Body(fault): Body<SetFault>) -> Json<Value> {
    let post = &playground.mail.post;
    post.clear_faults();
    let is_down = matches!(fault.kind, FaultKind::Down);
    if is_down != post.is_down() {
        post.take_down(is_down);
    }
    if let Some((stage, fault)) = fault.kind.step() {
        post.fail_next(stage, &fault);
    }
    Json(playground.state())
}
