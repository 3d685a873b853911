//! VRRPv2 in an IP Authentication Header: authentication type 2 of RFC 2338, section 5.3.6.
//!
//! The header (RFC 2402) has the IP protocol number 51 and stands between the IPv4 header and the
//! VRRP message. Its integrity check value, HMAC-MD5-96 of RFC 2403 with the password as the key,
//! is of both and of itself, so [`Envelope::seal`] writes the whole IPv4 packet and [`open`] wants
//! to see it.
//!
//! This is what keepalived speaks, with its ways where the standards leave a choice, and its one
//! deviation from them. The security parameters index is the sender's address. All routers of a
//! virtual router number their packets in one row. Of packets to a group the TTL, which RFC 2402
//! section 3.3.3.1 counts as mutable and zero, is authenticated as it is; no router forwards them.
//!
//! HMAC-MD5 with a key of 64 bits keeps out mistakes and most attackers, not all.

mod error;
#[cfg(test)]
mod tests;

use core::fmt;
use core::net::Ipv4Addr;

pub use error::OpenError;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::checksum::Sum;
use super::{EncodeError, PROTOCOL as VRRP, Password, TYPE_OF_SERVICE};

/// The IP protocol number of the Authentication Header.
pub const PROTOCOL: u8 = 51;

/// Bytes before the VRRP message: the IPv4 header and the Authentication Header.
pub const OVERHEAD: usize = IPV4_LEN + FIXED_LEN + ICV_LEN;

const IPV4_LEN: usize = 20;
/// Version 4, five words of header: no options.
const IPV4: u8 = 0x45;
/// The part of an Authentication Header before its integrity check value.
const FIXED_LEN: usize = 12;
const ICV_LEN: usize = 12;
/// The length field of an Authentication Header with an ICV of 96 bits: in words, without two.
const LENGTH: u8 = 4;
const BLOCK_LEN: usize = 64;

type Ipv4Header = [u8; IPV4_LEN];
type Fixed = [u8; FIXED_LEN];
type Icv = [u8; ICV_LEN];

/// The number of a packet, by which a replayed one is known (RFC 2402 section 3.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SequenceNumber(u32);

impl SequenceNumber {
    /// The number in the field; 0 is never sent.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number in the field.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// That many numbers later. The last one has no successor but itself: a row that is used up is
    /// not begun again.
    #[must_use]
    pub const fn later(self, by: u32) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is around the VRRP message.
///
/// ```
/// use steadfast_vrrp::packet::ah::{self, Envelope, SequenceNumber};
/// use steadfast_vrrp::packet::{MULTICAST_IPV4, Password, TTL};
///
/// let key = Password::new(b"secret")?;
/// let envelope = Envelope {
///     source: "192.0.2.1".parse()?,
///     destination: MULTICAST_IPV4,
///     ttl: TTL,
///     sequence: SequenceNumber::new(1),
/// };
/// let message = [0x21, 53, 100, 1, 2, 1];
/// let mut buffer = [0; 128];
/// let length = envelope.seal(&key, &mut buffer, |room| {
///     room[..message.len()].copy_from_slice(&message);
///     Ok(message.len())
/// })?;
/// let opened = ah::open(&buffer[..length], &key)?;
/// assert_eq!(opened.envelope, envelope);
/// assert_eq!(opened.message, message);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Source address, and security parameters index.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// TTL; of packets to a group it is authenticated.
    pub ttl: u8,
    /// The packet's number.
    pub sequence: SequenceNumber,
}

/// A packet that has been verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened<'a> {
    /// What is around the message.
    pub envelope: Envelope,
    /// The VRRP message.
    pub message: &'a [u8],
}

impl Envelope {
    /// Writes an IPv4 packet to the start of `buffer` and returns its length; `write` writes the
    /// VRRP message to the start of what it is given and returns the length of that.
    ///
    /// The packet is to be sent as it is. It may not be fragmented, but its identification is not
    /// zero, because Linux replaces a zero.
    ///
    /// # Errors
    ///
    /// When the buffer is too small, and whatever `write` says.
    pub fn seal(
        &self,
        key: &Password,
        buffer: &mut [u8],
        write: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>,
    ) -> Result<usize, EncodeError> {
        let available = buffer.len();
        let too_small = |needed| EncodeError::Buffer { available, needed };
        let (ip_place, rest) = buffer.split_first_chunk_mut().ok_or(too_small(OVERHEAD))?;
        let (fixed_place, rest) = rest.split_first_chunk_mut().ok_or(too_small(OVERHEAD))?;
        let (icv_place, room) = rest.split_first_chunk_mut().ok_or(too_small(OVERHEAD))?;
        let written = write(room)?;
        let length = OVERHEAD.saturating_add(written);
        let message = room.get(..written).ok_or(too_small(length))?;

        let mut ip = self.ipv4_header(u16::try_from(length).map_err(|_| too_small(length))?);
        let fixed = self.fixed();
        *icv_place = icv(key, &ip, &fixed, message);
        write_checksum(&mut ip);
        *ip_place = ip;
        *fixed_place = fixed;
        Ok(length)
    }

    fn ipv4_header(&self, length: u16) -> Ipv4Header {
        let [l0, l1] = length.to_be_bytes();
        let [_, _, i0, i1] = self.sequence.get().to_be_bytes();
        let [i0, i1] = if [i0, i1] == [0, 0] { [0, 1] } else { [i0, i1] };
        let [s0, s1, s2, s3] = self.source.octets();
        let [d0, d1, d2, d3] = self.destination.octets();
        let (service, ttl) = (TYPE_OF_SERVICE, self.ttl);
        [IPV4, service, l0, l1, i0, i1, 0, 0, ttl, PROTOCOL, 0, 0, s0, s1, s2, s3, d0, d1, d2, d3]
    }

