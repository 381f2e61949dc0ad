//! The messages of all chats, found by chat and number.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::world::Chat;

/// A message and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) chat: i64,
    pub(crate) business: Option<String>,
    pub(crate) id: i64,
    /// Who wrote it; 0: the channel itself.
    pub(crate) user: i64,
    pub(crate) at: i64,
    /// As the API shows it.
    pub(crate) json: Value,
    /// The files, the best form of each.
    pub(crate) files: Vec<String>,
    /// Whether the bot gets to know of it.
    pub(crate) seen: bool,
    pub(crate) deleted: bool,
    /// By user.
    pub(crate) reactions: BTreeMap<i64, Vec<Value>>,
}

/// Who numbers a chat's messages: supergroups and channels do it themselves; the others share the numbers of the
/// account that they belong to, the bot's or a business's.
type Counter = (Option<i64>, Option<String>);

fn counter(chat: i64, business: Option<&str>) -> Counter {
    (Some(chat).filter(|chat| *chat < super::groups::SUPERGROUPS), business.map(str::to_owned))
}

/// All messages, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Records {
    order: Vec<Record>,
    index: HashMap<(Counter, i64), usize>,
    counted: HashMap<Counter, i64>,
}

impl Records {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.order.iter()
    }

    /// The number that the next message of a chat gets.
    pub(crate) fn next(&self, chat: &Chat) -> i64 {
        self.counted.get(&counter(chat.id, chat.business.as_deref())).copied().unwrap_or(0) + 1
    }

    pub(crate) fn push(&mut self, record: Record) {
        let counter = counter(record.chat, record.business.as_deref());
        let highest = self.counted.entry(counter.clone()).or_default();
        *highest = record.id.max(*highest);
        self.index.insert((counter, record.id), self.order.len());
        self.order.push(record);
    }

    pub(crate) fn get(&self, chat: i64, business: Option<&str>, id: i64) -> Option<&Record> {
        let at = *self.index.get(&(counter(chat, business), id))?;
        self.order.get(at).filter(|record| record.chat == chat)
    }

    pub(crate) fn get_mut(&mut self, chat: i64, business: Option<&str>, id: i64) -> Option<&mut Record> {
        let at = *self.index.get(&(counter(chat, business), id))?;
        self.order.get_mut(at).filter(|record| record.chat == chat)
    }
}
