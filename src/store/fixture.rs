//! A small shop for the tests of the store: two teams, three inboxes, people, and messages.

use std::{sync::Arc, time::Duration};

use rapport_model::{
    Address, Author, Clock as _, InboundEvent, Letter, Timestamp, Trust,
    event::{Chat, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    id::{AssociateId, ConversationId, InboxId, TeamId},
};

use super::{
    Actor, InboxFacts, IngestRequest, Job, JobOutcome, Kept, Role, Store, StoreError, StoreOptions,
    db::Run as _,
    testing::{Fresh, ManualClock},
    value::values,
};

/// An open store with its clock and its database.
pub(super) struct Shop {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    fresh: Fresh,
}

/// An inbox of the brand "shop" on a channel "test".
pub(super) fn inbox(id: &str, teams: &[&str]) -> Arc<InboxFacts> {
    Arc::new(InboxFacts {
        id: id.into(),
        brand: "shop".to_owned(),
        channel: "test".to_owned(),
        teams: teams.iter().map(|team| TeamId::from(*team)).collect(),
        sender_group: "test".to_owned(),
        reply_within: Duration::from_mins(30),
        reopen_within: Duration::from_hours(14 * 24),
        bot: false,
    })
}

impl Shop {
    /// Inboxes: `advice` (team advice), `orders` (team orders), `front` (everybody's).
    pub(super) async fn open(fresh: Fresh) -> Self {
        let inboxes = vec![inbox("advice", &["advice"]), inbox("orders", &["orders"]), inbox("front", &[])];
        Self::open_with(fresh, inboxes).await
    }

    /// The same with inboxes of the caller's.
    pub(super) async fn open_with(fresh: Fresh, inboxes: Vec<Arc<InboxFacts>>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let options = StoreOptions { url: fresh.url.clone(), inboxes, clock: clock.clone() };
        let (store, _) = Store::open(options).await.unwrap();
        Self { store, clock, fresh }
    }

    /// Where the database is.
    pub(super) fn url(&self) -> &str {
        &self.fresh.url
    }

    /// A signed-in person.
    pub(super) async fn actor(&self, name: &str, role: Role, teams: &[&str]) -> Actor {
        let id = AssociateId::new();
        let email = format!("{}@shop.example", name.to_lowercase());
        let mut pool = self.store.pool.clone();
        pool.execute(
            "INSERT INTO associates (id, name, email, role, created_at) VALUES ($1, $2, $3, $4, $5)",
            values![&id, name, email, role.as_str(), self.clock.now()],
        )
        .await
        .unwrap();
        let teams: Vec<TeamId> = teams.iter().map(|team| TeamId::from(*team)).collect();
        for team in &teams {
            pool.execute(
                "INSERT INTO associate_teams (associate_id, team_id) VALUES ($1, $2)",
                values![&id, team],
            )
            .await
            .unwrap();
        }
        Actor { id, name: name.to_owned(), role, teams }
    }

    /// A customer writes; gives the conversation that it came to.
    pub(super) async fn receive(&self, inbox: &str, from: &str, text: &str) -> ConversationId {
        self.clock.advance(Duration::from_secs(1));
        let facts = self.store.inboxes().iter().find(|facts| facts.id == InboxId::from(inbox)).unwrap();
        let id = uuid::Uuid::new_v4().simple().to_string();
        let event = message(&id, from, text, self.clock.now());
        let request = IngestRequest::new(facts.clone(), vec![event], None, None, Kept::default());
        self.store.ingest(request).await.unwrap();
        let row = self
            .store
            .pool
            .clone()
            .first(
                "SELECT m.conversation_id FROM sightings s JOIN messages m ON m.id = s.message_id WHERE s.inbox_id = $1 AND s.external_id = $2",
                values![&facts.id, &id],
            )
            .await
            .unwrap()
            .unwrap();
        row.parse("conversation_id").unwrap()
    }
}

impl Store {
    /// The jobs that are due, but for those of routing, which are taken for done: for tests that are about
    /// others.
    pub(super) async fn claim_other_jobs(&self, lease: Duration, most: i64) -> Result<Vec<Job>, StoreError> {
        let mut others = Vec::new();
        for job in self.claim_jobs(lease, 4 * most).await? {
            if ["route", "overdue", "hand_back"].contains(&job.kind.as_str()) {
                self.update_job(&job.id, JobOutcome::Done(None)).await?;
            } else {
                others.push(job);
            }
        }
        Ok(others)
    }
}

/// A customer's message under an id of the caller's.
pub(super) fn message(id: &str, from: &str, text: &str, at: Timestamp) -> InboundEvent {
    InboundEvent::Message(Box::new(InboundMessage {
        chat: Chat::default(),
        id: id.into(),
        content_key: None,
        thread: ThreadRef {
            id: from.into(),
            kind: ThreadKind::Private,
            permanent: true,
            our_address: Address::new("us"),
            title: None,
        },
        author: Author::Contact {
            address: Address::new(from),
            name: None,
            trust: Trust::Proven,
            can_reply: true,
            is_bot: false,
        },
        text: text.to_owned(),
        attachments: Vec::new(),
        reply_to: None,
        at,
        addressed: true,
        unanswerable: None,
        letter: Letter::default(),
        raw: RawPayload { content_type: "text/plain".to_owned(), bytes: text.as_bytes().to_vec() },
    }))
}

mod tests {
    use super::*;
    use crate::on_both_engines;

    on_both_engines! {
        async fn a_message_that_comes_in_makes_an_open_conversation(fresh: Fresh) {
            let shop = Shop::open(fresh).await;
            let first = shop.receive("advice", "+491", "Hello").await;
            let second = shop.receive("advice", "+491", "Anybody there?").await;
            assert_eq!(first, second);
            let mara = shop.actor("Mara", Role::Associate, &["advice"]).await;
            assert!(mara.sees(shop.store.inboxes(), None, None, &"advice".into()));
            assert!(!mara.sees(shop.store.inboxes(), None, None, &"orders".into()));
        }
    }
}
