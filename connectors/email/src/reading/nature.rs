//! Whether a person wrote a mail, or a machine: and then which kind of machine, on what evidence.
//!
//! Reports are judged by their form (`report`) or, where a server writes them in a form of its own, by
//! sender and words (`free_form`); other machines by what they put into the headers (`machine`), and where
//! they put nothing, by words that a person would not choose (`words`). A person who only speaks of such
//! things stays a person: no word alone decides.

mod free_form;
mod headers;
mod machine;
mod report;
mod status;
mod words;

use mail_parser::Message;

use self::headers::Headers;
use super::Ourselves;

/// Judges a mail. `text` is all that a reader sees, `own` the part of it that its writer wrote anew.
pub fn judge(message: &Message<'_>, raw: &[u8], text: &str, own: &str, us: &Ourselves) -> Nature {
    let headers = Headers::of(raw);
    let mail = Mail { message, headers: &headers, text, own, us };
    report::judge(&mail)
        .or_else(|| free_form::judge(&mail))
        .or_else(|| machine::judge(&mail))
        .unwrap_or_default()
}

/// What the judges look at.
struct Mail<'a> {
    message: &'a Message<'a>,
    headers: &'a Headers,
    text: &'a str,
    own: &'a str,
    us: &'a Ourselves,
}

impl Mail<'_> {
    /// The sender's address in lower case.
    fn sender(&self) -> String {
        let from = self.message.from().and_then(|from| from.first());
        from.and_then(|from| from.address()).unwrap_or_default().to_lowercase()
    }

    /// The sender's name in lower case.
    fn sender_name(&self) -> String {
        let from = self.message.from().and_then(|from| from.first());
        from.and_then(|from| from.name()).unwrap_or_default().to_lowercase()
    }

    /// The subject in lower case, its first one where there are several.
    fn subject(&self) -> String {
        self.message.subject().unwrap_or_default().trim().to_lowercase()
    }

    /// Whether the envelope had no sender, as that of a report has.
    fn has_null_sender(&self) -> bool {
        self.headers.get("return-path").is_some_and(|path| path.trim() == "<>")
    }
}

impl Nature {
    fn of(machine: Machine, evidence: impl Into<String>) -> Self {
        Self { machine: Some(machine), evidence: evidence.into(), bounce: None }
    }
}

/// Who stands behind a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nature {
    /// What kind of machine wrote it; `None`: a person did.
    pub machine: Option<Machine>,
    /// What decided, for a person to read: the header or the words, without quoting the mail further.
    pub evidence: String,
    /// What it reports about a mail of ours, where it is such a report.
    pub bounce: Option<Bounce>,
}

/// The kinds of automatic mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Somebody is away.
    OutOfOffice,
    /// A mail of ours will not arrive.
    Failed,
    /// A mail of ours has not arrived yet.
    Delayed,
    /// A mail of ours arrived.
    Delivered,
    /// A recipient complained (ARF, RFC 5965).
    Complaint,
    /// A mailing list.
    List,
    /// A newsletter.
    Newsletter,
    /// A read receipt (RFC 8098).
    ReadReceipt,
    /// "Prove that you are a person, and your mail goes through."
    Challenge,
    /// Another ticket system confirms.
    Ticket,
    /// Our own mail came back.
    Echo,
    /// Some other machine.
    Other,
}

/// A report about a mail of ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounce {
    /// Whether the address will never take mail.
    pub hard: bool,
    /// The address that the report is about.
    pub recipient: Option<String>,
    /// Its enhanced status code (RFC 3463): "5.1.1".
    pub status: Option<String>,
    /// The Message-ID of our mail, without angle brackets.
    pub original: Option<String>,
    /// What a person should know, in one sentence.
    pub reason: String,
}
