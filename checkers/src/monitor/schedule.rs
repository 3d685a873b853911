//! Which checks there are, when each is due, and what there is to tell: all that a monitor decides.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::entries::{Entries, Entry, Id, Subscriber, Turn, UnderWay};
use super::event::{Event, Record};
use super::found::{Found, News};
use super::turns::Turns;
use crate::{BoxCheck, Check, Health, LONGEST_WAIT, Outcome, Policy, Standing};

/// One attempt among the last four billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Serial(u32);

/// An attempt that is to be made.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: Id,
    pub(super) serial: Serial,
    pub(super) check: BoxCheck,
    pub(super) part: u32,
}

#[derive(Debug)]
pub(super) struct Schedule<K> {
    /// The checks that are made, each for one key or for several that share it.
    entries: Entries<K>,
    by_key: HashMap<K, Id>,
    /// Those that checks have: most have the same.
    policies: HashSet<Arc<Policy>>,
    /// Those that watch a file.
    by_file: HashMap<PathBuf, Vec<Id>>,
    turns: Turns,
    /// Told, and not read yet: of a check that has something unread no further attempt begins, so
    /// that this has a bound.
    events: VecDeque<Event<K>>,
    /// Whether somebody reads the events.
    pub(super) heard: bool,
    /// Whether an attempt is told that changes nothing.
    pub(super) every_attempt: bool,
    /// Of the attempt that was made last.
    last: Serial,
}

impl<K: Clone + Eq + Hash> Schedule<K> {
    pub(super) fn new(at_once: usize, every_attempt: bool) -> Self {
        Self {
            entries: Entries::default(),
            by_key: HashMap::new(),
            policies: HashSet::new(),
            by_file: HashMap::new(),
            turns: Turns::new(at_once),
            events: VecDeque::new(),
            heard: true,
            every_attempt,
            last: Serial(0),
        }
    }

    /// Adds a check; gives the attempt that is of no more use.
    pub(super) fn add(
        &mut self,
        now: Instant,
        key: K,
        check: BoxCheck,
        policy: Policy,
        warmup: Duration,
    ) -> Option<Serial> {
        let shared = self.entries.find(&check, &policy);
        let before = self.by_key.get(&key).copied();
        if shared.is_some() && shared == before {
            return None;
        }
        let broken_off = self.remove(now, &key);
        let subscriber =
            Subscriber { key, unread: 0, paused: false, missed: false, every_attempt: false };
        match shared {
            Some(id) => self.join(id, subscriber),
            None => {
                let first = now + warmup.min(LONGEST_WAIT);
                let health = Health::new(self.common(policy), check.parts(), first);
                self.insert(Entry::new(check, health, subscriber));
            }
        }
        broken_off
    }

