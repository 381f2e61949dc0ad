//! The single words that end and allow messages to a number, as carriers define them.

use rapport_sdk::model::{bot::Unanswerable, event::ReachChange};

/// What a keyword does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// Ends all messages to this number.
    Stop,
    /// Allows them again.
    Start,
    /// Allows them again where they were ended, and is an ordinary answer otherwise.
    Yes,
    /// Asks for the legal help text.
    Help,
}

impl Keyword {
    /// The keyword that a text is: the whole text, in any case. "STOP please" is none, because the
    /// carriers do not act on it.
    pub fn of(text: &str) -> Option<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "OPTOUT" | "REVOKE" => {
                Some(Self::Stop)
            }
            "START" | "UNSTOP" => Some(Self::Start),
            "YES" => Some(Self::Yes),
            "HELP" | "INFO" => Some(Self::Help),
            _ => None,
        }
    }

    /// What it changes about who can be reached.
    pub fn reach(self) -> Option<ReachChange> {
        match self {
            Self::Stop => Some(ReachChange::OptedOut),
            Self::Start | Self::Yes => Some(ReachChange::Back),
            Self::Help => None,
        }
    }

    /// Why nobody owes it an answer. To "yes" and to "help" somebody does, unless the provider
    /// says that it has acted on the word: they are what a person writes to a person, too.
    pub fn unanswerable(self, provider_acted: bool) -> Option<Unanswerable> {
        match self {
            Self::Stop => Some(Unanswerable::OptOut),
            Self::Start => Some(Unanswerable::OptIn),
            Self::Yes => provider_acted.then_some(Unanswerable::OptIn),
            Self::Help => provider_acted.then_some(Unanswerable::Help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_single_word_is_a_keyword() {
        for word in ["STOP", " stop ", "Unsubscribe", "cancel\r\n", "OPTOUT", "revoke"] {
            assert_eq!(Keyword::of(word), Some(Keyword::Stop), "{word}");
        }
        for text in ["STOP please", "please stop", "stop by the shop", "STOP.", "", "end of it"] {
            assert_eq!(Keyword::of(text), None, "{text}");
        }
        assert_eq!(Keyword::of("unstop"), Some(Keyword::Start));
        assert_eq!(Keyword::of("Info"), Some(Keyword::Help));
    }

    #[test]
    fn yes_and_help_are_owed_an_answer_unless_the_provider_acted_on_them() {
        assert_eq!(Keyword::Yes.reach(), Some(ReachChange::Back));
        assert_eq!(Keyword::Yes.unanswerable(false), None);
        assert_eq!(Keyword::Help.unanswerable(false), None);
        assert_eq!(Keyword::Help.unanswerable(true), Some(Unanswerable::Help));
    }
}
