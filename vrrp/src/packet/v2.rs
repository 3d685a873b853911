//! What is particular to VRRPv2 (RFC 3768 section 5.1): authentication and seconds.

use super::{Authentication, EncodeError};
use crate::{AdverInterval, Version};

/// The authentication data after the addresses, there whatever the type.
pub(super) const TRAILER_LEN: usize = 8;

/// Bytes 4 and 5: authentication type and interval.
pub(super) fn read_interval([_, seconds]: [u8; 2]) -> Option<AdverInterval> {
    AdverInterval::from_secs(seconds).ok()
}

pub(super) fn read_authentication([auth_type, _]: [u8; 2], message: &[u8]) -> Authentication {
    let data = message.last_chunk().copied().unwrap_or_default();
    Authentication::read(auth_type, data)
}

pub(super) fn write(
    interval: AdverInterval,
    authentication: Authentication,
) -> Result<[u8; 2], EncodeError> {
    let error = EncodeError::Interval { version: Version::V2, interval };
    if !interval.fits(Version::V2) {
        return Err(error);
    }
    let seconds = u8::try_from(interval.as_centis() / 100).map_err(|_| error)?;
    Ok([authentication.type_number(), seconds])
}
