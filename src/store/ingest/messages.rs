//! Writes the new messages of a group, with everything that follows from each: thread, conversation,
//! obligation, attachments, jobs and event.

use std::collections::{HashMap, HashSet};

use rapport_model::{
    Author, AuthorKind, Timestamp, Trust,
    bot::Unanswerable,
    event::{InboundMessage, ThreadKind},
    id::{ContactId, ConversationId, MessageId, ThreadId},
    letter::Mark,
    text,
};

use super::{
    Incoming, IngestRequest, album, came_by, codes,
    follow::{self, Known, ThreadKey},
    people::{self, HandleKey, Person, Sender},
    quoted::{self, Quoted},
    route::{Arrival, Route, route},
    same::Also,
    seen::Fresh,
    tables::{MessagePlace, Tables},
};
use crate::store::{
    conversation::{self, Conversation, State},
    entry_word::Whom,
    error::StoreError,
    thread::{self, REPEATS, Thread},
    tx::Tx,
};

struct Group {
    people: HashMap<HandleKey, Person>,
    known: Known,
    quoted: Quoted,
    also: HashMap<MessageId, Vec<Also>>,
    came_by: HashMap<MessageId, Whom>,
    threads: HashMap<(String, String), Thread>,
    conversations: HashMap<ConversationId, Conversation>,
    /// As they were loaded; absent for the new ones.
    before: HashMap<ConversationId, Conversation>,
    /// The codes that came back and joined nothing.
    refused: Vec<(MessageId, &'static str)>,
    changed: Vec<ConversationId>,
    tables: Tables,
}

/// Writes them all.
pub(super) async fn write(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
    also: HashMap<MessageId, Vec<Also>>,
) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let albums = album::claim(tx, requests, fresh).await?;
    let mut group = load(tx, requests, fresh, also).await?;
    let mut later = Vec::new();
    for item in fresh {
        let request = requests[item.request];
        let incoming = &request.events[item.event];
        let Some(message) = incoming.message() else { continue };
        if let Some(home) = albums.home(&request.inbox, incoming) {
            later.push((&request.inbox, incoming, message, home));
        } else {
            group.add(tx, request, incoming, message).await?;
        }
    }
    let refused = std::mem::take(&mut group.refused);
    group.save(tx).await?;
    codes::tell(tx, refused).await?;
    for (inbox, incoming, message, home) in later {
        album::join(tx, inbox, incoming, message, home).await?;
    }
    Ok(())
}

