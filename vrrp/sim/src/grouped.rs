//! Machines with two routers each, on two networks, in a synchronisation group.
//!
//! In the trace r1 and r2 are the routers of the first machine, r3 and r4 those of the second. Both
//! have the same priority and the same number in their addresses, so that the networks do not
//! disagree on who is best: with groups, that is a mistake of the operator.

mod course;

use std::collections::VecDeque;
use std::time::Duration;

use steadfast_vrrp::group::{Member, SyncGroup};
use steadfast_vrrp::packet;
use steadfast_vrrp::router::{Advertise, Event, Outcome, Received, State, Transmit};
use steadfast_vrrp::{Instant, Priority, VirtualRouter};

use self::course::{Course, Turn};
use crate::Options;
use crate::agenda::Agenda;
use crate::coverage::Coverage;
use crate::host::{Killed, Power};
use crate::lan::{Damage, Delivery, Lan, Packet};
use crate::property::{Property, Violation, require};
use crate::random::Random;
use crate::simulation::{decoded_again, group as multicast_group};
use crate::time::{Clock, Time};
use crate::trace::{Name, Trace, What};
use crate::world::{Recipe, World};

pub(crate) struct Grouped<'a> {
    world: World,
    random: Random,
    machines: Vec<Machine>,
    lan: Lan,
    agenda: Agenda<Entry>,
    course: Course,
    /// The numbers of addresses not in use.
    free_numbers: Vec<u8>,
    pub(crate) now: Time,
    pub(crate) coverage: Coverage,
    pub(crate) trace: Trace<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    Arrival { router: u8, packet: u32, damage: Damage },
    Wake { machine: u8 },
    Turn { turn: Turn, epoch: u32 },
}

struct Machine {
    recipe: Recipe,
    /// That in its addresses.
    number: u8,
    clock: Clock,
    members: [VirtualRouter; 2],
    states: [State; 2],
    group: SyncGroup,
    power: Power,
    /// What arrived and was not yet read, and for which member.
    inbox: VecDeque<(usize, Delivery)>,
    wake_at: Option<Time>,
    active_since: Option<Time>,
    /// Its process was killed, and another is to resume.
    killed: Option<Killed>,
}

impl Machine {
    fn new(world: &World, random: &mut Random, number: u8) -> Self {
        let mut recipe = world.recipe(random);
        recipe.sync_group = true;
        let boot = Instant::from_nanos((1 << 50) + random.within(0..=1 << 50));
        Self {
            clock: Clock::new(boot, world.drift(random)),
            members: members(world, &recipe, number),
            recipe,
            number,
            states: [State::Initialize; 2],
            group: SyncGroup::default(),
            power: Power::On,
            inbox: VecDeque::new(),
            wake_at: None,
            active_since: None,
            killed: None,
        }
    }

    fn state(&self) -> State {
        self.states[0]
    }

    fn priority(&self) -> Priority {
        self.members[0].effective_priority()
    }

    fn is_up(&self) -> bool {
        self.power == Power::On && matches!(self.state(), State::Backup | State::Active)
    }

    fn is_active(&self) -> bool {
        self.power == Power::On && self.state() == State::Active
    }
}

fn members(world: &World, recipe: &Recipe, number: u8) -> [VirtualRouter; 2] {
    let config = world.config(recipe);
    let mut members = std::array::from_fn(|_| VirtualRouter::new(config.clone()));
    members.iter_mut().for_each(|member| member.set_source(Some(world.source(number))));
    members
}

fn router(machine: usize, member: usize) -> u8 {
    (2 * machine + member) as u8
}

impl<'a> Grouped<'a> {
    pub(crate) fn new(seed: u64, options: &Options, trace: Trace<'a>) -> Self {
        let mut random = Random::new(seed);
        let mut world = World::new(&mut random);
        while world.intervals_differ() {
            world = World::new(&mut random);
        }
        // Two routers each, and a bit for each router in what the network knows.
        let count = options.routers.get().min(16);
        let machines =
            (1..=count).map(|number| Machine::new(&world, &mut random, number)).collect();
        Self {
            world,
            random,
            machines,
            lan: Lan::new(),
            agenda: Agenda::new(),
            course: Course::default(),
            free_numbers: (count + 1..=99).collect(),
            now: Time::START,
            coverage: Coverage { worlds: 1, ..Coverage::default() },
            trace,
        }
    }

