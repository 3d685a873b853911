//! The machine room: hosts are woken, packets travel, and everything a router says is looked at.

use std::time::Duration;

use steadfast_vrrp::packet::{
    self, Advertisement, Carrier, DecodePolicy, MULTICAST_IPV4, MULTICAST_IPV6,
};
use steadfast_vrrp::router::{
    Advertise, AdvertiseReason, Event, Outcome, Received, State, StateChange, StateReason, Timeout,
    Timer, Transmit,
};
use steadfast_vrrp::{Family, Instant, VirtualRouter};

use crate::Options;
use crate::agenda::Agenda;
use crate::coverage::Coverage;
use crate::fault::Fault;
use crate::host::{Host, Power};
use crate::lan::{Damage, Delivery, Lan, Packet};
use crate::property::{Property, Violation, require};
use crate::random::Random;
use crate::script::Script;
use crate::time::Time;
use crate::trace::{Name, Trace, What};
use crate::witness::Message;
use crate::world::World;

pub(crate) struct Simulation<'a> {
    pub(crate) world: World,
    pub(crate) random: Random,
    pub(crate) hosts: Vec<Host>,
    pub(crate) lan: Lan,
    pub(crate) agenda: Agenda<Entry>,
    pub(crate) now: Time,
    pub(crate) script: Script,
    pub(crate) coverage: Coverage,
    pub(crate) trace: Trace<'a>,
}

/// What is on the agenda. An epoch says for how long it makes sense.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry {
    Arrival {
        host: u8,
        packet: u32,
        damage: Damage,
    },
    Wake {
        host: u8,
    },
    Start {
        host: u8,
    },
    /// The next turn of the script.
    Turn {
        epoch: u32,
    },
    End {
        epoch: u32,
        fault: Fault,
    },
    /// By now there must be an Active router.
    ActiveDue {
        epoch: u32,
    },
    /// If these two are still both Active, they were for too long.
    PairOver {
        pair: [u8; 2],
        since: Time,
    },
}

impl<'a> Simulation<'a> {
    pub(crate) fn new(seed: u64, options: &Options, trace: Trace<'a>) -> Self {
        let mut random = Random::new(seed);
        let world = World::new(&mut random);
        let hosts = (1..=options.routers.get())
            .map(|number| Host::new(&world, &mut random, number))
            .collect();
        Self {
            world,
            random,
            hosts,
            lan: Lan::new(),
            agenda: Agenda::new(),
            now: Time::START,
            script: Script::new(options.routers.get()),
            coverage: Coverage { worlds: 1, ..Coverage::default() },
            trace,
        }
    }

    pub(crate) fn run(&mut self, duration: Duration) -> Result<(), Violation> {
        let end = Time::START + duration;
        self.begin();
        while let Some((at, entry)) = self.agenda.pop() {
            self.now = at;
            if at > end {
                break;
            }
            match entry {
                Entry::Arrival { host, packet, damage } => self.arrive(host, packet, damage)?,
                Entry::Wake { host } => self.wake_due(host)?,
                Entry::Start { host } => self.start(host)?,
                Entry::Turn { epoch } => self.turn(epoch)?,
                Entry::End { epoch, fault } => self.end(epoch, fault)?,
                Entry::ActiveDue { epoch } => self.check_active_due(epoch)?,
                Entry::PairOver { pair, since } => self.check_pair(pair, since)?,
            }
        }
        self.coverage.time = end.min(self.now).since(Time::START);
        Ok(())
    }

    /// The world in words.
    pub(crate) fn describe(&self) -> Vec<String> {
        let routers = self.hosts.iter().zip(0..).map(|(host, index)| {
            let Host { recipe, source, power, router, .. } = host;
            format!(
                "{} {source} {power:?} {} priority {} (configured {}) every {} preempt {} delay {:?}",
                Name(index),
                router.state(),
                router.effective_priority(),
                recipe.priority,
                recipe.interval,
                recipe.preempt,
                recipe.preempt_delay,
            )
        });
        std::iter::once(self.world.to_string()).chain(routers).collect()
    }

    pub(crate) fn host(&self, host: u8) -> &Host {
        &self.hosts[usize::from(host)]
    }

    pub(crate) fn host_mut(&mut self, host: u8) -> &mut Host {
        &mut self.hosts[usize::from(host)]
    }

    pub(crate) fn note(&mut self, what: What) {
        self.trace.add(self.now, what);
    }

    fn start(&mut self, host: u8) -> Result<(), Violation> {
        self.note(What::Start { host });
        self.host_mut(host).power = Power::On;
        self.tell(host, VirtualRouter::handle_startup)
    }

