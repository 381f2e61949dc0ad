//! What a person decides at one stroke about one conversation or many: that no reply is needed, that they
//! are closed, that they are spam or are not, that they need an answer. One transaction for all of them:
//! each gets its own verdict, and where one can't be decided the others still are.
//!
//! Each decision is kept with how its conversations stood, so that whoever made it can take it back for
//! some minutes ([`take_back`]). Nothing here decides about what a person has not seen.

mod take_back;

use std::time::Duration;

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, DecisionId, ObligationId, TeamId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Store, act,
    conversation::{self, Conversation, State},
    db::Run as _,
    error::StoreError,
    obligation,
    rows::Rows,
    scope::Actor,
    snooze,
    tx::Tx,
    value::values,
    writer::Write,
};

/// How long a decision can be taken back.
pub const TAKE_BACK: Duration = Duration::from_mins(10);

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// No reply is needed to what is owed, for a reason.
    Waive {
        /// Why.
        reason: String,
        /// Close them too.
        close: bool,
    },
    /// It is done with: where a reply is owed it is refused.
    Close,
    /// It is no spam: to be listed with all others.
    Release,
    /// It is spam, or looks like it: to be listed apart. What is owed stays owed.
    Suspect,
    /// A machine wrote it, and it needs an answer: a reply is owed to its latest message.
    Owe,
    /// It is somebody's, a team's or nobody's.
    Assign {
        /// Whose.
        associate: Option<AssociateId>,
        /// Which team's; `None`: as it was.
        team: Option<TeamId>,
    },
    /// It is put off, for everybody. What is owed stays owed, with its time.
    Snooze {
        /// Until when.
        until: Timestamp,
        /// Also where that is later than a reply is due.
        late: bool,
    },
    /// It is not put off any more.
    Wake,
}

impl Decision {
    fn word(&self) -> &'static str {
        match self {
            Self::Waive { .. } => "waive",
            Self::Close => "close",
            Self::Release => "release",
            Self::Suspect => "suspect",
            Self::Owe => "owe",
            Self::Assign { .. } => "assign",
            Self::Snooze { .. } => "snooze",
            Self::Wake => "wake",
        }
    }
}

/// What became of a decision, or of taking it back, in one conversation. Where it is not `Done`, nothing
/// was changed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is so now.
    Done,
    /// No reply was owed.
    NothingOwed,
    /// A reply is owed: a waiver needs a reason.
    ReplyOwed,
    /// A reply is due before the time until which it was to be put off.
    PastDue,
    /// The customer wrote after what the person has seen.
    NewerMessage,
    /// A person of ours has answered since.
    Answered,
    /// A person decided something else since.
    Changed,
    /// It was so already, or is nothing that this could be decided about.
    Unchanged,
    /// It does not exist, or not within the actor's scope.
    NotFound,
}

impl Verdict {
    const ALL: [Self; 9] = [
        Self::Done,
        Self::NothingOwed,
        Self::ReplyOwed,
        Self::PastDue,
        Self::NewerMessage,
        Self::Answered,
        Self::Changed,
        Self::Unchanged,
        Self::NotFound,
    ];

    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NothingOwed => "nothing_owed",
            Self::ReplyOwed => "reply_owed",
            Self::PastDue => "past_due",
            Self::NewerMessage => "newer_message",
            Self::Answered => "answered",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::NotFound => "not_found",
        }
    }
}

impl TryFrom<String> for Verdict {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text).ok_or(())
    }
}

/// How a decision can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoable {
    /// Which one.
    pub id: DecisionId,
    /// Until when.
    pub until: Timestamp,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// `None` where nothing was changed.
    pub undo: Option<Undoable>,
    /// In the order in which they were named.
    pub verdicts: Vec<(ConversationId, Verdict)>,
}

impl Store {
    /// Decides about conversations, each with the last position in it that the actor has seen. They must
    /// be different ones. A position that was never given refuses all of it: nobody can have seen it.
    pub async fn decide(
        &self,
        actor: &Actor,
        decision: Decision,
        about: Vec<(ConversationId, i64)>,
    ) -> Result<Decided, StoreError> {
        self.writer.write(Decide { actor: actor.clone(), decision, about }).await
    }
}

