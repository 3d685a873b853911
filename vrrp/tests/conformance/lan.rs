//! Some routers on one LAN in virtual time: what one sends the others receive a little later.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use steadfast_vrrp::packet::{MAX_LEN, MULTICAST_IPV4};
use steadfast_vrrp::router::{ConfigBuilder, Received, State, Transmit};
use steadfast_vrrp::{Instant, VirtualRouter};

use crate::support::at;

pub(crate) const DELAY: Duration = Duration::from_micros(100);

struct Packet {
    to: usize,
    source: IpAddr,
    bytes: Vec<u8>,
}

pub(crate) struct Lan {
    pub(crate) now: Instant,
    routers: Vec<VirtualRouter>,
    dead: Vec<bool>,
    in_flight: BTreeMap<(Instant, u64), Packet>,
    sequence: u64,
    /// When, and which router entered which state.
    pub(crate) history: Vec<(Instant, usize, State)>,
}

impl Lan {
    /// Routers 0, 1, ... have the addresses 192.0.2.1, 192.0.2.2, ...; none is started.
    pub(crate) fn new(configs: impl IntoIterator<Item = ConfigBuilder>) -> Self {
        let routers: Vec<_> = configs
            .into_iter()
            .zip(1..)
            .map(|(config, last)| {
                let mut router = VirtualRouter::new(config.build().unwrap());
                router.set_source(Some(Ipv4Addr::new(192, 0, 2, last).into()));
                router
            })
            .collect();
        Self {
            now: at(Duration::ZERO),
            dead: vec![false; routers.len()],
            routers,
            in_flight: BTreeMap::new(),
            sequence: 0,
            history: Vec::new(),
        }
    }

    pub(crate) fn started(configs: impl IntoIterator<Item = ConfigBuilder>) -> Self {
        let mut lan = Self::new(configs);
        for index in 0..lan.routers.len() {
            lan.with(index, |router, now| router.handle_startup(now));
        }
        lan
    }

    pub(crate) fn with(&mut self, index: usize, act: impl FnOnce(&mut VirtualRouter, Instant)) {
        let before = self.routers[index].state();
        act(&mut self.routers[index], self.now);
        let after = self.routers[index].state();
        if after != before {
            self.history.push((self.now, index, after));
        }
        if after == State::Active {
            self.routers[index].handle_addresses_installed(self.now);
        }
        while let Some(transmit) = self.routers[index].poll_transmit() {
            let Transmit::Advertisement(advertise) = transmit else { continue };
            let carrier = advertise.carrier(MULTICAST_IPV4.into()).unwrap();
            let mut buffer = [0; MAX_LEN];
            let length = self.routers[index].encode(&advertise, carrier, &mut buffer).unwrap();
            for to in (0..self.routers.len()).filter(|to| *to != index) {
                self.sequence += 1;
                let bytes = buffer[..length].to_vec();
                let packet = Packet { to, source: advertise.source, bytes };
                self.in_flight.insert((self.now + DELAY, self.sequence), packet);
            }
        }
    }

    /// From now on the router does nothing, and does not say so.
    pub(crate) fn kill(&mut self, index: usize) {
        self.dead[index] = true;
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let due = self
                .routers
                .iter()
                .zip(&self.dead)
                .enumerate()
                .filter(|(_, (_, dead))| !**dead)
                .filter_map(|(index, (router, _))| Some((router.poll_timeout()?.at, index)))
                .min();
            let arrival = self.in_flight.keys().next().map(|(arrival, _)| *arrival);
            match (arrival, due) {
                (Some(arrival), _)
                    if arrival <= end && due.is_none_or(|(due, _)| arrival <= due) =>
                {
                    let (_, packet) = self.in_flight.pop_first().unwrap();
                    self.now = arrival;
                    self.deliver(&packet);
                }
                (_, Some((due, index))) if due <= end => {
                    self.now = due;
                    self.with(index, VirtualRouter::handle_timeout);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn deliver(&mut self, packet: &Packet) {
        if self.dead[packet.to] {
            return;
        }
        let received = Received {
            arrival: self.now,
            source: packet.source,
            destination: MULTICAST_IPV4.into(),
            hop_limit: 255,
        };
        self.with(packet.to, |router, now| {
            router.handle_packet(now, &received, &packet.bytes).unwrap();
        });
    }

    pub(crate) fn states(&self) -> Vec<State> {
        self.routers.iter().map(VirtualRouter::state).collect()
    }

    /// When the router became Active, counted from `since`.
    pub(crate) fn became_active(&self, index: usize, since: Instant) -> Option<Duration> {
        self.history
            .iter()
            .find(|(when, who, state)| *when >= since && *who == index && *state == State::Active)
            .map(|(when, ..)| when.duration_since(since))
    }
}
