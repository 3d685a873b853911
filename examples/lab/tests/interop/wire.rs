//! What passed the LAN, read by our codec and by tcpdump.

use std::net::IpAddr;
use std::time::Duration;

use steadfast_lab::{Captured, Frame};
use steadfast_vrrp::announce::{GratuitousArp, NeighborAdvertisement};
use steadfast_vrrp::packet::{
    self, Carrier, ChecksumForm, DecodePolicy, Format, PROTOCOL, TTL, ah,
};
use steadfast_vrrp::{Family, MacAddress};

use crate::variant::{Side, Variant};

const ICMPV6: u8 = 58;
/// What a loaded machine may need: shorter times tell nothing of the protocol.
const LOAD: Duration = Duration::from_secs(2);

/// Everything of VRRP that passed.
pub(crate) struct Wire {
    advertisements: Vec<Advertisement>,
    announced_at: Vec<MacAddress>,
}

pub(crate) struct Advertisement {
    at: Duration,
    from: Side,
    gives_up: bool,
    mac: MacAddress,
}

impl Wire {
    pub(crate) fn read(captured: &Captured, variant: Variant) -> Self {
        assert_tcpdump_is_content(&captured.decoded, variant);
        let frames = &captured.frames;
        let advertisements = advertisements(frames, variant);
        let announced_at = frames.iter().filter_map(|frame| announced_at(frame, variant));
        Self { advertisements, announced_at: announced_at.collect() }
    }

    /// After each had stopped the other did not wait for its silence to last.
    pub(crate) fn assert_quick_succession(&self, variant: Variant) {
        // The skew time is below one interval. Without priority 0 it would be three more.
        let limit = variant.interval.as_duration() * 3;
        if limit < LOAD {
            return;
        }
        for side in [Side::Ours, Side::Peer] {
            let took = successor_spoke_after(side, &self.advertisements).unwrap();
            assert!(took < limit, "after {side:?} had stopped it took {took:?}");
        }
    }

    /// Both sides told the neighbours where the virtual addresses are.
    pub(crate) fn assert_announced_by_both(&self) {
        for side in [Side::Ours, Side::Peer] {
            let sent = self.advertisements.iter().find(|sent| sent.from == side).unwrap();
            assert!(self.announced_at.contains(&sent.mac), "{side:?} announced nothing");
        }
    }
}

pub(crate) fn advertisements(frames: &[Frame], variant: Variant) -> Vec<Advertisement> {
    frames.iter().filter_map(|frame| advertisement(frame, variant)).collect()
}

/// How long after that side's first goodbye the other one spoke.
pub(crate) fn successor_spoke_after(side: Side, all: &[Advertisement]) -> Option<Duration> {
    let goodbye = all.iter().find(|sent| sent.from == side && sent.gives_up)?;
    let next = all.iter().find(|sent| sent.from != side && sent.at > goodbye.at)?;
    Some(next.at - goodbye.at)
}

/// tcpdump expects the pseudo-header in the checksum of version 3 over IPv4; in all else it is to
/// have no complaint.
fn assert_tcpdump_is_content(decoded: &str, variant: Variant) {
    assert!(decoded.contains("Advertisement, vrid"), "no VRRP in\n{decoded}");
    let complaints = ["[|", "(bad", " bad ", "[bad", "invalid", "malformed", "(incorrect"];
    for line in decoded.lines() {
        let expected = variant.checksum == ChecksumForm::MessageOnly
            && line.contains(&format!("{} > ", variant.address_of(Side::Ours)))
            && line.contains("bad vrrp cksum");
        let content = expected || !complaints.iter().any(|complaint| line.contains(complaint));
        assert!(content, "tcpdump says\n{line}\nin\n{decoded}");
    }
}

/// Decodes a VRRP packet, which has to be as both sides were told.
fn advertisement(frame: &Frame, variant: Variant) -> Option<Advertisement> {
    let protocol = if variant.header { ah::PROTOCOL } else { PROTOCOL };
    let packet = frame.packet().filter(|packet| packet.protocol == protocol)?;
    let message = match variant.key() {
        Some(key) => ah::open(ip_packet(frame), &key).unwrap().message,
        None => packet.payload,
    };
    let sides = [Side::Ours, Side::Peer];
    let from = sides.into_iter().find(|side| variant.address_of(*side) == packet.source);
    let from = from.unwrap_or_else(|| panic!("{} sent an advertisement", packet.source));
    assert_eq!(packet.destination, variant.destination_of(from));
    // keepalived 2.2.7 leaves the hop limit of unicast to the kernel.
    let any_hop_limit = variant.unicast && variant.family == Family::Ipv6 && from == Side::Peer;
    assert!(packet.ttl == TTL || any_hop_limit, "TTL {}", packet.ttl);
    let carrier = Carrier::new(packet.source, packet.destination).unwrap();
    let decoded = packet::decode(message, carrier, DecodePolicy::default()).unwrap();
    assert_eq!(decoded.trailing, [0; 0]);
    let advertisement = decoded.advertisement;
    assert!(advertisement.addresses.iter().eq(variant.addresses()));
    assert_eq!(advertisement.interval, variant.interval);
    assert_eq!(advertisement.format.version(), variant.version);
    if let Format::V3 { checksum } = advertisement.format {
        let expected = match from {
            Side::Ours => variant.checksum,
            Side::Peer => ChecksumForm::PseudoHeader,
        };
        assert_eq!(checksum, expected, "from {from:?}");
    }
    let mac = source_of(frame);
    assert!(variant.mac().is_none_or(|expected| mac == expected), "{from:?} sends from {mac}");
    let gives_up = advertisement.priority.is_none();
    Some(Advertisement { at: frame.at, from, gives_up, mac })
}

/// What follows the Ethernet header.
pub(crate) fn ip_packet(frame: &Frame) -> &[u8] {
    &frame.bytes[14..]
}

fn source_of(frame: &Frame) -> MacAddress {
    MacAddress(frame.bytes[6..12].try_into().unwrap())
}

/// Decodes an announcement of a virtual address: says where it is to be found.
fn announced_at(frame: &Frame, variant: Variant) -> Option<MacAddress> {
    let (mac, address) = match variant.family {
        Family::Ipv4 => {
            let arp = GratuitousArp::decode(&frame.bytes)?;
            (arp.mac, arp.address.into())
        }
        Family::Ipv6 => {
            let packet = frame.packet().filter(|packet| packet.protocol == ICMPV6)?;
            let IpAddr::V6(source) = packet.source else { return None };
            let said = NeighborAdvertisement::decode(source, packet.payload)?;
            (said.mac, said.target.into())
        }
    };
    variant.addresses().contains(&address).then_some(mac)
}
