use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::{AdverInterval, Priority};

use crate::fault::Fault;
use crate::random::Random;
use crate::time::Time;
use crate::world::World;

/// The network: what becomes of packets on their way, and those under way.
#[derive(Debug)]
pub(crate) struct Lan {
    pub(crate) quality: Quality,
    /// For each sender a bit for each host that does not hear it.
    pub(crate) cut: [u32; 32],
    /// Whose next advertisement is lost.
    pub(crate) swallow: Option<u8>,
    packets: Vec<Packet>,
    free: Vec<u32>,
    /// When the last packet arrives that is under way.
    pub(crate) last_arrival: Time,
    /// The same for each sender and receiver.
    last_between: Vec<[Time; 32]>,
}

/// What is wrong with the network.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quality {
    pub(crate) loss: u64,
    pub(crate) duplication: u64,
    pub(crate) corruption: u64,
    pub(crate) delay: Duration,
}

/// A packet under way to several hosts.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) bytes: [u8; Self::LONGEST],
    pub(crate) length: usize,
    pub(crate) sender: u8,
    pub(crate) source: IpAddr,
    pub(crate) priority: Option<Priority>,
    pub(crate) interval: AdverInterval,
    /// How many hosts have yet to read it.
    copies: u32,
}

impl Packet {
    /// Three IPv6 addresses.
    pub(crate) const LONGEST: usize = 8 + 3 * 16;
}

/// The bit of a packet that was flipped on the way, if any.
pub(crate) type Damage = Option<u16>;

/// A packet in the socket of a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) packet: u32,
    pub(crate) damage: Damage,
    pub(crate) arrived: Time,
}

impl Delivery {
    pub(crate) fn inflict_damage(&self, bytes: &mut [u8]) {
        if let Some(bit) = self.damage {
            bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
        }
    }
}

impl Lan {
    pub(crate) fn new() -> Self {
        Self {
            quality: Quality::default(),
            cut: [0; 32],
            swallow: None,
            packets: Vec::with_capacity(256),
            free: Vec::with_capacity(256),
            last_arrival: Time::START,
            last_between: vec![[Time::START; 32]; 32],
        }
    }

    pub(crate) fn heal(&mut self) {
        self.quality = Quality::default();
        self.cut = [0; 32];
        self.swallow = None;
    }

    /// What becomes of a packet of so many bits on its way to one host.
    pub(crate) fn damage(&self, random: &mut Random, bits: u64) -> Damage {
        random.percent(self.quality.corruption).then(|| random.within(0..=bits - 1) as u16)
    }

    /// Makes `fault` one of the cuts.
    pub(crate) fn cut(&mut self, fault: Fault) {
        for (from, deaf) in self.cut.iter_mut().enumerate() {
            *deaf |= cut_by(fault, from as u8);
        }
    }

    pub(crate) fn mend(&mut self, fault: Fault) {
        for (from, deaf) in self.cut.iter_mut().enumerate() {
            *deaf &= !cut_by(fault, from as u8);
        }
    }

    pub(crate) fn hears(&self, from: u8, to: u8) -> bool {
        self.cut[usize::from(from)] & 1 << to == 0
    }

    /// Puts a packet on the wire; each copy of it must be [taken off](Self::release).
    pub(crate) fn put(&mut self, packet: Packet) -> u32 {
        match self.free.pop() {
            Some(index) => {
                self.packets[index as usize] = packet;
                index
            }
            None => {
                self.packets.push(packet);
                self.packets.len() as u32 - 1
            }
        }
    }

    pub(crate) fn copy_made(&mut self, packet: u32, arrival: Time) {
        self.packets[packet as usize].copies += 1;
        self.last_arrival = self.last_arrival.max(arrival);
    }

    pub(crate) fn packet(&self, packet: u32) -> &Packet {
        &self.packets[packet as usize]
    }

    pub(crate) fn release(&mut self, packet: u32) {
        let copies = &mut self.packets[packet as usize].copies;
        *copies -= 1;
        if *copies == 0 {
            self.free.push(packet);
        }
    }

    pub(crate) fn release_unsent(&mut self, packet: u32) {
        if self.packets[packet as usize].copies == 0 {
            self.free.push(packet);
        }
    }

    /// When a packet arrives. Without a fault none overtakes another between the same two hosts.
    pub(crate) fn arrival(
        &mut self,
        world: &World,
        random: &mut Random,
        now: Time,
        (from, to): (u8, u8),
    ) -> (Time, bool) {
        let usual = random.duration(world.flight / 4..=world.flight);
        let last = &mut self.last_between[usize::from(from)][usize::from(to)];
        let arrival = if self.quality.delay.is_zero() {
            (now + usual).max(*last)
        } else {
            now + usual + random.up_to(self.quality.delay)
        };
        let overtakes = arrival < *last;
        *last = arrival.max(*last);
        (arrival, overtakes)
    }
}

/// A bit for each host that does not hear `sender` because of `fault`.
fn cut_by(fault: Fault, sender: u8) -> u32 {
    match fault {
        Fault::Cut { from, to } if from == sender => 1 << to,
        Fault::Mute { host } if host == sender => u32::MAX,
        Fault::Deaf { host } => 1 << host,
        Fault::Partition { part } if part & 1 << sender != 0 => !part,
        Fault::Partition { part } => part,
        _ => 0,
    }
}

impl Packet {
    pub(crate) fn new(
        sender: u8,
        source: IpAddr,
        priority: Option<Priority>,
        interval: AdverInterval,
    ) -> Self {
        Self { bytes: [0; Self::LONGEST], length: 0, sender, source, priority, interval, copies: 0 }
    }
}