    pub(crate) fn run(&mut self, duration: Duration) -> Result<(), Violation> {
        let end = Time::START + duration;
        self.begin()?;
        while let Some((at, entry)) = self.agenda.pop() {
            self.now = at;
            if at > end {
                break;
            }
            match entry {
                Entry::Arrival { router, packet, damage } => {
                    self.arrive(router, packet, damage)?;
                }
                Entry::Wake { machine } => self.wake_due(usize::from(machine))?,
                Entry::Turn { turn, epoch } => self.turn(turn, epoch)?,
            }
        }
        self.coverage.time = end.min(self.now).since(Time::START);
        Ok(())
    }

    pub(crate) fn describe(&self) -> Vec<String> {
        let machines = self.machines.iter().enumerate().map(|(index, it)| {
            format!(
                "{} and {}: {} {:?} {} priority {} (configured {}) every {} preempt {} delay {:?}",
                Name(router(index, 0)),
                Name(router(index, 1)),
                self.world.source(it.number),
                it.power,
                it.state(),
                it.priority(),
                it.recipe.priority,
                it.recipe.interval,
                it.recipe.preempt,
                it.recipe.preempt_delay,
            )
        });
        std::iter::once(self.world.to_string()).chain(machines).collect()
    }

    fn note(&mut self, what: What) {
        self.trace.add(self.now, what);
    }

    /// Tells the members of a machine something, and does what they then want done.
    fn tell(
        &mut self,
        machine: usize,
        something: impl FnOnce(&mut [VirtualRouter; 2], Instant),
    ) -> Result<(), Violation> {
        let it = &mut self.machines[machine];
        let now = it.clock.local(self.now);
        something(&mut it.members, now);
        self.serve(machine, now)
    }

    fn arrive(&mut self, router: u8, packet: u32, damage: Damage) -> Result<(), Violation> {
        let (machine, member) = (usize::from(router / 2), usize::from(router % 2));
        let delivery = Delivery { packet, damage, arrived: self.now };
        let it = &mut self.machines[machine];
        match it.power {
            Power::Off | Power::Paused { deaf: true } => {
                self.coverage.lost += 1;
                self.lan.release(packet);
            }
            Power::Paused { deaf: false } => it.inbox.push_back((member, delivery)),
            Power::On => {
                it.inbox.push_back((member, delivery));
                return self.wake(machine);
            }
        }
        Ok(())
    }

    fn wake_due(&mut self, machine: usize) -> Result<(), Violation> {
        let it = &mut self.machines[machine];
        if it.wake_at == Some(self.now) {
            it.wake_at = None;
            if it.power == Power::On {
                return self.wake(machine);
            }
        }
        Ok(())
    }

    fn wake(&mut self, machine: usize) -> Result<(), Violation> {
        self.coverage.wakes += 1;
        let now = self.machines[machine].clock.local(self.now);
        while let Some((member, delivery)) = self.machines[machine].inbox.pop_front() {
            self.read(machine, member, delivery)?;
        }
        self.machines[machine].members.iter_mut().for_each(|member| member.handle_timeout(now));
        self.serve(machine, now)
    }

    fn read(&mut self, machine: usize, member: usize, delivery: Delivery) -> Result<(), Violation> {
        let it = &mut self.machines[machine];
        let sent = self.lan.packet(delivery.packet);
        let received = Received {
            arrival: it.clock.local(delivery.arrived),
            source: sent.source,
            destination: multicast_group(self.world.family),
            hop_limit: packet::TTL,
        };
        let now = it.clock.local(self.now);
        let (mut bytes, length) = (sent.bytes, sent.length);
        delivery.inflict_damage(&mut bytes);
        let outcome = it.members[member].handle_packet(now, &received, &bytes[..length]);
        let (from, priority) = (sent.sender, sent.priority);
        self.lan.release(delivery.packet);
        let host = router(machine, member);
        match (outcome, delivery.damage) {
            (Err(error), Some(_)) => {
                self.coverage.refused += 1;
                self.note(What::Refused { host, error });
                return Ok(());
            }
            // One bit in 2^16 looks like the other form of checksum.
            (Ok(Outcome::Accepted { .. }), Some(_)) => {
                decoded_again(&received, &bytes[..length])?;
            }
            _ => {}
        }
        self.coverage.heard += 1;
        self.note(What::Heard { host, from, priority, waited: self.now.since(delivery.arrived) });
        require(Property::Sane, outcome.is_ok(), || format!("{} refuses {outcome:?}", Name(host)))
    }

