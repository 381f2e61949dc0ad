//! Writes the new messages of a group, with everything that follows from each: thread, conversation,
//! obligation, attachments, jobs and event.

use std::collections::{HashMap, HashSet};

use rapport_model::{
    Author, AuthorKind, InboundEvent, Timestamp, Trust,
    event::{Content, InboundMessage, ThreadKind},
    id::{AssociateId, AttachmentId, ContactId, ConversationId, JobId, ObligationId, ThreadId},
    text,
};

use super::{
    Incoming, IngestRequest,
    people::{self, HandleKey, Person},
    route::{Arrival, Route, route},
    seen::{self, Fresh},
};
use crate::store::{
    associate,
    conversation::{self, Conversation, State},
    error::StoreError,
    rows::Rows,
    thread::{self, REPEATS, Thread},
    tx::Tx,
    value::values,
};

struct Group {
    people: HashMap<HandleKey, Person>,
    threads: HashMap<(String, String), Thread>,
    conversations: HashMap<ConversationId, Conversation>,
    /// As they were loaded; absent for the new ones.
    before: HashMap<ConversationId, Conversation>,
    changed: Vec<ConversationId>,
    tables: Tables,
}

struct Tables {
    messages: Rows,
    raws: Rows,
    obligations: Rows,
    attachments: Rows,
    jobs: Rows,
}

/// Writes them all.
pub(super) async fn write(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let mut group = load(tx, requests, fresh).await?;
    for item in fresh {
        let request = requests[item.request];
        let incoming = &request.events[item.event];
        let InboundEvent::Message(message) = &incoming.event else { continue };
        group.add(tx, request, incoming, message).await?;
    }
    group.save(tx).await
}

async fn load(tx: &mut Tx, requests: &[&IngestRequest], fresh: &[Fresh]) -> Result<Group, StoreError> {
    let mut senders = Vec::with_capacity(fresh.len());
    let mut thread_keys = HashSet::new();
    for item in fresh {
        let request = requests[item.request];
        if let InboundEvent::Message(message) = &request.events[item.event].event {
            senders.extend(people::sender(&request.inbox.brand, &request.inbox.channel, &message.author));
            thread_keys.insert((request.inbox.id.0.clone(), message.thread.id.0.clone()));
        }
    }
    let people = people::find_or_make(tx, senders).await?;
    let threads = thread::load_by_external(tx, thread_keys).await?;
    let own: HashSet<&ConversationId> = threads.values().map(|thread| &thread.conversation).collect();
    let mut conversations = conversation::load(tx, own.into_iter().collect()).await?;
    // Only a contact without an open conversation on this thread may have one elsewhere.
    let settled: HashSet<&ContactId> =
        conversations.values().filter(|c| c.state != State::Closed).map(|c| &c.contact).collect();
    let elsewhere: HashSet<ContactId> = people
        .values()
        .filter(|person| !person.is_new && !settled.contains(&person.contact))
        .map(|person| person.contact.clone())
        .collect();
    conversations.extend(conversation::load_open_of_contacts(tx, elsewhere.iter().collect()).await?);
    Ok(Group {
        people,
        threads,
        before: conversations.clone(),
        conversations,
        changed: Vec::new(),
        tables: Tables::new(),
    })
}

impl Group {
    async fn add(
        &mut self,
        tx: &mut Tx,
        request: &IngestRequest,
        incoming: &Incoming,
        message: &InboundMessage,
    ) -> Result<(), StoreError> {
        let inbox = &request.inbox;
        let Some(sender) = people::sender(&inbox.brand, &inbox.channel, &message.author) else {
            return Ok(());
        };
        let Some(person) = self.people.get(&sender.key).cloned() else { return Ok(()) };
        let answerable = message.unanswerable.is_none() && !person.blocked;
        let id = self.conversation_of(tx, request, message, &person, answerable).await?;
        let thread = self.thread_of(tx, request, message, &person, &id);
        let repeats = thread.note_text(&incoming.content_hash, tx.now);
        let thread_id = thread.id.clone();
        let body = text::storable(&message.text);
        let from_bot = matches!(message.author, Author::Contact { is_bot: true, .. });

        let conversation = self.conversations.get_mut(&id).expect("it was just found or made");
        let before = self.before.get(&id);
        let position = conversation.next_position();
        conversation.thread.clone_from(&thread_id);
        conversation.inbox.clone_from(&inbox.id);
        conversation.channel.clone_from(&inbox.channel);
        conversation.inbound_position = position;
        conversation.word_position = position;
        let shown = if body.is_empty() {
            message.attachments.first().and_then(|a| a.name.as_deref()).unwrap_or("")
        } else {
            &body
        };
        conversation.show(AuthorKind::Contact.as_str(), shown, tx.now);
        if answerable && conversation.state == State::Automatic {
            conversation.state = State::Open;
        }
        if answerable && message.addressed && !from_bot {
            let due = message.at.plus(inbox.reply_within);
            conversation.owe(message.at, due);
            self.tables.owe(conversation, incoming, message.at, due, position, tx.now);
            if inbox.bot
                && repeats < REPEATS
                && conversation.kind == ThreadKind::Private.as_str()
                && !conversation.human_in_episode
            {
                self.tables.acknowledge(conversation, tx.now);
                tx.wake_jobs = true;
            }
        }
        self.tables.message(
            tx,
            request,
            incoming,
            message,
            &MessagePlace {
                conversation,
                thread: &thread_id,
                person: &person,
                position,
                text: &body,
                repeats,
            },
        );
        if self.tables.media(request, incoming, message, tx.now) {
            tx.wake_jobs = true;
        }
        let mut event = conversation.event("message.received", before);
        event.message = Some(incoming.message_id.clone());
        tx.tell(event);
        if !self.changed.contains(&id) {
            self.changed.push(id);
        }
        Ok(())
    }

