//! Twilio's Programmable Messaging.
//!
//! `signature` judges who calls, `form` and `call` read what it says, `record` reads what the API
//! lists, `api` speaks to it, and `codes` knows what its numbers mean.

mod api;
mod call;
mod codes;
mod form;
mod record;
mod signature;

use rapport_sdk::{
    BoxFuture, ConnectorError, Fetched, WebhookRequest, WebhookRoute,
    http::{ApiClient, Credentials, HttpError, SafeFetch},
    model::{
        InboundEvent, Timestamp,
        event::RawPayload,
        outbound::{Outgoing, SendError, SendReceipt},
    },
};

use crate::{
    config::{Owner, SmsSettings},
    number::canonical,
    provider::{Provider, Refusal},
    sabotage,
    seen::Seen,
};
use form::Form;
use signature::{Keys, Signed};

/// What the body of a form says of itself.
const FORM: &str = "application/x-www-form-urlencoded";
/// What a body says whose hash stands in the query.
const JSON: &str = "application/json";

/// One account at Twilio.
pub struct Twilio {
    settings: SmsSettings,
    /// The address of the inbox's webhook, as the provider calls it.
    webhook: String,
    api: ApiClient,
    files: SafeFetch,
}

impl Twilio {
    /// An account with these settings.
    pub fn new(settings: SmsSettings) -> Result<Self, HttpError> {
        let mut public = settings.public_url.clone();
        // What only addresses the bridge takes no part in signatures, whatever was configured.
        public.set_query(None);
        public.set_fragment(None);
        let _ = public.set_username("");
        let _ = public.set_password(None);
        let base = public.as_str().trim_end_matches('/');
        Ok(Self {
            webhook: format!("{base}/webhooks/{}", settings.inbox),
            api: ApiClient::new(settings.api_base.clone(), settings.timeouts)?,
            files: SafeFetch::new(Some(settings.api_base.clone()), api::FILE_TIMEOUTS)?,
            settings,
        })
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials::Basic { user: &self.settings.account_sid, password: &self.settings.auth_token }
    }

    fn status_callback(&self) -> String {
        format!("{}/status", self.webhook)
    }

    /// The public URL of this call: configured base, our route, and the query as it was sent.
    fn called_url(&self, request: &WebhookRequest) -> String {
        let mut url = match request.route {
            WebhookRoute::Messages => self.webhook.clone(),
            WebhookRoute::Status => self.status_callback(),
        };
        if let Some((_, query)) = request.path_and_query.split_once('?') {
            url.push('?');
            url.push_str(query);
        }
        url
    }

    /// A message that came in, where it is this inbox's. One URL is easily set at two numbers.
    fn message(&self, form: &Form, raw: RawPayload, at: Timestamp) -> Result<Vec<InboundEvent>, Refusal> {
        let to = form.filled("To").map(|to| canonical(&to));
        match to.map(|to| (self.settings.owner(&to), to)) {
            Some((Owner::Another, to)) => Err(Refusal::Misdirected(to)),
            // No list brings it in, so it is kept, for people to see.
            Some((Owner::Nobody, _)) => {
                let reason = "It came to a number that no inbox has: add it to the addresses of this one, \
                    or look at that number's webhook.";
                call::unreadable(form, raw, reason, at)
            }
            Some((Owner::This, _)) | None => call::message(form, raw, at),
        }
    }

    /// The fields of a call that is signed.
    fn genuine_form(&self, request: &WebhookRequest) -> Result<(Form, RawPayload), Refusal> {
        let url = self.called_url(request);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let raw = |content_type: &str, bytes: &[u8]| RawPayload {
            content_type: content_type.to_owned(),
            bytes: bytes.to_vec(),
        };
        let genuine = |signed: &Signed<'_>| {
            let keys = Keys {
                auth_token: &self.settings.auth_token,
                signature_key: self.settings.signature_key.as_ref(),
            };
            sabotage::takes_any_signature() || signature::is_genuine(&url, signed, &request.headers, &keys)
        };
        if request.method == http::Method::GET {
            let form = Form::parse(query.as_bytes());
            return genuine(&Signed::Query)
                .then(|| (form, raw(FORM, query.as_bytes())))
                .ok_or(Refusal::Signature);
        }
        if request.method != http::Method::POST {
            return Err(Refusal::Method);
        }
        match content_type(request).as_deref() {
            Some(FORM) => {
                let form = Form::parse(&request.body);
                if genuine(&Signed::Form(&form)) {
                    Ok((form, raw(FORM, &request.body)))
                } else {
                    Err(Refusal::Signature)
                }
            }
            Some(JSON) if query.contains("bodySHA256=") => {
                if genuine(&Signed::Hash(&request.body)) {
                    let form = Form::of_json(&request.body);
                    Ok((form, raw(JSON, &request.body)))
                } else {
                    Err(Refusal::Signature)
                }
            }
            _ => Err(Refusal::ContentType(FORM)),
        }
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    use sha2::Digest as _;

    sha2::Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The type of the body without its parameters.
fn content_type(request: &WebhookRequest) -> Option<String> {
    let value = request.headers.get(http::header::CONTENT_TYPE)?;
    let essence = value.to_str().ok()?.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

impl Provider for Twilio {
    fn read(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Refusal> {
        let (form, raw) = self.genuine_form(request)?;
        let account = form.filled("AccountSid").ok_or(Refusal::Missing("AccountSid"))?;
        if account != self.settings.account_sid {
            return Err(Refusal::Account);
        }
        // A callback that was set up with the other address is understood all the same.
        let status = form.filled("MessageStatus").is_some_and(|status| status != "received");
        if request.route == WebhookRoute::Status || status {
            call::status(&form, request.received_at)
        } else {
            self.message(&form, raw, request.received_at)
        }
    }

    fn read_again(&self, raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent> {
        let read = if raw.content_type == FORM {
            self.message(&Form::parse(&raw.bytes), raw.clone(), at)
        } else if let Ok(record) = serde_json::from_slice(&raw.bytes) {
            Ok(record::events(&record, Vec::new(), raw.clone(), at))
        } else {
            self.message(&Form::of_json(&raw.bytes), raw.clone(), at)
        };
        read.unwrap_or_else(|refusal| {
            vec![InboundEvent::Unreadable {
                id: sha256_hex(&raw.bytes).as_str().into(),
                raw: raw.clone(),
                reason: refusal.to_string(),
                at,
            }]
        })
    }

    fn thanks(&self) -> (&'static str, &'static str) {
        ("text/xml", "<Response/>")
    }

    fn list<'a>(
        &'a self,
        from: Timestamp,
        to: Timestamp,
        seen: &'a Seen,
    ) -> BoxFuture<'a, Result<Vec<InboundEvent>, ConnectorError>> {
        Box::pin(self.list_messages(from, to, seen))
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>> {
        Box::pin(self.create_message(outgoing))
    }

    fn fetch<'a>(&'a self, reference: &'a str, limit: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>> {
        Box::pin(async move {
            let fetched = self.files.fetch(reference, self.credentials(), limit);
            Ok(fetched.await?)
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.read_account())
    }
}
