//! A channel in memory, with a connector that is right, or wrong in exactly one way.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use rapport_sdk::{
    Batch, BoxFuture, Connector, ConnectorError, Context, Fetched, IngestError, Ingress, Webhook,
    WebhookRequest, WebhookResponse, WebhookRoute,
    conformance::{Failure, Harness},
    model::{
        Address, Author, Capabilities, Clock, Health, InboundEvent, Letter, Timestamp, Trust,
        capability::{OptOutReply, TextUnit},
        event::{Chat, InboundMessage, RawPayload, ThreadKind, ThreadRef},
        id::{ChannelName, Cursor, ExternalMessageId, OutboxId, Scope},
        letter::Heading,
        outbound::{OutboundMessage, Outgoing, Part, PlanError, SendError, SendReceipt},
    },
};

/// The one way in which the connector is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Nothing,
    AcknowledgesFirst,
    DropsOnError,
    StartsAtTheEnd,
    NeverEnds,
    PanicsOverGarbage,
    InventsIds,
    TakesEchoesForCustomers,
    CallsUnknownTransient,
    ForgetsKeys,
    ReversesParts,
    BelievesForgeries,
    ThanksWithoutStoring,
    ChecksByWriting,
}

#[derive(Clone)]
struct Line {
    id: String,
    text: String,
    ours: bool,
}

#[derive(Default)]
struct Provider {
    /// All that a poll shows, with repetitions.
    stream: Vec<Line>,
    acknowledged: usize,
    sent: Vec<(String, String, String)>,
    failures: Vec<Failure>,
    minted: usize,
}

pub struct Channel {
    provider: Arc<Mutex<Provider>>,
    wrong: Wrong,
}

impl Channel {
    pub fn new(wrong: Wrong) -> Arc<Self> {
        Arc::new(Self { provider: Arc::default(), wrong })
    }

    fn provider(&self) -> MutexGuard<'_, Provider> {
        self.provider.lock().unwrap()
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp(1_000_000)
    }
}

impl Harness for Channel {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(Control { provider: Arc::clone(&self.provider), wrong: self.wrong })
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Fixed)
    }

    fn attach(&self, _bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>) {}

    fn offer(&self, text: &str) -> BoxFuture<'_, ()> {
        let mut provider = self.provider();
        provider.minted += 1;
        let id = format!("m{}", provider.minted);
        provider.stream.push(Line { id, text: text.to_owned(), ours: false });
        Box::pin(async {})
    }

    fn offer_again(&self, text: &str) -> BoxFuture<'_, ()> {
        let mut provider = self.provider();
        let again = provider.stream.iter().find(|line| line.text == text).unwrap().clone();
        provider.stream.push(again);
        Box::pin(async {})
    }

    fn offer_garbage(&self) -> BoxFuture<'_, ()> {
        self.offer("\u{0}garbage")
    }

    fn is_acknowledged(&self, text: &str) -> bool {
        let provider = self.provider();
        provider.stream.iter().take(provider.acknowledged).any(|line| line.text == text)
    }

    fn outgoing(&self, text: &str) -> Outgoing {
        Outgoing {
            key: OutboxId::new(),
            attempt: 0,
            thread: "customer".into(),
            from: Address::new("shop"),
            to: Address::new("customer"),
            automatic: false,
            reply_to: None,
            heading: Heading::default(),
            part: Part { text: text.to_owned(), ..Part::default() },
            media: Vec::new(),
        }
    }

    fn fail_next_send(&self, failure: Failure) {
        self.provider().failures.push(failure);
    }

    fn sent(&self) -> Vec<(String, String)> {
        self.provider().sent.iter().map(|(id, _, text)| (id.clone(), text.clone())).collect()
    }

    fn footprint(&self) -> String {
        format!("{:?}", self.provider().sent)
    }

    fn webhook_requests(&self, text: &str) -> Option<(WebhookRequest, WebhookRequest)> {
        let genuine = WebhookRequest {
            route: WebhookRoute::Messages,
            method: Method::POST,
            path_and_query: "/webhooks/control".to_owned(),
            headers: HeaderMap::from_iter([(http::header::AUTHORIZATION, "right".parse().unwrap())]),
            body: Bytes::from(text.to_owned()),
            received_at: Timestamp(0),
        };
        let mut forged = genuine.clone();
        forged.headers.insert(http::header::AUTHORIZATION, "wrong".parse().unwrap());
        Some((genuine, forged))
    }
}

struct Control {
    provider: Arc<Mutex<Provider>>,
    wrong: Wrong,
}

impl Control {
    fn is(&self, wrong: Wrong) -> bool {
        self.wrong == wrong
    }

    fn event(&self, line: &Line, place: usize) -> InboundEvent {
        let raw = RawPayload { content_type: "text/plain".to_owned(), bytes: line.text.clone().into() };
        let id = if self.is(Wrong::InventsIds) { format!("{}-{place}", line.id) } else { line.id.clone() };
        let id = ExternalMessageId(id);
        if line.text.starts_with('\0') {
            assert!(!self.is(Wrong::PanicsOverGarbage), "garbage");
            return InboundEvent::Unreadable { id, raw, reason: "garbage".to_owned(), at: Timestamp(0) };
        }
        let author = if line.ours && !self.is(Wrong::TakesEchoesForCustomers) {
            Author::Us
        } else {
            Author::Contact {
                address: Address::new("customer"),
                name: None,
                trust: Trust::Proven,
                can_reply: true,
                is_bot: false,
            }
        };
        InboundEvent::Message(Box::new(InboundMessage {
            chat: Chat::default(),
            id,
            content_key: None,
            thread: ThreadRef {
                id: "customer".into(),
                kind: ThreadKind::Private,
                permanent: true,
                our_address: Address::new("shop"),
                title: None,
            },
            author,
            text: line.text.clone(),
            attachments: Vec::new(),
            reply_to: None,
            at: Timestamp(0),
            addressed: true,
            unanswerable: None,
            letter: Letter::default(),
            raw,
        }))
    }