    /// Finds, opens again or makes the conversation of a message.
    async fn conversation_of(
        &mut self,
        tx: &mut Tx,
        request: &IngestRequest,
        message: &InboundMessage,
        person: &Person,
        answerable: bool,
    ) -> Result<ConversationId, StoreError> {
        let inbox = &request.inbox;
        let proven = matches!(message.author, Author::Contact { trust: Trust::Proven, .. });
        let key = (inbox.id.0.clone(), message.thread.id.0.clone());
        let open_ones: Vec<&Conversation> = self
            .conversations
            .values()
            .filter(|c| {
                c.contact == person.contact
                    && c.brand == inbox.brand
                    && c.state != State::Closed
                    && c.kind == ThreadKind::Private.as_str()
            })
            .collect();
        // "New owner" of a number: what its thread ran in stays with the old contact.
        let of_thread = self
            .threads
            .get(&key)
            .and_then(|thread| self.conversations.get(&thread.conversation))
            .filter(|c| c.contact == person.contact || c.kind != ThreadKind::Private.as_str());
        let decision = route(&Arrival {
            now: tx.now,
            private: message.thread.kind == ThreadKind::Private,
            proven,
            answerable,
            inbox,
            inboxes: &tx.inboxes,
            of_thread,
            open_ones: &open_ones,
        });
        match decision {
            Route::Join(conversation) => Ok(conversation.id.clone()),
            Route::Reopen(conversation) => {
                let id = conversation.id.clone();
                if let Some(conversation) = self.conversations.get_mut(&id) {
                    conversation.reopen();
                }
                Ok(id)
            }
            Route::New { continues } => {
                let continues = match continues {
                    Some(conversation) => Some((conversation.id.clone(), conversation.assignee.clone())),
                    None if person.is_new => None,
                    None => conversation::last_of_contact(tx, &person.contact).await?,
                };
                let (continues, known) = continues.unzip();
                // Back to the associate they know, if this inbox is theirs to answer.
                let assignee = match known.flatten() {
                    Some(known) if associate::serves(tx, &known, inbox).await? => Some(known),
                    _ => None,
                };
                let made =
                    new_conversation(tx.now, request, message, person, answerable, continues, assignee);
                let id = made.id.clone();
                self.conversations.insert(id.clone(), made);
                Ok(id)
            }
        }
    }

    fn thread_of(
        &mut self,
        tx: &Tx,
        request: &IngestRequest,
        message: &InboundMessage,
        person: &Person,
        conversation: &ConversationId,
    ) -> &mut Thread {
        let inbox = &request.inbox;
        let thread =
            self.threads.entry((inbox.id.0.clone(), message.thread.id.0.clone())).or_insert_with(|| Thread {
                id: ThreadId::new(),
                brand: inbox.brand.clone(),
                inbox: inbox.id.clone(),
                channel: inbox.channel.clone(),
                external: message.thread.id.clone(),
                kind: message.thread.kind.as_str().to_owned(),
                permanent: message.thread.permanent,
                our_address: message.thread.our_address.clone(),
                handle: (message.thread.kind == ThreadKind::Private).then(|| person.handle.clone()),
                conversation: conversation.clone(),
                last_ticket: 0,
                last_inbound_at: None,
                repeat_hash: None,
                repeat_since: None,
                repeats: 0,
            });
        let contact_of = |id| self.conversations.get(id).map(|c| &c.contact);
        if contact_of(&thread.conversation) != contact_of(conversation) {
            // The old owner's words are no repeats of the new one's.
            thread.repeat_hash = None;
        }
        thread.conversation = conversation.clone();
        thread.last_inbound_at = Some(tx.now);
        thread
    }

