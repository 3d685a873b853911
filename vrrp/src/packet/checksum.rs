//! The Internet checksum (RFC 1071), with and without pseudo-header.

use super::{Carrier, PROTOCOL};

/// What the checksum of a VRRPv3 advertisement over IPv4 covers.
///
/// RFC 5798 was read both ways; RFC 9568 section 5.2.8 says message only. keepalived, FRR and
/// RouterOS send the pseudo-header form by default, Cisco IOS and Juniper the other one. Over
/// IPv6 the pseudo-header is always included, in VRRPv2 never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChecksumForm {
    /// The message and a pseudo-header of source, destination, protocol and length.
    #[default]
    PseudoHeader,
    /// The message alone (keepalived's `v3_checksum_as_v2`).
    MessageOnly,
}

/// Which checksums a receiver of VRRPv3 over IPv4 accepts. A sum that matches neither form is
/// refused by every policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChecksumPolicy {
    /// Either form, whichever matches.
    #[default]
    Either,
    /// Only this one.
    Only(ChecksumForm),
}

impl ChecksumPolicy {
    pub(super) fn forms(self) -> &'static [ChecksumForm] {
        match self {
            Self::Either => &[ChecksumForm::PseudoHeader, ChecksumForm::MessageOnly],
            Self::Only(ChecksumForm::PseudoHeader) => &[ChecksumForm::PseudoHeader],
            Self::Only(ChecksumForm::MessageOnly) => &[ChecksumForm::MessageOnly],
        }
    }
}

/// A running one's complement sum.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// The RFC 8200 pseudo-header, or its IPv4 counterpart.
    pub(crate) fn pseudo_header(carrier: Carrier, next_header: u8, length: usize) -> Self {
        let addresses = match carrier {
            Carrier::V4 { source, destination } => {
                Self::default().add(&source.octets()).add(&destination.octets())
            }
            Carrier::V6 { source, destination } => {
                Self::default().add(&source.octets()).add(&destination.octets())
            }
        };
        Self(addresses.0 + u64::from(next_header) + length as u64)
    }

    /// The sum that `form` asks for, from that over a message alone of that length.
    pub(super) fn in_form(self, form: ChecksumForm, carrier: Carrier, length: usize) -> Self {
        match form {
            ChecksumForm::MessageOnly => self,
            ChecksumForm::PseudoHeader => {
                Self(self.0 + Self::pseudo_header(carrier, PROTOCOL, length).0)
            }
        }
    }

    /// Adds `bytes`, padded with zeros to whole words. Words are of 32 bits, which makes no
    /// difference once the sum is folded (RFC 1071 section 2).
    pub(crate) fn add(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks();
        let sum: u64 = words.iter().map(|word| u64::from(u32::from_be_bytes(*word))).sum();
        let last = match *rest {
            [a] => u32::from_be_bytes([a, 0, 0, 0]),
            [a, b] => u32::from_be_bytes([a, b, 0, 0]),
            [a, b, c] => u32::from_be_bytes([a, b, c, 0]),
            _ => 0,
        };
        Self(self.0 + sum + u64::from(last))
    }

    fn fold(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    /// Whether the sum, taken with the checksum field as received, says "unharmed".
    pub(crate) fn is_valid(self) -> bool {
        self.fold() == 0xffff
    }

    /// The checksum to write into the field, the sum having been taken with the field zero.
    pub(crate) fn checksum(self) -> u16 {
        !self.fold()
    }

    /// The checksum that would have been right where `found` was read.
    pub(super) fn checksum_instead_of(self, found: u16) -> u16 {
        !Self(self.0 + u64::from(!found)).fold()
    }
}
