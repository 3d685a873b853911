use std::net::IpAddr;

use steadfast_vrrp::Family;
use steadfast_vrrp::packet::{MULTICAST_IPV4, MULTICAST_IPV6, TTL};

/// Where the advertisements of an instance go, and whence it takes those of others.
///
/// On one interface a multicast and a unicast instance may have the same VRID: they do not hear
/// each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A group that all routers of the LAN join.
    Multicast(IpAddr),
    /// Each of some peers, one by one, be they on the LAN or behind routers.
    Unicast {
        /// The peers; at least one, none twice.
        peers: Vec<UnicastPeer>,
        /// The TTL or hop limit to send with.
        ttl: u8,
    },
}

impl Destination {
    /// The standard's group: 224.0.0.18 or ff02::12.
    pub const fn standard(family: Family) -> Self {
        Self::Multicast(match family {
            Family::Ipv4 => IpAddr::V4(MULTICAST_IPV4),
            Family::Ipv6 => IpAddr::V6(MULTICAST_IPV6),
        })
    }

    /// Some peers, however far away, with the standard's TTL of 255.
    pub fn unicast(peers: impl IntoIterator<Item = IpAddr>) -> Self {
        Self::Unicast { peers: peers.into_iter().map(UnicastPeer::new).collect(), ttl: TTL }
    }

    /// Every address that is sent to.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let (group, peers) = match self {
            Self::Multicast(group) => (Some(*group), &[][..]),
            Self::Unicast { peers, .. } => (None, peers.as_slice()),
        };
        group.into_iter().chain(peers.iter().map(|peer| peer.address))
    }
}

/// Another router of a unicast instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnicastPeer {
    /// Its address.
    pub address: IpAddr,
    /// The least TTL or hop limit that its packets may arrive with.
    pub min_ttl: u8,
    /// The greatest.
    pub max_ttl: u8,
}

impl UnicastPeer {
    /// A peer however far away.
    pub const fn new(address: IpAddr) -> Self {
        Self { address, min_ttl: 0, max_ttl: u8::MAX }
    }
}
