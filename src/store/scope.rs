//! Who may see what: one predicate, as SQL for lists and as a function for a loaded row. A property
//! test shows that both agree.
//!
//! An admin sees all; an associate sees the conversations of their teams, those assigned to them, those in
//! whose notes they are named, and unassigned ones of inboxes that their teams serve. An inbox without teams
//! is everybody's.

use std::sync::Arc;

use rapport_model::id::{AssociateId, InboxId, TeamId};

use super::{ingest::InboxFacts, value::Value};

/// What an associate may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sees all and manages associates.
    Admin,
    /// Answers.
    Associate,
}

impl Role {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Associate => "associate",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        [Self::Admin, Self::Associate].into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// A signed-in associate. Only the store makes one, from a session: whoever holds it may act as that
/// person, and a reply can't be written without one:
///
/// ```no_run
/// use rapport::store::{NewReply, Session, Store};
///
/// async fn reply(store: &Store, session: &Session, reply: NewReply) {
///     let _ = store.insert_reply(&session.actor, reply).await;
/// }
/// ```
///
/// Nothing else makes one, and what the bot makes is no reply. These do not compile:
///
/// ```compile_fail,E0451
/// use rapport::store::{Actor, Role};
///
/// fn forge(id: rapport_model::id::AssociateId) -> Actor {
///     Actor { id, name: "Mara".to_owned(), role: Role::Admin, teams: Vec::new() }
/// }
/// ```
///
/// ```compile_fail,E0308
/// use rapport::store::{NewAck, Session, Store};
///
/// async fn reply(store: &Store, session: &Session, ack: NewAck) {
///     let _ = store.insert_reply(&session.actor, ack).await;
/// }
/// ```
///
/// ```compile_fail,E0599
/// // The kinds of automatic message are a closed list.
/// let answer = rapport_model::AutomaticKind::Answer;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub(super) id: AssociateId,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) teams: Vec<TeamId>,
}

impl Actor {
    /// Who acts.
    pub fn id(&self) -> &AssociateId {
        &self.id
    }

    /// Their name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The teams that they belong to.
    pub fn teams(&self) -> &[TeamId] {
        &self.teams
    }

    /// Whether a conversation with this team, assignee and inbox is within their scope, as far as that does
    /// not come from being named in it: then it is, wherever it is.
    pub fn sees(
        &self,
        inboxes: &[Arc<InboxFacts>],
        team: Option<&TeamId>,
        assignee: Option<&AssociateId>,
        inbox: &InboxId,
    ) -> bool {
        if self.role == Role::Admin
            || assignee == Some(&self.id)
            || team.is_some_and(|team| self.teams.contains(team))
        {
            return true;
        }
        let (served, open) = self.inboxes(inboxes);
        open.contains(&inbox) || (team.is_none() && assignee.is_none() && served.contains(&inbox))
    }

    /// Whether an inbox itself is within their scope: whether they would see what comes in on it.
    pub fn serves(&self, inboxes: &[Arc<InboxFacts>], inbox: &InboxId) -> bool {
        self.sees(inboxes, None, None, inbox)
    }

