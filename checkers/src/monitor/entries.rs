//! The checks that are made, and by what they are found again.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use slab::Slab;
use smallvec::{SmallVec, smallvec};

use super::event::Record;
use super::found::{Found, News};
use super::schedule::Serial;
use super::turns::{Class, Place};
use crate::{BoxCheck, Health, Policy};

/// A check that is made; once it is not any more, another may get its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u32);

impl Id {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// All checks. There may be very many: of each as little is kept as will do.
#[derive(Debug)]
pub(super) struct Entries<K> {
    entries: Slab<Entry<K>>,
    /// By what they check. The checks themselves are not kept a second time.
    by_check: HashTable<Id>,
    hasher: RandomState,
}

impl<K> Default for Entries<K> {
    fn default() -> Self {
        Self { entries: Slab::new(), by_check: HashTable::new(), hasher: RandomState::new() }
    }
}

impl<K> Entries<K> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        let Self { entries, by_check, hasher } = self;
        entries.reserve_exact(more);
        by_check.reserve(more, |id| hash(hasher, entries, *id));
    }

    pub(super) fn get(&self, id: Id) -> Option<&Entry<K>> {
        self.entries.get(id.index())
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Entry<K>> {
        self.entries.get_mut(id.index())
    }

    /// The check that is made already, if it is equal.
    pub(super) fn find(&self, check: &BoxCheck, policy: &Policy) -> Option<Id> {
        let equal = |id: &Id| {
            let known = self.get(*id);
            known.is_some_and(|known| known.check == *check && **known.health.policy() == *policy)
        };
        self.by_check.find(self.hasher.hash_one(check), equal).copied()
    }

    pub(super) fn insert(&mut self, entry: Entry<K>) -> Id {
        let Self { entries, by_check, hasher } = self;
        let of_check = hasher.hash_one(&entry.check);
        let id = Id(u32::try_from(entries.insert(entry)).unwrap_or(u32::MAX));
        by_check.insert_unique(of_check, id, |id| hash(hasher, entries, *id));
        id
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<Entry<K>> {
        let entry = self.entries.try_remove(id.index())?;
        let of_check = self.hasher.hash_one(&entry.check);
        if let Ok(found) = self.by_check.find_entry(of_check, |known| *known == id) {
            found.remove();
        }
        Some(entry)
    }
}

fn hash<K>(hasher: &RandomState, entries: &Slab<Entry<K>>, id: Id) -> u64 {
    entries.get(id.index()).map_or(0, |entry| hasher.hash_one(&entry.check))
}

#[derive(Debug)]
pub(super) struct Entry<K> {
    pub(super) check: BoxCheck,
    pub(super) health: Health,
    /// Most have one.
    pub(super) subscribers: SmallVec<[Subscriber<K>; 1]>,
    pub(super) turn: Turn,
    /// `None` before the first attempt has ended.
    pub(super) found: Option<Box<Found>>,
}

/// Where a check is on its way to the next attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// Nobody wants one.
    None,
    /// In the order of what is due.
    InLine(Place),
    UnderWay(UnderWay),
}

/// An attempt under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    pub(super) serial: Serial,
    pub(super) class: Class,
    /// It may have missed something.
    pub(super) once_more: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Subscriber<K> {
    pub(super) key: K,
    /// So many events.
    pub(super) unread: u32,
    pub(super) paused: bool,
    /// There was something to tell that it has not been told.
    pub(super) missed: bool,
    /// It is told of every attempt.
    pub(super) every_attempt: bool,
}

impl<K> Entry<K> {
    pub(super) fn new(check: BoxCheck, health: Health, subscriber: Subscriber<K>) -> Self {
        Self { check, health, subscribers: smallvec![subscriber], turn: Turn::None, found: None }
    }

    pub(super) fn class(&self) -> Class {
        match &self.found {
            None => Class::Untried,
            Some(found) if found.news.is_pass() => Class::Passing,
            Some(_) => Class::Failing,
        }
    }

    /// Remembers what an attempt that brings news has found.
    pub(super) fn remember(&mut self, news: News, record: Option<Record>) {
        let found = match &mut self.found {
            Some(found) => {
                found.news = news;
                found
            }
            None => self.found.insert(Box::new(Found::new(news))),
        };
        if let Some(record) = record {
            found.record(record);
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.turn, Turn::UnderWay(_))
    }

    pub(super) fn wants_attempts(&self) -> bool {
        self.subscribers.iter().all(|subscriber| subscriber.unread == 0)
            && self.subscribers.iter().any(|subscriber| !subscriber.paused)
    }
}
