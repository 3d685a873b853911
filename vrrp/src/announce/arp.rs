use core::net::Ipv4Addr;

use crate::MacAddress;

const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
/// Ethernet and IPv4, with addresses of 6 and 4 bytes, operation 1: request.
const ARP_REQUEST: [u8; 8] = [0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01];

/// A gratuitous ARP request (RFC 9568 section 6.4.1, errata 7947 and 7949): "`address` is at
/// `mac`", to everyone.
///
/// ```
/// use steadfast_vrrp::{Family, MacAddress, Vrid};
/// use steadfast_vrrp::announce::GratuitousArp;
///
/// let announcement = GratuitousArp {
///     mac: MacAddress::virtual_router(Vrid::new(7)?, Family::Ipv4),
///     address: "192.0.2.100".parse()?,
/// };
/// assert_eq!(GratuitousArp::decode(&announcement.encode()), Some(announcement));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GratuitousArp {
    /// The virtual router's MAC, or the interface's where none is used.
    pub mac: MacAddress,
    /// The virtual address.
    pub address: Ipv4Addr,
}

impl GratuitousArp {
    /// Bytes of the Ethernet frame, padding not included.
    pub const LEN: usize = 42;

    /// The whole Ethernet frame, to the broadcast address.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut frame = [0; Self::LEN];
        let fields: [&[u8]; 8] = [
            &MacAddress::BROADCAST.0,
            &self.mac.0,
            &ETHERTYPE_ARP,
            &ARP_REQUEST,
            &self.mac.0,
            &self.address.octets(),
            &MacAddress::BROADCAST.0,
            &self.address.octets(),
        ];
        let bytes = fields.into_iter().flatten();
        frame.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        frame
    }

    /// Reads such a frame; `None` if it is anything else. Padding is ignored.
    pub fn decode(frame: &[u8]) -> Option<Self> {
        let mac = MacAddress(*frame.get(6..)?.first_chunk()?);
        let address = Ipv4Addr::from(*frame.get(28..)?.first_chunk::<4>()?);
        let arp = Self { mac, address };
        frame.starts_with(&arp.encode()).then_some(arp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_gratuitous_arp_is_a_broadcast_request_for_the_address_itself() {
        // As keepalived 2.2.7 sent it.
        let arp = GratuitousArp {
            mac: MacAddress([0x02, 0x00, 0x00, 0x00, 0x00, 0x07]),
            address: Ipv4Addr::new(198, 51, 100, 9),
        };
        assert_eq!(
            arp.encode(),
            [
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x07, 0x08, 0x06,
                0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x07,
                198, 51, 100, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 198, 51, 100, 9,
            ]
        );
    }

    #[test]
    fn arp_reply_is_not_a_gratuitous_request() {
        let mut frame =
            GratuitousArp { mac: MacAddress([2; 6]), address: Ipv4Addr::LOCALHOST }.encode();
        frame[21] = 2;
        assert_eq!(GratuitousArp::decode(&frame), None);
    }

    #[test]
    fn every_truncated_frame_is_refused() {
        let frame =
            GratuitousArp { mac: MacAddress([2; 6]), address: Ipv4Addr::LOCALHOST }.encode();
        for length in 0..frame.len() {
            assert_eq!(GratuitousArp::decode(&frame[..length]), None, "{length}");
        }
    }
}
