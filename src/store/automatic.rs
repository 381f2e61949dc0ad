//! The bot's words, as far as the store lets them: only of the allowed kinds, at most one
//! acknowledgement a customer turn, and never once a person has spoken in the episode.

use std::time::Duration;

use rapport_model::{
    AutomaticKind, Trust,
    event::ThreadKind,
    id::{ConversationId, InboxId, JobId},
    outbound::Part,
};

use super::{
    Store, bot,
    conversation::{self, Conversation, State},
    db::Run as _,
    entry::{self, Addressee, Outbound, Writer},
    error::StoreError,
    heading::NewLetter,
    job, obligation,
    thread::{self, REPEATS, Thread},
    tx::Tx,
    value::values,
    writer::Write,
};
use crate::sabotage::{self, Rule};

/// At most so many automatic messages to one person and to one address a day, over all conversations and
/// inboxes.
const MOST_A_DAY: i64 = 2;
const ENOUGH: &str = "enough automatic messages for a day";
const DAY: Duration = Duration::from_hours(24);
/// An address that its user merely claims may be anybody's, or a machine's: it gets one within this time (RFC
/// 3834 section 2 asks for as much of every automatic answer).
const WINDOW: Duration = Duration::from_hours(7 * 24);
const CLAIMED: &str = "an unverified address had its automatic message of this week";
const AGAIN: &str = "the same text came again and again";
/// The reasons for silence that end a talk between machines: what is withheld for one of them is in the log.
const ENDS_LOOPS: [&str; 3] = [ENOUGH, CLAIMED, AGAIN];

/// An acknowledgement that the bot would like to send.
#[derive(Debug, Clone)]
pub struct NewAck {
    /// The job that asked for it: done in the same transaction, whatever is decided.
    pub job: JobId,
    /// Where.
    pub conversation: ConversationId,
    /// The turn that it answers.
    pub turn: i64,
    /// The text, rendered from the retailer's template.
    pub text: String,
    /// The same, as the channel carries it.
    pub parts: Vec<Part>,
    /// Whether it is a letter.
    pub letter: bool,
}

impl Store {
    /// Writes an acknowledgement, or gives the reason why the bot stays silent.
    pub async fn insert_ack(&self, ack: NewAck) -> Result<Option<&'static str>, StoreError> {
        self.writer.write(Ack { ack }).await
    }

    /// On which inbox a conversation is answered now.
    pub async fn find_inbox_of(&self, conversation: &ConversationId) -> Result<Option<InboxId>, StoreError> {
        self.pool
            .clone()
            .first("SELECT inbox_id FROM conversations WHERE id = $1", values![conversation])
            .await?
            .map(|row| row.get("inbox_id").map(InboxId))
            .transpose()
    }
}

/// What holds back every automatic text in a conversation, whatever it says.
pub(super) async fn held_back(
    tx: &mut Tx,
    conversation: &Conversation,
) -> Result<Option<&'static str>, StoreError> {
    // An answer would tell whoever sends spam that the address is read, or reach somebody whose
    // address they use.
    if conversation.suspected {
        return Ok(Some("the receiving server took it for spam"));
    }
    let since = tx.now.minus(DAY);
    let row = tx
        .first(
            "SELECT (SELECT count(*) FROM messages WHERE contact_id = $2 AND created_at > $3 AND automatic_kind IS NOT NULL) AS today, \
             (SELECT count(*) FROM drafts WHERE conversation_id = $1 AND NOT note AND text <> '') AS drafts",
            values![&conversation.id, &conversation.contact, since],
        )
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
    Ok(if ends_loops() && row.get::<i64>("today")? >= MOST_A_DAY {
        Some(ENOUGH)
    } else if row.get::<i64>("drafts")? > 0 {
        Some("an associate is writing")
    } else {
        None
    })
}

struct Ack {
    ack: NewAck,
}

fn ends_loops() -> bool {
    !sabotage::breaks(Rule::EndsLoops)
}

