//! A shop that a sequence of steps runs in, and what it remembers beside the store, to compare.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rapport_model::{
    Address, Author, Clock as _, InboundEvent, Letter, Trust,
    bot::Unanswerable,
    event::{Chat, InboundMessage, RawPayload, ReachChange, ThreadKind, ThreadRef},
    id::{ConversationId, DecisionId, ExternalMessageId, HandleId, MessageId, ThreadId},
    letter::{Recipient, RecipientRole},
    outbound::Part,
};

use super::{
    step::{Decided, Settled, Step},
    taken_back::{self, Stood},
};
use crate::store::{
    Actor, Claimed, Decision, InboxFacts, IngestRequest, JobOutcome, Kept, NewAck, NewReply, NewTransfer,
    Outcome, ReplyHeading, Role, SendOutcome, StoreError, Verdict, WAKE, body_hash,
    db::Run as _,
    fixture::{Shop, inbox},
    testing::Fresh,
    value::values,
};

/// What customers write. The last is no question to anybody.
const WORDS: [&str; 5] = ["Hello", "Where is it?", "Hello", "😀 \u{202e}bidi\r\n", "STOP"];
const LEASE: Duration = Duration::from_secs(35);

/// The shop and what it remembers.
pub(super) struct World {
    pub shop: Shop,
    associates: Vec<Actor>,
    messages: Vec<(usize, InboundMessage)>,
    /// By the provider's id: whether it is owed a reply.
    pub owed: BTreeMap<String, bool>,
    /// The messages whose text was changed.
    pub edited: HashSet<String>,
    /// When each obligation was opened, by its message.
    pub opened: HashMap<String, i64>,
    replies: Vec<(usize, NewReply, MessageId)>,
    decisions: Vec<(usize, DecisionId)>,
    /// How the conversation stood before each reply.
    stood: HashMap<MessageId, Stood>,
    claimed: Vec<(usize, Claimed)>,
    sent: Vec<(usize, ExternalMessageId)>,
    blocked: [bool; 3],
    next: usize,
}

/// An inbox on which the bot may speak.
pub(super) fn with_bot(id: &str, teams: &[&str]) -> Arc<InboxFacts> {
    Arc::new(InboxFacts { bot: true, ..(*inbox(id, teams)).clone() })
}

impl World {
    pub(super) async fn open(fresh: Fresh) -> Self {
        let inboxes =
            vec![with_bot("advice", &["advice"]), with_bot("orders", &["orders"]), with_bot("front", &[])];
        let shop = Shop::open_with(fresh, inboxes).await;
        let associates = vec![
            shop.actor("Ada", Role::Admin, &[]).await,
            shop.actor("Mara", Role::Associate, &["advice"]).await,
            shop.actor("Tom", Role::Associate, &["orders"]).await,
        ];
        Self {
            shop,
            associates,
            messages: Vec::new(),
            owed: BTreeMap::new(),
            edited: HashSet::new(),
            opened: HashMap::new(),
            replies: Vec::new(),
            decisions: Vec::new(),
            stood: HashMap::new(),
            claimed: Vec::new(),
            sent: Vec::new(),
            blocked: [false; 3],
            next: 0,
        }
    }

    fn facts(&self, at: usize) -> Arc<InboxFacts> {
        self.shop.store.inboxes()[at % 3].clone()
    }

