use alloc::vec::Vec;
use core::net::IpAddr;

use thiserror::Error;

use crate::Family;
use crate::packet::Addresses;

/// The addresses a virtual router advertises: 1 to 255, all of one family, none twice, in the
/// order they are sent; or [none](Self::none).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddresses(Octets);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Octets {
    V4(Vec<[u8; 4]>),
    V6(Vec<[u8; 16]>),
}

impl VirtualAddresses {
    /// Checks and keeps `addresses` in their order.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Result<Self, InvalidAddresses> {
        let mut list: Option<Self> = None;
        for address in addresses {
            match &mut list {
                None => list = Some(Self::one(address)),
                Some(list) => list.push(address)?,
            }
        }
        list.ok_or(InvalidAddresses::Empty)
    }

    /// No address: a router whose being Active is all that matters. The standard does not know such
    /// (RFC 9568 section 5.2.5, erratum 8299); keepalived does. Others of its virtual router must
    /// have none either to hear it.
    pub fn none(family: Family) -> Self {
        Self(match family {
            Family::Ipv4 => Octets::V4(Vec::new()),
            Family::Ipv6 => Octets::V6(Vec::new()),
        })
    }

    fn one(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(address) => Octets::V4([address.octets()].into()),
            IpAddr::V6(address) => Octets::V6([address.octets()].into()),
        })
    }

    fn push(&mut self, address: IpAddr) -> Result<(), InvalidAddresses> {
        if self.as_addresses().contains(address) {
            return Err(InvalidAddresses::Duplicate { address });
        }
        if self.as_addresses().len() == usize::from(u8::MAX) {
            return Err(InvalidAddresses::TooMany);
        }
        match (&mut self.0, address) {
            (Octets::V4(list), IpAddr::V4(address)) => list.push(address.octets()),
            (Octets::V6(list), IpAddr::V6(address)) => list.push(address.octets()),
            _ => return Err(InvalidAddresses::MixedFamilies { address }),
        }
        Ok(())
    }

    /// The addresses as an advertisement carries them.
    pub fn as_addresses(&self) -> Addresses<'_> {
        match &self.0 {
            Octets::V4(list) => Addresses::v4(list),
            Octets::V6(list) => Addresses::v6(list),
        }
    }

    /// The family of all of them.
    pub fn family(&self) -> Family {
        self.as_addresses().family()
    }

    /// The addresses in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = IpAddr> + Clone + '_ {
        self.as_addresses().iter()
    }

    /// The first address, if it is a global IPv6 one where a link-local one should be.
    pub(super) fn first_not_link_local(&self) -> Option<IpAddr> {
        self.iter()
            .next()
            .filter(|first| matches!(first, IpAddr::V6(first) if !first.is_unicast_link_local()))
    }
}

/// Why addresses cannot be those of one virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidAddresses {
    /// There is none.
    #[error("a virtual router needs at least one address")]
    Empty,
    /// More than an advertisement can count.
    #[error("an advertisement carries at most 255 addresses")]
    TooMany,
    /// IPv4 and IPv6 together.
    #[error("{address} is of another family than the addresses before it: use two routers")]
    MixedFamilies {
        /// The first address of the other family.
        address: IpAddr,
    },
    /// An address is given twice.
    #[error("{address} is given twice")]
    Duplicate {
        /// The address.
        address: IpAddr,
    },
}