    fn fixed(&self) -> Fixed {
        let [p0, p1, p2, p3] = self.source.octets();
        let [n0, n1, n2, n3] = self.sequence.get().to_be_bytes();
        [VRRP, LENGTH, 0, 0, p0, p1, p2, p3, n0, n1, n2, n3]
    }
}

/// Verifies the IPv4 packet in `packet`, from its header on, of protocol 51. What comes after its
/// end is ignored.
///
/// Total over all inputs: it borrows, allocates nothing and cannot panic. Whether the packet is a
/// replayed one is for who knows the numbers of others.
///
/// # Errors
///
/// When it is no packet of the kind that VRRPv2 uses, or another key or another packet was
/// authenticated.
pub fn open<'a>(packet: &'a [u8], key: &Password) -> Result<Opened<'a>, OpenError> {
    let Parts { ip, fixed, icv: found, message } = Parts::of(packet)?;
    let [_, _, _, _, _, _, _, _, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *ip;
    if protocol != PROTOCOL {
        return Err(OpenError::Protocol { found: protocol });
    }
    let [next_header, length, _, _, p0, p1, p2, p3, n0, n1, n2, n3] = *fixed;
    if next_header != VRRP {
        return Err(OpenError::NextHeader { found: next_header });
    }
    if length != LENGTH {
        return Err(OpenError::HeaderLength { found: length });
    }
    let source = Ipv4Addr::new(s0, s1, s2, s3);
    let found_index = Ipv4Addr::new(p0, p1, p2, p3);
    if found_index != source {
        return Err(OpenError::SecurityParametersIndex {
            found: found_index,
            source_address: source,
        });
    }
    authenticate(key, ip, fixed, message)
        .verify_truncated_left(found)
        .map_err(|_| OpenError::IntegrityCheckValue)?;
    let destination = Ipv4Addr::new(d0, d1, d2, d3);
    let sequence = SequenceNumber(u32::from_be_bytes([n0, n1, n2, n3]));
    Ok(Opened { envelope: Envelope { source, destination, ttl, sequence }, message })
}

/// The VRRP message in an IPv4 packet of protocol 51, unverified: what a driver needs to find the
/// router a packet is for.
///
/// `None` if the packet is too short to have one.
pub fn peek_message(packet: &[u8]) -> Option<&[u8]> {
    Parts::of(packet).ok().map(|parts| parts.message)
}

struct Parts<'a> {
    ip: &'a Ipv4Header,
    fixed: &'a Fixed,
    icv: &'a Icv,
    message: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(packet: &'a [u8]) -> Result<Self, OpenError> {
        let truncated = |needed| OpenError::Truncated { length: packet.len(), needed };
        let ip: &Ipv4Header = packet.first_chunk().ok_or(truncated(OVERHEAD))?;
        let [found, _, l0, l1, ..] = *ip;
        if found != IPV4 {
            return Err(OpenError::Ipv4Header { found });
        }
        let total = usize::from(u16::from_be_bytes([l0, l1]));
        let packet = packet.get(..total).ok_or(truncated(total))?;
        let rest = packet.get(IPV4_LEN..).ok_or(truncated(OVERHEAD))?;
        let (fixed, rest) = rest.split_first_chunk().ok_or(truncated(OVERHEAD))?;
        let (icv, message) = rest.split_first_chunk().ok_or(truncated(OVERHEAD))?;
        Ok(Self { ip, fixed, icv, message })
    }
}

fn icv(key: &Password, ip: &Ipv4Header, fixed: &Fixed, message: &[u8]) -> Icv {
    let digest = authenticate(key, ip, fixed, message).finalize().into_bytes();
    digest.first_chunk().copied().unwrap_or_default()
}

fn authenticate(key: &Password, ip: &Ipv4Header, fixed: &Fixed, message: &[u8]) -> Hmac<Md5> {
    let mut block = [0; BLOCK_LEN];
    block.iter_mut().zip(key.bytes()).for_each(|(to, from)| *to = from);
    let mut mac = Hmac::<Md5>::new(&block.into());
    mac.update(&with_mutable_fields_zero(ip));
    mac.update(fixed);
    mac.update(&Icv::default());
    mac.update(message);
    mac
}

/// Type of service, flags and fragment offset, TTL, and checksum (RFC 2402 section 3.3.3.1.1.1); as
/// with keepalived not the TTL of what goes to a group.
fn with_mutable_fields_zero(ip: &Ipv4Header) -> Ipv4Header {
    let [version, _, l0, l1, i0, i1, _, _, ttl, protocol, _, _, addresses @ ..] = *ip;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let to_group = Ipv4Addr::new(d0, d1, d2, d3).is_multicast();
    let ttl = if to_group { ttl } else { 0 };
    [version, 0, l0, l1, i0, i1, 0, 0, ttl, protocol, 0, 0, s0, s1, s2, s3, d0, d1, d2, d3]
}

fn write_checksum(ip: &mut Ipv4Header) {
    let [high, low] = Sum::default().add(ip).checksum().to_be_bytes();
    let [_, _, _, _, _, _, _, _, _, _, c0, c1, ..] = ip;
    (*c0, *c1) = (high, low);
}
