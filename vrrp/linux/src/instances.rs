//! All instances: found by name, by what a packet is for, and by when they want to be woken; each
//! without a look at the others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use steadfast_vrrp::Instant;
use steadfast_vrrp::group::{GroupChange, Member};
use steadfast_vrrp::packet::peek_vrid;

use crate::channel::Place;
use crate::groups::{Group, Groups};
use crate::receiver::Packet;
use crate::running::Running;

/// An instance, for as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(usize);

#[derive(Debug, Default)]
pub(crate) struct Instances {
    entries: Vec<Option<Box<Entry>>>,
    names: BTreeMap<String, Id>,
    listeners: HashMap<(Place, u8), Vec<Id>>,
    holders: HashMap<IpAddr, Vec<Id>>,
    groups: Groups,
    /// Each instance that wants to be woken is in here with a time that is not later than that: a
    /// deadline that is postponed, as with each advertisement heard, is looked at only once the
    /// former one is the next of all.
    deadlines: BinaryHeap<Reverse<(Instant, Id)>>,
    touched: Vec<Id>,
}

#[derive(Debug)]
struct Entry {
    running: Running,
    /// Its valid entry among the deadlines.
    armed: Option<Instant>,
    touched: bool,
}

impl Instances {
    /// Adds an instance, which may get the [`Id`] of one that was removed.
    pub(crate) fn add(&mut self, running: Running) -> Id {
        let free = self.entries.iter().position(Option::is_none);
        let id = Id(free.unwrap_or(self.entries.len()));
        self.names.insert(running.instance.name.clone(), id);
        let entry = Some(Box::new(Entry { running, armed: None, touched: false }));
        match self.entries.get_mut(id.0) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.touch(id);
        id
    }

    pub(crate) fn remove(&mut self, id: Id) {
        if let Some(entry) = self.entries.get_mut(id.0).and_then(Option::take) {
            self.names.remove(&entry.running.instance.name);
        }
    }

