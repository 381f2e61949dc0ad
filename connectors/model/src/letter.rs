//! What a letter has and a chat message has not: a subject, further recipients, a form of its own, and
//! names by which answers refer to it.

use serde::{Deserialize, Serialize};

use crate::{
    id::{MessageName, OutboxId},
    secret::Address,
};

/// What a channel of letters tells beside the words. The default, empty one is a chat's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The subject, decoded.
    pub subject: Option<String>,
    /// Whom it was written to, our own addresses among them. They are shown and offered; none of them
    /// gets a part in the conversation by that.
    pub recipients: Vec<Recipient>,
    /// The name that its sender gave it.
    pub name: Option<MessageName>,
    /// What it continues.
    pub follows: Follows,
    /// The whole text, where the message's own text leaves something out (quotes, a signature).
    pub original: Option<String>,
    /// Its HTML form as it came: untrusted.
    pub html: Option<String>,
    /// The receiving server takes it for spam: it is shown apart and never put away.
    pub suspected: bool,
    /// What a person should see at a glance.
    pub marks: Vec<Mark>,
    /// What `marks` rest on, in one sentence.
    pub evidence: Option<String>,
}

/// What a message continues, and how far that is to be believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Follows {
    /// A part of ours that it surely answers or reports on: our own unguessable token came back with it.
    pub token: Option<OutboxId>,
    /// The messages that it says it answers, nearest first. Anybody can write these.
    pub references: Vec<MessageName>,
    /// Its sender is surely not who they say (DMARC failed): then only a token attaches it.
    pub disproved: bool,
}

/// How somebody was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientRole {
    /// It was meant for them.
    To,
    /// They got a copy, and all can see that.
    Cc,
}

/// Somebody whom a letter was written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// How.
    pub role: RecipientRole,
    /// Where, in the channel's canonical form.
    pub address: Address,
    /// The name beside the address.
    pub name: Option<String>,
}

/// What a letter is marked with. A closed list: each has its words in every language of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its sender is surely not who they say.
    Disproved,
    /// It names several senders.
    SeveralSenders,
    /// The sender's name holds another address than the sender's own.
    AddressInName,
    /// The address or the name mixes scripts or looks like another one.
    Confusable,
    /// The receiving server takes it for spam.
    Suspected,
    /// It could be read in part only.
    Damaged,
    /// What it says is encrypted.
    Encrypted,
    /// Somebody is away.
    OutOfOffice,
    /// A message of ours will not arrive.
    Bounce,
    /// A message of ours has not arrived yet.
    Delayed,
    /// A message of ours arrived, or was opened.
    Receipt,
    /// A recipient complained to their provider.
    Complaint,
    /// A mailing list.
    List,
    /// A newsletter.
    Newsletter,
    /// "Prove that you are a person."
    Challenge,
    /// Another ticket system confirms.
    Ticket,
    /// Our own letter came back.
    Echo,
    /// Written by some other machine.
    Machine,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 18] = [
        Self::Disproved,
        Self::SeveralSenders,
        Self::AddressInName,
        Self::Confusable,
        Self::Suspected,
        Self::Damaged,
        Self::Encrypted,
        Self::OutOfOffice,
        Self::Bounce,
        Self::Delayed,
        Self::Receipt,
        Self::Complaint,
        Self::List,
        Self::Newsletter,
        Self::Challenge,
        Self::Ticket,
        Self::Echo,
        Self::Machine,
    ];

    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disproved => "disproved",
            Self::SeveralSenders => "several_senders",
            Self::AddressInName => "address_in_name",
            Self::Confusable => "confusable",
            Self::Suspected => "suspected",
            Self::Damaged => "damaged",
            Self::Encrypted => "encrypted",
            Self::OutOfOffice => "out_of_office",
            Self::Bounce => "bounce",
            Self::Delayed => "delayed",
            Self::Receipt => "receipt",
            Self::Complaint => "complaint",
            Self::List => "list",
            Self::Newsletter => "newsletter",
            Self::Challenge => "challenge",
            Self::Ticket => "ticket",
            Self::Echo => "echo",
            Self::Machine => "machine",
        }
    }
}

/// What stands above the words of a letter that leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    /// The subject.
    pub subject: Option<String>,
    /// The messages that it answers, the oldest first; the last is the one that it answers.
    pub answers: Vec<MessageName>,
    /// Everybody it goes to, for all of them to see. Each gets a delivery of their own.
    pub recipients: Vec<Recipient>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_mark_is_the_one_that_serialises() {
        for mark in Mark::ALL {
            let json = serde_json::to_string(&mark).unwrap();
            assert_eq!(json, format!("\"{}\"", mark.as_str()));
        }
    }
}
