use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Frame;

const ETHERNET_HEADER: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];

/// An IP packet of a [`Frame`]; one without extension headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Who sent it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// What it carries: the protocol, or the next header.
    pub protocol: u8,
    /// Its time to live, or hop limit.
    pub ttl: u8,
    /// What follows its header.
    pub payload: &'a [u8],
}

impl Frame {
    /// The IP packet in it; `None` if it holds something else, or not all of one.
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        let (ethernet, bytes) = self.bytes.split_at_checked(ETHERNET_HEADER)?;
        match *ethernet.last_chunk()? {
            IPV4 => ipv4(bytes),
            IPV6 => ipv6(bytes),
            _ => None,
        }
    }
}

fn ipv4(bytes: &[u8]) -> Option<Packet<'_>> {
    let (header, _) = bytes.split_first_chunk::<20>()?;
    let [length_of_header, _, l1, l2, _, _, _, _, ttl, protocol, _, _, addresses @ ..] = *header;
    let length = usize::from(u16::from_be_bytes([l1, l2]));
    let [s1, s2, s3, s4, d1, d2, d3, d4] = addresses;
    Some(Packet {
        source: Ipv4Addr::new(s1, s2, s3, s4).into(),
        destination: Ipv4Addr::new(d1, d2, d3, d4).into(),
        protocol,
        ttl,
        payload: bytes.get(usize::from(length_of_header & 0x0f) * 4..length)?,
    })
}

fn ipv6(bytes: &[u8]) -> Option<Packet<'_>> {
    let (header, rest) = bytes.split_first_chunk::<40>()?;
    let [_, _, _, _, l1, l2, protocol, ttl, addresses @ ..] = *header;
    let (source, destination) = (addresses.first_chunk::<16>()?, addresses.last_chunk::<16>()?);
    Some(Packet {
        source: Ipv6Addr::from(*source).into(),
        destination: Ipv6Addr::from(*destination).into(),
        protocol,
        ttl,
        payload: rest.get(..usize::from(u16::from_be_bytes([l1, l2])))?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn frame(kind: [u8; 2], packet: &[u8]) -> Frame {
        let bytes = [&[0; 12], &kind[..], packet].concat();
        Frame { at: Duration::ZERO, bytes }
    }

    #[test]
    fn a_packet_of_ipv4_is_read_without_its_options_and_padding() {
        let mut packet = vec![0x46, 0, 0, 26, 0, 0, 0, 0, 255, 112, 0, 0];
        packet.extend([10, 0, 0, 1, 224, 0, 0, 18, 9, 9, 9, 9, 1, 2, 0, 0, 0]);
        let frame = frame(IPV4, &packet);
        let expected = Packet {
            source: [10, 0, 0, 1].into(),
            destination: [224, 0, 0, 18].into(),
            protocol: 112,
            ttl: 255,
            payload: &[1, 2],
        };
        assert_eq!(frame.packet(), Some(expected));
    }

    #[test]
    fn a_packet_of_ipv6_is_read_without_its_padding() {
        let mut packet = vec![0x60, 0, 0, 0, 0, 2, 112, 255];
        packet.extend(Ipv6Addr::LOCALHOST.octets());
        packet.extend(Ipv6Addr::UNSPECIFIED.octets());
        packet.extend([1, 2, 0, 0]);
        let frame = frame(IPV6, &packet);
        let read = frame.packet().unwrap();
        assert_eq!((read.source, read.payload), (Ipv6Addr::LOCALHOST.into(), &[1, 2][..]));
    }

    #[test]
    fn half_a_packet_is_none() {
        assert_eq!(frame(IPV4, &[0x45, 0, 0, 40]).packet(), None);
        assert_eq!(frame(IPV6, &[0x60; 39]).packet(), None);
    }
}
