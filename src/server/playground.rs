//! The playground: pretended providers in this process and a customer's phone and mailbox in the browser,
//! so that a newcomer writes as a customer and answers as an associate, through the real connectors.
//!
//! Only on loopback, and only in builds with the feature `playground`. It speaks to the bridge the
//! way providers do, over HTTP, IMAP and SMTP: nothing here reaches into the store. The providers keep their
//! messages in the data folder, so that phones and mailboxes show after a crash what they showed before.

mod chat;
mod discord;
mod mail;
mod telegram;

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Extension, Json, Router,
    http::StatusCode,
    response::{Sse, sse::Event},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{Stream, future::select_all, stream};
use rapport_fakes::{
    FakeTwilio, FakeTwilioConfig,
    twilio::{Fault, Operation, PhoneMessage},
};
use rapport_model::{Clock, Secret, id::InboxId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{SignIn, StartError};
use crate::{
    api::{self, Api, ApiError, Body},
    config::Config,
    engine::{Engine, webhook_url},
    registry::{Provided, ProvidedDiscord, ProvidedMailServer, ProvidedSms, ProvidedTelegram},
    store::{NewAssociate, Role},
};
use chat::Chats;
use discord::Discord;
use mail::Mail;
use telegram::Telegram;

/// A customer whose phone and mailbox the page shows.
#[derive(Serialize)]
struct Customer {
    number: &'static str,
    address: &'static str,
    name: &'static str,
}

const CUSTOMERS: [Customer; 3] = [
    Customer { number: "+4917010000001", address: "ines@carvalho.example", name: "Ines Carvalho" },
    Customer { number: "+4917010000002", address: "piotr@zawadzki.example", name: "Piotr Zawadzki" },
    Customer { number: "+4917010000003", address: "salma@idrissi.example", name: "Salma Idrissi" },
];
/// "Down" lasts for so many calls of the provider's API, or until it is ended.
const DOWN_CALLS: usize = 500;

/// A running playground.
#[derive(Clone)]
pub(super) struct Playground {
    provider: FakeTwilio,
    /// Our numbers at the pretended provider, by the inbox's name.
    numbers: Arc<[(String, String)]>,
    down: Arc<AtomicBool>,
    /// The next send is to be cut rather than refused, while a fault waits for it.
    cut: Arc<AtomicBool>,
    mail: Mail,
    /// The mail servers of the inboxes that have one here.
    servers: HashMap<InboxId, ProvidedMailServer>,
    /// The providers of chats that inboxes have here.
    chats: Arc<[Arc<dyn Chats>]>,
    /// The bots of the inboxes that have one here.
    telegram: Option<ProvidedTelegram>,
    discord: Option<ProvidedDiscord>,
}

impl Playground {
    /// Starts the providers, where the configuration wants a playground.
    pub(super) async fn start(
        config: &Config,
        public_url: &Url,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, StartError> {
        if !config.playground.enabled {
            return Ok(None);
        }
        let memory = config.data_dir.join("playground").join("provider.jsonl");
        let provided = |channel: &'static str| {
            let inboxes = config.inboxes.iter().filter(|inbox| inbox.account.is_provided());
            inboxes.filter(move |inbox| inbox.account.channel().as_str() == channel).collect::<Vec<_>>()
        };
        let (letters, texts) = (provided("email"), provided("sms"));
        let mail = Mail::start(config, &letters, clock.clone()).await?;
        let servers = letters.iter().filter_map(|inbox| Some((inbox.id.clone(), mail.server(inbox)?)));
        let servers = servers.collect();
        let fake = FakeTwilioConfig { memory: Some(memory), ..FakeTwilioConfig::new(clock.clone()) };
        let provider =
            FakeTwilio::start(fake).await.map_err(|error| StartError::Playground(error.to_string()))?;
        let mut numbers = Vec::new();
        for inbox in texts {
            let url = Url::parse(&webhook_url(public_url, &inbox.id))
                .map_err(|error| StartError::Playground(error.to_string()))?;
            for address in &inbox.addresses {
                provider.set_webhook_for(address.expose(), url.clone());
                numbers.push((inbox.name.clone(), address.expose().to_owned()));
            }
        }
        let (down, cut) = Default::default();
        let mut chats: Vec<Arc<dyn Chats>> = Vec::new();
        let (mut telegram, mut discord) = (None, None);
        if let Some(inbox) = provided("telegram").first() {
            let provider = Telegram::start(config, inbox, clock.clone()).await?;
            telegram = Some(provider.account());
            chats.push(Arc::new(provider));
        }
        if let Some(inbox) = provided("discord").first() {
            let provider = Discord::start(config, &inbox.name, clock).await?;
            discord = Some(provider.account());
            chats.push(Arc::new(provider));
        }
        let chats = chats.into();
        Ok(Some(Self {
            provider,
            numbers: numbers.into(),
            down,
            cut,
            mail,
            servers,
            chats,
            telegram,
            discord,
        }))
    }

    /// The accounts that inboxes without one of their own use.
    pub(super) fn account(&self) -> Provided {
        let sms = ProvidedSms {
            account_sid: self.provider.account_sid().to_owned(),
            auth_token: Secret::new(self.provider.auth_token()),
            api_base: self.provider.api_base(),
        };
        Provided {
            sms,
            email: self.servers.clone(),
            telegram: self.telegram.clone(),
            discord: self.discord.clone(),
        }
    }

    /// The page's own API.
    pub(super) fn router(&self) -> Router<Api> {
        Router::new()
            .route("/playground/api/state", get(state))
            .route("/playground/api/sms", post(write))
            .route("/playground/api/again", post(again))
            .route("/playground/api/fault", post(set_fault))
            .route("/playground/api/events", get(events))
            .merge(Mail::router())
            .merge(chat::router())
            .layer(Extension(self.clone()))
    }

    /// What goes wrong just now, by the name that the page knows.
    fn fault(&self) -> Option<&'static str> {
        if self.down.load(Ordering::Relaxed) {
            return Some("down");
        }
        let cut = self.cut.load(Ordering::Relaxed);
        self.provider.is_failing(Operation::Send).then_some(if cut { "cut_send" } else { "refuse_send" })
    }

    fn state(&self) -> Value {
        let numbers: serde_json::Map<String, Value> =
            self.numbers.iter().map(|(name, number)| (name.clone(), json!(number))).collect();
        let mut messages: Vec<(i64, Value)> = Vec::new();
        for number in self.provider.customers() {
            for message in self.provider.phone(&number) {
                messages.push((message.at.millis(), shown(&number, &message)));
            }
        }
        messages.sort_by_key(|(at, _)| *at);
        let chats: serde_json::Map<String, Value> =
            self.chats.iter().map(|chats| (chats.name().to_owned(), json!(chats.state()))).collect();
        json!({
            "numbers": numbers,
            "customers": CUSTOMERS,
            "messages": messages.into_iter().map(|(_, message)| message).collect::<Vec<_>>(),
            "faults": self.fault().into_iter().collect::<Vec<_>>(),
            "mail": self.mail.state(),
            "chats": chats,
        })
    }
}