    /// Brings the members in step, and does what they want done.
    fn serve(&mut self, machine: usize, now: Instant) -> Result<(), Violation> {
        let it = &mut self.machines[machine];
        let [inner, outer] = &mut it.members;
        it.group.synchronise(now, &mut [Member::new("inner", inner), Member::new("outer", outer)]);
        let states = [inner.state(), outer.state()];
        let before = std::mem::replace(&mut it.states, states);
        if before != states {
            self.coverage.count_check(Property::InStep);
        }
        require(Property::InStep, states[0] == states[1], || {
            format!(
                "{} is {}, and {} is {}",
                Name(router(machine, 0)),
                states[0],
                Name(router(machine, 1)),
                states[1]
            )
        })?;
        for member in 0..2 {
            self.take_events(machine, member);
            self.transmit(machine, member, now)?;
        }
        if before != states {
            let it = &mut self.machines[machine];
            it.active_since = (states[0] == State::Active).then_some(self.now);
            self.changed(machine, before[0], states[0])?;
        }
        self.schedule(machine);
        Ok(())
    }

    fn take_events(&mut self, machine: usize, member: usize) {
        let host = router(machine, member);
        while let Some(event) = self.machines[machine].members[member].poll_event() {
            match event {
                Event::StateChange(change) => {
                    self.coverage.count_transition(&change);
                    self.note(What::State { host, change });
                }
                Event::Overslept { by, .. } => self.note(What::Overslept { host, by }),
                _ => {}
            }
        }
    }

    fn transmit(&mut self, machine: usize, member: usize, now: Instant) -> Result<(), Violation> {
        let host = router(machine, member);
        let it = &mut self.machines[machine].members[member];
        it.handle_addresses_installed(now);
        while let Some(transmit) = self.machines[machine].members[member].poll_transmit() {
            if let Transmit::Advertisement(advertise) = transmit {
                self.send(host, machine, member, &advertise)?;
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        host: u8,
        machine: usize,
        member: usize,
        advertise: &Advertise,
    ) -> Result<(), Violation> {
        let (priority, reason) = (advertise.priority, advertise.reason);
        self.note(What::Sent { host, priority, reason });
        self.coverage.sent += 1;
        let it = &self.machines[machine].members[member];
        let mut packet = Packet::new(host, advertise.source, priority, it.config().interval());
        let length = advertise
            .carrier(multicast_group(self.world.family))
            .and_then(|carrier| it.encode(advertise, carrier, &mut packet.bytes).ok());
        require(Property::Content, length.is_some(), || {
            format!("{} cannot encode {advertise:?}", Name(host))
        })?;
        packet.length = length.unwrap_or_default();
        self.broadcast(host, packet);
        Ok(())
    }

    /// To the routers of the same network: every second one.
    fn broadcast(&mut self, from: u8, packet: Packet) {
        let bits = 8 * packet.length as u64;
        let packet = self.lan.put(packet);
        for to in (from % 2..router(self.machines.len(), 0)).step_by(2).filter(|to| *to != from) {
            if !self.lan.hears(from, to) || self.random.percent(self.lan.quality.loss) {
                self.coverage.lost += 1;
                self.note(What::Lost { host: to, from });
                continue;
            }
            let damage = self.lan.damage(&mut self.random, bits);
            self.carry((from, to), packet, damage);
            if self.random.percent(self.lan.quality.duplication) {
                self.coverage.duplicated += 1;
                self.carry((from, to), packet, None);
            }
        }
        self.lan.release_unsent(packet);
    }

    fn carry(&mut self, way: (u8, u8), packet: u32, damage: Damage) {
        let (arrival, overtakes) = self.lan.arrival(&self.world, &mut self.random, self.now, way);
        self.coverage.overtaken += u64::from(overtakes);
        self.lan.copy_made(packet, arrival);
        self.agenda.add(arrival, Entry::Arrival { router: way.1, packet, damage });
    }

    fn schedule(&mut self, machine: usize) {
        let late = self.random.up_to(self.world.lateness);
        let it = &mut self.machines[machine];
        let due = it.members.iter().filter_map(VirtualRouter::poll_timeout).map(|due| due.at).min();
        if let Some(due) = due {
            let at = it.clock.reaches(due).max(self.now) + late;
            if it.wake_at.is_none_or(|planned| at < planned) {
                it.wake_at = Some(at);
                self.agenda.add(at, Entry::Wake { machine: machine as u8 });
            }
        }
    }
}
