//! The course of a world of groups: chaos, calm, one deed at a time; and what must hold in the calm.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use steadfast_vrrp::router::{FaultReason, State};

use super::{Entry, Grouped, members, router};
use crate::fault::Fault;
use crate::host::{Killed, Power};
use crate::property::{Property, Violation, require};
use crate::time::{Time, at_most};
use crate::trace::{Name, What};

/// Where the world is in its course.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// Counts the phases, so that what was planned in one does not happen in the next.
    epoch: u32,
    /// Since when nothing is wrong.
    calm_since: Option<Time>,
    /// Which machine must stay Active, and no other become so.
    keep: Option<usize>,
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// Another fault, until the chaos ends.
    Harm { until: Time },
    /// A fault ends.
    Undo(Fault),
    /// One machine must be Active.
    Settled(Property),
    /// Some machine must be Active.
    ActiveDue,
    /// These two no longer.
    PairOver { pair: [u8; 2], since: Time },
    /// A deed, or chaos again.
    Next,
}

impl Grouped<'_> {
    pub(super) fn begin(&mut self) -> Result<(), Violation> {
        for machine in 0..self.machines.len() {
            self.start(machine)?;
        }
        self.settle(Time::START, None, Property::OneActive);
        Ok(())
    }

    fn later(&mut self, at: Time, turn: Turn) {
        let epoch = self.course.epoch;
        self.agenda.add(at, Entry::Turn { turn, epoch });
    }

    pub(super) fn turn(&mut self, turn: Turn, epoch: u32) -> Result<(), Violation> {
        if epoch != self.course.epoch {
            return Ok(());
        }
        match turn {
            Turn::Harm { until } if self.now < until => {
                self.do_harm()?;
                let pause = self.random.up_to(self.world.longest_down_interval());
                self.later((self.now + pause).min(until), turn);
            }
            Turn::Harm { .. } => {
                self.heal()?;
                let since = self.now.max(self.lan.last_arrival) + self.world.lateness;
                self.settle(since, None, Property::Reunited);
            }
            Turn::Undo(fault) => {
                self.note(What::Repair(fault));
                self.undo(fault)?;
            }
            Turn::Settled(property) => self.check_settled(property)?,
            Turn::ActiveDue => {
                self.coverage.count_check(Property::HandOver);
                let anybody = self.machines.iter().any(super::Machine::is_active);
                require(Property::HandOver, anybody, || "nobody is Active yet".to_owned())?;
            }
            Turn::PairOver { pair, since } => self.check_pair(pair, since)?,
            Turn::Next if self.random.percent(70) => self.operate()?,
            Turn::Next => {
                self.course.epoch += 1;
                (self.course.calm_since, self.course.keep) = (None, None);
                let length = self.world.longest_down_interval() * self.random.within(2..=20) as u32;
                self.later(self.now, Turn::Harm { until: self.now + length });
            }
        }
        Ok(())
    }

    /// From `since` on nothing is wrong.
    fn settle(&mut self, since: Time, keep: Option<usize>, property: Property) {
        self.course.epoch += 1;
        (self.course.calm_since, self.course.keep) = (Some(since), keep);
        let bound = self.bound();
        self.note(What::Calm { bound });
        self.later(since + bound, Turn::Settled(property));
        let active = self.active();
        for (index, first) in active.iter().enumerate() {
            for second in &active[index + 1..] {
                self.watch_pair([*first, *second], since);
            }
        }
    }

    /// P2: two down intervals, since a group waits for its slowest member.
    fn bound(&self) -> Duration {
        let delay = at_most(self.world.longest_preempt_delay());
        self.world.longest_down_interval() * 2
            + at_most(self.world.longest_interval()) * 2
            + if delay.is_zero() { delay } else { delay + self.world.longest_down_interval() }
            + self.world.reaction() * 4
    }

    fn active(&self) -> Vec<usize> {
        (0..self.machines.len()).filter(|machine| self.machines[*machine].is_active()).collect()
    }

    fn preempted(&self, active: usize) -> bool {
        let holder = self.machines[active].priority();
        self.machines.iter().enumerate().any(|(index, it)| {
            index != active && it.is_up() && it.recipe.preempt && it.priority() > holder
        })
    }

    fn check_settled(&mut self, property: Property) -> Result<(), Violation> {
        self.coverage.count_check(property);
        let active = self.active();
        let anybody = self.machines.iter().any(super::Machine::is_up);
        require(property, active.len() == usize::from(anybody), || {
            format!("machines Active when all should be settled: {active:?}")
        })?;
        let active = active.first().copied();
        if let Some(active) = active {
            require(property, !self.preempted(active), || {
                format!(
                    "{} is Active, and a higher one does not preempt it",
                    Name(router(active, 0))
                )
            })?;
        }
        self.note(What::Settled { active: active.map(|active| router(active, 0)) });
        self.course.keep = active;
        let rest = self.random.up_to(self.world.longest_interval() * 4);
        self.later(self.now + rest, Turn::Next);
        Ok(())
    }

    pub(super) fn changed(
        &mut self,
        machine: usize,
        from: State,
        to: State,
    ) -> Result<(), Violation> {
        let calm = self.course.calm_since.is_some_and(|since| self.now >= since);
        if !calm || (from != State::Active && to != State::Active) {
            return Ok(());
        }
        self.coverage.count_check(Property::Undisturbed);
        require(Property::Undisturbed, self.course.keep.is_none(), || {
            format!("{} goes from {from} to {to} without a fault", Name(router(machine, 0)))
        })?;
        for other in self.active() {
            if to == State::Active && other != machine {
                self.watch_pair([machine, other], self.now);
            }
        }
        Ok(())
    }

    fn watch_pair(&mut self, pair: [usize; 2], since: Time) {
        let interval = at_most(self.world.longest_interval()) * 3 / 2;
        let over = since + interval + self.world.reaction() * 3 + Duration::from_nanos(1);
        self.later(over, Turn::PairOver { pair: pair.map(|machine| machine as u8), since });
    }

    fn check_pair(&mut self, pair: [u8; 2], since: Time) -> Result<(), Violation> {
        self.coverage.count_check(Property::NotTwoActive);
        let all_along = |machine: u8| {
            let it = &self.machines[usize::from(machine)];
            it.active_since.is_some_and(|from| from <= since)
        };
        require(Property::NotTwoActive, !pair.into_iter().all(all_along), || {
            format!("machines {pair:?} are both Active since {since}")
        })
    }

    fn start(&mut self, machine: usize) -> Result<(), Violation> {
        self.note(What::Start { host: router(machine, 0) });
        self.machines[machine].power = Power::On;
        self.tell(machine, |members, now| {
            members.iter_mut().for_each(|member| member.handle_startup(now));
        })
    }

    fn do_harm(&mut self) -> Result<(), Violation> {
        let host = self.any_router();
        let to = self.any_router();
        // Of one network; a bit for each of its routers.
        let part = self.random.next() as u32 & (0x5555_5555 << self.random.within(0..=1));
        let deaf = self.random.percent(50);
        let interval = self.world.longest_interval();
        let fault = match self.random.within(0..=17) {
            0 | 1 => Fault::Loss { percent: self.random.within(1..=90) },
            2 => Fault::Cut { from: host, to },
            3 => Fault::Mute { host },
            4 => Fault::Deaf { host },
            5 => Fault::Partition { part },
            6 => Fault::Pause { host, deaf },
            7 => Fault::Crash { host },
            8 => Fault::Shutdown { host },
            9 => Fault::Delay { longest: self.random.up_to(interval * 4) },
            10 => Fault::Duplication { percent: self.random.within(1..=50) },
            11 => Fault::Drift { host, drift: self.world.drift(&mut self.random) },
            12 => Fault::Restart { host },
            13 => Fault::Corruption { percent: self.random.within(1..=50) },
            14 => self.priority_change(host),
            15 => self.address_change(host),
            16 => Fault::NoAddress { host },
            _ => Fault::Tracked { host },
        };
        let machine = &self.machines[usize::from(host / 2)];
        let possible = match fault {
            Fault::Pause { .. }
            | Fault::Crash { .. }
            | Fault::Restart { .. }
            | Fault::Shutdown { .. }
            | Fault::Tracked { .. }
            | Fault::NoAddress { .. }
            | Fault::Address { .. } => machine.is_up(),
            Fault::Priority { .. } => machine.is_up() && !machine.recipe.priority.is_owner(),
            _ => true,
        };
        if !possible {
            return Ok(());
        }
        *self.coverage.faults.entry(fault.kind()).or_default() += 1;
        self.note(What::Fault(fault));
        let length = self.random.up_to(self.world.longest_down_interval() * 3);
        self.later(self.now + length, Turn::Undo(fault));
        self.inflict(fault)
    }

    fn priority_change(&mut self, host: u8) -> Fault {
        Fault::Priority { host, to: self.world.tracked_priority(&mut self.random) }
    }

    fn address_change(&mut self, host: u8) -> Fault {
        let number = self.random.pick(&self.free_numbers);
        Fault::Address { host, to: self.world.source(number) }
    }

    fn any_router(&mut self) -> u8 {
        self.random.within(0..=2 * self.machines.len() as u64 - 1) as u8
    }

    fn inflict(&mut self, fault: Fault) -> Result<(), Violation> {
        match fault {
            Fault::Loss { percent } => self.lan.quality.loss = percent,
            Fault::Pause { host, deaf } => {
                let it = &mut self.machines[usize::from(host / 2)];
                it.power = Power::Paused { deaf };
                it.active_since = None;
            }
            Fault::Delay { longest } => self.lan.quality.delay = longest,
            Fault::Duplication { percent } => self.lan.quality.duplication = percent,
            Fault::Drift { host, drift } => {
                let now = self.now;
                let machine = usize::from(host / 2);
                self.machines[machine].clock.set_drift(now, drift);
                self.schedule(machine);
            }
            Fault::Restart { host } => {
                let at = self.now;
                let it = &mut self.machines[usize::from(host / 2)];
                it.power = Power::Paused { deaf: false };
                it.killed = Some(Killed { at, was_active: it.state() == State::Active });
                it.active_since = None;
            }
            Fault::Crash { host } => self.crash(usize::from(host / 2)),
            Fault::Shutdown { host } => self.tell(usize::from(host / 2), |members, now| {
                members.iter_mut().for_each(|member| member.handle_shutdown(now));
            })?,
            Fault::Tracked { host } => {
                let reason = FaultReason::Tracked(Arc::from("script"));
                self.tell(usize::from(host / 2), |members, now| {
                    members[usize::from(host % 2)].handle_fault(now, reason);
                })?;
            }
            Fault::NoAddress { host } => self.tell(usize::from(host / 2), |members, now| {
                let member = &mut members[usize::from(host % 2)];
                member.set_source(None);
                member.handle_fault(now, FaultReason::NoSourceAddress("eth0".into()));
            })?,
            Fault::Corruption { percent } => self.lan.quality.corruption = percent,
            // What a machine tracks counts for all its routers.
            Fault::Priority { host, to } => self.tell(usize::from(host / 2), |members, now| {
                for member in members {
                    // The owner's priority does not change, which was seen to before.
                    let _ = member.set_priority(now, to);
                }
            })?,
            Fault::Address { host, to } => self.readdress(usize::from(host / 2), to)?,
            _ => self.lan.cut(fault),
        }
        Ok(())
    }

    fn undo(&mut self, fault: Fault) -> Result<(), Violation> {
        match fault {
            Fault::Loss { .. } => self.lan.quality.loss = 0,
            Fault::Delay { .. } => self.lan.quality.delay = Duration::ZERO,
            Fault::Duplication { .. } => self.lan.quality.duplication = 0,
            Fault::Corruption { .. } => self.lan.quality.corruption = 0,
            Fault::Drift { .. } | Fault::Priority { .. } | Fault::Address { .. } => {}
            Fault::Pause { host, .. } | Fault::Restart { host } => {
                self.resume(usize::from(host / 2))?;
            }
            Fault::Crash { host }
            | Fault::Shutdown { host }
            | Fault::Tracked { host }
            | Fault::NoAddress { host } => self.bring_up(usize::from(host / 2))?,
            _ => self.lan.mend(fault),
        }
        Ok(())
    }

    /// Both interfaces get another address.
    fn readdress(&mut self, machine: usize, to: IpAddr) -> Result<(), Violation> {
        let position = self.free_numbers.iter().position(|free| self.world.source(*free) == to);
        if let Some(position) = position {
            let number = &mut self.machines[machine].number;
            std::mem::swap(number, &mut self.free_numbers[position]);
        }
        self.tell(machine, |members, _| {
            members.iter_mut().for_each(|member| member.set_source(Some(to)));
        })
    }

    fn crash(&mut self, machine: usize) {
        let it = &mut self.machines[machine];
        it.power = Power::Off;
        for (_, delivery) in it.inbox.drain(..) {
            self.lan.release(delivery.packet);
        }
        self.replace_routers(machine);
    }

    /// A process started anew: it remembers nothing.
    fn replace_routers(&mut self, machine: usize) {
        let it = &mut self.machines[machine];
        it.members = members(&self.world, &it.recipe, it.number);
        it.group = steadfast_vrrp::group::SyncGroup::default();
        it.states = [State::Initialize; 2];
        it.active_since = None;
    }

    fn resume(&mut self, machine: usize) -> Result<(), Violation> {
        let it = &mut self.machines[machine];
        if !matches!(it.power, Power::Paused { .. }) {
            return Ok(());
        }
        it.power = Power::On;
        match it.killed.take() {
            Some(killed) => self.succeed(machine, killed),
            None => it.active_since = it.is_active().then_some(self.now),
        }
        self.wake(machine)
    }

    /// Starts a process in place of one that was killed.
    fn succeed(&mut self, machine: usize, killed: Killed) {
        self.note(What::Start { host: router(machine, 0) });
        self.replace_routers(machine);
        let it = &mut self.machines[machine];
        let (now, active_until) = (it.clock.local(self.now), it.clock.local(killed.at));
        for member in &mut it.members {
            match killed.was_active {
                true => member.handle_resumption(now, active_until),
                false => member.handle_startup(now),
            }
        }
    }

    fn bring_up(&mut self, machine: usize) -> Result<(), Violation> {
        let source = self.world.source(self.machines[machine].number);
        match (self.machines[machine].power, self.machines[machine].state()) {
            (Power::On, State::Fault) => self.tell(machine, |members, now| {
                for member in members {
                    member.set_source(Some(source));
                    member.clear_fault(now);
                }
            }),
            (Power::On | Power::Off, State::Initialize) => self.start(machine),
            _ => Ok(()),
        }
    }

    fn heal(&mut self) -> Result<(), Violation> {
        self.lan.heal();
        for machine in 0..self.machines.len() {
            self.resume(machine)?;
            if self.random.percent(90) {
                self.bring_up(machine)?;
            }
        }
        Ok(())
    }

    /// One deed on networks without faults.
    fn operate(&mut self) -> Result<(), Violation> {
        let active = self.active().first().copied();
        let machine = usize::from(self.any_router() / 2);
        let up = self.machines[machine].is_up();
        let Some(active) = active.filter(|_| up) else {
            *self.coverage.operations.entry("a machine joins").or_default() += 1;
            self.course.keep = None;
            self.bring_up(machine)?;
            let owner = self.machines[machine].recipe.priority.is_owner();
            let keep = active.filter(|active| !owner && !self.preempted(*active));
            self.settle(self.now, keep, Property::Reunited);
            return Ok(());
        };
        let host = router(machine, self.random.within(0..=1) as usize);
        let owner = self.machines[machine].recipe.priority.is_owner();
        let deed = match self.random.within(0..=5) {
            0 => Fault::Crash { host },
            1 => Fault::Shutdown { host },
            2 => Fault::NoAddress { host },
            3 if !owner => self.priority_change(host),
            4 => self.address_change(host),
            _ => Fault::Tracked { host },
        };
        *self.coverage.operations.entry(deed.kind()).or_default() += 1;
        self.note(What::Operation(deed));
        if matches!(deed, Fault::Priority { .. } | Fault::Address { .. }) {
            // What follows depends on what it will be.
            self.course.keep = None;
            self.inflict(deed)?;
            let keep = (!self.preempted(active)).then_some(active);
            self.settle(self.now, keep, Property::Reunited);
            return Ok(());
        }
        self.settle(self.now, (machine != active).then_some(active), Property::Reunited);
        if machine == active
            && let Some(wait) = self.longest_wait(active, deed)
        {
            self.later(self.now + wait, Turn::ActiveDue);
        }
        self.inflict(deed)
    }

    /// How long the best of the others waits, if there is any.
    fn longest_wait(&self, active: usize, deed: Fault) -> Option<Duration> {
        let others = self.machines.iter().enumerate().filter(|(index, _)| *index != active);
        let wait = |it: &super::Machine| match deed {
            // Without an address it cannot say that it gives up.
            Fault::Crash { .. } | Fault::NoAddress { .. } => {
                self.world.down_interval(it.recipe.interval, it.priority())
            }
            _ => self.world.skew_time(it.recipe.interval, it.priority()),
        };
        let best = others.filter(|(_, it)| it.is_up()).map(|(_, it)| wait(it)).min()?;
        Some(at_most(best) + self.world.reaction() * 3)
    }
}
