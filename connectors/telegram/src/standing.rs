//! What the bot may do, as far as updates told since the start: the part of an inbox's health that is
//! not about the connection.

use std::collections::BTreeMap;

/// Something changed about what we may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// We are no longer in a group.
    Removed {
        /// Which.
        chat: i64,
        /// What it is called.
        title: String,
    },
    /// We are in a group and may not write there.
    Muted {
        /// Which.
        chat: i64,
        /// What it is called.
        title: String,
    },
    /// We are in a group and may write there.
    Welcome {
        /// Which.
        chat: i64,
    },
    /// A business account's connection to us is as said.
    Business {
        /// The connection.
        id: String,
        /// Whether it stands.
        enabled: bool,
        /// Whether we may answer for the account.
        may_reply: bool,
    },
}

/// The longest title that a reason quotes: anybody may name a group and add a bot to it.
const LONGEST_TITLE: usize = 40;

/// What is amiss.
#[derive(Debug, Default)]
pub struct Standing {
    groups: BTreeMap<i64, String>,
    business: BTreeMap<String, &'static str>,
}

impl Standing {
    /// Takes a change in.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Removed { chat, title } => {
                let title = quoted(&title);
                self.groups.insert(
                    chat,
                    format!("The bot was removed from the group \u{201C}{title}\u{201D}: add it again to read and answer there."),
                );
            }
            Change::Muted { chat, title } => {
                let title = quoted(&title);
                self.groups.insert(
                    chat,
                    format!("The bot may not write in the group \u{201C}{title}\u{201D}: allow it to send messages there."),
                );
            }
            Change::Welcome { chat } => {
                self.groups.remove(&chat);
            }
            Change::Business { id, enabled: true, may_reply: true } => {
                self.business.remove(&id);
            }
            Change::Business { id, enabled: false, .. } => {
                self.business.insert(
                    id,
                    "A business account has disconnected the bot: connect it again in that account's settings \
                     (Business, Chatbots).",
                );
            }
            Change::Business { id, .. } => {
                self.business.insert(
                    id,
                    "A business account does not let the bot reply: allow it in that account's settings \
                     (Business, Chatbots, Reply to messages).",
                );
            }
        }
    }

    /// What a person should set right, one sentence each.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.groups.values().map(String::as_str).chain(self.business.values().copied())
    }
}

fn quoted(title: &str) -> String {
    title.chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_lets_us_in_again_and_an_account_that_connects_again_are_no_longer_amiss() {
        let mut standing = Standing::default();
        standing.apply(Change::Removed { chat: -1, title: "Shop\n".to_owned() + &"x".repeat(99) });
        standing.apply(Change::Muted { chat: -2, title: "Other".to_owned() });
        standing.apply(Change::Business { id: "b".to_owned(), enabled: true, may_reply: false });
        let reasons: Vec<_> = standing.reasons().map(str::to_owned).collect();
        assert_eq!(reasons.len(), 3);
        let quoted = format!("\u{201C}Shop{}\u{201D}", "x".repeat(36));
        assert!(reasons.iter().any(|reason| reason.contains(&quoted)), "{reasons:?}");
        standing.apply(Change::Welcome { chat: -1 });
        standing.apply(Change::Welcome { chat: -2 });
        standing.apply(Change::Business { id: "b".to_owned(), enabled: true, may_reply: true });
        assert_eq!(standing.reasons().count(), 0);
    }
}
