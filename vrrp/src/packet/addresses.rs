use core::fmt;
use core::net::IpAddr;
use core::slice;

use crate::Family;

/// The addresses in an advertisement, of one family, borrowed from wherever they are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Addresses<'a>(Octets<'a>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Octets<'a> {
    V4(&'a [[u8; 4]]),
    V6(&'a [[u8; 16]]),
}

impl<'a> Addresses<'a> {
    /// IPv4 addresses, each in network order.
    pub const fn v4(addresses: &'a [[u8; 4]]) -> Self {
        Self(Octets::V4(addresses))
    }

    /// IPv6 addresses, each in network order.
    pub const fn v6(addresses: &'a [[u8; 16]]) -> Self {
        Self(Octets::V6(addresses))
    }

    /// Whole addresses of `family` in `bytes`; a remainder is left out.
    pub(super) fn read(family: Family, bytes: &'a [u8]) -> Self {
        match family {
            Family::Ipv4 => Self::v4(bytes.as_chunks().0),
            Family::Ipv6 => Self::v6(bytes.as_chunks().0),
        }
    }

    pub(super) fn write(&self, target: &mut [u8]) {
        match self.0 {
            Octets::V4(addresses) => copy(addresses, target),
            Octets::V6(addresses) => copy(addresses, target),
        }
    }

    /// The family of all of them.
    pub const fn family(&self) -> Family {
        match self.0 {
            Octets::V4(_) => Family::Ipv4,
            Octets::V6(_) => Family::Ipv6,
        }
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        match self.0 {
            Octets::V4(addresses) => addresses.len(),
            Octets::V6(addresses) => addresses.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their length on the wire, in bytes.
    pub const fn byte_len(&self) -> usize {
        self.len() * address_len(self.family())
    }

    /// The addresses in the order of the packet.
    pub fn iter(&self) -> AddressIter<'a> {
        AddressIter(match self.0 {
            Octets::V4(addresses) => IterInner::V4(addresses.iter()),
            Octets::V6(addresses) => IterInner::V6(addresses.iter()),
        })
    }

    /// Whether `address` is among them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.iter().any(|candidate| candidate == address)
    }

    /// Whether both hold the same addresses, in whatever order.
    ///
    /// The order is only recommended to be the same on all routers (RFC 9568 section 5.2.9).
    pub fn same_set(&self, other: &Addresses<'_>) -> bool {
        self == other
            || self.len() == other.len()
                && self.iter().all(|address| other.contains(address))
                && other.iter().all(|address| self.contains(address))
    }
}

/// Bytes of one address on the wire.
pub(super) const fn address_len(family: Family) -> usize {
    match family {
        Family::Ipv4 => 4,
        Family::Ipv6 => 16,
    }
}

fn copy<const N: usize>(addresses: &[[u8; N]], target: &mut [u8]) {
    for (slot, address) in target.as_chunks_mut::<N>().0.iter_mut().zip(addresses) {
        *slot = *address;
    }
}

impl<'a> IntoIterator for Addresses<'a> {
    type Item = IpAddr;
    type IntoIter = AddressIter<'a>;

    fn into_iter(self) -> AddressIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Addresses<'a> {
    type Item = IpAddr;
    type IntoIter = AddressIter<'a>;

    fn into_iter(self) -> AddressIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Addresses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Iterator over the addresses of an advertisement.
#[derive(Debug, Clone)]
pub struct AddressIter<'a>(IterInner<'a>);

#[derive(Debug, Clone)]
enum IterInner<'a> {
    V4(slice::Iter<'a, [u8; 4]>),
    V6(slice::Iter<'a, [u8; 16]>),
}

impl Iterator for AddressIter<'_> {
    type Item = IpAddr;

    fn next(&mut self) -> Option<IpAddr> {
        match &mut self.0 {
            IterInner::V4(octets) => octets.next().map(|octets| IpAddr::from(*octets)),
            IterInner::V6(octets) => octets.next().map(|octets| IpAddr::from(*octets)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            IterInner::V4(octets) => octets.size_hint(),
            IterInner::V6(octets) => octets.size_hint(),
        }
    }
}

impl ExactSizeIterator for AddressIter<'_> {}
