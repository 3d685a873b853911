use alloc::vec::Vec;
use core::net::IpAddr;

use super::{ConfigError, ReceiveError, Received};
use crate::Family;
use crate::packet::{MULTICAST_IPV4, MULTICAST_IPV6, TTL};

/// Where a router's advertisements go, and whence it takes those of others.
///
/// On one interface a multicast and a unicast router may have the same VRID: they do not hear
/// each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A group that all routers of the LAN join.
    Multicast(IpAddr),
    /// Each of some peers, one by one, be they on the LAN or behind routers: keepalived's
    /// `unicast_peer`.
    Unicast {
        /// The peers; at least one, none twice.
        peers: Vec<UnicastPeer>,
        /// The TTL or hop limit to send with.
        ttl: u8,
        /// Whether to listen to nobody else (`check_unicast_src`). A bound on the TTL of any peer
        /// implies it.
        check_source: bool,
    },
}

/// Another router of a unicast one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnicastPeer {
    /// Its address.
    pub address: IpAddr,
    /// The least TTL or hop limit its packets may arrive with. 255 says that it is on this link.
    pub min_ttl: u8,
    /// The greatest.
    pub max_ttl: u8,
}

impl UnicastPeer {
    /// The peer at `address`, however far away.
    pub const fn new(address: IpAddr) -> Self {
        Self { address, min_ttl: 0, max_ttl: u8::MAX }
    }

    const fn is_bounded(&self) -> bool {
        self.min_ttl > 0 || self.max_ttl < u8::MAX
    }
}

impl Destination {
    /// The standard's group: 224.0.0.18 or ff02::12.
    pub const fn standard(family: Family) -> Self {
        Self::Multicast(match family {
            Family::Ipv4 => IpAddr::V4(MULTICAST_IPV4),
            Family::Ipv6 => IpAddr::V6(MULTICAST_IPV6),
        })
    }

    /// Some peers, however far away, with the standard's TTL of 255; strangers are listened to as
    /// well, which is keepalived's default.
    pub fn unicast(peers: impl IntoIterator<Item = IpAddr>) -> Self {
        let peers = peers.into_iter().map(UnicastPeer::new).collect();
        Self::Unicast { peers, ttl: TTL, check_source: false }
    }

    /// Every address that is sent to: the group, or the peers.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + Clone + '_ {
        let (group, peers) = match self {
            Self::Multicast(group) => (Some(*group), &[][..]),
            Self::Unicast { peers, .. } => (None, peers.as_slice()),
        };
        group.into_iter().chain(peers.iter().map(|peer| peer.address))
    }

    /// The TTL or hop limit to send with.
    pub const fn ttl(&self) -> u8 {
        match self {
            Self::Multicast(_) => TTL,
            Self::Unicast { ttl, .. } => *ttl,
        }
    }

    /// The unicast peer at `address`.
    pub fn peer(&self, address: IpAddr) -> Option<&UnicastPeer> {
        match self {
            Self::Multicast(_) => None,
            Self::Unicast { peers, .. } => peers.iter().find(|peer| peer.address == address),
        }
    }

    /// Whether what was sent to `destination` may be for this router, whoever sent it.
    pub fn listens_at(&self, destination: IpAddr) -> bool {
        match self {
            Self::Multicast(group) => destination == *group,
            Self::Unicast { .. } => !destination.is_multicast(),
        }
    }

    pub(super) fn validate(&self, family: Family) -> Result<(), ConfigError> {
        if let Some(address) = self.addresses().find(|address| Family::of(*address) != family) {
            return Err(ConfigError::DestinationFamily { address, family });
        }
        let peers = match self {
            Self::Multicast(group) if group.is_multicast() => return Ok(()),
            Self::Multicast(group) => return Err(ConfigError::NotMulticast { group: *group }),
            Self::Unicast { peers, .. } => peers,
        };
        if peers.is_empty() {
            return Err(ConfigError::NoUnicastPeers);
        }
        for (index, &UnicastPeer { address, min_ttl, max_ttl }) in peers.iter().enumerate() {
            if address.is_multicast() || address.is_unspecified() {
                return Err(ConfigError::UnicastPeer { address });
            }
            if min_ttl > max_ttl {
                return Err(ConfigError::UnicastTtl { address, min_ttl, max_ttl });
            }
            if peers.iter().take(index).any(|earlier| earlier.address == address) {
                return Err(ConfigError::DuplicateUnicastPeer { address });
            }
        }
        Ok(())
    }

    /// Whether a packet came the way the router is spoken to, from somebody it listens to, and
    /// from near enough.
    pub(super) fn check(&self, received: &Received) -> Result<(), ReceiveError> {
        let found = received.hop_limit;
        if let Self::Multicast(_) = self
            && found != TTL
        {
            return Err(ReceiveError::HopLimit { found });
        }
        if !self.listens_at(received.destination) {
            return Err(ReceiveError::Destination { found: received.destination });
        }
        if !self.checks_source() {
            return Ok(());
        }
        let peer = self.peer(received.source).ok_or(ReceiveError::UnknownPeer)?;
        let UnicastPeer { min_ttl, max_ttl, .. } = *peer;
        if !(min_ttl..=max_ttl).contains(&found) {
            return Err(ReceiveError::PeerHopLimit { found, min_ttl, max_ttl });
        }
        Ok(())
    }

    /// As keepalived: a bound on anybody's TTL makes sense only if nobody else is listened to.
    fn checks_source(&self) -> bool {
        match self {
            Self::Multicast(_) => false,
            Self::Unicast { peers, check_source, .. } => {
                *check_source || peers.iter().any(UnicastPeer::is_bounded)
            }
        }
    }
}
