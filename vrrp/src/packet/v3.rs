//! What is particular to VRRPv3 (RFC 9568 section 5.2): a reserved nibble and centiseconds.

use super::EncodeError;
use crate::{AdverInterval, Version};

/// Bytes 4 and 5: the reserved nibble, ignored, and 12 bits of interval.
pub(super) fn read_interval(bytes: [u8; 2]) -> Option<AdverInterval> {
    AdverInterval::from_centis(u16::from_be_bytes(bytes) & 0x0fff).ok()
}

pub(super) fn write(interval: AdverInterval) -> Result<[u8; 2], EncodeError> {
    if interval.fits(Version::V3) {
        Ok(interval.as_centis().to_be_bytes())
    } else {
        Err(EncodeError::Interval { version: Version::V3, interval })
    }
}
