use core::net::IpAddr;

use super::addresses::address_len;
use super::checksum::Sum;
use super::{
    ADVERTISEMENT, Addresses, Advertisement, Carrier, ChecksumForm, ChecksumPolicy, DecodeError,
    FIXED_LEN, Format, PROTOCOL, v2, v3,
};
use crate::{Family, Priority, Version, Vrid};

/// What a receiver tolerates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodePolicy {
    /// Which checksums are accepted in VRRPv3 over IPv4.
    pub checksum: ChecksumPolicy,
    /// Over IPv6, whether the first address must be link-local. The standard says it must;
    /// keepalived sends and accepts lists without one unless it is told to be strict.
    pub link_local_first: bool,
    /// Whether it may be for no address at all. The standard says it may not (RFC 9568 section
    /// 5.2.5, erratum 8299); keepalived sends and accepts it where it is configured with none.
    pub no_addresses: bool,
}

impl Default for DecodePolicy {
    fn default() -> Self {
        Self { checksum: ChecksumPolicy::default(), link_local_first: true, no_addresses: false }
    }
}

/// An advertisement and what came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The advertisement.
    pub advertisement: Advertisement<'a>,
    /// Bytes after its end: Ethernet padding, or a trailer this crate does not know.
    pub trailing: &'a [u8],
}

/// Decodes the VRRP message in `bytes`, the payload of the IP packet `carrier`.
///
/// Total over all inputs: it borrows, allocates nothing and cannot panic. Checks are made in
/// the order of RFC 9568 section 7.1, and the first that fails is the error. Reserved bits are
/// ignored; the data of an unused authentication field is too.
///
/// ```
/// use steadfast_vrrp::packet::{self, Carrier, DecodePolicy};
///
/// // keepalived, VRID 8, priority 200, every half second, for 198.51.100.8.
/// let bytes = [0x31, 0x08, 0xc8, 0x01, 0x00, 0x32, 0xd1, 0x77, 198, 51, 100, 8];
/// let carrier = Carrier::V4 {
///     source: "198.51.100.77".parse()?,
///     destination: packet::MULTICAST_IPV4,
/// };
/// let decoded = packet::decode(&bytes, carrier, DecodePolicy::default())?;
/// assert_eq!(decoded.advertisement.vrid.get(), 8);
/// assert_eq!(decoded.advertisement.interval.as_centis(), 50);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode(
    bytes: &[u8],
    carrier: Carrier,
    policy: DecodePolicy,
) -> Result<Decoded<'_>, DecodeError> {
    Verified::new(bytes, carrier, policy)?.interpret(policy)
}

/// The VRID field, unchecked: what a driver needs to find the router a packet is for.
///
/// `None` if the packet is too short to have one.
pub fn peek_vrid(bytes: &[u8]) -> Option<u8> {
    bytes.get(1).copied()
}

/// The version field, unchecked.
pub(crate) fn peek_version(bytes: &[u8]) -> Option<u8> {
    bytes.first().map(|byte| byte >> 4)
}

/// A message whose version, type, length and checksum are right, its fields not yet looked at.
///
/// Between the two a receiver checks that the message is for it.
#[derive(Debug)]
pub(crate) struct Verified<'a> {
    family: Family,
    version: Version,
    fixed: [u8; FIXED_LEN],
    message: &'a [u8],
    trailing: &'a [u8],
    checksum: ChecksumForm,
}

impl<'a> Verified<'a> {
    #[inline]
    pub(crate) fn new(
        bytes: &'a [u8],
        carrier: Carrier,
        policy: DecodePolicy,
    ) -> Result<Self, DecodeError> {
        let truncated = |needed| DecodeError::Truncated { length: bytes.len(), needed };
        let family = carrier.family();

        let first = *bytes.first().ok_or(truncated(FIXED_LEN))?;
        // Its first byte says what follows it.
        if first == PROTOCOL {
            return Err(DecodeError::AuthenticationHeader);
        }
        let found = first >> 4;
        let version = Version::from_number(found).ok_or(DecodeError::Version { found })?;
        if version == Version::V2 && family == Family::Ipv6 {
            return Err(DecodeError::Version2OverIpv6);
        }

        let found = first & 0x0f;
        if found != ADVERTISEMENT {
            return Err(DecodeError::Type { found });
        }

        let fixed: [u8; FIXED_LEN] = *bytes.first_chunk().ok_or(truncated(FIXED_LEN))?;
        let [_, _, _, count, _, _, checksum_high, checksum_low] = fixed;
        let trailer = match version {
            Version::V2 => v2::TRAILER_LEN,
            Version::V3 => 0,
        };
        let needed = FIXED_LEN + usize::from(count) * address_len(family) + trailer;
        let (message, trailing) = bytes.split_at_checked(needed).ok_or(truncated(needed))?;

        let forms: &[ChecksumForm] = match (version, family) {
            (Version::V2, _) => &[ChecksumForm::MessageOnly],
            (Version::V3, Family::Ipv4) => policy.checksum.forms(),
            (Version::V3, Family::Ipv6) => &[ChecksumForm::PseudoHeader],
        };
        let alone = Sum::default().add(message);
        let sum = |form| alone.in_form(form, carrier, message.len());
        let checksum = forms.iter().copied().find(|form| sum(*form).is_valid());
        let Some(checksum) = checksum else {
            let found = u16::from_be_bytes([checksum_high, checksum_low]);
            let form = forms.first().copied().unwrap_or_default();
            return Err(DecodeError::Checksum {
                found,
                expected: sum(form).checksum_instead_of(found),
            });
        };

        Ok(Self { family, version, fixed, message, trailing, checksum })
    }

    /// The VRID field, which may be 0.
    pub(crate) fn vrid(&self) -> u8 {
        let [_, vrid, ..] = self.fixed;
        vrid
    }

    #[inline]
    pub(crate) fn interpret(self, policy: DecodePolicy) -> Result<Decoded<'a>, DecodeError> {
        let [_, vrid, priority, count, fourth, fifth, _, _] = self.fixed;
        let vrid = Vrid::new(vrid).map_err(|_| DecodeError::Vrid)?;

        let list = self.message.get(FIXED_LEN..).unwrap_or_default();
        let list = list.get(..usize::from(count) * address_len(self.family)).unwrap_or_default();
        let addresses = Addresses::read(self.family, list);
        let first = addresses.iter().next();
        if first.is_none() && !policy.no_addresses {
            return Err(DecodeError::NoAddresses);
        }

        let interval = match self.version {
            Version::V2 => v2::read_interval([fourth, fifth]),
            Version::V3 => v3::read_interval([fourth, fifth]),
        }
        .ok_or(DecodeError::Interval)?;

        if let Some(IpAddr::V6(address)) = first
            && policy.link_local_first
            && !address.is_unicast_link_local()
        {
            return Err(DecodeError::FirstAddress { address: address.into() });
        }

        let format = match self.version {
            Version::V2 => Format::V2 {
                authentication: v2::read_authentication([fourth, fifth], self.message),
            },
            Version::V3 => Format::V3 { checksum: self.checksum },
        };
        Ok(Decoded {
            advertisement: Advertisement {
                vrid,
                priority: Priority::from_wire(priority),
                interval,
                addresses,
                format,
            },
            trailing: self.trailing,
        })
    }
}