    /// The inboxes that the actor's teams serve, and those that are everybody's.
    fn inboxes<'a>(&self, inboxes: &'a [Arc<InboxFacts>]) -> (Vec<&'a InboxId>, Vec<&'a InboxId>) {
        let served = inboxes
            .iter()
            .filter(|inbox| inbox.teams.iter().any(|team| self.teams.contains(team)))
            .map(|inbox| &inbox.id);
        let open = inboxes.iter().filter(|inbox| inbox.teams.is_empty()).map(|inbox| &inbox.id);
        (served.collect(), open.collect())
    }

    /// The lanes that together are the scope: each a condition that one index answers in queue order, so
    /// that a page costs the same among a thousand and a million.
    /// Values are appended to `args`, and their placeholders follow the values already in it.
    pub(super) fn lanes(&self, inboxes: &[Arc<InboxFacts>], args: &mut Vec<Value>) -> Vec<Lane> {
        let mut lanes = self.lanes_of_others(inboxes, args);
        if self.role != Role::Admin {
            args.push((&self.id).into());
            lanes.push(Lane::of(["c.assignee_id = $", &args.len().to_string()].concat()));
        }
        lanes
    }

    /// The lanes without the one that holds what is assigned to the actor.
    pub(super) fn lanes_of_others(&self, inboxes: &[Arc<InboxFacts>], args: &mut Vec<Value>) -> Vec<Lane> {
        if self.role == Role::Admin {
            return vec![Lane::of("1 = 1".to_owned())];
        }
        let mut lanes: Vec<Lane> = self.lanes_of_places(inboxes, args).into_iter().map(Lane::of).collect();
        lanes.push(self.lane_of_names(args));
        lanes
    }

    /// The lane that holds what the actor sees because they are named in it.
    pub(super) fn lane_of_names(&self, args: &mut Vec<Value>) -> Lane {
        args.push((&self.id).into());
        Lane::OfNames(["associate_id = $", &args.len().to_string()].concat())
    }

    /// What their teams have and what comes in where they serve.
    fn lanes_of_places(&self, inboxes: &[Arc<InboxFacts>], args: &mut Vec<Value>) -> Vec<String> {
        let mut bind = |value: Value| {
            args.push(value);
            ["$", &args.len().to_string()].concat()
        };
        let mut lanes = Vec::new();
        for team in &self.teams {
            lanes.push(["c.team_id = ", &bind(team.into())].concat());
        }
        let (served, open) = self.inboxes(inboxes);
        for inbox in open {
            lanes.push(["c.inbox_id = ", &bind(inbox.into())].concat());
        }
        for inbox in served {
            lanes.push(
                ["c.inbox_id = ", &bind(inbox.into()), " AND c.team_id IS NULL AND c.assignee_id IS NULL"]
                    .concat(),
            );
        }
        lanes
    }

    /// The scope over what belongs to an inbox and to no conversation, as a condition on a column that
    /// names the inbox: who sees its unassigned conversations sees it.
    pub(super) fn inbox_condition(
        &self,
        column: &str,
        inboxes: &[Arc<InboxFacts>],
        args: &mut Vec<Value>,
    ) -> String {
        if self.role == Role::Admin {
            return "1 = 1".to_owned();
        }
        let mut any = vec!["1 = 0".to_owned()];
        for inbox in inboxes.iter().filter(|inbox| self.sees(inboxes, None, None, &inbox.id)) {
            args.push((&inbox.id).into());
            any.push([column, " = $", &args.len().to_string()].concat());
        }
        format!("({})", any.join(" OR "))
    }

    /// The whole scope as one condition on `conversations c`, for a row that is found by its id.
    pub(super) fn condition(&self, inboxes: &[Arc<InboxFacts>], args: &mut Vec<Value>) -> String {
        let lanes = self.lanes(inboxes, args);
        let any: Vec<String> = lanes
            .iter()
            .map(|lane| match lane {
                Lane::OfConversations(condition) => format!("({condition})"),
                Lane::OfNames(condition) => {
                    ["EXISTS (SELECT 1 FROM mentions WHERE conversation_id = c.id AND ", condition, ")"]
                        .concat()
                }
            })
            .collect();
        format!("({})", any.join(" OR "))
    }
}

/// A part of an actor's scope that one index answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lane {
    /// A condition on `conversations c`.
    OfConversations(String),
    /// A condition on `mentions c`, whose rows have state, assignee and place of their conversations.
    OfNames(String),
}

impl Lane {
    fn of(condition: String) -> Self {
        Self::OfConversations(condition)
    }

    /// Where it is read from, how a conversation's id is called there, and the condition.
    pub(super) fn parts(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::OfConversations(condition) => ("conversations c", "c.id", condition),
            Self::OfNames(condition) => ("mentions c", "c.conversation_id", condition),
        }
    }
}