    fn fresh_id(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    async fn ingest(&self, inbox: usize, event: InboundEvent) -> Result<Outcome, StoreError> {
        let request = IngestRequest::new(self.facts(inbox), vec![event], None, None, Kept::default());
        self.shop.store.ingest(request).await.map(|outcomes| outcomes[0])
    }

    /// Takes one step. What the store refuses by a rule is fine; any other error is not.
    pub(super) async fn take(&mut self, step: &Step) {
        match self.try_take(step).await {
            Ok(()) | Err(StoreError::NotFound(_) | StoreError::Conflict(_)) => {}
            Err(error) => panic!("{step:?}: {error}"),
        }
    }

    async fn try_take(&mut self, step: &Step) -> Result<(), StoreError> {
        match *step {
            Step::Receive { customer, inbox, words, suspected } => {
                self.receive(customer, inbox, words, suspected).await
            }
            Step::Again { message, other } => self.again(message, other).await,
            Step::Edit { message } => self.edit(message).await,
            Step::Retract { message } => {
                let Some((inbox, message)) = pick(&self.messages, message) else { return Ok(()) };
                let event = InboundEvent::Retraction { id: message.id.clone(), at: self.shop.clock.now() };
                self.ingest(*inbox, event).await.map(drop)
            }
            Step::Reach { customer, out, late } => {
                let now = self.shop.clock.now();
                let event = InboundEvent::Reach {
                    address: Address::new(format!("+4{customer}")),
                    change: if out { ReachChange::OptedOut } else { ReachChange::Back },
                    at: if late { now.minus(Duration::from_mins(5)) } else { now },
                };
                self.ingest(0, event).await.map(drop)
            }
            Step::Reply { who, conversation, unseen, parts, copies, close } => {
                self.reply(who, conversation, unseen, (parts, copies), close).await
            }
            Step::SendAgain { reply, other } => self.send_again(reply, other).await,
            Step::Note { who, conversation, named } => {
                let Some(id) = self.conversation(conversation).await else { return Ok(()) };
                let key = self.fresh_id("note");
                let actor = &self.associates[who];
                let named = named.map(|named| self.associates[named].id().clone()).into_iter().collect();
                let store = &self.shop.store;
                store.insert_note(actor, &id, "hm".to_owned(), Vec::new(), named, key).await.map(drop)
            }
            Step::Transfer { who, conversation, to } => {
                let Some(id) = self.conversation(conversation).await else { return Ok(()) };
                let new = NewTransfer {
                    seen_position: self.last_position(&id).await,
                    conversation: id,
                    associate: Some(self.associates[to].id().clone()),
                    team: None,
                    note: "over to you".to_owned(),
                    mentions: Vec::new(),
                    key: self.fresh_id("transfer"),
                };
                let (_, undo) = self.shop.store.transfer(&self.associates[who], new).await?;
                self.decisions.extend(undo.map(|undo| (who, undo.id)));
                Ok(())
            }
            Step::Undo { reply } => {
                let Some((who, _, id)) = pick(&self.replies, reply) else { return Ok(()) };
                self.shop.store.undo(&self.associates[*who], id).await?;
                taken_back::check(&self.shop.store, &mut self.stood, id).await;
                Ok(())
            }
            Step::Resend { reply } => {
                let Some((who, _, id)) = pick(&self.replies, reply) else { return Ok(()) };
                self.shop.store.resend(&self.associates[*who], id).await.map(drop)
            }
            Step::Confirm { reply } => {
                let Some((who, _, id)) = pick(&self.replies, reply) else { return Ok(()) };
                self.shop.store.confirm(&self.associates[*who], id).await.map(drop)
            }
            Step::Clock { seconds } => {
                self.shop.clock.shift(seconds * 1000);
                Ok(())
            }
            Step::Jobs => self.jobs().await,
            Step::Claim { inbox, most } => {
                let claimed = self.shop.store.claim_outbox(&self.facts(inbox), LEASE, most, None).await?;
                self.claimed.extend(claimed.into_iter().map(|row| (inbox, row)));
                Ok(())
            }
            Step::Settle { claimed, outcome } => self.settle(claimed, outcome).await,
            Step::Receipt { sent, state, before } => {
                let (inbox, id) = match pick(&self.sent, sent) {
                    Some((inbox, id)) if !before => (*inbox, id.clone()),
                    // The id that the next send will get.
                    _ => (0, format!("out{}", self.next + 1).as_str().into()),
                };
                let at = self.shop.clock.now();
                self.ingest(inbox, InboundEvent::Receipt { id, state, reason: None, at }).await.map(drop)
            }
            Step::Expire { inbox } => {
                self.shop.store.expire_outbox(&self.facts(inbox).id, false, None).await.map(drop)
            }
            Step::Decide { who, what, ref about, unseen } => self.decide(who, what, about, unseen).await,
            Step::TakeBack { decision } => {
                let Some((who, id)) = pick(&self.decisions, decision) else { return Ok(()) };
                let told = self.shop.store.take_back(&self.associates[*who], id).await?;
                let again = self.shop.store.take_back(&self.associates[*who], id).await?;
                assert_eq!(told, again, "asked twice, it answers twice");
                Ok(())
            }
            _ => self.act(step).await,
        }
    }

    async fn decide(
        &mut self,
        who: usize,
        what: Decided,
        about: &[usize],
        unseen: i64,
    ) -> Result<(), StoreError> {
        let mut named = BTreeMap::new();
        for at in about {
            let Some(id) = self.conversation(*at).await else { return Ok(()) };
            let seen = self.last_position(&id).await - unseen;
            named.insert(id, seen);
        }
        let decision = match what {
            Decided::Waive { close } => Decision::Waive { reason: "spam".to_owned(), close },
            Decided::Close => Decision::Close,
            Decided::Release => Decision::Release,
            Decided::Suspect => Decision::Suspect,
            Decided::Owe => Decision::Owe,
            Decided::Assign { to } => {
                Decision::Assign { associate: to.map(|to| self.associates[to].id().clone()), team: None }
            }
            Decided::Snooze { minutes, late } => {
                Decision::Snooze { until: self.shop.clock.now().plus(Duration::from_mins(minutes)), late }
            }
            Decided::Wake => Decision::Wake,
        };
        let done =
            self.shop.store.decide(&self.associates[who], decision, named.into_iter().collect()).await?;
        assert_eq!(done.undo.is_some(), done.verdicts.iter().any(|(_, verdict)| *verdict == Verdict::Done));
        self.decisions.extend(done.undo.map(|undo| (who, undo.id)));
        for (id, verdict) in done.verdicts {
            if verdict == Verdict::Done && matches!(what, Decided::Owe) {
                let sql = "SELECT s.external_id FROM messages m JOIN sightings s ON s.message_id = m.id \
                           WHERE m.conversation_id = $1 AND m.kind = 'inbound' ORDER BY m.position DESC LIMIT 1";
                let row = self.shop.store.pool.clone().first(sql, values![&id]).await?.unwrap();
                self.owed.insert(row.get("external_id")?, true);
            }
        }
        Ok(())
    }

    async fn act(&mut self, step: &Step) -> Result<(), StoreError> {
        let store = &self.shop.store;
        match *step {
            Step::Close { who, conversation } => {
                let Some(id) = self.conversation(conversation).await else { return Ok(()) };
                store.close(&self.associates[who], &id).await
            }
            Step::Reopen { who, conversation } => {
                let Some(id) = self.conversation(conversation).await else { return Ok(()) };
                store.reopen(&self.associates[who], &id).await
            }
            Step::Waive { who, conversation, unseen, close } => {
                let Some(id) = self.conversation(conversation).await else { return Ok(()) };
                let seen = self.last_position(&id).await - unseen;
                let reason = "thanks".to_owned();
                let undo = store.waive(&self.associates[who], &id, reason, seen, close).await?;
                self.decisions.push((who, undo.id));
                Ok(())
            }
            Step::Assign { who, conversation, to } => {
                let Some(id) = self.conversation(conversation).await else { return Ok(()) };
                let to = to.map(|to| self.associates[to].id().clone());
                store.assign(&self.associates[who], &id, to, None).await
            }
            Step::Block { who, customer, on } => {
                let Some(handle) = self.handle(customer).await else { return Ok(()) };
                if on {
                    store.block(&self.associates[who], &handle, "spam".to_owned()).await?;
                } else {
                    store.unblock(&self.associates[who], &handle).await?;
                }
                self.blocked[customer] = on;
                Ok(())
            }
            Step::NewOwner { who, customer, back } => {
                let Some(handle) = self.handle(customer).await else { return Ok(()) };
                let who = &self.associates[who];
                if back {
                    store.give_back_to_owner(who, &handle).await
                } else {
                    store.give_to_new_owner(who, &handle, "a stranger answered".to_owned()).await
                }
            }
            _ => unreachable!("every other step is taken elsewhere"),
        }
    }

    async fn receive(
        &mut self,
        customer: usize,
        inbox: usize,
        words: usize,
        suspected: bool,
    ) -> Result<(), StoreError> {
        let address = format!("+4{customer}");
        let stop = words == WORDS.len() - 1;
        let all = (0..3).map(|customer| Recipient {
            role: RecipientRole::Cc,
            address: self::address(customer),
            name: None,
        });
        let recipients = all.collect();
        let message = InboundMessage {
            chat: Chat::default(),
            id: self.fresh_id("in").as_str().into(),
            content_key: None,
            thread: ThreadRef {
                id: address.as_str().into(),
                kind: ThreadKind::Private,
                permanent: true,
                our_address: Address::new("us"),
                title: None,
            },
            author: Author::Contact {
                address: Address::new(address),
                name: None,
                trust: Trust::Proven,
                can_reply: true,
                is_bot: false,
            },
            text: WORDS[words].to_owned(),
            attachments: Vec::new(),
            reply_to: None,
            at: self.shop.clock.now(),
            addressed: true,
            unanswerable: stop.then_some(Unanswerable::OptOut),
            letter: Letter { suspected, recipients, ..Letter::default() },
            raw: RawPayload { content_type: "text/plain".to_owned(), bytes: vec![0, 255] },
        };
        self.messages.push((inbox, message.clone()));
        self.owed.insert(message.id.0.clone(), !stop && !self.blocked[customer]);
        let outcome = self.ingest(inbox, InboundEvent::Message(Box::new(message))).await?;
        assert_eq!(outcome, Outcome::Stored, "a new message is stored");
        Ok(())
    }

    async fn again(&mut self, message: usize, other: bool) -> Result<(), StoreError> {
        let Some((inbox, message)) = pick(&self.messages, message) else { return Ok(()) };
        let mut message = message.clone();
        if other {
            message.text.push_str(" (changed)");
        }
        let outcome = self.ingest(*inbox, InboundEvent::Message(Box::new(message))).await?;
        assert_eq!(outcome, Outcome::Duplicate, "a known id is no new message");
        Ok(())
    }

    async fn edit(&mut self, message: usize) -> Result<(), StoreError> {
        let Some((inbox, message)) = pick(&self.messages, message) else { return Ok(()) };
        let (inbox, id) = (*inbox, message.id.clone());
        let text = self.fresh_id("edited ");
        self.edited.insert(id.0.clone());
        let at = self.shop.clock.now();
        self.ingest(inbox, InboundEvent::Edit { id, text, spans: Vec::new(), at, whole: None })
            .await
            .map(drop)
    }

    async fn reply(
        &mut self,
        who: usize,
        conversation: usize,
        unseen: i64,
        (parts, copies): (usize, usize),
        close: bool,
    ) -> Result<(), StoreError> {
        let Some(conversation) = self.conversation(conversation).await else { return Ok(()) };
        let sql = "SELECT c.thread_id, h.address FROM conversations c JOIN threads t ON t.id = c.thread_id \
                   JOIN handles h ON h.id = t.handle_id WHERE c.id = $1";
        let row = self.shop.store.pool.clone().first(sql, values![&conversation]).await?.unwrap();
        let thread: ThreadId = row.parse("thread_id")?;
        let text = self.fresh_id("answer ");
        let reached = Address::new(row.get::<String>("address")?);
        let chosen = (0..3).filter(|customer| copies & (1 << customer) != 0).map(address);
        let cc: Vec<Address> = chosen.filter(|address| *address != reached).collect();
        let reply = NewReply {
            seen_position: self.last_position(&conversation).await - unseen,
            body_hash: body_hash(&[&text], &[]),
            key: self.fresh_id("key"),
            parts: (0..parts)
                .map(|part| Part { text: format!("{text}/{part}"), ..Part::default() })
                .collect(),
            conversation,
            thread,
            text,
            attachments: Vec::new(),
            close,
            undo: Duration::from_secs(5),
            spans: Vec::new(),
            answers: None,
            heading: (!cc.is_empty()).then(|| ReplyHeading { cc, ..ReplyHeading::default() }),
        };
        let before = taken_back::look(&self.shop.store, &reply.conversation).await;
        let id = self.shop.store.insert_reply(&self.associates[who], reply.clone()).await?;
        self.stood.insert(id.clone(), before);
        self.replies.push((who, reply, id));
        Ok(())
    }

    async fn send_again(&mut self, reply: usize, other: bool) -> Result<(), StoreError> {
        let Some((who, reply, id)) = pick(&self.replies, reply) else { return Ok(()) };
        let mut reply = reply.clone();
        if other {
            "another".clone_into(&mut reply.body_hash);
        }
        let again = self.shop.store.insert_reply(&self.associates[*who], reply).await;
        match again {
            Ok(again) => assert!(!other && again == *id, "one press of send is one message"),
            Err(StoreError::Conflict(conflict)) => {
                assert!(other && conflict == crate::store::Conflict::KeyReused, "{conflict}");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn jobs(&mut self) -> Result<(), StoreError> {
        for job in self.shop.store.claim_jobs(Duration::from_mins(2), 8).await? {
            let mut words = job.payload.split(' ').map(str::to_owned);
            let mut word = || words.next().unwrap();
            match job.kind.as_str() {
                "ack" => {
                    let part = Part { text: "We have it.".to_owned(), ..Part::default() };
                    let ack = NewAck {
                        job: job.id.clone(),
                        conversation: ConversationId::try_from(word()).unwrap(),
                        turn: word().parse().unwrap(),
                        text: part.text.clone(),
                        parts: vec![part],
                        letter: true,
                    };
                    self.shop.store.insert_ack(ack).await?;
                }
                "close" => {
                    let conversation = ConversationId::try_from(word()).unwrap();
                    let message = MessageId::try_from(word()).unwrap();
                    let associate = word().try_into().unwrap();
                    self.shop.store.close_after_sending(conversation, message, associate).await?;
                    self.shop.store.update_job(&job.id, JobOutcome::Done(None)).await?;
                }
                WAKE => {
                    let conversation = ConversationId::try_from(word()).unwrap();
                    self.shop.store.wake_on_time(&job.id, conversation).await?;
                }
                "overdue" => {
                    let conversation = ConversationId::try_from(word()).unwrap();
                    self.shop.store.raise_overdue(&job.id, &conversation).await?;
                }
                "route" => self.shop.store.update_job(&job.id, JobOutcome::Done(None)).await?,
                other => panic!("an unknown job: {other}"),
            }
        }
        Ok(())
    }

    async fn settle(&mut self, claimed: usize, outcome: Settled) -> Result<(), StoreError> {
        if self.claimed.is_empty() {
            return Ok(());
        }
        let (inbox, row) = self.claimed.remove(claimed % self.claimed.len());
        let outcome = match outcome {
            Settled::Sent => {
                let id: ExternalMessageId = self.fresh_id("out").as_str().into();
                self.sent.push((inbox, id.clone()));
                SendOutcome::Sent(id)
            }
            Settled::Again => {
                let at = self.shop.clock.now().plus(Duration::from_secs(30));
                SendOutcome::Again { at, reason: "busy".to_owned() }
            }
            Settled::Failed => SendOutcome::Failed { reason: "refused".to_owned() },
            Settled::Unknown => SendOutcome::Unknown,
        };
        self.shop.store.update_outbox(&self.facts(inbox).id, &row.id, outcome, None).await
    }

    async fn handle(&self, customer: usize) -> Option<HandleId> {
        let sql = "SELECT id FROM handles WHERE address = $1 AND trust = 'proven'";
        let found = self.shop.store.pool.clone().first(sql, values![format!("+4{customer}")]).await.unwrap();
        found.map(|row| row.parse("id").unwrap())
    }

    async fn conversation(&self, at: usize) -> Option<ConversationId> {
        let rows = self.shop.store.pool.clone();
        let rows = { rows }.all("SELECT id FROM conversations ORDER BY id", Vec::new()).await.unwrap();
        pick(&rows, at).map(|row| row.parse("id").unwrap())
    }

    async fn last_position(&self, id: &ConversationId) -> i64 {
        let sql = "SELECT last_position FROM conversations WHERE id = $1";
        self.shop
            .store
            .pool
            .clone()
            .first(sql, values![id])
            .await
            .unwrap()
            .unwrap()
            .get("last_position")
            .unwrap()
    }
}

fn address(customer: usize) -> Address {
    Address::new(format!("+4{customer}"))
}

fn pick<T>(all: &[T], at: usize) -> Option<&T> {
    (!all.is_empty()).then(|| &all[at % all.len()])
}
