//! The least bridge that Telegram can call: it hands requests to the connector that runs.

#![allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "each test file uses its own part of it"
)]

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Method, StatusCode, Uri};
use rapport_fakes::{
    FakeTelegram, FakeTelegramConfig,
    telegram::{Fault, Operation, Phone},
};
use rapport_sdk::{
    BoxFuture, Connector, Ingress, WebhookRequest, WebhookRoute,
    conformance::{Failure, Harness, MemoryIngress},
    http::Timeouts,
    model::{
        Address, Clock, Secret, Timestamp,
        id::{InboxId, OutboxId},
        letter::Heading,
        outbound::{Outgoing, Part},
    },
};
use rapport_telegram::{Mode, TelegramConnector, TelegramSettings};
use serde_json::{Value, json};

pub const START: i64 = 1_790_000_000_000;
pub const HOUR: Duration = Duration::from_hours(1);

pub use rapport_sdk::conformance::{Running, Ticking, until};

type Attached = Arc<Mutex<Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>>>;

/// A fake bot and a bridge that it calls.
pub struct Bridge {
    pub fake: FakeTelegram,
    pub clock: Arc<Ticking>,
    pub url: url::Url,
    pub mode: Mode,
    attached: Attached,
}

impl Bridge {
    pub async fn start() -> Arc<Self> {
        Self::start_in(Mode::Poll).await
    }

    pub async fn start_in(mode: Mode) -> Arc<Self> {
        let clock = Ticking::at(Timestamp(START));
        let mut config = FakeTelegramConfig::new(clock.clone());
        config.webhook_pause = Duration::from_millis(20);
        let fake = FakeTelegram::start(config).await.unwrap();
        let attached = Attached::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(receive).with_state(Arc::clone(&attached));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Arc::new(Self { fake, clock, url, mode, attached })
    }

    pub fn settings(&self) -> TelegramSettings {
        let mut settings = TelegramSettings::new(
            InboxId::from("shop"),
            Address::new("@shop_bot"),
            Secret::new(self.fake.token()),
            self.url.clone(),
            self.fake.api_base(),
        );
        settings.mode = self.mode;
        settings.look = Duration::from_millis(100);
        settings.timeouts = Timeouts { connect: Duration::from_secs(1), total: Duration::from_secs(1) };
        settings.transfer = Duration::from_secs(1);
        settings
    }

    pub fn bot(&self) -> Arc<TelegramConnector> {
        Arc::new(TelegramConnector::new(self.settings()).unwrap())
    }

    pub fn bot_with(&self, change: impl FnOnce(&mut TelegramSettings)) -> Arc<TelegramConnector> {
        let mut settings = self.settings();
        change(&mut settings);
        Arc::new(TelegramConnector::new(settings).unwrap())
    }

    /// A customer who has opened the chat.
    pub fn ann(&self) -> Phone {
        self.fake.customer("Ann")
    }

    /// The secret that Telegram shows with each of its calls.
    pub fn secret(&self) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.fake.token().as_bytes()).unwrap();
        mac.update(b"rapport webhook\0shop");
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// A call with this body, as it comes over the wire.
    pub fn call(&self, body: impl Into<Bytes>) -> WebhookRequest {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-telegram-bot-api-secret-token", self.secret().parse().unwrap());
        WebhookRequest {
            route: WebhookRoute::Messages,
            method: Method::POST,
            path_and_query: "/webhooks/shop".to_owned(),
            headers,
            body: body.into(),
            received_at: Timestamp(START),
        }
    }
}

/// An update with a text by the customer.
pub fn update(number: i64, text: &str) -> Value {
    json!({"update_id": number, "message": {
        "message_id": number, "date": START / 1000, "text": text,
        "chat": {"id": 42, "type": "private"}, "from": {"id": 42, "is_bot": false, "first_name": "Ann"},
    }})
}

async fn receive(
    State(attached): State<Attached>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((connector, ingress)) = attached.lock().unwrap().clone() else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let Some(webhook) = connector.webhook() else { return StatusCode::NOT_FOUND.into_response() };
    let request = WebhookRequest {
        route: WebhookRoute::Messages,
        method,
        path_and_query: uri.path_and_query().unwrap().to_string(),
        headers,
        body,
        received_at: Timestamp(START),
    };
    let answer = webhook.receive(request, &*ingress).await;
    (answer.status, answer.body).into_response()
}

