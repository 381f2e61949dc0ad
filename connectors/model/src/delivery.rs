//! What became of a message on its way out.

use serde::{Deserialize, Serialize};

/// The state of one part for one recipient, and (as the worst of them) of a whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits in the outbox: for its undo window, its turn or its next try.
    Queued,
    /// Handed to the connector; the outcome is not yet known.
    Sending,
    /// The provider has it.
    Sent,
    /// The provider has it and reports a delay.
    Delayed,
    /// It is on the recipient's device.
    Delivered,
    /// The recipient has seen it.
    Read,
    /// It will not arrive.
    Failed,
    /// We don't know whether it was sent: a person decides.
    Unconfirmed,
    /// Taken back before it left.
    Cancelled,
}

impl DeliveryState {
    /// Every state, for tests and for reading from the store.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delayed,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Unconfirmed,
        Self::Cancelled,
    ];

    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Unconfirmed => "unconfirmed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word back; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether a later report may move a delivery from `self` to `next`. Reports arrive in any
    /// order, so none leads back, and nothing leads out of `failed`, `cancelled` and `read`.
    pub fn may_become(self, next: Self) -> bool {
        let rank = |state: Self| match state {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Unconfirmed => 2,
            Self::Sent => 3,
            Self::Delayed => 4,
            Self::Delivered => 5,
            Self::Read => 6,
            Self::Failed | Self::Cancelled => 7,
        };
        match (self, next) {
            (Self::Failed | Self::Cancelled | Self::Read, _) | (Self::Delivered, Self::Failed) => false,
            _ => rank(next) > rank(self),
        }
    }

    /// How bad a state is for the whole message: the worst part decides.
    fn gravity(self) -> u8 {
        match self {
            Self::Failed => 8,
            Self::Unconfirmed => 7,
            Self::Sending => 6,
            Self::Queued => 5,
            Self::Delayed => 4,
            Self::Sent => 3,
            Self::Delivered => 2,
            Self::Read => 1,
            Self::Cancelled => 0,
        }
    }

    /// The state of a message whose parts have these states; `None` for no part at all.
    pub fn of_message(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().max_by_key(|state| state.gravity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_never_leads_back_from_a_later_state() {
        use DeliveryState::{Delivered, Failed, Read, Sent};
        assert!(Sent.may_become(Delivered));
        assert!(!Delivered.may_become(Sent));
        assert!(Delivered.may_become(Read));
        assert!(!Delivered.may_become(Failed));
        assert!(!Failed.may_become(Delivered));
        for from in DeliveryState::ALL {
            assert!(!from.may_become(from), "{from:?} must not repeat");
        }
    }

    #[test]
    fn the_worst_part_decides_the_message() {
        use DeliveryState::{Cancelled, Delivered, Failed};
        assert_eq!(DeliveryState::of_message([Failed, Delivered, Cancelled]), Some(Failed));
        assert_eq!(DeliveryState::of_message([]), None);
    }

    #[test]
    fn every_state_is_read_back_from_its_word() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::parse(state.as_str()), Some(state));
        }
    }
}
