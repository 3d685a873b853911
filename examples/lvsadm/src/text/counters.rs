//! Counters in columns of nine.

use steadfast_ipvs::Stats;

/// How large numbers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// In thousands, millions, thousands of millions, or more.
    Rounded,
    Exact,
}

impl Precision {
    pub(super) fn column(self, number: u64) -> String {
        const THOUSAND: u64 = 1_000;
        const MILLION: u64 = 1_000 * THOUSAND;
        const MILLIARD: u64 = 1_000 * MILLION;
        let (unit, letter) = if self == Self::Exact || number < 100 * MILLION {
            return exact(number);
        } else if number < MILLIARD {
            (THOUSAND, 'K')
        } else if number < 100 * MILLIARD {
            (MILLION, 'M')
        } else if number < 100_000 * MILLIARD {
            (MILLIARD, 'G')
        } else {
            (1_000 * MILLIARD, 'T')
        };
        format!("{:>8}{letter}", number / unit)
    }
}

/// A blank goes before a number that fills its column.
pub(super) fn exact(number: u64) -> String {
    format!(" {number:>8}")
}

/// What ipvsadm makes of a destination's counters: it reads them, except bytes, as 32 bits.
pub(super) fn cut(stats: &Stats) -> Stats {
    const LOW: u64 = u32::MAX as u64;
    let mut cut = *stats;
    let rates = &mut cut.rates;
    for counter in [
        &mut cut.connections,
        &mut cut.packets_in,
        &mut cut.packets_out,
        &mut rates.connections,
        &mut rates.packets_in,
        &mut rates.packets_out,
        &mut rates.bytes_in,
        &mut rates.bytes_out,
    ] {
        *counter &= LOW;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_from_nine_digits_on() {
        let shown = [
            (0, "        0"),
            (99_999_999, " 99999999"),
            (100_000_000, "  100000K"),
            (999_999_999, "  999999K"),
            (1_000_000_000, "    1000M"),
            (99_999_999_999, "   99999M"),
            (100_000_000_000, "     100G"),
            (99_999_999_999_999, "   99999G"),
            (100_000_000_000_000, "     100T"),
            (u64::MAX, "18446744T"),
        ];
        for (number, text) in shown {
            assert_eq!(Precision::Rounded.column(number), text);
        }
    }

    #[test]
    fn exact_numbers_keep_a_blank_before_them() {
        assert_eq!(Precision::Exact.column(99_999_999), " 99999999");
        assert_eq!(Precision::Exact.column(u64::MAX), " 18446744073709551615");
    }
}
