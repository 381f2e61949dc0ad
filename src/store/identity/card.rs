//! The contact card: who somebody is, on what that rests, and what was said with them before.

use rapport_model::{
    Address, Timestamp,
    id::{AssociateId, ContactId, ConversationId, InboxId, TeamId},
};

use super::{
    conflict::{self, Rival},
    merge::MergeId,
    require_sight,
    suggestion::Suggestion,
};
use crate::store::{
    Store, conversation::State, db::Run as _, details::Contact, error::StoreError, message::Hidden,
    scope::Actor, value::values,
};

/// So many earlier conversations stand on a card, the latest first.
const MOST_EPISODES: i64 = 50;

/// All that a card shows.
#[derive(Debug, Clone)]
pub struct Card {
    /// Who, and how they are reached.
    pub contact: Contact,
    /// Values that wait for a choice.
    pub rivals: Vec<Rival>,
    /// Other records that may be the same person's.
    pub suggestions: Vec<Suggestion>,
    /// What was joined to it and still is, the latest first.
    pub evidence: Vec<Evidence>,
    /// The conversations with them, the latest first.
    pub episodes: Vec<Episode>,
}

/// A join that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// By which it can be taken back.
    pub merge: MergeId,
    /// When.
    pub at: Timestamp,
    /// `person` or `code`.
    pub basis: String,
    /// Who decided it, or made the code.
    pub associate: Option<(AssociateId, String)>,
    /// The reason that a person gave.
    pub reason: Option<String>,
    /// The channel on which the code came back.
    pub channel: Option<String>,
    /// The addresses that came with it and are still theirs.
    pub handles: Vec<Address>,
}

/// One conversation, on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// Which one; not told where it is out of the reader's scope.
    pub conversation: Option<ConversationId>,
    /// Its channel; not told where it is out of scope.
    pub channel: Option<String>,
    /// Where it stands; not told where it is out of scope.
    pub state: Option<State>,
    /// The latest words; not told where it is out of scope.
    pub snippet: Option<String>,
    /// When the last of it was said.
    pub at: Timestamp,
    /// Which team has it, and which associate.
    pub with: Hidden,
}

impl Store {
    /// The card of a contact within the actor's scope.
    pub async fn get_card(&self, actor: &Actor, contact: &ContactId) -> Result<Card, StoreError> {
        let mut pool = self.pool.clone();
        require_sight(&mut pool, &self.inboxes, actor, contact).await?;
        Ok(Card {
            contact: self.get_contact(contact).await?,
            rivals: conflict::list(&mut pool, contact).await?,
            suggestions: self.list_suggestions(actor, contact).await?,
            evidence: self.list_evidence(contact).await?,
            episodes: self.list_episodes(actor, contact).await?,
        })
    }

    /// The contacts of a brand that have this very address or the shop's own id, within the actor's scope.
    pub async fn find_contacts(&self, actor: &Actor, text: &str) -> Result<Vec<Contact>, StoreError> {
        let mut pool = self.pool.clone();
        let mut ids: Vec<ContactId> = Vec::new();
        let places: std::collections::BTreeSet<(&str, &str)> =
            self.inboxes.iter().map(|inbox| (inbox.brand.as_str(), inbox.channel.as_str())).collect();
        for (brand, channel) in &places {
            let rows = pool
                .all(
                    "SELECT p.contact_id AS id FROM handles h JOIN handle_periods p ON p.handle_id = h.id AND p.valid_to IS NULL \
                     WHERE h.brand = $1 AND h.channel = $2 AND h.address = $3",
                    values![*brand, *channel, text],
                )
                .await?;
            for row in &rows {
                ids.push(row.parse("id")?);
            }
        }
        let brands: std::collections::BTreeSet<&str> = places.iter().map(|(brand, _)| *brand).collect();
        for brand in brands {
            let rows = pool
                .all("SELECT id FROM contacts WHERE brand = $1 AND external_ref = $2", values![brand, text])
                .await?;
            for row in &rows {
                ids.push(row.parse("id")?);
            }
        }
        ids.sort();
        ids.dedup();
        let mut found = Vec::new();
        for id in ids {
            match require_sight(&mut pool, &self.inboxes, actor, &id).await {
                Ok(()) => found.push(self.get_contact(&id).await?),
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn list_evidence(&self, contact: &ContactId) -> Result<Vec<Evidence>, StoreError> {
        let mut pool = self.pool.clone();
        let rows = pool
            .all(
                "SELECT j.id, j.at, j.basis, j.evidence, a.id AS associate, a.name FROM journal j \
                 LEFT JOIN associates a ON a.id = j.associate_id WHERE j.target_id = $1 AND j.undone_at IS NULL ORDER BY j.at DESC, j.id DESC",
                values![contact],
            )
            .await?;
        let mut evidence = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: String = row.get("id")?;
            let handles = pool
                .all(
                    "SELECT DISTINCT h.address FROM journal_items i JOIN handle_periods p ON p.handle_id = i.subject_id \
                     AND p.contact_id = $2 AND p.valid_to IS NULL JOIN handles h ON h.id = p.handle_id \
                     WHERE i.journal_id = $1 AND i.subject = 'handle' ORDER BY h.address",
                    values![&id, contact],
                )
                .await?;
            let basis: String = row.get("basis")?;
            let text: String = row.get("evidence")?;
            let returned: serde_json::Value = if basis == "code" {
                serde_json::from_str(&text).unwrap_or_default()
            } else {
                serde_json::Value::Null
            };
            evidence.push(Evidence {
                merge: MergeId(id),
                at: row.time("at")?,
                associate: row.parse_opt("associate")?.zip(row.get("name")?),
                reason: (basis != "code").then_some(text),
                channel: returned["channel"].as_str().map(str::to_owned),
                basis,
                handles: handles
                    .iter()
                    .map(|row| row.get::<String>("address").map(Address::new))
                    .collect::<Result<_, _>>()?,
            });
        }
        Ok(evidence)
    }

    async fn list_episodes(&self, actor: &Actor, contact: &ContactId) -> Result<Vec<Episode>, StoreError> {
        let mut pool = self.pool.clone();
        let rows = pool
            .all(
                "SELECT c.id, c.channel, c.state, c.snippet, c.last_at, c.team_id, c.inbox_id, c.assignee_id, a.name \
                 FROM conversations c LEFT JOIN associates a ON a.id = c.assignee_id \
                 WHERE c.contact_id = $1 ORDER BY c.last_at DESC, c.id DESC LIMIT $2",
                values![contact, MOST_EPISODES],
            )
            .await?;
        let mut episodes = Vec::with_capacity(rows.len());
        for row in &rows {
            let team = row.get::<Option<String>>("team_id")?.map(TeamId);
            let assignee: Option<AssociateId> = row.parse_opt("assignee_id")?;
            let inbox = InboxId(row.get("inbox_id")?);
            let seen = actor.sees(&self.inboxes, team.as_ref(), assignee.as_ref(), &inbox);
            let state: State = row.parse("state")?;
            episodes.push(Episode {
                conversation: if seen { Some(row.parse("id")?) } else { None },
                channel: if seen { Some(row.get("channel")?) } else { None },
                state: seen.then_some(state),
                snippet: if seen { Some(row.get("snippet")?) } else { None },
                at: row.time("last_at")?,
                with: Hidden { team, associate: assignee.zip(row.get::<Option<String>>("name")?) },
            });
        }
        Ok(episodes)
    }
}
