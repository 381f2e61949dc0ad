//! Composing: what a part looks like as a mail (RFC 5322, MIME).
//!
//! Pure, and the same for the same row on every try to the byte, its date and its boundaries too: only so is
//! a mail that arrives twice one mail. Nothing that comes in can add a header, end a line or pass for a part
//! of its own. There is nothing in it that tells us whether it was read.

mod address;
mod body;
mod header;
mod mime;
mod subject;

use rapport_sdk::model::{
    id::{MessageName, OutboxId},
    letter::{Recipient, RecipientRole},
    outbound::Outgoing,
};

use crate::{
    sabotage::{self, Rule},
    token::Tokens,
};
use address::Mailbox;
use header::{Head, one_line, phrase, unstructured};

/// So many messages are named in References: the first, and the last ones before this.
const MOST_REFERENCES: usize = 20;
/// A longer name of a message is left out, in octets.
const LONGEST_NAME: usize = 250;
/// At most so many recipients are named: mail with more is refused by many servers.
const MOST_RECIPIENTS: usize = 100;
/// A longer name of a person is cut, in characters.
const LONGEST_PERSON: usize = 80;

/// A mail with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Its Message-ID without angle brackets.
    pub name: String,
    /// The return path; `None`: the null one (RFC 5321 section 4.5.5).
    pub from: Option<String>,
    /// Whom it goes to.
    pub to: String,
    /// Whether it can go through servers with SMTPUTF8 alone (RFC 6531).
    pub needs_utf8: bool,
    /// Head and body, with CR LF.
    pub bytes: Vec<u8>,
}

/// Why no mail can be made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Our own address is none.
    #[error("the inbox's own address is not an e-mail address")]
    Sender,
    /// The recipient's address is none.
    #[error("the recipient's address is not an e-mail address")]
    Recipient,
    /// A file came without its bytes.
    #[error("a file can't be read")]
    File,
}

/// What the mails of one inbox have in common.
pub struct Composer {
    /// Makes their Message-IDs.
    pub tokens: Tokens,
    /// The name beside our address.
    pub name: Option<String>,
    /// Whether answers may come to `name+token@domain`.
    pub plus_addressing: bool,
}

impl Composer {
    /// The mail of this part.
    pub fn compose(&self, outgoing: &Outgoing) -> Result<Composed, ComposeError> {
        let from = Mailbox::read(&outgoing.from).ok_or(ComposeError::Sender)?;
        let to = Mailbox::read(&outgoing.to).ok_or(ComposeError::Recipient)?;
        let needs_utf8 = from.needs_utf8() || to.needs_utf8();
        let key = if sabotage::breaks(Rule::OneName) { &OutboxId::new() } else { &outgoing.key };
        let name = self.tokens.message_id(key, from.domain());
        let mut head = Head::default();
        let ours = self.name.as_deref();
        head.add("From", mailbox(&from, ours));
        let heading = &outgoing.heading;
        // Everybody sees whom it went to; whom this copy goes to, the envelope says.
        let mut shown = shown(&heading.recipients, RecipientRole::To, needs_utf8);
        let copies = self::shown(&heading.recipients, RecipientRole::Cc, needs_utf8);
        if shown.is_empty() && copies.is_empty() {
            shown.push(mailbox(&to, None));
        }
        add_list(&mut head, "To", shown);
        add_list(&mut head, "Cc", copies);
        if let Some(address) = self.reply_to(&outgoing.key, &from) {
            head.add("Reply-To", mailbox(&address, ours));
        }
        let subject = subject::subject(heading.subject.as_deref(), !heading.answers.is_empty());
        head.add("Subject", unstructured(&subject, "Subject:".len()));
        head.add("Date", [date(&outgoing.key)]);
        head.add("Message-ID", [format!("<{name}>")]);
        let answers: Vec<&MessageName> = heading.answers.iter().filter(|name| can_be_named(name)).collect();
        if let Some(last) = answers.last() {
            head.add("In-Reply-To", [format!("<{last}>")]);
            let skipped = answers.len().saturating_sub(MOST_REFERENCES);
            let kept = answers.iter().enumerate().filter(|(at, _)| *at == 0 || *at > skipped);
            head.add("References", kept.map(|(_, name)| format!("<{name}>")));
        }
        if outgoing.automatic {
            // RFC 3834 section 5, and what Exchange asks for the same.
            head.add("Auto-Submitted", ["auto-replied"]);
            head.add("X-Auto-Response-Suppress", ["All"]);
        }
        let text = body::plain(&outgoing.part.text);
        let secret = self.tokens.boundary(&outgoing.key);
        let mail = mime::write(&head, &text, &outgoing.media, &secret, from.domain());
        Ok(Composed {
            name,
            from: (!outgoing.automatic).then(|| from.text()),
            to: to.text(),
            needs_utf8,
            bytes: mail.ok_or(ComposeError::File)?.into_bytes(),
        })
    }

    fn reply_to(&self, key: &OutboxId, from: &Mailbox) -> Option<Mailbox> {
        let address = self.plus_addressing.then(|| self.tokens.plus_address(key, &from.text()))??;
        Mailbox::read(&rapport_sdk::model::Address::new(address))
    }
}

/// A name and an address as words.
fn mailbox(mailbox: &Mailbox, name: Option<&str>) -> Vec<String> {
    let name = one_line(name.unwrap_or_default(), LONGEST_PERSON);
    if name.is_empty() {
        return vec![mailbox.text()];
    }
    let mut words = phrase(&name);
    words.push(format!("<{}>", mailbox.text()));
    words
}

/// Those with this role. What is no address is left out; one that this mail can't hold, because its own way
/// is one of ASCII, is named without being one (RFC 6854, as RFC 6857 section 3 does).
fn shown(recipients: &[Recipient], role: RecipientRole, utf8: bool) -> Vec<Vec<String>> {
    let shown = recipients.iter().filter(|recipient| recipient.role == role).filter_map(|recipient| {
        let read = Mailbox::read(&recipient.address)?;
        if utf8 || !read.needs_utf8() {
            return Some(mailbox(&read, recipient.name.as_deref()));
        }
        let mut words = phrase(&read.text());
        words.push(":;".to_owned());
        Some(words)
    });
    shown.take(MOST_RECIPIENTS).collect()
}

fn add_list(head: &mut Head, name: &str, list: Vec<Vec<String>>) {
    let last = list.len().saturating_sub(1);
    let words: Vec<String> = list
        .into_iter()
        .enumerate()
        .flat_map(|(at, mut words)| {
            if let Some(word) = words.last_mut().filter(|_| at < last) {
                word.push(',');
            }
            words
        })
        .collect();
    if !words.is_empty() {
        head.add(name, words);
    }
}

/// Whether a name that a stranger chose can stand in a header as it is.
fn can_be_named(name: &MessageName) -> bool {
    let text = name.as_str();
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'<' && byte != b'>')
        && !text.contains("=?")
}

/// When the row came to be (RFC 9562 section 5.7): not the time of this try.
fn date(key: &OutboxId) -> String {
    let millis = key.as_str().get(OutboxId::PREFIX.len()..OutboxId::PREFIX.len() + 12);
    let millis = millis.and_then(|hex| i64::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
