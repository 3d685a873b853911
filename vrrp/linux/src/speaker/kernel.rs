//! The speaker and the kernel: what that has, and what it is to have.

use steadfast_vrrp::Instant;
use tokio::sync::mpsc;

use super::Speaker;
use crate::Error;
use crate::clock;
use crate::instances::Id;
use crate::netlink::{News, NewsLost};
use crate::notice::NoticeKind;
use crate::observed::{Held, Observed, address_in_news};
use crate::running::{RETRY, Running};
use crate::sources::Sources;
use crate::worker::{Job, Report, Results, Worker};

#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) news: News,
    pub(super) observed: Observed,
    pub(super) worker: Worker,
    pub(super) reports: mpsc::UnboundedReceiver<Report>,
    pub(super) asking: Asking,
}

/// Whether the kernel has to be asked for everything, because news was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    Needless,
    DueAt(Instant),
    /// News waits until the answer is there, which may be older.
    UnderWay,
}

impl Kernel {
    /// What the kernel has, where that is known.
    pub(super) fn known(&self) -> Option<&Observed> {
        (self.asking == Asking::Needless).then_some(&self.observed)
    }
}

impl Speaker {
    /// Reads all news, then acts upon it.
    pub(super) fn hear_news(&mut self) {
        let (mut concerns_all, mut gone) = (false, Vec::new());
        while self.kernel.asking == Asking::Needless {
            match self.kernel.news.next() {
                Ok(Some(messages)) => {
                    for message in messages {
                        gone.extend(self.kernel.observed.handle(&message));
                        let address = address_in_news(&message);
                        concerns_all |=
                            !address.is_some_and(|address| self.instances.look_again_at(address));
                    }
                }
                Ok(None) => break,
                Err(NewsLost) => self.kernel.asking = Asking::DueAt(clock::now()),
            }
        }
        if concerns_all {
            self.act_upon_kernel();
        }
        for held in gone {
            self.report_lost(&held);
        }
        if matches!(self.kernel.asking, Asking::DueAt(at) if at <= clock::now()) {
            self.kernel.asking = Asking::UnderWay;
            self.kernel.worker.give(Job::Observe);
        }
    }

    fn act_upon_kernel(&mut self) {
        let now = clock::now();
        self.follow_kernel(now);
        self.reopen_sockets(now);
    }

    /// Reports an address that somebody else took away from an Active router, unless that has to be
    /// made sure of first.
    fn report_lost(&mut self, gone: &Held) {
        for id in self.instances.holders_of(gone.address) {
            let observed = &self.kernel.observed;
            let Some(running) =
                self.instances.get_mut(id).filter(|held| held.misses(gone, observed))
            else {
                continue;
            };
            if !running.doubt_addresses() {
                self.notify_of(id, NoticeKind::AddressLost(gone.address));
            } else if self.kernel.asking == Asking::Needless {
                self.kernel.asking = Asking::DueAt(clock::now());
            }
        }
    }

    fn give_up_lost(&mut self) {
        let observed = &self.kernel.observed;
        let give_up = |running: &mut Running| {
            let lost = running.give_up_lost(observed)?;
            Some((running.instance.name.clone(), lost))
        };
        let all: Vec<_> = self.instances.iter_mut().filter_map(give_up).collect();
        for (name, lost) in all {
            self.notify(&name, NoticeKind::AddressLost(lost));
        }
    }

    /// Tells the routers what links and addresses mean for them.
    pub(super) fn follow_kernel(&mut self, now: Instant) {
        let all_virtual: Vec<_> =
            self.instances.iter().flat_map(Running::virtual_addresses).collect();
        let observed = &self.kernel.observed;
        let mut sources = Sources::new(observed, &all_virtual);
        for running in self.instances.iter_mut() {
            running.follow(now, observed, &mut sources);
        }
        self.instances.index();
    }

    pub(super) fn change_addresses(&mut self, ids: &[Id], now: Instant) {
        let (mut all, mut installed) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(running) = self.instances.get_mut(*id) else { continue };
            let installed_before = running.has_installed();
            let changes = running.begin_changes(now, &self.kernel.observed);
            if !changes.is_empty() {
                all.push((*id, changes));
            }
            if running.has_installed() && !installed_before {
                installed.push(*id);
            }
        }
        if !all.is_empty() {
            self.kernel.worker.give(Job::Change(all));
        }
        for id in installed {
            // That they are in brings announcements.
            self.transmit_of(id, now);
        }
    }

    pub(super) fn handle_report(&mut self, report: Report) {
        match report {
            Report::Changed(all) => {
                let results = all.iter().flat_map(|(_, results)| results);
                let made = results.filter(|(_, result)| result.is_ok());
                made.for_each(|(change, _)| self.kernel.observed.handle_made(change));
                // The kernel told the rest about the changes before it answered.
                self.hear_news();
                for (id, results) in all {
                    self.end_changes(id, results);
                }
            }
            Report::Observed(Ok(observed)) => {
                self.kernel.observed = observed;
                self.kernel.asking = Asking::Needless;
                self.give_up_lost();
                self.act_upon_kernel();
            }
            Report::Observed(Err(error)) => {
                self.kernel.asking = Asking::DueAt(clock::now() + RETRY);
                let what = "asking the kernel about links and addresses";
                self.notify("", NoticeKind::Failed(Error::system(what)(error)));
            }
            Report::Dropped(dropped) => self.handle_dropping(clock::now(), dropped),
            Report::Recruited(recruited) => self.employ_guard(recruited),
        }
    }

    fn end_changes(&mut self, id: Id, results: Results) {
        let Some(running) = self.instances.get_mut(id) else { return };
        for (change, _) in
            results.iter().filter(|(change, made)| change.makes_interface() && made.is_ok())
        {
            running.macvlan_made(&change.interface);
        }
        let late = running.end_changes(clock::now(), self.kernel.known());
        let interface = running.place().and_then(|(index, _)| self.interfaces.get(&index));
        let mut kinds = Vec::new();
        for (change, result) in results {
            match result {
                Ok(()) => {
                    kinds.extend(change.made());
                    if let (true, Some(interface), Some(address)) =
                        (late, interface, change.added())
                    {
                        let observed = &self.kernel.observed;
                        let sent = interface.announce(&running.instance, address, observed);
                        kinds.extend(sent.err().and_then(|error| running.failure(error)));
                    }
                }
                Err(error) => kinds.extend(running.failure(error)),
            }
        }
        for kind in kinds {
            self.notify_of(id, kind);
        }
    }
}
