//! What a test has ordered to go wrong, and has not gone wrong yet.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// The faults that wait for their call: those of one operation happen in the order in which they came.
#[derive(Debug)]
pub(crate) struct Faults<O, F>(HashMap<O, VecDeque<F>>);

impl<O, F> Default for Faults<O, F> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<O: Copy + Eq + Hash, F> Faults<O, F> {
    pub(crate) fn push(&mut self, operation: O, fault: F) {
        self.0.entry(operation).or_default().push_back(fault);
    }

    pub(crate) fn take(&mut self, operation: O) -> Option<F> {
        self.0.get_mut(&operation)?.pop_front()
    }

    pub(crate) fn next(&self, operation: O) -> Option<&F> {
        self.0.get(&operation)?.front()
    }

    pub(crate) fn wait_for(&self, operation: O) -> bool {
        self.0.get(&operation).is_some_and(|faults| !faults.is_empty())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
