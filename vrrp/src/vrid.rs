use core::fmt;
use core::num::NonZeroU8;

use thiserror::Error;

/// A virtual router identifier, 1 to 255 (RFC 9568 section 5.2.3).
///
/// Unique on a LAN per address family: VRID 7 over IPv4 and VRID 7 over IPv6 are two routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// Checks that `id` is not 0.
    pub const fn new(id: u8) -> Result<Self, InvalidVrid> {
        match NonZeroU8::new(id) {
            Some(id) => Ok(Self(id)),
            None => Err(InvalidVrid),
        }
    }

    /// The number, 1 to 255.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl TryFrom<u8> for Vrid {
    type Error = InvalidVrid;

    fn try_from(id: u8) -> Result<Self, InvalidVrid> {
        Self::new(id)
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 0 was given as a virtual router identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("virtual router identifier 0 is not allowed: give 1 to 255")]
pub struct InvalidVrid;
