use core::net::IpAddr;

use thiserror::Error;

use crate::{AdverInterval, Family, Version};

/// Why bytes are not a VRRP advertisement: the field, what was found, the rule it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A version that does not exist (RFC 9568 section 5.2.1).
    #[error("version is {found}: only VRRPv2 and VRRPv3 exist")]
    Version {
        /// The version field.
        found: u8,
    },
    /// The bytes begin with an IP [Authentication Header](super::ah), as with authentication type 2
    /// of RFC 2338: the payload of protocol 51, not of 112.
    #[error("IP Authentication Header before the message: that is no packet of protocol 112")]
    AuthenticationHeader,
    /// VRRPv2 in an IPv6 packet.
    #[error("version is 2 in an IPv6 packet: VRRPv2 is for IPv4 only")]
    Version2OverIpv6,
    /// A type other than 1, ADVERTISEMENT (RFC 9568 section 5.2.2).
    #[error("type is {found}: only type 1, advertisement, exists")]
    Type {
        /// The type field.
        found: u8,
    },
    /// Fewer bytes than the fields announce.
    #[error("packet is {length} bytes long: its fields take {needed}")]
    Truncated {
        /// Bytes there are.
        length: usize,
        /// Bytes there should be.
        needed: usize,
    },
    /// The checksum matches in no accepted form (RFC 9568 section 5.2.8).
    #[error("checksum is {found:#06x}: {expected:#06x} would be right")]
    Checksum {
        /// The checksum field.
        found: u16,
        /// The right one in the first of the accepted forms.
        expected: u16,
    },
    /// VRID 0 (RFC 9568 section 5.2.3).
    #[error("VRID is 0: 1 to 255 are allowed")]
    Vrid,
    /// An address count of 0 (RFC 9568 section 5.2.5, erratum 8299).
    #[error("address count is 0: at least one address is required")]
    NoAddresses,
    /// An interval of 0 (RFC 9568 section 5.2.7, erratum 8301).
    #[error("advertisement interval is 0")]
    Interval,
    /// Over IPv6 the first address is the virtual router's link-local one (RFC 9568 section
    /// 5.2.9, erratum 8300).
    #[error("first address is {address}: over IPv6 it must be link-local")]
    FirstAddress {
        /// The first address.
        address: IpAddr,
    },
}

/// Why an advertisement cannot be put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer is too small.
    #[error("buffer of {available} bytes is too small: the advertisement takes {needed}")]
    Buffer {
        /// Bytes there are.
        available: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// More than 255 addresses.
    #[error("{count} addresses: an advertisement carries at most 255")]
    AddressCount {
        /// Addresses given.
        count: usize,
    },
    /// The addresses are not of the family of the packet that is to carry them, or the version
    /// does not know that family.
    #[error("{version} with {addresses} addresses cannot be carried by {carrier}")]
    Family {
        /// The version to encode.
        version: Version,
        /// The family of the virtual addresses.
        addresses: Family,
        /// The family of the IP packet.
        carrier: Family,
    },
    /// The version cannot express the interval.
    #[error("{version} cannot express an advertisement interval of {interval}")]
    Interval {
        /// The version to encode.
        version: Version,
        /// The interval.
        interval: AdverInterval,
    },
}
