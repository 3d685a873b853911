use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::OutOfRange;

/// `encap`: what packets that take a route travel in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encapsulation {
    /// `mpls`: behind these labels, the outermost first; at least one.
    Mpls(Vec<MplsLabel>),
    /// `ip`: in IPv4, which the tunnel's device makes.
    Ip(OuterHeader<Ipv4Addr>),
    /// `ip6`: in IPv6.
    Ip6(OuterHeader<Ipv6Addr>),
}

/// What the outer header of a packet says. The device of the tunnel decides what is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OuterHeader<A> {
    /// `id`: which tunnel it is.
    pub id: Option<u64>,
    /// `dst`: its other end. At least one of these two is given.
    pub destination: Option<A>,
    /// `src`: its end here.
    pub source: Option<A>,
    /// `tos` of IPv4, `tc` of IPv6.
    pub tos: Option<u8>,
    /// `ttl` of IPv4, `hoplimit` of IPv6.
    pub ttl: Option<u8>,
}

/// A label of MPLS: 20 bits, but not 3, which stands for none (RFC 3032 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MplsLabel(u32);

impl MplsLabel {
    const MOST: u32 = 0xf_ffff;

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<i64> for MplsLabel {
    type Error = OutOfRange;

    fn try_from(value: i64) -> Result<Self, OutOfRange> {
        let label = u32::try_from(value).ok().filter(|label| *label <= Self::MOST && *label != 3);
        label.map(Self).ok_or_else(|| OutOfRange::new("a label", 0, Self::MOST.into(), value))
    }
}

impl fmt::Display for MplsLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
