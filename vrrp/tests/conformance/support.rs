//! A router under test, and the advertisements it is made to hear.

use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::packet::ah::{Envelope, OVERHEAD, SequenceNumber};
use steadfast_vrrp::packet::{
    Advertisement, Authentication, Carrier, ChecksumForm, Format, MULTICAST_IPV4, MULTICAST_IPV6,
    Password,
};
use steadfast_vrrp::router::{
    Advertise, AdvertiseReason, Announce, ConfigBuilder, Event, Outcome, ReceiveError, Received,
    State, StateChange, StateReason, Timer, Transmit, VirtualAddresses,
};
use steadfast_vrrp::{AdverInterval, Config, Family, Instant, Priority, VirtualRouter, Vrid};

pub(crate) const OUR_ADDRESS: &str = "192.0.2.10";
pub(crate) const LOWER_ADDRESS: &str = "192.0.2.9";
pub(crate) const HIGHER_ADDRESS: &str = "192.0.2.11";
pub(crate) const VIRTUAL: [&str; 2] = ["192.0.2.100", "192.0.2.101"];
pub(crate) const VIRTUAL_IPV6: [&str; 2] = ["fe80::100", "2001:db8::100"];

pub(crate) fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

pub(crate) fn prio(priority: u8) -> Priority {
    Priority::new(priority).unwrap()
}

pub(crate) fn centis(centis: u16) -> AdverInterval {
    AdverInterval::from_centis(centis).unwrap()
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// The instant this long after the start of the test.
pub(crate) fn at(since_start: Duration) -> Instant {
    Instant::from_nanos(1 << 40) + since_start
}

pub(crate) const START: Duration = Duration::ZERO;

/// VRRPv3, VRID 51, priority 100, one second, two IPv4 addresses.
pub(crate) fn config() -> ConfigBuilder {
    config_of(&VIRTUAL)
}

pub(crate) fn config_of(addresses: &[&str]) -> ConfigBuilder {
    let addresses = addresses.iter().map(|address| ip(address));
    Config::builder(Vrid::new(51).unwrap(), VirtualAddresses::new(addresses).unwrap())
}

/// A router that was started, and what it said taken.
pub(crate) struct Router {
    pub(crate) router: VirtualRouter,
}

impl Router {
    pub(crate) fn new(config: ConfigBuilder) -> Self {
        let config = config.build().unwrap();
        let source = match config.family() {
            Family::Ipv4 => OUR_ADDRESS,
            Family::Ipv6 => "fe80::a",
        };
        let mut router = VirtualRouter::new(config);
        router.set_source(Some(ip(source)));
        Self { router }
    }

    pub(crate) fn backup(config: ConfigBuilder) -> Self {
        let mut router = Self::new(config);
        router.router.handle_startup(at(START));
        assert_eq!(router.router.state(), State::Backup);
        router.drain();
        router
    }

    /// Active since `START`, addresses not yet installed.
    pub(crate) fn active(config: ConfigBuilder) -> Self {
        let mut trial = Self::new(config.clone());
        trial.router.handle_startup(at(START));
        let head_start = trial.deadline().duration_since(at(START));

        let mut router = Self::new(config);
        router.router.handle_startup(at(START) - head_start);
        router.wake(START);
        assert_eq!(router.state(), State::Active);
        router.drain();
        router
    }

    pub(crate) fn installed(mut self) -> Self {
        self.router.handle_addresses_installed(at(START));
        self.drain();
        self
    }

    pub(crate) fn hear(
        &mut self,
        since_start: Duration,
        advert: &Advert,
    ) -> Result<Outcome, ReceiveError> {
        let now = at(since_start);
        self.router.handle_packet(now, &advert.received(now), &advert.bytes())
    }

    pub(crate) fn wake(&mut self, since_start: Duration) {
        self.router.handle_timeout(at(since_start));
    }

    /// Wakes the router at its own next deadline and says when that was.
    pub(crate) fn wake_when_due(&mut self) -> Instant {
        let deadline = self.deadline();
        self.router.handle_timeout(deadline);
        deadline
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.router.poll_timeout().expect("a timer is armed").at
    }

    pub(crate) fn timer(&self) -> Timer {
        self.router.poll_timeout().expect("a timer is armed").reason
    }

    pub(crate) fn state(&self) -> State {
        self.router.state()
    }

    pub(crate) fn drain(&mut self) {
        while self.router.poll_transmit().is_some() {}
        while self.router.poll_event().is_some() {}
    }

    pub(crate) fn transmits(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.router.poll_transmit()).collect()
    }

    pub(crate) fn advertisements(&mut self) -> Vec<Advertise> {
        self.transmits()
            .into_iter()
            .filter_map(|transmit| match transmit {
                Transmit::Advertisement(advertise) => Some(advertise),
                Transmit::Announce(_) => None,
            })
            .collect()
    }

    /// The priority (0: giving up) and reason of each advertisement to be sent.
    pub(crate) fn sent(&mut self) -> Vec<(u8, AdvertiseReason)> {
        self.advertisements()
            .into_iter()
            .map(|advertise| (advertise.priority.map_or(0, Priority::get), advertise.reason))
            .collect()
    }

    pub(crate) fn announced(&mut self) -> Vec<Announce> {
        self.transmits()
            .into_iter()
            .filter_map(|transmit| match transmit {
                Transmit::Announce(announce) => Some(announce),
                Transmit::Advertisement(_) => None,
            })
            .collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.router.poll_event()).collect()
    }

    pub(crate) fn state_change(&mut self) -> StateChange {
        self.events()
            .into_iter()
            .find_map(|event| match event {
                Event::StateChange(change) => Some(change),
                _ => None,
            })
            .expect("the state changed")
    }

    pub(crate) fn reason(&mut self) -> StateReason {
        self.state_change().reason
    }
}

