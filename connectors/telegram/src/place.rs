//! Where a message stands: the only builder and reader of this channel's thread and message ids.
//!
//! `42` is a chat, `-1001/7` the topic 7 of a group, and `CONNECTION:42` a chat that we see through a
//! business account. A message is `PLACE/9`, without the topic: numbers count within a chat, and the same
//! number in our own chat with somebody and in a business account's is not the same message.

use rapport_sdk::model::id::{ExternalMessageId, ExternalThreadId};

/// A chat, or a part of one that is a thread of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The business account's connection, where the chat is that account's and not the bot's own.
    pub business: Option<String>,
    /// The chat: a person's id, or a negative number for a group.
    pub chat: i64,
    /// The forum's topic. `None` in General, which is never sent with a number.
    pub topic: Option<i64>,
}

impl Place {
    /// A chat of the bot itself.
    pub fn chat(chat: i64) -> Self {
        Self { business: None, chat, topic: None }
    }

    /// The thread's id.
    pub fn thread(&self) -> ExternalThreadId {
        let topic = self.topic.map(|topic| format!("/{topic}")).unwrap_or_default();
        ExternalThreadId(format!("{}{topic}", self.account_and_chat()))
    }

    /// The id of one of its messages. It stays the same when the message is edited.
    pub fn message(&self, number: i64) -> ExternalMessageId {
        ExternalMessageId(format!("{}/{number}", self.account_and_chat()))
    }

    /// Reads a thread's id back; `None` for what this connector did not write.
    pub fn of_thread(id: &ExternalThreadId) -> Option<Self> {
        let (business, rest) = match id.as_str().rsplit_once(':') {
            Some((business, rest)) => (Some(business.to_owned()), rest),
            None => (None, id.as_str()),
        };
        let (chat, topic) = match rest.split_once('/') {
            Some((chat, topic)) => (chat, Some(topic.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self { business, chat: chat.parse().ok()?, topic })
    }

    /// The number of a message of this chat; `None` for one of another chat.
    pub fn number_of(&self, id: &ExternalMessageId) -> Option<i64> {
        id.as_str().strip_prefix(&self.account_and_chat())?.strip_prefix('/')?.parse().ok()
    }

    fn account_and_chat(&self) -> String {
        let account = self.business.as_ref().map(|id| format!("{id}:")).unwrap_or_default();
        format!("{account}{}", self.chat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_read_back_and_a_foreign_one_is_not() {
        for place in [
            Place::chat(42),
            Place { topic: Some(7), ..Place::chat(-1_001) },
            Place { business: Some("Bx_-9".to_owned()), ..Place::chat(42) },
        ] {
            assert_eq!(Place::of_thread(&place.thread()), Some(place));
        }
        for foreign in ["", "x", "+441|+442", "42/x", ":", "a:b/1", "1/2/3"] {
            assert_eq!(Place::of_thread(&foreign.into()), None, "{foreign}");
        }
    }

    #[test]
    fn a_number_is_read_from_a_message_of_the_same_chat_alone() {
        let topic = Place { topic: Some(7), ..Place::chat(-1_001) };
        let business = Place { business: Some("B".to_owned()), ..Place::chat(42) };
        assert_eq!(topic.number_of(&topic.message(9)), Some(9));
        assert_eq!(topic.message(9), Place::chat(-1_001).message(9), "a message of one chat has one id");
        assert_eq!(Place::chat(42).number_of(&business.message(9)), None);
        assert_eq!(Place::chat(4).number_of(&Place::chat(42).message(9)), None);
        assert_eq!(business.number_of(&business.message(9)), Some(9));
    }
}
