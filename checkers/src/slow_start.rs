use std::time::Duration;

/// Brings the weight of a server that has come up to what is configured little by little, so that
/// it is not overrun before it is warm.
///
/// The weight rises in a straight line over the time, from 1 on. At the start of a program, when all
/// servers come up together, it is better left out.
///
/// ```
/// use std::time::Duration;
/// use steadfast_checkers::SlowStart;
///
/// let second = Duration::from_secs(1);
/// let ramp = SlowStart::new(10 * second);
/// assert_eq!(ramp.weight(100, 3 * second), 30);
/// assert_eq!(ramp.next_change(100, 3 * second), Some(3 * second + second / 10));
/// assert_eq!(ramp.next_change(100, 10 * second), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlowStart {
    time: Duration,
}

impl SlowStart {
    /// It takes that long until a server has all its weight.
    pub const fn new(time: Duration) -> Self {
        Self { time }
    }

    /// The weight of a server that came up so long ago, at least 1 unless it has none at all.
    pub fn weight(self, configured: u32, since_up: Duration) -> u32 {
        let (passed, time) = (since_up.as_nanos(), self.time.as_nanos());
        if passed >= time {
            return configured;
        }
        let reached = u128::from(configured).saturating_mul(passed).checked_div(time);
        let reached = reached.and_then(|weight| u32::try_from(weight).ok()).unwrap_or(configured);
        reached.clamp(configured.min(1), configured)
    }

    /// How long after a server came up its weight changes next; `None` once it has all of it.
    pub fn next_change(self, configured: u32, since_up: Duration) -> Option<Duration> {
        let now = self.weight(configured, since_up);
        if now >= configured {
            return None;
        }
        // The first moment that makes for one more.
        let nanoseconds = self.time.as_nanos().saturating_mul(u128::from(now) + 1);
        let nanoseconds = nanoseconds.div_ceil(u128::from(configured));
        let seconds = u64::try_from(nanoseconds / 1_000_000_000).ok()?;
        Some(Duration::new(seconds, u32::try_from(nanoseconds % 1_000_000_000).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_server_without_weight_keeps_none() {
        assert_eq!(SlowStart::new(SECOND).weight(0, Duration::ZERO), 0);
        assert_eq!(SlowStart::new(SECOND).next_change(0, Duration::ZERO), None);
    }

    #[test]
    fn a_server_that_has_just_come_up_has_some_weight() {
        assert_eq!(SlowStart::new(SECOND).weight(100, Duration::ZERO), 1);
    }

    #[test]
    fn without_a_time_all_weight_is_there_at_once() {
        assert_eq!(SlowStart::new(Duration::ZERO).weight(100, Duration::ZERO), 100);
    }

    proptest! {
        #[test]
        fn each_change_brings_more_until_all_is_there(
            time in 1_u64..100_000, configured in 1_u32..1000
        ) {
            let ramp = SlowStart::new(Duration::from_millis(time));
            let (mut since, mut weight) = (Duration::ZERO, ramp.weight(configured, Duration::ZERO));
            while let Some(next) = ramp.next_change(configured, since) {
                prop_assert!(next > since);
                prop_assert_eq!(ramp.weight(configured, next - Duration::from_nanos(1)), weight);
                prop_assert!(ramp.weight(configured, next) > weight);
                (since, weight) = (next, ramp.weight(configured, next));
            }
            prop_assert_eq!(weight, configured);
        }

        #[test]
        fn any_times_and_weights_are_answered_without_a_panic(
            time in any::<Duration>(), configured in any::<u32>(), since in any::<Duration>()
        ) {
            let ramp = SlowStart::new(time);
            prop_assert!(ramp.weight(configured, since) <= configured);
            let _next = ramp.next_change(configured, since);
        }
    }
}
