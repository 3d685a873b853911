//! A monotonic instant that needs no clock.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point on the caller's monotonic clock: nanoseconds since an epoch the caller chooses.
///
/// The crate never reads a clock. A driver maps its own one, for instance `CLOCK_MONOTONIC` or
/// the time since its start, and keeps to the same epoch for one router. Arithmetic saturates:
/// 2^64 ns are 584 years.
///
/// ```
/// use core::time::Duration;
/// use steadfast_vrrp::Instant;
///
/// let start = Instant::from_nanos(0);
/// let later = start + Duration::from_millis(100);
/// assert_eq!(later.duration_since(start), Duration::from_millis(100));
/// assert_eq!(start.duration_since(later), Duration::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant `nanos` nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero if `earlier` is in fact later.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addition_saturates_at_the_end_of_time() {
        assert_eq!(
            Instant::from_nanos(u64::MAX - 1) + Duration::MAX,
            Instant::from_nanos(u64::MAX)
        );
    }

    #[test]
    fn subtraction_saturates_at_the_epoch() {
        assert_eq!(Instant::from_nanos(5) - Duration::from_secs(1), Instant::from_nanos(0));
    }
}
