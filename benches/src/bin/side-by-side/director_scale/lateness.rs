//! How late advertisements come.

use std::time::Duration;

use steadfast_lab::Advertisement;

use crate::percentiles::Percentiles;

/// By how many milliseconds advertisements come later than an interval after the one before; `None`
/// if there are no two.
pub(super) fn lateness(in_order: &[Advertisement], interval: Duration) -> Option<Percentiles> {
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let late = in_order
        .array_windows()
        .map(|[one, next]| millis(next.at.saturating_sub(one.at)) - millis(interval));
    Percentiles::of(late.collect())
}