async fn load(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &[Fresh],
    also: HashMap<MessageId, Vec<Also>>,
) -> Result<Group, StoreError> {
    let mut senders = Vec::with_capacity(fresh.len());
    let mut thread_keys = HashSet::new();
    let mut permanent = HashSet::new();
    for item in fresh {
        let request = requests[item.request];
        if let Some(message) = request.events[item.event].message() {
            let sender = people::sender(&request.inbox.brand, &request.inbox.channel, &message.author);
            let private = message.thread.kind == ThreadKind::Private;
            senders.extend(sender.map(|sender| Sender { wrote_at: private.then_some(message.at), ..sender }));
            let key = (request.inbox.id.0.clone(), message.thread.id.0.clone());
            if message.thread.permanent {
                permanent.insert(key.clone());
            }
            thread_keys.insert(key);
        }
    }
    let mut people = people::find_or_make(tx, senders).await?;
    let refused = codes::redeem(tx, requests, fresh, &mut people).await?;
    let known = follow::load(tx, requests, fresh).await?;
    let quoted = quoted::load(tx, requests, fresh).await?;
    let came_by = came_by::load(tx, requests, fresh).await?;
    thread_keys.extend(known.threads().cloned());
    let threads = thread::load_by_external(tx, thread_keys).await?;
    let own: HashSet<&ConversationId> = threads.values().map(|thread| &thread.conversation).collect();
    let mut conversations = conversation::load(tx, own.into_iter().collect()).await?;
    // Whose only thread here runs in an open conversation needs none elsewhere.
    let settled: HashSet<ContactId> = permanent
        .iter()
        .filter_map(|key| conversations.get(&threads.get(key)?.conversation))
        .filter(|c| c.state != State::Closed)
        .map(|c| c.contact.clone())
        .collect();
    let elsewhere: HashSet<ContactId> = people
        .values()
        .filter(|person| !person.is_new && !settled.contains(&person.contact))
        .map(|person| person.contact.clone())
        .collect();
    conversations.extend(conversation::load_open_of_contacts(tx, elsewhere.iter().collect()).await?);
    Ok(Group {
        people,
        known,
        quoted,
        also,
        came_by,
        threads,
        before: conversations.clone(),
        conversations,
        refused,
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
        let Some(mut person) = self.people.get(&sender.key).cloned() else { return Ok(()) };
        if let Some(proven) = self.known.proven_by_token(inbox, message) {
            self.known.prove(tx, inbox, message).await?;
            person = proven;
        }
        let private = message.thread.kind == ThreadKind::Private;
        // In a group much is said that is not for us.
        let answerable = message.unanswerable.is_none() && !person.blocked && message.addressed;
        let followed = self.known.thread_of(inbox, message, &person);
        let id = self.conversation_of(tx, request, message, &person, answerable, followed.as_ref()).await?;
        // A thread of another inbox leads to its conversation, and the message begins one of its own there.
        let key = followed
            .filter(|key| key.0 == inbox.id.0 && self.goes_with(key, &id))
            .unwrap_or_else(|| (inbox.id.0.clone(), message.thread.id.0.clone()));
        self.known.note(inbox, message, &person, &key);
        let thread = self.thread_of(tx, request, message, &person, &id, key);
        let repeats = thread.note_text(&incoming.content_hash, tx.now);
        let thread_id = thread.id.clone();
        let body = text::storable(&message.text);
        let from_bot = matches!(message.author, Author::Contact { is_bot: true, .. });
        let also = self.also.remove(&incoming.message_id).unwrap_or_default();

        let conversation = self.conversations.get_mut(&id).expect("it was just found or made");
        let before = self.before.get(&id);
        let position = conversation.next_position();
        // Whom the receiving server denies to be the contact joins as somebody else, token or not.
        let stranger = private
            && (conversation.contact != person.contact || (position > 1 && message.letter.follows.disproved));
        // A reply goes to the contact: a stranger's letter, to another inbox even, leads none elsewhere.
        if !stranger {
            conversation.thread.clone_from(&thread_id);
            conversation.inbox.clone_from(&inbox.id);
            conversation.channel.clone_from(&inbox.channel);
        }
        let is_mail_of_a_machine = message.unanswerable == Some(Unanswerable::AutomaticMail);
        if !is_mail_of_a_machine || position == 1 {
            conversation.inbound_position = position;
            conversation.word_position = position;
            let shown = if body.is_empty() {
                message.attachments.first().and_then(|a| a.name.as_deref()).unwrap_or("")
            } else {
                &body
            };
            conversation.show(AuthorKind::Contact.as_str(), shown, tx.now);
        }
        // What is put off until a moment wakes when the customer writes.
        if !is_mail_of_a_machine && message.addressed && !person.blocked {
            conversation.snoozed = None;
        }
        if answerable && conversation.state == State::Automatic {
            conversation.state = State::Open;
        }
        // One that is no spam brings all of it to where people look; one that is takes nothing away.
        conversation.suspected &= message.letter.suspected;
        if answerable && !from_bot {
            let due = message.at.plus(inbox.reply_within);
            conversation.owe(message.at, due);
            self.tables.owe(conversation, &person.contact, incoming, message.at, due, position);
            if !conversation.suspected {
                self.tables.route(conversation, tx.now);
                tx.wake_jobs = true;
            }
            if inbox.bot
                && repeats < REPEATS
                && conversation.kind == ThreadKind::Private.as_str()
                && !conversation.human_in_episode
                && !stranger
                && !message.letter.suspected
                && !message.letter.follows.disproved
                && !also.iter().any(|also| also.earlier)
            {
                self.tables.acknowledge(conversation, tx.now);
                tx.wake_jobs = true;
            }
        }
        let flags = flags(message, repeats, stranger, &also);
        let place = MessagePlace {
            conversation,
            thread: &thread_id,
            person: Some(&person),
            position,
            text: &body,
            flags,
            answers: message
                .reply_to
                .as_ref()
                .and_then(|named| self.quoted.get(&(inbox.id.0.clone(), named.0.clone()))),
        };
        self.tables.message(tx, inbox, incoming, message, &place);
        if self.tables.media(inbox, incoming, message, &incoming.message_id, 0, tx.now) {
            tx.wake_jobs = true;
        }
        if let Some(whom) = self.came_by.remove(&incoming.message_id).filter(|_| !stranger && !person.blocked)
        {
            came_by::apply(tx, conversation, &person, &whom).await?;
        }
        let mut event = conversation.event("message.received", before);
        event.message = Some(incoming.message_id.clone());
        tx.tell(event);
        if !self.changed.contains(&id) {
            self.changed.push(id);
        }
        Ok(())
    }

    /// Whether a thread runs in this conversation, or in an earlier one of the same contact.
    fn goes_with(&self, key: &ThreadKey, id: &ConversationId) -> bool {
        let contact_of = |id: &ConversationId| self.conversations.get(id).map(|c| &c.contact);
        self.threads.get(key).is_some_and(|thread| {
            thread.conversation == *id || contact_of(&thread.conversation) == contact_of(id)
        })
    }

    /// Whether a conversation runs on an address of several people, as far as this group has to know.
    fn is_shared(&self, conversation: &Conversation) -> bool {
        let mut shared = self.people.values().filter(|person| person.shared).peekable();
        shared.peek().is_some()
            && self.threads.values().any(|thread| {
                thread.id == conversation.thread
                    && shared.clone().any(|person| thread.handle.as_ref() == Some(&person.handle))
            })
    }

    /// Finds, opens again or makes the conversation of a message.
    async fn conversation_of(
        &mut self,
        tx: &mut Tx,
        request: &IngestRequest,
        message: &InboundMessage,
        person: &Person,
        answerable: bool,
        followed: Option<&ThreadKey>,
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
                    && !self.is_shared(c)
            })
            .collect();
        let runs_in =
            |key| self.threads.get(key).and_then(|thread| self.conversations.get(&thread.conversation));
        // "New owner" of a number: what its thread ran in stays with the old contact.
        let of_thread =
            runs_in(&key).filter(|c| c.contact == person.contact || c.kind != ThreadKind::Private.as_str());
        let followed = followed.and_then(runs_in);
        let decision = route(&Arrival {
            followed,
            permanent: message.thread.permanent,
            own: followed.is_none_or(|c| c.contact == person.contact),
            now: tx.now,
            private: message.thread.kind == ThreadKind::Private,
            // What comes from an address of several people is nobody's in particular.
            proven: proven && !person.shared,
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
                    Some(conversation) => Some(conversation.id.clone()),
                    None if person.is_new || person.shared => None,
                    None => conversation::last_of_contact(tx, &person.contact).await?,
                };
                let made = new_conversation(tx.now, request, message, person, answerable, continues);
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
        key: ThreadKey,
    ) -> &mut Thread {
        let inbox = &request.inbox;
        let thread = self.threads.entry(key).or_insert_with(|| Thread {
            id: ThreadId::new(),
            brand: inbox.brand.clone(),
            inbox: inbox.id.clone(),
            channel: inbox.channel.clone(),
            external: message.thread.id.clone(),
            kind: message.thread.kind.as_str().to_owned(),
            permanent: message.thread.permanent,
            our_address: message.thread.our_address.clone(),
            title: None,
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
        if let Some(title) = &message.thread.title {
            thread.title = Some(text::storable(title).into_owned());
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
        // Whose it is to be, routing says.
        assignee: None,
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
        suspected: message.letter.suspected,
        snoozed: None,
        mentioned: Vec::new(),
        raised_at: None,
        created_at: now,
        closed_at: None,
        closed_by: None,
    }
}

/// What was noticed about a message, as words.
fn flags(message: &InboundMessage, repeats: i64, stranger: bool, also: &[Also]) -> Vec<String> {
    let mut flags: Vec<String> =
        message.letter.marks.iter().map(|mark: &Mark| mark.as_str().to_owned()).collect();
    if repeats > 1 {
        flags.push("same_text".to_owned());
    }
    if stranger {
        flags.push("unverified_participant".to_owned());
    }
    flags.extend(also.iter().map(|also| format!("also_written:{}", also.whom)));
    flags
}