    /// Makes room for so many checks more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
        self.by_key.reserve(more);
    }

    fn insert(&mut self, entry: Entry<K>) {
        let file = entry.check.watched_file().map(Path::to_owned);
        let keys = entry.subscribers.iter().map(|subscriber| subscriber.key.clone());
        let keys: SmallVec<[K; 1]> = keys.collect();
        let id = self.entries.insert(entry);
        self.by_key.extend(keys.into_iter().map(|key| (key, id)));
        if let Some(file) = file {
            self.by_file.entry(file).or_default().push(id);
        }
        self.reorder(id);
    }

    fn common(&mut self, policy: Policy) -> Arc<Policy> {
        match self.policies.get(&policy) {
            Some(known) => Arc::clone(known),
            None => {
                let policy = Arc::new(policy);
                self.policies.insert(Arc::clone(&policy));
                policy
            }
        }
    }

    /// One key more for a check that is made already; it is told what is believed.
    fn join(&mut self, id: Id, subscriber: Subscriber<K>) {
        let key = subscriber.key.clone();
        self.by_key.insert(key.clone(), id);
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.subscribers.push(Subscriber { missed: true, ..subscriber });
        self.catch_up(id, &key);
        self.reorder(id);
    }

    /// Tells a key what is believed, if it missed that and is not paused.
    fn catch_up(&mut self, id: Id, key: &K) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let mut behind = entry.subscribers.iter_mut().filter(|known| known.missed && !known.paused);
        let subscriber = behind.find(|subscriber| subscriber.key == *key);
        let (Some(subscriber), Some(found)) = (subscriber, &entry.found) else { return };
        subscriber.missed = false;
        if self.heard {
            let standing = entry.health.standing();
            let (outcome, took) = found.news.outcome();
            let (key, transition) = (key.clone(), Some(standing));
            subscriber.unread += 1;
            self.events.push_back(Event { key, standing, transition, outcome, took });
        }
    }

    /// Removes a check; gives the attempt that is of no more use.
    pub(super) fn remove(&mut self, now: Instant, key: &K) -> Option<Serial> {
        let id = self.by_key.remove(key)?;
        let entry = self.entries.get_mut(id)?;
        entry.subscribers.retain(|subscriber| subscriber.key != *key);
        if !entry.subscribers.is_empty() {
            return self.break_off_if_unwanted(now, id);
        }
        let entry = self.entries.remove(id)?;
        if let Some(file) = entry.check.watched_file()
            && let Some(watching) = self.by_file.get_mut(file)
        {
            watching.retain(|other| *other != id);
            if watching.is_empty() {
                self.by_file.remove(file);
            }
        }
        self.forget_unless_in_use(entry.health.policy());
        match entry.turn {
            Turn::None => None,
            Turn::InLine(place) => {
                self.turns.leave(place, id);
                None
            }
            Turn::UnderWay(attempt) => Some(self.over(attempt)),
        }
    }

    /// Nobody has this policy any more but the caller, it may be.
    fn forget_unless_in_use(&mut self, policy: &Arc<Policy>) {
        const CALLER_AND_SET: usize = 2;
        if Arc::strong_count(policy) <= CALLER_AND_SET {
            self.policies.remove(policy);
        }
    }

    /// Goes on under another policy, with what is believed up to now; says whether there is such a
    /// check, and gives the attempt that is of no more use.
    pub(super) fn set_policy(&mut self, now: Instant, key: &K, policy: Policy) -> Option<Serial> {
        let id = *self.by_key.get(key)?;
        let entry = self.entries.get(id)?;
        if **entry.health.policy() == policy {
            return None;
        }
        let known = entry.subscribers.iter().find(|subscriber| subscriber.key == *key);
        let subscriber = known?.clone();
        let (check, mut health) = (entry.check.clone(), entry.health.clone());
        let former = Arc::clone(health.policy());
        let found = entry.found.clone();
        let broken_off = self.remove(now, key);
        if let Some(shared) = self.entries.find(&check, &policy) {
            self.teach(shared, health, found);
            self.join(shared, subscriber);
        } else {
            health.set_policy(now, self.common(policy));
            if health.poll_timeout().is_none() {
                health.reschedule(now);
            }
            let entry = Entry { found, ..Entry::new(check, health, subscriber) };
            self.insert(entry);
        }
        self.forget_unless_in_use(&former);
        broken_off
    }

    /// What is known of a server already, for a check of it that has not been tried yet.
    fn teach(&mut self, id: Id, health: Health, found: Option<Box<Found>>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        if entry.found.is_some() || found.is_none() {
            return;
        }
        entry.health.learn(&health);
        entry.found = found;
        let keys: Vec<K> = entry.subscribers.iter().map(|known| known.key.clone()).collect();
        for subscriber in &mut entry.subscribers {
            subscriber.missed = true;
        }
        for key in keys {
            self.catch_up(id, &key);
        }
    }

    /// Whether a key is told of every attempt, be it no news.
    pub(super) fn tell_every_attempt(&mut self, key: &K, every: bool) {
        let Some(entry) = self.by_key.get(key).and_then(|id| self.entries.get_mut(*id)) else {
            return;
        };
        let known = entry.subscribers.iter_mut().find(|subscriber| subscriber.key == *key);
        if let Some(subscriber) = known {
            subscriber.every_attempt = every;
        }
    }

    /// No more attempts for a key; gives the attempt that is of no more use.
    pub(super) fn pause(&mut self, now: Instant, key: &K) -> Option<Serial> {
        let id = *self.by_key.get(key)?;
        let subscribers = &mut self.entries.get_mut(id)?.subscribers;
        subscribers.iter_mut().find(|subscriber| subscriber.key == *key)?.paused = true;
        self.break_off_if_unwanted(now, id)
    }

    /// Attempts again for a key, the first at `due` or when it would have come anyway.
    pub(super) fn resume(&mut self, due: Instant, key: &K) {
        let Some(id) = self.by_key.get(key).copied() else { return };
        let Some(entry) = self.entries.get_mut(id) else { return };
        let goes_on = entry.subscribers.iter().any(|subscriber| !subscriber.paused);
        let paused = entry.subscribers.iter_mut().find(|subscriber| subscriber.key == *key);
        let Some(subscriber) = paused.filter(|subscriber| subscriber.paused) else { return };
        subscriber.paused = false;
        if !goes_on && let Some(planned) = entry.health.poll_timeout() {
            entry.health.reschedule(planned.max(due));
        }
        // What others heard meanwhile.
        self.catch_up(id, key);
        self.reorder(id);
    }

    fn break_off_if_unwanted(&mut self, now: Instant, id: Id) -> Option<Serial> {
        self.reorder(id);
        let entry = self.entries.get_mut(id)?;
        if entry.subscribers.iter().any(|subscriber| !subscriber.paused) {
            return None;
        }
        let Turn::UnderWay(attempt) = entry.turn else { return None };
        entry.turn = Turn::None;
        entry.health.reschedule(now);
        Some(self.over(attempt))
    }

    /// An attempt is not under way any more.
    fn over(&mut self, attempt: UnderWay) -> Serial {
        self.turns.end(attempt.class);
        attempt.serial
    }

    /// The next attempt of a key's check is due at once.
    pub(super) fn check_now(&mut self, now: Instant, key: &K) {
        let Some(id) = self.by_key.get(key).copied() else { return };
        let Some(entry) = self.entries.get_mut(id) else { return };
        if !entry.is_under_way() {
            entry.health.reschedule(now);
            self.reorder(id);
        }
    }

    /// A file has changed: the next attempts of those that watch it are due at once, and after those
    /// under way, which may have read it before.
    pub(super) fn file_changed(&mut self, now: Instant, file: &Path) {
        for id in self.by_file.get(file).cloned().unwrap_or_default() {
            let Some(entry) = self.entries.get_mut(id) else { continue };
            if let Turn::UnderWay(attempt) = &mut entry.turn {
                attempt.once_more = true;
            } else {
                entry.health.reschedule(now);
                self.reorder(id);
            }
        }
    }

    /// All files that are watched.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.by_file.keys().cloned().collect()
    }

    /// Puts a check where it belongs in the order of what is due.
    fn reorder(&mut self, id: Id) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        match entry.turn {
            Turn::None => {}
            Turn::InLine(place) => self.turns.leave(place, id),
            Turn::UnderWay(_) => return,
        }
        let at = entry.health.poll_timeout().filter(|_| entry.wants_attempts());
        let class = entry.class();
        entry.turn = at.map_or(Turn::None, |at| Turn::InLine(self.turns.line_up(at, class, id)));
    }

    /// When an attempt may begin; `None` while nothing is due, or as many as may be are under way.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let (at, ..) = self.turns.next()?;
        Some(at)
    }

    /// The next attempt to make now.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Attempt> {
        let (_, place, id) = self.turns.next().filter(|(at, ..)| *at <= now)?;
        self.turns.leave(place, id);
        let entry = self.entries.get_mut(id)?;
        let part = entry.health.handle_begin(now);
        let serial = Serial(self.last.0.wrapping_add(1));
        self.last = serial;
        entry.turn = Turn::UnderWay(UnderWay { serial, class: place.class, once_more: false });
        self.turns.begin(place.class);
        Some(Attempt { id, serial, check: entry.check.clone(), part })
    }

    /// An attempt came to this.
    pub(super) fn end(&mut self, now: Instant, id: Id, serial: Serial, outcome: Outcome) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let Turn::UnderWay(attempt) = entry.turn else { return };
        if attempt.serial != serial {
            return;
        }
        entry.turn = Turn::None;
        let since = entry.health.under_way_since().unwrap_or(now);
        let took = now.saturating_duration_since(since);
        let transition = entry.health.handle_outcome(now, &outcome);
        if attempt.once_more {
            entry.health.reschedule(now);
        }
        let standing = entry.health.standing();
        let before = entry.found.as_ref();
        let is_news =
            transition.is_some() || before.is_none_or(|found| found.news.differs(&outcome));
        let outcome = Arc::new(outcome);
        if is_news {
            let why = (!outcome.is_pass()).then(|| Arc::clone(&outcome));
            let record = transition.map(|standing| Record { at: now, standing, why });
            entry.remember(News::of(&outcome, took), record);
        }
        for subscriber in &mut entry.subscribers {
            if subscriber.paused {
                subscriber.missed |= is_news;
            } else if (is_news || self.every_attempt || subscriber.every_attempt) && self.heard {
                subscriber.missed = false;
                let key = subscriber.key.clone();
                let outcome = Arc::clone(&outcome);
                subscriber.unread += 1;
                self.events.push_back(Event { key, standing, transition, outcome, took });
            }
        }
        self.over(attempt);
        self.reorder(id);
    }

    /// The next thing that there is to tell.
    pub(super) fn next_event(&mut self) -> Option<Event<K>> {
        let event = self.events.pop_front()?;
        self.read(&event.key);
        Some(event)
    }

    fn read(&mut self, key: &K) {
        let Some(id) = self.by_key.get(key).copied() else { return };
        let Some(entry) = self.entries.get_mut(id) else { return };
        let known = entry.subscribers.iter_mut().find(|subscriber| subscriber.key == *key);
        let Some(subscriber) = known else { return };
        // It may have been told to a key that was removed and added again.
        subscriber.unread = subscriber.unread.saturating_sub(1);
        if subscriber.unread == 0 {
            self.reorder(id);
        }
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Nobody reads the events any more.
    pub(super) fn unheard(&mut self) {
        self.heard = false;
        while self.next_event().is_some() {}
    }

    pub(super) fn standing(&self, key: &K) -> Option<Standing> {
        Some(self.entries.get(*self.by_key.get(key)?)?.health.standing())
    }

    pub(super) fn history(&self, key: &K) -> Vec<Record> {
        let entry = self.by_key.get(key).and_then(|id| self.entries.get(*id));
        let found = entry.and_then(|entry| entry.found.as_ref());
        found.map(|found| found.history().to_vec()).unwrap_or_default()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.by_key.keys()
    }

    /// How many checks are made; keys that share one count once.
    pub(super) fn checks(&self) -> usize {
        self.entries.len()
    }
}
