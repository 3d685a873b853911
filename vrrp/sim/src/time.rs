use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use steadfast_vrrp::Instant;

/// True time, in nanoseconds since the world began. What a host's own clock makes of it is an
/// [`Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time(u64);

impl Time {
    /// When everything begins.
    pub const START: Self = Self(0);

    /// The time from `earlier` to `self`; zero if `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration.as_nanos() as u64)
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_nanos() as u64))
    }
}

impl fmt::Display for Time {
    /// Seconds, to the nanosecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// The clock of one host: it runs fast or slow by up to [`MAX_DRIFT`](Self::MAX_DRIFT).
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    true_origin: Time,
    local_origin: Instant,
    /// How much faster than true time, in 2^-40.
    gain: i64,
    /// How much faster than local time true time is, in 2^-40.
    inverse_gain: i64,
}

impl Clock {
    /// In millionths: 1 %.
    pub(crate) const MAX_DRIFT: i64 = 10_000;

    pub(crate) fn new(local_origin: Instant, drift: i64) -> Self {
        let mut clock = Self { true_origin: Time::START, local_origin, gain: 0, inverse_gain: 0 };
        clock.set_drift(Time::START, drift);
        clock
    }

    /// From `now` on the clock gains `drift` microseconds each second.
    pub(crate) fn set_drift(&mut self, now: Time, drift: i64) {
        self.local_origin = self.local(now);
        self.true_origin = now;
        self.gain = (drift << 40) / 1_000_000;
        self.inverse_gain = (-drift << 40) / (1_000_000 + drift);
    }

    /// What the clock shows at `time`, which is not before its drift last changed.
    pub(crate) fn local(&self, time: Time) -> Instant {
        self.local_origin + scaled(time.since(self.true_origin), self.gain)
    }

    /// A time, the first but for some nanoseconds, at which the clock shows `local` or later.
    pub(crate) fn reaches(&self, local: Instant) -> Time {
        let elapsed = local.duration_since(self.local_origin);
        let mut time = self.true_origin + scaled(elapsed, self.inverse_gain);
        while self.local(time) < local {
            time = time + local.duration_since(self.local(time));
        }
        time
    }
}

fn scaled(duration: Duration, gain: i64) -> Duration {
    let nanos = duration.as_nanos() as i64;
    let gained = (i128::from(nanos) * i128::from(gain)) >> 40;
    Duration::from_nanos((nanos + gained as i64) as u64)
}

/// `local` time on the slowest clock, in true time.
pub(crate) fn at_most(local: Duration) -> Duration {
    local + local / 99
}

/// `local` time on the fastest clock, in true time.
pub(crate) fn at_least(local: Duration) -> Duration {
    local - local / 101
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_gains_a_percent_gains_a_percent() {
        let clock = Clock::new(Instant::from_nanos(5), Clock::MAX_DRIFT);
        let hour = Duration::from_secs(3600);
        let gained = clock.local(Time::START + hour).duration_since(Instant::from_nanos(5)) - hour;
        assert!(gained.abs_diff(Duration::from_secs(36)) < Duration::from_micros(10), "{gained:?}");
    }

    #[test]
    fn when_the_clock_reaches_a_time_it_shows_that_time() {
        for drift in [-Clock::MAX_DRIFT, -1, 0, 1, Clock::MAX_DRIFT] {
            let clock = Clock::new(Instant::from_nanos(1 << 40), drift);
            for nanos in [0, 1, 1_000_000_007, 3_600_000_000_001, 36_000_000_000_000] {
                let local = Instant::from_nanos((1 << 40) + nanos);
                let shown = clock.local(clock.reaches(local));
                assert!(shown >= local, "{drift} {nanos}");
                assert!(shown.duration_since(local) < Duration::from_nanos(200), "{drift} {nanos}");
            }
        }
    }

    #[test]
    fn a_change_of_drift_makes_no_jump() {
        let mut clock = Clock::new(Instant::from_nanos(0), 5000);
        let now = Time::START + Duration::from_secs(100);
        let before = clock.local(now);
        clock.set_drift(now, -5000);
        assert_eq!(clock.local(now), before);
    }
}
