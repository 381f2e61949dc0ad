//! The rows of a group's new messages, table by table, until they are inserted together.

use rapport_model::{
    AuthorKind, DeliveryState, Letter, Timestamp,
    event::{Content, InboundMessage},
    id::{AttachmentId, ContactId, JobId, MessageId, ObligationId, ThreadId},
    text,
};

use super::{InboxFacts, Incoming, people::Person, revise::dress, seen};
use crate::store::{conversation::Conversation, error::StoreError, rows::Rows, tx::Tx, value::values};

/// All of them.
pub(super) struct Tables {
    messages: Rows,
    letters: Rows,
    raws: Rows,
    obligations: Rows,
    attachments: Rows,
    jobs: Rows,
}

/// Where a message stands, and with what.
pub(super) struct MessagePlace<'a> {
    pub conversation: &'a Conversation,
    pub thread: &'a ThreadId,
    /// Who wrote it; `None`: one of ours, with another program.
    pub person: Option<&'a Person>,
    pub position: i64,
    pub text: &'a str,
    /// What was noticed about it.
    pub flags: Vec<String>,
    /// Which message it answers, where its sender said so.
    pub answers: Option<&'a MessageId>,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self {
            messages: Rows::new(
                "messages",
                &[
                    "id",
                    "brand",
                    "conversation_id",
                    "position",
                    "contact_id",
                    "thread_id",
                    "inbox_id",
                    "channel",
                    "kind",
                    "author_kind",
                    "handle_id",
                    "episode",
                    "turn",
                    "text",
                    "at",
                    "created_at",
                    "version",
                    "unanswerable",
                    "content_hash",
                    "flags",
                    "delivery",
                    "spans",
                    "entry",
                    "forwarded_from",
                    "reply_to_id",
                ],
            ),
            letters: Rows::new(
                "letters",
                &[
                    "message_id",
                    "inbox_id",
                    "name",
                    "refs",
                    "subject",
                    "recipients",
                    "original",
                    "html",
                    "evidence",
                ],
            ),
            raws: Rows::new("raw_payloads", seen::RAW_COLUMNS),
            obligations: Rows::new(
                "obligations",
                &[
                    "id",
                    "conversation_id",
                    "message_id",
                    "contact_id",
                    "position",
                    "opened_at",
                    "due_at",
                    "open_state",
                ],
            ),
            attachments: Rows::new(
                "attachments",
                &[
                    "id",
                    "message_id",
                    "inbox_id",
                    "item",
                    "name",
                    "content_type",
                    "reference",
                    "state",
                    "size",
                    "sha256",
                    "blob_key",
                    "content_id",
                    "created_at",
                    "reason",
                ],
            ),
            jobs: Rows::new("jobs", &["id", "kind", "key", "payload", "due_at", "attempt", "created_at"]),
        }
    }

    pub(super) fn message(
        &mut self,
        tx: &Tx,
        inbox: &InboxFacts,
        incoming: &Incoming,
        message: &InboundMessage,
        place: &MessagePlace<'_>,
    ) {
        let (kind, author, delivery) = match place.person {
            Some(_) => ("inbound", AuthorKind::Contact, None),
            None => ("outbound", AuthorKind::OutsideHuman, Some(DeliveryState::Sent.as_str())),
        };
        let conversation = place.conversation;
        self.messages.push(values![
            &incoming.message_id,
            &inbox.brand,
            &conversation.id,
            place.position,
            &conversation.contact,
            place.thread,
            &inbox.id,
            &inbox.channel,
            kind,
            author,
            place.person.map(|person| &person.handle),
            conversation.episode,
            conversation.turn,
            place.text,
            message.at,
            tx.now,
            1_i64,
            message.unanswerable.map(rapport_model::bot::Unanswerable::as_str),
            &incoming.content_hash,
            place.flags.join(","),
            delivery,
            dress(place.text, &message.chat.spans),
            message.chat.entry.as_deref().map(|entry| text::storable(entry).into_owned()),
            message.chat.forwarded_from.as_deref().map(|whose| text::storable(whose).into_owned()),
            place.answers,
        ]);
        if message.letter != Letter::default() {
            self.letter(inbox, incoming, &message.letter);
        }
        self.raws.push(seen::raw_values(tx, inbox, incoming, message));
    }

    fn letter(&mut self, inbox: &InboxFacts, incoming: &Incoming, letter: &Letter) {
        let storable = |text: &Option<String>| text.as_deref().map(|text| text::storable(text).into_owned());
        let refs: Vec<&str> =
            letter.follows.references.iter().rev().map(rapport_model::id::MessageName::as_str).collect();
        let recipients = serde_json::to_string(&letter.recipients).unwrap_or_else(|_| "[]".to_owned());
        self.letters.push(values![
            &incoming.message_id,
            &inbox.id,
            letter.name.as_ref().map(|name| text::storable(name.as_str()).into_owned()),
            text::storable(&refs.join(" ")).into_owned(),
            storable(&letter.subject),
            text::storable(&recipients).into_owned(),
            storable(&letter.original),
            storable(&letter.html),
            storable(&letter.evidence)
        ]);
    }

    pub(super) fn owe(
        &mut self,
        conversation: &Conversation,
        whom: &ContactId,
        incoming: &Incoming,
        since: Timestamp,
        due: Timestamp,
        position: i64,
    ) {
        self.obligations.push(values![
            &ObligationId::new(),
            &conversation.id,
            &incoming.message_id,
            whom,
            position,
            since,
            due,
            "open"
        ]);
    }

    pub(super) fn acknowledge(&mut self, conversation: &Conversation, now: Timestamp) {
        let key = format!("ack:{}:{}", conversation.id, conversation.turn);
        let payload = format!("{} {}", conversation.id, conversation.turn);
        self.jobs.push(values![&JobId::new(), "ack", key, payload, now, 0_i64, now]);
    }

    /// Whose it is to be is asked once in each turn of the customer.
    pub(super) fn route(&mut self, conversation: &Conversation, now: Timestamp) {
        let key = format!("route:{}:{}", conversation.id, conversation.turn);
        let payload = format!("{} {}", conversation.id, conversation.turn);
        self.jobs.push(values![&JobId::new(), "route", key, payload, now, 0_i64, now]);
    }

    /// The files of a message, or of what is put into another one (`home`) behind the `before` that it has.
    /// Says whether some are still to be fetched.
    pub(super) fn media(
        &mut self,
        inbox: &InboxFacts,
        incoming: &Incoming,
        message: &InboundMessage,
        home: &MessageId,
        before: i64,
        now: Timestamp,
    ) -> bool {
        let mut to_fetch = false;
        for (item, attachment) in message.attachments.iter().enumerate() {
            let id = AttachmentId::new();
            let (reference, withheld) = match &attachment.content {
                Content::Here(_) => (None, None),
                Content::ByReference(reference) => (Some(reference.as_str()), None),
                Content::Withheld(reason) => (None, Some(text::storable(reason).into_owned())),
            };
            let kept = incoming.files.get(&item);
            let name = kept.map_or(attachment.name.as_deref().unwrap_or_default(), |file| &file.name);
            let content_type = kept.map_or(&attachment.content_type, |file| &file.content_type);
            self.attachments.push(values![
                &id,
                home,
                &inbox.id,
                before.saturating_add(i64::try_from(item).unwrap_or(i64::MAX)),
                text::storable(name).into_owned(),
                text::storable(content_type).into_owned(),
                reference,
                match (kept, &withheld) {
                    (Some(_), _) => "stored",
                    (None, Some(_)) => "failed",
                    (None, None) => "pending",
                },
                kept.map(|file| i64::try_from(file.blob.size).unwrap_or(i64::MAX)),
                kept.map(|file| file.blob.sha256.as_str()),
                kept.map(|file| file.blob.key.as_str()),
                attachment.content_id.as_deref().map(|id| text::storable(id).into_owned()),
                now,
                withheld
            ]);
            if reference.is_none() {
                continue;
            }
            to_fetch = true;
            let key = format!("media:{id}");
            self.jobs.push(values![&JobId::new(), "media", key, id.as_str(), now, 0_i64, now]);
        }
        to_fetch
    }

    pub(super) async fn insert(self, tx: &mut Tx) -> Result<(), StoreError> {
        self.messages.insert(tx).await?;
        self.letters.insert(tx).await?;
        self.raws.insert(tx).await?;
        self.obligations.insert(tx).await?;
        self.attachments.insert(tx).await?;
        self.jobs.insert_with(tx, "ON CONFLICT (key) DO NOTHING").await.map(drop)
    }
}
