//! Reading: what a person would take from a mail, and whether a person wrote it at all.
//!
//! Pure: no clock, no network, no store. Whatever the bytes are, reading ends in linear time and gives
//! at least a stub. What is stripped is only folded by who shows it: [`Reading::text`] stays whole.
//!
//! The way of a mail: `mime` takes it apart within budgets, `header` reads its fields, `body` puts
//! the displayed text together (by `html` and `flowed`), `fold` marks quotes and signatures in it.

mod attribution;
mod body;
mod charset;
mod delimiter;
mod encoded_word;
mod files;
mod flowed;
mod fold;
mod forward;
mod header;
mod header_block;
mod html;
mod line;
mod mime;
mod nature;
mod quote;
mod signature;
mod words;

use jiff::Timestamp;

pub use files::File;
pub use header::Mailbox;
pub use nature::{Bounce, Machine, Nature};

/// Who we are, so that our own mail is known when it comes back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ourselves {
    /// Our addresses; may be empty.
    pub addresses: Vec<String>,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The subject, decoded; the first one where there are several.
    pub subject: String,
    /// Who wrote it, as the mail claims.
    pub from: Vec<Mailbox>,
    /// Who sent it for them.
    pub sender: Option<Mailbox>,
    /// Where answers are wanted.
    pub reply_to: Vec<Mailbox>,
    /// To whom it was sent.
    pub to: Vec<Mailbox>,
    /// Who got a copy.
    pub cc: Vec<Mailbox>,
    /// When it was written, as the mail claims.
    pub date: Option<Timestamp>,
    /// Its Message-ID, without angle brackets.
    pub message_id: Option<String>,
    /// What it answers: Message-IDs without angle brackets.
    pub in_reply_to: Vec<String>,
    /// What went before, oldest first: Message-IDs without angle brackets.
    pub references: Vec<String>,
    /// The whole text, as a reader would see it.
    pub text: String,
    /// The text without quotes and without signature.
    pub text_reply: String,
    /// The text without quotes, its signature kept.
    pub text_noquote: String,
    /// The HTML as it came, decoded; not safe to show.
    pub html: Option<String>,
    /// The files and pictures that came with it.
    pub files: Vec<File>,
    /// Whether a person wrote it.
    pub nature: Nature,
    /// What was odd, each in a sentence for a person.
    pub problems: Vec<String>,
    /// All header fields of the mail in their order, decoded; at most a thousand.
    pub headers: Vec<(String, String)>,
}

impl Reading {
    /// The values of all fields of this name, in their order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a mail (RFC 5322). Never fails: what can't be understood is told in [`Reading::problems`].
pub fn read(raw: &[u8], us: &Ourselves) -> Reading {
    let mut problems = Vec::new();
    let raw = mime::within_budget(raw, &mut problems);
    let message = mime::parse(&raw, &mut problems);
    let mut reading = header::read(&raw, &mut problems);
    if let Some(message) = &message {
        let body = body::read(message, &mut problems);
        let is_forward = forward::is_named_so(&reading.subject);
        let mut folded = fold::fold(&body, is_forward);
        if !folded.has_quote
            && let Some(other) = body.by_markup()
        {
            let by_markup = fold::fold(&other, is_forward);
            if by_markup.has_quote && !by_markup.reply.is_empty() {
                folded = by_markup;
            }
        }
        reading.nature = nature::judge(message, &raw, &body.text, &folded.noquote, us);
        reading.files = files::collect(message, &body.displayed);
        reading.text_reply = folded.reply;
        reading.text_noquote = folded.noquote;
        reading.text = body.text;
        reading.html = body.html;
    }
    if message.is_none() || reading.headers.is_empty() {
        problems.push("The mail has no header that can be read.".into());
        reading.text = mime::stub(&raw);
        reading.text_reply.clone_from(&reading.text);
        reading.text_noquote.clone_from(&reading.text);
    }
    reading.problems = problems;
    reading
}
