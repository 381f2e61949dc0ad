//! What goes over the wire: the store's rows as JSON. Names and shapes are the contract of
//! `docs/openapi.json`.

use rapport_model::{Capabilities, Timestamp, id::TeamId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    chat::{Quoted, Reaction, Span},
    contacts,
    letters::Letter,
    route::Route,
    routing,
};
use crate::{
    engine::{INLINE, live::ConversationChange},
    store::{self, Actor, Details, Offer, Page, Role},
};

/// Somebody by id and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    /// Who.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// The contact of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowContact {
    /// Who.
    pub id: String,
    /// The name, or the address where none is known.
    pub name: String,
    /// Where they are reached.
    pub address: Option<String>,
}

/// A conversation in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    id: String,
    contact: RowContact,
    inbox: String,
    channel: String,
    /// Who reads along: `private`, `group` or `public`.
    kind: String,
    /// What a group or a public place is called, where the channel tells; null in private.
    title: Option<String>,
    /// `open`, `automatic` or `closed`.
    state: String,
    assignee: Option<Named>,
    team: Option<String>,
    waiting_since: Option<i64>,
    due_at: Option<i64>,
    last_at: i64,
    snippet: String,
    snippet_author: String,
    /// The subject of the customer's last letter, where it was one.
    subject: Option<String>,
    /// The receiving server denied that the customer's last letter is from whom it says.
    disproved: bool,
    /// The last position.
    position: i64,
    /// The position of the customer's last message.
    inbound_position: i64,
    /// The reader's own; null in live events.
    read_position: Option<i64>,
    /// The reader's own; null in live events.
    has_draft: Option<bool>,
    /// `failed` or `unconfirmed`.
    trouble: Option<String>,
    /// The receiving server took it for spam: listed apart while it is open.
    suspected: bool,
    /// Until when it is put off: listed apart while it is open.
    snoozed_until: Option<i64>,
    /// Who is named in its notes, by id.
    mentioned: Vec<String>,
    /// The position of the latest note that names the reader; null in live events.
    named_position: Option<i64>,
    /// Nobody answered in time, and it is in its queue again.
    raised: bool,
    queue_at: i64,
}

impl From<&store::Summary> for Summary {
    fn from(row: &store::Summary) -> Self {
        let address = row.address.as_ref().map(|address| address.expose().to_owned());
        Self {
            id: row.id.to_string(),
            contact: RowContact {
                id: row.contact.to_string(),
                name: row.contact_name.clone().or_else(|| address.clone()).unwrap_or_default(),
                address,
            },
            inbox: row.inbox.to_string(),
            channel: row.channel.clone(),
            kind: row.kind.clone(),
            title: row.title.clone(),
            state: row.state.as_str().to_owned(),
            assignee: row
                .assignee
                .as_ref()
                .map(|(id, name)| Named { id: id.to_string(), name: name.clone() }),
            team: row.team.as_ref().map(TeamId::to_string),
            waiting_since: row.waiting_since.map(Timestamp::millis),
            due_at: row.due_at.map(Timestamp::millis),
            last_at: row.last_at.millis(),
            snippet: row.snippet.clone(),
            snippet_author: row.snippet_author.clone(),
            subject: row.subject.clone(),
            disproved: row.disproved,
            position: row.position,
            inbound_position: row.inbound_position,
            read_position: row.read_position,
            has_draft: row.has_draft,
            trouble: row.trouble.clone(),
            suspected: row.suspected,
            snoozed_until: row.snoozed_until.map(Timestamp::millis),
            mentioned: row.mentioned.iter().map(ToString::to_string).collect(),
            named_position: row.named_position,
            raised: row.raised,
            queue_at: row.queue_at,
        }
    }
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attachment {
    id: String,
    name: String,
    content_type: String,
    size: Option<i64>,
    /// `pending`, `stored` or `failed`.
    state: String,
    reason: Option<String>,
    /// Whether it can be shown in place: a raster image.
    inline: bool,
}

impl From<&store::Attachment> for Attachment {
    fn from(file: &store::Attachment) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name.clone(),
            inline: file.state == "stored" && INLINE.contains(&file.content_type.as_str()),
            content_type: file.content_type.clone(),
            size: file.size,
            state: file.state.clone(),
            reason: file.reason.clone(),
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Author {
    /// `contact`, `associate`, `outside_human`, `bot` or `system`.
    kind: String,
    id: Option<String>,
    name: Option<String>,
}

/// Whose a message is that the reader may not read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hidden {
    team: Option<String>,
    associate: Option<String>,
}

/// What became of a message for one of its recipients.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    address: String,
    state: String,
    reason: Option<String>,
}

impl From<&store::Delivery> for Delivery {
    fn from(delivery: &store::Delivery) -> Self {
        Self {
            address: delivery.address.expose().to_owned(),
            state: delivery.state.clone(),
            reason: delivery.reason.clone(),
        }
    }
}

