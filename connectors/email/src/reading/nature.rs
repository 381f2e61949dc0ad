//! Whether a person wrote a mail, or a machine: and then which kind of machine, on what evidence.

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
