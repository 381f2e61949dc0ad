//! The least bridge that a provider can call: it hands requests to the connector that runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri};
use rapport_fakes::twilio::{FakeTwilio, FakeTwilioConfig, Fault, Operation};
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
use rapport_sms::{SmsConnector, SmsSettings};

pub const OURS: &str = "+441632960000";
pub const THEIRS: &str = "+447700900123";

pub use rapport_sdk::conformance::{Running, Ticking, until};

type Attached = Arc<Mutex<Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>>>;

/// A fake account and a bridge that it calls.
pub struct Bridge {
    pub fake: FakeTwilio,
    pub clock: Arc<Ticking>,
    pub url: url::Url,
    attached: Attached,
    sids: Mutex<HashMap<String, (String, bool)>>,
}

impl Bridge {
    pub async fn start() -> Arc<Self> {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut FakeTwilioConfig)) -> Arc<Self> {
        let clock = Ticking::at(Timestamp(1_790_000_000_000));
        let mut config = FakeTwilioConfig::new(clock.clone());
        config.numbers = vec![OURS.to_owned()];
        adjust(&mut config);
        let fake = FakeTwilio::start(config).await.unwrap();
        let attached = Attached::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(receive).with_state(Arc::clone(&attached));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake.set_webhook(url.join("/webhooks/shop").unwrap());
        Arc::new(Self { fake, clock, url, attached, sids: Mutex::default() })
    }

    pub fn settings(&self) -> SmsSettings {
        let mut settings = SmsSettings::twilio(
            InboxId::from("shop"),
            self.fake.account_sid(),
            Secret::new(self.fake.auth_token()),
            self.fake.api_base(),
            self.url.clone(),
        );
        settings.numbers = vec![Address::new(OURS)];
        settings.listing_interval = Duration::from_millis(100);
        settings.timeouts = Timeouts { connect: Duration::from_secs(1), total: Duration::from_secs(1) };
        settings
    }

    pub fn sms(&self) -> Arc<SmsConnector> {
        Arc::new(SmsConnector::new(self.settings()).unwrap())
    }

    /// A signed call with these fields, as it comes over the wire.
    pub fn call(&self, route: WebhookRoute, fields: &[(&str, &str)]) -> WebhookRequest {
        let path = match route {
            WebhookRoute::Messages => "/webhooks/shop",
            WebhookRoute::Status => "/webhooks/shop/status",
        };
        let url = self.url.join(path).unwrap();
        let (headers, body) = self.fake.signed_form(url.as_str(), fields);
        WebhookRequest {
            route,
            method: Method::POST,
            path_and_query: path.to_owned(),
            headers,
            body: body.into(),
            received_at: Timestamp(1_790_000_000_000),
        }
    }

    /// The fields of a plain message, changed by these.
    pub fn fields<'a>(&'a self, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut fields: Vec<(&str, &str)> = vec![
            ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
            ("AccountSid", self.fake.account_sid()),
            ("From", THEIRS),
            ("To", OURS),
            ("Body", "hello"),
            ("NumMedia", "0"),
        ];
        for change in changes {
            fields.retain(|field| field.0 != change.0);
            fields.push(*change);
        }
        fields
    }
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
    let request = WebhookRequest {
        route: if uri.path().ends_with("/status") { WebhookRoute::Status } else { WebhookRoute::Messages },
        method,
        path_and_query: uri.path_and_query().unwrap().to_string(),
        headers,
        body,
        received_at: Timestamp(1_790_000_000_000),
    };
    let answer = connector.webhook().unwrap().receive(request, &*ingress).await;
    (answer.status, answer.body).into_response()
}

impl Bridge {
    /// Runs a connector and lets the provider reach it.
    pub fn run(&self, connector: Arc<dyn Connector>, ingress: &Arc<MemoryIngress>) -> Running {
        self.attach(Some((Arc::clone(&connector), ingress.clone())));
        Running::connector(connector, self.clock.clone(), ingress)
    }
}

impl Harness for Bridge {
    fn connector(&self) -> Arc<dyn Connector> {
        self.sms()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn attach(&self, bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>) {
        *self.attached.lock().unwrap() = bridge;
    }

    fn offer(&self, text: &str) -> BoxFuture<'_, ()> {
        let text = text.to_owned();
        Box::pin(async move {
            let (sid, outcome) = self.fake.receive_sms(THEIRS, OURS, &text, Vec::new()).await;
            self.sids.lock().unwrap().insert(text, (sid, outcome.is_success()));
        })
    }

    fn offer_again(&self, text: &str) -> BoxFuture<'_, ()> {
        let sid = self.sids.lock().unwrap()[text].0.clone();
        Box::pin(async move {
            self.fake.deliver(&sid).await;
        })
    }

    fn offer_garbage(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let account = self.fake.account_sid();
            let garbage: &[&[(&str, &str)]] = &[
                &[],
                &[("x", "\0")],
                &[("AccountSid", account)],
                &[("AccountSid", account), ("MessageSid", "SM1"), ("From", "\u{202e}")],
                &[
                    ("AccountSid", account),
                    ("MessageSid", "SM2"),
                    ("From", "+1"),
                    ("To", "+2"),
                    ("NumMedia", "99999999999999999999"),
                ],
                &[
                    ("AccountSid", account),
                    ("MessageSid", "SM3"),
                    ("From", "+1"),
                    ("To", "+2"),
                    ("NumMedia", "3"),
                ],
                &[("AccountSid", account), ("MessageSid", "SM4"), ("MessageStatus", "exploded")],
                &[
                    ("AccountSid", account),
                    ("MessageSid", "SM5"),
                    ("MessageStatus", "failed"),
                    ("ErrorCode", "many"),
                ],
            ];
            for fields in garbage {
                self.fake.call_webhook(fields).await;
            }
        })
    }

    fn is_acknowledged(&self, text: &str) -> bool {
        self.sids.lock().unwrap().get(text).is_some_and(|(_, acknowledged)| *acknowledged)
    }

    fn outgoing(&self, text: &str) -> Outgoing {
        Outgoing {
            key: OutboxId::new(),
            attempt: 0,
            thread: format!("{OURS}|{THEIRS}").as_str().into(),
            from: Address::new(OURS),
            to: Address::new(THEIRS),
            automatic: false,
            reply_to: None,
            heading: Heading::default(),
            part: Part { text: text.to_owned(), ..Part::default() },
            media: Vec::new(),
        }
    }

    fn fail_next_send(&self, failure: Failure) {
        let fault = match failure {
            Failure::Overloaded => Fault::RateLimited { retry_after: 3 },
            Failure::Refused => Fault::Refused { status: 400, code: 21614 },
            Failure::WrongCredentials => Fault::Unauthorized,
            Failure::LostAnswer => Fault::ActedThenCut,
        };
        self.fake.fail_next(Operation::Send, fault);
    }

    fn sent(&self) -> Vec<(String, String)> {
        self.fake.sent().into_iter().map(|sent| (sent.sid, sent.body)).collect()
    }

    fn footprint(&self) -> String {
        format!("{:?} {:?}", self.fake.sent(), self.fake.phone(THEIRS))
    }

    fn webhook_requests(&self, text: &str) -> Option<(WebhookRequest, WebhookRequest)> {
        let genuine = self.call(WebhookRoute::Messages, &self.fields(&[("Body", text)]));
        let mut forged = genuine.clone();
        forged.body = Bytes::from([&genuine.body[..], b"&Body=more"].concat());
        Some((genuine, forged))
    }
}