struct Decide {
    actor: Actor,
    decision: Decision,
    about: Vec<(ConversationId, i64)>,
}

impl Write for Decide {
    type Output = Decided;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Decided, StoreError> {
        // All of them are locked at once and in order, whatever order they were named in.
        let found = conversation::load(tx, self.about.iter().map(|(id, _)| id).collect()).await?;
        let mut verdicts = Vec::with_capacity(self.about.len());
        let mut changed = Vec::new();
        for (id, seen) in &self.about {
            let verdict = match found.get(id).filter(|c| c.is_seen_by(&self.actor, &tx.inboxes)) {
                None => Verdict::NotFound,
                Some(before) => {
                    before.has(*seen)?;
                    let refusal = self.refusal(before, *seen);
                    if refusal.is_none() {
                        let mut after = before.clone();
                        let obligations = self.change(tx, before, &mut after).await?;
                        changed.push((before, after, obligations));
                    }
                    refusal.unwrap_or(Verdict::Done)
                }
            };
            verdicts.push((id.clone(), verdict));
        }
        if changed.is_empty() {
            return Ok(Decided { undo: None, verdicts });
        }
        let saved: Vec<_> =
            changed.iter().map(|(before, after, _)| (Some((*before).clone()), after)).collect();
        conversation::save(tx, &saved).await?;
        let items: Vec<_> = changed
            .into_iter()
            .map(|(before, after, obligations)| Item::new(before, &after, obligations))
            .collect();
        let undo = record(tx, &self.actor, self.decision.word(), &items).await?;
        Ok(Decided { undo: Some(undo), verdicts })
    }
}

impl Decide {
    /// Why it can't be decided about this one.
    fn refusal(&self, conversation: &Conversation, seen: i64) -> Option<Verdict> {
        let newer = (conversation.inbound_position > seen).then_some(Verdict::NewerMessage);
        let open = conversation.state == State::Open;
        match &self.decision {
            Decision::Waive { .. } if conversation.due_at.is_none() => Some(Verdict::NothingOwed),
            Decision::Close if conversation.state == State::Closed => Some(Verdict::Unchanged),
            Decision::Close if conversation.due_at.is_some() => Some(Verdict::ReplyOwed),
            // What is suspected is put off by nobody: it would be hidden twice.
            Decision::Suspect | Decision::Snooze { .. } if conversation.suspected || !open => {
                Some(Verdict::Unchanged)
            }
            Decision::Snooze { until, late: false }
                if conversation.due_at.is_some_and(|due| due < *until) =>
            {
                newer.or(Some(Verdict::PastDue))
            }
            Decision::Waive { .. } | Decision::Close | Decision::Suspect | Decision::Snooze { .. } => newer,
            // What these do hides nothing that was not seen.
            Decision::Wake => conversation.snoozed_until().is_none().then_some(Verdict::Unchanged),
            Decision::Assign { associate, team } => {
                let same_team = team.is_none() || *team == conversation.team;
                (same_team && *associate == conversation.assignee).then_some(Verdict::Unchanged)
            }
            Decision::Release => (!conversation.suspected).then_some(Verdict::Unchanged),
            Decision::Owe => (conversation.state != State::Automatic).then_some(Verdict::Unchanged),
        }
    }

