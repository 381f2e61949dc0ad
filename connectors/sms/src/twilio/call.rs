//! The provider's calls as events: a message that came, or what became of one that we sent.

use rapport_sdk::model::{
    Author, DeliveryState, InboundEvent, Letter, Timestamp, Trust,
    bot::Unanswerable,
    event::{Chat, Content, InboundAttachment, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    id::{ExternalMessageId, ExternalThreadId},
};

use super::{codes, form::Form};
use crate::{
    keyword::Keyword,
    number::{can_reply, canonical, is_machine, is_name},
    provider::Refusal,
};

/// The most files that one message has.
const MOST_MEDIA: usize = 10;

/// What a message says about itself, from a call or from a list.
pub struct Facts {
    /// The provider's id.
    pub sid: String,
    /// The sender as the provider writes it.
    pub from: String,
    /// Which of our numbers it came to.
    pub to: String,
    /// The text.
    pub body: String,
    /// Its files.
    pub attachments: Vec<InboundAttachment>,
    /// The keyword on which the provider says that it acted.
    pub acted_on: Option<Keyword>,
    /// When it came.
    pub at: Timestamp,
}

/// Reads a call about a message that came in.
pub fn message(form: &Form, raw: RawPayload, at: Timestamp) -> Result<Vec<InboundEvent>, Refusal> {
    let sid = message_sid(form)?;
    let from = form.filled("From").ok_or(Refusal::Missing("From"))?.into_owned();
    let Some(to) = form.filled("To") else {
        return unreadable(form, raw, "The field To, the number that was written to, is missing.", at);
    };
    let attachments = match media(form) {
        Ok(attachments) => attachments,
        Err(reason) => return unreadable(form, raw, reason, at),
    };
    let acted_on = match form.filled("OptOutType").as_deref() {
        Some("STOP") => Some(Keyword::Stop),
        Some("START") => Some(Keyword::Start),
        Some("HELP") => Some(Keyword::Help),
        _ => None,
    };
    let facts = Facts {
        from,
        to: to.into_owned(),
        body: form.get("Body").unwrap_or_default().into_owned(),
        attachments,
        acted_on,
        at,
        sid,
    };
    Ok(events(facts, raw))
}

/// Keeps a call about a message that can't be taken in as it is.
pub fn unreadable(
    form: &Form,
    raw: RawPayload,
    reason: &str,
    at: Timestamp,
) -> Result<Vec<InboundEvent>, Refusal> {
    let id = ExternalMessageId(message_sid(form)?);
    form.filled("From").ok_or(Refusal::Missing("From"))?;
    Ok(vec![InboundEvent::Unreadable { id, raw, reason: reason.to_owned(), at }])
}

/// The message as an event, and what it changes about who can be reached.
pub fn events(facts: Facts, raw: RawPayload) -> Vec<InboundEvent> {
    let (ours, theirs) = (canonical(&facts.to), canonical(&facts.from));
    let keyword = facts.acted_on.or_else(|| Keyword::of(&facts.body));
    let can_reply = can_reply(&theirs);
    let message = InboundMessage {
        chat: Chat::default(),
        id: ExternalMessageId(facts.sid),
        content_key: None,
        thread: ThreadRef {
            id: ExternalThreadId(format!("{}|{}", ours.expose(), theirs.expose())),
            kind: ThreadKind::Private,
            permanent: true,
            our_address: ours,
            title: None,
        },
        author: Author::Contact {
            address: theirs.clone(),
            name: None,
            // The network vouches for a number; a name is what its sender chose.
            trust: if is_name(&theirs) { Trust::Claimed } else { Trust::Proven },
            can_reply,
            is_bot: false,
        },
        text: facts.body,
        attachments: facts.attachments,
        reply_to: None,
        at: facts.at,
        addressed: true,
        unanswerable: keyword
            .and_then(|word| word.unanswerable(facts.acted_on.is_some()))
            .or_else(|| is_machine(&theirs).then_some(Unanswerable::AutomaticMail)),
        letter: Letter::default(),
        raw,
    };
    let reach = keyword.and_then(Keyword::reach);
    let mut events = vec![InboundEvent::Message(Box::new(message))];
    events.extend(reach.map(|change| InboundEvent::Reach { address: theirs, change, at: facts.at }));
    events
}

/// Reads a call about a message that we sent.
pub fn status(form: &Form, at: Timestamp) -> Result<Vec<InboundEvent>, Refusal> {
    let sid = message_sid(form)?;
    let status = form
        .filled("MessageStatus")
        .or_else(|| form.filled("SmsStatus"))
        .ok_or(Refusal::Missing("MessageStatus"))?;
    let code = form.filled("ErrorCode").and_then(|code| code.trim().parse().ok());
    Ok(receipt(sid, &status, code, at).into_iter().collect())
}

/// A status as a receipt; `None` for a status that says nothing about a delivery.
pub fn receipt(sid: String, status: &str, code: Option<u32>, at: Timestamp) -> Option<InboundEvent> {
    let state = match status.to_ascii_lowercase().as_str() {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "undelivered" | "failed" | "canceled" | "partially_delivered" => DeliveryState::Failed,
        _ => {
            tracing::warn!(message.id = %sid, "The provider reports a status that we don't know.");
            return None;
        }
    };
    let reason = (state == DeliveryState::Failed).then(|| match code.filter(|code| *code != 0) {
        Some(code) => codes::describe(code, None),
        None => status.replace('_', " "),
    });
    Some(InboundEvent::Receipt { id: ExternalMessageId(sid), state, reason, at })
}

fn message_sid(form: &Form) -> Result<String, Refusal> {
    ["MessageSid", "SmsMessageSid", "SmsSid"]
        .into_iter()
        .find_map(|name| form.filled(name))
        .map(|sid| sid.trim().to_owned())
        .ok_or(Refusal::Missing("MessageSid"))
}

fn media(form: &Form) -> Result<Vec<InboundAttachment>, &'static str> {
    let count: usize = match form.filled("NumMedia") {
        None => 0,
        Some(text) => text.trim().parse().map_err(|_| "The field NumMedia is no number.")?,
    };
    if count > MOST_MEDIA {
        return Err("The field NumMedia names more files than a message can have.");
    }
    (0..count)
        .map(|index| {
            let reference = form
                .filled(&format!("MediaUrl{index}"))
                .ok_or("A file is announced and its address is missing.")?
                .into_owned();
            let content_type = form
                .filled(&format!("MediaContentType{index}"))
                .map_or_else(|| "application/octet-stream".to_owned(), Into::into);
            let content = Content::ByReference(reference);
            Ok(InboundAttachment { name: None, content_type, content, content_id: None })
        })
        .collect()
}
