//! An associate at work, for single cases: a customer who wrote, replies of some parts, sends with a
//! chosen outcome, and questions to the database.

use std::time::Duration;

use rapport_model::{
    Address, Clock as _, DeliveryState, InboundEvent,
    event::ReachChange,
    id::{ConversationId, MessageId, ThreadId},
    outbound::Part,
};

use crate::store::{
    Actor, Claimed, IngestRequest, Kept, NewReply, Outcome, Role, SendOutcome, StoreError, body_hash,
    db::Run as _,
    fixture::{Shop, message},
    testing::Fresh,
    value::{Value, values},
};

/// An associate with one customer.
pub(super) struct Desk {
    pub shop: Shop,
    pub mara: Actor,
}

impl Desk {
    pub(super) async fn open(fresh: Fresh) -> Self {
        Self::at(Shop::open(fresh).await).await
    }

    /// In a shop of the caller's.
    pub(super) async fn at(shop: Shop) -> Self {
        let mara = shop.actor("Mara", Role::Associate, &["advice"]).await;
        Self { shop, mara }
    }

    /// Brings an event in on the inbox "advice".
    pub(super) async fn bring(&self, event: InboundEvent) -> Outcome {
        self.try_bring(event).await.unwrap()
    }

    pub(super) async fn try_bring(&self, event: InboundEvent) -> Result<Outcome, StoreError> {
        let facts = self.shop.store.inboxes()[0].clone();
        let request = IngestRequest::new(facts, vec![event], None, None, Kept::default());
        self.shop.store.ingest(request).await.map(|outcomes| outcomes[0])
    }

    /// A message with an id of the caller's.
    pub(super) fn message(&self, id: &str, from: &str, text: &str) -> InboundEvent {
        message(id, from, text, self.shop.clock.now())
    }

    /// STOP or START at so many seconds after the start.
    pub(super) fn reach(from: &str, change: ReachChange, second: u64) -> InboundEvent {
        let at = rapport_model::Timestamp(1_760_000_000_000).plus(Duration::from_secs(second));
        InboundEvent::Reach { address: Address::new(from), change, at }
    }

    /// What a reply of so many parts would be, its author having seen everything.
    pub(super) async fn draft(&self, conversation: &ConversationId, text: &str, parts: usize) -> NewReply {
        let sql = "SELECT thread_id, last_position FROM conversations WHERE id = $1";
        let row = self.row(sql, values![conversation]).await;
        let thread: ThreadId = row.parse("thread_id").unwrap();
        NewReply {
            conversation: conversation.clone(),
            thread,
            text: text.to_owned(),
            attachments: Vec::new(),
            parts: (0..parts)
                .map(|part| Part { text: format!("{text} {part}"), ..Part::default() })
                .collect(),
            seen_position: row.get("last_position").unwrap(),
            key: uuid::Uuid::new_v4().to_string(),
            body_hash: body_hash(&[text], &[]),
            close: false,
            undo: Duration::from_secs(5),
            heading: None,
            spans: Vec::new(),
            answers: None,
        }
    }

    pub(super) async fn reply(&self, conversation: &ConversationId, text: &str, parts: usize) -> MessageId {
        let draft = self.draft(conversation, text, parts).await;
        self.shop.store.insert_reply(&self.mara, draft).await.unwrap()
    }

    /// Claims what is due, after the undo window.
    pub(super) async fn claim(&self) -> Vec<Claimed> {
        self.shop.clock.advance(Duration::from_secs(6));
        self.claim_now().await
    }

    pub(super) async fn claim_now(&self) -> Vec<Claimed> {
        let facts = self.shop.store.inboxes()[0].clone();
        self.shop.store.claim_outbox(&facts, Duration::from_secs(35), 16, None).await.unwrap()
    }

    pub(super) async fn settle(&self, row: &Claimed, outcome: SendOutcome) {
        self.shop.store.update_outbox(&"advice".into(), &row.id, outcome, None).await.unwrap();
    }

    pub(super) async fn delivery(&self, message: &MessageId) -> DeliveryState {
        let row = self.row("SELECT delivery FROM messages WHERE id = $1", values![message]).await;
        DeliveryState::parse(&row.get::<String>("delivery").unwrap()).unwrap()
    }

    /// The states of a message's parts.
    pub(super) async fn parts(&self, message: &MessageId) -> Vec<String> {
        let sql = "SELECT state FROM outbox WHERE message_id = $1 ORDER BY part";
        let rows = self.shop.store.pool.clone().all(sql, values![message]).await.unwrap();
        rows.iter().map(|row| row.get("state").unwrap()).collect()
    }

    /// How many replies are owed in a conversation.
    pub(super) async fn owed(&self, conversation: &ConversationId) -> i64 {
        let sql = "SELECT count(*) AS n FROM obligations WHERE conversation_id = $1 AND open_state = 'open'";
        self.number(sql, values![conversation]).await
    }

    pub(super) async fn number(&self, sql: &'static str, args: Vec<Value>) -> i64 {
        self.row(sql, args).await.get("n").unwrap()
    }

    pub(super) async fn row(&self, sql: &'static str, args: Vec<Value>) -> crate::store::value::Row {
        self.shop.store.pool.clone().first(sql, args).await.unwrap().unwrap()
    }
}