impl Write for Ack {
    type Output = Option<&'static str>;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Option<&'static str>, StoreError> {
        let before = conversation::get(tx, &self.ack.conversation).await?;
        let mut thread = thread::get(tx, &before.thread).await?;
        let decided = self.decide(tx, &before, &thread).await?;
        job::finish(tx, &self.ack.job, decided.as_ref().err().copied()).await?;
        let recipient = match decided {
            Ok(recipient) => recipient,
            Err(silence) => {
                if ENDS_LOOPS.contains(&silence) {
                    tx.tell(before.event("automatic.withheld", None));
                }
                return Ok(Some(silence));
            }
        };
        let mut after = before.clone();
        let letter = if self.ack.letter {
            Some(NewLetter::of_thread(tx, &after.id, &thread.id, after.last_position).await?)
        } else {
            None
        };
        let outbound = Outbound {
            writer: Writer::Bot(AutomaticKind::Ack),
            text: &self.ack.text,
            spans: &[],
            answers: None,
            parts: &self.ack.parts,
            due_at: tx.now,
            letter,
        };
        let message = entry::insert_outbound(tx, &mut after, &mut thread, &recipient, &outbound).await?;
        if sabotage::breaks(Rule::OnlyPeopleDischarge) {
            let (contact, all) = (after.contact.clone(), after.last_position);
            obligation::discharge(tx, &mut after, &message, &contact, all).await?;
        }
        conversation::save_one(tx, &before, &after).await?;
        let mut event = after.event("message.automatic", Some(&before));
        event.message = Some(message);
        tx.tell(event);
        Ok(None)
    }
}

impl Ack {
    /// To whom the bot speaks, or why it stays silent.
    async fn decide(
        &self,
        tx: &mut Tx,
        conversation: &Conversation,
        thread: &Thread,
    ) -> Result<Result<Addressee, &'static str>, StoreError> {
        if bot::is_off(tx, &thread.inbox).await? {
            return Ok(Err("the bot was switched off"));
        }
        if let Some(silence) = self.silence(tx, conversation).await? {
            return Ok(Err(silence));
        }
        if ends_loops() && thread.repeats(tx.now) >= REPEATS {
            return Ok(Err(AGAIN));
        }
        let Some(facts) = tx.inbox(&thread.inbox) else {
            return Ok(Err("the inbox is gone"));
        };
        let recipient = match entry::recipient(tx, thread, &conversation.contact, &facts.sender_group).await {
            Ok(recipient) => recipient,
            Err(StoreError::Conflict(_)) => return Ok(Err("nobody can be reached")),
            Err(error) => return Err(error),
        };
        // By address, beside the count by contact: one address is a contact of each brand, and has
        // another one after a change of its owner.
        let row = tx
            .first(
                "SELECT h.trust, (SELECT count(DISTINCT message_id) FROM outbox WHERE recipient = $2 AND created_at > $3 AND automatic) AS today, \
                 (SELECT count(*) FROM outbox WHERE recipient = $2 AND created_at > $4 AND automatic) AS lately FROM handles h WHERE h.id = $1",
                values![&recipient.handle, &recipient.address, tx.now.minus(DAY), tx.now.minus(WINDOW)],
            )
            .await?
            .ok_or(StoreError::NotFound("handle"))?;
        let is_claimed = row.get::<String>("trust")? == Trust::Claimed.as_str();
        Ok(if ends_loops() && row.get::<i64>("today")? >= MOST_A_DAY {
            Err(ENOUGH)
        } else if ends_loops() && is_claimed && row.get::<i64>("lately")? > 0 {
            Err(CLAIMED)
        } else {
            Ok(recipient)
        })
    }

    async fn silence(
        &self,
        tx: &mut Tx,
        conversation: &Conversation,
    ) -> Result<Option<&'static str>, StoreError> {
        if conversation.human_in_episode {
            return Ok(Some("a person has spoken in this episode"));
        }
        if conversation.turn != self.ack.turn
            || conversation.state != State::Open
            || conversation.due_at.is_none()
        {
            return Ok(Some("the turn is over"));
        }
        if conversation.kind != ThreadKind::Private.as_str() {
            return Ok(Some("others read along"));
        }
        let said = tx
            .first(
                "SELECT 1 AS one FROM messages WHERE conversation_id = $1 AND turn = $2 AND automatic_kind IN ('ack', 'clarifying_question')",
                values![&conversation.id, conversation.turn],
            )
            .await?;
        if said.is_some() {
            return Ok(Some("this turn was acknowledged"));
        }
        held_back(tx, conversation).await
    }
}
