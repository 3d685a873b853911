//! What is said of many measurements.

use std::fmt;

/// Median, 99th percentile and greatest of some measurements, in their own unit.
#[derive(Debug)]
pub(crate) struct Percentiles {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Percentiles {
    /// Of no measurements there are none.
    pub(crate) fn of(mut measurements: Vec<f64>) -> Option<Self> {
        measurements.sort_by(f64::total_cmp);
        let last = measurements.len().checked_sub(1)?;
        // Nearest rank.
        let rank = |percent: usize| {
            let rank = (measurements.len() * percent).div_ceil(100).saturating_sub(1);
            measurements.get(rank.min(last)).copied()
        };
        Some(Self { p50: rank(50)?, p99: rank(99)?, max: rank(100)? })
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, max } = self;
        write!(f, "p50 {p50:.2}  p99 {p99:.2}  max {max:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let percentiles = Percentiles::of((1..=200).rev().map(f64::from).collect()).unwrap();
        assert_eq!(percentiles.to_string(), "p50 100.00  p99 198.00  max 200.00");
    }

    #[test]
    fn a_single_measurement_is_all_percentiles() {
        let percentiles = Percentiles::of(vec![7.0]).unwrap();
        assert_eq!(percentiles.to_string(), "p50 7.00  p99 7.00  max 7.00");
    }
}
