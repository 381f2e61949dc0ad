//! What happened, as somebody beside the bridge would have written it down: who wrote what and when, whom each
//! customer knew, and what should not have been.

use std::collections::HashMap;

use rapport_model::id::{ContactId, ConversationId};

use crate::people::{Associate, DAY};

/// So far back a conversation counts for whom a customer knows, and so many of them.
const WITHIN: i64 = 180 * DAY;
const LAST: usize = 3;

/// Who wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Customer,
    Associate(usize),
    Bot,
}

/// One message.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    pub at: i64,
    pub who: Who,
    pub channel: usize,
}

/// One conversation.
#[derive(Debug, Clone)]
pub struct Talk {
    pub customer: usize,
    pub contact: ContactId,
    pub began: i64,
    /// Whom the customer knew when it began, and whether that one worked within the promised time.
    pub known: Option<(usize, bool)>,
    pub words: Vec<Word>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Books {
    pub talks: HashMap<ConversationId, Talk>,
    /// The conversations of each contact, in the order in which they began.
    pub of_contact: HashMap<ContactId, Vec<ConversationId>>,
    /// Whom a contact chose by a card.
    pub chosen: HashMap<ContactId, usize>,
    pub associates: Vec<Associate>,
    /// When the year ends.
    pub end: i64,
    pub merges: usize,
    pub raised: usize,
    pub wrongs: Vec<String>,
}

impl Books {
    /// Whether this conversation is new to the books; it is opened in them.
    pub fn open(&mut self, id: &ConversationId, customer: usize, contact: &ContactId, now: i64) -> bool {
        if self.talks.contains_key(id) {
            return false;
        }
        let talk = Talk { customer, contact: contact.clone(), began: now, known: None, words: Vec::new() };
        self.talks.insert(id.clone(), talk);
        self.of_contact.entry(contact.clone()).or_default().push(id.clone());
        true
    }

    pub fn say(&mut self, id: &ConversationId, word: Word) {
        if let Some(talk) = self.talks.get_mut(id) {
            talk.words.push(word);
        }
    }

    /// Whom a contact knows before a conversation: a choice, else who wrote most in the last three conversations, of
    /// several with as many who wrote last; only somebody who works here.
    pub fn known(&self, contact: &ContactId, before: &ConversationId, now: i64) -> Option<usize> {
        if let Some(chosen) = self.chosen.get(contact).filter(|one| self.associates[**one].works(now)) {
            return Some(*chosen);
        }
        let last = self.of_contact.get(contact)?.iter().rev().filter(|id| *id != before);
        let mut written: HashMap<usize, (usize, i64)> = HashMap::new();
        for talk in last.map(|id| &self.talks[id]).filter(|talk| talk.began >= now - WITHIN).take(LAST) {
            for word in &talk.words {
                if let Who::Associate(one) = word.who
                    && self.associates[one].works(now)
                {
                    let (many, latest) = written.entry(one).or_default();
                    *many += 1;
                    *latest = (*latest).max(word.at);
                }
            }
        }
        written.into_iter().max_by_key(|(_, counted)| *counted).map(|(one, _)| one)
    }

    /// Two contacts are one from now on.
    pub fn merge(&mut self, into: &ContactId, from: &ContactId) {
        self.merges += 1;
        let moved = self.of_contact.remove(from).unwrap_or_default();
        for id in &moved {
            if let Some(talk) = self.talks.get_mut(id) {
                talk.contact = into.clone();
            }
        }
        let all = self.of_contact.entry(into.clone()).or_default();
        all.extend(moved);
        all.sort_by_key(|id| self.talks[id].began);
        if let Some(chosen) = self.chosen.remove(from) {
            self.chosen.entry(into.clone()).or_insert(chosen);
        }
    }
}
