use core::net::Ipv6Addr;

use crate::MacAddress;
use crate::packet::{Carrier, Sum};

/// ff02::1, where unsolicited neighbour advertisements go, with hop limit 255.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

const ICMPV6: u8 = 58;
/// Type 136, code 0, no checksum yet, router and override flags set, solicited clear.
const HEADER: [u8; 8] = [136, 0, 0, 0, 0xa0, 0, 0, 0];
/// Target link-layer address, one unit of 8 bytes.
const OPTION: [u8; 2] = [2, 1];

/// An unsolicited neighbour advertisement (RFC 9568 section 6.4.1, RFC 4861 section 4.4):
/// "`target` is at `mac`", to [`ALL_NODES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NeighborAdvertisement {
    /// The source of the IPv6 packet: an address of the sending interface.
    pub source: Ipv6Addr,
    /// The virtual address.
    pub target: Ipv6Addr,
    /// The virtual router's MAC, or the interface's where none is used.
    pub mac: MacAddress,
}

impl NeighborAdvertisement {
    /// Bytes of the ICMPv6 message.
    pub const LEN: usize = 32;

    /// The ICMPv6 message, checksum included.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut message = [0; Self::LEN];
        let target = self.target.octets();
        let fields: [&[u8]; 4] = [&HEADER, &target, &OPTION, &self.mac.0];
        let bytes = fields.into_iter().flatten();
        message.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);

        let checksum = self.sum(&message).checksum();
        let [_, _, high, low, ..] = &mut message;
        [*high, *low] = checksum.to_be_bytes();
        message
    }

    /// Reads such a message that came from `source`; `None` if it is anything else or its
    /// checksum is wrong.
    pub fn decode(source: Ipv6Addr, message: &[u8]) -> Option<Self> {
        let target = Ipv6Addr::from(*message.get(8..)?.first_chunk::<16>()?);
        let mac = MacAddress(*message.get(26..)?.first_chunk()?);
        let advertisement = Self { source, target, mac };
        (message == advertisement.encode()).then_some(advertisement)
    }

    fn sum(&self, message: &[u8]) -> Sum {
        let carrier = Carrier::V6 { source: self.source, destination: ALL_NODES };
        Sum::pseudo_header(carrier, ICMPV6, message.len()).add(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertisement() -> NeighborAdvertisement {
        NeighborAdvertisement {
            source: "fe80::100".parse().unwrap(),
            target: "2001:db8::100".parse().unwrap(),
            mac: MacAddress([0x00, 0x00, 0x5e, 0x00, 0x02, 0x33]),
        }
    }

    #[test]
    fn g2_neighbour_advertisement_is_unsolicited_overriding_and_from_a_router() {
        let message = advertisement().encode();
        assert_eq!(message[..2], [136, 0]);
        assert_eq!(message[4..8], [0xa0, 0, 0, 0]);
        assert_eq!(message[8..24], advertisement().target.octets());
        assert_eq!(message[24..], [2, 1, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x33]);
    }

    #[test]
    fn g2_checksum_covers_the_pseudo_header() {
        let message = advertisement().encode();
        assert!(advertisement().sum(&message).is_valid());
        assert_eq!(
            NeighborAdvertisement::decode(advertisement().source, &message),
            Some(advertisement())
        );
        assert_eq!(NeighborAdvertisement::decode(ALL_NODES, &message), None);
    }
}
