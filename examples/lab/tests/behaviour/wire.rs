//! What passes the LAN.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use steadfast_lab::{Frame, Packet};
use steadfast_vrrp::MacAddress;
use steadfast_vrrp::announce::{GratuitousArp, NeighborAdvertisement};
use steadfast_vrrp::packet::PROTOCOL;

const ICMPV6: u8 = 58;

/// The advertisements from the `first` frame on of all but `peers`, to the byte; of those of one
/// virtual router that follow each other the ones that are different from the one before.
pub(crate) fn advertisements(frames: &[Frame], first: usize, peers: &[IpAddr]) -> Vec<String> {
    let mut routers: BTreeMap<(u8, IpAddr), Said> = BTreeMap::new();
    for (index, frame) in frames.iter().enumerate() {
        let Some(packet) = frame.packet().filter(|packet| packet.protocol == PROTOCOL) else {
            continue;
        };
        let Some(vrid) = packet.payload.get(1).filter(|_| !peers.contains(&packet.source)) else {
            continue;
        };
        let said = routers.entry((*vrid, packet.destination)).or_default();
        let line = advertisement(&packet);
        if said.last != line {
            said.last.clone_from(&line);
            said.lines.extend((index >= first).then_some(line));
        }
    }
    routers.into_values().flat_map(|said| said.lines).collect()
}

#[derive(Default)]
struct Said {
    last: String,
    lines: Vec<String>,
}

fn advertisement(packet: &Packet<'_>) -> String {
    let Packet { source, destination, ttl, payload, .. } = packet;
    let bytes: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let priority = payload.get(2).copied().unwrap_or_default();
    format!("{source} > {destination} ttl {ttl} priority {priority}: {bytes}")
}

/// `10.77.0.100 is at its own`, or at a virtual MAC address; each once.
pub(crate) fn announcements(frames: &[Frame], own: MacAddress, peer: MacAddress) -> Vec<String> {
    let mut told = BTreeSet::new();
    for frame in frames {
        let Some((address, mac)) = announcement(frame) else { continue };
        if mac == own {
            told.insert(format!("{address} is at its own"));
        } else if mac != peer {
            told.insert(format!("{address} is at {mac}"));
        }
    }
    told.into_iter().collect()
}

fn announcement(frame: &Frame) -> Option<(IpAddr, MacAddress)> {
    if let Some(arp) = GratuitousArp::decode(&frame.bytes) {
        return Some((arp.address.into(), arp.mac));
    }
    let packet = frame.packet().filter(|packet| packet.protocol == ICMPV6)?;
    let IpAddr::V6(source) = packet.source else { return None };
    // To all nodes; an answer to a question is another matter.
    if packet.destination != IpAddr::from(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)) {
        return None;
    }
    let said = NeighborAdvertisement::decode(source, packet.payload)?;
    Some((said.target.into(), said.mac))
}
