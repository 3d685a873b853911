use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::time::Time;

/// What is to happen, in order of time, and of entry where times are equal.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BinaryHeap<Entry<T>>,
    sequence: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Time,
    sequence: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub(crate) fn new() -> Self {
        Self { entries: BinaryHeap::with_capacity(1024), sequence: 0 }
    }

    pub(crate) fn add(&mut self, at: Time, what: T) {
        self.sequence += 1;
        self.entries.push(Entry { at, sequence: self.sequence, what });
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, T)> {
        self.entries.pop().map(|entry| (entry.at, entry.what))
    }
}

impl<T> Ord for Entry<T> {
    /// The greatest is what is next.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}
