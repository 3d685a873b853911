use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use super::Family;

/// What clients reach a service by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Frontend {
    /// `virtual_server IP PORT`.
    Address {
        /// The address.
        address: IpAddr,
        /// The port; 0 for all ports, which only a persistent service may have.
        port: u16,
    },
    /// `virtual_server fwmark N`: packets that a firewall has marked.
    FirewallMark(FirewallMark),
    /// `virtual_server group NAME`: all of a `virtual_server_group`.
    Group {
        /// Its name.
        name: String,
        /// At least one; all of one address family.
        members: Vec<GroupMember>,
    },
}

/// `fwmark N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FirewallMark {
    /// The mark.
    pub mark: NonZeroU32,
    /// Of which packets.
    pub family: Family,
}

/// A line of a `virtual_server_group`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupMember {
    /// `IP [PORT]`, `IP-LAST [PORT]`, `IP/LEN [PORT]`.
    Addresses(AddressRange),
    /// `fwmark N`.
    FirewallMark(FirewallMark),
}

/// Addresses in a row, all with one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    first: IpAddr,
    more: u16,
    port: u16,
}

impl AddressRange {
    /// From the first to the last, at most 65 536 of them and of one family.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr, port: u16) -> Option<Self> {
        let more = match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                u128::from(last.to_bits()).checked_sub(first.to_bits().into())
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => last.to_bits().checked_sub(first.to_bits()),
            _ => None,
        };
        Some(Self { first, more: u16::try_from(more?).ok()?, port })
    }

    /// The first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The port; 0 for all.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        after(self.first, self.more)
    }

    /// Each address, from the first on.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let first = self.first;
        (0..=self.more).map(move |further| after(first, further))
    }
}

fn after(first: IpAddr, further: u16) -> IpAddr {
    match first {
        IpAddr::V4(first) => {
            Ipv4Addr::from_bits(first.to_bits().wrapping_add(further.into())).into()
        }
        IpAddr::V6(first) => {
            Ipv6Addr::from_bits(first.to_bits().wrapping_add(further.into())).into()
        }
    }
}

impl fmt::Display for AddressRange {
    /// As a line of a group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.more > 0 {
            write!(f, "-{}", self.last())?;
        }
        write!(f, " {}", self.port)
    }
}

impl Frontend {
    /// The family of its addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::FirewallMark(mark) => mark.family,
            Self::Group { members, .. } => {
                members.first().map_or(Family::Ipv4, GroupMember::family)
            }
        }
    }
}

impl GroupMember {
    /// The family of its addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Addresses(range) => Family::of(range.first),
            Self::FirewallMark(mark) => mark.family,
        }
    }
}

impl fmt::Display for Frontend {
    /// As `virtual_server` is followed by it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { address, port } => write!(f, "{address} {port}"),
            Self::FirewallMark(FirewallMark { mark, .. }) => write!(f, "fwmark {mark}"),
            Self::Group { name, .. } => write!(f, "group {name}"),
        }
    }
}
