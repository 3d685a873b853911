//! VRRP messages on the wire: VRRPv2 (RFC 3768, with the authentication of RFC 2338) and VRRPv3
//! (RFC 9568) over IPv4 and IPv6.
//!
//! [`decode`] borrows from its input, allocates nothing and cannot panic; an
//! [`Advertisement`] encodes into a buffer of the caller's and is its exact inverse.

mod addresses;
pub mod ah;
mod authentication;
mod carrier;
mod checksum;
mod decode;
mod encode;
mod error;
#[cfg(test)]
mod tests;
mod v2;
mod v3;

use core::net::{Ipv4Addr, Ipv6Addr};

pub use addresses::{AddressIter, Addresses};
pub use authentication::{Authentication, InvalidPassword, Password};
pub use carrier::Carrier;
pub(crate) use checksum::Sum;
pub use checksum::{ChecksumForm, ChecksumPolicy};
pub use decode::{DecodePolicy, Decoded, decode, peek_vrid};
pub(crate) use decode::{Verified, peek_version};
pub use error::{DecodeError, EncodeError};

use crate::{AdverInterval, Priority, Version, Vrid};

/// The IP protocol number of VRRP.
pub const PROTOCOL: u8 = 112;

/// The group IPv4 advertisements are sent to.
pub const MULTICAST_IPV4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// The group IPv6 advertisements are sent to.
pub const MULTICAST_IPV6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// The TTL or hop limit of every multicast advertisement: proof that no router forwarded it.
pub const TTL: u8 = 255;

/// The type of service advertisements are sent with: internetwork control (CS6).
pub const TYPE_OF_SERVICE: u8 = 0xc0;

/// Bytes enough for any advertisement.
pub const MAX_LEN: usize = FIXED_LEN + 255 * 16;

const FIXED_LEN: usize = 8;
const ADVERTISEMENT: u8 = 1;

/// A VRRP advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertisement<'a> {
    /// The virtual router it speaks for.
    pub vrid: Vrid,
    /// The sender's priority; `None`, on the wire 0, if it gives up.
    pub priority: Option<Priority>,
    /// How often the sender advertises.
    pub interval: AdverInterval,
    /// The virtual addresses.
    pub addresses: Addresses<'a>,
    /// The version and what only it has.
    pub format: Format,
}

/// The version of an advertisement, with the fields only that version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// VRRPv2.
    V2 {
        /// How the sender proves that it belongs.
        authentication: Authentication,
    },
    /// VRRPv3.
    V3 {
        /// What the checksum covers over IPv4; over IPv6 it is always the pseudo-header form.
        checksum: ChecksumForm,
    },
}

impl Format {
    /// The version.
    pub const fn version(&self) -> Version {
        match self {
            Self::V2 { .. } => Version::V2,
            Self::V3 { .. } => Version::V3,
        }
    }
}
