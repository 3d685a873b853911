//! Ethernet frames to groups: neighbour advertisements, and whatever comes from a virtual MAC.

use std::net::{Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::MacAddress;
use steadfast_vrrp::announce::{ALL_NODES, NeighborAdvertisement};
use steadfast_vrrp::packet::{Carrier, PROTOCOL, TTL, TYPE_OF_SERVICE};

const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_IPV6: [u8; 2] = [0x86, 0xdd];
const ICMPV6: u8 = 58;
const IPV4_HEADER: usize = 20;

/// An advertisement to a group.
pub(crate) fn advertisement(mac: MacAddress, carrier: Carrier, payload: &[u8]) -> Vec<u8> {
    match carrier {
        Carrier::V4 { source, destination } => ipv4(mac, source, destination, payload),
        Carrier::V6 { source, destination } => {
            ipv6(mac, (source, destination), TYPE_OF_SERVICE, PROTOCOL, payload)
        }
    }
}

/// An unsolicited neighbour advertisement, with hop limit 255 as RFC 4861 section 7.1.2 demands.
pub(crate) fn neighbor_advertisement(advertisement: &NeighborAdvertisement) -> Vec<u8> {
    let addresses = (advertisement.source, ALL_NODES);
    ipv6(advertisement.mac, addresses, 0, ICMPV6, &advertisement.encode())
}

fn ipv4(mac: MacAddress, source: Ipv4Addr, group: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(IPV4_HEADER + payload.len()).unwrap_or(u16::MAX);
    let header: [&[u8]; 6] = [
        &[0x45, TYPE_OF_SERVICE],
        &length.to_be_bytes(),
        // Never fragmented, so it needs no identification (RFC 6864).
        &[0, 0, 0x40, 0],
        &[TTL, PROTOCOL, 0, 0],
        &source.octets(),
        &group.octets(),
    ];
    let mut header = header.concat();
    let checksum = header_checksum(&header).to_be_bytes();
    header.iter_mut().skip(10).zip(checksum).for_each(|(to, from)| *to = from);
    header.extend_from_slice(payload);
    ipv4_frame(mac, group, &header)
}

/// An IPv4 packet to a group.
pub(crate) fn ipv4_frame(mac: MacAddress, group: Ipv4Addr, packet: &[u8]) -> Vec<u8> {
    let [_, b, c, d] = group.octets();
    // RFC 1112 section 6.4.
    let to = [0x01, 0x00, 0x5e, b & 0x7f, c, d];
    [&to, mac.0.as_slice(), &ETHERTYPE_IPV4, packet].concat()
}

/// That of RFC 1071 over a header with none in it.
fn header_checksum(header: &[u8]) -> u16 {
    let (words, _) = header.as_chunks::<2>();
    let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    // Of ten words: once is not enough, twice is.
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).unwrap_or_default()
}

fn ipv6(
    mac: MacAddress,
    (source, group): (Ipv6Addr, Ipv6Addr),
    traffic_class: u8,
    next_header: u8,
    payload: &[u8],
) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let [.., a, b, c, d] = group.octets();
    let fields: [&[u8]; 9] = [
        // RFC 2464 section 7.
        &[0x33, 0x33, a, b, c, d],
        &mac.0,
        &ETHERTYPE_IPV6,
        &[0x60 | traffic_class >> 4, traffic_class << 4, 0, 0],
        &length.to_be_bytes(),
        &[next_header, TTL],
        &source.octets(),
        &group.octets(),
        payload,
    ];
    fields.concat()
}

#[cfg(test)]
mod tests {
    use steadfast_vrrp::packet::{MULTICAST_IPV4, MULTICAST_IPV6};

    use super::*;

    const MAC: MacAddress = MacAddress([0x00, 0x00, 0x5e, 0x00, 0x01, 0x33]);

    #[test]
    fn an_advertisement_over_ipv4_has_a_header_that_is_right() {
        let carrier =
            Carrier::V4 { source: Ipv4Addr::new(10, 0, 0, 1), destination: MULTICAST_IPV4 };
        let frame = advertisement(MAC, carrier, &[0x31; 12]);
        assert_eq!(frame[..14], [0x01, 0, 0x5e, 0, 0, 18, 0, 0, 0x5e, 0, 1, 0x33, 8, 0]);
        let header = [0x45, 0xc0, 0, 32, 0, 0, 0x40, 0, 255, 112, 0x90, 0x9a, 10, 0, 0, 1];
        assert_eq!(frame[14..30], header);
        assert_eq!(frame[30..34], MULTICAST_IPV4.octets());
        assert_eq!(frame[34..], [0x31; 12]);
    }

    #[test]
    fn an_advertisement_over_ipv6_goes_to_the_mac_of_its_group() {
        let source = "fe80::1".parse().unwrap();
        let carrier = Carrier::V6 { source, destination: MULTICAST_IPV6 };
        let frame = advertisement(MAC, carrier, &[0x31; 40]);
        assert_eq!(frame[..12], [0x33, 0x33, 0, 0, 0, 18, 0, 0, 0x5e, 0, 1, 0x33]);
        assert_eq!(frame[12..22], [0x86, 0xdd, 0x6c, 0, 0, 0, 0, 40, 112, 255]);
        assert_eq!(frame[22..38], source.octets());
        assert_eq!(frame[38..54], MULTICAST_IPV6.octets());
        assert_eq!(frame[54..], [0x31; 40]);
    }

    #[test]
    fn g2_a_neighbour_advertisement_goes_to_all_nodes_with_hop_limit_255() {
        let advertisement = NeighborAdvertisement {
            source: "2001:db8::100".parse().unwrap(),
            target: "2001:db8::100".parse().unwrap(),
            mac: MAC,
        };
        let frame = neighbor_advertisement(&advertisement);
        assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 1]);
        assert_eq!(frame[6..12], MAC.0);
        assert_eq!(frame[12..22], [0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255]);
        assert_eq!(frame[22..38], advertisement.source.octets());
        assert_eq!(frame[38..54], ALL_NODES.octets());
        let read = NeighborAdvertisement::decode(advertisement.source, &frame[54..]);
        assert_eq!(read, Some(advertisement));
    }
}