/// A message in a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    id: String,
    conversation_id: String,
    position: i64,
    /// `inbound`, `outbound`, `note` or `activity`.
    kind: String,
    author: Author,
    /// The place where it was said, within its channel: an answer that goes elsewhere can't quote it.
    thread: Option<String>,
    inbox: Option<String>,
    channel: Option<String>,
    text: String,
    at: i64,
    version: i64,
    edited_at: Option<i64>,
    retracted_at: Option<i64>,
    automatic: Option<String>,
    unanswerable: Option<String>,
    flags: Vec<String>,
    attachments: Vec<Attachment>,
    /// How the text is dressed.
    spans: Vec<Span>,
    /// The message that it answers, where its author said so.
    answers: Option<Quoted>,
    /// Whose words they are, where the author passed them on.
    forwarded_from: Option<String>,
    /// How people reacted to it.
    reactions: Vec<Reaction>,
    /// What it has beside its words, where it is a letter.
    letter: Option<Letter>,
    delivery: Option<String>,
    /// Why it did not arrive, or waits for another try.
    delivery_reason: Option<String>,
    /// When it is tried again, where it waits for that.
    next_try_at: Option<i64>,
    /// When a person let it be, where it did not arrive: it is nobody's trouble any more.
    set_aside_at: Option<i64>,
    /// How each recipient fares, where there are several: the contact first. `delivery` is the worst of them.
    deliveries: Vec<Delivery>,
    undo_until: Option<i64>,
    /// What happened, for an activity: `type` and what belongs to it.
    activity: Option<serde_json::Value>,
    /// Whom a note names, by id.
    mentions: Vec<String>,
    hidden: Option<Hidden>,
}

impl From<&store::Message> for Message {
    fn from(message: &store::Message) -> Self {
        Self {
            id: message.id.to_string(),
            conversation_id: message.conversation.to_string(),
            position: message.position,
            kind: message.kind.clone(),
            author: Author {
                kind: message.author_kind.clone(),
                id: message.author_id.clone(),
                name: message.author_name.clone(),
            },
            thread: message.thread.as_ref().map(ToString::to_string),
            inbox: message.inbox.as_ref().map(ToString::to_string),
            channel: message.channel.clone(),
            text: message.text.clone(),
            at: message.at.millis(),
            version: message.version,
            edited_at: message.edited_at.map(Timestamp::millis),
            retracted_at: message.retracted_at.map(Timestamp::millis),
            automatic: message.automatic.clone(),
            unanswerable: message.unanswerable.clone(),
            flags: message.flags.clone(),
            attachments: message.attachments.iter().map(Into::into).collect(),
            spans: message.spans.iter().map(Into::into).collect(),
            answers: message.quoted.as_ref().map(Into::into),
            forwarded_from: message.forwarded_from.clone(),
            reactions: message.reactions.iter().map(Into::into).collect(),
            letter: message.letter.as_ref().map(Into::into),
            delivery: message.delivery.clone(),
            delivery_reason: message.delivery_reason.clone(),
            next_try_at: message.next_try_at.map(Timestamp::millis),
            set_aside_at: message.set_aside_at.map(Timestamp::millis),
            deliveries: message.deliveries.iter().map(Into::into).collect(),
            undo_until: message.undo_until.map(Timestamp::millis),
            activity: activity(message),
            mentions: message.mentions.iter().map(ToString::to_string).collect(),
            hidden: message.hidden.as_ref().map(|hidden| Hidden {
                team: hidden.team.as_ref().map(ToString::to_string),
                associate: hidden.associate.as_ref().map(|(_, name)| name.clone()),
            }),
        }
    }
}

/// An activity with who did it, where a person did.
fn activity(message: &store::Message) -> Option<serde_json::Value> {
    let mut activity = message.activity.clone()?;
    if let (Some(id), Some(name)) = (&message.author_id, &message.author_name)
        && message.author_kind == "associate"
    {
        activity["by"] = serde_json::json!({"id": id, "name": name});
    }
    Some(activity)
}

/// A page of a timeline, the latest last.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePage {
    items: Vec<Message>,
    /// Asks for what came before; null at the beginning.
    before: Option<String>,
}

impl From<&Page<store::Message>> for MessagePage {
    fn from(page: &Page<store::Message>) -> Self {
        Self {
            items: page.items.iter().map(Into::into).collect(),
            before: page.next.as_ref().map(ToString::to_string),
        }
    }
}

/// An address of a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Handle {
    id: String,
    channel: String,
    address: String,
    trust: String,
    can_reply: bool,
    blocked_at: Option<i64>,
    blocked_reason: Option<String>,
    opted_out_at: Option<i64>,
    unreachable_at: Option<i64>,
    last_seen_at: i64,
    /// Whether several people use it.
    shared: bool,
    /// Whether an address of somebody else looks like it.
    look_alike: bool,
    /// Whether letters of several scripts stand in it.
    mixed_scripts: bool,
    /// Until when it was theirs, where it has a new owner; else null.
    until: Option<i64>,
}