impl Bridge {
    /// Runs a connector and lets Telegram reach it.
    pub fn run(&self, connector: Arc<dyn Connector>, ingress: &Arc<MemoryIngress>) -> Running {
        self.attach(Some((Arc::clone(&connector), ingress.clone())));
        Running::connector(connector, self.clock.clone(), ingress)
    }

    /// Runs the bot of the settings.
    pub fn start_bot(&self) -> Running {
        self.run(self.bot(), &Arc::default())
    }
}

impl Harness for Bridge {
    fn connector(&self) -> Arc<dyn Connector> {
        self.bot()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn attach(&self, bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>) {
        *self.attached.lock().unwrap() = bridge;
    }

    fn offer(&self, text: &str) -> BoxFuture<'_, ()> {
        self.ann().write(text);
        Box::pin(async {})
    }

    fn offer_again(&self, text: &str) -> BoxFuture<'_, ()> {
        let message = self.ann().messages().into_iter().find(|message| message.text == text).unwrap();
        self.fake.push_update(json!({"message": message.json}));
        Box::pin(async {})
    }

    fn offer_garbage(&self) -> BoxFuture<'_, ()> {
        let ann = self.ann().chat_id();
        for garbage in [
            json!({}),
            json!({"message": null}),
            json!({"message": 1}),
            json!({"message": {"message_id": "1"}}),
            json!({"message": {"message_id": 1, "date": i64::MAX, "chat": {"id": ann, "type": "private"}}}),
            json!({"message": {"message_id": 2, "date": 1, "chat": {"id": ann, "type": "wall"},
                "from": {"id": ann, "first_name": "\0"}, "text": "\u{202e}"}}),
            json!({"message": {"message_id": 3, "date": 1, "chat": {"id": ann, "type": "private"},
                "from": {"id": ann, "first_name": "A"}, "text": "x",
                "entities": [{"type": "bold", "offset": 4_294_967_295_u32, "length": 4_294_967_295_u32}]}}),
            json!({"edited_message": {}, "my_chat_member": [], "message_reaction": "x"}),
            json!({"something_new": {"deep": [[[[[[[[]]]]]]]]}}),
        ] {
            self.fake.push_update(garbage);
        }
        Box::pin(async {})
    }

    fn is_acknowledged(&self, text: &str) -> bool {
        self.fake.waiting_updates() == 0 && self.ann().messages().iter().any(|message| message.text == text)
    }

    fn outgoing(&self, text: &str) -> Outgoing {
        let ann = self.ann();
        // A bot can't write to somebody who never wrote to it.
        let is_known: HashSet<i64> = self.fake.chats().iter().map(|chat| chat.id).collect();
        if !is_known.contains(&ann.chat_id()) {
            ann.write("/start");
        }
        outgoing_to(&ann.chat_id().to_string(), text)
    }

    fn fail_next_send(&self, failure: Failure) {
        let fault = match failure {
            Failure::Overloaded => Fault::RateLimited { retry_after: 3 },
            Failure::Refused => Fault::refused("Bad Request: chat not found"),
            Failure::WrongCredentials => Fault::Refused { code: 401, description: "Unauthorized".to_owned() },
            Failure::LostAnswer => Fault::ActedThenCut,
        };
        self.fake.fail_next(Operation::Send, fault);
    }

    fn sent(&self) -> Vec<(String, String)> {
        let sent = self.fake.sent().into_iter();
        sent.map(|message| (format!("{}/{}", message.chat, message.id), message.text)).collect()
    }

    fn footprint(&self) -> String {
        format!("{:?} {:?}", self.fake.sent(), self.fake.typing())
    }

    fn webhook_requests(&self, text: &str) -> Option<(WebhookRequest, WebhookRequest)> {
        if self.mode == Mode::Poll {
            return None;
        }
        let genuine = self.call(update(1, text).to_string());
        let mut forged = genuine.clone();
        let secret = self.secret().to_ascii_uppercase();
        forged.headers.insert("x-telegram-bot-api-secret-token", secret.parse().unwrap());
        Some((genuine, forged))
    }
}

/// A part on its way to a thread.
pub fn outgoing_to(thread: &str, text: &str) -> Outgoing {
    Outgoing {
        key: OutboxId::new(),
        attempt: 0,
        thread: thread.into(),
        from: Address::new("@shop_bot"),
        to: Address::new(thread),
        automatic: false,
        reply_to: None,
        heading: Heading::default(),
        part: Part { text: text.to_owned(), ..Part::default() },
        media: Vec::new(),
    }
}