    /// Changes one in memory, says so in its timeline, and gives the obligations that are concerned.
    async fn change(
        &self,
        tx: &mut Tx,
        before: &Conversation,
        after: &mut Conversation,
    ) -> Result<Vec<ObligationId>, StoreError> {
        let actor = &self.actor;
        let (kind, activity) = match &self.decision {
            Decision::Waive { reason, close } => {
                let all = after.last_position;
                let waived = obligation::waive(tx, after, actor.id(), reason, all).await?;
                act::note_waived(tx, actor, before, after, reason, *close).await?;
                return Ok(waived);
            }
            Decision::Close => {
                act::close(tx, after, actor.id())?;
                ("conversation.closed", "closed")
            }
            Decision::Release => {
                after.suspected = false;
                ("conversation.released", "not_suspected")
            }
            Decision::Suspect => {
                after.suspected = true;
                ("conversation.suspected", "suspected")
            }
            Decision::Assign { associate, team } => {
                let team = team.as_ref().or(before.team.as_ref());
                let activity = act::give(tx, after, associate.as_ref(), team).await?;
                act::note(tx, actor, before, after, "conversation.assigned", activity).await?;
                return Ok(Vec::new());
            }
            Decision::Snooze { until, .. } => {
                snooze::put_off(tx, after, *until, actor.id()).await?;
                let late = after.due_at.is_some_and(|due| due < *until);
                let activity = json!({"type": "snoozed", "until": until.millis(), "late": late});
                act::note(tx, actor, before, after, "conversation.snoozed", activity).await?;
                return Ok(Vec::new());
            }
            Decision::Wake => {
                after.snoozed = None;
                ("conversation.woken", "woken")
            }
            Decision::Owe => {
                after.state = State::Open;
                let within = tx.inbox(&after.inbox).map_or(Duration::ZERO, |inbox| inbox.reply_within);
                let opened = obligation::open(tx, after, tx.now.plus(within)).await?;
                let activity = json!({"type": "owed"});
                act::note(tx, actor, before, after, "conversation.owed", activity).await?;
                return Ok(opened.into_iter().collect());
            }
        };
        act::note(tx, actor, before, after, kind, json!({"type": activity})).await?;
        Ok(Vec::new())
    }
}

/// One conversation of a decision: how it stood, and what was done.
pub(super) struct Item {
    conversation: ConversationId,
    position: i64,
    state_before: State,
    state_after: State,
    obligations: Vec<ObligationId>,
    stood: Stood,
}

/// Whose a conversation was, and until when it was put off.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Stood {
    assignee: Option<AssociateId>,
    team: Option<String>,
    suspected: bool,
    snoozed: Option<(i64, AssociateId)>,
}

impl Stood {
    fn of(conversation: &Conversation) -> Self {
        Self {
            assignee: conversation.assignee.clone(),
            team: conversation.team.as_ref().map(|team| team.0.clone()),
            suspected: conversation.suspected,
            snoozed: conversation
                .snoozed_until()
                .and(conversation.snoozed.as_ref())
                .map(|(until, by)| (until.millis(), by.clone())),
        }
    }
}

impl Item {
    pub(super) fn new(before: &Conversation, after: &Conversation, obligations: Vec<ObligationId>) -> Self {
        Self {
            conversation: after.id.clone(),
            position: after.last_position,
            state_before: before.state,
            state_after: after.state,
            obligations,
            stood: Stood::of(before),
        }
    }
}

/// Keeps a decision for whoever takes it back.
pub(super) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    word: &'static str,
    items: &[Item],
) -> Result<Undoable, StoreError> {
    let (id, now) = (DecisionId::new(), tx.now);
    tx.execute(
        "INSERT INTO decisions (id, associate_id, act, decided_at) VALUES ($1, $2, $3, $4)",
        values![&id, actor.id(), word, now],
    )
    .await?;
    let mut rows = Rows::new(
        "decision_items",
        &[
            "decision_id",
            "conversation_id",
            "position",
            "state_before",
            "state_after",
            "obligations",
            "stood",
        ],
    );
    for item in items {
        let obligations: Vec<&str> = item.obligations.iter().map(ObligationId::as_str).collect();
        rows.push(values![
            &id,
            &item.conversation,
            item.position,
            item.state_before.as_str(),
            item.state_after.as_str(),
            obligations.join(","),
            serde_json::to_string(&item.stood).ok()
        ]);
    }
    rows.insert(tx).await?;
    Ok(Undoable { id, until: now.plus(TAKE_BACK) })
}