impl From<&store::Handle> for Handle {
    fn from(handle: &store::Handle) -> Self {
        Self {
            id: handle.id.to_string(),
            channel: handle.channel.clone(),
            address: handle.address.expose().to_owned(),
            trust: handle.trust.clone(),
            can_reply: handle.can_reply,
            blocked_at: handle.blocked.as_ref().map(|(at, _)| at.millis()),
            blocked_reason: handle.blocked.as_ref().map(|(_, reason)| reason.clone()),
            opted_out_at: handle.opted_out_at.map(Timestamp::millis),
            unreachable_at: handle.unreachable_at.map(Timestamp::millis),
            last_seen_at: handle.last_seen_at.millis(),
            shared: handle.shared,
            look_alike: handle.look_alike,
            mixed_scripts: handle.mixed_scripts,
            until: handle.until.map(Timestamp::millis),
        }
    }
}

/// Somebody outside.
#[derive(Debug, Serialize, ToSchema)]
pub struct Contact {
    id: String,
    name: String,
    external_ref: Option<String>,
    created_at: i64,
    conversations_count: i64,
    handles: Vec<Handle>,
}

impl From<&store::Contact> for Contact {
    fn from(contact: &store::Contact) -> Self {
        let address = contact.handles.first().map(|handle| handle.address.expose().to_owned());
        Self {
            id: contact.id.to_string(),
            name: contact.name.clone().or(address).unwrap_or_default(),
            external_ref: contact.external_ref.clone(),
            created_at: contact.created_at.millis(),
            conversations_count: contact.conversations,
            handles: contact.handles.iter().map(Into::into).collect(),
        }
    }
}

/// A reply that is owed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Obligation {
    id: String,
    message_id: String,
    position: i64,
    opened_at: i64,
    due_at: i64,
}

/// What somebody has begun to write.
#[derive(Debug, Serialize, ToSchema)]
pub struct Draft {
    text: String,
    attachments: Vec<Attachment>,
    note: bool,
    /// What is to stand above it, where the author wrote that.
    subject: Option<String>,
    /// Who is to get a copy.
    cc: Vec<String>,
    updated_at: i64,
}

impl From<&store::Draft> for Draft {
    fn from(draft: &store::Draft) -> Self {
        Self {
            text: draft.text.clone(),
            attachments: draft.attachments.iter().map(Into::into).collect(),
            note: draft.note,
            subject: draft.subject.clone(),
            cc: draft.cc.iter().map(|address| address.expose().to_owned()).collect(),
            updated_at: draft.updated_at.millis(),
        }
    }
}

/// When a conversation was closed, and by whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    at: i64,
    by: Named,
}

/// A conversation, opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenConversation {
    conversation: Summary,
    contact: Contact,
    messages: MessagePage,
    obligations: Vec<Obligation>,
    draft: Option<Draft>,
    reply: Route,
    closed: Option<Closed>,
    /// Who the customer is beyond one address; null where several people write.
    card: Option<contacts::Card>,
    /// Why it is with whom it is.
    routing: routing::Explained,
}

impl OpenConversation {
    pub(super) fn new(
        details: &Details,
        capabilities: Option<Capabilities>,
        offer: Option<Offer>,
        card: Option<contacts::Card>,
        routing: routing::Explained,
    ) -> Self {
        let conversation = Summary::from(&details.summary);
        let obligations = details.obligations.iter().map(|owed| Obligation {
            id: owed.id.to_string(),
            message_id: owed.message.to_string(),
            position: owed.position,
            opened_at: owed.opened_at.millis(),
            due_at: owed.due_at.millis(),
        });
        Self {
            contact: Contact { name: conversation.contact.name.clone(), ..Contact::from(&details.contact) },
            conversation,
            messages: (&details.messages).into(),
            obligations: obligations.collect(),
            draft: details.draft.as_ref().map(Into::into),
            reply: Route::new(&details.route, capabilities, offer),
            closed: details.closed.as_ref().map(|(at, id, name)| Closed {
                at: at.millis(),
                by: Named { id: id.to_string(), name: name.clone() },
            }),
            card,
            routing,
        }
    }
}

/// A change of a conversation, as live streams tell it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveConversation {
    conversation: Summary,
    messages: Vec<Message>,
    cause: String,
}

impl From<&ConversationChange> for LiveConversation {
    fn from(change: &ConversationChange) -> Self {
        Self {
            conversation: (&change.summary).into(),
            messages: change.messages.iter().map(Into::into).collect(),
            cause: change.cause.clone(),
        }
    }
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Sees all and manages associates.
    Admin,
    /// Answers.
    Associate,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Associate => Self::Associate,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Admin => Self::Admin,
            RoleName::Associate => Self::Associate,
        }
    }
}

/// The teams of an actor, as text.
pub(super) fn teams(actor: &Actor) -> Vec<String> {
    actor.teams().iter().map(ToString::to_string).collect()
}