/// An advertisement of a peer, right in every respect unless a test spoils it.
#[derive(Clone)]
pub(crate) struct Advert {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
    pub(crate) interval: AdverInterval,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) format: Format,
    pub(crate) hop_limit: u8,
}

impl Advert {
    pub(crate) fn new(source: &str, priority: u8) -> Self {
        let source = ip(source);
        let (destination, addresses): (IpAddr, _) = match source {
            IpAddr::V4(_) => (MULTICAST_IPV4.into(), VIRTUAL),
            IpAddr::V6(_) => (MULTICAST_IPV6.into(), VIRTUAL_IPV6),
        };
        Self {
            source,
            destination,
            vrid: 51,
            priority,
            interval: AdverInterval::DEFAULT,
            addresses: addresses.iter().map(|address| ip(address)).collect(),
            format: Format::V3 { checksum: ChecksumForm::PseudoHeader },
            hop_limit: 255,
        }
    }

    pub(crate) fn v2(source: &str, priority: u8, authentication: Authentication) -> Self {
        Self { format: Format::V2 { authentication }, ..Self::new(source, priority) }
    }

    pub(crate) fn every(mut self, centiseconds: u16) -> Self {
        self.interval = centis(centiseconds);
        self
    }

    pub(crate) fn received(&self, arrival: Instant) -> Received {
        Received {
            arrival,
            source: self.source,
            destination: self.destination,
            hop_limit: self.hop_limit,
        }
    }

    /// The whole IPv4 packet, with an Authentication Header.
    pub(crate) fn authenticated(&self, key: &Password, sequence: u32) -> Vec<u8> {
        let Some(Carrier::V4 { source, destination }) = Carrier::new(self.source, self.destination)
        else {
            panic!("not IPv4")
        };
        let sequence = SequenceNumber::new(sequence);
        let envelope = Envelope { source, destination, ttl: self.hop_limit, sequence };
        let message = self.bytes();
        let mut packet = vec![0; OVERHEAD + message.len()];
        let sealed = envelope.seal(key, &mut packet, |room| {
            room.copy_from_slice(&message);
            Ok(message.len())
        });
        assert_eq!(sealed, Ok(packet.len()));
        packet
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let addresses = VirtualAddresses::new(self.addresses.iter().copied()).unwrap();
        let advertisement = Advertisement {
            vrid: Vrid::new(self.vrid).unwrap(),
            priority: Priority::new(self.priority).ok(),
            interval: self.interval,
            addresses: addresses.as_addresses(),
            format: self.format,
        };
        let mut bytes = vec![0; advertisement.encoded_len()];
        let carrier = Carrier::new(self.source, self.destination).unwrap();
        advertisement.encode(carrier, &mut bytes).unwrap();
        bytes
    }
}

/// Writes a checksum over the message alone, which VRRPv2 has and a receiver of VRRPv3 over
/// IPv4 accepts too: for packets no encoder would make.
pub(crate) fn seal(bytes: &mut [u8]) {
    bytes[6..8].fill(0);
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    bytes[6..8].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}
