//! The speaker and the packets to addresses that accept nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use steadfast_vrrp::Instant;

use super::Speaker;
use crate::firewall::{Firewall, Heard, TableNews};
use crate::instances::Id;
use crate::notice::NoticeKind;
use crate::running::RETRY;
use crate::worker::Job;
use crate::{Error, Instance, Nftables, Options, clock};

/// What is dropped.
#[derive(Debug)]
pub(super) struct Dropping {
    /// Why nothing can be.
    impossible: Option<io::Error>,
    /// Whose addresses.
    wanted: BTreeMap<Id, BTreeSet<IpAddr>>,
    /// They are not those that the kernel was last asked for.
    changed: bool,
    asked_at: Instant,
    retry_at: Option<Instant>,
    /// What others do to the table, where there is one.
    news: Option<TableNews>,
}

impl Dropping {
    /// What an earlier run left is made what it should be, or goes.
    pub(super) fn start(
        instances: &[Instance],
        options: &Options,
    ) -> Result<(Self, Option<Firewall>), Error> {
        let silent: Vec<_> = instances.iter().filter(|instance| !instance.accepts()).collect();
        // Until it is known that they are not there: an earlier run may have left them.
        let places = silent.iter().flat_map(|instance| instance.places());
        let addresses = places.map(|(address, _)| address).collect();
        let prepared = match &options.nftables {
            Some(settings) => prepare(settings, &addresses),
            None => Err(io::Error::other("the driver was given no table of nftables")),
        };
        let (firewall, news, impossible) = match prepared {
            Ok((firewall, news)) => (Some(firewall), Some(news), None),
            Err(error) => (None, None, Some(error)),
        };
        let this = Self {
            impossible,
            wanted: BTreeMap::new(),
            changed: false,
            asked_at: clock::now(),
            retry_at: None,
            news,
        };
        silent.into_iter().try_for_each(|instance| this.can_serve(instance))?;
        Ok((this, firewall))
    }

    /// Whether packets to the addresses of this instance can be dropped, if they are to be.
    pub(super) fn can_serve(&self, instance: &Instance) -> Result<(), Error> {
        match &self.impossible {
            Some(error) if !instance.accepts() => {
                let source = error.raw_os_error().map_or_else(
                    || io::Error::other(error.to_string()),
                    io::Error::from_raw_os_error,
                );
                Err(Error::NotAccepting { instance: instance.name.clone(), source })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Waits until somebody may have changed the table.
    pub(super) async fn news(&self) {
        match &self.news {
            Some(news) => news.readable().await,
            None => std::future::pending().await,
        }
    }

    fn set(&mut self, id: Id, addresses: BTreeSet<IpAddr>) {
        let before = match addresses.is_empty() {
            true => self.wanted.remove(&id),
            false => self.wanted.insert(id, addresses),
        };
        self.changed |= before.as_ref() != self.wanted.get(&id);
    }
}

impl Speaker {
    /// Those that are not to accept packets to what they are about to hold.
    pub(super) fn drop_more(&mut self, ids: &[Id], now: Instant) {
        for id in ids {
            let Some(running) = self.instances.get(*id) else { continue };
            if !running.instance.accepts() && running.may_hold_addresses() {
                self.dropping.set(*id, running.virtual_addresses().collect());
            }
        }
        self.ask_firewall(now);
    }

    /// Those that no longer hold any, or may accept packets to them.
    pub(super) fn drop_less(&mut self, ids: &[Id], now: Instant) {
        for id in ids {
            let over = self.instances.get(*id).is_none_or(|running| {
                running.instance.accepts() || running.has_released_addresses()
            });
            if over {
                self.dropping.set(*id, BTreeSet::new());
            }
        }
        self.ask_firewall(now);
    }

    /// At the end: only for those whose addresses could not be removed.
    pub(super) fn drop_for_those_left(&mut self, now: Instant) {
        let observed = &self.kernel.observed;
        let holds = |id: &Id| {
            self.instances.get(*id).is_some_and(|running| !running.has_nothing_left(observed))
        };
        let before = self.dropping.wanted.len();
        self.dropping.wanted.retain(|id, _| holds(id));
        self.dropping.changed |= self.dropping.wanted.len() != before;
        self.ask_firewall(now);
    }

    fn ask_firewall(&mut self, now: Instant) {
        let dropping = &mut self.dropping;
        let due = dropping.retry_at.is_some_and(|at| at <= now);
        if due || std::mem::take(&mut dropping.changed) {
            (dropping.asked_at, dropping.retry_at) = (now, None);
            let all = dropping.wanted.values().flatten().copied().collect();
            self.kernel.worker.give(Job::DropOnly(all));
        }
    }

    /// What others changed is made again, though not more often than once in a while: the other may be
    /// one like us.
    pub(super) fn hear_of_table(&mut self) {
        let dropping = &mut self.dropping;
        let Some(news) = &mut dropping.news else { return };
        let heard = news.hear();
        let table = news.table().to_owned();
        if heard == Heard::Nothing || dropping.wanted.is_empty() || dropping.retry_at.is_some() {
            return;
        }
        dropping.retry_at = Some(dropping.asked_at + RETRY);
        if heard == Heard::Change {
            self.notify("", NoticeKind::TableChanged(table));
        }
    }

    pub(super) fn handle_dropping(&mut self, now: Instant, done: io::Result<()>) {
        if let Err(error) = done {
            self.dropping.retry_at = Some(now + RETRY);
            let what = "having packets to addresses dropped that accept none";
            self.notify("", NoticeKind::Failed(Error::system(what)(error)));
        }
    }
}

/// The news begins before the table is made, so that nothing is missed in between.
fn prepare(settings: &Nftables, addresses: &BTreeSet<IpAddr>) -> io::Result<(Firewall, TableNews)> {
    let firewall = Firewall::connect(settings.clone())?;
    let news = firewall.news()?;
    firewall.drop_only(addresses)?;
    Ok((firewall, news))
}