    async fn poll(&self, ctx: &Context) {
        let scope = Scope::from("");
        let known = ctx.ingress.cursor(&scope).await.unwrap();
        let mut place: usize = known.map_or(0, |cursor| cursor.as_str().parse().unwrap());
        if self.is(Wrong::StartsAtTheEnd) {
            place = self.provider.lock().unwrap().stream.len();
        }
        loop {
            let lines = self.provider.lock().unwrap().stream[place..].to_vec();
            let next = place + lines.len();
            let events: Vec<_> = lines.iter().zip(place..).map(|(line, at)| self.event(line, at)).collect();
            if self.is(Wrong::AcknowledgesFirst) {
                self.provider.lock().unwrap().acknowledged = next;
            }
            let batch =
                Batch { events, cursor: Some((scope.clone(), Cursor(next.to_string()))), ..Batch::default() };
            if lines.is_empty() {
                ctx.health.report(Health::Connected);
            } else if ctx.ingress.ingest(batch).await.is_ok() {
                self.provider.lock().unwrap().acknowledged = next;
                place = next;
            } else if self.is(Wrong::DropsOnError) {
                place = next;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Connector for Control {
    fn channel(&self) -> ChannelName {
        ChannelName::from("control")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            longest_text: 100,
            text_unit: TextUnit::Chars,
            rich_text: false,
            attachment_limit: None,
            attached_bytes: false,
            letters: false,
            attachment_types: Vec::new(),
            quotes: false,
            edits: false,
            delivery_receipts: false,
            read_receipts: false,
            threads: false,
            idempotent_send: Some(Duration::MAX),
            longest_send: Duration::from_secs(25),
            may_start: true,
            reply_window: None,
            history: true,
            groups: false,
            ack_interval: None,
            opt_out_reply: OptOutReply::None,
        }
    }

    fn run(&self, ctx: Context) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move {
            if self.is(Wrong::NeverEnds) {
                self.poll(&ctx).await;
            }
            tokio::select! {
                () = ctx.shutdown.cancelled() => {}
                () = self.poll(&ctx) => {}
            }
            Ok(())
        })
    }

    fn plan(&self, message: &OutboundMessage) -> Result<Vec<Part>, PlanError> {
        let words: Vec<_> = message.text.split_whitespace().collect();
        let part = |words: &[&str]| Part { text: words.join(" "), ..Part::default() };
        let mut parts: Vec<_> = words.chunks(5).map(part).collect();
        if self.is(Wrong::ReversesParts) {
            parts.reverse();
        }
        Ok(parts)
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>> {
        let mut provider = self.provider.lock().unwrap();
        let failure = provider.failures.pop();
        let result = match failure {
            Some(Failure::Overloaded) => {
                Err(SendError::Transient { retry_after: None, reason: "busy".to_owned() })
            }
            Some(Failure::Refused) => Err(SendError::Rejected { code: "no".to_owned() }),
            Some(Failure::WrongCredentials) => Err(SendError::Unauthorized),
            Some(Failure::LostAnswer) if self.is(Wrong::CallsUnknownTransient) => {
                Err(SendError::Transient { retry_after: None, reason: "busy".to_owned() })
            }
            Some(Failure::LostAnswer) => Err(SendError::Unknown),
            None => {
                let key = outgoing.key.to_string();
                let known =
                    provider.sent.iter().find(|(_, known, _)| *known == key).map(|(id, ..)| id.clone());
                let id = known.filter(|_| !self.is(Wrong::ForgetsKeys)).unwrap_or_else(|| {
                    provider.minted += 1;
                    let id = format!("s{}", provider.minted);
                    let text = outgoing.part.text.clone();
                    provider.sent.push((id.clone(), key, text.clone()));
                    provider.stream.push(Line { id: id.clone(), text, ours: true });
                    id
                });
                Ok(SendReceipt { id: ExternalMessageId(id) })
            }
        };
        Box::pin(async { result })
    }

    fn fetch<'a>(&'a self, _: &'a str, _: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>> {
        Box::pin(async { Err(ConnectorError::Misconfigured { reason: "no files".to_owned() }) })
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        if self.is(Wrong::ChecksByWriting) {
            let test = ("t".to_owned(), String::new(), "test".to_owned());
            self.provider.lock().unwrap().sent.push(test);
        }
        Box::pin(async { Ok(()) })
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }
}

impl Webhook for Control {
    fn receive<'a>(
        &'a self,
        request: WebhookRequest,
        ingress: &'a dyn Ingress,
    ) -> BoxFuture<'a, WebhookResponse> {
        let answer = |status, retry_after| WebhookResponse {
            status,
            content_type: "text/plain",
            body: String::new(),
            retry_after,
        };
        Box::pin(async move {
            let genuine = request.headers[http::header::AUTHORIZATION] == "right";
            if !genuine && !self.is(Wrong::BelievesForgeries) {
                return answer(StatusCode::UNAUTHORIZED, None);
            }
            let text = String::from_utf8_lossy(&request.body).into_owned();
            let line = Line { id: format!("w-{text}"), text, ours: false };
            let batch = Batch { events: vec![self.event(&line, 0)], ..Batch::default() };
            match ingress.ingest(batch).await {
                Err(IngestError::Unavailable { retry_after }) if !self.is(Wrong::ThanksWithoutStoring) => {
                    answer(StatusCode::SERVICE_UNAVAILABLE, Some(retry_after))
                }
                _ => answer(StatusCode::OK, None),
            }
        })
    }
}