/// Makes the playground's two associates where there are none yet, with passwords to be told once.
pub(super) async fn invite(engine: &Engine) -> Result<Vec<SignIn>, StartError> {
    let store = engine.store();
    if !store.list_associates().await?.is_empty() {
        return Ok(Vec::new());
    }
    let config = engine.config();
    let mut sign_ins = Vec::new();
    for (name, role) in config.playground.associates.iter().zip([Role::Admin, Role::Associate]) {
        let first = name.split_whitespace().next().unwrap_or("associate").to_lowercase();
        let email = format!("{first}@playground.example");
        let teams = config.teams.iter().map(|team| team.id.clone()).collect();
        let new = NewAssociate { name: name.clone(), email: email.clone(), role, teams };
        let invited = store.insert_associate(None, new).await?;
        let password = password();
        let hash = {
            let password = password.clone();
            tokio::task::spawn_blocking(move || api::hash_password(&password))
                .await
                .map_err(|error| StartError::Playground(error.to_string()))?
        };
        store.accept_invitation(invited.token.expose(), hash, None).await?;
        sign_ins.push(SignIn { email, password });
    }
    Ok(sign_ins)
}

/// Four groups of four letters that can't be mistaken for each other: 78 bits.
fn password() -> String {
    const LETTERS: &[u8; 30] = b"abcdefghjkmnpqrstuvwxyz2345678";
    let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
    (0..4).map(|_| (0..4).map(letter).collect::<String>()).collect::<Vec<_>>().join("-")
}

