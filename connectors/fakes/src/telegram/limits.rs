//! How fast a bot may speak: one message a second in a chat, twenty a minute in a group, thirty a second in all.

use std::collections::{HashMap, VecDeque};

use rapport_sdk::model::Timestamp;

/// When the bot spoke lately, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// Whether they hold.
    pub(crate) hold: bool,
    chats: HashMap<i64, VecDeque<i64>>,
    all: VecDeque<i64>,
}

impl Limits {
    /// Counts so many messages, or says after how many seconds they may come.
    pub(crate) fn count(
        &mut self,
        chat: i64,
        is_group: bool,
        messages: usize,
        now: Timestamp,
    ) -> Result<(), u64> {
        if !self.hold {
            return Ok(());
        }
        let now = now.millis();
        let (most, window) = if is_group { (20, 60_000) } else { (1, 1_000) };
        let of_chat = self.chats.entry(chat).or_default();
        for (spoken, most, window) in [(&mut *of_chat, most, window), (&mut self.all, 30, 1_000)] {
            while spoken.front().is_some_and(|at| *at <= now - window) {
                spoken.pop_front();
            }
            if spoken.len() >= most {
                let until = spoken.front().map_or(window, |at| at + window - now);
                return Err(u64::try_from(until).unwrap_or(0).div_ceil(1000).max(1));
            }
        }
        for _ in 0..messages {
            of_chat.push_back(now);
            self.all.push_back(now);
        }
        Ok(())
    }
}