    pub(crate) fn named(&self, name: &str) -> Option<Id> {
        self.names.get(name).copied()
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Running> {
        self.entry(id).map(|entry| &entry.running)
    }

    /// An instance to be changed, which is [touched](Self::take_touched) by that.
    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut Running> {
        self.touch(id).map(|entry| &mut entry.running)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Running> {
        self.entries.iter().flatten().map(|entry| &entry.running)
    }

    /// All instances, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Running> {
        self.touch_all();
        self.entries.iter_mut().flatten().map(|entry| &mut entry.running)
    }

    /// Who listens where to which VRID, has which address, and is in which group; to be called when
    /// that may have changed.
    pub(crate) fn index(&mut self) {
        self.listeners.clear();
        self.holders.clear();
        self.groups.clear();
        for (position, entry) in self.entries.iter().enumerate() {
            let Some(Entry { running, .. }) = entry.as_deref() else { continue };
            if let Some(place) = running.place() {
                let vrid = running.instance.config.vrid().get();
                self.listeners.entry((place, vrid)).or_default().push(Id(position));
            }
            for address in running.virtual_addresses() {
                self.holders.entry(address).or_default().push(Id(position));
            }
            self.groups.add(Id(position), running);
        }
        self.groups.prune();
    }

    /// Has all that hold an address look at it again; says whether anybody does.
    pub(crate) fn look_again_at(&mut self, address: IpAddr) -> bool {
        let ids = self.holders_of(address);
        for id in &ids {
            if let Some(running) = self.get_mut(*id) {
                running.look_again();
            }
        }
        !ids.is_empty()
    }

    /// All that hold an address while they are Active.
    pub(crate) fn holders_of(&self, address: IpAddr) -> Vec<Id> {
        self.holders.get(&address).cloned().unwrap_or_default()
    }

    /// The instance that a packet is for; of several, the one whose unicast peer sent it.
    pub(crate) fn addressee(&mut self, place: Place, packet: &Packet<'_>) -> Option<&mut Running> {
        let vrid = peek_vrid(packet.message)?;
        let destination =
            |id: &Id| self.get(*id).map(|running| running.instance.config.destination());
        let mut listening =
            self.listeners.get(&(place, vrid))?.iter().filter(|id| {
                destination(id).is_some_and(|ours| ours.listens_at(packet.destination))
            });
        let knows_sender =
            |id: &&Id| destination(id).is_some_and(|ours| ours.peer(packet.source).is_some());
        let first = listening.next()?;
        let id = match knows_sender(&first) {
            true => *first,
            false => *listening.find(knows_sender).unwrap_or(first),
        };
        self.get_mut(id)
    }

    /// When the first of all wants to be woken.
    pub(crate) fn wake_at(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, id))) = self.deadlines.peek().copied() {
            match self.entry(id).filter(|entry| entry.armed == Some(at)) {
                Some(entry) if entry.running.wake_at() == Some(at) => return Some(at),
                Some(_) => {
                    self.deadlines.pop();
                    self.disarm(id);
                    self.arm(id);
                }
                None => drop(self.deadlines.pop()),
            }
        }
        None
    }

    /// Wakes all whose time has come.
    pub(crate) fn handle_timeouts(&mut self, now: Instant) {
        while self.wake_at().is_some_and(|at| at <= now) {
            let Some(Reverse((_, id))) = self.deadlines.pop() else { break };
            self.disarm(id);
            if let Some(running) = self.get_mut(id) {
                running.handle_timeout(now);
            }
        }
    }

    /// Brings the members of groups in step.
    pub(crate) fn synchronise(&mut self, now: Instant) -> Vec<(String, GroupChange)> {
        let mut changes = Vec::new();
        for id in &self.touched {
            self.groups.touch(*id);
        }
        for (name, Group { state, members, .. }) in self.groups.take_due() {
            let mut taken: Vec<_> = members
                .iter()
                .filter_map(|(id, name)| Some((*id, name, self.entries.get_mut(id.0)?.take()?)))
                .collect();
            let mut routers: Vec<_> = taken
                .iter_mut()
                .map(|(_, name, entry)| Member::new(Arc::clone(name), &mut entry.running.router))
                .collect();
            let change = state.synchronise(now, &mut routers);
            drop(routers);
            changes.extend(change.map(|change| (name.clone(), change)));
            for (id, _, mut entry) in taken {
                if !std::mem::replace(&mut entry.touched, true) {
                    self.touched.push(id);
                }
                if let Some(place) = self.entries.get_mut(id.0) {
                    *place = Some(entry);
                }
            }
        }
        changes
    }

    /// Those that have been touched: what they want is to be carried out. They count as touched
    /// until they are [let go](Self::let_go).
    pub(crate) fn take_touched(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.touched)
    }

    /// What these want has been carried out; now they are woken when they want to be.
    pub(crate) fn let_go(&mut self, mut ids: Vec<Id>) {
        for id in ids.drain(..) {
            if let Some(entry) = self.entry_mut(id) {
                entry.touched = false;
                self.arm(id);
            }
        }
        if self.touched.is_empty() {
            // The memory is used again.
            self.touched = ids;
        }
    }

    /// Has all looked at.
    pub(crate) fn touch_all(&mut self) {
        for position in 0..self.entries.len() {
            self.touch(Id(position));
        }
    }

    fn touch(&mut self, id: Id) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(id.0)?.as_mut()?;
        if !std::mem::replace(&mut entry.touched, true) {
            self.touched.push(id);
        }
        Some(entry)
    }

    /// Sees to it that an instance is woken in time.
    fn arm(&mut self, id: Id) {
        let Some(entry) = self.entry_mut(id) else { return };
        let Some(at) = entry.running.wake_at() else { return };
        if entry.armed.is_none_or(|armed| at < armed) {
            entry.armed = Some(at);
            self.deadlines.push(Reverse((at, id)));
        }
    }

    fn disarm(&mut self, id: Id) {
        if let Some(entry) = self.entry_mut(id) {
            entry.armed = None;
        }
    }

    fn entry(&self, id: Id) -> Option<&Entry> {
        self.entries.get(id.0)?.as_deref()
    }

    fn entry_mut(&mut self, id: Id) -> Option<&mut Entry> {
        self.entries.get_mut(id.0)?.as_deref_mut()
    }
}

#[cfg(test)]
mod tests;
