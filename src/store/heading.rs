//! What stands above a letter of ours: its subject, what it answers, and everybody it goes to.
//!
//! It is settled when the letter is written, with what its author had seen then, and read again when
//! its parts leave.

use rapport_model::{
    Address,
    id::{ConversationId, InboxId, MessageId, MessageName, ThreadId},
    letter::{Heading, Recipient, RecipientRole},
    text,
};

use super::{
    Store,
    db::Run,
    entry::Addressee,
    error::StoreError,
    recipients::{self, Offered, Place},
    rows::Rows,
    scope::Actor,
    subject,
    tx::Tx,
    value::{Row, values},
};

/// So many names of earlier letters are given: the first of all and the latest.
const MOST_ANSWERED: usize = 20;

/// What an associate may write above a reply, and how far they went.
#[derive(Debug, Clone, Default)]
pub struct ReplyHeading {
    /// The subject; without one, that of the thread's last letter is answered.
    pub subject: Option<String>,
    /// Who gets a copy, of those whom this conversation's letters name.
    pub cc: Vec<Address>,
    /// Our own addresses on the channel: nobody to write to.
    pub ours: Vec<Address>,
}

/// What a reply on a thread of letters may begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The subject that it gets unless its author writes another one.
    pub subject: Option<String>,
    /// Who may get a copy, the latest named first.
    pub people: Vec<Offered>,
}

impl Store {
    /// What the next reply of a conversation may begin with, on the thread that was used last. `ours` are
    /// our own addresses on its channel.
    pub async fn get_offer(
        &self,
        actor: &Actor,
        conversation: &ConversationId,
        ours: &[Address],
    ) -> Result<Offer, StoreError> {
        let leg = self.find_leg(actor, conversation, None).await?;
        let thread = leg.ok_or(StoreError::NotFound("conversation"))?.thread;
        let mut pool = self.pool.clone();
        Ok(Offer {
            subject: suggest(&mut pool, conversation, &thread).await?,
            people: recipients::list(&mut pool, conversation, &thread, ours).await?,
        })
    }
}

/// The letter of an outbound message that is about to be inserted.
pub(super) struct NewLetter {
    subject: Option<String>,
    answers: Vec<MessageName>,
    pub copies: Vec<Addressee>,
}

impl NewLetter {
    /// A person's, with the copies that they chose.
    pub(super) async fn of_reply(
        tx: &mut Tx,
        place: &Place<'_>,
        heading: &ReplyHeading,
        seen: i64,
    ) -> Result<Self, StoreError> {
        let copies = recipients::choose(tx, place, &heading.cc, &heading.ours).await?;
        let own = heading.subject.as_deref().filter(|subject| !text::is_blank(subject));
        let mut letter = Self::of_thread(tx, place.conversation, place.thread, seen).await?;
        if let Some(own) = own {
            letter.subject = Some(own.trim().to_owned());
        }
        Ok(Self { copies, ..letter })
    }

    /// One that only answers what came on a thread, up to a position.
    pub(super) async fn of_thread(
        tx: &mut Tx,
        conversation: &ConversationId,
        thread: &ThreadId,
        seen: i64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            subject: suggest(tx, conversation, thread).await?,
            answers: answers(tx, conversation, thread, seen).await?,
            copies: Vec::new(),
        })
    }

    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        message: &MessageId,
        inbox: &InboxId,
        recipients: &[&Addressee],
    ) -> Result<(), StoreError> {
        // Without names: whoever reads along is told no more of the others than where they are written to.
        let recipients: Vec<Recipient> = recipients
            .iter()
            .map(|person| Recipient {
                role: if person.contact.is_none() { RecipientRole::To } else { RecipientRole::Cc },
                address: Address::new(person.address.clone()),
                name: None,
            })
            .collect();
        let answers = self.answers.iter().map(MessageName::as_str).collect::<Vec<_>>().join(" ");
        let recipients = serde_json::to_string(&recipients).expect("words and texts are plain data");
        let subject = self.subject.as_deref().map(|subject| text::storable(subject).into_owned());
        let mut rows = Rows::new("letters", &["message_id", "inbox_id", "refs", "subject", "recipients"]);
        rows.push(values![message, inbox, answers, subject, recipients]);
        rows.insert(tx).await
    }
}