fn shown(number: &str, message: &PhoneMessage) -> Value {
    let (from, to, direction) = if message.written_here {
        (number, message.other.as_str(), "out")
    } else {
        (message.other.as_str(), number, "in")
    };
    json!({
        "sid": message.sid,
        "from": from,
        "to": to,
        "body": message.body,
        "direction": direction,
        "status": message.status,
        "at": message.at.millis(),
        "media": message.media.iter().map(|(_, link)| link.as_str()).collect::<Vec<_>>(),
    })
}

async fn state(Extension(playground): Extension<Playground>) -> Json<Value> {
    Json(playground.state())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    from: String,
    body: String,
}

/// A customer writes. While the provider is down the message waits at the provider until it is back.
async fn write(
    Extension(playground): Extension<Playground>,
    Body(sms): Body<Write>,
) -> Result<Json<Value>, ApiError> {
    let Some((_, to)) = playground.numbers.first() else {
        let detail = "No inbox uses the playground's provider.";
        return Err(ApiError::new(StatusCode::CONFLICT, "no_inbox", detail));
    };
    if playground.down.load(Ordering::Relaxed) {
        let sid = playground.provider.offer(&sms.from, to, &sms.body, Vec::new());
        return Ok(Json(json!({"sid": sid, "stored": false})));
    }
    let (sid, outcome) = playground.provider.receive_sms(&sms.from, to, &sms.body, Vec::new()).await;
    Ok(Json(json!({"sid": sid, "stored": outcome.is_success()})))
}

/// A file that a customer sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    content_type: String,
    /// In base64.
    bytes: String,
}

impl File {
    fn decoded(&self) -> Result<Vec<u8>, ApiError> {
        let wrong = |_| ApiError::field("files", "A file is not in base64.".to_owned());
        STANDARD.decode(&self.bytes).map_err(wrong)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    sid: String,
}

/// The provider calls a second time with the same message.
async fn again(Extension(playground): Extension<Playground>, Body(again): Body<Again>) -> Json<Value> {
    let outcome = playground.provider.deliver(&again.sid).await;
    Json(json!({"stored": outcome.is_success()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFault {
    kind: FaultKind,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultKind {
    CutSend,
    RefuseSend,
    Down,
    None,
}

async fn set_fault(Extension(playground): Extension<Playground>, Body(fault): Body<SetFault>) -> Json<Value> {
    let provider = &playground.provider;
    provider.clear_faults();
    let is_down = matches!(fault.kind, FaultKind::Down);
    let was_down = playground.down.swap(is_down, Ordering::Relaxed);
    playground.cut.store(matches!(fault.kind, FaultKind::CutSend), Ordering::Relaxed);
    match fault.kind {
        FaultKind::CutSend => provider.fail_next(Operation::Send, Fault::ActedThenCut),
        FaultKind::RefuseSend => {
            provider.fail_next(Operation::Send, Fault::Refused { status: 400, code: 21_614 });
        }
        FaultKind::Down => {
            for _ in 0..DOWN_CALLS {
                // Surely not sent, so that it goes out by itself later: of a cut nobody could know that.
                provider.fail_next(Operation::Send, Fault::RateLimited { retry_after: 3 });
                provider.fail_next(Operation::List, Fault::Cut);
            }
        }
        FaultKind::None => {}
    }
    if was_down && !is_down {
        provider.deliver_waiting().await;
    }
    Json(playground.state())
}

/// The state, again whenever it changes.
async fn events(
    Extension(playground): Extension<Playground>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = vec![playground.provider.subscribe(), playground.mail.post.subscribe()];
    changes.extend(playground.chats.iter().map(|chats| chats.subscribe()));
    changes[0].mark_changed();
    let start = (playground, changes, String::new());
    let states = stream::unfold(start, |(playground, mut changes, told)| async move {
        // Not all that happens at a provider shows on the page.
        let state = loop {
            let any = select_all(changes.iter_mut().map(|changes| Box::pin(changes.changed())));
            any.await.0.ok()?;
            let state = playground.state().to_string();
            if state != told {
                break state;
            }
        };
        let event = Event::default().event("state").data(&state);
        Some((Ok(event), (playground, changes, state)))
    });
    Sse::new(states).keep_alive(axum::response::sse::KeepAlive::default())
}
