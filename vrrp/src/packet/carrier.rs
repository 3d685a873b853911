use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Family;

/// The addresses of the IP packet around an advertisement.
///
/// They are part of the checksum, and decide whether the virtual addresses are read as IPv4 or
/// IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "source and destination of a packet say it all")]
pub enum Carrier {
    /// An IPv4 packet.
    V4 { source: Ipv4Addr, destination: Ipv4Addr },
    /// An IPv6 packet.
    V6 { source: Ipv6Addr, destination: Ipv6Addr },
}

impl Carrier {
    /// A packet from `source` to `destination`; `None` if they are of different families.
    pub const fn new(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4 { source, destination }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6 { source, destination }),
            _ => None,
        }
    }

    /// The packet's family.
    pub const fn family(&self) -> Family {
        match self {
            Self::V4 { .. } => Family::Ipv4,
            Self::V6 { .. } => Family::Ipv6,
        }
    }
}
