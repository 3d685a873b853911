use core::net::Ipv4Addr;

use thiserror::Error;

/// Why a packet is not one that was authenticated with our key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Fewer bytes than its headers announce.
    #[error("packet is {length} bytes long: its headers take {needed}")]
    Truncated {
        /// Bytes there are.
        length: usize,
        /// Bytes there should be.
        needed: usize,
    },
    /// Not IPv4, or IPv4 with options, which no virtual router sends.
    #[error("IPv4 header begins with {found:#04x}: only 0x45, one without options, is expected")]
    Ipv4Header {
        /// The first byte: version and length.
        found: u8,
    },
    /// The IPv4 packet carries something else.
    #[error("IP protocol is {found}: the Authentication Header is {PROTOCOL}", PROTOCOL = super::PROTOCOL)]
    Protocol {
        /// The protocol number.
        found: u8,
    },
    /// The Authentication Header is of something else.
    #[error("Authentication Header of protocol {found}: VRRP is {VRRP}", VRRP = super::VRRP)]
    NextHeader {
        /// The protocol number.
        found: u8,
    },
    /// An Authentication Header of another length, and so with another algorithm.
    #[error("Authentication Header has length {found}: with HMAC-MD5-96 it is {LENGTH}", LENGTH = super::LENGTH)]
    HeaderLength {
        /// The length field.
        found: u8,
    },
    /// The security parameters index is not the sender's address.
    #[error("security parameters index is that of {found}: the sender is {source_address}")]
    SecurityParametersIndex {
        /// The index, as an address.
        found: Ipv4Addr,
        /// The source address.
        source_address: Ipv4Addr,
    },
    /// The sender has another password, or somebody changed the packet.
    #[error("integrity check value does not match: another password, or a packet that was changed")]
    IntegrityCheckValue,
}
