//! Where the next reply goes, as JSON: by which inbox, to whom, with what, and who may get a copy.

use rapport_model::{Capabilities, Timestamp, capability::TextUnit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    engine::reply_until,
    store::{self, Offer},
};

/// What the channel of a reply can carry.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelLimits {
    longest_text: u32,
    /// `chars`, `utf16` or `sms_segments`.
    text_unit: String,
    attachment_limit: Option<u64>,
    attachment_types: Vec<String>,
    /// Whether bold, lists and links survive.
    rich_text: bool,
    /// Whether a reply can show which message it answers.
    quotes: bool,
    /// For how long after the customer's last message a reply is taken, in seconds; null: for ever.
    reply_window: Option<u64>,
    edits: bool,
    delivery_receipts: bool,
    read_receipts: bool,
    /// Whether a reply has a subject and may go to several people at once.
    letters: bool,
}

impl From<Capabilities> for ChannelLimits {
    fn from(can: Capabilities) -> Self {
        let unit = match can.text_unit {
            TextUnit::Chars => "chars",
            TextUnit::Utf16 => "utf16",
            TextUnit::SmsSegments => "sms_segments",
        };
        Self {
            longest_text: can.longest_text,
            text_unit: unit.to_owned(),
            attachment_limit: can.attachment_limit,
            attachment_types: can.attachment_types,
            rich_text: can.rich_text,
            quotes: can.quotes,
            reply_window: can.reply_window.map(|window| window.as_secs()),
            edits: can.edits,
            delivery_receipts: can.delivery_receipts,
            read_receipts: can.read_receipts,
            letters: can.letters,
        }
    }
}

/// Where the next reply goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Route {
    inbox: String,
    channel: String,
    to: Option<String>,
    from: String,
    can_reply: bool,
    reason: Option<String>,
    /// Until when a reply is taken; null: for ever.
    reply_until: Option<i64>,
    capabilities: Option<ChannelLimits>,
    /// The subject that a reply gets unless its author writes another one; null where the channel has none, or
    /// nothing is known that it could answer.
    suggested_subject: Option<String>,
    /// Who may get a copy of a reply, the latest named first. None of them does unless its author says so.
    offered: Vec<Offered>,
}

/// Somebody who may get a copy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Offered {
    address: String,
    name: Option<String>,
    /// How they would be written to: `cc`.
    role: String,
    /// Why they are offered. `to` and `cc`: so a letter of this conversation was addressed. `participant`: they
    /// wrote here without being the contact, and have not proven who they are.
    why: String,
}

/// So many people are offered.
const MOST_OFFERED: usize = 50;

impl Route {
    pub(super) fn new(
        route: &store::Route,
        capabilities: Option<Capabilities>,
        offer: Option<Offer>,
    ) -> Self {
        let (suggested_subject, people) = offer.map_or_else(Default::default, |o| (o.subject, o.people));
        let offered = people.into_iter().take(MOST_OFFERED).map(|person| Offered {
            address: person.address.expose().to_owned(),
            name: person.name,
            role: "cc".to_owned(),
            why: person.why.as_str().to_owned(),
        });
        Self {
            inbox: route.inbox.to_string(),
            channel: route.channel.clone(),
            to: route.to.as_ref().map(|to| to.expose().to_owned()),
            from: route.from.expose().to_owned(),
            can_reply: route.refusal.is_none(),
            reason: route.refusal.map(str::to_owned),
            reply_until: reply_until(capabilities.as_ref(), route.last_inbound_at).map(Timestamp::millis),
            capabilities: capabilities.map(Into::into),
            suggested_subject,
            offered: offered.collect(),
        }
    }
}