/// The subject of an answer to the last letter of a thread.
async fn suggest(
    db: &mut impl Run,
    conversation: &ConversationId,
    thread: &ThreadId,
) -> Result<Option<String>, StoreError> {
    // What a machine sent ("Undelivered", "Out of office") is nobody's matter.
    let row = db
        .first(
            "SELECT l.subject FROM messages m JOIN letters l ON l.message_id = m.id WHERE m.conversation_id = $1 \
             AND m.thread_id = $2 AND l.subject IS NOT NULL AND m.automatic_kind IS NULL \
             AND (m.unanswerable IS NULL OR m.unanswerable <> 'automatic_mail') \
             AND (m.delivery IS NULL OR m.delivery <> 'cancelled') ORDER BY m.position DESC LIMIT 1",
            values![conversation, thread],
        )
        .await?;
    let last: Option<String> = row.map(|row| row.get("subject")).transpose()?;
    Ok(last.as_deref().and_then(subject::answer_to))
}

/// What an answer names (References, RFC 5322 section 3.6.4): what the last letter that its author had
/// seen names, and that letter; the oldest first.
async fn answers(
    tx: &mut Tx,
    conversation: &ConversationId,
    thread: &ThreadId,
    seen: i64,
) -> Result<Vec<MessageName>, StoreError> {
    // The report of a machine is answered only where there is nothing else: its readers have never seen it.
    let row = tx
        .first(
            "SELECT l.refs, l.name FROM messages m JOIN letters l ON l.message_id = m.id WHERE m.conversation_id = $1 \
             AND m.thread_id = $2 AND m.kind = 'inbound' AND m.position <= $3 \
             ORDER BY CASE WHEN m.unanswerable = 'automatic_mail' THEN 1 ELSE 0 END, m.position DESC LIMIT 1",
            values![conversation, thread, seen],
        )
        .await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let refs: String = row.get("refs")?;
    let mut names = read_names(&refs);
    names.extend(row.get::<Option<String>>("name")?.map(MessageName));
    Ok(shortened(names))
}

/// At most so many names: the first, by which programs find the thread, and the latest.
fn shortened(mut names: Vec<MessageName>) -> Vec<MessageName> {
    if names.len() > MOST_ANSWERED {
        names.drain(1..=names.len() - MOST_ANSWERED);
    }
    names
}

/// Names as the `refs` column lists them.
fn read_names(refs: &str) -> Vec<MessageName> {
    refs.split(' ').filter(|name| !name.is_empty()).map(MessageName::from).collect()
}

/// What stands above a message of ours; nothing above one that is no letter.
pub(super) async fn of_message(tx: &mut Tx, message: &MessageId) -> Result<Heading, StoreError> {
    let row = tx
        .first("SELECT refs, subject, recipients FROM letters WHERE message_id = $1", values![message])
        .await?;
    row.as_ref().map_or_else(|| Ok(Heading::default()), read)
}

/// The same from the columns of its letter, where it may have one.
pub(super) fn read(row: &Row) -> Result<Heading, StoreError> {
    let Some(recipients) = row.get::<Option<String>>("recipients")? else { return Ok(Heading::default()) };
    Ok(Heading {
        subject: row.get("subject")?,
        answers: read_names(&row.get::<String>("refs")?),
        recipients: recipients::read_recipients(&recipients)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_chain_the_first_and_the_latest_names_are_given() {
        let chain = |range: std::ops::Range<usize>| range.map(|n| MessageName(n.to_string())).collect();
        let short: Vec<_> = chain(0..20);
        assert_eq!(shortened(short.clone()), short);
        let names: Vec<_> = shortened(chain(0..40));
        assert_eq!(names.len(), MOST_ANSWERED);
        assert_eq!((names[0].as_str(), names[1].as_str(), names[19].as_str()), ("0", "21", "39"));
    }
}
