//! What the owner asks for while the driver runs.

use steadfast_vrrp::router::FaultReason;
use tokio::sync::oneshot;

use super::{Speaker, require_interfaces};
use crate::check::check_with;
use crate::clock;
use crate::driver::Command;
use crate::instances::Id;
use crate::macvlan::Macvlan;
use crate::notice::NoticeKind;
use crate::running::Running;
use crate::{Error, Instance, Snapshot};

/// An instance that is gone once its addresses are, and who waits for that.
#[derive(Debug)]
pub(super) struct Leaving {
    id: Id,
    answer: oneshot::Sender<Result<(), Error>>,
}

impl Speaker {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::SetPriority(name, priority) => {
                if let Some(running) = self.named(&name) {
                    // Only the owner refuses, whose priority tracking does not change.
                    let _owner = running.router.set_priority(clock::now(), priority);
                }
            }
            Command::Fault(name, reason) => self.declare_fault(&name, Some(reason)),
            Command::ClearFault(name) => self.declare_fault(&name, None),
            Command::Snapshot(answer) => {
                let snapshots = self.instances.iter().map(|running| self.snapshot(running));
                let _asker_is_gone = answer.send(snapshots.collect());
            }
            Command::Add(instance, answer) => {
                let added = self.add(*instance);
                let _asker_is_gone = answer.send(added);
            }
            Command::Remove(name, answer) => self.remove(&name, answer),
            Command::Reconfigure(instance, answer) => {
                let reconfigured = self.reconfigure(*instance);
                let _asker_is_gone = answer.send(reconfigured);
            }
            Command::Stop => {}
        }
    }

    fn named(&mut self, name: &str) -> Option<&mut Running> {
        self.instances.named(name).and_then(|id| self.instances.get_mut(id))
    }

    fn declare_fault(&mut self, name: &str, fault: Option<FaultReason>) {
        if let Some(running) = self.named(name) {
            running.declared_fault = fault;
        }
        self.follow_kernel(clock::now());
    }

    fn snapshot(&self, running: &Running) -> Snapshot {
        Snapshot {
            instance: running.instance.name.clone(),
            state: running.router.state(),
            fault: running.fault().cloned(),
            priority: running.router.effective_priority(),
            operational: running.router.operational(),
            counters: *running.router.counters(),
            unknown_vrids: running.place().map_or(0, |place| self.channels.unknown_vrids(place)),
        }
    }

    fn add(&mut self, instance: Instance) -> Result<(), Error> {
        check_with(&instance, self.instances.iter().map(|running| &running.instance))?;
        require_interfaces(&instance, &self.kernel.observed)?;
        self.dropping.can_serve(&instance)?;
        let now = clock::now();
        self.take_over_addresses(&instance);
        let others = self.instances.iter().flat_map(Running::macvlans);
        let macvlans = Macvlan::plan(&instance, others, &self.kernel.observed)?;
        let mut running = Running::new(instance);
        running.plan_macvlans(macvlans);
        let id = self.instances.add(running);
        self.follow_kernel(now);
        if let Err(error) = self.open_sockets() {
            self.forget(id);
            return Err(error);
        }
        self.start_added(id, now);
        Ok(())
    }

    fn remove(&mut self, name: &str, answer: oneshot::Sender<Result<(), Error>>) {
        let Some(id) = self.instances.named(name) else {
            let _asker_is_gone = answer.send(Err(Error::NoInstance(name.to_owned())));
            return;
        };
        if let Some(running) = self.instances.get_mut(id) {
            running.leave(clock::now());
        }
        self.instances.index();
        self.leaving.push(Leaving { id, answer });
    }

    /// Lets go of those whose addresses are gone, or cannot be removed.
    pub(super) fn release_leaving(&mut self) {
        let instances = &self.instances;
        let has_left = |leaving: &mut Leaving| {
            instances.get(leaving.id).is_none_or(Running::has_released_addresses)
        };
        let left: Vec<_> = self.leaving.extract_if(.., has_left).collect();
        for Leaving { id, answer } in left {
            self.forget(id);
            let _asker_is_gone = answer.send(Ok(()));
        }
    }

    fn forget(&mut self, id: Id) {
        if let Some(running) = self.instances.get(id) {
            let name = running.instance.name.clone();
            self.have_guard_forget(name);
        }
        let macvlans = self.instances.get(id).map(|running| running.macvlans().to_vec());
        self.instances.remove(id);
        for macvlan in macvlans.iter().flatten() {
            self.leave_base(macvlan);
        }
        let now = clock::now();
        self.follow_kernel(now);
        self.reopen_sockets(now);
    }

    /// Restores the interface under a macvlan that is gone, unless another is on it.
    fn leave_base(&self, macvlan: &Macvlan) {
        let mut others = self.instances.iter().flat_map(Running::macvlans);
        if others.any(|other| other.shares_base(macvlan)) {
            return;
        }
        if let Err(error) = macvlan.restore_base() {
            self.notify("", NoticeKind::Failed(error));
        }
    }

    fn reconfigure(&mut self, instance: Instance) -> Result<(), Error> {
        let name = &instance.name;
        let id = self.instances.named(name).ok_or_else(|| Error::NoInstance(name.clone()))?;
        let others = self.instances.iter().map(|running| &running.instance);
        check_with(&instance, others.filter(|other| other.name != *name))?;
        require_interfaces(&instance, &self.kernel.observed)?;
        self.dropping.can_serve(&instance)?;
        let now = clock::now();
        self.take_over_addresses(&instance);
        if let Some(running) = self.instances.get_mut(id) {
            running.reconfigure(now, instance)?;
        }
        self.follow_kernel(now);
        self.reopen_sockets(now);
        Ok(())
    }

    /// What others gave up and have yet to remove is not theirs to remove any more.
    fn take_over_addresses(&mut self, instance: &Instance) {
        for running in self.instances.iter_mut() {
            running.leave_to(instance);
        }
    }
}
