//! What test programs said of that which failed, to be shown once more at the end: output is long,
//! and often only its end is kept.

/// How many lines of one program are repeated: the beginning says what went wrong.
const MOST_LINES: usize = 100;

/// Reads a program's output line by line, and keeps what libtest prints below `failures:`.
#[derive(Debug, Default)]
pub(super) struct Failures {
    within: bool,
    kept: Vec<String>,
}

impl Failures {
    pub(super) fn line(&mut self, line: &str) {
        if line.starts_with("test result: ") {
            self.within = false;
        } else if line == "failures:" {
            self.within = true;
        }
        if self.within && self.kept.len() < MOST_LINES {
            self.kept.push(line.to_owned());
        }
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.kept
    }
}

/// What a program said of its failures.
pub(super) fn of_output(output: &str) -> Vec<String> {
    let mut failures = Failures::default();
    output.lines().for_each(|line| failures.line(line));
    failures.into_lines()
}

/// The names of the tests that failed.
pub(super) fn failed_tests(output: &str) -> Vec<&str> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    lines.filter_map(|line| line.strip_suffix(" ... FAILED")).collect()
}

/// What a program printed last that ended without counting its tests.
pub(super) fn last_words(output: &str) -> Vec<String> {
    let lines: Vec<_> = output.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(MOST_LINES));
    last.map(|&line| line.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "test one ... ok\ntest two ... FAILED\n\nfailures:\n\n---- two stdout ----\n\
                          it panicked\n\nfailures:\n    two\n\ntest result: FAILED. 1 passed; 1 failed";

    #[test]
    fn what_failed_is_kept_and_nothing_else() {
        let kept = of_output(OUTPUT).join("\n");
        assert!(kept.starts_with("failures:\n\n---- two stdout ----\nit panicked\n"), "{kept}");
        assert!(kept.ends_with("failures:\n    two\n"), "{kept}");
    }

    #[test]
    fn nothing_is_kept_where_nothing_failed() {
        let output = "test one ... ok\n\ntest result: ok. 1 passed; 0 failed";
        assert_eq!(of_output(output), [""; 0]);
    }

    #[test]
    fn the_tests_that_failed_are_named() {
        assert_eq!(failed_tests(OUTPUT), ["two"]);
    }

    #[test]
    fn a_long_report_is_kept_from_its_beginning() {
        let output = format!("failures:\n{}", "a line\n".repeat(MOST_LINES));
        assert_eq!(of_output(&output).len(), MOST_LINES);
    }

    #[test]
    fn last_words_are_the_end_of_the_output() {
        let output = format!("first\n{}last", "a line\n".repeat(MOST_LINES));
        let words = last_words(&output);
        assert_eq!(words.len(), MOST_LINES);
        assert_eq!(words.last().map(String::as_str), Some("last"));
    }
}