    async fn save(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let changes: Vec<_> = self
            .changed
            .iter()
            .filter_map(|id| self.conversations.get(id).map(|after| (self.before.remove(id), after)))
            .collect();
        conversation::save(tx, &changes).await?;
        thread::save(tx, self.threads.values().collect()).await?;
        self.tables.insert(tx).await
    }
}

fn new_conversation(
    now: Timestamp,
    request: &IngestRequest,
    message: &InboundMessage,
    person: &Person,
    answerable: bool,
    continues: Option<ConversationId>,
    assignee: Option<AssociateId>,
) -> Conversation {
    let inbox = &request.inbox;
    Conversation {
        id: ConversationId::new(),
        brand: inbox.brand.clone(),
        contact: person.contact.clone(),
        // Replaced by the thread of the message before anything is saved.
        thread: ThreadId::new(),
        inbox: inbox.id.clone(),
        channel: inbox.channel.clone(),
        kind: message.thread.kind.as_str().to_owned(),
        state: if answerable { State::Open } else { State::Automatic },
        team: match inbox.teams.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
        assignee,
        continues,
        episode: 1,
        turn: 1,
        human_in_episode: false,
        last_position: 0,
        inbound_position: 0,
        word_position: 0,
        waiting_since: None,
        due_at: None,
        last_at: now,
        snippet: String::new(),
        snippet_author: String::new(),
        trouble: None,
        created_at: now,
        closed_at: None,
        closed_by: None,
    }
}

struct MessagePlace<'a> {
    conversation: &'a Conversation,
    thread: &'a ThreadId,
    person: &'a Person,
    position: i64,
    text: &'a str,
    repeats: i64,
}

impl Tables {
    fn new() -> Self {
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
                ],
            ),
            jobs: Rows::new("jobs", &["id", "kind", "key", "payload", "due_at", "attempt", "created_at"]),
        }
    }

    fn message(
        &mut self,
        tx: &Tx,
        request: &IngestRequest,
        incoming: &Incoming,
        message: &InboundMessage,
        place: &MessagePlace<'_>,
    ) {
        let inbox = &request.inbox;
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
            "inbound",
            AuthorKind::Contact,
            &place.person.handle,
            conversation.episode,
            conversation.turn,
            place.text,
            message.at,
            tx.now,
            1_i64,
            message.unanswerable.map(rapport_model::bot::Unanswerable::as_str),
            &incoming.content_hash,
            if place.repeats > 1 { "same_text" } else { "" },
        ]);
        self.raws.push(seen::raw_values(tx, request, incoming, message));
    }

    fn owe(
        &mut self,
        conversation: &Conversation,
        incoming: &Incoming,
        since: Timestamp,
        due: Timestamp,
        position: i64,
        _now: Timestamp,
    ) {
        self.obligations.push(values![
            &ObligationId::new(),
            &conversation.id,
            &incoming.message_id,
            &conversation.contact,
            position,
            since,
            due,
            "open"
        ]);
    }

    fn acknowledge(&mut self, conversation: &Conversation, now: Timestamp) {
        let key = format!("ack:{}:{}", conversation.id, conversation.turn);
        let payload = format!("{} {}", conversation.id, conversation.turn);
        self.jobs.push(values![&JobId::new(), "ack", key, payload, now, 0_i64, now]);
    }

    fn media(
        &mut self,
        request: &IngestRequest,
        incoming: &Incoming,
        message: &InboundMessage,
        now: Timestamp,
    ) -> bool {
        let mut to_fetch = false;
        for (item, attachment) in message.attachments.iter().enumerate() {
            let id = AttachmentId::new();
            let reference = match &attachment.content {
                Content::ByReference(reference) => Some(reference.as_str()),
                Content::Here(_) => None,
            };
            let kept = incoming.files.get(&item);
            let name = kept.map_or(attachment.name.as_deref().unwrap_or_default(), |file| &file.name);
            let content_type = kept.map_or(&attachment.content_type, |file| &file.content_type);
            self.attachments.push(values![
                &id,
                &incoming.message_id,
                &request.inbox.id,
                i64::try_from(item).unwrap_or(i64::MAX),
                text::storable(name).into_owned(),
                text::storable(content_type).into_owned(),
                reference,
                if kept.is_some() { "stored" } else { "pending" },
                kept.map(|file| i64::try_from(file.blob.size).unwrap_or(i64::MAX)),
                kept.map(|file| file.blob.sha256.as_str()),
                kept.map(|file| file.blob.key.as_str()),
                attachment.content_id.as_deref().map(|id| text::storable(id).into_owned()),
                now
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

    async fn insert(self, tx: &mut Tx) -> Result<(), StoreError> {
        self.messages.insert(tx).await?;
        self.raws.insert(tx).await?;
        self.obligations.insert(tx).await?;
        self.attachments.insert(tx).await?;
        self.jobs.insert_with(tx, "ON CONFLICT (key) DO NOTHING").await.map(drop)
    }
}
