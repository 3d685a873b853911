use std::time::{Duration, Instant};

use crate::LabError;

/// The least time between two looks at a condition.
const EVERY: Duration = Duration::from_millis(10);
/// How many times as long as a look takes is waited until the next.
const CALM: u32 = 3;

/// Looks again and again until `condition` holds, and says how long that took.
///
/// What takes long to look at is looked at less often: who waits is not to take the processor from
/// what it waits for.
///
/// # Errors
///
/// [`LabError::TimedOut`] when `limit` has passed and the condition does not hold.
pub fn wait_until(
    limit: Duration,
    what: impl Into<String>,
    mut condition: impl FnMut() -> bool,
) -> Result<Duration, LabError> {
    let begin = Instant::now();
    loop {
        let waited = begin.elapsed();
        if condition() {
            return Ok(waited);
        }
        if waited >= limit {
            return Err(LabError::TimedOut { what: what.into(), limit });
        }
        let looked = begin.elapsed().saturating_sub(waited);
        std::thread::sleep(looked.saturating_mul(CALM).max(EVERY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_holds_needs_no_waiting() {
        assert!(wait_until(Duration::ZERO, "nothing", || true).is_ok());
    }

    #[test]
    fn a_condition_that_never_holds_is_named_in_the_error() {
        let error = wait_until(Duration::from_millis(1), "pigs fly", || false).unwrap_err();
        assert_eq!(error.to_string(), "waited 1ms in vain until pigs fly");
    }
}
