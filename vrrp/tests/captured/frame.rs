//! Ethernet, IP and the Authentication Header, as far as captured frames need them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::packet::{Carrier, PROTOCOL};

const ETHERNET_LEN: usize = 14;
const IPV4_LEN: usize = 20;
const IPV6_LEN: usize = 40;
const AUTHENTICATION_HEADER: u8 = 51;
/// With a digest of 96 bits.
const AUTHENTICATION_HEADER_LEN: usize = 24;

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// An IP packet.
pub(crate) struct Packet {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) type_of_service: u8,
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
    pub(crate) payload: Vec<u8>,
}

impl Packet {
    pub(crate) fn of_frame(hex: &str) -> Self {
        let frame = bytes(hex);
        let packet = &frame[ETHERNET_LEN..];
        let mut packet = match packet[0] >> 4 {
            4 => {
                let address = |at: usize| Ipv4Addr::from(*packet[at..].first_chunk::<4>().unwrap());
                Self {
                    source: address(12).into(),
                    destination: address(16).into(),
                    type_of_service: packet[1],
                    protocol: packet[9],
                    hop_limit: packet[8],
                    payload: packet[IPV4_LEN..].to_vec(),
                }
            }
            _ => {
                let address =
                    |at: usize| Ipv6Addr::from(*packet[at..].first_chunk::<16>().unwrap());
                Self {
                    source: address(8).into(),
                    destination: address(24).into(),
                    type_of_service: (packet[0] << 4) | (packet[1] >> 4),
                    protocol: packet[6],
                    hop_limit: packet[7],
                    payload: packet[IPV6_LEN..].to_vec(),
                }
            }
        };
        if packet.protocol == AUTHENTICATION_HEADER {
            packet.protocol = packet.payload[0];
            packet.payload.drain(..AUTHENTICATION_HEADER_LEN);
        }
        packet
    }

    /// A packet of VRRP.
    pub(crate) fn of_vrrp(hex: &str) -> Self {
        let packet = Self::of_frame(hex);
        assert_eq!(packet.protocol, PROTOCOL);
        packet
    }

    pub(crate) fn carrier(&self) -> Carrier {
        Carrier::new(self.source, self.destination).unwrap()
    }
}
