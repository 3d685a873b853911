//! Doing harm and undoing it.

use std::sync::Arc;
use std::time::Duration;

use steadfast_vrrp::VirtualRouter;
use steadfast_vrrp::packet::{self, Carrier};
use steadfast_vrrp::router::{FaultReason, Received, State};

use crate::fault::Fault;
use crate::host::{Killed, Power};
use crate::property::{Property, Violation, require};
use crate::simulation::{Entry, Simulation, group};
use crate::trace::{Name, What};

impl Simulation<'_> {
    /// Does something bad, for some time.
    pub(crate) fn do_harm(&mut self) -> Result<(), Violation> {
        let fault = self.any_fault();
        let possible = match fault {
            Fault::Pause { host, .. }
            | Fault::Crash { host }
            | Fault::Restart { host }
            | Fault::Shutdown { host }
            | Fault::Tracked { host }
            | Fault::NoAddress { host }
            | Fault::Reconfiguration { host }
            | Fault::Address { host, .. }
            | Fault::Noise { host } => self.host(host).is_up(),
            Fault::Priority { host, .. } => {
                self.host(host).is_up() && !self.host(host).recipe.priority.is_owner()
            }
            _ => true,
        };
        if !possible {
            return Ok(());
        }
        self.note(What::Fault(fault));
        *self.coverage.faults.entry(fault.kind()).or_default() += 1;
        let length = self.random.up_to(self.world.longest_down_interval() * 3);
        let epoch = self.script.epoch;
        self.agenda.add(self.now + length, Entry::End { epoch, fault });
        self.inflict(fault)
    }

    fn any_fault(&mut self) -> Fault {
        let host = self.any_host();
        let to = self.any_host();
        let interval = self.world.longest_interval();
        match self.random.within(0..=19) {
            0 | 1 => Fault::Loss { percent: self.random.within(1..=90) },
            2 => Fault::Delay { longest: self.random.up_to(interval * 4) },
            3 => Fault::Duplication { percent: self.random.within(1..=50) },
            4 => Fault::Corruption { percent: self.random.within(1..=50) },
            5 => Fault::Cut { from: host, to },
            6 => Fault::Mute { host },
            7 => Fault::Deaf { host },
            8 => {
                let everybody = u32::MAX >> (32 - self.hosts.len());
                Fault::Partition { part: self.random.next() as u32 & everybody }
            }
            9 | 10 => Fault::Pause { host, deaf: false },
            11 => Fault::Pause { host, deaf: true },
            12 => self.random.pick(&[Fault::Crash { host }, Fault::Restart { host }]),
            13 => Fault::Shutdown { host },
            14 => Fault::Tracked { host },
            15 => Fault::Priority { host, to: self.world.tracked_priority(&mut self.random) },
            16 => self.address_change(host),
            17 => self.random.pick(&[Fault::NoAddress { host }, Fault::Noise { host }]),
            18 => Fault::Reconfiguration { host },
            _ => {
                let drift = self.world.drift(&mut self.random);
                let longest = self.random.up_to(interval * 2);
                self.random.pick(&[Fault::Drift { host, drift }, Fault::Lateness { host, longest }])
            }
        }
    }

    pub(crate) fn any_host(&mut self) -> u8 {
        self.random.within(0..=self.hosts.len() as u64 - 1) as u8
    }

    pub(crate) fn address_change(&mut self, host: u8) -> Fault {
        let number = self.random.pick(&self.script.free_addresses);
        Fault::Address { host, to: self.world.source(number) }
    }

    pub(crate) fn inflict(&mut self, fault: Fault) -> Result<(), Violation> {
        let quality = &mut self.lan.quality;
        match fault {
            Fault::Loss { percent } => quality.loss = percent,
            Fault::Delay { longest } => quality.delay = longest,
            Fault::Duplication { percent } => quality.duplication = percent,
            Fault::Corruption { percent } => quality.corruption = percent,
            Fault::Cut { .. }
            | Fault::Mute { .. }
            | Fault::Deaf { .. }
            | Fault::Partition { .. } => {
                self.lan.cut(fault);
            }
            Fault::LostAdvertisement { host } => self.lan.swallow = Some(host),
            Fault::Pause { host, deaf } => {
                let it = self.host_mut(host);
                it.power = Power::Paused { deaf };
                it.active_since = None;
            }
            Fault::Crash { host } => self.crash(host),
            Fault::Restart { host } => {
                let at = self.now;
                let it = self.host_mut(host);
                it.power = Power::Paused { deaf: false };
                it.killed = Some(Killed { at, was_active: it.router.state() == State::Active });
                it.active_since = None;
            }
            Fault::Shutdown { host } => self.tell(host, VirtualRouter::handle_shutdown)?,
            Fault::Tracked { host } => {
                let name = Arc::from("script");
                self.tell(host, |router, now| {
                    router.handle_fault(now, FaultReason::Tracked(name));
                })?;
            }
            Fault::NoAddress { host } => self.tell(host, |router, now| {
                router.set_source(None);
                router.handle_fault(now, FaultReason::NoSourceAddress("eth0".into()));
            })?,
            Fault::Priority { host, to } => self.tell(host, |router, now| {
                // The owner's priority does not change, which was seen to before.
                let _ = router.set_priority(now, to);
            })?,
            Fault::Address { host, to } => self.readdress(host, to)?,
            Fault::Reconfiguration { host } => self.reconfigure(host)?,
            Fault::Drift { host, drift } => {
                let now = self.now;
                self.host_mut(host).clock.set_drift(now, drift);
                self.schedule(host);
            }
            Fault::Lateness { host, longest } => self.host_mut(host).lateness = longest,
            Fault::Noise { host } => self.make_noise(host)?,
        }
        Ok(())
    }

    pub(crate) fn undo(&mut self, fault: Fault) -> Result<(), Violation> {
        let lateness = self.world.lateness;
        let quality = &mut self.lan.quality;
        match fault {
            Fault::Loss { .. } => quality.loss = 0,
            Fault::Delay { .. } => quality.delay = Duration::ZERO,
            Fault::Duplication { .. } => quality.duplication = 0,
            Fault::Corruption { .. } => quality.corruption = 0,
            Fault::Cut { .. }
            | Fault::Mute { .. }
            | Fault::Deaf { .. }
            | Fault::Partition { .. } => {
                self.lan.mend(fault);
            }
            Fault::Pause { host, .. } | Fault::Restart { host } => self.resume(host)?,
            Fault::Crash { host }
            | Fault::Shutdown { host }
            | Fault::Tracked { host }
            | Fault::NoAddress { host } => self.bring_up(host)?,
            Fault::Lateness { host, .. } => self.host_mut(host).lateness = lateness,
            Fault::LostAdvertisement { .. }
            | Fault::Priority { .. }
            | Fault::Address { .. }
            | Fault::Reconfiguration { .. }
            | Fault::Drift { .. }
            | Fault::Noise { .. } => {}
        }
        Ok(())
    }

    fn crash(&mut self, host: u8) {
        let it = &mut self.hosts[usize::from(host)];
        it.power = Power::Off;
        while let Some(delivery) = it.inbox.pop_front() {
            self.lan.release(delivery.packet);
        }
        it.replace_router(&self.world);
    }

    fn resume(&mut self, host: u8) -> Result<(), Violation> {
        let now = self.now;
        let it = self.host_mut(host);
        if !matches!(it.power, Power::Paused { .. }) {
            return Ok(());
        }
        it.power = Power::On;
        it.active_since = it.is_active().then_some(now);
        match it.killed.take() {
            Some(killed) => self.succeed(host, killed),
            None => {
                self.wake_soon(host);
                Ok(())
            }
        }
    }

    /// Starts a process in place of one that was killed.
    fn succeed(&mut self, host: u8, killed: Killed) -> Result<(), Violation> {
        self.note(What::Start { host });
        let it = &mut self.hosts[usize::from(host)];
        it.replace_router(&self.world);
        let active_until = it.clock.local(killed.at);
        self.tell(host, |router, now| match killed.was_active {
            true => router.handle_resumption(now, active_until),
            false => router.handle_startup(now),
        })?;
        self.wake(host)
    }

    /// Starts what was down, and repairs what was in a fault.
    pub(crate) fn bring_up(&mut self, host: u8) -> Result<(), Violation> {
        let source = self.host(host).source;
        match (self.host(host).power, self.host(host).router.state()) {
            (Power::Paused { .. }, _) | (_, State::Backup | State::Active) => Ok(()),
            (Power::On, State::Fault) => self.tell(host, |router, now| {
                router.set_source(Some(source));
                router.clear_fault(now);
            }),
            (Power::On | Power::Off, _) => {
                self.note(What::Start { host });
                self.host_mut(host).power = Power::On;
                self.tell(host, VirtualRouter::handle_startup)
            }
        }
    }

    fn readdress(&mut self, host: u8, to: std::net::IpAddr) -> Result<(), Violation> {
        let from = std::mem::replace(&mut self.host_mut(host).source, to);
        let numbers = &mut self.script.free_addresses;
        numbers.retain(|number| self.world.source(*number) != to);
        numbers.extend((1..=99).find(|number| self.world.source(*number) == from));
        self.tell(host, |router, _| router.set_source(Some(to)))
    }

    fn reconfigure(&mut self, host: u8) -> Result<(), Violation> {
        let before = self.host(host).recipe.clone();
        let recipe = self.world.edited(&mut self.random, &before);
        let config = self.world.config(&recipe);
        self.host_mut(host).recipe = recipe;
        let now = self.now;
        let it = self.host_mut(host);
        let local = it.clock.local(now);
        it.router.reconfigure(local, config).map_err(|error| Violation {
            property: Property::Sane,
            detail: format!("{} refuses a configuration: {error}", Name(host)),
        })?;
        self.take_events(host, local, None)?;
        let it = self.host_mut(host);
        it.witness.reconfigured(&it.router);
        self.tell(host, |_, _| {})
    }

    /// Packets that must be refused.
    fn make_noise(&mut self, host: u8) -> Result<(), Violation> {
        let now = self.now;
        let it = self.host_mut(host);
        let now = it.clock.local(now);
        let config = it.router.config().clone();
        let destination = group(config.family());
        let source = it.source;
        let mut bytes = [0; packet::MAX_LEN];
        let advertise = steadfast_vrrp::router::Advertise {
            source,
            priority: Some(steadfast_vrrp::Priority::OWNER),
            sequence: packet::ah::SequenceNumber::default(),
            reason: steadfast_vrrp::router::AdvertiseReason::Interval,
        };
        let length = Carrier::new(source, destination)
            .and_then(|carrier| it.router.encode(&advertise, carrier, &mut bytes).ok())
            .unwrap_or_default();
        let forwarded = Received { arrival: now, source, destination, hop_limit: packet::TTL - 1 };
        let near = Received { hop_limit: packet::TTL, ..forwarded };
        let mut other_vrid = bytes;
        other_vrid[1] ^= 0x55;
        let refused = [
            it.router.handle_packet(now, &forwarded, &bytes[..length]),
            it.router.handle_packet(now, &near, &bytes[..length / 2]),
            it.router.handle_packet(now, &near, &other_vrid[..length]),
            it.router.handle_packet(now, &near, &[]),
        ];
        self.coverage.refused += refused.len() as u64;
        require(Property::Sane, refused.iter().all(Result::is_err), || {
            format!("{} accepts what is no packet for it: {refused:?}", Name(host))
        })?;
        self.tell(host, |_, _| {})
    }

    /// Ends all that is wrong, except that some hosts may stay down.
    pub(crate) fn heal(&mut self) -> Result<(), Violation> {
        self.lan.heal();
        for host in 0..self.hosts.len() as u8 {
            self.host_mut(host).lateness = self.world.lateness;
            self.resume(host)?;
            let late = self.host(host).wake_at.is_some_and(|at| at > self.now);
            if late && self.host(host).power == Power::On {
                self.wake_soon(host);
            }
            if self.random.percent(90) {
                self.bring_up(host)?;
            }
        }
        Ok(())
    }
}