    /// Tells the router something and does what it wants done.
    pub(crate) fn tell(
        &mut self,
        host: u8,
        something: impl FnOnce(&mut VirtualRouter, Instant),
    ) -> Result<(), Violation> {
        let now = self.now;
        let it = self.host_mut(host);
        let now = it.clock.local(now);
        something(&mut it.router, now);
        self.take_events(host, now, None)?;
        self.serve(host, now, None)
    }

    fn arrive(&mut self, host: u8, packet: u32, damage: Damage) -> Result<(), Violation> {
        let arrived = self.now;
        let it = self.host_mut(host);
        let lost = match it.power {
            Power::Off | Power::Paused { deaf: true } => true,
            Power::On | Power::Paused { deaf: false } => it.inbox.len() == Host::INBOX,
        };
        if lost {
            self.lose(host, packet);
            self.lan.release(packet);
            return Ok(());
        }
        it.inbox.push_back(Delivery { packet, damage, arrived });
        match (it.power, it.lateness.is_zero()) {
            (Power::On, true) => self.wake(host),
            (Power::On, false) => {
                self.wake_soon(host);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn lose(&mut self, host: u8, packet: u32) {
        self.coverage.lost += 1;
        let from = self.lan.packet(packet).sender;
        self.note(What::Lost { host, from });
    }

    fn wake_due(&mut self, host: u8) -> Result<(), Violation> {
        let now = self.now;
        let it = self.host_mut(host);
        if it.wake_at != Some(now) {
            return Ok(());
        }
        it.wake_at = None;
        match it.power {
            // The deadline for which this was meant has moved.
            Power::On if it.inbox.is_empty() && it.next_due().is_none_or(|due| due > now) => {
                self.schedule(host);
                Ok(())
            }
            Power::On => self.wake(host),
            Power::Off | Power::Paused { .. } => Ok(()),
        }
    }

    pub(crate) fn wake(&mut self, host: u8) -> Result<(), Violation> {
        self.coverage.wakes += 1;
        let time = self.now;
        let now = self.host(host).clock.local(time);
        while let Some(delivery) = self.host_mut(host).inbox.pop_front() {
            self.read(host, now, delivery)?;
            if self.host(host).eager {
                self.transmit(host, now, None)?;
            }
        }
        let it = self.host_mut(host);
        if it.install_at.is_some_and(|at| at <= time) {
            it.install_at = None;
            it.router.handle_addresses_installed(now);
        }
        let due = it.router.poll_timeout();
        it.router.handle_timeout(now);
        it.witness.woken(now);
        self.take_events(host, now, None)?;
        let next = self.host(host).router.poll_timeout();
        require(Property::Sane, next.is_none_or(|next| next.at > now), || {
            format!(
                "{} was woken at {now:?} and wants to be woken in the past: {next:?}",
                Name(host)
            )
        })?;
        self.serve(host, now, due)
    }

    fn read(&mut self, host: u8, now: Instant, delivery: Delivery) -> Result<(), Violation> {
        let waited = self.now.since(delivery.arrived);
        let it = &mut self.hosts[usize::from(host)];
        let packet = self.lan.packet(delivery.packet);
        let (from, source, length) = (packet.sender, packet.source, packet.length);
        let arrival = if it.stamps { it.clock.local(delivery.arrived) } else { now };
        let mut message =
            Message { source, priority: packet.priority, interval: packet.interval, arrival };
        let received = Received {
            arrival,
            source,
            destination: group(self.world.family),
            hop_limit: packet::TTL,
        };
        let mut bytes = packet.bytes;
        delivery.inflict_damage(&mut bytes);
        let before = it.router.state();
        let outcome = it.router.handle_packet(now, &received, &bytes[..length]);
        self.lan.release(delivery.packet);

        if delivery.damage.is_some() {
            match outcome {
                Err(error) => {
                    self.coverage.refused += 1;
                    self.note(What::Refused { host, error });
                    return Ok(());
                }
                // One bit in 2^16 looks like the other form of checksum.
                Ok(Outcome::Accepted { .. }) => {
                    let said = decoded_again(&received, &bytes[..length])?;
                    (message.priority, message.interval) = (said.priority, said.interval);
                }
                Ok(_) => {}
            }
        }
        if outcome == Ok(Outcome::LoopedBack) && source == self.host(host).source {
            // The address was another's when this was sent.
            return Ok(());
        }
        let listening = matches!(before, State::Backup | State::Active);
        let right = match outcome {
            Ok(Outcome::Accepted { .. }) => listening,
            Ok(Outcome::NotListening) => !listening,
            _ => false,
        };
        require(Property::Sane, right, || {
            format!("{}, {before}, on a valid packet: {outcome:?}", Name(host))
        })?;
        if !listening {
            return Ok(());
        }

        self.coverage.heard += 1;
        self.note(What::Heard { host, from, priority: message.priority, waited });
        let it = &mut self.hosts[usize::from(host)];
        it.witness.heard(&self.world, &it.router, &message);
        let ours = it.router.effective_priority();
        let higher = message.priority > Some(ours)
            || message.priority == Some(ours) && message.source > it.source;
        self.take_events(host, now, Some(&message))?;
        let stays = self.host(host).router.state() == State::Active;
        require(Property::Answer, !(before == State::Active && higher && stays), || {
            format!("{} stays Active, though it heard {message:?}", Name(host))
        })
    }

    pub(crate) fn take_events(
        &mut self,
        host: u8,
        now: Instant,
        message: Option<&Message>,
    ) -> Result<(), Violation> {
        while let Some(event) = self.host_mut(host).router.poll_event() {
            match event {
                Event::StateChange(change) => {
                    let it = &mut self.hosts[usize::from(host)];
                    it.witness.changed(&self.world, &it.router, now, &change, message)?;
                    self.changed(host, change)?;
                }
                Event::Overslept { by, .. } => {
                    self.host_mut(host).witness.overslept();
                    self.note(What::Overslept { host, by });
                }
                Event::PriorityChange { from, to } => {
                    let it = &mut self.hosts[usize::from(host)];
                    it.witness.priority_changed(&self.world, now, from, to);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn changed(&mut self, host: u8, change: StateChange) -> Result<(), Violation> {
        self.coverage.count_transition(&change);
        let (from, to) = (change.from, change.to);
        let resumed = matches!(change.reason, StateReason::Resumed { .. });
        self.note(What::State { host, change });
        let now = self.now;
        let it = self.host_mut(host);
        it.active_since = (to == State::Active).then_some(now);
        it.install_at = it.active_since.map(|since| since + it.install_time);
        if to == State::Active {
            self.became_active(host, resumed)
        } else if from == State::Active {
            self.ceased_to_be_active(host)
        } else {
            Ok(())
        }
    }

    /// Sends what is to be sent, looks the router over, and sees when it is next to be woken.
    fn serve(&mut self, host: u8, now: Instant, due: Option<Timeout>) -> Result<(), Violation> {
        self.transmit(host, now, due)?;
        let it = self.host(host);
        require(Property::Answer, !it.witness.owes_answer, || {
            format!("{} does not answer", Name(host))
        })?;
        it.witness.check(&it.router, now).map_err(|violation| Violation {
            detail: format!("{} {}", Name(host), violation.detail),
            ..violation
        })?;
        self.schedule(host);
        Ok(())
    }

    fn transmit(&mut self, host: u8, now: Instant, due: Option<Timeout>) -> Result<(), Violation> {
        while let Some(transmit) = self.host_mut(host).router.poll_transmit() {
            match transmit {
                Transmit::Advertisement(advertise) => self.send(host, now, due, &advertise)?,
                Transmit::Announce(_) => {
                    let it = self.host(host);
                    let holds = it.router.state() == State::Active && it.install_at.is_none();
                    require(Property::Content, holds, || {
                        format!("{} announces addresses it does not have", Name(host))
                    })?;
                }
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        host: u8,
        now: Instant,
        due: Option<Timeout>,
        advertise: &Advertise,
    ) -> Result<(), Violation> {
        let (priority, reason) = (advertise.priority, advertise.reason);
        self.coverage.sent += 1;
        self.note(What::Sent { host, priority, reason });
        let time = self.now;
        let it = &mut self.hosts[usize::from(host)];
        it.last_sent = time;
        it.witness.owes_answer = false;
        let due = due.filter(|due| due.reason == Timer::Adver && due.at <= now);
        let interval = it.router.config().interval().as_duration();
        match (reason, due) {
            (AdvertiseReason::LowerPriorityPeer | AdvertiseReason::PeerResigned, _) => {}
            (AdvertiseReason::Interval, Some(due)) => {
                it.witness.advertised_on_time(interval, due.at, now)?;
            }
            // Another timer was due before it; this one was by less than an interval.
            (AdvertiseReason::Interval, None) => it.witness.advertised(now - interval),
            _ => it.witness.advertised(now),
        }
        let packet = encoded(host, it, advertise)?;
        self.broadcast(packet);
        Ok(())
    }

    fn broadcast(&mut self, packet: Packet) {
        let (from, bits) = (packet.sender, 8 * packet.length as u64);
        let swallowed = self.lan.swallow.take_if(|whose| *whose == from).is_some();
        let quality = self.lan.quality;
        let packet = self.lan.put(packet);
        for host in (0..self.hosts.len() as u8).filter(|host| *host != from) {
            if swallowed || !self.lan.hears(from, host) || self.random.percent(quality.loss) {
                self.lose(host, packet);
                continue;
            }
            let damage = self.lan.damage(&mut self.random, bits);
            self.carry(host, packet, damage);
            if self.random.percent(quality.duplication + self.world.duplicates) {
                self.coverage.duplicated += 1;
                self.carry(host, packet, None);
            }
        }
        self.lan.release_unsent(packet);
    }

    fn carry(&mut self, host: u8, packet: u32, damage: Damage) {
        let way = (self.lan.packet(packet).sender, host);
        let (arrival, overtakes) = self.lan.arrival(&self.world, &mut self.random, self.now, way);
        self.coverage.overtaken += u64::from(overtakes);
        self.lan.copy_made(packet, arrival);
        self.agenda.add(arrival, Entry::Arrival { host, packet, damage });
    }

    /// Puts the next wake-up on the agenda, unless an earlier one is there.
    pub(crate) fn schedule(&mut self, host: u8) {
        let late = self.random.up_to(self.host(host).lateness);
        if let Some(due) = self.host(host).next_due() {
            self.wake_at(host, due.max(self.now) + late);
        }
    }

    pub(crate) fn wake_soon(&mut self, host: u8) {
        let late = self.random.up_to(self.host(host).lateness);
        self.wake_at(host, self.now + late);
    }

    fn wake_at(&mut self, host: u8, at: Time) {
        let it = self.host_mut(host);
        if it.wake_at.is_none_or(|planned| at < planned) {
            it.wake_at = Some(at);
            self.agenda.add(at, Entry::Wake { host });
        }
    }
}

pub(crate) fn group(family: Family) -> std::net::IpAddr {
    match family {
        Family::Ipv4 => MULTICAST_IPV4.into(),
        Family::Ipv6 => MULTICAST_IPV6.into(),
    }
}

/// The packet, which must say what the router is.
fn encoded(host: u8, it: &Host, advertise: &Advertise) -> Result<Packet, Violation> {
    let (router, config) = (&it.router, it.router.config());
    let destination = group(config.family());
    let wrong = |why: &str| Violation {
        property: Property::Content,
        detail: format!("{} sends {advertise:?} in {}: {why}", Name(host), router.state()),
    };
    let carrier = advertise.carrier(destination).ok_or_else(|| wrong("another family"))?;
    let mut packet = Packet::new(host, advertise.source, advertise.priority, config.interval());
    packet.length = router
        .encode(advertise, carrier, &mut packet.bytes)
        .map_err(|error| wrong(&error.to_string()))?;

    let bytes = &packet.bytes[..packet.length];
    let decoded = packet::decode(bytes, carrier, DecodePolicy::default())
        .map_err(|error| wrong(&error.to_string()))?
        .advertisement;
    let says_what_is = decoded.vrid == config.vrid()
        && decoded.priority == advertise.priority
        && decoded.interval == config.interval()
        && decoded.addresses == config.addresses().as_addresses()
        && advertise.source == it.source;
    let may = match (router.state(), advertise.priority, advertise.reason) {
        (State::Initialize | State::Fault, None, AdvertiseReason::Resign) => true,
        (State::Backup, Some(priority), AdvertiseReason::HigherPriorityPeer) => {
            priority == router.effective_priority()
        }
        (State::Active, Some(priority), reason) => {
            priority == router.effective_priority() && reason != AdvertiseReason::Resign
        }
        _ => false,
    };
    if says_what_is && may { Ok(packet) } else { Err(wrong("not what is so")) }
}

/// What a damaged packet that was taken for a valid one says.
pub(crate) fn decoded_again<'a>(
    received: &Received,
    bytes: &'a [u8],
) -> Result<Advertisement<'a>, Violation> {
    let decoded = Carrier::new(received.source, received.destination)
        .and_then(|carrier| packet::decode(bytes, carrier, DecodePolicy::default()).ok());
    decoded.map(|decoded| decoded.advertisement).ok_or_else(|| Violation {
        property: Property::Sane,
        detail: "an invalid packet was accepted".to_owned(),
    })
}
