//! What test programs counted.

/// Sums over the result lines that test programs print.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
    /// Those of the passed that had failed before.
    pub(super) again: u64,
    /// Programs that ended without success, whatever they had counted.
    pub(super) broken: u64,
}

impl Totals {
    /// A program that ended without success, whatever it counted.
    pub(super) const BROKEN: Self = Self { passed: 0, failed: 0, ignored: 0, again: 0, broken: 1 };

    /// All of a program's output.
    pub(super) fn of_output(output: &str) -> Self {
        output.lines().map(Self::of_line).fold(Self::default(), Self::plus)
    }

    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(super) fn of_line(line: &str) -> Self {
        let mut totals = Self::default();
        let Some(counts) = line.strip_prefix("test result: ") else {
            return totals;
        };
        let counts = counts.split_once(". ").map_or("", |(_verdict, counts)| counts);
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            match what {
                "passed" => totals.passed = number,
                "failed" => totals.failed = number,
                "ignored" => totals.ignored = number,
                _ => {}
            }
        }
        totals
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            ignored: self.ignored.saturating_add(other.ignored),
            again: self.again.saturating_add(other.again),
            broken: self.broken.saturating_add(other.broken),
        }
    }

    /// What failed here counts as what it was in a second try.
    pub(super) fn with_second_try(self, second: Self) -> Self {
        Self { failed: 0, broken: 0, again: second.passed, ..self }.plus(second)
    }

    /// What was ignored outside and ran in the kernel counts as what it was there.
    pub(super) fn with_kernel(self, kernel: Self, kernel_only: bool) -> Self {
        let ran = kernel.passed.saturating_add(kernel.failed);
        let ignored = if kernel_only { 0 } else { self.ignored.saturating_sub(ran) };
        Self { ignored, ..self }.plus(kernel)
    }

    /// A test that was to run and did not is no success.
    pub(super) fn is_success(self) -> bool {
        self.failed == 0 && self.broken == 0 && self.ignored == 0
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, ignored, again, broken } = self;
        let failed = failed.saturating_add(u64::from(*failed == 0 && *broken > 0));
        write!(f, "{passed} passed, {failed} failed, {ignored} skipped")?;
        if *again > 0 {
            write!(f, "; {again} of the passed only at a second try")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out";
        let expected = Totals { passed: 3, failed: 2, ignored: 1, ..Totals::default() };
        assert_eq!(Totals::of_line(line), expected);
    }

    #[test]
    fn any_other_line_counts_nothing() {
        assert_eq!(Totals::of_line("test net::result ... ok"), Totals::default());
    }

    #[test]
    fn a_test_that_was_ignored_and_never_ran_stays_ignored() {
        let outside = Totals { passed: 5, ignored: 3, ..Totals::default() };
        let kernel = Totals { passed: 1, failed: 1, ..Totals::default() };
        let sum = outside.with_kernel(kernel, false);
        assert_eq!(sum, Totals { passed: 6, failed: 1, ignored: 1, ..Totals::default() });
    }

    #[test]
    fn what_passes_at_a_second_try_is_a_success_that_says_so() {
        let first = Totals { passed: 5, failed: 2, ..Totals::BROKEN };
        let totals = first.with_second_try(Totals { passed: 2, ..Totals::default() });
        assert!(totals.is_success());
        let expected = "7 passed, 0 failed, 0 skipped; 2 of the passed only at a second try";
        assert_eq!(totals.to_string(), expected);
    }

    #[test]
    fn what_fails_at_a_second_try_too_is_a_failure() {
        let first = Totals { passed: 5, failed: 2, ..Totals::BROKEN };
        let totals = first.with_second_try(Totals { passed: 1, failed: 1, ..Totals::BROKEN });
        assert!(!totals.is_success());
        assert_eq!(totals.failed, 1);
    }

    #[test]
    fn a_program_that_broke_is_a_failure_even_if_none_of_its_tests_is() {
        let totals = Totals { passed: 2, ..Totals::BROKEN };
        assert!(!totals.is_success());
        assert_eq!(totals.to_string(), "2 passed, 1 failed, 0 skipped");
    }
}
