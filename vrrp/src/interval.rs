use core::fmt;
use core::num::NonZeroU16;
use core::time::Duration;

use thiserror::Error;

use crate::Version;

/// The interval between advertisements: a whole number of centiseconds from 0.01 s to 255 s.
///
/// No version can express all of them: VRRPv2 has whole seconds up to 255, VRRPv3 centiseconds
/// up to 40.95 s. [`fits`](Self::fits) says whether a version can.
///
/// ```
/// use core::time::Duration;
/// use steadfast_vrrp::{AdverInterval, Version};
///
/// let interval = AdverInterval::try_from(Duration::from_millis(100))?;
/// assert!(interval.fits(Version::V3));
/// assert!(!interval.fits(Version::V2));
/// # Ok::<(), steadfast_vrrp::InvalidInterval>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdverInterval {
    centis: NonZeroU16,
}

impl AdverInterval {
    const MAX_CENTIS: u16 = 25_500;
    const MAX_CENTIS_V3: u16 = 4_095;

    /// One second, the default of both versions.
    pub const DEFAULT: Self = match NonZeroU16::new(100) {
        Some(centis) => Self { centis },
        None => Self { centis: NonZeroU16::MIN },
    };

    /// `secs` seconds, 1 to 255.
    pub const fn from_secs(secs: u8) -> Result<Self, InvalidInterval> {
        Self::from_centis(secs as u16 * 100)
    }

    /// `centis` hundredths of a second, 1 to 25 500.
    pub const fn from_centis(centis: u16) -> Result<Self, InvalidInterval> {
        match NonZeroU16::new(centis) {
            Some(centis) if centis.get() <= Self::MAX_CENTIS => Ok(Self { centis }),
            Some(_) => Err(InvalidInterval::TooLong),
            None => Err(InvalidInterval::TooShort),
        }
    }

    /// The interval in hundredths of a second.
    pub const fn as_centis(self) -> u16 {
        self.centis.get()
    }

    /// The interval as a duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.centis.get() as u64 * 10)
    }

    /// Whether `version` can put this interval on the wire.
    pub const fn fits(self, version: Version) -> bool {
        match version {
            Version::V2 => self.as_centis().is_multiple_of(100),
            Version::V3 => self.as_centis() <= Self::MAX_CENTIS_V3,
        }
    }
}

impl Default for AdverInterval {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<Duration> for AdverInterval {
    type Error = InvalidInterval;

    /// Never rounds: a duration that is not a whole number of centiseconds is refused.
    fn try_from(duration: Duration) -> Result<Self, InvalidInterval> {
        let centis =
            u16::try_from(duration.as_millis() / 10).map_err(|_| InvalidInterval::TooLong)?;
        let interval = Self::from_centis(centis)?;
        if interval.as_duration() == duration {
            Ok(interval)
        } else {
            Err(InvalidInterval::Fraction)
        }
    }
}

impl From<AdverInterval> for Duration {
    fn from(interval: AdverInterval) -> Self {
        interval.as_duration()
    }
}

impl fmt::Display for AdverInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, centis) = (self.as_centis() / 100, self.as_centis() % 100);
        write!(f, "{secs}.{centis:02} s")
    }
}

/// Why a time is no advertisement interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidInterval {
    /// Shorter than 0.01 s.
    #[error("advertisement interval is shorter than 0.01 s")]
    TooShort,
    /// Longer than 255 s.
    #[error("advertisement interval is longer than 255 s")]
    TooLong,
    /// Not a whole number of centiseconds.
    #[error("advertisement interval is not a multiple of 0.01 s")]
    Fraction,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c2_each_version_has_its_range() {
        for (centis, v2, v3) in [
            (1, false, true),
            (99, false, true),
            (100, true, true),
            (4_000, true, true),
            (4_095, false, true),
            (4_096, false, false),
            (4_100, true, false),
            (25_500, true, false),
        ] {
            let interval = AdverInterval::from_centis(centis).unwrap();
            assert_eq!(interval.fits(Version::V2), v2, "{interval} in VRRPv2");
            assert_eq!(interval.fits(Version::V3), v3, "{interval} in VRRPv3");
        }
    }

    #[test]
    fn c2_out_of_range_is_refused() {
        assert_eq!(AdverInterval::from_centis(0), Err(InvalidInterval::TooShort));
        assert_eq!(AdverInterval::from_centis(25_501), Err(InvalidInterval::TooLong));
        assert_eq!(AdverInterval::from_secs(0), Err(InvalidInterval::TooShort));
        assert_eq!(AdverInterval::try_from(Duration::MAX), Err(InvalidInterval::TooLong));
    }

    #[test]
    fn c2_a_fraction_is_refused_not_rounded() {
        assert_eq!(
            AdverInterval::try_from(Duration::from_millis(15)),
            Err(InvalidInterval::Fraction)
        );
    }
}
