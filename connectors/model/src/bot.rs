//! The few messages that may leave without a person: a closed list.
//!
//! Everything else is written by a person. Adding a kind here is a decision about the product, and
//! the store's constraints have to agree to it.

use serde::{Deserialize, Serialize};

/// The kinds of automatic message, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomaticKind {
    /// Says that the message arrived and that a person will answer.
    Ack,
    /// Asks for one missing thing, such as an order number.
    ClarifyingQuestion,
    /// Confirms that the wish for a person was understood.
    HumanRequestedConfirmation,
    /// The legal text after STOP.
    OptOutConfirmation,
    /// The legal text after START.
    OptInConfirmation,
    /// The legal text after HELP.
    HelpText,
}

impl AutomaticKind {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::ClarifyingQuestion => "clarifying_question",
            Self::HumanRequestedConfirmation => "human_requested_confirmation",
            Self::OptOutConfirmation => "opt_out_confirmation",
            Self::OptInConfirmation => "opt_in_confirmation",
            Self::HelpText => "help_text",
        }
    }
}

/// Why an incoming message is automatic mail, that nobody owes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswerable {
    /// A keyword that ends automatic and other messages to this address: STOP.
    OptOut,
    /// A keyword that allows them again: START.
    OptIn,
    /// A keyword that asks for the legal help text: HELP.
    Help,
    /// A machine's answer: out of office, list mail, a delivery notice.
    AutomaticMail,
}

impl Unanswerable {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
            Self::Help => "help",
            Self::AutomaticMail => "automatic_mail",
        }
    }
}
