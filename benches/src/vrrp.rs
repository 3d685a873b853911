//! The paths of `steadfast-vrrp` that every packet takes.

use std::net::Ipv4Addr;
use std::time::Duration;

use steadfast_vrrp::packet::{
    self, Advertisement, Carrier, ChecksumForm, DecodePolicy, Decoded, Format, MULTICAST_IPV4,
};
use steadfast_vrrp::router::{Outcome, Received, State, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Instant, Priority, VirtualRouter, Vrid};

const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const CARRIER: Carrier = Carrier::V4 { source: PEER, destination: MULTICAST_IPV4 };

/// A VRRPv3 packet with one IPv4 address, to be decoded and encoded again.
#[derive(Debug)]
pub struct Packet {
    bytes: Vec<u8>,
}

impl Default for Packet {
    fn default() -> Self {
        let addresses = addresses();
        let advertisement = Advertisement {
            vrid: Vrid::new(51).expect("a VRID"),
            priority: Some(Priority::new(200).expect("a priority")),
            interval: AdverInterval::DEFAULT,
            addresses: addresses.as_addresses(),
            format: Format::V3 { checksum: ChecksumForm::PseudoHeader },
        };
        let mut bytes = vec![0; advertisement.encoded_len()];
        advertisement.encode(CARRIER, &mut bytes).expect("room enough");
        Self { bytes }
    }
}

impl Packet {
    /// Decodes the packet.
    pub fn decode(&self) -> Decoded<'_> {
        packet::decode(&self.bytes, CARRIER, DecodePolicy::default()).expect("a valid packet")
    }

    /// Encodes into `buffer` what [`decode`](Self::decode) gave.
    pub fn encode(decoded: &Decoded<'_>, buffer: &mut [u8]) -> usize {
        decoded.advertisement.encode(CARRIER, buffer).expect("room enough")
    }
}

/// A Backup that hears its Active router.
#[derive(Debug)]
pub struct Backup {
    router: VirtualRouter,
    packet: Packet,
    now: Instant,
}

impl Default for Backup {
    fn default() -> Self {
        let config = Config::builder(Vrid::new(51).expect("a VRID"), addresses());
        let mut router = VirtualRouter::new(config.build().expect("a valid configuration"));
        router.set_source(Some(Ipv4Addr::new(192, 0, 2, 1).into()));
        let now = Instant::from_nanos(0);
        router.handle_startup(now);
        while router.poll_event().is_some() {}
        Self { router, packet: Packet::default(), now }
    }
}

impl Backup {
    /// One advertisement, from its bytes to the timer it sets, and everything polled that a driver
    /// polls.
    pub fn hear(&mut self) -> State {
        self.now = self.now + Duration::from_secs(1);
        let received = Received {
            arrival: self.now,
            source: PEER.into(),
            destination: MULTICAST_IPV4.into(),
            hop_limit: packet::TTL,
        };
        let outcome = self.router.handle_packet(self.now, &received, &self.packet.bytes);
        assert!(matches!(outcome, Ok(Outcome::Accepted { .. })), "{outcome:?}");
        assert!(self.router.poll_transmit().is_none(), "a Backup that hears is silent");
        assert!(self.router.poll_event().is_none(), "nothing changed");
        assert!(self.router.poll_timeout().is_some(), "a Backup waits");
        self.router.state()
    }
}

fn addresses() -> VirtualAddresses {
    VirtualAddresses::new([Ipv4Addr::new(192, 0, 2, 100).into()]).expect("an address")
}
